"""Demand: returns find their sales, buckets are whole, cells keep apart."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.engine.demand import daily_rate, demand_days, demand_series, surplus_returns
from tests.answers import oracle
from tests.moves import day, entries_of, movements, settings

Event = tuple[int, str, str, int]


def by_day(
    rows: list[tuple[object, ...]], columns: str = "date sku qty kind warehouse"
) -> dict[tuple[str, int], float]:
    """Net demand as (sku, day number) -> qty, zeros left out."""
    start = entries_of(movements(rows, columns))
    days = demand_days(start, settings()).filter(pl.col("qty") > 0).collect()
    return {(row["sku"], (row["date"] - day(0)).days): row["qty"] for row in days.iter_rows(named=True)}


def slow_net(events: list[Event]) -> tuple[dict[tuple[str, str, int], int], dict[tuple[str, str], int]]:
    """A stack per cell: a return pops the latest units sold; what finds an empty stack is surplus."""
    stacks: dict[tuple[str, str], list[int]] = defaultdict(list)
    surplus: dict[tuple[str, str], int] = defaultdict(int)
    for when, sku, warehouse, qty in sorted(events, key=lambda event: (event[0], event[3])):
        stack = stacks[sku, warehouse]
        if qty < 0:
            stack.extend([when] * -qty)
            continue
        for _ in range(qty):
            if stack:
                stack.pop()
            else:
                surplus[sku, warehouse] += 1
    net: dict[tuple[str, str, int], int] = defaultdict(int)
    for (sku, warehouse), stack in stacks.items():
        for when in stack:
            net[sku, warehouse, when] += 1
    return dict(net), dict(surplus)


def test_a_return_takes_from_the_latest_earlier_sales() -> None:
    """5 and 3 sold, 4 back: 4 and 0 remain."""
    rows = [(1, "A", -5.0, "sale", "W"), (2, "A", -3.0, "sale", "W"), (3, "A", 4.0, "sale_return", "W")]
    assert by_day(rows) == {("A", 1): 4.0}


def test_a_return_never_takes_from_a_later_sale() -> None:
    """What came back before anything was sold is left out, and counted."""
    rows = [(1, "A", 4.0, "sale_return", "W"), (2, "A", -3.0, "sale", "W")]
    assert by_day(rows) == {("A", 2): 3.0}
    start = entries_of(movements(rows))
    assert surplus_returns(start, settings()).collect().rows() == [("A", "W", 4.0)]


def test_a_return_that_names_its_sale_reduces_that_one() -> None:
    """Document S1 is reduced, although S2 is later; in the warehouse that sold, although it came back elsewhere."""
    columns = "date sku qty kind warehouse doc_no order_no"
    rows = [
        (1, "A", -5.0, "sale", "W", "S1", None),
        (2, "A", -3.0, "sale", "W", "S2", None),
        (3, "A", 4.0, "sale_return", "V", "R1", "S1"),
    ]
    assert by_day(rows, columns) == {("A", 1): 1.0, ("A", 2): 3.0}


def test_a_linked_return_larger_than_its_sale_takes_the_rest_from_earlier_sales() -> None:
    """7 back on a sale of 5: 2 of them come from the sale before it."""
    columns = "date sku qty kind warehouse doc_no order_no"
    rows = [
        (1, "A", -5.0, "sale", "W", "S1", None),
        (2, "A", -5.0, "sale", "W", "S2", None),
        (3, "A", -5.0, "sale", "W", "S3", None),
        (4, "A", 7.0, "sale_return", "W", "R1", "S2"),
    ]
    assert by_day(rows, columns) == {("A", 1): 3.0, ("A", 3): 5.0}


def test_a_voided_sale_line_counts_as_a_return() -> None:
    """A sale with the other sign takes back what was sold the same day."""
    assert by_day([(1, "A", -5.0, "sale", "W"), (1, "A", 5.0, "sale", "W"), (2, "A", -1.0, "sale", "W")]) == {
        ("A", 2): 1.0
    }


def test_adjustments_receipts_and_transfers_are_no_demand() -> None:
    """Only what was asked for counts."""
    kinds = (
        "purchase",
        "adjustment_out",
        "scrap",
        "transfer_out",
        "purchase_return",
        "other_out",
        "assembly_out",
    )
    assert by_day([(1, "A", -5.0, kind, "W") for kind in kinds] + [(2, "A", -1.0, "sale", "W")]) == {
        ("A", 2): 1.0
    }


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 12), st.sampled_from(["A", "B"]), st.sampled_from(["V", "W"]),
        st.integers(-6, 6).filter(lambda qty: qty != 0),
    ),
    min_size=1, max_size=40,
)  # fmt: skip


@given(EVENTS)
def test_net_demand_agrees_with_a_stack_of_units(events: list[Event]) -> None:
    """All cells at once, by running sums, equals popping unit after unit."""
    rows = [
        (when, sku, float(qty), "sale" if qty < 0 else "sale_return", warehouse)
        for when, sku, warehouse, qty in events
    ]
    start, chosen = entries_of(movements(rows)), settings()
    days = demand_days(start, chosen).collect()
    net, surplus = slow_net(events)
    found = {
        (row["sku"], row["warehouse"], (row["date"] - day(0)).days): row["qty"]
        for row in days.iter_rows(named=True) if row["qty"]
    }  # fmt: skip
    assert found == net
    left = surplus_returns(start, chosen).collect()
    assert {(sku, warehouse): qty for sku, warehouse, qty in left.iter_rows()} == surplus
    assert (days["gross_qty"] - days["returned_qty"] - days["qty"]).abs().max() == 0 if days.height else True


def test_decimal_quantities_cancel_to_zero() -> None:
    """0.1 + 0.2 sold and 0.3 back leaves exactly nothing."""
    rows = [(1, "A", -0.1, "sale", "W"), (2, "A", -0.2, "sale", "W"), (3, "A", 0.3, "sale_return", "W")]
    assert by_day(rows) == {}


def series(
    rows: list[tuple[object, ...]], bucket: str, as_of: date, **chosen: object
) -> list[tuple[object, ...]]:
    """A series as (period, qty)."""
    start = entries_of(movements(rows), as_of=as_of)
    return demand_series(start, settings(**chosen), bucket).select("period", "qty").collect().rows()  # type: ignore[arg-type]


def test_months_are_zero_filled_and_the_incomplete_one_is_left_out() -> None:
    """From the month of the first receipt to the last month that has ended."""
    rows = [(0, "A", 50.0, "purchase", "W"), (40, "A", -3.0, "sale", "W"), (95, "A", -9.0, "sale", "W")]
    assert series(rows, "month", date(2024, 4, 10)) == [
        (date(2024, 1, 1), 0.0), (date(2024, 2, 1), 3.0), (date(2024, 3, 1), 0.0),
    ]  # fmt: skip


def test_weeks_begin_on_monday() -> None:
    """1 January 2024 is a Monday; a sale on Sunday the 7th belongs to it."""
    rows = [(6, "A", -2.0, "sale", "W"), (7, "A", -1.0, "sale", "W")]
    assert series(rows, "week", date(2024, 1, 14)) == [(date(2024, 1, 1), 2.0), (date(2024, 1, 8), 1.0)]
    assert series(rows, "week", date(2024, 1, 13)) == [(date(2024, 1, 1), 2.0)]


def test_a_stock_point_begins_the_series_the_day_after_it() -> None:
    """Opening stock of 31 December makes January the first bucket, without a sale in it."""
    stock = pl.DataFrame({"as_of": [date(2023, 12, 31)], "sku": ["A"], "on_hand": [5.0], "warehouse": ["W"]})
    start = entries_of(movements([(40, "A", -3.0, "sale", "W")]), as_of=date(2024, 2, 29), stock=stock)
    assert demand_series(start, settings(), "month").select("period", "qty").collect().rows() == [
        (date(2024, 1, 1), 0.0),
        (date(2024, 2, 1), 3.0),
    ]


def test_series_of_a_sku_is_the_sum_of_its_warehouses() -> None:
    """Two screens never disagree."""
    rows = [
        (1, "A", -5.0, "sale", "V"),
        (3, "A", 2.0, "sale_return", "V"),
        (40, "A", -4.0, "sale", "W"),
        (2, "B", -1.0, "sale", "V"),
    ]
    start = entries_of(movements(rows), as_of=date(2024, 2, 29))
    whole = demand_series(start, settings(), "month").collect()
    parts = demand_series(start, settings(), "month", ("sku", "warehouse")).collect()
    assert whole.select("sku", "period", "qty").rows() == (
        parts.group_by("sku", "period").agg(pl.col("qty").sum()).sort("sku", "period").rows()
    )


def test_peer_series_of_seven_days() -> None:
    """The daily series, its mean and its spread as a peer's test states them (its today is the day after as_of)."""
    case = oracle("oca-small-serie")
    rows = [
        (7 + int(when.removesuffix("d")), "A", -float(qty), "sale", "W")
        for when, qty in case["inputs"]["moves"]
    ]
    rows += [(0, "A", 100.0, "purchase", "W")]
    found = series(rows, "day", day(6))
    expected = case["expected"]
    demand = pl.Series([qty for _, qty in found])
    assert demand.to_list() == expected["daily_series_oldest_first"]
    assert (demand.mean(), demand.std(ddof=1)) == pytest.approx((expected["mean"], expected["sd"]), abs=1e-3)


def test_transfers_out_are_demand_of_the_sending_warehouse_where_the_settings_say_so() -> None:
    """A peer counts inter-warehouse issues: 10 units on the fifth day at WH1, none at WH2."""
    case = oracle("oca-interwarehouse")
    rows = [
        (n, "A", -float(qty), "sale", "WH1") for n, qty in enumerate(case["inputs"]["base_series"]) if qty
    ]
    rows += [(4, "A", -10.0, "transfer_out", "WH1"), (4, "A", 10.0, "transfer_in", "WH2")]
    rows += [(0, "A", 1.0, "purchase", name) for name in ("WH1", "WH2")]
    chosen = settings(ingest={"demand_kinds": ["sale", "production_out", "transfer_out"]})
    start = entries_of(movements(rows), as_of=day(6))
    found = demand_series(start, chosen, "day", ("sku", "warehouse")).collect()
    for warehouse, expected in case["expected"].items():
        assert found.filter(pl.col("warehouse") == warehouse)["qty"].to_list() == expected


def test_rate_is_the_mean_of_the_last_ninety_days() -> None:
    """45 units in the window are 0.5 a day; what was sold before the window is not in it."""
    rows = [(0, "A", 500.0, "purchase", "W"), (9, "A", -100.0, "sale", "W"), (10, "A", -45.0, "sale", "W")]
    start = entries_of(movements(rows), as_of=day(99))
    found = daily_rate(start, settings()).collect().row(0, named=True)
    assert (found["demand_per_day"], found["rate_days"], found["rate_basis"]) == (0.5, 90, "mean_90d")


def test_rate_of_a_young_cell_is_over_its_own_days() -> None:
    """40 units in the 20 days since launch are 2 a day."""
    rows = [(0, "B", 1.0, "purchase", "W"), (80, "A", 50.0, "purchase", "W"), (85, "A", -40.0, "sale", "W")]
    found = daily_rate(entries_of(movements(rows), as_of=day(99)), settings()).sort("sku").collect()
    assert found["demand_per_day"].to_list() == [2.0, 0.0]
    assert found["rate_days"].to_list() == [20, 90]
