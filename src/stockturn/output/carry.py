"""What people wrote into last month's workbook: read back by the list and the stable ids of its rows.

A list that is worked through is an Excel table named ``list_<key>``. Where a program that saved the workbook has
dropped the names, a list is found by the title of its tab. Columns are found by their labels, in any language, so that
a report may change its language from one month to the next, and rows by their ids, in whatever order they stand.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from stockturn.errors import InputError
from stockturn.i18n import DEFAULT_LANGUAGE, LANGUAGES, text
from stockturn.schema import Unit

PREFIX = "list_"
IDS = ("id", "sku", "warehouse", "from_warehouse", "to_warehouse", "doc_no", "line_no")
HANDLING = ("handler", "action_taken", "result", "done_on")
"""Columns that people fill in: who took care, what was done, what came of it, when."""

HANDLING_UNITS: Mapping[str, Unit] = {
    name: Unit.DATE if name == "done_on" else Unit.TEXT for name in HANDLING
}

TITLES: Mapping[str, str] = {
    "to_do_all": "block_to_do_all",
    "order_changes_all": "block_changes_all",
    "transfers_all": "block_transfers_all",
    "overstock_all": "block_overstock_all",
    "alerts_all": "block_alerts_all",
    "dead_items": "block_dead_items",
}
"""The lists that people work through, by key: the text that is the title of each."""

ALERTS = "alerts_all"
OF_OWNER = "alerts_owner_"
"""The workbook of ``alerts`` has its list by owner as well; each part is read as a part of the list of alerts."""

_HEADER_WITHIN = 20
_DAY = re.compile(r"^\s*(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?\s*$")
_SCHEMA = {name: pl.Date if name == "done_on" else pl.String for name in (*IDS, *HANDLING)}


def handling_labels(lang: str) -> dict[str, str]:
    """Labels of the columns of ``HANDLING``."""
    return {name: text(f"report.{name}", lang) for name in HANDLING}


def read_handled(path: Path) -> dict[str, pl.DataFrame]:
    """Rows with anything filled in, by list key: the id columns the list has, and the four of ``HANDLING``.

    A date that is no date stands with the result, as it was written. Raises InputError where the file is no workbook
    that can be read, or holds none of the lists.
    """
    import openpyxl

    if not path.is_file():
        raise InputError("source_missing", file=path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what openpyxl would lose on saving does not matter to a reader
            book = openpyxl.load_workbook(path, data_only=True)
    except Exception as error:  # openpyxl raises whatever the broken part of the file makes it raise
        raise InputError("carry_unreadable", file=path, detail=error) from None
    parts: dict[str, list[pl.DataFrame]] = {}
    for sheet in book.worksheets:
        for key, cells in _lists(sheet):
            parts.setdefault(key, []).append(_filled(cells))
    if not parts:
        raise InputError("carry_no_lists", file=path)
    return {key: _together(found) for key, found in parts.items()}


def _together(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The parts of a list as one; what is filled in on several of them counts as written on the last."""
    if len(parts) == 1:
        return parts[0]
    whole = pl.concat(parts, how="diagonal")
    ids = [name for name in IDS if name in whole.columns]
    return whole.unique(ids, keep="last", maintain_order=True) if ids else whole


def with_handled(frame: pl.DataFrame, carried: pl.DataFrame | None) -> pl.DataFrame:
    """The list with the columns of ``HANDLING``: as carried where the row was in the last workbook, else empty.

    A row is known by its id, else by all id columns that both have; where people took one of these out and two rows
    can no longer be told apart, neither of them takes anything over.
    """
    blank = [pl.lit(None, _SCHEMA[name]).alias(name) for name in HANDLING]
    ids = _shared_ids(frame, carried)
    if carried is None or not ids:
        return frame.with_columns(blank)
    known = carried.select(_key(ids), *HANDLING).unique("_key", keep="last", maintain_order=True)
    keyed = frame.with_columns(_key(ids))
    keyed = keyed.with_columns(pl.when(pl.col("_key").is_unique()).then("_key").alias("_key"))
    return keyed.join(known, on="_key", how="left", maintain_order="left").drop("_key")


def still_listed(frame: pl.DataFrame, carried: pl.DataFrame) -> pl.Series:
    """Whether each carried row has its row in the list of this run."""
    ids = _shared_ids(frame, carried)
    if not ids:
        return pl.Series("listed", [False] * carried.height, dtype=pl.Boolean)
    keys = frame.select(_key(ids)).to_series()
    once = keys.filter(keys.is_unique())
    return carried.select(_key(ids).is_in(once.implode()).alias("listed")).to_series()


def _shared_ids(frame: pl.DataFrame, carried: pl.DataFrame | None) -> list[str]:
    """The id alone where both have one, else every id column that both have."""
    if carried is None:
        return []
    shared = [name for name in IDS if name in frame.columns and name in carried.columns]
    return ["id"] if "id" in shared else shared


def _key(ids: Sequence[str]) -> pl.Expr:
    """The ids of a row as one text; what the data do not name is called so in every language."""
    words = {
        text(f"words.{name}", lang): text(f"words.{name}", DEFAULT_LANGUAGE)
        for name in ("none", "in_transit")
        for lang in LANGUAGES
    }
    parts = [pl.col(name).cast(pl.String).fill_null("").replace(words) for name in ids]
    return pl.concat_str(parts, separator="\x1f").alias("_key")


def _lists(sheet: Any) -> Iterator[tuple[str, Any]]:
    """The lists of a tab, by the names of its tables, else by its title: key, and the cells from the header down."""
    named = [(_key_of(table.name), sheet[table.ref]) for table in sheet.tables.values()]
    ours = [(key, cells) for key, cells in named if key in TITLES]
    yield from ours
    if ours:
        return
    key, labels = _titles().get(str(sheet.cell(1, 1).value).strip()), _names()
    for number, row in enumerate(sheet.iter_rows(max_row=_HEADER_WITHIN), start=1):
        names = [labels.get(str(cell.value).strip()) for cell in row]
        if sum(name in HANDLING for name in names) >= 2:
            # No other list has ids: without its title a part of an owner is known by them.
            key = key or (ALERTS if "id" in names else None)
            if key is not None:
                yield key, list(sheet.iter_rows(min_row=number))
            return


def _key_of(table: str) -> str:
    """Key of a list by the name of its table.

    >>> _key_of("list_dead_items"), _key_of("list_alerts_owner_2")
    ('dead_items', 'alerts_all')
    """
    key = table.removeprefix(PREFIX)
    return ALERTS if key.startswith(OF_OWNER) else key


def _filled(cells: Any) -> pl.DataFrame:
    """The rows of one table in which a handling column holds something."""
    names = _names()
    header = [names.get(str(cell.value).strip()) if cell.value is not None else None for cell in cells[0]]
    places = {name: place for place, name in enumerate(header) if name is not None}
    schema = {name: kind for name, kind in _SCHEMA.items() if name in places or name in HANDLING}
    rows = []
    for row in cells[1:]:
        values = {name: row[place].value for name, place in places.items()}
        if any(values.get(name) not in (None, "") for name in HANDLING):
            rows.append(_row(values, schema))
    return pl.DataFrame(rows, schema=schema)


def _row(values: Mapping[str, object], schema: Mapping[str, Any]) -> dict[str, object]:
    said = {name: _text(values.get(name)) for name in schema if name != "done_on"}
    written = values.get("done_on")
    day = _day(written)
    if day is None and written not in (None, ""):
        said["result"] = " ".join(part for part in (said["result"], _text(written)) if part)
    return {**said, "done_on": day}


def _text(value: object) -> str | None:
    """A cell as text; a number as it is read, without the .0 that a spreadsheet puts behind it."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None or value == "" else str(value)


def _day(value: object) -> date | None:
    """A day, written as a date or as text.

    >>> _day("2025年7月1日"), _day("soon")
    (datetime.date(2025, 7, 1), None)
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    parts = _DAY.match(value) if isinstance(value, str) else None
    try:
        return date(*map(int, parts.groups())) if parts else None
    except ValueError:
        return None


def _names() -> Mapping[str, str]:
    """Label -> column, over every language."""
    named = {text(f"columns.{name}", lang): name for name in IDS for lang in LANGUAGES}
    return named | {label: name for lang in LANGUAGES for name, label in handling_labels(lang).items()}


def _titles() -> Mapping[str, str]:
    """Title of a list -> its key, over every language."""
    return {text(f"report.{title}", lang): key for key, title in TITLES.items() for lang in LANGUAGES}
