"""Binary workbooks are read in a process of their own, so that a hostile file ends that process and not the run."""

from __future__ import annotations

import io
import pickle
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stockturn.config.ingest import IngestSettings
from stockturn.errors import InputError

_CHILD = Path(__file__).with_name("binary_child.py")
_FILEPASS = re.compile(rb"\x09\x08\x10\x00.{16}(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)
_SECONDS, _SECONDS_PER_MEGABYTE = 60, 5
"""A reader that takes longer than this is going round in circles: 100,000 rows take two seconds."""

Cells = tuple[str, Sequence[Sequence[Any]], tuple[tuple[int, int, int, int], ...]]
"""Name of the sheet, its rows, its merged ranges as (top, left, bottom, right)."""


def sheets_apart(data: bytes, name: str, limits: IngestSettings) -> list[Cells]:
    """The sheets of an xls, xlsb or ods file. Raises InputError with the reason, also where the reader died of it."""
    command = [sys.executable, "-P", str(_CHILD), str(limits.max_reader_mb), str(limits.max_cells)]
    seconds = _SECONDS + _SECONDS_PER_MEGABYTE * len(data) / (1 << 20)
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise InputError("workbook_kills", file=name, limit=limits.max_reader_mb) from None
    if done.returncode != 0:
        raise InputError("workbook_kills", file=name, limit=limits.max_reader_mb)
    kind, found = pickle.loads(done.stdout)
    if kind == "password" or (kind == "broken" and _encrypted(data, found)):
        raise InputError("workbook_password", file=name)
    if kind == "broken":
        raise InputError("workbook_broken", file=name)
    if kind == "large":
        sheet, rows, columns = found
        raise InputError("sheet_too_large", file=name, sheet=sheet, rows=rows, columns=columns)
    return list(found)


def _encrypted(data: bytes, said: str) -> bool:
    if "password" in said.lower() or "encrypted" in said.lower():
        return True
    if data[:2] == b"PK":
        return b"encryption-data" in _manifest(data)
    # an encrypted xlsx is an OLE file with this stream; an old workbook says it right behind its beginning
    return "EncryptedPackage".encode("utf-16-le") in data or _FILEPASS.search(data) is not None


def _manifest(data: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("META-INF/manifest.xml") as part:
            return part.read(1 << 20)
    except (KeyError, OSError, zipfile.BadZipFile):
        return b""
