"""A result as data: JSON, CSV, Parquet or a bare workbook, with exactly the columns of its frame."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import polars as pl

from stockturn.errors import UsageError
from stockturn.model import Result
from stockturn.output.files import replacing
from stockturn.output.formats import check_finite
from stockturn.schema import Unit

FORMATS = ("json", "csv", "parquet", "xlsx")
_NEEDS_FILE = ("parquet", "xlsx")
_BOM = b"\xef\xbb\xbf"


def write_table(
    result: Result,
    fmt: str,
    out: Path | TextIO | None = None,
    *,
    table: str | None = None,
    lang: str = "en",
    currency: str = "",
) -> None:
    """Write a result as ``fmt`` to a file, a stream, or standard output.

    JSON holds an array of rows, or where the result has several tables an object of arrays, the main one first;
    CSV and Parquet hold one table, the main one unless ``table`` names another; xlsx holds every table on a sheet of
    its own. A CSV file starts with a byte order mark, so that Excel reads Chinese; a pipe does not.
    """
    tables = _chosen(result, table)
    for name, frame in tables.items():
        check_finite(frame, name)
    if fmt in _NEEDS_FILE:
        if not isinstance(out, Path):
            raise UsageError("format_needs_out", format=fmt)
        _write_file(tables, fmt, out, lang, currency, result.units)
        return
    data = _json(result.name, tables) if fmt == "json" else _csv(next(iter(tables.values())))
    if isinstance(out, Path):
        with replacing(out) as temporary:
            temporary.write_bytes((_BOM if fmt == "csv" else b"") + data)
    else:
        _to_stream(data, out or sys.stdout)


def _chosen(result: Result, table: str | None) -> dict[str, pl.DataFrame]:
    if table is None:
        others = {name: frame for name, frame in result.tables.items() if name != result.name}
        return {result.name: result.frame, **others}
    if table not in result.tables:
        raise UsageError("table_unknown", table=table, known=", ".join(result.tables))
    return {table: result.tables[table]}


def _json(name: str, tables: dict[str, pl.DataFrame]) -> bytes:
    arrays = {key: frame.write_json() for key, frame in tables.items()}
    if len(arrays) == 1:
        return (next(iter(arrays.values())) + "\n").encode()
    body = ",\n".join(f'"{key}": {array}' for key, array in arrays.items())
    return f"{{{body}}}\n".encode()


def _csv(frame: pl.DataFrame) -> bytes:
    return frame.select(_guarded(frame)).write_csv().encode()


def _guarded(frame: pl.DataFrame) -> list[pl.Expr]:
    """Text that a spreadsheet would take for a formula gets an apostrophe; numbers never do."""
    guarded = []
    for name, dtype in frame.schema.items():
        cell = pl.col(name)
        if isinstance(dtype, pl.List):
            cell = cell.cast(pl.List(pl.String)).list.join(" ")
        if dtype == pl.String or isinstance(dtype, pl.List | pl.Categorical | pl.Enum):
            text = cell.cast(pl.String)
            risky = text.str.contains(r"^[=+\-@\t\r]")
            cell = pl.when(risky).then(pl.concat_str(pl.lit("'"), text)).otherwise(text)
        guarded.append(cell.alias(name))
    return guarded


def _write_file(
    tables: dict[str, pl.DataFrame],
    fmt: str,
    out: Path,
    lang: str,
    currency: str,
    units: Mapping[str, Unit],
) -> None:
    with replacing(out) as temporary:
        if fmt == "parquet":
            next(iter(tables.values())).write_parquet(temporary)
        else:
            from stockturn.output.xlsx import write_tables

            write_tables(tables, temporary, lang, currency, units)


def _to_stream(data: bytes, stream: TextIO) -> None:
    """Bytes where the stream takes them: machine output is UTF-8 on every system."""
    raw = getattr(stream, "buffer", None)
    if raw is None:
        stream.write(data.decode())
    else:
        stream.flush()
        raw.write(data)
        raw.flush()
