"""A tab while it is being written: how wide its columns and how high its rows have to be. Neither Excel nor any other
program fits them by itself when a workbook is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import polars as pl

from stockturn.output.formats import shown, text_cell, width
from stockturn.output.xlsx_pages import column_at, points_wide
from stockturn.output.xlsx_styles import SMALL
from stockturn.schema import Unit

_NARROWEST = 7
_DIGIT, _BOLD_DIGIT = 1.2, 1.35
"""Columns that a digit takes: the fonts of Chinese workbooks, and those that stand in for a font a machine does not
have, are wider than the one Excel counts columns in; a figure that does not fit would be shown as ``####``."""

DATE_WIDTH = 14
_LONG_TEXT = 68
"""Text that is wider than this is wrapped (a wide character counts as 2)."""

_LONGEST_TEXT = 150
_LINES = 2
"""A column of sentences is made wider, up to this, while they take more lines than so many."""

_ODD_TEXT = 30
"""A column is this wide where only the odd text needs it; what is longer still takes more lines."""

_MOST_LINES = 20
"""Lines of one row at most: Excel knows no higher rows."""

_SIGNS = {"zh": (1.06, 1.1, 1.02), "en": (0.85, 1.0, 1.02)}
"""Columns of the sheet that a letter, a digit and a column of a wide sign take in running text, what is lost at the
end of its lines included: the fonts of a Chinese and of an English workbook."""

_WIDE = "[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]"
_FILTER_BUTTON = 3
_NOTE_POINTS, _POINTS_PER_COLUMN = 660.0, 5.25
_USUAL = 0.97


@dataclass(frozen=True)
class Extent:
    """Where a block stands: its tab, its first and last data row, and the column of each name."""

    tab: str
    first_row: int
    last_row: int
    columns: Mapping[str, int]


@dataclass
class Tab:
    """A worksheet while it is being written: its name, and how wide its columns have to be."""

    sheet: Any
    name: str
    lang: str
    widths: dict[int, float] = field(default_factory=dict)
    headers: dict[int, list[str]] = field(default_factory=dict)
    wrapped: list[tuple[int, int, pl.Series]] = field(default_factory=list)
    heights: dict[int, float] = field(default_factory=dict)
    notes: list[tuple[int, str, Any]] = field(default_factory=list)

    def note(self, row: int, words: str, form: Any) -> int:
        """Small print in one row; gives the row below."""
        self.notes.append((row, words, form))
        return row + 1

    @property
    def _note_end(self) -> int:
        return max(1, column_at(self.widths, _NOTE_POINTS))

    @property
    def notes_wide(self) -> float:
        """Points up to the column in which small print ends."""
        return points_wide(self.widths, self._note_end) if self.notes else 0.0

    def _set_note(self, row: int, words: str, form: Any) -> None:
        """Over the width of a page, and no wider: merged cells count as used, and would shrink what is printed."""
        last = self._note_end
        self.sheet.merge_range(row, 0, row, last, "", form)
        self.sheet.write_string(row, 0, text_cell(words), form)
        taken = float(_running(pl.Series([words]), self.lang)[0]) * SMALL
        self.set_height(row, 13.5 * max(1, ceil(taken * _POINTS_PER_COLUMN / _NOTE_POINTS)))

    def widen(self, column: int, needed: float) -> None:
        """Keep the widest need of a column."""
        self.widths[column] = max(self.widths.get(column, 0.0), needed)

    def fit_texts(self, column: int, first: int, texts: pl.Series) -> tuple[bool, pl.Series]:
        """Make room for the texts of a column: as wide as all but the odd one need, and what is longer takes more
        lines. Gives whether they are sentences, and which are longer than the column."""
        widths = texts.str.len_chars() + texts.str.count_matches(_WIDE)
        usual = _usual_width(widths)
        sentences, widest = usual > _LONG_TEXT, _text_width(widths)
        room = min(_LONGEST_TEXT, max(_LONG_TEXT, usual // _LINES)) if sentences else usual
        self.widen(column, max(room, widest if widest <= _LONG_TEXT else min(widest, _ODD_TEXT)) + 2.5)
        longer = widths > self.widths[column] - 2
        if longer.any():
            taken = _running(texts, self.lang) * (SMALL if sentences else 1.0)
            self.wrapped.append((column, first, taken))
        return sentences, longer

    def set_height(self, row: int, points: float) -> None:
        """Height of a row; kept, because pages are broken by it."""
        self.heights[row] = points
        self.sheet.set_row(row, points)

    def apply_widths(self) -> None:
        """Set the widths at the end, when every block has said what it needs, and then the height of headers and
        of wrapped rows: not every program fits it by itself."""
        for column, needed in self.widths.items():
            self.sheet.set_column(column, column, needed)
        for row, words, form in self.notes:
            self._set_note(row, words, form)
        for row, labels in self.headers.items():
            lines = max(_header_lines(label, self.widths[column]) for column, label in enumerate(labels))
            self.set_height(row, 14.5 * lines + 3)
        for row, lines in self._wrapped_rows().items():
            self.set_height(row, 12.5 * lines + 3)

    def _wrapped_rows(self) -> dict[int, int]:
        """Rows whose text takes more than one line, and how many."""
        rows: dict[int, int] = {}
        for column, first, widths in self.wrapped:
            taken = (widths / self.widths[column]).ceil().cast(pl.Int64).fill_null(1).to_list()
            for row, lines in enumerate(taken, start=first):
                if lines > 1:
                    rows[row] = max(rows.get(row, 1), min(lines, _MOST_LINES))
        return rows


def quoted(tab: str) -> str:
    """A tab's name inside a reference."""
    doubled = tab.replace("'", "''")
    return f"'{doubled}'"


def _running(texts: pl.Series, lang: str) -> pl.Series:
    """Columns of the sheet that each text takes in lines, at the size of figures."""
    letter, digit, wide = _SIGNS.get(lang, _SIGNS["en"])
    digits, wides = texts.str.count_matches(r"\d"), texts.str.count_matches(_WIDE)
    return (texts.str.len_chars() - digits - wides) * letter + digits * digit + wides * 2 * wide


def _text_width(widths: pl.Series) -> int:
    widest = widths.max()
    return int(widest) if isinstance(widest, int) else 0


def _usual_width(widths: pl.Series) -> int:
    """Width that all but the odd text need: one name of 300 signs must not push a list off the page."""
    usual = widths.quantile(_USUAL, interpolation="nearest")
    return int(usual) if usual is not None else 0


def number_width(values: pl.Series, unit: Unit, decimals: int | None) -> float:
    """Columns of the sheet that the figures of a column need."""
    numbers = values.drop_nulls()
    if numbers.len() == 0:
        return _NARROWEST
    ends = [float(str(end)) for end in (numbers.min(), numbers.max())]
    return max(_NARROWEST, max(len(shown(end, unit, decimals=decimals)) for end in ends) * _DIGIT + 1.5)


def bold_width(value: float, unit: Unit, decimals: int | None) -> float:
    """Columns of the sheet that a bold figure needs."""
    return len(shown(value, unit, decimals=decimals)) * _BOLD_DIGIT + 1.5


def header_width(label: str, heat: bool) -> float:
    """Headers wrap: the longest word decides, or a line of ten for a script without spaces."""
    longest = max(width(word) for word in label.split(" "))
    return max(_NARROWEST, min(longest, 14) + (1 if heat else _FILTER_BUTTON))


def _header_lines(label: str, room: float) -> int:
    """Lines that a header takes in its column, the filter button aside."""
    lines, used = 1, 0
    for word in label.split(" "):
        needed = width(word)
        if used and used + 1 + needed > room:
            lines, used = lines + 1, needed
        else:
            used += needed + (1 if used else 0)
        lines += int(needed // room)
    return lines
