"""What people wrote into last month's workbook: read back by the list and the stable ids of its rows.

A list that is worked through is an Excel table named ``list_<key>``. Its columns are found by their labels, in any
language, so that a report may change its language from one month to the next.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from stockturn.errors import InputError
from stockturn.i18n import LANGUAGES, text

PREFIX = "list_"
IDS = ("id", "sku", "warehouse", "from_warehouse", "to_warehouse", "doc_no", "line_no")
HANDLING = ("handler", "action_taken", "result", "done_on")
"""Columns that people fill in: who took care, what was done, what came of it, when."""


def read_handled(path: Path) -> dict[str, pl.DataFrame]:
    """Rows with anything filled in, by list key: the id columns the list has, and the four of ``HANDLING``.

    Raises InputError where the file is no workbook that can be read.
    """
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what openpyxl would lose on saving does not matter to a reader
            book = openpyxl.load_workbook(path, data_only=True)
    except Exception as error:  # openpyxl raises whatever the broken part of the file makes it raise
        raise InputError("carry_unreadable", file=path, detail=error) from None
    found = {}
    for sheet in book:
        for table in sheet.tables.values():
            if table.name.startswith(PREFIX):
                found[table.name.removeprefix(PREFIX)] = _filled(sheet[table.ref])
    return found


def with_handled(frame: pl.DataFrame, carried: pl.DataFrame | None) -> pl.DataFrame:
    """The list with the columns of ``HANDLING``: as carried where the row was in the last workbook, else empty.

    A row is known by all id columns that both have.
    """
    blank = [pl.lit(None, pl.Date if name == "done_on" else pl.String).alias(name) for name in HANDLING]
    ids = [name for name in IDS if name in frame.columns and carried is not None and name in carried.columns]
    if carried is None or not ids:
        return frame.with_columns(blank)
    keys = [pl.col(name).cast(pl.String).alias(f"_{name}") for name in ids]
    known = carried.select(*keys, *HANDLING).unique(
        [f"_{name}" for name in ids], keep="last", maintain_order=True
    )
    return (
        frame.with_columns(keys)
        .join(known, on=[f"_{name}" for name in ids], how="left", nulls_equal=True, maintain_order="left")
        .drop(f"_{name}" for name in ids)
    )


def _filled(cells: Any) -> pl.DataFrame:
    """The rows of one table in which a handling column holds something."""
    names = _names()
    header = [names.get(str(cell.value).strip()) if cell.value is not None else None for cell in cells[0]]
    places = {name: place for place, name in enumerate(header) if name is not None}
    schema = {
        name: pl.Date if name == "done_on" else pl.String
        for name in (*IDS, *HANDLING)
        if name in places or name in HANDLING
    }
    rows = []
    for row in cells[1:]:
        values = {name: row[place].value for name, place in places.items()}
        if any(values.get(name) not in (None, "") for name in HANDLING):
            rows.append({name: _cell(name, values.get(name)) for name in schema})
    return pl.DataFrame(rows, schema=schema)


def _cell(name: str, value: object) -> object:
    if name == "done_on":
        return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None
    return None if value is None else str(value)


def _names() -> Mapping[str, str]:
    """Label -> column, over every language."""
    named = {text(f"columns.{name}", lang): name for name in IDS for lang in LANGUAGES}
    return named | {text(f"report.{name}", lang): name for name in HANDLING for lang in LANGUAGES}
