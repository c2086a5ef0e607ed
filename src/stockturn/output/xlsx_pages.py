"""Paper: how a tab is cut into pages. A4 in landscape, titles on every page, no table torn where it fits on one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from stockturn.model import Report
from stockturn.output.formats import text_line

_A4 = 9
_PAGE_WIDE, _PAGE_HIGH = 784.0, 516.0
"""Points between the margins."""

_ROW, _COLUMN = 15.0, 48.0
"""Points of a row and a column that nobody changed."""

_SMALLEST = 0.5
"""A list that would have to be shrunk below this goes over several pages side by side."""

_TITLE_LENGTH, _HEADER_LENGTH = 100, 240
"""Header and footer hold 255 signs, their codes included."""


def page_setup(sheet: Any, report: Report) -> None:
    """What all tabs have in common."""
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    title = _header_text(report.title)
    sheet.set_footer(f"&L&8 {title}&C&8&A&R&8 {report.as_of.isoformat()}   &P / &N")


def list_header(sheet: Any, title: str, small: Sequence[str]) -> None:
    """Title and small print of a list at the head of every page: in cells, they would be cut where a list that goes
    over several pages side by side repeats its first columns."""
    words = f"&L&14&B{_header_text(title)}&B"
    for line in small:
        longer = f"{words}\n&8 {_header_text(line, _HEADER_LENGTH)}"
        words = longer if len(longer) <= _HEADER_LENGTH else words
    sheet.set_margins(left=0.4, right=0.4, top=0.75, bottom=0.6)
    sheet.set_header(words, {"margin": 0.3})


def _header_text(words: str, longest: int = _TITLE_LENGTH) -> str:
    return text_line(words)[:longest].replace("&", "&&")


def points_wide(widths: Mapping[int, float], last: int | None = None) -> float:
    """Points of the columns up to ``last``, or up to the last one that was set.

    >>> points_wide({0: 10.0, 2: 10.0})
    160.5
    """
    end = max(widths, default=0) if last is None else last
    return sum(_points(widths, place) for place in range(end + 1))


def column_at(widths: Mapping[int, float], points: float) -> int:
    """The column in which so many points end.

    >>> column_at({0: 10.0, 1: 10.0, 2: 10.0}, 100.0), column_at({0: 10.0}, 100.0)
    (1, 1)
    """
    place, used = 0, _points(widths, 0)
    while used < points:
        place += 1
        used += _points(widths, place)
    return place


def last_column(widths: Mapping[int, float], points: float) -> int:
    """The column in which so many points end, and never one before the last that was set.

    >>> last_column({0: 10.0, 2: 10.0}, 100.0), last_column({0: 10.0}, 100.0)
    (2, 1)
    """
    return max(column_at(widths, points), max(widths, default=0))


def _points(widths: Mapping[int, float], place: int) -> float:
    """A column of w signs is 7w + 5 pixels."""
    return (7 * widths[place] + 5) * 0.75 if place in widths else _COLUMN


def pages_across(wide: float) -> int:
    """Pages side by side that a list of so many points needs to stay readable.

    >>> pages_across(900.0), pages_across(1600.0)
    (1, 2)
    """
    return max(1, ceil(wide * _SMALLEST / _PAGE_WIDE))


def breaks(
    parts: Sequence[tuple[int, int]], heights: Mapping[int, float], wide: float, repeated: range
) -> list[int]:
    """Rows before which a new page starts, so that a part (first and last row) is not torn where it fits on a page.

    ``repeated`` rows stand on every page but count on the first one by themselves.

    >>> breaks([(0, 20), (21, 40)], {}, 784.0, range(0, 2))
    [21]
    >>> breaks([(0, 9), (10, 19)], {}, 784.0, range(0, 2))
    []
    """
    high = _PAGE_HIGH / min(1.0, _PAGE_WIDE / wide)
    again = sum(heights.get(row, _ROW) for row in repeated)
    found, used = [], 0.0
    for first, last in parts:
        needed = sum(heights.get(row, _ROW) for row in range(first, last + 1))
        if used and used + needed > high and (needed <= high - again or used > high / 2):
            found.append(first)
            used = again
        used += needed
        while used > high:
            used = used - high + again
    return found
