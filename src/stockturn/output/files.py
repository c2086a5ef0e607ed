"""Files are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stockturn.errors import UsageError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file in the folder of ``path`` that takes its place at the end; gone again after a failure.

    Raises UsageError where the folder is missing, or the file is held by another program (a workbook that is
    open in Excel).
    """
    if path.is_dir():
        raise UsageError("output_is_folder", file=path)
    if not path.parent.is_dir():
        raise UsageError("output_folder_missing", file=path, folder=path.parent)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise UsageError("output_failed", file=path, detail=error.strerror or error) from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _give_usual_rights(temporary)
        temporary.replace(path)
    except PermissionError:
        raise UsageError("output_locked", file=path) from None
    except OSError as error:
        raise UsageError("output_failed", file=path, detail=error.strerror or error) from None
    finally:
        temporary.unlink(missing_ok=True)


def _give_usual_rights(path: Path) -> None:
    """mkstemp makes files that only their owner can read; a report is for colleagues too."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
