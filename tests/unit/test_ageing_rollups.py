"""Ageing by dimension, and what was cleared and what slid since last month."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.config.deadstock import DeadStockSettings
from stockturn.engine.age_rollups import PARTS, Snapshot, ageing_by, ageing_movement
from stockturn.engine.ageing import ageing, bucket_names
from stockturn.engine.entries import entries
from stockturn.engine.layers import layers
from stockturn.engine.run import Run
from stockturn.errors import UsageError
from stockturn.model import Ledger
from tests import synthetic
from tests.moves import closing_of, day, entries_of, movements, settings

CHOSEN = DeadStockSettings()


def shot(moves: pl.DataFrame, at: int) -> Snapshot:
    """The stock of a ledger at a day; unit cost 2."""
    chosen = settings(period={"as_of": day(at)})
    start = entries_of(moves, chosen)
    closing = closing_of(start, 2.0)
    return Snapshot(day(at), layers(start, closing, chosen), closing)


def moved(
    rows: list[tuple[object, ...]],
    first: int,
    last: int,
    *by: str,
    columns: str = "date sku qty kind warehouse",
) -> pl.DataFrame:
    """Movement of the buckets between two days."""
    moves = movements(rows, columns)
    items = entries_of(moves).items
    return ageing_movement(shot(moves, first), shot(moves, last), items, by, CHOSEN).collect()


def test_what_is_sold_is_cleared_and_what_stays_slides() -> None:
    """The worked number of the docstring, in units and at a unit cost of 2."""
    rows = [(0, "A", 20.0, "purchase", "W"), (40, "A", -5.0, "sale", "W"), (50, "A", 7.0, "purchase", "W")]
    young, older = moved(rows, 25, 55).iter_rows(named=True)
    assert [young[f"{name}_qty"] for name in PARTS] == [20, 5, 15, 0, 7, 7]
    assert [older[f"{name}_qty"] for name in PARTS] == [0, 0, 0, 15, 0, 15]
    assert [young[f"{name}_value"] for name in PARTS] == [40, 10, 30, 0, 14, 14]
    assert [young["age_bucket"], older["age_bucket"]] == ["0_30", "31_60"]


def test_a_transfer_clears_nothing_in_the_company() -> None:
    """Within the company it slides; by warehouse it leaves one and arrives in the other."""
    columns = "date sku qty kind warehouse doc_no"
    rows = [
        (0, "A", 20.0, "purchase", "V", "P"),
        (40, "A", -20.0, "transfer_out", "V", "T"),
        (40, "A", 20.0, "transfer_in", "W", "T"),
    ]
    whole = moved(rows, 25, 55, columns=columns)
    assert whole.select("age_bucket", "cleared_qty", "arrived_qty").rows() == [
        ("0_30", 0, 0),
        ("31_60", 0, 0),
    ]
    places = moved(rows, 25, 55, "warehouse", columns=columns)
    assert places.select("warehouse", "age_bucket", "cleared_qty", "arrived_qty").rows() == [
        ("V", "0_30", 20, 0),
        ("W", "31_60", 0, 20),
    ]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 120), st.sampled_from("AB"), st.integers(-9, 9).filter(bool), st.sampled_from("VW")
        ),
        min_size=1,
        max_size=25,
    ),
    st.integers(0, 90),
)
def test_every_bucket_adds_up(events: list[tuple[int, str, int, str]], first: int) -> None:
    """opening - cleared - slid_out + slid_in + arrived = closing; what slides out slides in."""
    rows = [
        (-1, "A", 1.0, "purchase", "V"),
        *(
            (*event[:2], float(event[2]), "purchase" if event[2] > 0 else "sale", event[3])
            for event in events
        ),
    ]
    for by in ((), ("warehouse",), ("sku",)):
        found = moved(rows, first, first + 30, *by)
        opening, cleared, slid_out, slid_in, arrived, closing = (found[f"{name}_qty"] for name in PARTS)
        assert (
            (opening - cleared - slid_out + slid_in + arrived - closing).abs().max() < 1e-9
            if found.height
            else True
        )
        assert slid_out.sum() == slid_in.sum()
        assert min(found[f"{name}_qty"].min() or 0.0 for name in PARTS) >= 0


@pytest.mark.parametrize("by", [(), ("category",), ("owner", "warehouse"), ("supplier",)])
def test_roll_ups_add_up_to_the_cells(by: tuple[str, ...]) -> None:
    """Units, value and mean age of the generated company by any dimension."""
    chosen = settings()
    start = entries(synthetic.ledger(), chosen)
    aged = ageing(start, synthetic.closing(), chosen)
    found = ageing_by(aged, synthetic.closing(), start.items, by, chosen.deadstock).collect()
    cells = aged.collect()
    for name in bucket_names(chosen.deadstock):
        assert found[f"age_{name}"].sum() == pytest.approx(cells[f"age_{name}"].sum())
        assert found[f"value_{name}"].sum() == pytest.approx(cells[f"value_{name}"].sum())
    held = synthetic.cells().filter(pl.col("closing") > 0)
    assert found["on_hand"].sum() == held["closing"].sum()
    assert found["value"].sum() == pytest.approx(held["closing_value"].sum())
    days = (found["mean_age_days"] * found["on_hand"]).sum() / held["closing"].sum()
    whole = ageing_by(aged, synthetic.closing(), start.items, (), chosen.deadstock).collect()
    assert days == pytest.approx(whole["mean_age_days"].item())


def test_ages_by_any_dimension_within_the_scope() -> None:
    """Asked for one warehouse and by supplier: its cells alone, in every table; what nothing is aged by is refused."""
    rows = [(0, "A", 10.0, "purchase", "V"), (40, "A", 4.0, "purchase", "W"), (70, "A", -1.0, "sale", "W")]
    ledger = Ledger.of(
        movements=movements(rows),
        items=pl.DataFrame(
            {"sku": ["A"], "supplier": ["S1"], "category": ["Mugs"], "shelf_life_days": [60.0]}
        ),
    )
    made = Run(ledger, settings(scope={"warehouse": ["W"]})).ages(("supplier",))
    assert made["ageing"].select("supplier", "on_hand", "age_0_30").rows() == [("S1", 3.0, 3.0)]
    assert made["movement"]["closing_qty"].sum() == 3.0
    assert made["expiring"]["warehouse"].to_list() == ["W"]
    both = Run(ledger, settings()).ages(("sku", "warehouse"))["ageing"]
    assert both.select("sku", "warehouse", "on_hand").rows() == [("A", "V", 10.0), ("A", "W", 3.0)]
    with pytest.raises(UsageError) as refused:
        Run(ledger, settings()).ages(("abc",))
    assert refused.value.key == "age_by_unknown"
