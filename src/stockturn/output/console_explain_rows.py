"""The ledger rows behind a sku on the terminal: table by table, the latest first, each with its file, sheet and row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import polars as pl

from stockturn.config import Settings
from stockturn.i18n import text
from stockturn.output.console_tables import styled
from stockturn.output.formats import is_number, shown, text_line, unit_of
from stockturn.output.phrases import Phrases, spoken
from stockturn.schema import Unit

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_COLUMNS = (
    "date", "warehouse", "kind", "qty", "qty_open", "cost", "revenue", "unit_cost", "unit_price", "doc_no", "partner",
    "note",
)  # fmt: skip
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "movements": ("date", "warehouse", "kind", "qty", "cost", "revenue", "doc_no"),
    "orders": ("date", "warehouse", "qty", "qty_open", "unit_cost", "doc_no", "kind"),
}
"""Columns of the tables that have many; the data has all."""

FEW = 5
"""So many rows of each table stand below the figures; a table asked for by itself has the rows of a short list."""

NARROW = 100
"""Below so many columns a table of many columns would break its figures: each row becomes lines of its own."""


def show_ledger_rows(rows: pl.DataFrame, settings: Settings, console: Console, limit: int) -> None:
    """Each table with its first ``limit`` rows."""
    say = Phrases(settings.lang)
    for name in rows["table"].unique(maintain_order=True):
        part = rows.filter(pl.col("table") == name)
        console.print()
        title = text(
            "explain.rows_behind",
            settings.lang,
            table=say.code("table", name),
            n=shown(part.height, Unit.COUNT),
        )
        console.print(styled(title, "bold cyan"))
        _table(name, part.head(limit), settings, console)
        if part.height > limit:
            left = shown(part.height - limit, Unit.COUNT)
            console.print(styled(text("explain.more_rows", settings.lang, n=left), "dim"))


def _table(name: str, part: pl.DataFrame, settings: Settings, console: Console) -> None:
    from rich import box
    from rich.table import Table

    say = Phrases(settings.lang)
    wanted = (*(["sku"] if part["sku"].n_unique() > 1 else []), *_NEEDED.get(name, _COLUMNS))
    columns = [column for column in wanted if part[column].null_count() < part.height]
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in columns:
        number = is_number(unit_of(column))
        table.add_column(
            say.label(column), justify="right" if number else "left", no_wrap=number, overflow="fold"
        )
    table.add_column(text("explain.source", settings.lang), overflow="fold")
    for row in spoken(part, say).rows(named=True):
        cells = [text_line(shown(row[column], unit_of(column), settings.lang)) for column in columns]
        source = _where(row, settings.lang)
        if console.width < NARROW:
            said = [
                f"{say.label(column)} {cell}" if cell and is_number(unit_of(column)) else cell
                for column, cell in zip(columns, cells, strict=True)
            ]
            print_lines(said, [styled(source, "dim")], console)
        else:
            table.add_row(*(styled(cell, "") for cell in (*cells, source)))
    if table.row_count:
        console.print(table)


def print_lines(cells: Iterable[str], below: Iterable[Text], console: Console) -> None:
    """What a row says, one after the other, and below it what takes lines of its own."""
    from rich.padding import Padding

    console.print(styled(" · ".join(cell for cell in cells if cell), ""))
    for line in below:
        if line.plain:
            console.print(Padding(line, (0, 0, 0, 2)))


def _where(row: Mapping[str, Any], lang: str) -> str:
    """File (the end of its path), sheet and row; empty for what was made in memory."""
    file, sheet, number = row["source_file"], row["source_sheet"], row["source_row"]
    if file is None:
        return ""
    name = PurePath(str(file).replace("\\", "/")).name
    if number is None:
        return text_line(name)
    if sheet is None:
        return text_line(text("explain.at", lang, file=name, row=number))
    return text_line(text("explain.at_sheet", lang, file=name, sheet=sheet, row=number))
