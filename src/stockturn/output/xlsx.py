"""The workbook: every sheet of a report as tabs that print, filter and link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
from pathlib import Path
from typing import Any

import polars as pl

from stockturn.model import Block, Chart, Report, Sheet
from stockturn.output.files import replacing
from stockturn.output.formats import shown, text_cell, width
from stockturn.output.palette import BLUE, HEAD
from stockturn.output.phrases import Phrases
from stockturn.output.xlsx_charts import WIDTH, Drawing, height_of, insert_chart
from stockturn.output.xlsx_pages import (
    breaks,
    last_column,
    list_header,
    page_setup,
    pages_across,
    points_wide,
)
from stockturn.output.xlsx_styles import Styles
from stockturn.output.xlsx_summary import COLUMNS, Grid, write_findings, write_tiles
from stockturn.output.xlsx_tab import Extent, Tab, quoted
from stockturn.output.xlsx_tables import write_table
from stockturn.schema import Unit

_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
"""Nothing that came from data becomes a formula, a link or a number by itself."""

_ROW_PIXELS = 20
_WIDE_TABLE = 14
"""From so many columns on a page is wide enough for three charts side by side, else two."""

_NAME_LENGTH = 31
_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_RESERVED = "history"
"""A name that Excel keeps for itself: it would offer to repair the workbook."""

_DATA_DATE = date(1980, 1, 1)


def write_report(report: Report, path: Path) -> None:
    """Write the workbook to ``path``, whole or not at all. The same report gives the same bytes."""
    with replacing(path) as temporary:
        _Book(report).write(temporary)


def write_tables(
    tables: Mapping[str, pl.DataFrame],
    path: Path,
    lang: str,
    currency: str,
    units: Mapping[str, Unit] | None = None,
) -> None:
    """A bare workbook: one tab per table with its labels, formats and filters; codes stay as they are. ``units``: of
    columns of the first table that mean something else there than in the vocabulary; their labels are common words."""
    first, own = next(iter(tables)), units or {}
    labels = {name: Phrases(lang).word(name) for name in own}
    blocks = tuple(
        Block(
            name,
            frame,
            name,
            detail=True,
            units=own if name == first else {},
            labels=labels if name == first else {},
        )
        for name, frame in tables.items()
    )
    sheets = (Sheet(first, first, blocks),)
    _Book(Report(first, "", lang, currency, _DATA_DATE, sheets), bare=True).write(path)


@dataclass
class _Place:
    """A tab of the plan: its tables and the charts that stand above them."""

    sheet: Sheet
    blocks: tuple[Block, ...]
    worksheet: Any
    name: str
    charts: tuple[tuple[Block, Chart], ...]
    chart_row: int = 0

    @property
    def across(self) -> int:
        """Charts side by side."""
        return 3 if max((block.frame.width for block in self.blocks), default=0) >= _WIDE_TABLE else 2

    @property
    def chart_height(self) -> int:
        """Pixels of every chart of the tab: as high as the highest needs to be."""
        return max((height_of(block, chart) for block, chart in self.charts), default=0)

    @property
    def chart_rows(self) -> int:
        """Rows that a chart takes."""
        return ceil((self.chart_height + 12) / _ROW_PIXELS) or 1


class _Book:
    """A workbook being written. Tabs are planned first, so that links can point forward."""

    def __init__(self, report: Report, bare: bool = False) -> None:
        self.report, self.bare = report, bare
        self.say = Phrases(report.lang)
        self.extents: dict[str, Extent] = {}
        self.tabs: dict[str, str] = {}
        self.summary = report.sheets[0] if report.sheets and report.sheets[0].tiles else None

    def write(self, path: Path) -> None:
        """Tables first, then what refers to them."""
        import xlsxwriter

        with xlsxwriter.Workbook(str(path), _OPTIONS) as workbook:
            self.workbook, self.styles = workbook, Styles(workbook, self.report.lang)
            self._properties()
            places = self._plan()
            for place in places:
                if place.sheet is not self.summary:
                    self._tab(place)
            for place in places:
                if place.sheet is self.summary:
                    self._summary(place.sheet, place.worksheet, place.name)
                else:
                    self._draw(place)

    def _properties(self) -> None:
        known = dict(self.report.properties)
        created = datetime.combine(self.report.as_of, datetime.min.time())
        self.workbook.set_properties(
            {"title": self.report.title, "author": "stockturn", "created": created, **known}
        )

    def _plan(self) -> list[_Place]:
        """One tab per sheet, and one more for each long list of it; a sheet that is one long list is one tab. Charts
        stand on the sheet's own tab, wherever their table is."""
        places: list[_Place] = []
        for sheet in self.report.sheets:
            short = tuple(block for block in sheet.blocks if not block.long)
            long = tuple(block for block in sheet.blocks if block.long)
            groups = [] if self.bare else [(sheet.title, sheet.key, short)]
            groups += [(block.title, block.key, (block,)) for block in long]
            if len(long) == 1 and not short and not sheet.tiles:
                groups = [(sheet.title, sheet.key, long)]
            for title, key, blocks in groups:
                name = self._name(title)
                worksheet = self.workbook.add_worksheet(name)
                drawn = sheet.blocks if key == sheet.key else ()
                charts = [(block, chart) for block in drawn for chart in block.charts if block.frame.height]
                places.append(_Place(sheet, blocks, worksheet, name, tuple(charts)))
                self.tabs[key] = name
                self.tabs |= {block.key: name for block in blocks}
        return places

    def _name(self, title: str) -> str:
        """A name that Excel takes: short, without its forbidden signs, different from all others."""
        clean = " ".join(title.translate(_NOT_IN_NAMES).split()).strip("'") or "–"
        taken = {_RESERVED, *(name.casefold() for name in self.tabs.values())}
        name, number = clean[:_NAME_LENGTH], 2
        while name.casefold() in taken:
            tail = f" {number}"
            name, number = clean[: _NAME_LENGTH - len(tail)] + tail, number + 1
        return name

    def _tab(self, place: _Place) -> None:
        sheet, blocks = place.sheet, place.blocks
        tab = Tab(place.worksheet, place.name, self.report.lang)
        detail = bool(blocks) and blocks[0].long
        row = 0 if self.bare else self._head(sheet, blocks, tab, detail)
        row = self._tiles(sheet, tab, row) if sheet.tiles and not detail else row
        place.chart_row = row
        row += ceil(len(place.charts) / place.across) * place.chart_rows
        header_row, parts = row, _chart_parts(place.chart_row, row, place.chart_rows)
        for block in blocks:
            start = row
            header_row, row = self._block(block, tab, row, detail)
            parts.append((start if parts else 0, row - 1))
        tab.apply_widths()
        charts_wide = min(len(place.charts), place.across) * (WIDTH + 12) * 0.75
        self._page(tab, blocks, detail, header_row, parts, charts_wide)

    def _draw(self, place: _Place) -> None:
        """The charts of a tab, when every table has its place."""
        for number, (block, chart) in enumerate(place.charts):
            drawing = Drawing(self.workbook, block, chart, self.extents[block.key], self.say)
            row = place.chart_row + number // place.across * place.chart_rows
            offset = number % place.across * (WIDTH + 12)
            insert_chart(drawing, place.worksheet, row, offset, place.chart_height)

    def _head(self, sheet: Sheet, blocks: tuple[Block, ...], tab: Tab, detail: bool) -> int:
        """Title, link back, notes."""
        title = blocks[0].title if detail else sheet.title
        tab.sheet.write_string(0, 0, title, self.styles.title)
        tab.set_height(0, 26)
        home = self.tabs.get(self.summary.key) if self.summary else None
        if home:
            tab.sheet.write_url(
                1, 0, f"internal:{quoted(home)}!A1", self.styles.link, "← " + self.say("back")
            )
        tab.sheet.write_string(2, 0, self.report.subtitle, self.styles.of(font_size=9, font_color="#52606D"))
        row = 3
        for note in () if detail else sheet.notes:
            row = tab.note(row, note, self.styles.note)
        return row if detail else row + 1

    def _tiles(self, sheet: Sheet, tab: Tab, row: int) -> int:
        """Headline figures of a tab that is no grid: label over value."""
        for column, tile in enumerate(sheet.tiles):
            tab.sheet.write_string(row, column, tile.label, self.styles.of(font_size=9, font_color="#52606D"))
            ink = {"font_color": {"warning": "#9A5B00", "good": "#1B7A3D"}.get(tile.light or "", HEAD)}
            form = self.styles.of(num_format="#,##0", bold=True, font_size=14, align="left", **ink)
            if tile.value is not None:
                tab.sheet.write_number(row + 1, column, tile.value, form)
            figure = shown(tile.value, Unit.COUNT)
            tab.widen(column, max(len(figure) * 2.0, width(tile.label), width(tile.note or "")) + 1)
            if tile.note:
                small = self.styles.of(font_size=9, font_color="#52606D")
                tab.sheet.write_string(row + 2, column, text_cell(tile.note), small)
        return row + (4 if any(tile.note for tile in sheet.tiles) else 3)

    def _block(self, block: Block, tab: Tab, row: int, detail: bool) -> tuple[int, int]:
        """Heading, notes, table; gives the row of its header and the row below it."""
        if not detail:
            tab.sheet.write_string(row, 0, block.title, self.styles.heading)
            tab.set_height(row, 20)
            row += 1
        notes = list(block.notes)
        if block.omitted:
            omitted = shown(block.omitted, Unit.COUNT)
            notes.append(self.say("rows_omitted", omitted=omitted))
        for note in () if self.bare else notes:
            row = tab.note(row, note, self.styles.note)
        extent, cut = write_table(tab, block, row, self.styles, self.say)
        self.extents[block.key] = extent
        below = extent.last_row + (2 if block.total is not None else 1)
        if cut:
            below = tab.note(below, self.say("text_cut", n=shown(cut, Unit.COUNT)), self.styles.note)
        return row, below + 1

    def _page(
        self,
        tab: Tab,
        blocks: tuple[Block, ...],
        detail: bool,
        header_row: int,
        parts: list[tuple[int, int]],
        charts_wide: float,
    ) -> None:
        """Frozen header, titles on every page; what only charts need is not printed."""
        sheet, top = tab.sheet, header_row if detail else 1
        names = blocks[0].frame.columns if detail else []
        columns = sum(1 for name in names[:2] if name in ("id", "sku", "name", "file"))
        sheet.freeze_panes(top + 1, columns)
        titles = range(header_row if self.bare else 0, top + 1)
        sheet.repeat_rows(titles.start, top)
        page_setup(sheet, self.report)
        wide = max(points_wide(tab.widths), charts_wide, tab.notes_wide)
        if detail and (across := pages_across(wide)) > 1:
            sheet.fit_to_pages(across, 0)
            if columns:
                sheet.repeat_columns(0, columns - 1)
            if not self.bare:
                self._head_in_margin(tab, blocks[0], header_row)
        if not detail:
            if blocks and blocks[-1].aside:
                *parts, (after, _) = parts
                sheet.print_area(0, 0, max(after - 1, top), last_column(tab.widths, wide))
            sheet.set_h_pagebreaks(breaks(parts, tab.heights, wide, titles))

    def _head_in_margin(self, tab: Tab, block: Block, header_row: int) -> None:
        """A list over pages side by side repeats its first columns, and its head in cells would be cut by them."""
        notes = [words for row, words, _ in tab.notes if row < header_row]
        list_header(tab.sheet, block.title, [self.report.subtitle, *notes])
        last_row = max([self.extents[block.key].last_row + 1, *(row for row, *_ in tab.notes)])
        tab.sheet.print_area(header_row, 0, last_row, max(tab.widths))
        tab.sheet.repeat_rows(header_row)

    def _summary(self, sheet: Sheet, worksheet: Any, name: str) -> None:
        grid = Grid(worksheet, self.styles, self.say, self.report)
        grid.text(
            0, 0, COLUMNS - 1, self.report.title, self.styles.of(bold=True, font_size=20, font_color=HEAD)
        )
        grid.text(1, 0, COLUMNS - 1, self.report.subtitle, self.styles.of(font_size=9, font_color="#52606D"))
        worksheet.set_row(0, 34)
        row = 2
        for note in sheet.notes:
            grid.text(
                row, 0, COLUMNS - 1, note, self.styles.of(font_size=9, font_color="#9A5B00", text_wrap=True)
            )
            worksheet.set_row(row, 13.5 * grid.lines_of(note, 0, COLUMNS - 1))
            row += 1
        row = write_tiles(grid, sheet.tiles, row + 1, self.extents)
        row = write_findings(grid, sheet, row, self.tabs, self.extents)
        self._contents(grid, row + 1, name)
        worksheet.set_tab_color(BLUE)
        worksheet.activate()
        page_setup(worksheet, self.report)
        worksheet.fit_to_pages(1, 1)

    def _contents(self, grid: Grid, row: int, own: str) -> None:
        grid.text(row, 0, COLUMNS - 1, self.say("contents"), self.styles.heading)
        names = [name for name in dict.fromkeys(self.tabs.values()) if name != own]
        for place, name in enumerate(names):
            column = place % 4 * 4
            below = row + 1 + place // 4
            grid.text(below, column, column + 2, "", self.styles.link)
            grid.sheet.write_url(below, column, f"internal:{quoted(name)}!A1", self.styles.link, name)


def _chart_parts(first: int, end: int, rows: int) -> list[tuple[int, int]]:
    """The head with the first row of charts, then each further row of charts."""
    starts = range(first, end, rows)
    return [(start if start > first else 0, start + rows - 1) for start in starts]
