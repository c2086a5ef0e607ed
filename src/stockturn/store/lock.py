"""One writer at a time: a lock that dies with its process."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stockturn.errors import InputError

NAME = ".lock"
_POLL_SECONDS = 0.1


@contextmanager
def locked(folder: Path, now: datetime, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the folder for writing. Raises InputError ``ledger_locked`` (who, since when) after ``wait_seconds``.

    The system's own file lock is used where there is one: it ends with the process, however that ends. Where
    there is none (some network drives, Windows) the file itself is the lock; the file of a process of this
    machine that no longer runs is taken over.
    """
    path = folder / NAME
    deadline = time.monotonic() + wait_seconds
    while (held := _try(path)) is None:
        if time.monotonic() >= deadline:
            raise InputError("ledger_locked", folder=folder, **_holder(path))
        time.sleep(_POLL_SECONDS)
    try:
        _sign(held.handle, now)
        yield
    finally:
        os.close(held.handle)
        if held.own_file is not None:
            held.own_file.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Held:
    """An open handle that holds the lock, and the file to remove where the file itself is the lock."""

    handle: int
    own_file: Path | None = None


def _try(path: Path) -> _Held | None:
    """The lock, None where somebody else holds it."""
    try:
        import fcntl
    except ImportError:
        return _try_exclusive(path)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return None
        return _try_exclusive(path.with_name(f"{NAME}.pid"))
    return _Held(handle)


def _try_exclusive(path: Path) -> _Held | None:
    """The lock as a file that only one process can create."""
    try:
        return _Held(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644), path)
    except FileExistsError:
        holder = _holder(path)
        if holder["host"] == socket.gethostname() and not _runs(holder["pid"]):
            path.unlink(missing_ok=True)
        return None


def _runs(pid: object) -> bool:
    """Whether a process of that number is there; asking is safe on POSIX alone, elsewhere it is assumed."""
    if os.name != "posix" or not isinstance(pid, int):
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _holder(path: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
    return {"lock": path, **{name: found.get(name, "?") for name in ("pid", "host", "since")}}


def _sign(handle: int, now: datetime) -> None:
    who = {"pid": os.getpid(), "host": socket.gethostname(), "since": now.isoformat(timespec="seconds")}
    os.ftruncate(handle, 0)
    os.write(handle, json.dumps(who).encode())
