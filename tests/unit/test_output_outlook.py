"""The sheets that look ahead: forecast, reorder, scorecard and review, worked out on paper from round figures."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.i18n import LANGUAGES
from stockturn.model import Analysis, Report, Supply
from stockturn.output.html import render
from stockturn.output.sheets import build_report
from stockturn.output.xlsx import write_report
from tests.company import analysis, turnover_row
from tests.outlook import HERE, SKUS, THERE, outlook
from tests.reading import read_workbook

OUTLOOK = ("forecast", "reorder", "scorecard", "review")


def _settings(lang: str = "en", **sections: object) -> Settings:
    return Settings.model_validate({"lang": lang, "ingest": {"currency": "CNY"}, **sections})


def _people() -> Analysis:
    """Two owners: one quick but out of stock too often, one on target; the first item is the quick one's."""
    run = analysis()
    owners = pl.DataFrame(
        [
            {"owner": "Quick", **turnover_row(800.0, 100.0, 6.0, 0.2)},
            {"owner": "Steady", **turnover_row(660.0, 100.0, 6.0, 0.01)},
            {"owner": "Late", **turnover_row(300.0, 100.0, 6.0, 0.01)},
        ]
    )
    items = pl.DataFrame(
        {
            "sku": SKUS,
            "name": ["橙汁 Orange juice", "薯片 Crisps", "洗衣液 Laundry liquid", "电风扇 Fan"],
            "category": ["饮料 Beverages", "饮料 Beverages", "季节 Seasonal", None],
            "owner": ["Quick", "Steady", "Steady", "Late"],
        }
    )
    return replace(run, by={**run.by, "owner": owners}, items=items, supply=outlook())


def _report(run: Analysis | None = None, lang: str = "en", **sections: object) -> Report:
    return build_report(run or _people(), _settings(lang, **sections), {"stockturn": "0.1.0"})


def _frame(report: Report, key: str) -> pl.DataFrame:
    block = report.block(key)
    assert block is not None
    return block.frame


def _keys(report: Report) -> list[str]:
    return [sheet.key for sheet in report.sheets]


def test_without_an_outlook_its_sheets_are_left_out_and_the_others_stay() -> None:
    """No empty tab: forecast and reorder need what is ahead, the review lives on what changed."""
    with_it, without = _keys(_report()), _keys(_report(replace(_people(), supply=None)))
    assert set(OUTLOOK) <= set(with_it)
    assert [key for key in with_it if key not in ("forecast", "reorder")] == without
    blocks = [
        block.key for sheet in _report(replace(_people(), supply=None)).sheets for block in sheet.blocks
    ]
    assert "score_suppliers" not in blocks
    assert "misses" not in blocks


def test_a_row_of_the_forecast_puts_past_and_future_side_by_side() -> None:
    """Item 1: sold 109, 110, 111 in the last three months, then 110 and 130: 240 in all, at 10 each 2400."""
    frame = _frame(_report(), "forecast_items")
    row = frame.row(by_predicate=pl.col("sku") == SKUS[0], named=True)
    assert [row[f"qty_2024-{month}"] for month in (10, 11, 12)] == [109.0, 110.0, 111.0]
    assert [row["mean_2025-01"], row["mean_2025-02"], row["forecast_qty"]] == [110.0, 130.0, 240.0]
    assert row["forecast_value"] == pytest.approx(2400.0)
    assert row["q95"] == pytest.approx(154.0)
    assert (row["wape"], row["fva"]) == (0.1, 0.2)


def test_the_forecast_worth_most_comes_first_and_an_unknown_cost_last() -> None:
    """2 × 240 × 20 = 9600, 3 × 240 × 5 = 3600, 240 × 10 = 2400; without a cost there is no money, and no zero."""
    frame = _frame(_report(), "forecast_items")
    assert frame["sku"].to_list() == [SKUS[1], SKUS[2], SKUS[0], SKUS[3]]
    assert frame["forecast_value"].to_list() == [9600.0, 3600.0, 2400.0, None]


def test_periods_in_the_list_follow_the_setting() -> None:
    """One back and one ahead; the sum over the whole horizon stays."""
    names = _frame(_report(report={"list_periods": 1}), "forecast_items").columns
    assert [name for name in names if name.startswith(("qty_", "mean_"))] == ["qty_2024-12", "mean_2025-01"]
    assert "forecast_qty" in names
    weekly = _frame(_report(forecast={"bucket": "week"}), "forecast_items").columns
    assert "mean_2025-01-01" in weekly


def test_categories_add_up_to_their_items() -> None:
    """Beverages are items 1 and 2: 3 × 240 units worth 12000; two periods back against two ahead make the change."""
    report = _report(report={"list_periods": 2})
    block = report.block("forecast_categories")
    assert block is not None
    row = block.frame.row(by_predicate=pl.col("category") == "饮料 Beverages", named=True)
    assert (row["forecast_qty"], row["forecast_value"]) == (720.0, 12000.0)
    assert row["forecast_change"] == pytest.approx(720.0 / (3 * (110 + 111)) - 1)
    assert block.total is not None
    assert block.total["forecast_qty"] == 240.0 * 10
    assert "forecast_change" not in _frame(_report(), "forecast_categories").columns


def test_each_chart_shows_one_item_past_and_future() -> None:
    """The rows of a chart are those of its item: 12 months of demand, then 2 of forecast, in order."""
    block = _report(report={"chart_skus": 3}).block("forecast_charts")
    assert block is not None
    assert len(block.charts) == 3
    for chart, sku in zip(block.charts, (SKUS[1], SKUS[2], SKUS[0]), strict=True):
        rows = block.frame.slice(chart.first, chart.rows)
        assert rows["sku"].unique().to_list() == [sku]
        assert rows["period"].is_sorted()
        assert rows["qty_adjusted"].null_count() == 2
        assert rows["mean"].drop_nulls().len() == 2
        assert (rows["q95"].drop_nulls() >= rows["mean"].drop_nulls()).all()
    assert _report(report={"chart_skus": 0}).block("forecast_charts") is None


def test_charts_of_one_table_point_at_their_own_rows(tmp_path: Path) -> None:
    """In the workbook and on the page: four charts, four ranges, four drawings."""
    report = _report()
    write_report(report, tmp_path / "report.xlsx")
    with zipfile.ZipFile(tmp_path / "report.xlsx") as book:
        charts = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/charts/chart")]
    firsts = {match for xml in charts for match in re.findall(r"Forecast!\$D\$(\d+):\$D\$(\d+)", xml)}
    assert len({first for first, _ in firsts}) == 4
    assert all(int(last) - int(first) == 13 for first, last in firsts)
    page = render(report, _settings())
    assert page.count('class="line expected"') == 4
    identities = re.findall(r'<title id="([^"]+)"', page)
    assert len(identities) == len(set(identities))


def test_every_item_has_its_small_line_over_its_own_row(tmp_path: Path) -> None:
    """Three periods back and two ahead: cells F to J of the same row; on the page a drawing per item."""
    report = _report()
    write_report(report, tmp_path / "report.xlsx")
    with zipfile.ZipFile(tmp_path / "report.xlsx") as book:
        sheets = [book.read(name).decode() for name in book.namelist() if "worksheets/sheet" in name]
    lines = [
        match
        for xml in sheets
        for match in re.findall(r"<xm:f>'Forecast by item'!F(\d+):J(\d+)</xm:f><xm:sqref>E(\d+)<", xml)
    ]
    assert len(lines) == 4
    assert all(first == last == place for first, last, place in lines)
    assert render(report, _settings()).count('aria-label="Chart: Course"') == 4


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_verdict_stands_first_and_speaks_the_readers_language(lang: str) -> None:
    """Groups are codes in the engine and words on the sheet."""
    sheet = next(one for one in _report(lang=lang).sheets if one.key == "forecast")
    assert "25 %" in sheet.notes[0]
    assert {"en": "erratic, smooth", "zh": "波动、平稳"}[lang] in sheet.notes[1]
    assert (
        _frame(_report(lang=lang), "forecast_accuracy")["value_text"].to_list()
        == {
            "en": ["Total", "smooth"],
            "zh": ["合计", "平稳"],
        }[lang]
    )


def test_what_to_do_is_listed_the_most_urgent_first_with_room_for_what_was_done() -> None:
    """By the latest order date; nothing to do is no line; zero to buy is blank."""
    frame = _frame(_report(), "to_do_all")
    assert frame["sku"].to_list() == [SKUS[1], SKUS[0], SKUS[2]]
    assert frame["action"].to_list() == ["buy", "buy", "transfer"]
    assert frame["suggested_qty"].to_list() == [30.0, 40.0, None]
    assert frame["transfer_qty"].to_list() == [None, None, 20.0]
    for name in ("handler", "action_taken", "result", "done_on"):
        assert frame[name].null_count() == frame.height
    assert frame.columns[-1] == "reason"
    assert "handler" not in _frame(_report(), "to_do").columns


def test_tiles_count_and_price_what_the_lists_hold() -> None:
    """Two lines for 1000, one transfer for 100, two orders to change for 240, one of them overdue for 140."""
    sheet = next(one for one in _report().sheets if one.key == "reorder")
    assert [(tile.value, tile.note) for tile in sheet.tiles] == [
        (2, "worth CNY 1,000"),
        (1, "worth CNY 100"),
        (2, "worth CNY 240"),
        (1, "worth CNY 140"),
    ]
    keys = {block.key for block in sheet.blocks}
    assert {tile.link for tile in sheet.tiles} <= keys


def test_orders_due_now_and_cash_add_up() -> None:
    """What is due later is not due now; a week's payments are those of all suppliers."""
    report = _report()
    now, cash = report.block("due_now"), report.block("cash")
    assert now is not None
    assert cash is not None
    assert now.frame["order_value"].to_list() == [600.0, 400.0]
    assert now.total is not None
    assert now.total["order_value"] == 1000.0
    assert cash.frame.select("week", "open_value", "planned_value", "due_value").rows() == [
        ("2025-01-06", 240.0, 50.0, 290.0),
        ("2025-01-13", 0.0, 400.0, 400.0),
    ]


def test_changes_moves_and_surplus_are_there_the_worst_first() -> None:
    """Overdue before early; the dearest surplus first; a transfer names both places."""
    report = _report()
    assert _frame(report, "order_changes")["doc_no"].to_list() == ["P-2", "P-1"]
    assert _frame(report, "overstock")["excess_value"].to_list() == [70.0, 30.0]
    assert _frame(report, "transfers").select("from_warehouse", "to_warehouse").row(0) == (HERE, THERE)
    assert report.block("left_out") is None


def test_a_short_list_says_where_the_whole_one_stands() -> None:
    """One row on the sheet, all of them on the tab that is named."""
    report = _report(report={"short_rows": 1})
    short, whole = report.block("to_do"), report.block("to_do_all")
    assert short is not None
    assert whole is not None
    assert (short.frame.height, whole.frame.height, short.omitted) == (1, 3, 0)
    assert any(whole.title in note for note in short.notes)


def test_a_report_on_a_part_says_that_reordering_looks_at_the_whole() -> None:
    """What one warehouse needs depends on the others."""
    whole = next(one for one in _report().sheets if one.key == "reorder")
    part = next(one for one in _report(scope={"category": ["饮料 Beverages"]}).sheets if one.key == "reorder")
    assert len(part.notes) == len(whole.notes) + 1


def test_turnover_by_empty_shelves_is_not_on_target() -> None:
    """8 turns against 6, but out of stock on 20 % of the days: watch. 6.6 with goods on the shelf: on target."""
    frame = _frame(_report(), "score_owner")
    assert frame.select("owner", "rank", "verdict").rows() == [
        ("Quick", 1, "watch"),
        ("Steady", 2, "on target"),
        ("Late", 3, "act"),
    ]


def test_a_scorecard_carries_what_its_goods_leave_behind() -> None:
    """Excess 0 + 70 of the steady one, 30 of the late one; the overdue order is for the steady one's item."""
    frame = _frame(_report(), "score_owner")
    assert dict(frame.select("owner", "excess_value").rows()) == {"Quick": 0.0, "Steady": 70.0, "Late": 30.0}
    assert dict(frame.select("owner", "overdue").rows()) == {"Quick": 0, "Steady": 1, "Late": 0}
    two, three = 2 * (120 + 5.5), 3 * (120 + 5.5)
    bias = dict(frame.select("owner", "bias").rows())
    assert bias["Quick"] == pytest.approx(0.1)
    assert bias["Steady"] == pytest.approx(-0.1 * two / (two + three))
    assert bias["Late"] is None


def test_a_dimension_that_nobody_fills_in_has_no_scorecard() -> None:
    """One scope called (none) would repeat the total."""
    nobody = pl.DataFrame([{"team": "(none)", **turnover_row(800.0, 100.0, 6.0)}])
    run = _people()
    report = _report(replace(run, by={**run.by, "team": nobody}))
    assert report.block("score_team") is None
    assert report.block("score_owner") is not None


def test_suppliers_are_listed_by_what_is_spent_with_them() -> None:
    """The largest first."""
    assert _frame(_report(), "score_suppliers")["spend"].to_list() == [90.0, 10.0]


def test_forecasts_that_miss_the_most_money_come_first() -> None:
    """Mean demand of item n is 125.5 n; × WAPE × cost: 125.5, 1004, 564.75 and unknown."""
    frame = _frame(_report(), "misses")
    assert frame["sku"].to_list() == [SKUS[1], SKUS[2], SKUS[0], SKUS[3]]
    assert frame["miss_value"].to_list() == pytest.approx([1004.0, 564.75, 125.5, None])


def test_the_review_opens_with_what_changed_and_lists_who_does_what() -> None:
    """The sentence about the days of stock is the one of the summary; idle stock names owner and date."""
    report = _report()
    review = next(one for one in report.sheets if one.key == "review")
    assert review.notes[0].startswith("Stock lasts")
    idle = _frame(report, "review_dead")
    assert idle["value"].is_sorted(descending=True)
    assert {"owner", "due_date", "action"} <= set(idle.columns)


def test_stock_that_changed_most_comes_first_whichever_way() -> None:
    """From 100 to 40 is more than from 100 to 130."""
    rows = [
        {"category": "up", **turnover_row(300.0, 130.0, None), "avg_inventory_previous": 100.0},
        {"category": "down", **turnover_row(300.0, 40.0, None), "avg_inventory_previous": 100.0},
    ]
    run = replace(_people(), by={"category": pl.DataFrame(rows)})
    frame = _frame(_report(run), "movers")
    assert frame.select("category", "stock_change").rows() == [("down", -60.0), ("up", 30.0)]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sheets_are_written_whole_in_both_languages(lang: str, tmp_path: Path) -> None:
    """No cell says none or nan, names that look like code are text, and Chinese sheets speak Chinese."""
    report = _report(lang=lang)
    write_report(report, tmp_path / "report.xlsx")
    texts = set()
    for sheet in read_workbook(tmp_path / "report.xlsx").worksheets:
        texts |= {str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert not {text.lower() for text in texts} & {"nan", "none", "null"}
    assert set(SKUS) <= texts
    page = render(report, _settings(lang))
    assert "<script>alert" not in page
    said = [
        words
        for sheet in report.sheets
        if sheet.key in OUTLOOK
        for words in (
            sheet.title,
            *sheet.notes,
            *(tile.label for tile in sheet.tiles),
            *(
                label
                for block in sheet.blocks
                for label in (block.title, *block.notes, *block.labels.values())
            ),
        )
    ]
    if lang == "zh":
        own = " ".join(re.sub("“[^”]*”", "", words) for words in said)
        assert set(re.findall(r"[A-Za-z]{3,}", own)) <= {"WAPE", "SKU", "carry"}


def test_an_empty_outlook_is_no_sheet() -> None:
    """Frames without a row, as of a ledger that never sold: left out, and nothing breaks."""
    whole = outlook()
    empty = Supply(
        **{
            name: value.clear() if isinstance(value, pl.DataFrame) else ()
            for name, value in vars(whole).items()
        }
    )
    keys = _keys(_report(replace(_people(), supply=empty)))
    assert "forecast" not in keys
    assert "reorder" not in keys
    assert "scorecard" in keys
