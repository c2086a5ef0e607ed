"""A guard in front of the workbook reader: what would kill the process, and what the reader drops in silence.

A cell at XFD1048576 in a file of two kilobytes, or a string table that claims four thousand million entries,
makes the reader ask for more memory than there is, and the process is gone before any exception. So the parts
of the zip are streamed once, a block at a time, and measured. The scan looks at bytes, not at a parsed tree: it
must be cheap beside the reading itself, and everything that it looks for has a fixed spelling in the format. What is
spelled in another way (a sheet outside its folder, UTF-16, small letters in a reference) is no crime, but nothing that
this scan could vouch for: such a file is ``odd``, and is left to a process that may die of it.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import IO

from stockturn.config.ingest import IngestSettings
from stockturn.errors import InputError

BLOCK = 1 << 20
CARRY = 1 << 16  # a cell longer than this is text, not structure: its beginning need not be kept

_MEGABYTE = 1 << 20
_LONGEST = 2 << 20
"""Bytes without any tag: the longest text of a cell, all of it written as entities, is a third of a megabyte."""

_UTF8 = re.compile(rb"""encoding\s*=\s*["'](?:utf-?8|us-ascii)["']""", re.IGNORECASE)
_TARGET = re.compile(rb"""Target\s*=\s*["']([^"']*)["']""")
_HIDDEN = re.compile(rb"""<(?:\w+:)?row\s[^>]*\shidden\s*=\s*["'](?:1|true)["']""")
_UNCACHED = re.compile(rb"""(?:</(?:\w+:)?f>|<(?:\w+:)?f(?:\s[^>]*)?/>)\s*</(?:\w+:)?c>""")
_COUNT = re.compile(rb"""uniqueCount\s*=\s*["']\s*([0-9]+)""")
_REPEAT = re.compile(rb"""number-(columns|rows)-repeated\s*=\s*["']([0-9]+)["'][^>]*office:value-type""")


@dataclass(frozen=True)
class Scan:
    """What was counted, per worksheet part (``xl/worksheets/sheet1.xml``): errors, uncached, hidden; and whether there
    is anything that the scan cannot vouch for."""

    parts: dict[str, dict[str, int]] = field(default_factory=dict)
    odd: bool = False


def scan(file: IO[bytes], name: str, limits: IngestSettings) -> Scan:
    """Measures a zipped workbook; raises InputError where it must not be read.

    Refused: more inflated megabytes than ``max_inflated_mb`` (counted while inflating, whatever the directory
    says), a DOCTYPE, more rows, columns or cells in the used range than the limits, a text longer than a cell may
    hold, a string table that claims more strings than its bytes can hold.
    """
    parts: dict[str, dict[str, int]] = {}
    odd = False
    room = limits.max_inflated_mb * _MEGABYTE
    try:
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                if not info.filename.lower().endswith((".xml", ".rels", ".bin")):
                    continue
                meter = _Meter(name, info.filename, limits)
                with archive.open(info) as part:
                    for block, fresh in _blocks(part):
                        room -= fresh
                        if room < 0:
                            raise InputError("file_inflates", file=name, limit=limits.max_inflated_mb)
                        meter.see(block, fresh)
                meter.close()
                odd |= meter.odd
                if meter.sheet:
                    parts[info.filename] = meter.facts
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError, KeyError):
        raise InputError("workbook_broken", file=name) from None
    return Scan(parts, odd)


def _blocks(part: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Blocks that end before a cell begins, so that every cell is seen whole and once; and how many bytes are new."""
    kept = b""
    while fresh := part.read(BLOCK):
        block = kept + fresh
        cut = max(block.rfind(b"<c "), block.rfind(b"<row"))
        if cut <= 0 or len(block) - cut > CARRY:
            cut = len(block)
        yield block[:cut], len(fresh)
        kept = block[cut:]
    if kept:
        yield kept, 0


class _Meter:
    """Counts in one part."""

    def __init__(self, name: str, part: str, limits: IngestSettings) -> None:
        self.name, self.part, self.limits = name, part, limits
        part = part.lower()
        self.sheet = part.startswith("xl/worksheets/") and part.endswith(".xml")
        self.xml = part.endswith((".xml", ".rels"))
        self.strings = part.endswith("sharedstrings.xml")
        self.content = part == "content.xml"
        self.links = part == "xl/_rels/workbook.xml.rels"
        self.facts = {"errors": 0, "uncached": 0, "hidden": 0}
        self.rows = self.columns = self.bytes = self.claimed = self.untagged = 0
        self.prefixed = self.odd = False

    def see(self, block: bytes, fresh: int) -> None:
        first = self.bytes == 0
        self.bytes += fresh
        if self.xml and b"<!" in block and b"<!DOCTYPE" in block.upper():
            raise InputError("workbook_doctype", file=self.name)
        if self.strings and b"uniqueCount" in block:
            claims = [int(claim[:18]) for claim in _COUNT.findall(block)]
            self.claimed = max([self.claimed, *claims])
        if self.xml:
            self._tags(block)
            self.odd |= first and not _is_utf8(block)
        # a sheet outside its folder, or under a name that is not looked into
        self.odd |= not self.sheet and b"sheetData" in block
        if self.links:
            targets = _TARGET.findall(block)
            self.odd |= any(not target.lower().endswith((b".xml", b".bin")) for target in targets)
        if self.sheet:
            # <x:worksheet>: the names of all elements then begin with x:
            self.prefixed |= first and b"<worksheet" not in block[:4096]
            self._sheet(block)
        if self.content:
            self._repeats(block)

    def close(self) -> None:
        # the shortest entry of a string table is "<si/>": five bytes
        if self.strings and self.claimed > self.bytes // 5 + 1:
            raise InputError("workbook_lies", file=self.name, found=self.claimed)

    def _tags(self, block: bytes) -> None:
        """No text between two tags may be longer than a cell's."""
        opened = block.find(b"<")
        self.untagged += len(block) if opened < 0 else opened
        if self.untagged > _LONGEST:
            raise InputError("workbook_long_text", file=self.name)
        if opened >= 0:
            self.untagged = len(block) - block.rfind(b"<")

    def _sheet(self, block: bytes) -> None:
        # what a writer does in one way is looked for in the other way only where there is a sign of it
        apostrophes = b"'" in block
        self.rows += block.count(b"<row") + (block.count(b":row ") if self.prefixed else 0)
        spaced = b"r =" in block
        spaced |= any(sign in block and sign + b"r=" in block for sign in (b"\t", b"\n", b"\r"))
        self._far(block, spaced or (apostrophes and b"r='" in block))
        self.facts["errors"] += block.count(b't="e"') + (block.count(b"t='e'") if apostrophes else 0)
        if b"hidden" in block:
            self.facts["hidden"] += len(_HIDDEN.findall(block))
        if b"<f" in block or (self.prefixed and b":f" in block):
            self.facts["uncached"] += len(_UNCACHED.findall(block))
        limits = self.limits
        cells = self.rows * max(self.columns, 1)
        if self.rows > limits.max_rows or self.columns > limits.max_columns or cells > limits.max_cells:
            raise self._too_large(self.rows, self.columns)

    def _far(self, block: bytes, loose: bool) -> None:
        """References beyond what was seen: more digits than there were rows (a gap, or a stray cell far away), three
        letters, or two letters beyond the widest column."""
        for pattern in _beyond(len(str(self.rows)) + 1, self.columns // 26, loose):
            at = 0
            while match := pattern.search(block, at):
                at = match.end()
                if match.group(2) is None:
                    self.odd = True
                    continue
                self.rows = max(self.rows, int(match.group(2)[:12]))
                self.columns = max(self.columns, _column(match.group(1)))
                if self.columns > self.limits.max_columns or self.rows > self.limits.max_rows:
                    raise self._too_large(self.rows, self.columns)

    def _repeats(self, block: bytes) -> None:
        for match in _REPEAT.finditer(block):
            count = int(match.group(2)[:12])
            if count > (self.limits.max_rows if match.group(1) == b"rows" else self.limits.max_columns):
                raise self._too_large(count, count)

    def _too_large(self, rows: int, columns: int) -> InputError:
        return InputError("sheet_too_large", file=self.name, sheet=self.part, rows=rows, columns=columns)


@cache
def _beyond(digits: int, letters: int, loose: bool) -> tuple[re.Pattern[bytes], ...]:
    """Patterns with a plain beginning, which the engine finds quickly; ``loose`` also takes other spellings of the
    attribute, where a file has them. ``letters`` is how far the first of two letters has come. Small letters and row
    numbers of eight digits are found without groups."""
    later = bytes([min(65 + letters, 90)])
    far = rb"((?:[%c-Z][A-Z]|[A-Z]{3,})(?=[0-9])|[A-Z]{1,2}(?=[0-9]{%d,}))([0-9]+)" % (later, digits)
    # nearly all references are near ones: they are passed over before the groups are tried
    two = rb"|[A-%c][A-Z]" % (later[0] - 1) if letters else b""
    near = rb"(?!(?:[A-Z]%s)?[0-9]{1,%d}[\"'])" % (two, min(digits - 1, 7))
    reference = near + rb"(?:" + far + rb"|[a-z]|[0-9]{8})"
    plain = re.compile(rb' r="' + reference)
    return (plain, re.compile(rb"""\sr\s*=\s*["']""" + reference)) if loose else (plain,)


def _is_utf8(head: bytes) -> bool:
    """Whether a part is written in bytes that the patterns here can see."""
    start = head[:256]
    return b"\x00" not in start and (b"encoding" not in start or _UTF8.search(start) is not None)


def _column(letters: bytes) -> int:
    """1-based column of its letters.

    >>> _column(b"A"), _column(b"XFD")
    (1, 16384)
    """
    number = 0
    for letter in letters[:6]:
        number = number * 26 + letter - 64
    return number
