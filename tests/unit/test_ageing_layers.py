"""FIFO layers: age travels with goods, negative stock absorbs, batches date themselves; against a slow queue."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.engine.ageing import ageing, bucket_names
from stockturn.engine.entries import entries
from stockturn.engine.layers import layers
from stockturn.engine.valued import closing as closing_at
from stockturn.engine.valued import valued_days
from tests.moves import closing_of, day, entries_of, movements, settings
from tests.random_ledgers import random_ledger

COLUMNS = "date sku qty kind warehouse doc_no order_no"
Step = tuple[str, str, str, int]
BEFORE = -1


def left(
    rows: list[tuple[object, ...]], columns: str = COLUMNS, **chosen: object
) -> dict[tuple[str, object], float]:
    """(warehouse, day number or None) -> units left."""
    start = entries_of(movements(rows, columns))
    found = layers(start, closing_of(start), settings(**chosen)).collect()
    sums: dict[tuple[str, object], float] = defaultdict(float)
    for one in found.iter_rows(named=True):
        when = None if one["received_on"] is None else (one["received_on"] - day(0)).days
        sums[one["warehouse"], when] += one["qty"]
    return dict(sums)


def test_what_is_on_hand_came_in_last() -> None:
    """The worked number of the docstring."""
    rows = [(0, "A", 30.0, "purchase", "W"), (8, "A", 20.0, "purchase", "W"), (9, "A", -25.0, "sale", "W")]
    assert left(rows, "date sku qty kind warehouse") == {("W", 8): 20.0, ("W", 0): 5.0}


def test_a_transfer_keeps_the_age_of_the_layers_its_source_issues() -> None:
    """35 moved are the 30 oldest and 5 of the next; what stays behind is young."""
    rows = [
        (0, "A", 30.0, "purchase", "V", "P1", None),
        (10, "A", 20.0, "purchase", "V", "P2", None),
        (50, "A", -35.0, "transfer_out", "V", "T1", None),
        (50, "A", 35.0, "transfer_in", "W", "T1", None),
    ]
    assert left(rows) == {("V", 10): 15.0, ("W", 0): 30.0, ("W", 10): 5.0}


def test_age_survives_two_transfers_and_the_way() -> None:
    """V to W to X with days on the way: still of day 0, on the way as well."""
    rows = [
        (0, "A", 30.0, "purchase", "V", "P1", None),
        (50, "A", -30.0, "transfer_out", "V", "T1", None),
        (55, "A", 30.0, "transfer_in", "W", "T1", None),
        (60, "A", -12.0, "transfer_out", "W", "T2", None),
        (63, "A", 10.0, "transfer_in", "X", "T2", None),
    ]
    start = entries_of(movements(rows, COLUMNS))
    stock = start.movements.group_by("sku", "warehouse").agg(
        on_hand=pl.col("qty").sum(), value=pl.col("qty").sum()
    )
    found = layers(start, stock, settings()).sort("warehouse").collect()
    assert found["received_on"].unique().to_list() == [day(0)]
    assert dict(found.select("warehouse", "qty").iter_rows()) == {"(in transit)": 2.0, "W": 18.0, "X": 10.0}


def test_a_transfer_from_before_the_ledger_stays_from_before_the_ledger() -> None:
    """Opening stock moved on is over the start in its new warehouse."""
    stock = pl.DataFrame(
        {"as_of": [date(2023, 12, 31)], "sku": ["A"], "on_hand": [40.0], "warehouse": ["V"], "value": [80.0]}
    )
    rows = [(5, "A", -10.0, "transfer_out", "V", "T", None), (5, "A", 10.0, "transfer_in", "W", "T", None)]
    start = entries_of(movements(rows, COLUMNS), stock=stock)
    closing = pl.LazyFrame(
        {"sku": ["A", "A"], "warehouse": ["V", "W"], "on_hand": [30.0, 10.0], "value": [60.0, 20.0]}
    )
    aged = ageing(start, closing, settings()).collect()
    assert aged["age_over_start"].to_list() == [30.0, 10.0]
    assert aged["oldest_on"].to_list() == [None, None]


def test_a_linked_return_keeps_its_age_and_another_is_new() -> None:
    """The return of S1 is as old as what S1 issued; a return without a number is dated its day."""
    rows = [
        (0, "A", 10.0, "purchase", "W", "P", None),
        (40, "A", -10.0, "sale", "W", "S1", None),
        (60, "A", 3.0, "sale_return", "W", "R1", "S1"),
        (61, "A", 2.0, "sale_return", "W", "R2", None),
    ]
    assert left(rows) == {("W", 0): 3.0, ("W", 61): 2.0}


def test_a_stock_take_gain_is_dated_the_count() -> None:
    """Found goods are as old as the count that found them."""
    rows = [(0, "A", 10.0, "purchase", "W"), (70, "A", 4.0, "adjustment_in", "W")]
    assert left(rows, "date sku qty kind warehouse") == {("W", 0): 10.0, ("W", 70): 4.0}


def test_a_provisional_receipt_and_its_reversal_leave_one_receipt() -> None:
    """Estimated in January, reversed and invoiced in February: the goods came in January."""
    rows = [
        (0, "A", 10.0, "purchase", "W"),
        (40, "A", -10.0, "purchase", "W"),
        (40, "A", 10.0, "purchase", "W"),
    ]
    assert left(rows, "date sku qty kind warehouse") == {("W", 0): 10.0}


def test_receipts_only_makes_no_layer_of_anything_else() -> None:
    """Gains, returns and transfers lie on earlier receipts, else before the ledger."""
    rows = [
        (0, "A", 10.0, "purchase", "W"),
        (40, "A", -8.0, "sale", "W"),
        (70, "A", 9.0, "adjustment_in", "W"),
    ]
    columns = "date sku qty kind warehouse"
    assert left(rows, columns, deadstock={"age_layers": "receipts"}) == {("W", 0): 10.0, ("W", None): 1.0}
    assert left(rows, columns) == {("W", 70): 9.0, ("W", 0): 2.0}


def test_a_batch_list_dates_what_it_lists() -> None:
    """8 of batch B1 (day 3) are listed; the other 12 lie on the receipts of other batches."""
    rows = [
        (0, "A", 10.0, "purchase", "W", "B0"),
        (5, "A", 15.0, "purchase", "W", "B1"),
        (9, "A", 10.0, "purchase", "W", "B2"),
        (20, "A", -15.0, "sale", "W", None),
    ]
    start = entries_of(movements(rows, "date sku qty kind warehouse batch"))
    listed = pl.LazyFrame(
        {
            "batch": ["B1"],
            "sku": ["A"],
            "warehouse": ["W"],
            "received_on": [day(3)],
            "qty_left": [8.0],
            "unit_cost": [2.0],
        }
    )
    found = layers(start, closing_of(start), settings(), listed).sort("received_on").collect()
    assert found.select("received_on", "qty").rows() == [(day(0), 2.0), (day(3), 8.0), (day(9), 10.0)]


def test_a_batch_list_never_adds_stock() -> None:
    """More listed than on hand: the youngest batches, up to what is on hand."""
    start = entries_of(movements([(0, "A", 5.0, "purchase", "W", "B0")], "date sku qty kind warehouse batch"))
    listed = pl.LazyFrame(
        {"batch": ["B0", "B1"], "sku": ["A", "A"], "warehouse": [None, None], "received_on": [day(0), day(-9)],
         "qty_left": [4.0, 9.0], "unit_cost": [None, None]},
        schema_overrides={"warehouse": pl.String, "unit_cost": pl.Float64},
    )  # fmt: skip
    found = layers(start, closing_of(start), settings(), listed).sort("received_on").collect()
    assert found.select("received_on", "qty").rows() == [(day(-9), 1.0), (day(0), 4.0)]


def test_nothing_on_hand_has_no_age() -> None:
    """Zero and negative stock: every bucket is 0."""
    rows = [(0, "A", 5.0, "purchase", "W"), (1, "A", -5.0, "sale", "W"), (1, "B", -5.0, "sale", "W")]
    start = entries_of(movements(rows))
    aged = ageing(start, closing_of(start), settings()).collect()
    assert [aged[f"age_{name}"].sum() for name in bucket_names(settings().deadstock)] == [0.0] * 7
    assert aged["mean_age_days"].to_list() == [None, None]


@pytest.mark.parametrize(
    ("age", "name"), [(0, "0_30"), (30, "0_30"), (31, "31_60"), (365, "181_365"), (366, "over_365")]
)
def test_bucket_limits_are_inclusive(age: int, name: str) -> None:
    """30 days are in 0-30, 31 in 31-60."""
    start = entries_of(movements([(0, "A", 5.0, "purchase", "W")]), as_of=day(age))
    assert ageing(start, closing_of(start), settings()).collect()[f"age_{name}"].item() == 5.0


class SlowStock:
    """One sku in several warehouses, unit by unit: queues of [day it came in], served first in, first out."""

    def __init__(self) -> None:
        self.queue: dict[str, list[list[int]]] = defaultdict(list)
        self.short: dict[str, list[list[int]]] = defaultdict(list)

    def put(self, place: str, units: list[list[int]]) -> None:
        """Goods in, the oldest first: units that were issued before they were booked in turn out to be these."""
        for unit in sorted(units):
            if self.short[place]:
                early = self.short[place].pop(0)
                early[0] = min(early[0], unit[0])
            else:
                self.queue[place].append(unit)

    def take(self, place: str, qty: int, now: int) -> list[list[int]]:
        """Goods out; a unit that is not there is dated now, or older where what comes in for it is."""
        units = []
        for _ in range(qty):
            if self.queue[place]:
                units.append(self.queue[place].pop(0))
            else:
                units.append([now])
                self.short[place].append(units[-1])
        return units


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "move", "back", "find"]), st.sampled_from("VWX"), st.sampled_from("VWX"), st.integers(1, 9)
    ),
    min_size=1, max_size=40,
)  # fmt: skip


def play(steps: list[Step]) -> tuple[list[tuple[object, ...]], dict[tuple[str, int], int]]:
    """The steps as movement rows, one a day, and what the slow queues hold at the end."""
    stock, rows, sold = SlowStock(), [], {}
    for now, (what, place, other, qty) in enumerate(steps):
        doc = f"D{now}"
        if what == "buy" or what == "find":
            stock.put(place, [[now] for _ in range(qty)])
            rows.append(
                (now, "A", float(qty), "purchase" if what == "buy" else "adjustment_in", place, doc, None)
            )
        elif what == "sell":
            sold[doc] = stock.take(place, qty, now)
            rows.append((now, "A", float(-qty), "sale", place, doc, None))
        elif what == "move" and place != other:
            stock.put(other, stock.take(place, qty, now))
            rows.append((now, "A", float(-qty), "transfer_out", place, doc, None))
            rows.append((now, "A", float(qty), "transfer_in", other, doc, None))
        elif what == "back" and sold:
            named = sorted(sold)[qty % len(sold)]
            units = sold.pop(named)[:qty]
            back = len(units)
            stock.put(other, units)
            rows.append((now, "A", float(back), "sale_return", other, doc, named))
    held: dict[tuple[str, int], int] = defaultdict(int)
    for place, queue in stock.queue.items():
        for (when,) in queue:
            held[place, when] += 1
    return rows, held


@given(STEPS)
def test_layers_agree_with_queues_served_unit_by_unit(steps: list[Step]) -> None:
    """Purchases, sales, moves over many hops, returns of named sales and found goods, in three warehouses."""
    rows, held = play(steps)
    if rows and any(place for place, _ in held):
        found = left(rows)
        assert found == {key: float(qty) for key, qty in held.items()}


@given(st.integers(0, 2**32), st.sampled_from(["inflows", "receipts"]))
def test_sums_of_valued_days_give_the_same_layers_as_the_rows(seed: int, layers_of: str) -> None:
    """Transfers, returns, red rows, consigned goods, costs on some rows: whichever way the rows are added up."""
    ledger = random_ledger(seed)[3]
    if seed % 3 == 0:
        theirs = pl.when(pl.int_range(pl.len()) % 4 == 0).then(pl.lit("consigned_in"))
        ledger = ledger.with_tables(movements=ledger.table("movements").with_columns(ownership=theirs))
    chosen = settings(deadstock={"age_layers": layers_of})
    start = entries(ledger, chosen)
    valued = valued_days(start, chosen)
    held = closing_at(valued).lazy()
    order = ["sku", "warehouse", "received_on", "qty", "receipt_cost"]
    plain, spared = (layers(start, held, chosen, valued=one).collect().sort(order) for one in (None, valued))
    assert spared.equals(plain)


@given(STEPS)
def test_buckets_add_up_to_what_is_on_hand(steps: list[Step]) -> None:
    """Units to max(0, on hand), value to the value of the balance, with receipts only and with all inflows."""
    rows, _ = play(steps)
    if not rows:
        return
    start = entries_of(movements(rows, COLUMNS), as_of=day(400))
    closing = closing_of(start, unit_cost=2.5)
    for layers_of in ("inflows", "receipts"):
        chosen = settings(deadstock={"age_layers": layers_of})
        aged = ageing(start, closing, chosen).join(closing, on=["sku", "warehouse"]).collect()
        names = bucket_names(chosen.deadstock)
        held = aged["on_hand"].clip(lower_bound=0)
        assert (
            aged.select(pl.sum_horizontal(f"age_{name}" for name in names)).to_series() - held
        ).abs().max() < 1e-9
        value = aged.select(pl.sum_horizontal(f"value_{name}" for name in names)).to_series()
        assert (value - held * 2.5).abs().max() < 1e-9


def test_an_unknown_value_stays_unknown() -> None:
    """No cost anywhere: units by age, but no value; an empty cell is worth 0 in every bucket."""
    rows = [(0, "A", 5.0, "purchase", "W"), (0, "B", 5.0, "purchase", "W"), (1, "B", -5.0, "sale", "W")]
    start = entries_of(movements(rows), as_of=day(5))
    unknown = closing_of(start).with_columns(
        value=pl.lit(None, pl.Float64), unit_cost=pl.lit(None, pl.Float64)
    )
    found = ageing(start, unknown, settings()).sort("sku").collect()
    assert found["age_0_30"].to_list() == [5.0, 0.0]
    assert found["value_0_30"].to_list() == [None, 0.0]
    assert found["receipt_value_0_30"].to_list() == [None, 0.0]
