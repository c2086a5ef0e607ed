"""The verbs of a ledger folder: merge, forget, load, listing."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from stockturn.config.load import CONFIG_NAME
from stockturn.errors import InputError
from stockturn.model import Ledger
from stockturn.schema import TABLES, conform
from stockturn.store import lock, manifest, segments
from stockturn.store.disk import TEMPORARY, disk_trouble, remove, settle_folder, sync_folder, write_parquet
from stockturn.store.listing import files_listed
from stockturn.store.manifest import FileEntry, Manifest, Piece, read_manifest, with_files, write_manifest

GENERATIONS = "generations"
LISTS = ("sheets", "refused", "replaced")

Combine = Callable[[Ledger], Ledger]
"""Counts every line once: from what all files say, as read, to what holds."""


@dataclass(frozen=True)
class Outcome:
    """What a writing run did: the ledger after it, and the names of files by what happened to them.

    ``known`` files were there already and changed nothing; ``reread`` ones were there, but were read differently
    this time (another config), and the new reading counts; ``nothing_in`` gave neither a row nor a refusal.
    """

    ledger: Ledger
    added: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    reread: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()
    nothing_in: tuple[str, ...] = ()


def is_ledger(path: Path) -> bool:
    """Whether the path is a ledger folder."""
    return (path / manifest.NAME).is_file()


def load(path: Path) -> Ledger:
    """The ledger of a folder, lazily: nothing is read but the manifest and the short lists.

    Raises InputError ``ledger_missing``, ``ledger_damaged`` or ``ledger_newer``.
    """
    found = read_manifest(path)
    _check(path, found)
    with _reading(path):
        return _ledger(path, found)


def choices(path: Path) -> str:
    """The settings by which the lines of a folder are counted, as they were given to :func:`merge`."""
    return read_manifest(path).choices


def listing(path: Path) -> pl.DataFrame:
    """One row per source file of the folder: see :func:`stockturn.store.listing.files_listed`."""
    found = read_manifest(path)
    _check(path, found)
    with _reading(path):
        kept = _ledger(path, found)
    return files_listed(found, kept.sheets, kept.replaced)


def merge(
    ledger: Ledger,
    path: Path,
    combine: Combine,
    *,
    now: datetime,
    choices: str = "",
    wait_seconds: float = 0.0,
) -> Outcome:
    """Take what was read into the folder (made where there is none), and count every line once.

    ``ledger`` is as read, before anything was compared; ``combine`` is :func:`stockturn.sources.combine`
    with its settings, and ``choices`` names those settings: when they are others than last time, the folder is
    counted anew. A file that is there already (by hash) changes nothing. Raises InputError where another run is
    writing (after ``wait_seconds``), the disk is full or not writable, or the folder holds something else.
    """
    with _writing(path, now, wait_seconds, create=True) as before:
        stamp = now.isoformat(timespec="seconds")
        kept = {entry.hash: entry for entry in before.files}
        names: dict[str, list[str]] = {"added": [], "known": [], "reread": [], "nothing_in": []}
        taken: set[str] = set()
        for reading in segments.readings(ledger):
            if reading.empty:
                names["nothing_in"].append(reading.name)
                continue
            old = _entry_of(path, reading, kept)
            if old is not None and (old.hash in taken or segments.same_reading(path, old, reading)):
                names["known"].append(reading.name)
                continue
            entry = segments.write_segment(path, reading, stamp)
            names["added" if old is None else "reread"].append(reading.name)
            kept[entry.hash] = replace(entry, name=old.name) if old else entry
            taken.add(entry.hash)
        changed = taken or before.choices != choices or not is_ledger(path)
        after = with_files(Manifest(before.number + 1, stamp, choices), kept.values())
        after = _commit(path, before, after, combine) if changed else before
        return Outcome(_ledger(path, after), **{key: tuple(value) for key, value in names.items()})


def _entry_of(path: Path, reading: segments.Reading, kept: dict[str, FileEntry]) -> FileEntry | None:
    """The entry of the same file; for what came from no file, the entry that holds the same."""
    if reading.hash is not None:
        return kept.get(reading.hash)
    of_no_file = (entry for entry in kept.values() if entry.hash == entry.digest)
    return next((entry for entry in of_no_file if segments.same_reading(path, entry, reading)), None)


def forget(path: Path, file: str, combine: Combine, *, now: datetime, wait_seconds: float = 0.0) -> Outcome:
    """The folder as if the file had never been taken in.

    ``file`` is the name as listed, its last part, or its hash (at least 8 digits). Raises InputError where it is
    not there, or where several files have that name.
    """
    read_manifest(path)
    with _writing(path, now, wait_seconds, create=False) as before:
        gone = _named(path, before, file)
        left = [entry for entry in before.files if entry is not gone]
        stamp = now.isoformat(timespec="seconds")
        after = with_files(Manifest(before.number + 1, stamp, before.choices), left)
        after = _commit(path, before, after, combine)
        return Outcome(_ledger(path, after), forgotten=(before.shown_names()[gone.digest],))


def _named(path: Path, found: Manifest, file: str) -> FileEntry:
    shown = found.shown_names()
    tests: tuple[Callable[[FileEntry], bool], ...] = (
        lambda entry: shown[entry.digest] == file,
        lambda entry: entry.name == file,
        lambda entry: entry.name.replace("\\", "/").rsplit("/", 1)[-1] == file,
        lambda entry: len(file) >= 8 and entry.hash.startswith(file),
    )
    for test in tests:
        hits = [entry for entry in found.files if test(entry)]
        if len(hits) == 1:
            return hits[0]
        if hits:
            names = ", ".join(shown[entry.digest] for entry in hits)
            raise InputError("ledger_file_ambiguous", folder=path, file=file, names=names)
    known = ", ".join(sorted(shown.values())[:10]) or "-"
    raise InputError("ledger_file_unknown", folder=path, file=file, known=known)


@contextmanager
def _writing(path: Path, now: datetime, wait_seconds: float, create: bool) -> Iterator[Manifest]:
    """The folder for this run alone, free of what an interrupted run left; and its manifest."""
    with disk_trouble(path):
        if create and not is_ledger(path):
            _claim(path)
        with lock.locked(path, now, wait_seconds):
            before = read_manifest(path) if is_ledger(path) else Manifest()
            _check(path, before)
            _clean(path, before)
            try:
                with _reading(path):
                    yield before
            finally:
                _clean(path, read_manifest(path) if is_ledger(path) else before)


def _claim(path: Path) -> None:
    """Make the folder; one that holds other things is not taken for a ledger."""
    path.mkdir(parents=True, exist_ok=True)
    ours = {segments.FOLDER, GENERATIONS, CONFIG_NAME}
    others = [
        inner.name for inner in path.iterdir() if inner.name not in ours and not inner.name.startswith(".")
    ]
    if others:
        raise InputError("ledger_folder_taken", folder=path, found=", ".join(sorted(others)[:5]))


def _commit(path: Path, before: Manifest, after: Manifest, combine: Combine) -> Manifest:
    """Write what follows from the files of ``after`` as a new generation, then let the manifest name it."""
    raw = segments.assembled(path, after.files, after.shown_names())
    combined = combine(replace(raw, notes=()))
    changed = {
        name: combined.table(name).collect()
        for name in TABLES
        if combined.has(name) and combined.tables[name] is not raw.tables.get(name)
    }
    lists = {name: getattr(combined, name) for name in LISTS if getattr(combined, name).width}
    pieces = _write_generation(path, after.number, {**changed, **lists})
    after = replace(
        after,
        tables={name: pieces[name] for name in changed},
        lists={name: pieces[name] for name in lists},
        notes=tuple(segments.note_tree(note) for note in combined.notes),
        previous=tuple(sorted(before.folders())),
    )
    sync_folder(path / segments.FOLDER)
    write_manifest(path, after)
    return after


def _write_generation(path: Path, number: int, frames: dict[str, pl.DataFrame]) -> dict[str, Piece]:
    home = path / GENERATIONS
    home.mkdir(exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{os.getpid()}-", dir=home))
    try:
        for name, frame in frames.items():
            write_parquet(frame, temporary / f"{name}.parquet")
        mark = hashlib.sha256(temporary.name.encode()).hexdigest()[:8]
        final = home / f"{number:06}-{mark}"
        settle_folder(temporary, final)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    files = {name: final / f"{name}.parquet" for name in frames}
    return {
        name: Piece(file.relative_to(path).as_posix(), frames[name].height, file.stat().st_size)
        for name, file in files.items()
    }


def _clean(path: Path, found: Manifest) -> None:
    """Remove what neither this manifest nor the one before it names."""
    named = found.folders() | set(found.previous)
    for home in (segments.FOLDER, GENERATIONS):
        for inner in (path / home).iterdir() if (path / home).is_dir() else ():
            if f"{home}/{inner.name}" not in named:
                remove(inner)
    remove(path / f"{TEMPORARY}{manifest.NAME}")


def _check(path: Path, found: Manifest) -> None:
    """Every file that the manifest names is there and has its size. Raises InputError ``ledger_damaged``."""
    for piece in found.pieces():
        if not piece.bytes:
            continue
        file = path / piece.path
        size = file.stat().st_size if file.is_file() else None
        if size != piece.bytes:
            detail = f"{size} != {piece.bytes}" if size is not None else "-"
            raise InputError("ledger_damaged", folder=path, file=piece.path, detail=detail)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Parquet that cannot be read is a damaged ledger, not a bug."""
    try:
        yield
    except pl.exceptions.ComputeError as error:
        if "os error 28" in str(error):
            raise
        raise InputError("ledger_damaged", folder=path, file="*.parquet", detail=error) from error


def _ledger(path: Path, found: Manifest) -> Ledger:
    """The ledger that a manifest names."""
    raw = segments.assembled(path, found.files, found.shown_names())
    tables = {name: _table(path / piece.path, name) for name, piece in found.tables.items()}
    lists = {name: pl.read_parquet(path / piece.path) for name, piece in found.lists.items()}
    notes = (*raw.notes, *(segments.note_of(tree) for tree in found.notes))
    blank = {name: pl.DataFrame() for name in LISTS}
    return replace(raw, tables={**raw.tables, **tables}, notes=notes, **{**blank, **lists})


def _table(file: Path, name: str) -> pl.LazyFrame:
    """A table of a generation; a column that the run which wrote it did not know is null."""
    return conform(pl.scan_parquet(file), name)
