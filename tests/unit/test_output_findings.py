"""Findings of the outlook: each sentence from figures worked out on paper, in both languages, ranked by its money."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.i18n import LANGUAGES
from stockturn.model import Analysis, Finding
from stockturn.output.phrases import Phrases
from stockturn.output.sheets import build_report
from stockturn.output.sheets.context import Context
from stockturn.output.sheets.findings import findings, leading
from tests.company import analysis
from tests.outlook import FIRST, HERE, SECOND, SKUS, outlook


def _alerts(*rows: tuple[str, str, str, float | None]) -> pl.DataFrame:
    """Alerts of rule, level, sku and value."""
    frame = pl.DataFrame(rows, schema=["rule", "level", "sku", "value"], orient="row")
    none = pl.lit(None, pl.String)
    return frame.with_columns(
        id=pl.concat_str("rule", "sku"),
        name=none,
        warehouse=pl.lit(HERE),
        category=none,
        supplier=none,
        file=none,
        owner=pl.lit("(none)"),
        message=pl.lit("as it was written"),
        root_cause=none,
    )


def _run(*alerts: tuple[str, str, str, float | None], **supply: pl.DataFrame) -> Analysis:
    there = _alerts(*alerts) if alerts else pl.DataFrame()
    return replace(analysis(), supply=replace(outlook(), **supply), alerts=there)


def _all(run: Analysis, lang: str = "en") -> tuple[Finding, ...]:
    settings = Settings.model_validate({"lang": lang, "ingest": {"currency": "CNY"}})
    return findings(Context(run, settings, {}, Phrases(lang)))


def _one(run: Analysis, link: str, start: str = "") -> Finding:
    return next(one for one in _all(run) if one.link == link and one.sentence.startswith(start))


def test_what_is_due_is_told_with_the_suppliers_to_order_from() -> None:
    """Two orders are due now, 600 and 400; the third, 990, is not."""
    found = _one(_run(), "due_now")
    assert found.money == 1000.0
    assert (
        f"2 lines worth CNY 1,000, first of all from {SECOND} (CNY 600) and {FIRST} (CNY 400)"
        in found.sentence
    )
    assert found.todo == f"Place the orders that are due: {SECOND} (CNY 600) and {FIRST} (CNY 400)."


def test_late_orders_and_those_that_come_too_early_are_two_findings() -> None:
    """140 is 7 days overdue; 100 comes too early, and none of it is to be cancelled."""
    late = _one(_run(), "order_changes", "1 line on order")
    assert (late.money, late.level) == (140.0, "critical")
    assert "by up to 7 days" in late.sentence
    early = _one(_run(), "order_changes", "On order and not needed yet")
    assert early.money == 100.0
    assert "cancel" not in early.sentence


def test_goods_that_run_out_are_counted_once_with_those_already_gone() -> None:
    """Two items, one of them gone; 60 + 100 of demand is missed."""
    run = _run(("stockout", "critical", SKUS[0], 60.0), ("projected_stockout", "warning", SKUS[1], 100.0))
    found = _one(run, "alerts", "2 SKUs have run out (1 of them)")
    assert (found.money, found.level) == (160.0, "critical")
    assert found.sentence.index(SKUS[1]) < found.sentence.index(SKUS[0])
    soon = _one(_run(("projected_stockout", "warning", SKUS[1], 100.0)), "alerts")
    assert soon.sentence.startswith("1 SKU will run out before")


def test_the_supplier_whose_lateness_costs_most_is_named() -> None:
    """One that keeps every date is no finding, whatever its spread costs."""
    suppliers = outlook().suppliers.with_columns(lateness_value=pl.Series([50.0, 200.0]))
    found = _one(_run(suppliers=suppliers), "score_suppliers")
    assert (found.money, FIRST in found.sentence, "90.0%" in found.sentence) == (200.0, True, True)
    perfect = suppliers.with_columns(on_time_rate=pl.lit(1.0))
    assert not [one for one in _all(_run(suppliers=perfect)) if one.link == "score_suppliers"]


def test_forecasts_that_lean_and_the_costliest_other_rule_are_told() -> None:
    """Bias has a sentence of its own; of expiring 30 and price jump 40 the jump is told, with its message."""
    run = _run(
        ("forecast_bias", "warning", SKUS[0], 70.0),
        ("expiring", "warning", SKUS[0], 30.0),
        ("price_jump", "warning", SKUS[1], 40.0),
    )
    assert _one(run, "forecast_items").money == 70.0
    single = _one(run, "alerts")
    assert (single.money, "as it was written" in single.sentence) == (40.0, True)
    assert single.sentence.startswith("Price jump")


def test_good_news_comes_after_everything_that_needs_work() -> None:
    """Stock that turns faster is told, but never before what has to be done, whatever its money."""
    run = replace(_run(), bridge=analysis().bridge.with_columns(pl.col("mix", "rate", "idle", "change") * -1))
    levels = [one.level for one in _all(run)]
    assert levels == sorted(levels, key=lambda level: level == "good")


def _told(count: int, *rows: tuple[str, str, float]) -> list[str]:
    found = [Finding(name, money, subject=subject) for name, subject, money in rows]
    return [one.sentence for one in leading(found, count)]


def test_the_first_findings_are_of_different_subjects_ranked_by_money() -> None:
    """A second finding of a subject waits until every subject has been told; then the largest of the rest fill up."""
    rows = (("a", "supply", 9.0), ("b", "supply", 8.0), ("c", "excess", 7.0), ("d", "turnover", 1.0))
    assert _told(3, *rows) == ["a", "c", "d"]
    assert _told(4, *rows) == ["a", "b", "c", "d"]
    assert _told(9, *rows) == ["a", "b", "c", "d"]


def test_dead_stock_is_always_among_the_first_findings() -> None:
    """However little it is: it takes the last place from the smallest of the others."""
    rows = (("a", "supply", 9.0), ("c", "excess", 7.0), ("e", "books", 5.0), ("d", "dead", 1.0))
    assert _told(3, *rows) == ["a", "c", "d"]
    assert _told(1, *rows) == ["d"]
    assert _told(0, *rows) == []
    assert "dead" in {one.subject for one in build_report(_run(), Settings(), {}).sheets[0].findings}


def test_what_to_do_goes_beyond_the_findings_that_are_told() -> None:
    """One finding told, three things to do: as many of each as the settings ask for."""
    settings = Settings.model_validate({"report": {"findings": 1, "todos": 3}})
    summary = build_report(_run(), settings, {"stockturn": "0.1.0"}).sheets[0]
    assert (len(summary.findings), len(summary.todos)) == (1, 3)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_finding_leaves_a_place_unfilled(lang: str) -> None:
    """Every sentence of both languages has its figures; none says None or shows a brace."""
    run = _run(
        ("stockout", "critical", SKUS[0], 60.0),
        ("forecast_bias", "warning", SKUS[2], 70.0),
        ("capacity", "warning", "", 5.0),
    )
    for one in _all(run, lang):
        for words in (one.sentence, one.todo or ""):
            assert "None" not in words
            assert "{" not in words.replace(SKUS[2], "")
