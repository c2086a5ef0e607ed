"""One file in memory to its grids. The first bytes decide what it is; the suffix only breaks ties."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from stockturn.config.ingest import IngestSettings
from stockturn.errors import InputError
from stockturn.sources.expand import Source
from stockturn.sources.grid import ROW, Grid, cell_names
from stockturn.sources.htmltable import looks_like_html, read_html
from stockturn.sources.textfile import read_text
from stockturn.sources.workbook import read_workbook

_PICTURES = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"%PDF": "PDF",
    b"RIFF": "RIFF",
}


def read_grids(source: Source, limits: IngestSettings, encoding: str | None = None) -> list[Grid]:
    """The sheets of a file. Raises InputError where it cannot be read: the reason says what to do."""
    data = source.data
    if not data:
        raise InputError("file_empty", file=source.name)
    for magic, kind in _PICTURES.items():
        if data.startswith(magic) and not (magic == b"BM" and _printable(data)):
            raise InputError("file_is_other", file=source.name, found=kind)
    with ThreadPoolExecutor(max_workers=1) as beside:
        # the hash of a large file is made while the file is read
        digest = beside.submit(lambda: source.hash)
        grids = _grids(source, limits, encoding)
    return [grid.stamped(digest.result(), grid.exported_at) for grid in grids]


def _grids(source: Source, limits: IngestSettings, encoding: str | None) -> list[Grid]:
    data, name = source.data, source.name
    if data[:4] in (b"PAR1",):
        return [_parquet(source)]
    if data[:2] == b"PK" or data[:4] == b"\xd0\xcf\x11\xe0" or _bare_biff(data):
        return read_workbook(data, name, limits)
    if looks_like_html(data):
        return read_html(data, name, encoding)
    if name.lower().endswith((".xlsx", ".xlsm", ".xlsb", ".ods", ".parquet")) and not _printable(data):
        raise InputError("workbook_broken", file=name)
    return [read_text(data, name, encoding)]


def _parquet(source: Source) -> Grid:
    try:
        frame = pl.read_parquet(io.BytesIO(source.data))
    except Exception:
        raise InputError("file_broken", file=source.name) from None
    names = cell_names(frame.width)
    cells = [_plain(frame[name], names[index]) for index, name in enumerate(frame.columns)]
    body = pl.DataFrame(cells).with_row_index(ROW, offset=1).with_columns(pl.col(ROW).cast(pl.Int64))
    return Grid(source.name, None, body, captions=tuple(frame.columns))


def _plain(series: pl.Series, name: str) -> pl.Series:
    if series.dtype.is_numeric():
        return series.cast(pl.Float64).alias(name)
    if series.dtype in (pl.Date, pl.String) or isinstance(series.dtype, pl.Datetime):
        return series.alias(name)
    return series.cast(pl.String, strict=False).alias(name)


def _printable(data: bytes) -> bool:
    head = data[:512]
    return b"\x00" not in head and sum(byte < 32 and byte not in b"\t\r\n" for byte in head) < 4


def _bare_biff(data: bytes) -> bool:
    """Old BIFF2-5 streams without a container start with a BOF record."""
    return data[:2] in (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08") and b"\x00" in data[:16]
