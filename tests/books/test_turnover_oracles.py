"""Worked numbers from books and articles through the public API; peers' wrong numbers are never met."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import cache

import polars as pl
import pytest

import stockturn
from stockturn.config import Settings
from stockturn.model import Ledger
from tests.shared import shared


@cache
def _oracles() -> dict:
    found = json.loads(shared("oracles.json").read_text(encoding="utf-8"))
    return {one["id"]: one for one in found}


def _oracle(name: str) -> tuple[dict, dict]:
    one = _oracles()[name]
    return one["inputs"], one["expected"]


def _settings(**choices: object) -> Settings:
    chosen = {"cost": "moving_average", **choices}
    return Settings.model_validate({"turnover": chosen, "period": {"last": "12m"}})


def _steady(
    stock: dict[str, tuple[float, float]], sold: dict[str, tuple[float, float]], days: int = 365
) -> Ledger:
    """A business of steady stock: four times each sku sells its part and is bought again at the same cost that day.

    ``stock``: units and unit cost on hand all the time; ``sold``: units over the whole span and their unit price.
    """
    end = date(2023, 12, 31)
    rows = [
        {
            "date": end - timedelta(days=back),
            "sku": sku,
            "qty": sign * units / 4,
            "kind": kind,
            "cost": units / 4 * stock[sku][1] if sign > 0 else None,
            "revenue": units / 4 * price if sign < 0 else None,
        }
        for sku, (units, price) in sold.items()
        for back in range(0, 4 * (days // 4), days // 4)
        for sign, kind in ((1, "purchase"), (-1, "sale"))
        if units
    ]
    lists = [
        {"as_of": day, "sku": sku, "on_hand": units, "value": units * cost}
        for sku, (units, cost) in stock.items()
        for day in (end - timedelta(days=days), end)
    ]
    return Ledger.of(**({"movements": pl.DataFrame(rows)} if rows else {}), stock=pl.DataFrame(lists))


def _row(ledger: Ledger, **choices: object) -> dict:
    return stockturn.turnover(ledger, settings=_settings(**choices)).row(0, named=True)


@pytest.mark.parametrize("average", ["daily", "monthly", "month_points", "two_point"])
def test_turnover_of_a_year(average: str) -> None:
    """600,000 at cost over 120,000 is 5.0 turns and 73 days, by every average of a steady stock."""
    given, wanted = _oracle("turn-basic")
    ledger = _steady({"x": (given["avg_inventory"] / 4, 4.0)}, {"x": (given["cogs"] / 4, 9.0)})
    row = _row(ledger, average=average)
    assert (row["days"], row["avg_basis"]) == (given["days"], average)
    assert row["turnover"] == pytest.approx(wanted["turnover"], rel=1e-9)
    assert row["dio_days"] == pytest.approx(wanted["dio"], rel=1e-9)


def test_turnover_at_cost_and_in_units_are_different_figures() -> None:
    """Cost turn 5.45 and unit turn 6.0 of one business; the turn at retail price is not offered."""
    given, wanted = _oracle("turn-3-ways")
    # two goods at 5 and 10 a piece make the units and the values of the example
    dear = (given["cogs"] - 5 * given["unit_sales"]) / 5
    held = (given["avg_inventory_cost"] - 5 * given["avg_inventory_units"]) / 5
    ledger = _steady(
        {"a": (given["avg_inventory_units"] - held, 5.0), "b": (held, 10.0)},
        {
            "a": (given["unit_sales"] - dear, given["retail_sales"] / given["unit_sales"]),
            "b": (dear, given["retail_sales"] / given["unit_sales"]),
        },
    )
    row = _row(ledger)
    assert row["revenue"] == pytest.approx(given["retail_sales"], rel=1e-9)
    assert row["turnover"] == pytest.approx(wanted["cost_turn"], rel=1e-9)
    assert row["turnover_units"] == pytest.approx(wanted["unit_turn"], rel=1e-9)
    assert wanted["retail_turn"] not in [value for value in row.values() if isinstance(value, float)]


def test_days_from_turns() -> None:
    """4.32 turns are 84.49 days."""
    given, wanted = _oracle("dio-from-turn")
    row = _row(_steady({"x": (100.0, 1.0)}, {"x": (100 * given["turnover"], 2.0)}, given["days"]))
    assert row["turnover"] == pytest.approx(given["turnover"], rel=1e-9)
    assert row["dio_days"] == pytest.approx(wanted["dio"], rel=1e-9)
    assert round(row["dio_days"], 2) == wanted["printed"]


def test_gmroi() -> None:
    """Margin on the money in stock: 2.0, and 159.76 % of a chain."""
    given, wanted = _oracle("gmroi-basic")
    stock = float(given["avg_inventory_cost"])
    row = _row(_steady({"x": (stock, 1.0)}, {"x": (100_000.0, 1 + given["gross_profit"] / 100_000)}))
    assert row["gross_margin"] == pytest.approx(given["gross_profit"], rel=1e-9)
    assert row["gmroi"] == pytest.approx(wanted["gmroi"], rel=1e-9)
    given, wanted = _oracle("gmroi-retailmath")
    units = given["net_sales"] / given["price"]
    stock = given["avg_inventory"] / given["unit_cost"]
    row = _row(_steady({"x": (stock, given["unit_cost"])}, {"x": (units, given["price"])}))
    assert row["gross_margin"] / row["revenue"] == pytest.approx(wanted["gm_pct"], rel=1e-9)
    assert row["gmroi"] == pytest.approx(wanted["gmroi"], rel=1e-9)


def test_weeks_of_stock() -> None:
    """8,000 in stock and 12,000 sold in six weeks last four weeks."""
    given, wanted = _oracle("weeks-of-stock")
    row = _row(_steady({"x": (given["inventory"], 1.0)}, {"x": (given["sales_last_6_weeks"], 2.0)}, days=42))
    assert row["cover_days"] == pytest.approx(wanted["weeks"] * 7, rel=1e-9)


def test_dead_stock_never_has_no_cover() -> None:
    """Nothing consumed: no days of cover, no days of stock, 0 turns; a peer says 0.0 months."""
    given, wanted = _oracle("dead-stock-months")
    ledger = _steady(
        {"x": (float(given["on_hand"]), 1.0), "y": (1.0, 1.0)}, {"x": (0.0, 1.0), "y": (12.0, 1.0)}
    )
    frame = stockturn.turnover(ledger, by=["sku"], settings=_settings())
    dead = frame.filter(pl.col("sku") == "x").row(0, named=True)
    assert (dead["turnover"], dead["reason_code"]) == (wanted["turns"], "nothing_sold")
    assert dead["dio_days"] is None
    assert dead["cover_days"] is None
    assert dead["cover_days"] != wanted["wrong_value_never_to_match"]


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
    ends = [float(x) for x in given["month_end_stock_value"]]
    row = _row(_year_of_stock(ends, float(given["cogs"])), average=average)
    assert row["cogs"] == pytest.approx(given["cogs"], rel=1e-9)
    assert row["avg_inventory"] == pytest.approx(wanted[stock], rel=1e-9)
    assert row["turnover"] == pytest.approx(wanted[turns], rel=1e-9)


def test_two_point_average() -> None:
    """125,000 and 175,000 make 150,000."""
    given, wanted = _oracle("turn-avg-2pt")
    ends = [float(given["beginning"])] * 12 + [float(given["ending"])]
    row = _row(_year_of_stock(ends, 12000.0), average="two_point")
    assert row["avg_inventory"] == wanted["avg_inventory"]
