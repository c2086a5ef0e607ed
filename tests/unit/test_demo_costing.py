"""The bookkeeping of the example company, against sums done by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from stockturn.demo.costing import Balance, cell_months
from stockturn.demo.records import History, Line


def test_receipt_moves_the_average() -> None:
    """10 at 2.00 and 30 at 4.00 are 140 for 40 units: 3.50 each; 4 sold cost 14."""
    balance = Balance(10, 20.0, 2.0)
    assert balance.receive(30, 120.0) == 0.0
    assert balance.average == 3.5
    assert balance.move(-4) == -14.0
    assert (balance.qty, balance.value) == (36, 126.0)


def test_receipt_on_negative_stock_sets_the_cost() -> None:
    """-5 at 2.00 (-10), then 20 at 3.00 (60): 15 remain at 3.00 (45, not 50), the variance is -5."""
    balance = Balance(0, 0.0, 2.0)
    balance.move(-5)
    assert balance.receive(20, 60.0) == -5.0
    assert (balance.qty, balance.value, balance.average) == (15, 45.0, 3.0)


def test_empty_shelf_keeps_its_average() -> None:
    """What comes back to an empty shelf comes back at the last average."""
    balance = Balance(4, 10.0, 2.5)
    assert balance.move(-4) == -10.0
    assert (balance.qty, balance.value) == (0, 0.0)
    assert balance.move(2) == 5.0


def test_a_month_by_hand() -> None:
    """Opening 10 at 2.00; 10 bought at 4.00 (average 3.00); 5 sold, 1 back, 4 moved: cogs 12, 11 left for 33."""
    history = History(
        start=date(2024, 1, 1),
        end=date(2024, 1, 31),
        opening={(0, 0): (10, 20.0)},
        lines=(
            Line(date(2024, 1, 10), "sale", 0, 0, 5, "XS1", 1, 6.0),
            Line(date(2024, 1, 10), "purchase", 0, 0, 10, "RK1", 1, 4.0),
            Line(date(2024, 1, 12), "sale_return", 0, 0, 1, "XT1", 1, 6.0),
            Line(date(2024, 1, 20), "transfer_out", 0, 0, 4, "DB1", 1, to_warehouse=1),
            Line(date(2024, 1, 31), "adjustment_out", 0, 0, 1, "PK1", 1),
        ),
        received={},
        closing=None,  # type: ignore[arg-type]
    )
    months = cell_months(history, ((0, 1), -1)).filter(pl.col("day_values") != 0)
    here, there = months.rows(named=True)
    assert (here["cogs"], here["revenue"], here["purchases"], here["counted"]) == (12.0, 24.0, 40.0, -3.0)
    assert (here["closing_qty"], here["closing_value"], here["transfers"]) == (11, 33.0, -12.0)
    assert (there["closing_qty"], there["closing_value"], there["difference"]) == (3, 9.0, -3.0)
    # 20 for 9 days, 45 for 2, 48 for 8, 36 for 11, 33 on the last
    assert here["day_values"] == pytest.approx(9 * 20 + 2 * 45 + 8 * 48 + 11 * 36 + 33)
    assert there["day_values"] == pytest.approx(11 * 12 + 9)
