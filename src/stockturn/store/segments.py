"""What was read from one source file, as Parquet files of its own: written once, never changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from stockturn.model import Ledger, Note
from stockturn.schema import TABLES
from stockturn.store.disk import TEMPORARY, settle_folder, write_parquet
from stockturn.store.manifest import FileEntry, Piece

FOLDER = "segments"
SHEETS, REFUSED = "sheets", "refused"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Reading:
    """What one source file gave: its tables, its sheets, refused rows and notes. Neither the sheets nor the refused rows
    carry the name of the file, and that of the tables does not count."""

    name: str
    hash: str | None
    exported_at: str | None
    tables: Mapping[str, pl.DataFrame]
    sheets: pl.DataFrame
    refused: pl.DataFrame
    notes: tuple[Note, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing was accepted and nothing refused: such a file leaves no trace in a ledger."""
        return not any(frame.height for frame in self.tables.values()) and self.refused.is_empty()


def readings(ledger: Ledger) -> Iterator[Reading]:
    """The ledger cut by source file, in the order of names."""
    tables = {name: _by_file(frame.collect(), "source_file") for name, frame in ledger.tables.items()}
    sheets, refused = (_nameless(_by_file(one, "file")) for one in (ledger.sheets, ledger.refused))
    names = {*sheets, *refused, *(name for parts in tables.values() for name in parts)}
    for name in sorted(names):
        own = sheets.get(name, ledger.sheets.clear())
        yield Reading(
            name=name,
            hash=_first(own, "file_hash"),
            exported_at=_first(own, "exported_at"),
            tables={table: parts[name] for table, parts in tables.items() if name in parts},
            sheets=own,
            refused=refused.get(name, ledger.refused.clear()),
            notes=tuple(note for note in ledger.notes if str(note.params.get("file")) == name),
        )


_PASSING = ("raw_order", "reason", "expected")
"""Columns of the lists that depend on the run (its order, its language), not on the file."""


def same_reading(folder: Path, entry: FileEntry, reading: Reading) -> bool:
    """Whether the segment holds exactly what was read now."""
    lists = ((entry.sheets, reading.sheets), (entry.refused, reading.refused))
    if entry.tables.keys() != reading.tables.keys() or any(piece.rows != now.height for piece, now in lists):
        return False
    pairs = [(entry.tables[name], _told(now)) for name, now in reading.tables.items()]
    pairs += [(piece, now) for piece, now in lists if piece.bytes]
    return all(
        pl.read_parquet(folder / piece.path)
        .drop(_PASSING, strict=False)
        .equals(now.drop(_PASSING, strict=False))
        for piece, now in pairs
    )


IN_MEMORY = "(memory)"
"""Name of what came from no file: frames handed over by the Python API."""


def _by_file(frame: pl.DataFrame, column: str) -> dict[str, pl.DataFrame]:
    if column not in frame.columns:
        return {}
    names = frame[column]
    if frame.height and names.null_count() == 0 and names.min() == names.max():
        return {str(names[0]): frame}  # one file needs no cutting: a copy of every column saved
    parts = frame.partition_by(column, as_dict=True, maintain_order=True)
    return {IN_MEMORY if key is None else str(key): part for (key,), part in parts.items()}


def _nameless(lists: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The same lists for a file of any name."""
    nobody = pl.lit(None, pl.String).alias("file")
    return {name: frame.with_columns(nobody) for name, frame in lists.items()}


def _first(sheets: pl.DataFrame, column: str) -> str | None:
    values = sheets[column].drop_nulls() if column in sheets.columns else pl.Series([])
    return str(values.max()) if len(values) else None


def write_segment(folder: Path, reading: Reading, now: str) -> FileEntry:
    """Write what was read; gives the entry for the manifest. The folder's name is the digest of its contents."""
    home = folder / FOLDER
    home.mkdir(exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{os.getpid()}-", dir=home))
    told = {name: _told(frame) for name, frame in reading.tables.items()}
    frames = {**told, SHEETS: reading.sheets, REFUSED: reading.refused}
    try:
        for name, frame in frames.items():
            if frame.width:
                write_parquet(frame, temporary / f"{name}.parquet")
        digest = _digest(temporary)
        pieces = {name: _piece(temporary, name, digest, frame.height) for name, frame in frames.items()}
        settle_folder(temporary, home / digest)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return FileEntry(
        name=reading.name,
        hash=reading.hash or digest,
        size=_size(reading.name),
        exported_at=reading.exported_at,
        ingested_at=now,
        digest=digest,
        tables={name: pieces[name] for name in reading.tables},
        sheets=pieces[SHEETS],
        refused=pieces[REFUSED],
        notes=tuple(note_tree(note) for note in reading.notes),
    )


def _told(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns that say something about the contents; the others are made again when the segment is read."""
    return frame.select(
        column
        for column in frame
        if column.name != "source_file" and (column.null_count() < len(column) or not len(column))
    )


def _piece(temporary: Path, name: str, digest: str, rows: int) -> Piece:
    path = temporary / f"{name}.parquet"
    return Piece(f"{FOLDER}/{digest}/{path.name}", rows, path.stat().st_size if path.exists() else 0)


def _digest(folder: Path) -> str:
    """Name and bytes of every file of the segment, in one number."""
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        total.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                total.update(block)
    return total.hexdigest()[:24]


def _size(name: str) -> int | None:
    try:
        return Path(name).stat().st_size
    except OSError:
        return None


def note_tree(note: Note) -> dict[str, Any]:
    """A note as JSON can hold it."""
    tree = {"key": note.key, "params": dict(note.params), "level": note.level}
    return dict(json.loads(json.dumps(tree, default=str)))


def note_of(tree: Mapping[str, Any]) -> Note:
    """A note from the manifest."""
    return Note(tree["key"], tree["params"], tree["level"])


def assembled(folder: Path, files: tuple[FileEntry, ...], shown: Mapping[str, str]) -> Ledger:
    """All segments together, as if their files had just been read: nothing is compared yet."""
    tables = {
        name: pl.concat(parts)
        for name in TABLES
        if (parts := [_scan(folder, entry, name, shown) for entry in files if name in entry.tables])
    }
    sheets = [_list(folder, entry, entry.sheets, shown) for entry in files]
    refused = [_list(folder, entry, entry.refused, shown) for entry in files]
    return replace(
        Ledger.of(**tables),
        sheets=_in_order(joined(sheets)),
        refused=joined(refused),
        notes=tuple(note_of(tree) for entry in files for tree in entry.notes),
    )


def _in_order(sheets: pl.DataFrame) -> pl.DataFrame:
    """``raw_order``, where the sheets have one, in the order of this ledger."""
    if "raw_order" not in sheets.columns:
        return sheets
    return sheets.with_columns(raw_order=pl.int_range(pl.len(), dtype=pl.Int64))


def _scan(folder: Path, entry: FileEntry, table: str, shown: Mapping[str, str]) -> pl.LazyFrame:
    name = shown[entry.digest]
    source = pl.lit(None if entry.name == IN_MEMORY else name, pl.String)
    scan = pl.scan_parquet(folder / entry.tables[table].path).with_columns(source_file=source)
    have = scan.collect_schema().names()
    return scan.select(
        (pl.col(field.name) if field.name in have else pl.lit(None)).cast(field.dtype).alias(field.name)
        for field in TABLES[table].fields
    )


def _list(folder: Path, entry: FileEntry, piece: Piece, shown: Mapping[str, str]) -> pl.DataFrame:
    if not piece.bytes:
        return pl.DataFrame()
    frame = pl.read_parquet(folder / piece.path)
    return frame.with_columns(file=pl.lit(shown[entry.digest]))


def joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Lists of several files one under the other; columns that an older run did not know are null."""
    filled = [frame for frame in frames if frame.width]
    return pl.concat(filled, how="diagonal_relaxed") if filled else pl.DataFrame()
