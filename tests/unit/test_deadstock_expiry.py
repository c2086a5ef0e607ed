"""Expiry: first expiry first, at the daily rate, up to and including the last day."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.engine.batches import known_batches
from stockturn.engine.demand import daily_rate
from stockturn.engine.entries import entries
from stockturn.engine.expiry import by_cell, expiring
from tests import synthetic
from tests.moves import closing_of, day, entries_of, movements, settings

Batch = tuple[int, int]


def unsold(batches: list[Batch], per_day: float) -> list[float]:
    """Units of (days to expiry, units left) that will not sell in time."""
    rows = [(0, "A", 100_000.0, "purchase", "W"), (99, "A", -per_day * 90, "sale", "W")]
    start = entries_of(movements(rows), as_of=day(99))
    listed = pl.LazyFrame(
        {
            "batch": [f"B{n:02}" for n in range(len(batches))],
            "sku": "A",
            "warehouse": "W",
            "expiry": [day(99) + timedelta(days=days) for days, _ in batches],
            "qty_left": [float(qty) for _, qty in batches],
            "received_on": day(0),
            "expiry_basis": "batch_list",
        }
    )
    found = (
        expiring(listed, closing_of(start), daily_rate(start, settings()), start.as_of)
        .sort("batch")
        .collect()
    )
    return found["expiring_qty"].to_list()


def slow(batches: list[Batch], per_day: float) -> list[float]:
    """Day after day, the first to expire is sold first."""
    left = [float(qty) for _, qty in batches]
    order = sorted(range(len(batches)), key=lambda n: (batches[n][0], n))
    for today in range(1, max((days for days, _ in batches), default=0) + 1):
        wanted = per_day
        for n in order:
            if batches[n][0] >= today:
                sold = min(left[n], wanted)
                left[n] -= sold
                wanted -= sold
    return left


def test_the_worked_number_of_the_docstring() -> None:
    """30 in 10 days and 30 in 20 days at 2 a day: 10 of each expire."""
    assert unsold([(10, 30), (20, 30)], 2.0) == [10.0, 10.0]


def test_expired_stock_cannot_be_sold() -> None:
    """What expired before as_of, or expires on it, is lost whole."""
    assert unsold([(-5, 7), (0, 8), (10, 9)], 2.0) == [7.0, 8.0, 0.0]


@given(
    st.lists(st.tuples(st.integers(-3, 25), st.integers(1, 30)), min_size=1, max_size=8), st.integers(0, 5)
)
def test_all_at_once_agrees_with_day_after_day(batches: list[Batch], per_day: int) -> None:
    """Same units by a plain simulation."""
    assert unsold(batches, float(per_day)) == pytest.approx(slow(batches, float(per_day)))


def test_expiring_units_of_the_generated_company() -> None:
    """Units left of batches that expire within 30, 60 and 90 days, as its answer key counts them."""
    chosen = settings()
    start = entries(synthetic.ledger(), chosen)
    found = expiring(
        known_batches(synthetic.ledger(), start), synthetic.closing(), daily_rate(start, chosen), start.as_of
    ).collect()
    for name, expected in synthetic.truth()["expiring"].items():
        days = int(name.split("_")[1])
        assert found.filter(pl.col("days_to_expiry") <= days)["qty_left"].sum() == expected["units"]
    cells = by_cell(found.lazy()).collect()
    assert cells["expiring_qty"].sum() == pytest.approx(found["expiring_qty"].sum())
    assert 0 < cells["expiring_qty"].sum() < found["qty_left"].sum()
