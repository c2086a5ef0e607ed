"""Worked numbers from books and articles through the public functions; peers' wrong numbers are never met."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import cache

import polars as pl
import pytest

import stockturn
from stockturn.config import Settings
from stockturn.engine.entries import entries
from stockturn.engine.metrics import METRICS
from stockturn.engine.periods import period_of
from stockturn.engine.turnover import turnover
from stockturn.engine.valued import valued_days
from stockturn.model import Ledger
from tests.shared import shared


@cache
def _oracles() -> dict:
    found = json.loads(shared("oracles.json").read_text(encoding="utf-8"))
    return {one["id"]: one for one in found}


def _oracle(name: str) -> tuple[dict, dict]:
    one = _oracles()[name]
    return one["inputs"], one["expected"]


def _metric(name: str, **sums: object) -> float | None:
    """One metric over given sums, the metrics it builds on computed first."""
    frame = pl.DataFrame(
        {key: [value] for key, value in {"flow": "cogs", "usage": 0.0, "year_days": 365, **sums}.items()}
    )
    for needed in {"dio_days": ["turnover_period"], "turnover": ["turnover_period"]}.get(name, []):
        if needed not in frame.columns:
            frame = frame.with_columns(METRICS[needed].expression().alias(needed))
    return frame.select(METRICS[name].expression()).item()


def test_turnover_of_a_year() -> None:
    """600,000 at cost over 120,000 is 5.0 turns and 73 days."""
    given, wanted = _oracle("turn-basic")
    sums = {
        "cogs": float(given["cogs"]),
        "avg_inventory": float(given["avg_inventory"]),
        "days": given["days"],
    }
    assert _metric("turnover", **sums) == wanted["turnover"]
    assert _metric("dio_days", **sums) == wanted["dio"]


def test_turnover_at_cost_and_in_units_are_different_figures() -> None:
    """Cost turn 5.45 and unit turn 6.0 of one business; the turn at retail price is not offered."""
    given, wanted = _oracle("turn-3-ways")
    assert _metric(
        "turnover", cogs=float(given["cogs"]), avg_inventory=float(given["avg_inventory_cost"]), days=365
    ) == pytest.approx(wanted["cost_turn"], rel=1e-12)
    units = {
        "sold_qty": float(given["unit_sales"]),
        "avg_qty": float(given["avg_inventory_units"]),
        "days": 365,
    }
    assert _metric("turnover_units", **units) == wanted["unit_turn"]


def test_days_from_turns() -> None:
    """4.32 turns are 84.49 days."""
    given, wanted = _oracle("dio-from-turn")
    found = _metric("dio_days", turnover_period=given["turnover"], days=given["days"])
    assert found == pytest.approx(wanted["dio"], rel=1e-12)


@pytest.mark.parametrize("name", ["gmroi-basic", "gmroi-retailmath"])
def test_gmroi(name: str) -> None:
    """Margin on the money in stock: 2.0, and 159.76 % of a chain."""
    given, wanted = _oracle(name)
    if name == "gmroi-basic":
        margin, stock = given["gross_profit"], given["avg_inventory_cost"]
    else:
        margin = given["net_sales"] * (given["price"] - given["unit_cost"]) / given["price"]
        stock = given["avg_inventory"]
    found = _metric("gmroi", gross_margin=float(margin), avg_inventory=float(stock), days=365)
    assert found == pytest.approx(wanted["gmroi"], rel=1e-12)


def test_weeks_of_stock() -> None:
    """8,000 in stock and 12,000 sold in six weeks last four weeks."""
    given, wanted = _oracle("weeks-of-stock")
    days = _metric(
        "cover_days",
        closing_value=float(given["inventory"]),
        cogs=float(given["sales_last_6_weeks"]),
        days=42,
    )
    assert days == wanted["weeks"] * 7


def test_dead_stock_never_has_no_cover() -> None:
    """Nothing consumed: no days of cover, no days of stock, 0 turns; a peer says 0.0 months."""
    given, wanted = _oracle("dead-stock-months")
    sums = {"cogs": float(given["consumed_12m"]), "avg_inventory": float(given["on_hand"]), "days": 365}
    assert _metric("turnover", **sums) == wanted["turns"]
    assert _metric("dio_days", **sums) is None
    cover = _metric("cover_days", closing_value=float(given["on_hand"]), **sums)
    assert cover is None
    assert cover != wanted["wrong_value_never_to_match"]


def _counted(pairs: list[tuple[float, float]], tolerance: float) -> dict:
    """What the public API says of counts (book, count), one sku each."""
    codes = [f"s{number}" for number in range(len(pairs))]
    day = [date(2024, 1, 31)] * len(pairs)
    moves = {"date": day, "sku": codes, "qty": [row[0] for row in pairs], "kind": ["purchase"] * len(pairs)}
    lines = {
        "date": day,
        "sku": codes,
        "book_qty": [row[0] for row in pairs],
        "counted_qty": [row[1] for row in pairs],
    }
    ledger = Ledger.of(movements=pl.DataFrame(moves), counts=pl.DataFrame(lines))
    settings = Settings.model_validate({"turnover": {"count_tolerance": tolerance}})
    return stockturn.turnover(ledger, settings=settings).row(0, named=True)


def test_count_accuracy() -> None:
    """485 of 500 counts agree; plus and minus never cancel; the tolerance of the class decides."""
    given, wanted = _oracle("ira-basic")
    right, every = given["matching"], given["counted"]
    pairs = [(10.0, 10.0)] * right + [(10.0, 9.0)] * (every - right)
    found = _counted(pairs, 0.0)
    assert (found["counted"], found["inventory_accuracy"]) == (every, wanted["accuracy"])
    given, wanted = _oracle("ira-tolerance")
    pairs = [(float(row[1]), float(row[2])) for row in given["items"]]
    strict, loose = (_counted(pairs, given["tolerance"][name])["inventory_accuracy"] for name in "AC")
    assert (strict, loose) == (wanted["accuracy_class_A"], wanted["accuracy_if_class_C"])
    assert strict != wanted["net_sum_wrong"]
    assert _counted(pairs, 0.0)["count_error"] == pytest.approx(0.05)


def _year_of_stock(ends: list[float], cogs: float) -> Ledger:
    """One sku at cost 1 whose stock at the month ends of a year is given, with the cogs spread over its months."""
    days = [date(2023, 12, 31)] + [
        date(2024 + month // 12, month % 12 + 1, 1) - timedelta(days=1) for month in range(1, 13)
    ]
    rows = []
    for number, day in enumerate(days[1:]):
        sold = cogs / 12
        change = ends[number + 1] - ends[number]
        rows += [
            {
                "date": day,
                "sku": "x",
                "warehouse": "A",
                "qty": change + sold,
                "kind": "purchase",
                "cost": change + sold,
            },
            {"date": day, "sku": "x", "warehouse": "A", "qty": -sold, "kind": "sale", "cost": None},
        ]
    stock = {"as_of": [days[0]], "sku": ["x"], "warehouse": ["A"], "on_hand": [ends[0]], "value": [ends[0]]}
    kept = [row for row in rows if row["qty"] != 0 and not (row["kind"] == "purchase" and row["qty"] < 0)]
    sent = [
        {**row, "kind": "purchase_return"} for row in rows if row["kind"] == "purchase" and row["qty"] < 0
    ]
    return Ledger.of(movements=pl.DataFrame(kept + sent), stock=pl.DataFrame(stock))


@pytest.mark.parametrize(
    ("average", "stock", "turns"),
    [
        ("two_point", "two_point_avg", "turn_two_point"),
        ("month_points", "thirteen_point_avg", "turn_13pt"),
        ("monthly", "trapezoid_avg", "turn_trapezoid"),
    ],
)
def test_the_average_matters(average: str, stock: str, turns: str) -> None:
    """A seasonal year: two points say 12 turns where the months say 3.2 to 3.4."""
    given, wanted = _oracle("avg-method-matters")
    settings = Settings.model_validate({"turnover": {"average": average, "cost": "moving_average"}})
    known = entries(
        _year_of_stock([float(x) for x in given["month_end_stock_value"]], float(given["cogs"])), settings
    )
    valued = valued_days(known, settings)
    year = period_of(date(2024, 1, 1), date(2024, 12, 31))
    row = turnover(valued, known, settings, (), year).row(0, named=True)
    assert row["cogs"] == pytest.approx(given["cogs"], rel=1e-9)
    assert row["avg_inventory"] == pytest.approx(wanted[stock], rel=1e-9)
    assert row["turnover"] == pytest.approx(wanted[turns], rel=1e-9)


def test_two_point_average() -> None:
    """125,000 and 175,000 make 150,000."""
    given, wanted = _oracle("turn-avg-2pt")
    ends = [float(given["beginning"])] * 12 + [float(given["ending"])]
    settings = Settings.model_validate({"turnover": {"average": "two_point", "cost": "moving_average"}})
    known = entries(_year_of_stock(ends, 12000.0), settings)
    year = period_of(date(2024, 1, 1), date(2024, 12, 31))
    row = turnover(valued_days(known, settings), known, settings, (), year).row(0, named=True)
    assert row["avg_inventory"] == wanted["avg_inventory"]
