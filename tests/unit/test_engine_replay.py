"""Every cost method against a slow replay in plain Python, on random ledgers."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.config import Settings
from stockturn.engine.entries import entries
from stockturn.engine.timeline import Timeline
from stockturn.engine.valued import ValuedDays, valued_days
from tests.oracles import Fifo, Ledger, LedgerCost, Monthly, MovingAverage, Replay, Standard
from tests.random_ledgers import random_ledger

VARIANCES = {"price_variance", "negative_stock_variance", "rounding_difference"}
METHODS = {
    ("moving_average", "sku_warehouse"): lambda ledger: MovingAverage(ledger, "sku_warehouse"),
    ("moving_average", "sku"): lambda ledger: MovingAverage(ledger, "sku"),
    ("monthly_average", "sku"): lambda ledger: Monthly(ledger, "sku"),
    ("monthly_average", "sku_warehouse"): lambda ledger: Monthly(ledger, "sku_warehouse"),
    ("fifo", "sku_warehouse"): lambda ledger: Fifo(ledger, "sku_warehouse"),
    ("fifo", "sku"): lambda ledger: Fifo(ledger, "sku"),
    ("standard", "auto"): Standard,
    ("ledger", "auto"): LedgerCost,
}


@pytest.mark.parametrize(("cost", "scope"), METHODS)
@given(seed=st.integers(0, 2**32))
def test_engine_equals_the_replay(cost: str, scope: str, seed: int) -> None:
    """On-hand, value and every flow, on every day, to a millionth."""
    seed = seed * len(METHODS) + list(METHODS).index((cost, scope))
    rows, points, standard, frames = random_ledger(seed, every_cost=cost == "ledger")
    settings = Settings.model_validate({"turnover": {"cost": cost, "cost_scope": scope}})
    ledger = entries(frames, settings)
    slow = Ledger(rows, points, standard, ledger.as_of, settings.turnover.transit_days)
    valued = valued_days(ledger, settings)
    assert valued.origin == slow.origin
    replay = METHODS[cost, scope](slow).out
    known = ~valued.cells["no_cost"]
    _same_balances(valued, replay, [cell for cell, has in zip(_cells(valued), known, strict=True) if has])
    if known.all():
        _same_flows(valued, replay, shared=scope == "sku")


def _cells(valued: ValuedDays) -> list[tuple[str, str]]:
    return valued.cells.select("sku", "warehouse").rows()


def _same_balances(valued: ValuedDays, replay: Replay, known: list) -> None:
    days = [valued.origin + timedelta(days=n) for n in range((valued.as_of - valued.origin).days + 1)]
    timeline = Timeline.of(valued, days)
    on_hand = timeline.read(valued.balances["on_hand"].to_numpy())
    value = timeline.read(valued.balances["value"].to_numpy())
    for number, cell in enumerate(_cells(valued)):
        assert list(on_hand[number]) == [replay.on_hand[cell, day] for day in days], cell
        if cell in known:
            wanted = [replay.value[cell, day] for day in days]
            assert list(value[number]) == pytest.approx(wanted, rel=1e-6, abs=1e-6), cell


def _same_flows(valued: ValuedDays, replay: Replay, *, shared: bool) -> None:
    found: dict = defaultdict(float)
    named = valued.flows.join(valued.cells, on="cell").with_columns(pl.col("kind").cast(pl.String))
    for sku, house, day, kind, value in named.select("sku", "warehouse", "day", "kind", "value").rows():
        if kind != "average_shift":
            found[_key(sku, house, valued.origin + timedelta(days=day), kind, shared)] += value
    wanted: dict = defaultdict(float)
    for ((sku, house), day, kind), value in replay.flows.items():
        wanted[_key(sku, house, day, kind, shared)] += value
    for key in found.keys() | wanted.keys():
        assert found[key] == pytest.approx(wanted[key], rel=1e-6, abs=1e-6), key


def _key(sku: str, house: str, day: object, kind: str, shared: bool) -> tuple:
    """A variance of a shared average belongs to the sku; one of a month to the month."""
    if kind in VARIANCES:
        return sku, None if shared else house, (day.year, day.month), kind
    return sku, house, day, kind
