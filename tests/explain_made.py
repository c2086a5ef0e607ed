"""A small ledger whose figures are worked out on paper, each row with the file and line it stands on.

A-1: 10 units worth 100 at the start of 2024; 30 for 360 on 10 January; 20 sold for 400 on 5 February; 2 of them back on
20 February. Moving average (100 + 360) / 40 = 11.5. B-2: 2 at the start, 5 sold: below zero. C-3 is in the item list
alone. D-4 is sold and nowhere counted, without any cost.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.model import Ledger
from tests.moves import movements

_MOVED = "date sku qty kind warehouse cost revenue doc_no partner"


def company() -> Ledger:
    """The ledger of the module's docstring."""
    moved = movements(
        [
            (date(2024, 1, 10), "A-1", 30, "purchase", "W1", 360.0, None, "P1", "Acme"),
            (date(2024, 2, 5), "A-1", -20, "sale", "W1", None, 400.0, "S1", "Bob"),
            (date(2024, 2, 20), "A-1", 2, "sale_return", "W1", None, -40.0, "R1", "Bob"),
            (date(2024, 3, 4), "B-2", -5, "sale", "W1", None, 50.0, "S2", "Bob"),
            (date(2024, 3, 31), "D-4", -1, "sale", "W2", None, 9.0, "S3", "Eve"),
        ],
        _MOVED,
    )
    stock = pl.DataFrame(
        {
            "as_of": [date(2023, 12, 31)] * 2,
            "sku": ["A-1", "B-2"],
            "warehouse": ["W1", "W1"],
            "on_hand": [10.0, 2.0],
            "value": [100.0, 8.0],
        }
    )
    items = pl.DataFrame(
        {
            "sku": ["A-1", "B-2", "C-3"],
            "name": ["Lamp", "Bulb", "Cord"],
            "category": ["Light", "Light", "Light"],
            "unit": ["pcs", "pcs", "m"],
            "unit_price": [20.0, 10.0, None],
            "moq": [12.0, None, None],
        }
    )
    return Ledger.of(
        movements=_placed(moved, "moves.csv", None),
        stock=_placed(stock, "lists.xlsx", "Opening"),
        items=_placed(items, "items.xlsx", "Items"),
    )


def two_houses() -> Ledger:
    """A-1 bought into W1, half of it moved to W2, which sells more of it than W1 does; and B-2, in W1 alone."""
    rows = [
        (date(2024, 1, 10), "A-1", 30, "purchase", "W1", 360.0, None, "P1", "Acme"),
        (date(2024, 1, 12), "A-1", -15, "transfer_out", "W1", None, None, "T1", None),
        (date(2024, 1, 12), "A-1", 15, "transfer_in", "W2", None, None, "T1", None),
        (date(2024, 1, 15), "B-2", 6, "purchase", "W1", 12.0, None, "P2", "Acme"),
        (date(2024, 2, 5), "A-1", -5, "sale", "W1", None, 100.0, "S1", "Bob"),
        *((date(2024, month, 6), "A-1", -4, "sale", "W2", None, 80.0, "S2", "Bob") for month in (2, 3)),
    ]
    return Ledger.of(movements=_placed(movements(rows, _MOVED), "moves.csv", None))


def _placed(frame: pl.DataFrame, file: str, sheet: str | None) -> pl.DataFrame:
    """The rows with where they stand: below a header line."""
    where = pl.int_range(2, pl.len() + 2, dtype=pl.Int64)
    return frame.with_columns(
        source_file=pl.lit(f"exports/{file}"), source_sheet=pl.lit(sheet, pl.String), source_row=where
    )
