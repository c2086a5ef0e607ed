"""What must hold on any ledger: value is conserved, parts add up, the past does not change, names do not matter."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from stockturn.config import Settings
from stockturn.engine.compare import bridge, bridge_sentence
from stockturn.engine.entries import entries
from stockturn.engine.expr import IN_TRANSIT
from stockturn.engine.periods import period_of
from stockturn.engine.sums import BOOKED
from stockturn.engine.turnover import turnover
from stockturn.engine.valued import closing, valued_days
from stockturn.i18n import text
from stockturn.model import Ledger, Period
from tests.random_ledgers import random_ledger

SEEDS = st.integers(0, 2**32)
COSTS = ("moving_average", "monthly_average", "fifo", "standard", "ledger")
ADDITIVE = [
    "cogs",
    "opening_value",
    "closing_value",
    "avg_inventory",
    "opening_qty",
    "closing_qty",
    "revenue",
]


def _run(frames: Ledger, cost: str = "moving_average", **period: object) -> tuple:
    settings = Settings.model_validate({"turnover": {"cost": cost}, "period": period})
    known = entries(frames, settings)
    return valued_days(known, settings), known, settings


def _whole(known: object) -> Period:
    return period_of(known.first_day, known.as_of)


def _close(frame: pl.DataFrame) -> list[tuple]:
    return [tuple(round(x, 6) if isinstance(x, float) else x for x in row) for row in frame.rows()]


@pytest.mark.parametrize("cost", COSTS)
@given(seed=SEEDS)
def test_value_is_conserved(cost: str, seed: int) -> None:
    """Opening plus every flow is closing, cell by cell; shared averages move value, and make none."""
    valued, _, _ = _run(random_ledger(seed, every_cost=cost == "ledger")[3], cost)
    flows = valued.flows.filter(pl.col("value").is_not_nan())
    moved = dict(flows.group_by("cell").agg(pl.col("value").sum()).rows())
    last = valued.balances.group_by("cell", maintain_order=True).last()
    for cell, value in last.select("cell", "value").rows():
        if not valued.cells["no_cost"][cell]:
            assert moved[cell] == pytest.approx(value, abs=1e-6)
    shift = flows.filter(pl.col("kind") == "average_shift").join(valued.cells, on="cell")
    whole_skus = valued.cells.group_by("sku").agg(pl.col("no_cost").any()).filter(~pl.col("no_cost"))["sku"]
    for sku, total in shift.group_by("sku").agg(pl.col("value").sum()).rows():
        if sku in set(whole_skus):
            assert total == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("cost", COSTS)
@given(seed=SEEDS)
@example(seed=480)  # an item without a standard of its own, moved between warehouses
def test_opening_and_what_was_booked_lead_to_closing(cost: str, seed: int) -> None:
    """Of every warehouse and month, from the columns that leave the engine: opening + booked - cogs = closing."""
    valued, known, settings = _run(random_ledger(seed, every_cost=cost == "ledger")[3], cost)
    if valued.cells["no_cost"].any() or not valued.has_sales:
        return
    frame = turnover(valued, known, settings, ("warehouse", "month"), _whole(known))
    booked = pl.sum_horizontal(*BOOKED, "other_value") - pl.col("cogs")
    gap = pl.col("opening_value") + booked - pl.col("closing_value")
    assert frame.select(gap.abs().max()).item() == pytest.approx(0.0, abs=1e-6)
    if known.unpaired.is_empty() and IN_TRANSIT not in frame["warehouse"]:
        whole = turnover(valued, known, settings, (), _whole(known)).row(0, named=True)
        assert whole["transfers_value"] == pytest.approx(0.0, abs=1e-6)


@given(seed=SEEDS)
def test_quantities_reconcile(seed: int) -> None:
    """Opening plus movements plus reported differences is what the last stock point says."""
    valued, known, _ = _run(random_ledger(seed)[3])
    points = known.points.sort("as_of").group_by("sku", "warehouse", maintain_order=True).last().collect()
    held = {
        (sku, house): qty for sku, house, qty in closing(valued).select("sku", "warehouse", "on_hand").rows()
    }
    moved = known.movements.filter(pl.col("kind") != "opening").collect()
    for sku, house, day, qty in points.select("sku", "warehouse", "as_of", "on_hand").rows():
        own = (pl.col("sku") == sku) & (pl.col("warehouse") == house) & (pl.col("date") > day)
        assert held[sku, house] == round(qty + moved.filter(own)["qty"].sum(), 6)


@given(seed=SEEDS, by=st.sampled_from([("sku",), ("warehouse",), ("sku", "warehouse"), ("category",)]))
def test_parts_add_up(seed: int, by: tuple[str, ...]) -> None:
    """Sums over any partition of cells are the total; ratios are not asked to be."""
    valued, known, settings = _run(random_ledger(seed)[3])
    total = turnover(valued, known, settings, (), _whole(known)).row(0, named=True)
    parts = turnover(valued, known, settings, by, _whole(known))
    for name in ADDITIVE:
        if total[name] is not None:
            assert parts[name].sum() == pytest.approx(total[name], rel=1e-9, abs=1e-6)


@given(seed=SEEDS)
def test_months_add_up_in_flows(seed: int) -> None:
    """Cogs of the months is cogs of the period, and each month opens where the one before closed."""
    valued, known, settings = _run(random_ledger(seed)[3])
    total = turnover(valued, known, settings, (), _whole(known)).row(0, named=True)
    months = turnover(valued, known, settings, ("month",), _whole(known))
    if total["cogs"] is not None:
        assert months["cogs"].sum() == pytest.approx(total["cogs"], abs=1e-6)
        assert months["opening_value"][1:].to_list() == months["closing_value"][:-1].to_list()


@pytest.mark.parametrize("cost", ["moving_average", "fifo"])
@given(seed=SEEDS, back=st.integers(0, 40))
def test_the_past_can_be_reproduced(cost: str, seed: int, back: int) -> None:
    """as_of gives the figures of a ledger from which everything later was deleted."""
    frames = random_ledger(seed)[3]
    moves, stock = (frames.table(name).collect() for name in ("movements", "stock"))
    days = [*moves["date"], *stock["as_of"]]
    cut = max(min(days) + timedelta(days=1), max(days) - timedelta(days=back))
    shorter = frames.with_tables(
        movements=moves.filter(pl.col("date") <= cut).lazy(),
        stock=stock.filter(pl.col("as_of") <= cut).lazy(),
    )
    then, known, settings = _run(frames, cost, as_of=cut)
    deleted, again, _ = _run(shorter, cost, as_of=cut)
    assert_frame_equal(closing(then), closing(deleted), rel_tol=1e-12)
    period = _whole(known)
    frame = turnover(then, known, settings, ("sku",), period)
    assert_frame_equal(frame, turnover(deleted, again, settings, ("sku",), period), rel_tol=1e-12)


@given(seed=SEEDS)
def test_what_cancels_is_exactly_nothing(seed: int) -> None:
    """Tenths of a kilogram in and out leave 0.0, not 1e-17."""
    rows = random_ledger(seed)[0]
    back = [{"date": r.day, "sku": r.sku, "warehouse": "A", "qty": s * r.qty, "kind": k} for r in rows for s, k in
            ((1, "other_in"), (-1, "other_out"))]  # fmt: skip
    stock = pl.DataFrame(
        {"as_of": [date(2023, 1, 1)], "sku": ["other"], "warehouse": ["A"], "on_hand": [0.0]}
    )
    valued, _, _ = _run(Ledger.of(movements=pl.DataFrame(back), stock=stock), "standard")
    assert set(closing(valued)["on_hand"]) == {0.0}


@given(seed=SEEDS)
@example(seed=736)  # no cost is known of anything but the empty warehouse
def test_names_and_empty_warehouses_change_nothing(seed: int) -> None:
    """Renaming skus, or a further warehouse without stock, changes no figure."""
    frames = random_ledger(seed)[3]
    renamed = {
        name: frames.table(name).with_columns(sku="Z" + pl.col("sku"))
        for name in ("movements", "stock", "items")
    }
    stock = frames.table("stock").collect()
    empty = stock.head(1).with_columns(warehouse=pl.lit("nothing here"), on_hand=0.0, value=0.0)
    more = frames.with_tables(stock=pl.concat([stock, empty]).lazy())
    base = _total(frames)
    assert _close(_total(frames.with_tables(**renamed))) == _close(base)
    if stock.height:
        assert _close(_total(more).drop("cells")) == _close(base.drop("cells"))


def _total(frames: Ledger) -> pl.DataFrame:
    valued, known, settings = _run(frames)
    return turnover(valued, known, settings, (), _whole(known))


@given(
    st.lists(st.tuples(*[st.one_of(st.just(0.0), st.floats(0.01, 1e5))] * 4), min_size=1, max_size=8),
    st.integers(28, 366),
    st.integers(28, 366),
)
def test_bridge_explains_the_whole_change(parts: list[tuple], days: int, days_before: int) -> None:
    """mix + rate + idle is the change of days of stock, exactly; or null with a reason."""
    names = [f"c{number}" for number in range(len(parts))]
    now = pl.DataFrame(
        {"category": names, "cogs": [p[0] for p in parts], "avg_inventory": [p[1] for p in parts]}
    )
    old = pl.DataFrame(
        {"category": names, "cogs": [p[2] for p in parts], "avg_inventory": [p[3] for p in parts]}
    )
    found = bridge(now.with_columns(days=pl.lit(days)), old.with_columns(days=pl.lit(days_before)))
    sums = [sum(part[column] for part in parts) for column in range(4)]
    note = bridge_sentence(found)
    assert "{" not in text(note.key, "en", **note.params) + text(note.key, "zh", **note.params)
    if min(sums) <= 0:
        assert found["change"].null_count() == found.height
        assert set(found["reason_code"]) == {"total_not_positive"}
        return
    change = days * sums[1] / sums[0] - days_before * sums[3] / sums[2]
    scale = 1 + days * sums[1] / sums[0] + days_before * sums[3] / sums[2]
    assert found["change"].sum() == pytest.approx(change, abs=1e-9 * scale)
