"""Stock lists against movements, at the place that both of them name."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.engine.reconcile import positions
from stockturn.model import Ledger


def move(day: int, sku: str, qty: float, bin_: str | None = None) -> dict[str, object]:
    """One movement in January 2025."""
    return {
        "date": date(2025, 1, day),
        "sku": sku,
        "qty": qty,
        "kind": "purchase",
        "warehouse": "W",
        "bin": bin_,
    }


def count(day: int, sku: str, qty: float, bin_: str | None = None) -> dict[str, object]:
    """One stock point in January 2025."""
    return {"as_of": date(2025, 1, day), "sku": sku, "on_hand": qty, "warehouse": "W", "bin": bin_}


def test_each_position_agrees_needs_an_opening_or_differs() -> None:
    """From nothing or a list before the movements; from a balance that no list names; or not at all."""
    ledger = Ledger.of(
        movements=pl.DataFrame(
            [move(2, "A", 0.1), move(3, "A", 0.2), move(5, "B", 4), move(5, "C", 1), move(5, "D", 4)]
        ),
        stock=pl.DataFrame(
            [
                count(31, "A", 0.3),
                count(4, "B", 2),
                count(31, "B", 6),
                count(1, "C", 0),
                count(31, "C", 2),
                count(9, "D", 6),
            ]
        ),
    )
    found = positions(ledger, date(2025, 1, 31), 1e-6)
    assert dict(found.select("sku", "agreement").iter_rows()) == {
        "A": "exact",
        "B": "exact",
        "C": "differs",
        "D": "opening",
    }
    assert found["points"].to_list() == [1, 2, 2, 1]


def test_bins_are_compared_only_where_both_sides_name_them() -> None:
    """Goods in the wrong bin differ where bins are known, and agree by warehouse where they are not."""
    moves = pl.DataFrame([move(2, "A", 5, "x"), move(2, "A", 5, "y")])
    wrong = pl.DataFrame(
        [count(1, "A", 0, "x"), count(1, "A", 0, "y"), count(3, "A", 4, "x"), count(3, "A", 6, "y")]
    )
    by_bin = positions(Ledger.of(movements=moves, stock=wrong), date(2025, 1, 3), 1e-6)
    assert by_bin["agreement"].to_list() == ["differs", "differs"]
    by_house = positions(
        Ledger.of(movements=moves, stock=wrong.with_columns(bin=None)), date(2025, 1, 3), 1e-6
    )
    assert by_house["agreement"].to_list() == ["exact"]


def test_what_is_later_than_as_of_is_not_seen() -> None:
    """A past month reconciles as it did then."""
    ledger = Ledger.of(
        movements=pl.DataFrame([move(2, "A", 5), move(20, "A", 5)]),
        stock=pl.DataFrame([count(3, "A", 5), count(25, "A", 99)]),
    )
    assert positions(ledger, date(2025, 1, 10), 1e-6)["agreement"].to_list() == ["exact"]
    assert positions(ledger, date(2025, 1, 31), 1e-6)["agreement"].to_list() == ["differs"]
