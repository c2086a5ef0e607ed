"""The report as values: findings come from figures, tables add up, and nothing is invented."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.config import Settings
from stockturn.i18n import LANGUAGES
from stockturn.model import Analysis, Finding, Report, Tile
from stockturn.output.phrases import Phrases
from stockturn.output.sheets import SHEETS, build_report
from stockturn.output.sheets.context import Context
from stockturn.output.sheets.findings import findings
from stockturn.output.sheets.turnover import waterfall
from stockturn.output.tiles import lines
from tests.company import analysis, turnover_row

SUMMARY, TURNOVER = 0, 1


def _settings(lang: str = "en", **sections: object) -> Settings:
    return Settings.model_validate({"lang": lang, "ingest": {"currency": "CNY"}, **sections})


def _report(run: Analysis | None = None, lang: str = "en", **sections: object) -> Report:
    return build_report(run or analysis(), _settings(lang, **sections), {"stockturn": "0.1.0"})


def _frame(report: Report, key: str) -> pl.DataFrame:
    block = report.block(key)
    assert block is not None
    return block.frame


def _findings(run: Analysis, **sections: object) -> tuple[Finding, ...]:
    settings = _settings(**{"report": {"findings": 20}, **sections})
    return findings(Context(run, settings, {}, Phrases("en")))


def _finding(run: Analysis, start: str, **sections: object) -> Finding | None:
    return next((one for one in _findings(run, **sections) if one.sentence.startswith(start)), None)


def test_findings_are_ranked_by_money_and_at_most_five() -> None:
    """The largest first; those without money last."""
    money = [finding.money or 0.0 for finding in _report().sheets[SUMMARY].findings]
    assert len(money) == 5
    assert money == sorted(money, reverse=True)
    assert len(_findings(analysis())) > 5


def test_dead_stock_is_told_with_its_value_share_and_largest_items() -> None:
    """Money is the value of what is dead; the items named are the most valuable of them."""
    run = analysis()
    dead = run.deadstock.filter(pl.col("status") == "dead")
    found = _finding(run, "Dead stock:")
    assert found is not None
    assert found.money == pytest.approx(dead["value"].sum())
    assert f"{dead['value'].sum() / run.deadstock['value'].sum():.1%}" in found.sentence
    assert f"{dead['sku'].n_unique()} SKUs" in found.sentence
    assert dead.sort("value", descending=True)["sku"][0] in found.sentence
    assert (
        _finding(replace(run, deadstock=run.deadstock.filter(pl.col("status") != "dead")), "Dead stock:")
        is None
    )


def test_one_sku_is_one_sku() -> None:
    """No '1 SKUs'."""
    run = analysis()
    one = run.deadstock.filter(pl.col("status") == "dead").head(1)
    found = _finding(replace(run, deadstock=one), "Dead stock:")
    assert found is not None
    assert "1 SKU " in found.sentence


def test_the_worst_category_is_the_one_with_most_capital_above_target() -> None:
    """Not the one with the lowest turnover: money decides."""
    rows = [
        {"category": "small and slow", **turnover_row(10.0, 100.0, 4.0)},
        {"category": "large", **turnover_row(3000.0, 1000.0, 4.0)},
    ]
    run = replace(analysis(), by={"category": pl.DataFrame(rows)})
    found = _finding(run, "large turns 3.00 times a year against a target of 4.00")
    assert found is not None
    assert found.money == pytest.approx(250.0)


def test_without_targets_the_category_furthest_above_the_common_pace_is_told() -> None:
    """cogs 900 and 100 on stock of 100 and 300: at the common 2.5 the slow one would need 40, so 260 are free."""
    rows = [
        {"category": "fast", **turnover_row(900.0, 100.0, None)},
        {"category": "slow", **turnover_row(100.0, 300.0, None)},
    ]
    total = pl.DataFrame([turnover_row(1000.0, 400.0, None)])
    found = _finding(replace(analysis(), by={"category": pl.DataFrame(rows)}, total=total), "slow turns 0.33")
    assert found is not None
    assert found.money == pytest.approx(300.0 * (1 - (100 / 300) / 2.5))


def test_cover_beyond_the_limit_counts_only_what_lies_beyond() -> None:
    """360 days of cover with a limit of 180: half of the value is too much."""
    stock = analysis().deadstock.head(1).with_columns(cover_days=pl.lit(360.0), value=pl.lit(1000.0))
    found = _finding(replace(analysis(), deadstock=stock), "More than 180 days of demand on hand: 1 SKU.")
    assert found is not None
    assert found.money == pytest.approx(500.0)
    plan = stock.with_columns(excess_value=pl.lit(70.0))
    planned = _finding(replace(analysis(), deadstock=plan), "More than the plan needs: 1 SKU")
    assert planned is not None
    assert planned.money == pytest.approx(70.0)


def test_the_bridge_sentence_names_its_parts_and_they_add_up() -> None:
    """Change 12 = mix 4 + rate 10 + idle -2; its money is 12 days of cost of sales."""
    bridge = pl.DataFrame(
        {
            "category": ["a", "b"],
            "mix": [1.0, 3.0],
            "rate": [10.0, 0.0],
            "idle": [0.0, -2.0],
            "change": [11.0, 1.0],
        }
    )
    total, before = turnover_row(366.0, 42.0, None), turnover_row(366.0, 30.0, None)
    run = replace(analysis(), bridge=bridge, total=pl.DataFrame([total]), previous=pl.DataFrame([before]))
    found = _finding(run, "Stock lasts 12.0 days longer")
    assert found is not None
    assert "+4.0 days because sales moved between categories, most of all b" in found.sentence
    assert "+10.0 days from the pace of the categories themselves, most of all a" in found.sentence
    assert "-2.0 days from categories that do not sell, most of all b" in found.sentence
    assert found.money == pytest.approx(12.0)


def test_an_unknown_bridge_is_not_told() -> None:
    """Null parts (no earlier period) give no sentence, no chart and no zeros."""
    run = analysis()
    blank = run.bridge.with_columns(
        pl.lit(None, pl.Float64).alias(name) for name in ("mix", "rate", "idle", "change")
    )
    assert _finding(replace(run, bridge=blank), "Stock lasts") is None
    assert _report(replace(run, bridge=blank)).block("bridge_steps") is None


def test_items_of_class_a_that_ran_out_are_named() -> None:
    """Sold in the period, nothing left at its end, class A."""
    run = analysis()
    skus = run.abc.filter(pl.col("abc") == "A")["sku"].head(2).to_list()
    sold = pl.DataFrame({"sku": skus, "closing_qty": [0.0, 5.0], "sold_qty": [9.0, 9.0], "cogs": [1.0, 1.0]})
    found = _finding(replace(run, by={"sku": sold}), "On 6.2% of the days on sale")
    assert found is not None
    assert f"A items out of stock now (1): {skus[0]}" in found.sentence


@given(st.floats(1, 1e6), st.lists(st.floats(-1e5, 1e5), min_size=3, max_size=3))
def test_every_step_of_a_waterfall_begins_where_the_last_one_ended(before: float, days: list[float]) -> None:
    """Foot and step: the upper or lower end of one bar is an end of the next."""
    steps = list(zip(("mix", "rate", "idle"), days, strict=True))
    rows = waterfall(before, steps, before + sum(days), ("a", "b")).rows(named=True)
    level = rows[0]["level"]
    for row in rows[1:-1]:
        ends = {"low": row["base"], "high": row["base"] + row["up"] + row["down"]}
        start, stop = (ends["low"], ends["high"]) if row["step_days"] > 0 else (ends["high"], ends["low"])
        assert start == pytest.approx(level, abs=1e-6)
        level = stop
    assert level == pytest.approx(rows[-1]["level"], abs=1e-6)


def test_the_class_matrix_counts_every_item_once() -> None:
    """Items without enough history have a column of their own."""
    run = analysis()
    matrix = _frame(_report(run), "matrix_skus")
    assert matrix["total"].sum() == run.abc.height
    assert matrix["–"].sum() == run.abc["xyz"].null_count()
    cell = run.abc.filter((pl.col("abc") == "A") & (pl.col("xyz") == "X")).height
    assert matrix.filter(pl.col("abc") == "A")["X"][0] == cell
    assert _frame(_report(run), "matrix_value")["total"].sum() == pytest.approx(run.abc["value"].sum())


@pytest.mark.parametrize("items", [1, 7, 19, 20, 84])
def test_the_pareto_bands_hold_every_item_and_end_at_all_of_the_value(items: int) -> None:
    """From one item to many: no band is empty."""
    run = analysis()
    few = run.abc.head(items).with_columns(share=pl.col("value") / pl.col("value").head(items).sum())
    pareto = _frame(_report(replace(run, abc=few)), "pareto")
    assert pareto["skus"].sum() == items
    assert pareto["skus"].min() == max(1, items // 20)
    assert pareto["cum_share"][-1] == pytest.approx(1.0)
    assert pareto["item_share"][-1] == "100%"


def test_ageing_by_category_adds_up_to_the_value_of_the_stock() -> None:
    """Σ buckets = value, in every category and in all."""
    run = analysis()
    block = _report(run).block("ageing")
    assert block is not None
    buckets = [name for name in block.frame.columns if name.startswith("value_")]
    for row in block.frame.iter_rows(named=True):
        assert sum(row[name] for name in buckets) == pytest.approx(row["value"])
    assert block.total is not None
    assert block.total["value"] == pytest.approx(run.deadstock["value"].sum())


def test_the_total_of_a_dimension_is_the_companys_own_row() -> None:
    """A turnover is never a sum or a mean of turnovers."""
    run = analysis()
    block = _report(run).block("by_supplier")
    assert block is not None
    assert block.total is not None
    assert block.total["turnover"] == run.total["turnover"][0]


def test_a_dimension_with_more_scopes_than_the_limit_says_so() -> None:
    """Largest average stock first."""
    block = _report(report={"dimension_rows": 2}).block("by_category")
    assert block is not None
    assert block.omitted == 4
    assert (
        block.frame["avg_inventory"].to_list()
        == sorted(analysis().by["category"]["avg_inventory"], reverse=True)[:2]
    )


def test_turnover_is_green_only_while_stockouts_are_within_their_limit() -> None:
    """周转率不是越高越好: on target with 6.2 % stockouts is amber, with 3 % green; below the amber share red."""

    def light(achievement: float, stockout: float) -> str | None:
        row = {**turnover_row(achievement * 4.0, 1.0, 4.0, stockout)}
        run = replace(analysis(), total=pl.DataFrame([row]))
        return _report(run).sheets[SUMMARY].tiles[0].light

    assert light(1.0, 0.03) == "good"
    assert light(1.2, 0.062) == "warning"
    assert light(0.9, 0.03) == "warning"
    assert light(0.84, 0.03) == "critical"


def test_a_change_is_judged_by_whether_more_is_better() -> None:
    """Turnover down is bad, days of stock down is good, cost of sales neither; shares change in points."""
    say = Phrases("en")
    judged = {
        column: lines(Tile(column, column, value, previous=before, better=better), say)[0]
        for column, value, before, better in (
            ("turnover", 4.0, 5.0, 1),
            ("dio_days", 80.0, 100.0, -1),
            ("cogs", 80.0, 100.0, 0),
            ("stockout_rate", 0.06, 0.04, -1),
        )
    }
    assert [line.level for line in judged.values()] == ["critical", "good", None, "critical"]
    assert judged["turnover"].text == "Before 5.00  ▼ -20.0%"
    assert judged["stockout_rate"].text == "Before 4.0%  ▲ +2.0 pts"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_codes_are_spoken_in_the_language_of_the_reader(lang: str) -> None:
    """Where people read; machine output keeps the English words."""
    words = set(_frame(_report(lang=lang), "dead_items")["status"])
    assert words == (
        {"dead", "stagnant", "slow", "active"} if lang == "en" else {"死库存", "呆滞", "滞销", "正常"}
    )


def test_a_sheet_is_a_line_in_the_tuple_and_keys_are_unique() -> None:
    """Blocks are found by key, so two of the same would hide one; sheets without their figures are left out."""
    report = _report()
    assert 6 <= len(report.sheets) <= len(SHEETS)
    keys = [sheet.key for sheet in report.sheets] + [
        block.key for sheet in report.sheets for block in sheet.blocks
    ]
    assert len(keys) == len(set(keys))
    links = {finding.link for finding in report.sheets[SUMMARY].findings} | {
        tile.link for tile in report.sheets[SUMMARY].tiles
    }
    assert links <= {*keys, None}


def test_changed_settings_stand_on_the_method_sheet_with_their_default() -> None:
    """The reader sees which limits are the company's own."""
    frame = _frame(_report(deadstock={"dead_days": 120}), "parameters")
    row = frame.filter(pl.col("key") == "deadstock.dead_days").row(0, named=True)
    assert (row["in_force"], row["changed"]) == ("120", "default: 180")


def test_age_buckets_of_the_users_own_limits_are_shown() -> None:
    """The columns follow the setting: two buckets here, young before old, before what is older than the data."""
    run = analysis()
    young = [
        name for name in run.deadstock.columns if name.startswith(("age_", "value_")) and "over" not in name
    ]
    own = run.deadstock.with_columns(
        (pl.sum_horizontal(name for name in young if name.startswith(family))).alias(f"{family}_0_45")
        for family in ("age", "value")
    ).with_columns(pl.col(f"{family}_over_365").alias(f"{family}_over_45") for family in ("age", "value"))
    own = own.drop(*young, "age_over_365", "value_over_365")
    report = _report(replace(run, deadstock=own))
    assert [name for name in _frame(report, "dead_items").columns if name.startswith("age_")] == [
        "age_0_45",
        "age_over_45",
        "age_over_start",
    ]
    assert _frame(report, "ageing").columns == ["category", "value_0_45", "value_over_45", "value"]


def test_a_ledger_without_cost_shows_what_it_does_know() -> None:
    """Units and revenue take the place of figures that would all be blank, in the same order every time."""
    row = {
        **dict.fromkeys(analysis().total.columns),
        "turnover_units": 1.8,
        "revenue": 900.0,
        "sold_qty": 50.0,
        "closing_qty": 7.0,
    }
    total = pl.DataFrame([row], infer_schema_length=1).with_columns(reason_code=pl.lit("no_cost"))
    tiles = _report(replace(analysis(), total=total)).sheets[SUMMARY].tiles
    assert [tile.column for tile in tiles[:4]] == ["turnover_units", "revenue", "sold_qty", "closing_qty"]
    assert tiles[4].value is None
    assert tiles[4].note == "no cost is known"
    assert (
        next(tile for tile in tiles if tile.column == "stockout_rate").note
        == "the stock is not known well enough"
    )


def test_scopes_that_the_data_do_not_name_are_called_so_in_the_readers_language() -> None:
    """(none) and (in transit) are the engine's words; a dimension that is nothing else is left out and said."""
    run = analysis()
    unnamed = run.total.select(pl.lit("(none)").alias("owner"), pl.all())
    moving = run.by["warehouse"].with_columns(warehouse=pl.Series(["(in transit)", "(none)"]))
    report = _report(replace(run, by={"owner": unnamed, "warehouse": moving}), lang="zh")
    assert set(_frame(report, "by_warehouse")["warehouse"]) == {"（在途）", "（无）"}
    assert report.block("by_owner") is None
    assert "导出数据中没有以下维度，故未列出：责任人。" in report.sheets[TURNOVER].notes


def test_the_total_row_speaks_the_readers_language_too() -> None:
    """Codes and yes / no in the total are words like those above it."""
    run = analysis()
    row = run.total.with_columns(reason_code=pl.lit("no_cost"), estimated=pl.lit(True))
    by = run.by["category"].with_columns(reason_code=pl.lit("no_cost"), estimated=pl.lit(True))
    block = _report(replace(run, total=row, by={"category": by}), lang="zh").block("by_category")
    assert block is not None
    assert block.total is not None
    assert (block.total["category"], block.total["estimated"], block.total["reason_code"]) == (
        "合计",
        "是",
        "成本未知",
    )
