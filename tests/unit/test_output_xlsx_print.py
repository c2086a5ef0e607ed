"""Paper and narrow fonts: nothing is shown as ####, no table is torn that fits on a page, wide lists stay readable."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from openpyxl.utils import column_index_from_string, get_column_letter

from stockturn.config import Settings
from stockturn.i18n import LANGUAGES
from stockturn.model import PAGE_ROWS, Block, Chart, Report, Sheet
from stockturn.output.sheets import build_report
from stockturn.output.xlsx import write_report
from stockturn.schema import Unit
from tests.company import AS_OF, analysis
from tests.outlook import outlook
from tests.reading import read_workbook

WIDEST_DIGIT, WIDEST_POINT, COLUMN_UNIT = 8.5, 4.6, 7.0
"""Pixels at 10 points: a digit and a comma of the widest font that stands in for another, and a unit of a column."""


def _whole_report(lang: str) -> Report:
    settings = Settings.model_validate({"lang": lang, "ingest": {"currency": "CNY"}})
    return build_report(replace(analysis(), supply=outlook()), settings, {"stockturn": "0.1.0"})


def _pixels(value: float | datetime, form: str) -> float:
    """Width of a figure as its format shows it."""
    if isinstance(value, datetime):
        shown = value.date().isoformat()
    elif form.startswith("+"):
        shown = f"{value * 100:+.1f}%"
    elif form.endswith("%"):
        shown = f"{value * 100:.1f}%"
    else:
        shown = f"{value:,.{len(form.partition('.')[2].replace('#', ''))}f}"
    return sum(WIDEST_POINT if sign in ",.-" else WIDEST_DIGIT for sign in shown) + (
        2 * WIDEST_DIGIT if "%" in shown else 0
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_figure_and_date_fits_its_column_in_the_widest_font(lang: str, tmp_path: Path) -> None:
    """A figure that is wider than its column is shown as ####; checked cell by cell over all tabs."""
    write_report(_whole_report(lang), tmp_path / "report.xlsx")
    checked = 0
    for sheet in read_workbook(tmp_path / "report.xlsx").worksheets:
        merged = {cell for area in sheet.merged_cells.ranges for row in area.rows for cell in row}
        for row in sheet.iter_rows():
            for cell in row:
                if not isinstance(cell.value, int | float | datetime) or (cell.row, cell.column) in merged:
                    continue
                room = sheet.column_dimensions[cell.column_letter].width * COLUMN_UNIT
                size = cell.font.sz / 10
                assert _pixels(cell.value, cell.number_format) * size <= room, (
                    sheet.title,
                    cell.coordinate,
                    cell.value,
                )
                checked += 1
    assert checked > 1000


def _tables_report(rows: list[int], columns: int = 3, detail: bool = False) -> Report:
    names = ["sku", *(f"c{place}" for place in range(columns - 1))]
    labels = {name: name for name in names}
    units = dict.fromkeys(names[1:], Unit.MONEY)
    blocks = tuple(
        Block(
            f"T{place}",
            pl.DataFrame({"sku": ["A"] * count, **{name: [1e9] * count for name in names[1:]}}),
            f"t{place}",
            labels=labels,
            units=units,
            detail=detail,
        )
        for place, count in enumerate(rows)
    )
    return Report("R", "", "en", "", date(2024, 12, 31), (Sheet("s", "Sheet", blocks),))


def test_a_table_that_fits_on_a_page_is_not_torn(tmp_path: Path) -> None:
    """Two tables of 22 rows do not fit on one page: the second starts a new one, at its title."""
    write_report(_tables_report([22, 22]), tmp_path / "report.xlsx")
    sheet = read_workbook(tmp_path / "report.xlsx")["Sheet"]
    (cut,) = [brk.id for brk in sheet.row_breaks.brk]
    assert sheet.cell(cut + 1, 1).value == "T1"
    write_report(_tables_report([5, 5]), tmp_path / "report.xlsx")
    assert read_workbook(tmp_path / "report.xlsx")["Sheet"].row_breaks.brk == []


def test_a_list_too_wide_for_a_page_goes_over_two_with_its_key_on_both(tmp_path: Path) -> None:
    """Thirty columns of amounts: two pages side by side, the sku repeated; three columns stay on one."""
    write_report(_tables_report([3], columns=30, detail=True), tmp_path / "wide.xlsx")
    sheet = read_workbook(tmp_path / "wide.xlsx")["Sheet"]
    assert sheet.page_setup.fitToWidth == 2
    assert sheet.print_title_cols == "$A:$A"
    write_report(_tables_report([3], detail=True), tmp_path / "slim.xlsx")
    assert read_workbook(tmp_path / "slim.xlsx")["Sheet"].page_setup.fitToWidth in (None, 1)


def test_what_only_charts_need_is_not_printed(tmp_path: Path) -> None:
    """The rows behind the forecast charts stand below the print area; the charts are inside it."""
    report = _whole_report("en")
    write_report(report, tmp_path / "report.xlsx")
    sheet = read_workbook(tmp_path / "report.xlsx")["Forecast"]
    block = report.block("forecast_charts")
    assert block is not None
    title = next(row[0].row for row in sheet.iter_rows(max_col=1) if row[0].value == block.title)
    last = int(sheet.print_area.rsplit("$", 1)[1])
    assert last < title
    assert max(drawn.anchor._from.row for drawn in sheet._charts) < last


def test_a_footer_takes_any_title(tmp_path: Path) -> None:
    """Signs that a footer would read as codes are doubled, a leading figure is no font size, a long one is cut."""
    report = replace(_tables_report([1]), title="2024 R&D " + "长" * 300, as_of=AS_OF)
    write_report(report, tmp_path / "report.xlsx")
    sheet = read_workbook(tmp_path / "report.xlsx")["Sheet"]
    assert sheet.oddFooter.left.text.strip().startswith("2024 R&&D 长")
    assert len(sheet.oddFooter.left.text) < 120


def test_the_head_of_a_list_over_two_pages_stands_in_the_margin(tmp_path: Path) -> None:
    """In cells it would be cut by the columns that every page repeats; a year at its start is no font size."""
    report = replace(_tables_report([3], columns=30, detail=True), subtitle="2024-01 to R&D")
    write_report(report, tmp_path / "report.xlsx")
    sheet = read_workbook(tmp_path / "report.xlsx")["Sheet"]
    assert sheet.oddHeader.left.text.split("\n")[1].endswith("2024-01 to R&&D")
    assert "T0" in sheet.oddHeader.left.text.split("\n")[0]
    header = next(row[0].row for row in sheet.iter_rows(max_col=1) if row[0].value == "sku")
    assert sheet.print_title_rows == f"${header}:${header}"
    assert sheet.print_area.startswith(f"'Sheet'!$A${header}:")


def test_a_table_longer_than_a_page_has_a_tab_of_its_own_and_its_chart_stays(tmp_path: Path) -> None:
    """There its header is printed on every page; the chart over it stands where it is looked for."""
    report = _tables_report([5, PAGE_ROWS + 1])
    first, second = report.sheets[0].blocks
    drawn = replace(second, charts=(Chart("bars", "By size", "sku", ("c0",), rows=12),))
    report = replace(report, sheets=(replace(report.sheets[0], blocks=(first, drawn)),))
    write_report(report, tmp_path / "report.xlsx")
    book = read_workbook(tmp_path / "report.xlsx")
    assert book.sheetnames == ["Sheet", "T1"]
    (chart,) = book["Sheet"]._charts
    assert chart.series[0].val.numRef.f == "'T1'!$B$5:$B$16"
    assert book["T1"].print_title_rows == "$1:$4"
    assert [row[0].value for row in book["Sheet"].iter_rows(max_col=1)].count("A") == 5


def test_small_print_is_no_wider_than_what_is_printed(tmp_path: Path) -> None:
    """A sentence over merged cells beyond the print area would be cut; it takes as many lines as it needs."""
    sentence = "Ranked by cost of goods sold, and a sentence that is long enough for three lines. " * 5
    report = _tables_report([3, 3])
    narrow, aside = report.sheets[0].blocks
    blocks = (replace(narrow, notes=(sentence,)), replace(aside, aside=True))
    write_report(replace(report, sheets=(replace(report.sheets[0], blocks=blocks),)), tmp_path / "r.xlsx")
    sheet = read_workbook(tmp_path / "r.xlsx")["Sheet"]
    (area,) = sheet.merged_cells.ranges
    last = column_index_from_string(sheet.print_area.split(":")[1].split("$")[1])
    assert area.max_col <= last
    room = sum(
        sheet.column_dimensions[get_column_letter(n)].width or 8.43 for n in range(1, area.max_col + 1)
    )
    assert sheet.row_dimensions[area.min_row].height >= 12 * len(sentence) * 0.75 / (room + area.max_col)
