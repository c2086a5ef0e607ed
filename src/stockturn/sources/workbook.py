"""Workbooks of every kind through calamine: one grid per sheet, row numbers and merged ranges kept."""

from __future__ import annotations

import gc
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import count
from typing import Any

import polars as pl

from stockturn.config.ingest import IngestSettings
from stockturn.errors import InputError
from stockturn.sources.apart import Cells, sheets_apart
from stockturn.sources.grid import ROW, Grid, as_text, cell_names
from stockturn.sources.prescan import Scan, scan

_MODIFIED = re.compile(rb"<dcterms:modified[^>]*>([0-9T:.-]+)")


def read_workbook(data: bytes, name: str, limits: IngestSettings) -> list[Grid]:
    """The sheets that hold anything. Raises InputError with what to do for a file that cannot be read."""
    zipped = data[:2] == b"PK"
    facts = scan(io.BytesIO(data), name, limits) if zipped else Scan()
    stamp = _modified(data) if zipped else None
    grids = []
    # the guard knows the XML of xlsx well enough; the other formats are left to a process that may die
    sure = facts.parts and not facts.odd
    sheets = _sheets(data, name) if sure else iter(sheets_apart(data, name, limits))
    for position in count():
        with _nothing_collected():
            if (found := next(sheets, None)) is None:
                break
            sheet_name, rows, merges = found
            frame = frame_of(rows, merges)
            del rows, found
        part = facts.parts.get(f"xl/worksheets/sheet{position + 1}.xml", {})
        grids.append(Grid(name, sheet_name, frame, merges, stamp, facts=dict(part)))
    return grids


def _sheets(data: bytes, name: str) -> Iterator[Cells]:
    """The sheets of an xlsx file, read here."""
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        for position, sheet_name in enumerate(book.sheet_names):
            sheet = book.get_sheet_by_index(position)
            merges = getattr(sheet, "merged_cell_ranges", None) or ()
            flat = tuple((*first, *last) for first, last in merges)
            yield sheet_name, sheet.to_python(skip_empty_area=False), flat
    except Exception:  # the reader has many kinds of error; all say: not a workbook
        raise InputError("workbook_broken", file=name) from None


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """The garbage collector would walk over millions of cells again and again, and all of them are in use."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def frame_of(rows: Sequence[Sequence[Any]], merges: Sequence[tuple[int, int, int, int]]) -> pl.DataFrame:
    """Rows of cells as columns; a cell merged downwards stands on every row of its range."""
    grid = [list(row) for row in rows] if merges else rows
    height = len(grid)
    for top, left, bottom, _ in merges:
        if bottom > top and top < height and left < len(grid[top]):
            value = grid[top][left]
            for below in range(top + 1, min(bottom + 1, height)):
                grid[below][left] = value  # type: ignore[index]
    columns = list(zip(*grid, strict=True)) if height else []
    frame = {name: _column(name, columns[index]) for index, name in enumerate(cell_names(len(columns)))}
    return pl.DataFrame({ROW: pl.Series(ROW, range(1, height + 1), dtype=pl.Int64), **frame})


def _column(name: str, cells: Sequence[Any]) -> pl.Series:
    """One column with its own type where all its cells agree, else text. Empty cells are null.

    A column of figures under a caption is text in the grid; each kind of cell is turned into text as a whole
    column, because a call per cell would cost more than the reading.
    """
    kinds = set(map(type, cells)) - {type(None)}
    if kinds == {str}:
        return _filled(pl.Series(name, cells, dtype=pl.String))
    texts = _texts(name, cells) if str in kinds else None
    others = _by_kind(name, cells, kinds - {str})
    if texts is not None and texts.null_count() < len(texts):
        return _joined(name, [texts, *others])
    if len(others) == 1:
        return others[0].alias(name)
    return _joined(name, others) if others else pl.Series(name, [None] * len(cells), dtype=pl.String)


_KINDS: dict[type, pl.DataType] = {
    float: pl.Float64(),
    int: pl.Float64(),
    date: pl.Date(),
    datetime: pl.Datetime("us"),
}


def _filled(texts: pl.Series) -> pl.Series:
    """Empty cells as null."""
    empty = texts == ""
    return texts.set(empty, None) if empty.any() else texts


def _texts(name: str, cells: Sequence[Any]) -> pl.Series:
    """The texts of a column that has other cells as well, which are many more: a caption, a word, empty cells."""
    at = [index for index, cell in enumerate(cells) if type(cell) is str and cell != ""]
    nothing = pl.repeat(None, len(cells), dtype=pl.String, eager=True).alias(name)
    return nothing.scatter(at, [cells[index] for index in at]) if at else nothing


def _by_kind(name: str, cells: Sequence[Any], kinds: set[type]) -> list[pl.Series]:
    """One column per kind of cell, null where the cell is of another kind."""
    found = [
        pl.Series(f"{name}_{kind.__name__}", [c if type(c) is kind else None for c in cells], dtype=dtype)
        for kind, dtype in _KINDS.items()
        if kind in kinds
    ]
    if kinds - _KINDS.keys():
        rest = [None if type(cell) in _KINDS or type(cell) is str else _other(cell) for cell in cells]
        found.append(pl.Series(f"{name}_other", rest, dtype=pl.String))
    return found


def _joined(name: str, pieces: list[pl.Series]) -> pl.Series:
    shown = [as_text(piece.name, piece.dtype) for piece in pieces]
    return pl.DataFrame(pieces).select(pl.coalesce(shown).alias(name))[name]


def _other(cell: Any) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return str(cell)


def _modified(data: bytes) -> datetime | None:
    """When the workbook says it was last changed (its own property, not the file's time)."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("docProps/core.xml") as part:
            match = _MODIFIED.search(part.read(1 << 16))
    except (KeyError, zipfile.BadZipFile, OSError):
        return None
    if match is None:
        return None
    try:
        return datetime.fromisoformat(match.group(1).decode()[:19])
    except ValueError:
        return None
