"""Writing that is whole or not there at all, and what to say when the disk does not let it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from stockturn.errors import InputError

TEMPORARY = ".tmp-"
_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """The frame as one Parquet file, on the disk when this returns."""
    with path.open("wb") as file:
        # least and greatest of every column would be found for nobody: tables are read whole
        frame.write_parquet(file, compression="zstd", compression_level=1, statistics=False)
        file.flush()
        os.fsync(file.fileno())


def write_text(text: str, path: Path) -> None:
    """Replace a text file in one step: readers see the old one or the new one."""
    beside = path.with_name(f"{TEMPORARY}{path.name}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder last, where the system lets folders be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def settle_folder(temporary: Path, final: Path) -> None:
    """Give a finished temporary folder its name; one of the same name holds the same and stays."""
    sync_folder(temporary)
    if final.exists():
        shutil.rmtree(temporary)
    else:
        temporary.replace(final)
        sync_folder(final.parent)


def remove(path: Path) -> None:
    """Remove a file or folder that nothing names; what cannot be removed now is tried again by the next run."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


@contextmanager
def disk_trouble(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into words: full, not writable. The ledger is as it was before."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        number = error.errno if isinstance(error, OSError) else None
        if number in _FULL or "os error 28" in str(error):
            raise InputError("ledger_disk_full", folder=folder) from error
        if number in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise InputError("ledger_not_writable", folder=folder, detail=error) from error
        raise
