"""The engine on the example company: its figures are the ones that the company's own bookkeeping gives."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from stockturn.config import load_settings
from stockturn.demo import DEFAULT_SEED, truth
from stockturn.demo.books import books
from stockturn.demo.company import company
from stockturn.engine.entries import Entries, entries
from stockturn.engine.turnover import turnover
from stockturn.engine.valued import ValuedDays, closing, negatives, valued_days
from stockturn.model import Ledger, Period

SETTINGS = load_settings(None)
END = date(2025, 6, 30)


def ledger() -> Ledger:
    """Canonical frames straight from the books, past every reader."""
    history, firm = books(DEFAULT_SEED).history, company()
    moves = []
    for line in history.lines:
        for (item, warehouse), qty in line.moves():
            kind = "transfer_in" if line.kind == "transfer_out" and qty > 0 else line.kind
            moves.append(
                {
                    "date": line.date,
                    "sku": firm.items[item].sku,
                    "warehouse": firm.warehouses[warehouse],
                    "qty": float(qty),
                    "kind": kind,
                    "doc_no": line.doc_no,
                    "line_no": str(line.line_no),
                    "cost": line.amount if kind == "purchase" else None,
                    "revenue": {"sale": line.amount, "sale_return": -line.amount}.get(kind),
                }
            )
    opening = [
        (
            history.start - timedelta(days=1),
            firm.items[item].sku,
            firm.warehouses[warehouse],
            float(qty),
            value,
        )
        for (item, warehouse), (qty, value) in history.opening.items()
    ]
    last = truth().cells.filter(month=date(2025, 6, 1))
    counted = [
        (END, sku, warehouse, float(qty), round(value, 2))
        for sku, warehouse, qty, value in last.select(
            "sku", "warehouse", "closing_qty", "closing_value"
        ).iter_rows()
    ]
    columns = ["as_of", "sku", "warehouse", "on_hand", "value"]
    return Ledger.of(
        movements=pl.DataFrame(moves, infer_schema_length=None),
        stock=pl.DataFrame([*opening, *counted], schema=columns, orient="row"),
        items=pl.DataFrame({"sku": [item.sku for item in firm.items]}),
    )


@pytest.fixture(scope="module")
def valued() -> tuple[Entries, ValuedDays]:
    entered = entries(ledger(), SETTINGS)
    return entered, valued_days(entered, SETTINGS)


def test_every_month_is_the_truth(valued: tuple[Entries, ValuedDays]) -> None:
    """Moving average, cogs, revenue, daily average and closing value of all 24 months, to a millionth."""
    entered, days = valued
    assert (entered.as_of, days.cost_basis) == (END, "moving_average")
    span = Period(date(2023, 7, 1), END, 365)
    found = turnover(days, entered, SETTINGS, by=("month",), period=span)
    expected = truth().months
    assert found["month"].to_list() == expected["month"].dt.strftime("%Y-%m").to_list()
    for column in ("cogs", "revenue", "avg_inventory", "closing_value", "variance"):
        assert found[column].to_list() == pytest.approx(expected[column].to_list(), rel=1e-6, abs=1e-6)


def test_turnover_of_the_year_is_the_truth(valued: tuple[Entries, ValuedDays]) -> None:
    """Cogs of the twelve months over the mean of their 365 end-of-day values."""
    entered, days = valued
    year = truth().months.filter(pl.col("month") >= date(2024, 7, 1))
    average = (year["avg_inventory"] * year["month"].dt.days_in_month()).sum() / 365
    found = turnover(days, entered, SETTINGS, by=(), period=Period(date(2024, 7, 1), END, 365))
    assert found["turnover"].item() == pytest.approx(year["cogs"].sum() / average, rel=1e-9)


def test_closing_of_every_cell_is_the_truth(valued: tuple[Entries, ValuedDays]) -> None:
    """Units exactly, value to a millionth."""
    last = truth().cells.filter(month=date(2025, 6, 1))
    both = closing(valued[1]).join(last, on=["sku", "warehouse"], validate="1:1")
    assert both.height == last.height
    assert both["on_hand"].to_list() == both["closing_qty"].to_list()
    assert both["value"].to_list() == pytest.approx(both["closing_value"].to_list(), rel=1e-6, abs=1e-6)


def test_the_two_oddities_are_found_and_no_others(valued: tuple[Entries, ValuedDays]) -> None:
    """One count that differs from the book, one cell below zero for two days."""
    known = truth()
    (difference,) = (
        valued[1].differences.select("sku", "warehouse", "difference_qty", "difference_value").rows()
    )
    assert difference == pytest.approx(known.difference)
    assert known.negative is not None
    sku, warehouse, below = known.negative
    (negative,) = negatives(valued[1]).select("sku", "warehouse", "start", "end").rows()
    assert negative == (sku, warehouse, below[0], below[-1])
