"""One figure, one value: the cells of the workbook, of the page and of the JSON hold the same, in both languages."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from stockturn import api
from stockturn.config import Settings
from stockturn.i18n import LANGUAGES
from stockturn.model import Block, Report
from stockturn.output.formats import block_decimals, shown, unit_of
from stockturn.output.html import render
from stockturn.output.plain import write_table
from stockturn.output.sheets import build_report
from stockturn.output.xlsx import write_report
from stockturn.schema import Unit
from tests.company import analysis
from tests.outlook import outlook
from tests.reading import read_workbook

LISTS = {
    "by_category": (
        "by_category",
        ("category",),
        ("turnover", "dio_days", "avg_inventory", "cogs", "excess_capital"),
    ),
    "by_warehouse": ("by_warehouse", ("warehouse",), ("turnover", "avg_inventory")),
    "by_warehouse_service": ("by_warehouse", ("warehouse",), ("revenue", "gmroi", "stockout_rate")),
    "class_items": ("abc", ("sku",), ("value", "share", "cum_share")),
    "dead_items": ("deadstock", ("sku", "warehouse"), ("on_hand", "value", "days_since_sale")),
    "to_do_all": ("reorder", ("sku", "warehouse"), ("order_value", "position")),
    "order_changes_all": ("order_changes", ("doc_no", "line_no"), ("qty_open", "value")),
    "overstock_all": ("overstock", ("sku", "warehouse"), ("excess_qty", "excess_value")),
    "score_suppliers": ("suppliers", ("supplier",), ("spend", "on_time_rate")),
}
"""Block of the report -> array of the JSON, its key, and figures that stand in both."""


class _Cells(HTMLParser):
    """Rows of every table of a page, by the block they belong to: the texts, and the values they sort by."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[list[tuple[str, str | None]]]] = {}
        self.block, self.inside, self.quiet = "", False, 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "article":
            self.block = said.get("id") or ""
            self.rows[self.block] = []
        elif tag == "tr":
            self.rows[self.block].append([])
        elif tag == "td":
            self.rows[self.block][-1].append(("", said.get("data-v")))
            self.inside = True
        elif tag == "svg":
            self.quiet += 1

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "td"
        self.quiet -= tag == "svg"

    def handle_data(self, data: str) -> None:
        if self.inside and not self.quiet:
            words, value = self.rows[self.block][-1][-1]
            self.rows[self.block][-1][-1] = (words + data, value)


Made = tuple[Report, Any, _Cells, dict[str, list[dict[str, Any]]]]


@pytest.fixture(scope="module", params=LANGUAGES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One run, as workbook, page and JSON."""
    lang, path = str(request.param), tmp_path_factory.mktemp("same") / "report.xlsx"
    settings = Settings.model_validate({"lang": lang, "ingest": {"currency": "CNY"}})
    run = replace(analysis(), supply=outlook())
    report = build_report(run, settings, {"stockturn": "0.1.0"})
    write_report(report, path)
    page = _Cells()
    page.feed(render(report, settings))
    stream = io.StringIO()
    write_table(api.analysis_result(run), "json", stream)
    return report, read_workbook(path), page, json.loads(stream.getvalue())


def _block(report: Report, key: str) -> Block:
    block = report.block(key)
    assert block is not None
    return block


def _in_workbook(book: Any, block: Block) -> list[tuple[Any, ...]]:
    """The body of the block's table: the one whose headers start in the same way and which has as many rows."""
    for sheet in book.worksheets:
        for table in sheet.tables.values():
            cells = sheet[table.ref]
            if len(cells) - 1 == block.frame.height and len(cells[0]) == block.frame.width:
                firsts = [row[0].value for row in cells[1:]]
                if firsts == [str(value) for value in block.frame[:, 0].to_list()]:
                    return [tuple(cell.value for cell in row) for row in cells[1:]]
    raise AssertionError(block.key)


@pytest.mark.parametrize("key", LISTS)
def test_a_figure_is_the_same_in_workbook_page_and_json(made: Made, key: str) -> None:
    """Row by row and figure by figure; the page shows it rounded by its unit and sorts by the whole of it."""
    report, book, page, data = made
    block, (array, keys, figures) = _block(report, key), LISTS[key]
    workbook = _in_workbook(book, block)
    html = page.rows[key]
    names = block.frame.columns
    checked = 0
    for place, row in enumerate(workbook):
        identity = [row[names.index(name)] for name in keys]
        (source,) = [line for line in data[array] if [line[name] for name in keys] == identity]
        for figure in (name for name in figures if name in names):
            at = names.index(figure)
            wanted = source[figure]
            if row[at] is None:
                assert not wanted, (key, figure, identity)
                continue
            assert row[at] == pytest.approx(wanted, rel=1e-12), (key, figure, identity)
            words, value = html[place + 1][at]
            assert float(value or "nan") == pytest.approx(wanted, rel=1e-12)
            unit = unit_of(figure, block.units)
            said = shown(wanted, unit, report.lang, decimals=block_decimals(block, figure))
            assert words == said, (key, figure, words)
            checked += 1
    assert checked >= block.frame.height


def test_a_tile_is_the_total_of_the_json_everywhere(made: Made) -> None:
    """Turnover, days, stock and cost on the first tab and on the page are those of the one-row array."""
    report, book, _, data = made
    (total,) = data["report"]
    cells = [
        cell.value
        for row in book.worksheets[0].iter_rows(max_row=20)
        for cell in row
        if isinstance(cell.value, int | float)
    ]
    for tile in report.sheets[0].tiles:
        if tile.column in total and total[tile.column] is not None and tile.column != "value":
            assert tile.value == pytest.approx(total[tile.column], rel=1e-12)
            assert any(value == pytest.approx(tile.value, rel=1e-12) for value in cells), tile.label


def test_money_of_a_finding_is_the_figure_it_speaks_of(made: Made) -> None:
    """The amount beside the sentence and the one inside it are one amount."""
    report = made[0]
    for finding in report.sheets[0].findings:
        if finding.money is not None:
            assert shown(finding.money, Unit.MONEY, report.lang, compact=True) in finding.sentence or (
                finding.link == "bridge"
            )
