"""Periods side by side, month after month, the sentence about days of stock, and the ranking."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.engine.compare import bridge, bridge_sentence, compared, movers, ranking, trend, with_changes
from stockturn.engine.entries import Entries, entries
from stockturn.engine.periods import period_of
from stockturn.engine.turnover import turnover
from stockturn.engine.valued import ValuedDays, valued_days
from stockturn.i18n import text
from stockturn.schema import COLUMNS
from tests.ledgers import synthetic

Y2024 = period_of(date(2024, 1, 1), date(2024, 12, 31))


@cache
def _company() -> tuple[ValuedDays, Entries]:
    known = entries(synthetic(), Settings())
    return valued_days(known, Settings()), known


def test_the_year_before_stands_beside_the_year() -> None:
    """Figures of another period are those that period has on its own."""
    valued, known = _company()
    now, before, year_ago = compared(valued, known, Settings(), ("category",), Y2024)
    alone = turnover(
        valued, known, Settings(), ("category",), period_of(date(2023, 1, 1), date(2023, 12, 31))
    )
    assert before is not None
    assert before.equals(alone)
    assert year_ago is not None
    assert year_ago.equals(alone)
    wide = with_changes(now, before, year_ago, ("category",))
    assert wide["cogs_previous"].to_list() == alone["cogs"].to_list()
    expected = (now["turnover"] / alone["turnover"] - 1).to_list()
    assert wide["turnover_change"].to_list() == pytest.approx(expected)
    assert set(wide.columns) <= set(COLUMNS)


def test_half_a_period_is_not_compared() -> None:
    """Where the ledger does not reach back, nothing is put beside the figures."""
    valued, known = _company()
    first = period_of(date(2023, 1, 1), date(2023, 12, 31))
    now, before, year_ago = compared(valued, known, Settings(), (), first)
    assert before is None
    assert year_ago is None
    wide = with_changes(now, before, year_ago, ())
    assert wide["turnover_previous"].item() is None
    note = bridge_sentence(bridge(now.with_columns(category=pl.lit("all")), None))
    assert note.key == "turnover.bridge_no_period_before"


def test_each_month_of_the_trend_is_the_year_that_ends_there() -> None:
    """The last month's turnover is that of the year; a month before the first full year is marked."""
    valued, known = _company()
    months = trend(valued, known, Settings())
    year = turnover(valued, known, Settings(), (), Y2024).row(0, named=True)
    assert months.height == 24
    assert months["turnover"][-1] == pytest.approx(year["turnover"], rel=1e-12)
    assert months.filter(pl.col("month") >= "2024-01")["cogs"].sum() == pytest.approx(year["cogs"])
    assert months["estimated"].to_list() == [True] * 11 + [False] * 13
    parts = trend(valued, known, Settings(), ("warehouse",), months=3)
    assert parts.height == 9
    assert parts.filter(pl.col("month") == "2024-12")["cogs"].sum() == pytest.approx(months["cogs"][-1])


def test_a_calm_total_that_hides_dead_stock_is_said() -> None:
    """DIO stays 73 while one category stops selling: 36.5 idle days, and the sentence warns of them."""
    base = {"category": ["food", "toys"], "days": [365, 365]}
    before = pl.DataFrame({**base, "cogs": [50.0, 50.0], "avg_inventory": [10.0, 10.0]})
    now = pl.DataFrame({**base, "cogs": [100.0, 0.0], "avg_inventory": [10.0, 10.0]})
    parts = bridge(now, before)
    assert parts["change"].sum() == pytest.approx(0.0)
    assert parts["idle"].to_list() == pytest.approx([0.0, 36.5])
    assert parts["rate"].to_list() == pytest.approx([-36.5, 0.0])
    note = bridge_sentence(parts)
    assert note.key == "turnover.bridge_hidden_idle"
    assert text(note.key, "en", **note.params) == (
        "Days of stock look calm (73.0 to 73.0), but the total hides 36.5 days of stock that stopped selling, "
        "36.5 of them in toys."
    )


@pytest.mark.parametrize(
    ("cogs", "stock", "key"),
    [
        ((50.0, 50.0), (20.0, 10.0), "bridge_up_rate"),
        ((50.0, 50.0), (5.0, 10.0), "bridge_down_rate"),
        ((90.0, 10.0), (9.0, 4.0), "bridge_down_mix"),
    ],
)
def test_the_sentence_names_the_largest_cause(cogs: tuple, stock: tuple, key: str) -> None:
    """Before: food 50 from 5 in stock, toys 50 from 20 in stock, in the last case; else 10 and 10."""
    base = {"category": ["food", "toys"], "days": [365, 365]}
    held = [5.0, 20.0] if key == "bridge_down_mix" else [10.0, 10.0]
    before = pl.DataFrame({**base, "cogs": [50.0, 50.0], "avg_inventory": held})
    now = pl.DataFrame({**base, "cogs": list(cogs), "avg_inventory": list(stock)})
    assert bridge_sentence(bridge(now, before)).key == f"turnover.{key}"


def test_ranking_by_achievement_and_the_largest_movers() -> None:
    """Best first, equals share a rank, without a target last; movers by size of change."""
    names = ["target", "turnover_previous", "dio_days", "stockout_rate", "avg_inventory", "excess_capital"]
    frame = pl.DataFrame(
        {"team": list("abcd"), "achievement": [0.5, 1.2, None, 1.2], "turnover": [1.0, 2.0, 9.0, 3.0]}
    ).with_columns(pl.lit(100.0).alias(name) for name in names)
    ranked = ranking(frame, ("team",), 0.1)
    assert ranked.select("team", "rank").rows() == [("d", 1), ("b", 1), ("a", 3), ("c", None)]
    assert ranked.select("allowed_inventory", "excess_cost").rows()[2] == (50.0, 10.0)
    parts = pl.DataFrame({"category": list("abcd"), "change": [1.0, -9.0, 3.0, -2.0]})
    assert movers(parts)["category"].to_list() == ["b", "c", "d"]
