"""What the engine sees at a review: the ledger up to that day, and nothing that came later."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import stockturn as st
from stockturn.config import Settings
from stockturn.engine.replay import replay
from stockturn.engine.replay.knowledge import Seen, delayed, known_at
from stockturn.engine.replay.leadtimes import LeadTimes
from stockturn.engine.replay.run import Variant, first_day, knowledge, prepare
from stockturn.engine.run import Run
from stockturn.errors import InputError, UsageError
from stockturn.model import Ledger
from tests.replayed import FROM, HOUSES, SKUS, company, ledger, replayed, settings, when

TODAY = FROM + timedelta(days=28)
"""A review in the middle of the replay."""


def another_future() -> Ledger:
    """The same company up to ``TODAY``; afterwards three times the sales, other purchases, counts, orders and lists."""
    tables = company(1)
    later = pl.col("date") > TODAY
    sold = pl.when(later & (pl.col("kind") == "sale")).then(3 * pl.col("qty"))
    bought = sold.when(later & (pl.col("kind") == "purchase")).then(pl.col("qty") + 9).otherwise("qty")
    moves = tables["movements"].with_columns(
        qty=bought, unit_cost=pl.when(later).then(99.0).otherwise("unit_cost")
    )
    counted = {
        "date": TODAY + timedelta(days=3),
        "sku": "A",
        "warehouse": "N",
        "qty": -20.0,
        "kind": "adjustment_out",
    }
    moves = pl.concat([moves, pl.DataFrame([counted])], how="diagonal")
    newer = pl.col("order_date") > TODAY
    orders = tables["orders"].with_columns(
        pl.when(newer).then(99.0).otherwise("unit_cost").alias("unit_cost")
    )
    orders = orders.with_columns(pl.when(newer).then(500.0).otherwise("qty_ordered").alias("qty_ordered"))
    lists = [
        {"as_of": when(205), "sku": sku, "warehouse": house, "on_hand": 7.0}
        for sku in SKUS
        for house in HOUSES
    ]
    stock = pl.concat([tables["stock"], pl.DataFrame(lists)], how="diagonal")
    prices = pl.DataFrame([{"sku": "A", "valid_from": TODAY + timedelta(days=1), "unit_cost": 77.0}])
    events = pl.DataFrame([{"start": TODAY + timedelta(days=1), "end": when(209), "sku": "A", "uplift": 5.0}])
    people = pl.DataFrame([{"sku": "B", "period": when(182).replace(day=1), "qty": 999.0}])
    wanted = pl.DataFrame(
        [{"order_date": TODAY + timedelta(days=2), "sku": "C", "qty_ordered": 400.0, "warehouse": "N"}]
    )
    more = {"prices": prices, "promotions": events, "overrides": people, "sales_orders": wanted}
    return Ledger.of(movements=moves, stock=stock, items=tables["items"], orders=orders, **more)


@cache
def orders_of(future: bool) -> pl.DataFrame:
    """What the replay orders and moves."""
    made = replay(another_future(), settings()) if future else replayed()
    moved = made.transfers.select("date", "sku", warehouse="to_warehouse", qty="qty")
    return pl.concat([made.orders.select("date", "sku", "warehouse", "qty"), moved]).sort(pl.all())


def test_decisions_do_not_know_what_came_later() -> None:
    """Another future leaves every order and transfer up to that day as it was, and changes later ones."""
    plain, other = orders_of(False), orders_of(True)
    until = pl.col("date") <= TODAY
    assert plain.filter(until).height > 5
    assert_frame_equal(plain.filter(until), other.filter(until))
    assert not plain.filter(~until).equals(other.filter(~until))


@cache
def seen(future: bool) -> Seen:
    """What is known at the review."""
    source = another_future() if future else ledger(1)
    stage = prepare(source, settings())
    return knowledge(source, stage, Variant("suggested", settings())).at(
        TODAY, stage.world.on_the_way(stage.world.opening * 0)
    )


def test_everything_a_decision_stands_on_is_the_same() -> None:
    """Cells with their terms, prices, classes and lead times, demand ahead and the errors of its forecast, open lines."""
    plain, other = (seen(future).ground for future in (False, True))
    assert_frame_equal(plain.cells, other.cells)
    assert_frame_equal(plain.facts.lines, other.facts.lines)
    assert (plain.outlook.total == other.outlook.total).all()
    assert (plain.errors.quantiles == other.errors.quantiles).all()


def test_receipts_of_the_future_teach_no_lead_time() -> None:
    """Lead times are those of the receipts up to the day, however long later ones take."""
    tables = company(1)
    slow = tables["orders"].with_columns(
        received_date=pl.when(pl.col("received_date") > TODAY)
        .then(pl.lit(when(209)))
        .otherwise("received_date")
    )
    source = Ledger.of(**{**tables, "orders": slow})
    stage = prepare(source, settings())
    found = knowledge(source, stage, Variant("suggested", settings())).at(
        TODAY, stage.world.on_the_way(stage.world.opening * 0)
    )
    columns = ["sku", "warehouse", "lead_time_days", "lead_time_sd", "lead_time_source"]
    assert_frame_equal(found.ground.cells.select(columns), seen(False).ground.cells.select(columns))


def test_the_cut_ledger_holds_nothing_later() -> None:
    """Table by table, the date that says when a thing happened; overrides say none and are left out."""
    cut = known_at(another_future(), TODAY)
    for name, column in (
        ("movements", "date"),
        ("stock", "as_of"),
        ("orders", "order_date"),
        ("prices", "valid_from"),
    ):
        latest = cut.table(name).select(pl.col(column).max()).collect().item()
        assert latest is None or latest <= TODAY, name
    for name in ("promotions", "overrides", "sales_orders"):
        assert cut.table(name).collect().is_empty(), name


def test_the_first_review_is_what_reorder_says_that_day() -> None:
    """Nothing has changed yet, so that the orders are those of ``reorder`` as of the first day."""
    begun = FROM + timedelta(days=1)  # a day on which the company itself ordered nothing
    chosen = settings(start=begun)
    assert company(1)["orders"].filter(pl.col("order_date") == begun).is_empty()
    made = replay(ledger(1), chosen)
    then = chosen.model_copy(update={"period": Settings.model_validate({"period": {"as_of": begun}}).period})
    said = st.reorder(ledger(1), then).filter(pl.col("suggested_qty") > 0)
    first = made.orders.filter(pl.col("date") == begun)
    want = said.select("sku", "warehouse", "supplier", qty="suggested_qty", order_value="order_value")
    assert want.height > 2
    assert_frame_equal(first.select(want.columns), want.sort("sku", "warehouse"))


def test_what_was_done_is_what_turnover_says() -> None:
    """The row ``actual`` has the turnover, average stock, cost of sales and stockout rate of the period."""
    done = replayed().replay.row(0, named=True)
    chosen = settings().model_copy(
        update={"period": Settings.model_validate({"period": {"period": f"{FROM}..{when(209)}"}}).period}
    )
    want = st.turnover(ledger(1), settings=chosen).row(0, named=True)
    for name in (
        "turnover",
        "turnover_period",
        "dio_days",
        "avg_inventory",
        "cogs",
        "stockout_rate",
        "opening_value",
        "closing_value",
    ):
        assert done[name] == pytest.approx(want[name]), name


def test_the_lead_time_is_the_one_observed_nearest_in_time() -> None:
    """Of the sku and its supplier, else of the supplier, else the planned one; parts count by their quantity."""
    rows = [
        ("S", "A", 1, 8.0, 4.0),
        ("S", "A", 1, 4.0, 10.0),
        ("S", "A", 21, 5.0, 9.0),
        ("T", "B", 5, 1.0, 3.0),
    ]
    observed = pl.DataFrame(
        [
            {"supplier": s, "sku": k, "order_date": date(2024, 3, d), "qty_received": q, "days": n}
            for s, k, d, q, n in rows
        ]
    )
    none = pl.DataFrame(schema={"sku": pl.String, "warehouse": pl.String, "more": pl.Float64})
    pairs = pl.DataFrame([{"from_warehouse": "N", "to_warehouse": "S", "days": 2.0}])
    asked = [("S", "A", 10), ("S", "A", 11), ("S", "A", 12), ("T", "A", 9), ("U", "A", 9)]
    orders = pl.DataFrame(
        [
            {"supplier": s, "sku": k, "warehouse": "N", "order_date": date(2024, 3, d), "planned_days": 6.5}
            for s, k, d in asked
        ]
    )
    drawn = LeadTimes(observed, pairs, none).drawn(orders)
    assert drawn["days"].to_list() == [
        6,
        6,
        9,
        3,
        7,
    ]  # (8 x 4 + 4 x 10) / 12 = 6; the 11th is ten days from both
    assert drawn["lead_time_basis"].to_list() == ["observed_sku"] * 3 + ["observed_supplier", "planned"]
    assert LeadTimes(observed, pairs, none, 1.5).drawn(orders)["days"].to_list() == [9, 9, 14, 4, 10]


def test_longer_lead_times_are_learned_as_they_come() -> None:
    """A factor lengthens orders from the first day on, and what is known of them."""
    made = delayed(ledger(1).table("orders"), FROM, 2.0).collect()
    took = (pl.col("received_date") - pl.col("order_date")).dt.total_days()
    plain = company(1)["orders"].select(took).to_series()
    late = (company(1)["orders"]["order_date"] >= FROM) & plain.is_not_null()
    assert made.select(took).to_series().filter(late).to_list() == (2 * plain.filter(late)).to_list()
    assert made.select(took).to_series().filter(~late).to_list() == plain.filter(~late).to_list()


def test_the_first_day_is_chosen_and_refused_with_reasons() -> None:
    """The later half of seven months; outside the data, too early and too short are refused."""
    run = Run(ledger(1), settings())
    assert first_day(settings(start=None), run) == (when(105), True)
    for start, key in (
        (when(209), "replay_outside"),
        (date(2023, 1, 1), "replay_outside"),
        (when(10), "replay_little_history"),
    ):
        with pytest.raises(UsageError) as refused:
            first_day(settings(start=start), run)
        assert refused.value.key == key
    with pytest.raises(InputError) as short:
        first_day(settings(start=None, least_history_days=150), run)
    assert short.value.key == "replay_short"


@pytest.mark.parametrize(
    ("kept", "key"),
    [(pl.col("kind") != "sale", "replay_no_sales"), (pl.col("kind") == "sale", "replay_no_receipts")],
)
def test_what_cannot_be_replayed_is_refused(kept: pl.Expr, key: str) -> None:
    """No sales, no receipts."""
    tables = company(1)
    with pytest.raises(InputError) as refused:
        replay(Ledger.of(**{**tables, "movements": tables["movements"].filter(kept)}), settings())
    assert refused.value.key == key


def test_what_ifs_are_rows_of_their_own() -> None:
    """More demand sells more and leaves more unserved by what was bought; longer lead times and less service serve less."""
    made = replay(ledger(1), settings(demand_factor=1.5, lead_time_factor=2.0, service_levels=(0.6, 0.99)))
    rows = {row["policy"]: row for row in made.replay.iter_rows(named=True)}
    assert list(rows) == [
        "actual", "suggested", "service_0.6", "service_0.99", "demand_1.5", "bought_demand_1.5", "lead_time_2",
    ]  # fmt: skip
    assert rows["demand_1.5"]["demand_qty"] == pytest.approx(1.5 * rows["actual"]["demand_qty"])
    assert rows["bought_demand_1.5"]["fill_rate"] < rows["demand_1.5"]["fill_rate"]
    assert rows["lead_time_2"]["fill_rate"] < rows["suggested"]["fill_rate"]
    assert made.curve["service_level"].to_list() == [0.6, 0.99]
    assert made.curve["avg_inventory"].is_sorted()
    assert rows["service_0.6"]["fill_rate"] < rows["service_0.99"]["fill_rate"]


def test_lost_sales_are_demand_only_where_asked_for() -> None:
    """The estimate of turnover is added to the demand of both rows, and to what the past did not serve."""
    plain = replayed().replay.row(0, named=True)
    done = replay(ledger(1), settings(lost_sales=True)).replay.row(0, named=True)
    chosen = settings().model_copy(
        update={"period": Settings.model_validate({"period": {"period": f"{FROM}..{when(209)}"}}).period}
    )
    estimate = st.turnover(ledger(1), settings=chosen)["lost_sales_est"].item()
    assert estimate > 0
    assert done["lost_qty"] == pytest.approx(estimate, rel=1e-6)
    assert (done["sold_qty"], done["avg_inventory"]) == (
        plain["sold_qty"],
        pytest.approx(plain["avg_inventory"]),
    )
    assert plain["lost_qty"] == 0
