"""Provision and the way out: what is written off, what is proposed, what it brings in."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import hypothesis
import hypothesis.strategies as st
import polars as pl
import pytest

from stockturn.engine.ageing import ageing
from stockturn.engine.clearing import with_action
from stockturn.engine.deadstock import deadstock
from stockturn.engine.entries import entries
from stockturn.engine.wording import number, sentence
from stockturn.i18n import LANGUAGES, text
from stockturn.model import Ledger
from tests.moves import closing_of, day, movements, settings

SHORT = "date sku qty kind warehouse"
COST = 10.0


def items(**columns: object) -> pl.DataFrame:
    """An item master of one sku."""
    return pl.DataFrame({"sku": ["A"], **{name: [value] for name, value in columns.items()}})


def cell(
    rows: list[tuple[object, ...]],
    as_of: date,
    where: str = "W",
    chosen: dict[str, object] | None = None,
    **tables: pl.DataFrame,
) -> dict[str, object]:
    """The row of sku A in one warehouse; unit cost 10."""
    given = settings(period={"as_of": as_of}, **(chosen or {}))
    ledger = Ledger.of(movements=movements(rows, SHORT), **tables)
    start = entries(ledger, given)
    stock = closing_of(start, COST)
    found = deadstock(ledger, start, stock, ageing(start, stock, given), given).collect()
    return found.filter((pl.col("sku") == "A") & (pl.col("warehouse") == where)).row(0, named=True)


def old_stock(qty: float = 100.0) -> list[tuple[object, ...]]:
    """Bought on day 0, one unit sold then."""
    return [(0, "A", qty + 1, "purchase", "W"), (0, "A", -1.0, "sale", "W")]


def test_the_larger_of_age_and_net_realisable_value() -> None:
    """100 units at 10 that are 400 days old: by age 1,000; at a price of 9 they lose 1.90 each; 1,000 is taken."""
    found = cell(old_stock(), day(400), items=items(unit_price=9.0))
    assert found["age_provision"] == pytest.approx(1000.0)
    assert found["nrv_provision"] == pytest.approx(190.0)
    assert found["provision"] == pytest.approx(1000.0)


def test_net_realisable_value_counts_for_young_stock_too() -> None:
    """10 days old, price 5: nothing by age, 5.50 a unit below cost."""
    found = cell(old_stock(), day(10), items=items(unit_price=5.0))
    assert (found["age_provision"], found["provision"]) == (0.0, pytest.approx(550.0))


def test_a_good_price_never_writes_up() -> None:
    """Net realisable value above cost: no provision, none negative; without a price it is unknown."""
    assert cell(old_stock(), day(10), items=items(unit_price=50.0))["nrv_provision"] == 0.0
    assert cell(old_stock(), day(10))["nrv_provision"] is None
    assert cell(old_stock(), day(10))["provision"] == 0.0


def test_the_price_list_in_force_at_as_of_counts() -> None:
    """5 from day 100 on, 50 before; a later price is not yet known."""
    prices = pl.DataFrame(
        {"sku": ["A"] * 3, "valid_from": [day(0), day(100), day(300)], "unit_price": [50.0, 5.0, 1.0]}
    )
    assert cell(old_stock(), day(99), prices=prices)["unit_price"] == 50.0
    assert cell(old_stock(), day(100), prices=prices)["unit_price"] == 5.0


@pytest.mark.parametrize(("age", "share"), [(90, 0.0), (91, 0.25), (181, 0.5), (366, 1.0)])
def test_provision_shares_by_bucket(age: int, share: float) -> None:
    """Each bucket has its own share."""
    assert cell(old_stock(), day(age))["age_provision"] == pytest.approx(share * 100 * COST)


def test_stock_from_before_the_ledger_is_provided_for_as_old_as_the_ledger() -> None:
    """A ledger of 100 days: at least 101 days old, so 25 %."""
    stock = pl.DataFrame({"as_of": [day(-1)], "sku": ["A"], "on_hand": [10.0], "warehouse": ["W"]})
    given = settings(period={"as_of": day(99)})
    ledger = Ledger.of(movements=movements([(0, "B", 1.0, "purchase", "W")]), stock=stock)
    start = entries(ledger, given)
    closing = pl.LazyFrame({"sku": ["A"], "warehouse": ["W"], "on_hand": [10.0], "value": [100.0]})
    found = deadstock(ledger, start, closing, ageing(start, closing, given), given).collect()
    assert found["age_provision"].item() == pytest.approx(25.0)


def test_active_stock_needs_nothing() -> None:
    """No action, no reason, no date."""
    rows = [(0, "A", 100.0, "purchase", "W"), *((n, "A", -1.0, "sale", "W") for n in range(1, 60))]
    found = cell(rows, day(60))
    assert [found[name] for name in ("action", "action_qty", "cash_back", "reason", "due_date")] == [
        "none",
        None,
        None,
        None,
        None,
    ]


def test_a_supplier_who_takes_goods_back_gets_them() -> None:
    """80 % of the cost, in two weeks, because the stock is dead."""
    suppliers = pl.DataFrame({"supplier": ["S1"], "takes_returns": [True]})
    found = cell(old_stock(), day(400), items=items(supplier="S1"), suppliers=suppliers)
    assert (found["action"], found["action_qty"]) == ("return", 100.0)
    assert found["cash_back"] == pytest.approx(800.0)
    assert found["due_date"] == day(400) + timedelta(days=14)
    assert "S1" in str(found["reason"])


@pytest.mark.parametrize(("left", "discount", "uplift", "sold"), [(30, 0.1, 1.3, 30), (60, 0.3, 2.0, 49)])
def test_the_price_step_that_nets_most_is_proposed(
    left: int, discount: float, uplift: float, sold: int
) -> None:
    """50 sold in the past year: 30 are gone in 24 weeks at 10 % off; of 60 a bigger step sells 49 in 26."""
    rows = [(0, "A", left + 50.0, "purchase", "W"), (300, "A", -50.0, "sale", "W")]
    found = cell(rows, day(400), items=items(unit_price=20.0))
    assert (found["status"], found["action"], found["action_qty"]) == ("stagnant", "promote", sold)
    assert found["cash_back"] == pytest.approx(sold * 20 * 0.9 * (1 - discount))
    weeks = sold / (50 / 365 * uplift * 7)
    assert found["clear_weeks"] == pytest.approx(weeks)
    assert f"{math.ceil(weeks)} weeks" in str(found["reason"])
    assert f"{discount:.0%} off" in str(found["reason"])
    assert found["next_action"] == "dispose"


def toys(prices: list[float]) -> dict[str, object]:
    """Dead A beside F, which sells 3 a day, and G, which sells 1, all of one category, at these prices."""
    rows = old_stock()
    for sku, daily in (("F", -3.0), ("G", -1.0)):
        rows += [(0, sku, 5000.0, "purchase", "W"), *((n, sku, daily, "sale", "W") for n in range(1, 401))]
    master = pl.DataFrame({"sku": ["A", "F", "G"], "category": ["Toys"] * 3, "unit_price": prices})
    return cell(rows, day(400), items=master, chosen={"deadstock": {"slow_cover_days": 5000}})


def test_a_dead_item_goes_with_the_best_seller_of_its_category() -> None:
    """No sale in a year, no price step helps: every tenth buyer of F takes one, 54 in 26 weeks; 46 are left."""
    found = toys([20.0, 20.0, 20.0])
    assert (found["action"], found["action_qty"]) == ("bundle", 54.0)
    assert found["cash_back"] == pytest.approx(54 * 20 * 0.9 * 0.5)
    assert "with F, which sells 3 a day here" in str(found["reason"])
    assert "46 are left" in str(found["reason"])


def test_nobody_buys_a_kettle_for_the_tent_that_comes_along() -> None:
    """F costs less than A at half price: A goes with G, or with nobody where G is cheaper too."""
    assert "with G, which sells 1 a day" in str(toys([20.0, 9.0, 10.0])["reason"])
    assert toys([20.0, 9.0, 9.99])["action"] == "dispose"


def test_a_sure_way_goes_before_a_less_sure_one_that_brings_little_more() -> None:
    """A supplier's 8 a unit against a promotion: at a price of 15 it nets less than a quarter more, at 25 more."""
    suppliers = pl.DataFrame({"supplier": ["S1"], "takes_returns": [True]})
    rows = [(0, "A", 80.0, "purchase", "W"), (300, "A", -50.0, "sale", "W")]
    for price, action, other in ((12.0, "return", "promote"), (25.0, "promote", "return")):
        found = cell(rows, day(400), items=items(unit_price=price, supplier="S1"), suppliers=suppliers)
        assert (found["action"], found["next_action"]) == (action, other)


def test_two_warehouses_share_what_a_third_one_needs() -> None:
    """V and X hold 60 and 30 that only W sells, 1 a day with none left: 60 and 30 of the 90 it needs, not 90 each."""
    rows = [
        (0, "A", 120.0, "purchase", "V"), (0, "A", 60.0, "purchase", "X"), (0, "A", 400.0, "purchase", "W"),
        *((n, "A", -1.0, "sale", "W") for n in range(1, 401)),
    ]  # fmt: skip
    made = [cell(rows, day(400), where) for where in ("V", "X")]
    assert [(one["action"], one["action_qty"]) for one in made] == [("transfer", 60.0), ("transfer", 30.0)]
    assert "1 a day are sold" in str(made[0]["reason"])


FACTS = st.fixed_dictionaries(
    {
        "on_hand": st.integers(1, 400).map(float),
        "unit_cost": st.none() | st.integers(1, 50).map(float),
        "unit_price": st.none() | st.integers(1, 90).map(float),
        "yearly_per_day": st.sampled_from([0.0, 0.02, 0.3, 2.0]),
        "takes_returns": st.booleans(),
        "status": st.sampled_from(["dead", "misplaced", "stagnant"]),
        "sells_elsewhere": st.sampled_from([0.0, 0.05, 1.0]),
        "partner": st.sampled_from([None, 5.0, 40.0, 200.0]),
    }
)


def slow_choice(facts: dict[str, Any], config: Any) -> tuple[str, float, float | None]:
    """Action, units and cash of one cell, in plain Python."""
    clearing, rate = config.deadstock.clearing, config.turnover.capital_rate
    units, cost, span = facts["on_hand"], facts["unit_cost"], clearing.promote_weeks
    price = None if facts["unit_price"] is None else facts["unit_price"] * (1 - config.deadstock.selling_cost)
    ways: list[tuple[str, float, float | None, float]] = []
    if facts["sells_elsewhere"]:
        moved = min(units, math.ceil(round(facts["sells_elsewhere"] * clearing.transfer_days, 9)))
        ways.append(
            ("transfer", moved, cost if price is None else price, moved / facts["sells_elsewhere"] / 7)
        )
    if facts["takes_returns"]:
        ways.append(
            ("return", units, None if cost is None else cost * clearing.return_credit, clearing.return_weeks)
        )
    if price is not None:
        for discount, uplift in zip(clearing.discounts, clearing.uplifts, strict=True):
            weekly = facts["yearly_per_day"] * 7 * uplift
            if sold := min(units, math.floor(weekly * span)):
                ways.append(("promote", sold, price * (1 - discount), sold / weekly))
        if (facts["partner"] or 0) >= facts["unit_price"] * (1 - clearing.bundle_discount):
            weekly = 2.0 * clearing.bundle_share * 7
            sold = min(units, math.floor(weekly * span))
            ways.append(("bundle", sold, price * (1 - clearing.bundle_discount), sold / weekly))
    ways.append(("dispose", units, None if cost is None else cost * clearing.scrap_share, 0.0))
    best: tuple[float, str, float, float | None] | None = None
    for action, qty, each, weeks in ways:
        bound = (qty * weeks / 2 + (units - qty) * span) * (cost or 0) * rate / 52
        net = (each or 0) * qty + (units - qty) * (cost or 0) * clearing.scrap_share - bound
        margin = 0 if best is None or best[1] == action else clearing.surer * abs(best[0])
        first = best is None or (action == "promote" and best[1] == "promote" and net > best[0])
        if first or (best is not None and best[1] != action and net > best[0] + margin):
            best = (net, action, qty, None if each is None else each * qty)
        if action == "transfer" and facts["status"] == "misplaced":
            break
    assert best is not None
    return best[1:]


@hypothesis.given(FACTS)
def test_the_choice_is_that_of_a_plain_comparison(facts: dict[str, Any]) -> None:
    """Net of every way worked out one by one gives the same action, units and cash."""
    config = settings()
    row = {
        "sku": "A", "warehouse": "W", "category": "Toys", "supplier": "S", "reserved": None, "last_demand": None,
        "idle_days": 200, "cover_days": None, "demand_per_day": 0.0, "next_expiry": None, "expiring_qty": None,
        "expired_qty": None, **{name: facts[name] for name in facts if name not in ("sells_elsewhere", "partner")},
    }  # fmt: skip
    mover = row | {"sku": "F", "status": "active", "demand_per_day": 2.0, "unit_price": facts["partner"]}
    cells = pl.LazyFrame([row, mover], schema_overrides={
        "reserved": pl.Float64, "cover_days": pl.Float64, "next_expiry": pl.Date, "expiring_qty": pl.Float64,
        "expired_qty": pl.Float64, "unit_cost": pl.Float64, "unit_price": pl.Float64, "last_demand": pl.Date,
    })  # fmt: skip
    sellers = pl.LazyFrame(
        {"sku": ["A"], "warehouse": ["V"], "demand_per_day": [facts["sells_elsewhere"]], "on_hand": [0.0]}
    ).filter(pl.col("demand_per_day") > 0)
    found = with_action(cells, sellers, day(400), config).collect()
    found = found.filter(pl.col("sku") == "A").row(0, named=True)
    action, qty, cash = slow_choice(facts, config)
    assert (found["action"], found["action_qty"]) == (action, qty)
    assert found["cash_back"] == (None if cash is None else pytest.approx(cash))


def test_what_nobody_takes_is_disposed_of() -> None:
    """No price, no supplier, no other warehouse: scrap value."""
    found = cell(old_stock(), day(400))
    assert (found["action"], found["cash_back"]) == ("dispose", pytest.approx(100 * COST * 0.05))


def test_slow_stock_keeps_ninety_days_of_demand() -> None:
    """1 a day and 300 on hand: 210 are in question."""
    rows = [(0, "A", 390.0, "purchase", "W"), *((n, "A", -1.0, "sale", "W") for n in range(1, 91))]
    found = cell(rows, day(90))
    assert (found["status"], found["action_qty"]) == ("slow", 210.0)
    assert str(found["reason"]).startswith("Enough for 300 days at 1 a day")


def test_expired_stock_is_disposed_of_and_due_at_once() -> None:
    """7 of a batch expired ten days ago in a cell that sells."""
    rows = [(0, "A", 100.0, "purchase", "W"), *((n, "A", -1.0, "sale", "W") for n in range(1, 60))]
    batches = pl.DataFrame(
        {
            "batch": ["B"],
            "sku": ["A"],
            "warehouse": ["W"],
            "qty_left": [7.0],
            "expiry": [day(50)],
            "received_on": [day(0)],
        }
    )
    found = cell(rows, day(60), batches=batches)
    assert (found["status"], found["action"], found["action_qty"]) == ("active", "dispose", 7.0)
    assert (found["due_date"], found["expiring_qty"], found["expiring_value"]) == (day(60), 7.0, 70.0)


def test_goods_on_the_way_are_not_dead() -> None:
    """Left five days ago, old, and not arrived: active, no action."""
    columns = f"{SHORT} doc_no"
    rows = [
        (0, "A", 50.0, "purchase", "V", "P"),
        (1, "A", -10.0, "transfer_out", "V", "T0"), (1, "A", 10.0, "transfer_in", "W", "T0"),
        (300, "A", -20.0, "transfer_out", "V", "T1"),
    ]  # fmt: skip
    given = settings(period={"as_of": day(305)})
    ledger = Ledger.of(movements=movements(rows, columns))
    start = entries(ledger, given)
    stock = closing_of(start)
    found = deadstock(ledger, start, stock, ageing(start, stock, given), given).collect()
    way = found.filter(pl.col("warehouse") == "(in transit)").row(0, named=True)
    assert (way["on_hand"], way["status"], way["idle_days"], way["action"]) == (20.0, "active", 5, "none")
    assert way["age_181_365"] == 20.0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_language_changes_the_reason_and_nothing_else(lang: str) -> None:
    """Same figures; every reason ends as a sentence of its language."""
    plain = cell(old_stock(), day(400))
    found = cell(old_stock(), day(400), chosen={"lang": lang})
    assert {**found, "reason": None} == {**plain, "reason": None}
    assert str(found["reason"]).endswith("." if lang == "en" else "。")


def test_sentences_are_filled_from_columns() -> None:
    """A field that is null leaves the sentence null, not half said."""
    frame = pl.DataFrame({"days": ["9", None]})
    told = frame.select(sentence("deadstock.why_idle", "en", idle=pl.col("days"))).to_series().to_list()
    assert told == [text("deadstock.why_idle", "en", idle="9"), None]


def test_numbers_in_sentences_have_no_needless_decimals() -> None:
    """12, 0.26, -3."""
    frame = pl.DataFrame({"x": [12.0, 0.256, -3.0]})
    assert frame.select(number(pl.col("x"), 2)).to_series().to_list() == ["12", "0.26", "-3"]


def test_excess_is_what_the_plan_says_and_unknown_without_one() -> None:
    """30 of A are too many by the plan: 300 at a unit cost of 10; B is outside the plan."""
    rows = [(0, "A", 50.0, "purchase", "W"), (0, "B", 50.0, "purchase", "W")]
    given = settings(period={"as_of": day(10)})
    ledger = Ledger.of(movements=movements(rows, SHORT))
    start = entries(ledger, given)
    stock = closing_of(start, COST)
    aged = ageing(start, stock, given)
    plan = pl.LazyFrame({"sku": ["A"], "warehouse": ["W"], "excess_qty": [30.0]})
    found = deadstock(ledger, start, stock, aged, given, plan).sort("sku").collect()
    assert found.select("excess_qty", "excess_value", "reason_code").rows() == [
        (30.0, 300.0, None),
        (None, None, "no_plan"),
    ]
    without = deadstock(ledger, start, stock, aged, given).collect()
    assert without["excess_qty"].to_list() == [None, None]
    assert without["reason_code"].unique().to_list() == ["no_plan"]
