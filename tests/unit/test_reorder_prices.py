"""What buying costs: where the price is from, and what is valued with it."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import polars as pl
import pytest

from stockturn.engine.prices import last_purchases, with_purchase_price

from .reorder_made import AS_OF, company, day, run, table

BOUGHT = {"kind": "purchase", "qty": 5.0, "sku": "A", "partner": "S"}
SOURCES = ("price_list", "last_purchase", "order_line", "item", "inventory")


def bought(*rows: dict[str, Any]) -> pl.DataFrame:
    """The last purchases of these movements."""
    return last_purchases(table("movements", *(BOUGHT | row for row in rows)).lazy(), AS_OF).collect()


def made(sources: tuple[str, ...]) -> dict[str, Any]:
    """The row of A, of which only these sources know a price."""
    items = {"unit_cost": 4.0 if "item" in sources else None}
    prices = table("prices", {"sku": "A", "valid_from": day(-9), "unit_cost": 1.0})
    orders = table(
        "orders",
        {
            "sku": "A",
            "supplier": "S",
            "order_date": day(-9),
            "qty_ordered": 1.0,
            "qty_open": 0.0,
            "unit_cost": 3.0,
        },
    )
    inputs = company(
        {"on_hand": 2, "rate": 3, "cost": 5.0, "lead_time_days": 5, **items},
        prices=prices if "price_list" in sources else prices.clear(),
        purchases=bought({"date": day(-9), "unit_cost": 2.0}) if "last_purchase" in sources else None,
        orders=orders if "order_line" in sources else orders.clear(),
    )
    return run(inputs).reorder.row(0, named=True)


@pytest.mark.parametrize("first", range(5))
def test_the_best_known_source_gives_the_price_and_is_named(first: int) -> None:
    """Price list before last purchase before order line before item before stock; the order is valued with it."""
    found = made(SOURCES[first:])
    assert (found["purchase_price"], found["price_basis"]) == (first + 1.0, SOURCES[first])
    assert found["order_value"] == pytest.approx(found["suggested_qty"] * (first + 1.0))
    assert found["suggested_qty"] > 0
    assert found["unit_cost"] == 5.0


def test_orders_cash_budget_and_what_is_left_out_are_valued_at_the_purchase_price() -> None:
    """Goods in stock at 5 that cost 8 today: 40 money buy 5 of them, and every frame of money says 8 a unit."""
    prices = table("prices", {"sku": "A", "valid_from": day(0), "unit_cost": 8.0})
    inputs = company({"on_hand": 0, "rate": 3, "cost": 5.0, "lead_time_days": 5}, prices=prices)
    found = run(inputs, budget=40.0)
    assert found.reorder.select("suggested_qty", "order_value").row(0) == (5.0, 40.0)
    assert (found.left_out["order_value"] / found.left_out["qty"]).to_list() == [8.0]
    assert (found.supplier_orders["order_value"] / found.supplier_orders["qty"]).unique().to_list() == [8.0]
    assert found.cash["planned_value"].sum() == pytest.approx(found.plan["released_qty"].sum() * 8)
    assert found.requests.select("purchase_price", "order_value").row(0) == (8.0, 40.0)


def test_excess_stays_valued_at_what_the_stock_is_worth() -> None:
    """What is too many in stock at 5 ties up 5 each, whatever a new one costs."""
    prices = table("prices", {"sku": "A", "valid_from": day(0), "unit_cost": 8.0})
    found = run(company({"on_hand": 500, "rate": 1, "cost": 5.0, "lead_time_days": 5}, prices=prices))
    too_many = found.overstock.row(0, named=True)
    assert too_many["excess_qty"] > 0
    assert too_many["excess_value"] == 5.0 * too_many["excess_qty"]


def test_a_price_list_counts_from_its_day_and_a_later_one_not_yet() -> None:
    """Of the lines up to as_of the latest; tomorrow's price is not known to a run of today; a blank one says nothing."""
    prices = table(
        "prices",
        {"sku": "A", "valid_from": day(-30), "unit_cost": 6.0},
        {"sku": "A", "valid_from": day(0), "unit_cost": 7.0},
        {"sku": "A", "valid_from": day(0), "unit_price": 20.0},
        {"sku": "A", "valid_from": day(1), "unit_cost": 9.0},
    )
    found = run(company({"on_hand": 1, "rate": 1}, prices=prices)).reorder
    assert found["purchase_price"].to_list() == [7.0]


def test_the_main_suppliers_last_price_goes_before_a_later_one_of_another() -> None:
    """S is the main supplier: its 2.0 of last month counts, not the 3.0 another took yesterday."""
    rows = bought(
        {"date": day(-60), "unit_cost": 1.0},
        {"date": day(-30), "unit_cost": 2.0},
        {"date": day(-1), "unit_cost": 3.0, "partner": "T"},
        {"date": day(-1), "unit_cost": 4.0, "partner": None},
    )
    found = run(company({"on_hand": 1, "rate": 1}, purchases=rows)).reorder
    assert found["purchase_price"].to_list() == [2.0]
    other = run(company({"on_hand": 1, "rate": 1, "supplier": "X"}, purchases=rows)).reorder
    assert other["purchase_price"].to_list() == [4.0]


def slow(rows: list[dict[str, Any]], main: str) -> float | None:
    """The same by hand: main supplier first, then the latest day, then the highest price."""
    best: tuple[bool, date, float] | None = None
    for line in rows:
        price = line["unit_cost"]
        if price is None and line["cost"] is not None:
            price = line["cost"] / line["qty"]
        if line["kind"] != "purchase" or line["date"] > AS_OF or line["qty"] <= 0 or not price:
            continue
        key = (line["partner"] == main, line["date"], price)
        best = key if best is None or key > best else best
    return best[2] if best else None


@pytest.mark.parametrize("seed", range(8))
def test_last_purchases_equal_a_walk_over_the_rows_in_any_order(seed: int) -> None:
    """Random ledgers with returns, samples, rows without cost and rows after as_of; shuffled they give the same."""
    dice = random.Random(seed)
    rows = [
        {
            "sku": dice.choice("ABC"), "kind": dice.choice(("purchase", "purchase", "purchase_return", "sale")),
            "date": day(dice.randint(-6, 2)), "qty": float(dice.choice((-2, 1, 4))),
            "unit_cost": dice.choice((None, 0.0, 1.5, 2.0, 2.5)), "cost": dice.choice((None, 6.0)),
            "partner": dice.choice((None, "S", "T")),
        }
        for _ in range(60)
    ]  # fmt: skip
    cells = pl.LazyFrame({"sku": ["A", "B", "C"], "supplier": ["S", "T", "(none)"]}).with_columns(
        pl.lit(None, pl.Float64).alias(name) for name in ("unit_cost", "item_cost")
    )
    blank = (table("prices").lazy(), table("orders").lazy())
    for _ in range(2):
        found = (
            with_purchase_price(cells, blank[0], bought(*rows).lazy(), blank[1], AS_OF).collect().sort("sku")
        )
        mains = zip("ABC", ("S", "T", "(none)"), strict=True)
        wanted = [slow([line for line in rows if line["sku"] == sku], main) for sku, main in mains]
        assert found["purchase_price"].to_list() == wanted
        dice.shuffle(rows)
