"""The first tab: tiles, findings and what to do this week, on a grid of narrow columns."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from stockturn.model import Finding, Report, Sheet, Tile
from stockturn.output.formats import excel_format, text_cell, unit_of, width
from stockturn.output.palette import BLUE, FILLS, HEAD, LEVELS, LINE, PAPER, SOFT
from stockturn.output.phrases import Phrases
from stockturn.output.tiles import light_text, lines
from stockturn.output.xlsx_styles import Styles
from stockturn.output.xlsx_tables import Extent, quoted
from stockturn.schema import Unit

PER_ROW = 4
_TILE_COLUMNS = 3
_GAP = 1.5
_COLUMN = 10.5
_LINES = 3
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
    """Tiles, four in a row; gives the row below them."""
    for place, tile in enumerate(tiles):
        top = row + place // PER_ROW * (_LINES + 4)
        _tile(grid, tile, top, place % PER_ROW * (_TILE_COLUMNS + 1), extents)
    return row + ceil(len(tiles) / PER_ROW) * (_LINES + 4)


def _tile(grid: Grid, tile: Tile, row: int, column: int, extents: Mapping[str, Extent]) -> None:
    styles, sheet, last = grid.styles, grid.sheet, column + _TILE_COLUMNS - 1
    colour = LEVELS[tile.light] if tile.light else HEAD
    box = {"bg_color": PAPER}
    grid.text(
        row, column, last, tile.label, styles.of(**box, font_color=SOFT, bold=True, top=5, top_color=colour)
    )
    _figure(grid, tile, row + 1, column)
    light = light_text(tile, grid.say)
    badge = styles.of(
        font_size=9,
        bold=True,
        align="center",
        font_color=colour,
        bg_color=FILLS[tile.light] if tile.light else PAPER,
    )
    sheet.write_string(row + 1, last, light, badge)
    sheet.set_row(row + 1, 30)
    under = lines(tile, grid.say)[:_LINES]
    for place in range(_LINES):
        line = under[place] if place < len(under) else None
        ink = LEVELS[line.level] if line and line.level else SOFT
        grid.text(
            row + 2 + place,
            column,
            last,
            line.text if line else "",
            styles.of(**box, font_size=9, font_color=ink),
        )
    bottom = row + 2 + _LINES
    for place in range(column, last + 1):
        sheet.write_blank(bottom, place, None, styles.of(**box, bottom=1, bottom_color=LINE))
    trend = extents.get("trend")
    if tile.spark and trend and tile.spark in trend.columns:
        place = trend.columns[tile.spark]
        cells = f"{quoted(trend.tab)}!{_cell(trend.first_row, place)}:{_cell(trend.last_row, place)}"
        sheet.add_sparkline(
            bottom, column, {"range": cells, "series_color": BLUE, "weight": 1.75, "last_point": True}
        )
    sheet.set_row(bottom, 22)


def _figure(grid: Grid, tile: Tile, row: int, column: int) -> None:
    """The value as a number with its format: people copy it."""
    looks = {"font_size": 20, "bold": True, "align": "left", "bg_color": PAPER}
    last = column + _TILE_COLUMNS - 2
    if tile.value is None:
        grid.text(row, column, last, "–", grid.styles.of(**looks))
        return
    unit = unit_of(tile.column)
    number_format = _tile_format(unit)
    form = grid.styles.of(**looks, num_format=number_format)
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
    todos = [finding.todo for finding in sheet.findings if finding.todo]
    if not todos:
        return row
    _section(grid, row + 1, grid.say("todo_title"))
    row += 2
    form = grid.styles.of(text_wrap=True, valign="vcenter", bottom=4, bottom_color=LINE)
    for todo in todos:
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
