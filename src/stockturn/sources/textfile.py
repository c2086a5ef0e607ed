"""Text files: the encoding by trial over the whole file, the separator by counting, then one grid of text."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter

import polars as pl

from stockturn.errors import InputError
from stockturn.sources.grid import ROW, Grid, cell_names

SEPARATORS = (",", "\t", ";", "|")
SMALL = 4 << 20
"""Up to this size the csv module reads the file: it knows the cells of every line. Larger files go to polars,
twenty times faster, with a column to spare so that longer lines are seen."""

SPARE, MANY = 1, 64
"""Columns to spare, and how many where the first of them is used: such a file is read again."""

_HEAD = 1 << 16
_HEAD_LINES = 200
_BLOCK = 1 << 20
_SOMETHING = re.compile(rb"[^ \t\r\n\x00,;|]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
# what stands in the headers and words of business tables: a wrong decoding hits hardly any of them
_SHARED = set("日期金品名量料年月出入存小大有公司上下位元")
_USUAL = {
    "gb18030": _SHARED | set("单号库数仓价额货类别采购应商发结订点产制币进销"),
    "big5": _SHARED | set("單號庫數倉價額貨類別採購應商發結訂點產製幣進銷"),
    "cp932": _SHARED | set("在庫倉荷先番号商売数単価伝票期") | {chr(code) for code in range(0x3041, 0x30FF)},
}
_SURE = 0.08
"""Share of usual characters among those beyond ASCII from which a decoding is believed; right ones have .2 to .6."""


def decode(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """The text and the encoding that it was in.

    Order of the trials: byte order mark, NUL pattern (UTF-16 without mark), strict UTF-8, then of GB18030, Big5 and
    cp932 (all accept nearly any pair of bytes) the one that gives most of the usual characters, cp1252. Always the
    whole file: a file may show its first Chinese byte after megabytes of digits.
    """
    if encoding is not None:
        try:
            return data.decode(encoding).lstrip("\ufeff"), encoding
        except (UnicodeDecodeError, LookupError):
            raise InputError("encoding_wrong", file=name, encoding=encoding) from None
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            try:
                return data.decode(codec), codec
            except UnicodeDecodeError:
                raise InputError("encoding_unknown", file=name) from None
    if (nul := data[:4096].count(0)) > len(data[:4096]) // 4:
        even = data[0:4096:2].count(0)
        codec = "utf-16-be" if even > nul - even else "utf-16-le"
        return data.decode(codec, errors="strict" if len(data) % 2 == 0 else "ignore"), codec
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _legacy(data, name)


def _legacy(data: bytes, name: str) -> tuple[str, str]:
    found: dict[str, str] = {}
    for codec in _USUAL:
        try:
            found[codec] = data.decode(codec)
        except UnicodeDecodeError:
            continue
    shares = {codec: _share(text, _USUAL[codec]) for codec, text in found.items()}
    best = max(shares, key=lambda codec: shares[codec], default=None)
    if best is not None and shares[best] >= _SURE:
        return found[best], best
    # names in Latin letters with an accent here and there: single bytes beyond ASCII
    runs = [len(run) for run in _HIGH_RUN.findall(data[: 1 << 20])]
    if sum(1 for run in runs if run == 1) > len(runs) / 2 or "gb18030" not in found:
        try:
            return data.decode("cp1252"), "cp1252"
        except UnicodeDecodeError:
            pass
    if "gb18030" not in found:
        raise InputError("encoding_unknown", file=name)
    return found["gb18030"], "gb18030"


def _share(text: str, usual: set[str]) -> float:
    """How many of the characters beyond ASCII are usual ones."""
    counts = Counter(text[: 1 << 20])
    beyond = sum(count for character, count in counts.items() if character > "\x7f")
    return sum(counts[character] for character in usual) / beyond if beyond else 0.0


def separator_of(head: str) -> str:
    """The separator under which the largest share of lines has one and the same number of cells above one.

    >>> separator_of("title\\na;b;c\\n1;2,5;3\\n4;5,5;6\\n")
    ';'
    """
    best, best_score = ",", (0.0, 0)
    lines = head.splitlines()[:_HEAD_LINES]
    for separator in SEPARATORS:
        counts = Counter(
            len(row) for row in csv.reader(lines, delimiter=separator, strict=False) if len(row) > 1
        )
        if counts:
            width, rows = counts.most_common(1)[0]
            score = (rows / max(1, len(lines)), width)
            if score > best_score:
                best, best_score = separator, score
    return best


def read_text(data: bytes, name: str, encoding: str | None = None) -> Grid:
    """A delimited text file as a grid. Nothing is typed here. Raises InputError for binary or empty contents."""
    if encoding is None and len(data) > SMALL and _plain(data):
        raw, used = data, "utf-8"
    else:
        text, used = decode(data, name, encoding)
        text = text.strip("\ufeff").replace("\x00", "")
        if "\r" in text and "\n" not in text:
            text = text.replace("\r", "\n")
        raw = text.encode("utf-8", errors="replace")
    if not _SOMETHING.search(raw):
        raise InputError("file_empty", file=name)
    head = raw[:_HEAD].decode("utf-8", errors="ignore")
    if _binary(head):
        raise InputError("file_not_a_table", file=name)
    separator = separator_of(head)
    # an even number of quotes is a sign of proper quoting; an odd one would swallow the rest of the file
    quoted = b'"' in raw and raw.count(b'"') % 2 == 0
    frame = _by_polars(raw, head, separator, quoted) if len(data) > SMALL else None
    if frame is None:
        frame = _by_csv(raw.decode("utf-8"), separator, quoted)
    return Grid(name, None, frame, separator=separator, encoding=used)


def _plain(data: bytes) -> bool:
    """Whether the bytes can be split into cells as they are: UTF-8 without mark, zeros, or line ends of old Macs."""
    if data.startswith(codecs.BOM_UTF8) or b"\x00" in data or (b"\r" in data and b"\n" not in data):
        return False
    if data.isascii():
        return True
    reader = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    try:
        # block by block: a text of the whole file would take up to four times its size
        for start in range(0, len(data), _BLOCK):
            reader.decode(view[start : start + _BLOCK])
        reader.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _by_csv(text: str, separator: str, quoted: bool) -> pl.DataFrame:
    csv.field_size_limit(1 << 24)
    rows = list(
        csv.reader(io.StringIO(text), delimiter=separator)
        if quoted
        else csv.reader(io.StringIO(text), delimiter=separator, quoting=csv.QUOTE_NONE)
    )
    width = max((len(row) for row in rows), default=1)
    columns = {
        column: pl.Series(
            column,
            [row[index] if index < len(row) and row[index] != "" else None for row in rows],
            dtype=pl.String,
        )
        for index, column in enumerate(cell_names(width))
    }
    return pl.DataFrame({ROW: pl.Series(ROW, range(1, len(rows) + 1), dtype=pl.Int64), **columns})


def _by_polars(raw: bytes, head: str, separator: str, quoted: bool) -> pl.DataFrame | None:
    """None where the quick reader stumbles over the quoting: the slow one then reads the file."""
    lines = head.splitlines()[:_HEAD_LINES]
    width = max(len(row) for row in csv.reader(lines, delimiter=separator))
    try:
        frame = _cells(raw, width + SPARE, separator, quoted)
        if frame[frame.columns[-1]].null_count() < frame.height:
            frame = _cells(raw, width + MANY, separator, quoted)
    except pl.exceptions.PolarsError:
        return None
    unused = [name for name in frame.columns[max(width, 1) :] if frame[name].null_count() == frame.height]
    return frame.drop(unused).with_row_index(ROW, offset=1).with_columns(pl.col(ROW).cast(pl.Int64))


def _cells(raw: bytes, width: int, separator: str, quoted: bool) -> pl.DataFrame:
    return pl.read_csv(
        raw,
        has_header=False,
        schema=dict.fromkeys(cell_names(width), pl.String),
        missing_columns="insert",
        separator=separator,
        quote_char='"' if quoted else None,
        truncate_ragged_lines=True,
        raise_if_empty=False,
        infer_schema=False,
    )


def _binary(text: str) -> bool:
    head = text[:4096]
    odd = sum(1 for character in head if ord(character) < 32 and character not in "\t\r\n\x00\x0b\x0c\x1a")
    return odd > max(2, len(head) // 200)
