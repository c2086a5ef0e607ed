"""A guard in front of the workbook reader: what would kill the process, and what the reader drops in silence.

A cell at XFD1048576 in a file of two kilobytes, or a string table that claims four thousand million entries,
makes the reader ask for more memory than there is, and the process is gone before any exception. So the parts
of the zip are streamed once, a block at a time, and measured. The scan looks at bytes, not at a parsed tree: it
must be cheap beside the reading itself, and everything that it looks for has a fixed spelling in the format.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from stockturn.config.ingest import IngestSettings
from stockturn.errors import InputError

BLOCK = 1 << 20
OVERLAP = 1 << 10  # a token that straddles two blocks is seen in the second one

_MEGABYTE = 1 << 20
_FAR = re.compile(rb"""\sr\s*=\s*["']([A-Z]{0,3})([0-9]{5,})["']""")
_WIDE = re.compile(rb"""\sr\s*=\s*["']([A-Z]{2,})([0-9]+)["']""")
_ROW = re.compile(rb"""<(?:\w+:)?row[\s>/]""")
_HIDDEN = re.compile(rb"""<(?:\w+:)?row\s[^>]*\shidden\s*=\s*["'](?:1|true)["']""")
_ERROR = re.compile(rb"""\st\s*=\s*["']e["']""")
_UNCACHED = re.compile(rb"""(?:</(?:\w+:)?f>|<(?:\w+:)?f(?:\s[^>]*)?/>)\s*</(?:\w+:)?c>""")
_COUNT = re.compile(rb"""uniqueCount\s*=\s*["']\s*([0-9]+)""")
_REPEAT = re.compile(rb"""number-(columns|rows)-repeated\s*=\s*["']([0-9]+)["'][^>]*office:value-type""")


@dataclass(frozen=True)
class Scan:
    """What was counted, per worksheet part (``xl/worksheets/sheet1.xml``): errors, uncached, hidden."""

    parts: dict[str, dict[str, int]] = field(default_factory=dict)

    def total(self, fact: str) -> int:
        """Over all sheets."""
        return sum(part.get(fact, 0) for part in self.parts.values())


def scan(file: IO[bytes], name: str, limits: IngestSettings) -> Scan:
    """Measures a zipped workbook; raises InputError where it must not be read.

    Refused: more inflated megabytes than ``max_inflated_mb`` (counted while inflating, whatever the directory
    says), a DOCTYPE, more rows, columns or cells in the used range than the limits, a string table that claims
    more strings than its bytes can hold.
    """
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise InputError("workbook_broken", file=name) from None
    with archive:
        parts: dict[str, dict[str, int]] = {}
        inflated = 0
        for info in archive.infolist():
            if not info.filename.endswith((".xml", ".rels", ".bin")):
                continue
            meter = _Meter(name, info.filename, limits)
            try:
                with archive.open(info) as part:
                    for block, fresh in _blocks(part):
                        inflated += fresh
                        if inflated > limits.max_inflated_mb * _MEGABYTE:
                            raise InputError("file_inflates", file=name, limit=limits.max_inflated_mb)
                        meter.see(block, fresh)
            except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, ValueError):
                raise InputError("workbook_broken", file=name) from None
            except InputError:
                raise
            except Exception as error:  # zlib.error is no OSError
                raise InputError("workbook_broken", file=name) from error
            meter.close()
            if meter.sheet:
                parts[info.filename] = meter.facts
    return Scan(parts)


def _blocks(part: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Blocks with the end of the one before in front, and how many bytes are new."""
    kept = b""
    while fresh := part.read(BLOCK):
        yield kept + fresh, len(fresh)
        kept = fresh[-OVERLAP:]


class _Meter:
    """Counts in one part. The overlap is counted once: a match must end in the fresh bytes."""

    def __init__(self, name: str, part: str, limits: IngestSettings) -> None:
        self.name, self.part, self.limits = name, part, limits
        self.sheet = part.startswith("xl/worksheets/") and part.endswith(".xml")
        self.xml = part.endswith((".xml", ".rels"))
        self.strings = part.endswith("sharedStrings.xml")
        self.content = part == "content.xml"
        self.facts = {"errors": 0, "uncached": 0, "hidden": 0}
        self.rows = self.columns = self.bytes = self.claimed = 0

    def see(self, block: bytes, fresh: int) -> None:
        start = len(block) - fresh
        first = self.bytes == 0
        self.bytes += fresh
        if self.xml and first and b"<!DOCTYPE" in block[:4096].upper():
            raise InputError("workbook_doctype", file=self.name)
        if self.strings and first and (claim := _COUNT.search(block)):
            self.claimed = int(claim.group(1)[:18])
        if self.sheet:
            self._sheet(block, start)
        if self.content:
            for match in _REPEAT.finditer(block):
                count = int(match.group(2)[:12])
                limit = self.limits.max_rows if match.group(1) == b"rows" else self.limits.max_columns
                if count > limit:
                    raise self._too_large(count, count)

    def _sheet(self, block: bytes, start: int) -> None:
        self.rows += _count(_ROW, block, start)
        for match in _FAR.finditer(block):
            self.rows = max(self.rows, int(match.group(2)[:12]))
        for match in _WIDE.finditer(block):
            self.columns = max(self.columns, _column(match.group(1)))
        self.facts["errors"] += _count(_ERROR, block, start)
        self.facts["hidden"] += _count(_HIDDEN, block, start)
        self.facts["uncached"] += _count(_UNCACHED, block, start)
        cells = self.rows * max(self.columns, 1)
        if (
            self.rows > self.limits.max_rows
            or self.columns > self.limits.max_columns
            or cells > self.limits.max_cells
        ):
            raise self._too_large(self.rows, self.columns)

    def close(self) -> None:
        # the shortest entry of a string table is "<si/>": five bytes
        if self.strings and self.claimed > self.bytes // 5 + 1:
            raise InputError("workbook_lies", file=self.name, found=self.claimed)

    def _too_large(self, rows: int, columns: int) -> InputError:
        return InputError("sheet_too_large", file=self.name, sheet=self.part, rows=rows, columns=columns)


def _count(pattern: re.Pattern[bytes], block: bytes, start: int) -> int:
    return sum(1 for match in pattern.finditer(block) if match.end() > start)


def _column(letters: bytes) -> int:
    """1-based column of its letters.

    >>> _column(b"A"), _column(b"XFD")
    (1, 16384)
    """
    number = 0
    for letter in letters[:6]:
        number = number * 26 + letter - 64
    return number
