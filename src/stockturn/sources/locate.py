"""Where in a grid the table stands: rows above it, its header of one to three levels, its first row of data."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from stockturn.sources.captions import Vocabulary, norm, path_variants
from stockturn.sources.dates import month_of
from stockturn.sources.grid import Grid

HEAD_ROWS = 60
"""Rows that are looked at. The header of every export seen stands within the first ten; page headers and
query conditions of home-made sheets reach further."""

SEARCHED = 25
LEVELS = 3
MONTHS = 3  # so many captions that are months make a header of a wide sheet
_NUMBER = re.compile(r"^[-+(¥$€]?\s*[\d.,]+%?\)?$")
_CONDITION = re.compile(r"[:：]\s*\S")
_DATE = re.compile(r"^\d{4}[-/.年]\d{1,2}")


@dataclass(frozen=True)
class Layout:
    """``header`` are positions of the header rows (empty where the format names its columns), ``paths`` the
    caption of each cell column as a tuple of levels (None where there is no caption), ``body`` the position of
    the first row below, ``titles`` the texts above."""

    header: tuple[int, ...]
    paths: tuple[tuple[str, ...] | None, ...]
    body: int
    titles: tuple[str, ...]

    def caption(self, column: int) -> str:
        """How a column is called in messages."""
        path = self.paths[column] if column < len(self.paths) else None
        return "/".join(path) if path else f"column {column + 1}"


def locate(grid: Grid, words: Vocabulary, extra: Collection[str] = ()) -> Layout | None:
    """The table of a grid, or None where no row looks like a header.

    A header is the row (or two or three rows) under which most captions are known, of the vocabulary or of
    ``extra`` (headers named by the config); of equals the one with the fewest levels, then the topmost.
    """
    if grid.captions:
        return Layout((), tuple((caption,) for caption in grid.captions), 0, ())
    rows = grid.head(HEAD_ROWS)
    named = {norm(caption) for caption in extra}
    best: tuple[int, int, int] | None = None
    for top in range(min(SEARCHED, len(rows))):
        for levels in range(1, LEVELS + 1):
            if top + levels > len(rows) or (levels > 1 and not _captions_only(rows[top + levels - 1])):
                break
            if levels > 1 and _is_title(rows[top], grid.merges, top):
                break
            paths = header_paths(rows[top : top + levels], grid.merges, top)
            score = sum(1 for path in set(paths) - {None} if path and _known(path, words, named))
            months = len({month_of("".join(path)) for path in paths if path} - {None})
            score += months if months >= MONTHS else 0
            if score >= 2 and (best is None or (score, -levels) > best[:2]):
                best = (score, -levels, top)
    if best is None:
        return None
    levels, top = -best[1], best[2]
    if top and levels < LEVELS and _upper_half(rows[top - 1], rows[top]):
        levels, top = levels + 1, top - 1
    while levels < LEVELS and _lower_half(rows, top + levels, grid.merges):
        levels += 1
    titles = tuple(dict.fromkeys(cell for row in rows[:top] for cell in row if cell))
    header = tuple(range(top, top + levels))
    return Layout(header, header_paths(rows[top : top + levels], grid.merges, top), top + levels, titles)


def _is_title(row: list[str | None], merges: tuple[tuple[int, int, int, int], ...], top: int) -> bool:
    """Whether a row is a title or a condition and no upper level of a header: one text at the left edge that does not
    reach down, or a pair like 仓库：总仓."""
    filled = [column for column, text in enumerate(row) if text and text.strip()]
    if any(_CONDITION.search(row[column] or "") for column in filled):
        return True
    down = any(first == top and left == 0 and last > first for first, left, last, _ in merges)
    return filled == [0] and not down


def header_paths(
    rows: list[list[str | None]], merges: tuple[tuple[int, int, int, int], ...], top: int
) -> tuple[tuple[str, ...] | None, ...]:
    """The caption of each column: its levels from the group down, repeated levels once.

    A group reaches over the columns that it is merged over; without merges (CSV) over the blank cells to its
    right that have a caption below them.
    """
    levels = [list(row) for row in rows]
    for level in range(len(levels) - 1):
        _spread(levels, level, [merge for merge in merges if merge[0] <= top + level <= merge[2]])
    width = len(levels[0])
    paths: list[tuple[str, ...] | None] = []
    for column in range(width):
        parts: list[str] = []
        for row in levels:
            text = " ".join((row[column] or "").split())
            if text and (not parts or parts[-1] != text):
                parts.append(text)
        paths.append(tuple(parts) or None)
    return tuple(paths)


def _spread(levels: list[list[str | None]], level: int, merges: list[tuple[int, int, int, int]]) -> None:
    row, below = levels[level], levels[level + 1]
    wide = [merge for merge in merges if merge[3] > merge[1]]
    for _, left, _, right in wide:
        if left < len(row):
            for column in range(left + 1, min(right + 1, len(row))):
                row[column] = row[column] or row[left]
    if wide:
        return
    group: str | None = None
    for column, text in enumerate(row):
        if text:
            group = text if below[column] and below[column] != text else None
        elif group and below[column]:
            row[column] = group
        else:
            group = None


def _upper_half(above: list[str | None], row: list[str | None]) -> bool:
    """Whether the row above is the upper part of the same header: most of its cells reach down into it."""
    cells = [(text, row[column]) for column, text in enumerate(above) if text]
    return len(cells) >= 2 and sum(upper == lower for upper, lower in cells) * 2 > len(cells)


def _lower_half(rows: list[list[str | None]], at: int, merges: tuple[tuple[int, int, int, int], ...]) -> bool:
    """Whether a row is the lowest level of the header above it: captions alone, and each below a group that is
    merged over several columns."""
    if at >= len(rows) or not _captions_only(rows[at]):
        return False
    grouped = {
        column
        for first, left, last, right in merges
        if first == last == at - 1 and right > left
        for column in range(left, right + 1)
    }
    return all(column in grouped for column, text in enumerate(rows[at]) if text and text.strip())


def _captions_only(row: list[str | None]) -> bool:
    cells = [cell for cell in row if cell]
    return len(cells) >= 2 and not any(_NUMBER.match(cell) or _DATE.match(cell) for cell in cells)


def _known(path: tuple[str, ...], words: Vocabulary, named: set[str]) -> bool:
    return words.recognises(path) or bool(named & set(path_variants(path)))
