"""Workbooks of every kind through calamine: one grid per sheet, row numbers and merged ranges kept."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl

from stockturn.config.ingest import IngestSettings
from stockturn.errors import InputError
from stockturn.sources.grid import ROW, Grid, cell_names
from stockturn.sources.prescan import Scan, scan

_MODIFIED = re.compile(rb"<dcterms:modified[^>]*>([0-9T:.-]+)")


def read_workbook(data: bytes, name: str, limits: IngestSettings) -> list[Grid]:
    """The sheets that hold anything. Raises InputError with what to do for a file that cannot be read."""
    import python_calamine as calamine

    zipped = data[:2] == b"PK"
    facts = scan(io.BytesIO(data), name, limits) if zipped else Scan()
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except calamine.PasswordError:
        raise InputError("workbook_password", file=name) from None
    except Exception as error:  # the reader has a kind of error per format; all say: not a workbook
        raise _unreadable(data, name, error) from None
    stamp = _modified(data) if zipped else None
    grids = []
    for position, sheet_name in enumerate(book.sheet_names):
        try:
            sheet = book.get_sheet_by_index(position)
            rows = sheet.to_python(skip_empty_area=False)
            merges = tuple(
                (top, left, bottom, right)
                for (top, left), (bottom, right) in (getattr(sheet, "merged_cell_ranges", None) or ())
            )
        except Exception as error:
            raise _unreadable(data, name, error) from None
        part = facts.parts.get(f"xl/worksheets/sheet{position + 1}.xml", {})
        frame = frame_of(rows, merges)
        grids.append(Grid(name, sheet_name, frame, merges, stamp, facts=dict(part)))
    return grids


def _unreadable(data: bytes, name: str, error: Exception) -> InputError:
    if "password" in str(error).lower() or "encrypted" in str(error).lower():
        return InputError("workbook_password", file=name)
    # an encrypted xlsx is an OLE file with this stream
    if data[:4] == b"\xd0\xcf\x11\xe0" and "EncryptedPackage".encode("utf-16-le") in data:
        return InputError("workbook_password", file=name)
    return InputError("workbook_broken", file=name)


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
    """One column with its own type where all its cells agree, else text. Empty cells are null."""
    kinds = set(map(type, cells)) - {type(None)}
    if kinds <= {str}:
        series = pl.Series(name, cells, dtype=pl.String)
        return series.set(series == "", None) if (series == "").any() else series
    if "" in cells:
        kinds = set(map(type, (cell for cell in cells if cell != "")))
    if kinds <= {float, int}:
        return pl.Series(name, [cell if cell != "" else None for cell in cells], dtype=pl.Float64)
    if kinds == {date}:
        return pl.Series(name, [cell if cell != "" else None for cell in cells], dtype=pl.Date)
    if kinds <= {datetime, date}:
        return pl.Series(name, [_moment(cell) for cell in cells], dtype=pl.Datetime("us"))
    return pl.Series(name, [_text(cell) for cell in cells], dtype=pl.String)


def _moment(cell: Any) -> datetime | None:
    if cell == "" or cell is None:
        return None
    return cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)


def _text(cell: Any) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, timedelta | time):
        return str(cell)
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
