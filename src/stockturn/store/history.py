"""What a ledger folder remembers of its runs: frames by kind and name, beside the ledger itself.

    LEDGER/history/alerts/2025-03-31.parquet     the alerts as they stood after the last run with that as_of
    LEDGER/history/suggestions/2025-03-31.parquet    what that run suggested to buy
    LEDGER/history/outbox/mail.parquet           alerts that a mail has still to carry, by address

Each file is written beside its place and then put there in one step, so that a reader, a kill or a full disk finds the
old one or the new one. A run that reads and then writes holds the lock of the folder (:func:`changing`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import polars as pl

from stockturn.errors import InputError
from stockturn.store import lock
from stockturn.store.disk import TEMPORARY, disk_trouble, remove, sync_folder, write_parquet

FOLDER = "history"
_SUFFIX = ".parquet"


@contextmanager
def changing(ledger: Path, now: datetime, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the ledger folder for writing; another run waits or is refused (``ledger_locked``)."""
    with disk_trouble(ledger), lock.locked(ledger, now, wait_seconds):
        yield


def names(ledger: Path, kind: str) -> list[str]:
    """Names of what is kept of that kind, in order."""
    home = ledger / FOLDER / kind
    kept = home.glob(f"*{_SUFFIX}") if home.is_dir() else ()
    return sorted(file.name.removesuffix(_SUFFIX) for file in kept if not file.name.startswith(TEMPORARY))


def read(ledger: Path, kind: str, name: str) -> pl.DataFrame | None:
    """A frame, None where there is none. Raises InputError ``history_damaged`` where it cannot be read."""
    file = ledger / FOLDER / kind / f"{name}{_SUFFIX}"
    try:
        return pl.read_parquet(file)
    except FileNotFoundError:
        return None
    except pl.exceptions.PolarsError as error:
        raise InputError("history_damaged", file=file, detail=error) from error


def write(ledger: Path, kind: str, name: str, frame: pl.DataFrame) -> None:
    """Keep a frame under that name, in place of the one before: whole or not at all."""
    home = ledger / FOLDER / kind
    with disk_trouble(ledger):
        home.mkdir(parents=True, exist_ok=True)
        beside = home / f"{TEMPORARY}{os.getpid()}-{name}{_SUFFIX}"
        try:
            write_parquet(frame, beside)
            beside.replace(home / f"{name}{_SUFFIX}")
        finally:
            remove(beside)
        sync_folder(home)


def prune(ledger: Path, kind: str, keep: int) -> None:
    """Remove all but the last ``keep`` names of a kind, and what an interrupted run left there."""
    home = ledger / FOLDER / kind
    for name in names(ledger, kind)[:-keep]:
        remove(home / f"{name}{_SUFFIX}")
    for left in home.glob(f"{TEMPORARY}*") if home.is_dir() else ():
        remove(left)
