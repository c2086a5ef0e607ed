"""Days on sale, lost sales and phantom stock against plain loops over days."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.config import Settings
from stockturn.engine.entries import Entries, entries
from stockturn.engine.periods import period_of
from stockturn.engine.stockouts import lost_days, phantom_stock, with_lost_sales
from stockturn.engine.turnover import turnover
from stockturn.engine.valued import valued_days
from stockturn.model import Ledger

FIRST = date(2024, 1, 1)
SETTINGS = Settings.model_validate({"turnover": {"lost_sales_window_days": 7, "on_sale_memory_days": 20}})


def _ledger(moves: list[tuple[int, float]], opening: float) -> Ledger:
    """One cell with a stock list; a positive quantity is bought at 2, a negative one sold at 5."""
    rows = [
        {"date": FIRST + timedelta(days=day), "sku": "x", "warehouse": "A", "qty": qty,
         "kind": "purchase" if qty > 0 else "sale", "cost": 2 * qty if qty > 0 else None,
         "revenue": -5 * qty if qty < 0 else None}
        for day, qty in moves
    ]  # fmt: skip
    stock = {"as_of": [FIRST - timedelta(days=1)], "sku": ["x"], "warehouse": ["A"], "on_hand": [opening]}
    return Ledger.of(movements=pl.DataFrame(rows), stock=pl.DataFrame(stock))


def _by_hand(moves: list[tuple[int, float]], opening: float, span: int) -> tuple[int, int, float]:
    """Days on sale, days out, units lost: a loop over days."""
    sold = [-sum(q for d, q in moves if d == day and q < 0) for day in range(span)]
    held, level = [], opening
    for day in range(span):
        level += sum(q for d, q in moves if d == day)
        held.append(level)
    begun, out, on, ran_out = opening != 0, [], [], None
    for day in range(span):
        begun = begun or held[day] != 0 or sold[day] > 0
        if held[day] > 0:
            ran_out = None
        elif ran_out is None:
            ran_out = day
        wanted = ran_out is None or any(sold[d] > 0 for d in range(max(0, ran_out - 20), ran_out + 1))
        on.append(begun and wanted)
        out.append(on[-1] and held[day] <= 0)
    lost = 0.0
    for day in range(span):
        if out[day]:
            near = [d for d in range(max(0, day - 7), min(span, day + 8)) if on[d] and not out[d]]
            if len(near) < 5:
                near = [d for d in range(span) if on[d] and not out[d]]
            rate = sum(sold[d] for d in near) / len(near) if near else 0.0
            lost += max(0.0, rate - sold[day])
    return sum(on), sum(out), lost


@given(
    moves=st.lists(st.tuples(st.integers(0, 45), st.sampled_from([-6.0, -3.0, -1.0, 4.0, 9.0])), min_size=1),
    opening=st.sampled_from([0.0, 5.0, 20.0]),
)
def test_days_out_and_lost_sales_equal_a_loop(moves: list[tuple[int, float]], opening: float) -> None:
    """Stockout rate, out days and lost units of one cell, with and without enough days around."""
    moves = [*moves, (0, 9.0)]  # a receipt, so that the stock counts as known
    span = max(day for day, _ in moves) + 1
    known = entries(_ledger(moves, opening), SETTINGS)
    valued = valued_days(known, SETTINGS)
    period = period_of(known.first_day, known.as_of)
    on, out, lost = _by_hand(moves, opening, span)
    missed = lost_days(valued, known, SETTINGS, period)
    whole = turnover(valued, known, SETTINGS, (), period)
    found = with_lost_sales(whole, missed, valued, known, ()).row(0, named=True)
    rate = found["stockout_rate"]
    assert rate == (pytest.approx(out / on) if on else None)
    if on:
        assert missed.height == out
        assert found["lost_sales_est"] == pytest.approx(lost, abs=1e-9)
        months = turnover(valued, known, SETTINGS, ("month",), period)
        apart = with_lost_sales(months, missed, valued, known, ("month",))
        assert apart["lost_sales_est"].sum() == pytest.approx(lost, abs=1e-9)
    if on and any(qty < 0 for _, qty in moves):
        assert found["lost_sales_value"] == pytest.approx(lost * 5, abs=1e-9)


def test_nothing_is_said_without_receipts() -> None:
    """Sales alone cannot tell a stockout."""
    known = entries(_ledger([(0, -1.0), (9, -1.0)], 2.0), SETTINGS)
    valued = valued_days(known, SETTINGS)
    period = period_of(known.first_day, known.as_of)
    assert lost_days(valued, known, SETTINGS, period) is None
    whole = turnover(valued, known, SETTINGS, (), period)
    assert with_lost_sales(whole, None, valued, known, ())["lost_sales_est"].item() is None
    assert whole["stockout_rate"].item() is None


def _phantoms(known: Entries) -> list[str]:
    return phantom_stock(valued_days(known, SETTINGS), known, SETTINGS)["sku"].to_list()


def test_phantom_stock_is_an_improbable_silence() -> None:
    """An item sold on every second day and then not for 60 days is listed; 30 days are not yet enough."""
    daily = [(day, -1.0) for day in range(0, 40, 2)]
    silent = {"date": [FIRST], "sku": ["other"], "warehouse": ["A"], "qty": [1.0], "kind": ["other_in"]}
    for days, listed in ((60, ["x"]), (30, [])):
        ledger = _ledger([(0, 50.0), *daily], 0.0)
        late = pl.DataFrame({**silent, "date": [FIRST + timedelta(days=38 + days)]})
        moves = pl.concat([ledger.table("movements").collect(), late], how="diagonal_relaxed")
        known = entries(ledger.with_tables(movements=moves.lazy()), SETTINGS)
        assert _phantoms(known) == listed
