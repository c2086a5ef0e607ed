"""``write_demo``: the example company's folder of exports and its stockturn.toml."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from stockturn.config.load import CONFIG_NAME
from stockturn.demo.books import DEFAULT_SEED, books
from stockturn.demo.company import company
from stockturn.demo.files import content
from stockturn.demo.tables import ITEMS_FILE, Export, exports
from stockturn.demo.warts import Wart, with_warts
from stockturn.errors import UsageError
from stockturn.i18n import text

REFUSED = ("bad_date", "missing_quantity")
"""Warts whose rows must be refused."""


@dataclass(frozen=True)
class DemoFile:
    """One written file. ``rows`` are its data rows (no titles, header, totals), ``refused`` those that no one
    can believe, ``duplicates`` those that stand in another file too."""

    name: str
    table: str
    rows: int
    refused: int
    duplicates: int
    bytes: int


@dataclass(frozen=True)
class DemoSummary:
    """What was written. ``negative`` is (sku, warehouse, days below zero), ``difference`` (sku, warehouse,
    units more than the book): the two things that the books themselves hold against the company."""

    folder: Path
    company: str
    start: date
    end: date
    skus: int
    warehouses: tuple[str, ...]
    files: tuple[DemoFile, ...]
    warts: tuple[Wart, ...]
    negative: tuple[str, str, int] | None
    difference: tuple[str, str, int]

    def count(self, kind: str) -> int:
        """How many of that wart there are over all files."""
        return sum(wart.count for wart in self.warts if wart.kind == kind)


def write_demo(folder: Path, seed: int = DEFAULT_SEED, lang: str = "en") -> DemoSummary:
    """Writes the exports and stockturn.toml (comments in ``lang``) and says what is in them.

    The same seed gives the same bytes. A folder that already holds an example company is written over; any
    other folder with something in it is refused, since its files would be read as part of the company.
    """
    booked = books(seed)
    dirty, warts = with_warts(exports(booked), booked.history)
    try:
        _prepare(folder)
        files = tuple(_write(folder, export, warts) for export in dirty)
        (folder / CONFIG_NAME).write_bytes(config_text(lang).encode())
    except OSError as error:
        raise UsageError("demo_not_written", folder=folder, detail=error.strerror or error) from None
    firm = company()
    negative, (cell, units) = booked.negative, booked.difference
    return DemoSummary(
        folder=folder,
        company=firm.names[lang],
        start=booked.history.start,
        end=booked.history.end,
        skus=len(firm.items),
        warehouses=firm.warehouses,
        files=files,
        warts=tuple(warts),
        negative=None if negative is None else (*_named(negative[0]), len(negative[1])),
        difference=(*_named(cell), units),
    )


def config_text(lang: str) -> str:
    """The company's stockturn.toml: its name, its currency and its targets, with comments in that language."""
    firm = company()
    lines = [
        text("demo.config_head", lang),
        "",
        "[report]",
        f'company = "{firm.names[lang]}"  # {text("demo.config_company", lang)}',
        "",
        "[ingest]",
        f'currency = "CNY"  # {text("demo.config_currency", lang)}',
        f'ignore = ["report*.xlsx"]  # {text("demo.config_ignore", lang)}',
        "",
        "[turnover.targets]",
        f"company = {firm.target}  # {text('demo.config_target', lang)}",
        "",
        f"[turnover.targets.category]  # {text('demo.config_category', lang)}",
        *(f'"{group.name}" = {group.target}' for group in firm.categories),
    ]
    return "\n".join(lines) + "\n"


def _write(folder: Path, export: Export, warts: list[Wart]) -> DemoFile:
    data = content(export)
    (folder / export.file).write_bytes(data)
    own = [wart for wart in warts if wart.file == export.file]
    refused = sum(wart.count for wart in own if wart.kind in REFUSED)
    twice = sum(wart.count for wart in own if wart.kind == "duplicate")
    return DemoFile(export.file, export.table, len(export.rows), refused, twice, len(data))


def _prepare(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / ITEMS_FILE).is_file():
        raise UsageError("demo_folder_in_use", folder=folder)


def _named(cell: tuple[int, int]) -> tuple[str, str]:
    firm = company()
    return firm.items[cell[0]].sku, firm.warehouses[cell[1]]
