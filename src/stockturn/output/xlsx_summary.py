"""The first tab: tiles, findings and what to do this week, on a grid of narrow columns."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from stockturn.model import Finding, Report, Sheet, Tile
from stockturn.output.formats import excel_format, text_cell, unit_of, width
from stockturn.output.palette import BLUE, FILLS, HEAD, LEVELS, LINE, PAPER, SOFT
from stockturn.output.phrases import Phrases
from stockturn.output.tiles import Line, light_text, lines
from stockturn.output.xlsx_styles import Styles
from stockturn.output.xlsx_tab import Extent, quoted
from stockturn.schema import Unit

PER_ROW = 4
_TILE_COLUMNS = 3
_GAP = 1.5
_COLUMN = 13.0
COLUMNS = PER_ROW * (_TILE_COLUMNS + 1) - 1
"""Columns of the grid: four tiles of three, with gaps between them."""

_TEXT_END = COLUMNS - 5
_POINTS_PER_LINE = 15.0


class Grid:
    """The summary tab while it is being written."""

    def __init__(self, sheet: Any, styles: Styles, say: Phrases, report: Report) -> None:
        self.sheet, self.styles, self.say, self.report = sheet, styles, say, report
        for column in range(COLUMNS):
            gap = column % (_TILE_COLUMNS + 1) == _TILE_COLUMNS
            sheet.set_column(column, column, _GAP if gap else _COLUMN)

    def text(self, row: int, first: int, last: int, words: str, form: Any) -> None:
        """Text over several columns."""
        self.sheet.merge_range(row, first, row, last, "", form)
        self.sheet.write_string(row, first, text_cell(words), form)

    def lines_of(self, words: str, first: int, last: int) -> int:
        """Lines that text takes over these columns: Excel does not fit the height of merged cells by itself."""
        gaps = sum(1 for column in range(first, last + 1) if column % (_TILE_COLUMNS + 1) == _TILE_COLUMNS)
        room = (last - first + 1 - gaps) * _COLUMN + gaps * _GAP
        return max(1, ceil(width(words) * 1.08 / room))


def write_tiles(grid: Grid, tiles: tuple[Tile, ...], row: int, extents: Mapping[str, Extent]) -> int:
    """Tiles, four in a row, all of a row as high as the fullest one needs; gives the row below them."""
    for start in range(0, len(tiles), PER_ROW):
        beside = tiles[start : start + PER_ROW]
        under = [lines(tile, grid.say) for tile in beside]
        high = max(map(len, under))
        sparks = [_spark_cells(tile, extents) for tile in beside]
        for place, tile in enumerate(beside):
            column, blank = place * (_TILE_COLUMNS + 1), [Line("")] * (high - len(under[place]))
            _tile(grid, tile, row, column, under[place] + blank)
            _tile_foot(grid, row + 2 + high, column, sparks[place])
        grid.sheet.set_row(row + 1, 30)
        grid.sheet.set_row(row + 2 + high, 24 if any(sparks) else 6)
        grid.sheet.set_row(row + 3 + high, 9)
        row += high + 4
    return row


def _tile(grid: Grid, tile: Tile, row: int, column: int, under: list[Line]) -> None:
    """Label, figure with its light, and what stands under it."""
    styles, last = grid.styles, column + _TILE_COLUMNS - 1
    colour = LEVELS[tile.light] if tile.light else HEAD
    box = {"bg_color": PAPER, "indent": 1}
    label = styles.of(**box, font_color=SOFT, bold=True, top=5, top_color=colour)
    grid.text(row, column, last, tile.label, label)
    _figure(grid, tile, row + 1, column)
    if tile.light:
        fill = FILLS[tile.light]
        badge = styles.of(font_size=9, bold=True, align="center", font_color=colour, bg_color=fill)
        grid.sheet.write_string(row + 1, last, light_text(tile, grid.say), badge)
    for place, line in enumerate(under, start=row + 2):
        ink = LEVELS[line.level] if line.level else SOFT
        grid.text(place, column, last, line.text, styles.of(**box, font_size=9, font_color=ink))


def _spark_cells(tile: Tile, extents: Mapping[str, Extent]) -> str | None:
    """Where the year behind a figure stands."""
    trend = extents.get("trend")
    if not tile.spark or trend is None or tile.spark not in trend.columns:
        return None
    place = trend.columns[tile.spark]
    return f"{quoted(trend.tab)}!{_cell(trend.first_row, place)}:{_cell(trend.last_row, place)}"


def _tile_foot(grid: Grid, row: int, column: int, cells: str | None) -> None:
    """The last line of a tile, with its year as a small line over the whole width."""
    foot = grid.styles.of(bg_color=PAPER, bottom=1, bottom_color=LINE)
    grid.sheet.merge_range(row, column, row, column + _TILE_COLUMNS - 1, "", foot)
    if cells:
        looks = {"series_color": BLUE, "weight": 1.75, "last_point": True}
        grid.sheet.add_sparkline(row, column, {"range": cells, **looks})


def _figure(grid: Grid, tile: Tile, row: int, column: int) -> None:
    """The value as a number with its format: people copy it; a long one is set smaller, never cut."""
    looks = {"font_size": 18, "bold": True, "align": "left", "indent": 1, "bg_color": PAPER, "shrink": True}
    last = column + _TILE_COLUMNS - (2 if tile.light else 1)
    if tile.value is None:
        grid.text(row, column, last, "–", grid.styles.of(**looks))
        return
    form = grid.styles.of(**looks, num_format=_tile_format(unit_of(tile.column)))
    grid.sheet.merge_range(row, column, row, last, "", form)
    grid.sheet.write_number(row, column, tile.value, form)


def _tile_format(unit: Unit) -> str:
    """Amounts and quantities of a tile are whole: cents would only make it smaller."""
    match unit:
        case Unit.DAYS:
            return "#,##0.0"
        case Unit.MONEY | Unit.QTY:
            return "#,##0"
        case _:
            return excel_format(unit)


def _cell(row: int, column: int) -> str:
    from xlsxwriter.utility import xl_rowcol_to_cell

    return str(xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True))


def write_findings(
    grid: Grid, sheet: Sheet, row: int, tabs: Mapping[str, str], extents: Mapping[str, Extent]
) -> int:
    """The findings with money and link, then what to do; gives the row below them."""
    row = _findings(grid, sheet, row, tabs, extents)
    if not sheet.todos:
        return row
    _section(grid, row + 1, grid.say("todo_title"))
    row += 2
    form = grid.styles.of(text_wrap=True, valign="vcenter", bottom=4, bottom_color=LINE)
    for todo in sheet.todos:
        words = f"☐  {todo}"
        grid.text(row, 0, COLUMNS - 1, words, form)
        grid.sheet.set_row(row, grid.lines_of(words, 0, COLUMNS - 1) * _POINTS_PER_LINE + 5)
        row += 1
    return row


def _findings(
    grid: Grid, sheet: Sheet, row: int, tabs: Mapping[str, str], extents: Mapping[str, Extent]
) -> int:
    styles, say = grid.styles, grid.say
    _section(grid, row, say("findings_title"))
    row += 1
    if not sheet.findings:
        grid.text(row, 0, COLUMNS - 1, say("no_findings"), styles.of())
        return row + 1
    head = styles.of(bold=True, font_size=9, font_color=SOFT, bottom=1, bottom_color=LINE)
    right = styles.of(bold=True, font_size=9, font_color=SOFT, bottom=1, bottom_color=LINE, align="right")
    indented = styles.of(bold=True, font_size=9, font_color=SOFT, bottom=1, bottom_color=LINE, indent=1)
    grid.text(row, 0, _TEXT_END, "", head)
    grid.text(row, _TEXT_END + 1, _TEXT_END + 2, say("money_label"), right)
    grid.text(row, _TEXT_END + 3, COLUMNS - 1, say("detail_label"), indented)
    row += 1
    for number, finding in enumerate(sheet.findings, start=1):
        _finding(grid, row, f"{number}.  {finding.sentence}", finding)
        tab = tabs.get(finding.link or "")
        if tab:
            place = extents.get(finding.link or "")
            _link(grid, row, tab, place.first_row if place else 1)
        row += 1
    return row


def _section(grid: Grid, row: int, words: str) -> None:
    grid.text(
        row,
        0,
        COLUMNS - 1,
        words,
        grid.styles.of(bold=True, font_size=12, font_color=HEAD, bottom=2, bottom_color=HEAD),
    )
    grid.sheet.set_row(row, 22)


_UNDER: Mapping[str, object] = {"bottom": 4, "bottom_color": LINE, "valign": "vcenter"}


def _finding(grid: Grid, row: int, words: str, finding: Finding) -> None:
    styles = grid.styles
    badge = styles.of(
        **_UNDER,
        bg_color=FILLS[finding.level],
        text_wrap=True,
        left=5,
        left_color=LEVELS[finding.level],
    )
    grid.text(row, 0, _TEXT_END, words, badge)
    grid.sheet.set_row(row, grid.lines_of(words, 0, _TEXT_END) * _POINTS_PER_LINE + 6)
    money = styles.of(**_UNDER, num_format="#,##0", bold=True, align="right")
    grid.sheet.merge_range(row, _TEXT_END + 1, row, _TEXT_END + 2, "", money)
    if finding.money is not None:
        grid.sheet.write_number(row, _TEXT_END + 1, finding.money, money)
    link = styles.of(**_UNDER, font_color=LEVELS["info"], underline=1, indent=1)
    grid.sheet.merge_range(row, _TEXT_END + 3, row, COLUMNS - 1, "", link)


def _link(grid: Grid, row: int, tab: str, target: int) -> None:
    """To the header of the table in question (``target`` is its first data row, counted from 0)."""
    form = grid.styles.of(**_UNDER, font_color=LEVELS["info"], underline=1, indent=1)
    grid.sheet.write_url(row, _TEXT_END + 3, f"internal:{quoted(tab)}!A{max(target, 1)}", form, tab)
