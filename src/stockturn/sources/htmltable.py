"""HTML tables that a web system serves under the name .xls."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import polars as pl

from stockturn.errors import InputError
from stockturn.sources.grid import ROW, Grid, cell_names
from stockturn.sources.textfile import decode

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_SPAN_LIMIT = 1024


def looks_like_html(data: bytes) -> bool:
    """Whether the file starts as a page."""
    head = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<html", b"<!doctype html", b"<table", b"<meta", b"<head")) or b"<table" in head


def read_html(data: bytes, name: str, encoding: str | None = None) -> list[Grid]:
    """Every table of the page that has at least two rows, in order.

    The declared character set is often a narrower one than the file uses (gb2312 for gbk): any of that family is
    read as GB18030, everything else by trial.
    """
    declared = _CHARSET.search(data[:4096])
    if encoding is None and declared and declared.group(1).lower() in (b"gb2312", b"gbk", b"gb18030"):
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            text, _ = decode(data, name)
    else:
        text, _ = decode(data, name, encoding)
    parser = _Tables()
    parser.feed(text)
    parser.close()
    grids = [_grid(table, name, index) for index, table in enumerate(parser.tables) if len(table) > 1]
    if not grids:
        raise InputError("page_without_table", file=name)
    return grids


class _Tables(HTMLParser):
    """Collects rows of (text, columns spanned, rows spanned)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[tuple[str, int, int]]]] = []
        self._cell: list[str] | None = None
        self._span = (1, 1)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._finish()
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self._finish()
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables:
            self._finish()
            if not self.tables[-1]:
                self.tables[-1].append([])
            values = dict(attrs)
            self._span = (_span(values.get("colspan")), _span(values.get("rowspan")))
            self._cell = []
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._finish()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _finish(self) -> None:
        if self._cell is not None and self.tables and self.tables[-1]:
            self.tables[-1][-1].append(("".join(self._cell).strip(), *self._span))
        self._cell = None


def _span(text: str | None) -> int:
    return min(_SPAN_LIMIT, max(1, int(text))) if text and text.strip().isdigit() else 1


def _grid(table: list[list[tuple[str, int, int]]], name: str, index: int) -> Grid:
    cells: list[dict[int, str]] = [{} for _ in table]
    taken: list[set[int]] = [set() for _ in table]
    merges: list[tuple[int, int, int, int]] = []
    for top, row in enumerate(table):
        column = 0
        for text, wide, deep in row:
            while column in taken[top]:
                column += 1
            bottom = min(top + deep, len(table)) - 1
            for below in range(top, bottom + 1):
                taken[below].update(range(column, column + wide))
            if text:
                cells[top][column] = text
            if wide > 1 or bottom > top:
                merges.append((top, column, bottom, column + wide - 1))
            column += wide
    width = max((max(columns, default=-1) + 1 for columns in taken), default=1)
    for top, left, bottom, _ in merges:
        for below in range(top + 1, bottom + 1):
            if left in cells[top]:
                cells[below].setdefault(left, cells[top][left])
    columns = {
        column: pl.Series(column, [row.get(position) for row in cells], dtype=pl.String)
        for position, column in enumerate(cell_names(width))
    }
    frame = pl.DataFrame({ROW: pl.Series(ROW, range(1, len(cells) + 1), dtype=pl.Int64), **columns})
    return Grid(name, f"table {index + 1}" if index else None, frame, merges=tuple(merges))
