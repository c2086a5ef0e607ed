"""The expected truth: the perpetual moving average of the simulation, written as a bookkeeper would post it.

One plain loop over the documents, apart from the engine and sharing nothing with it, so that the engine's
figures for the example company have an independent answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

import polars as pl

from stockturn.demo.company import company
from stockturn.demo.records import Cell, History, Line

POSTING_ORDER = {
    "purchase": 0,
    "transfer_out": 1,
    "sale_return": 2,
    "adjustment_in": 3,
    "sale": 4,
    "adjustment_out": 5,
}
"""Within a day receipts come before issues; a transfer arrives before its target sells from it."""


@dataclass
class Balance:
    """Units and money of one cell; ``average`` survives an empty shelf."""

    qty: int = 0
    value: float = 0.0
    average: float = 0.0

    def receive(self, qty: int, cost: float) -> float:
        """Goods in at a cost; gives the negative-stock variance, signed as it enters the value.

        It is 0 (to rounding) where stock was not below zero.
        """
        before, self.qty = self.qty, self.qty + qty
        if before <= 0:
            booked = self.value + cost
            self.average = cost / qty
            self.value = self.qty * self.average
            return self.value - booked
        self.value += cost
        self.average = self.value / self.qty
        return 0.0

    def move(self, qty: int) -> float:
        """Units in (+) or out (-) at the current average; gives their cost, signed like qty."""
        cost = qty * self.average
        self.qty += qty
        self.value = self.value + cost if self.qty else 0.0
        return cost


@dataclass
class CellMonth:
    """One cell in one month; money in CNY, ``day_values`` is the sum of its end-of-day values."""

    month: date
    sku: str
    warehouse: str
    cogs: float = 0.0
    revenue: float = 0.0
    purchases: float = 0.0
    counted: float = 0.0
    transfers: float = 0.0
    variance: float = 0.0
    difference: float = 0.0
    sold_qty: int = 0
    closing_qty: int = 0
    closing_value: float = 0.0
    day_values: float = 0.0


def cell_months(history: History, difference: tuple[Cell, int] | None = None) -> pl.DataFrame:
    """One row per month, sku and warehouse: cogs net of returns, revenue, purchases, and the closing stock.

    ``difference`` is a cell and the units that its closing list has more than the book; it is taken at the
    average of the last day. Conservation, per cell: opening + purchases + counted + transfers + difference
    + variance - cogs = closing.
    """
    return pl.DataFrame(list(_post(history, difference)))


def _post(history: History, difference: tuple[Cell, int] | None) -> Iterator[CellMonth]:
    firm = company()
    balances = {
        (item, warehouse): Balance()
        for item in range(len(firm.items))
        for warehouse in range(len(firm.warehouses))
    }
    for cell, (qty, value) in history.opening.items():
        balances[cell] = Balance(qty, value, value / qty if qty else 0.0)
    ordered = sorted(history.lines, key=lambda line: (line.date, POSTING_ORDER[line.kind]))
    by_day = {day: list(lines) for day, lines in groupby(ordered, key=lambda line: line.date)}
    day, rows = history.start, {}
    while day <= history.end:
        if day.day == 1:
            rows = {
                cell: CellMonth(day, firm.items[cell[0]].sku, firm.warehouses[cell[1]]) for cell in balances
            }
        for line in by_day.get(day, []):
            _post_line(line, balances, rows)
        if difference is not None and day == history.end:
            cell, units = difference
            rows[cell].difference += balances[cell].move(units)
        for cell, balance in balances.items():
            rows[cell].day_values += balance.value
        day += timedelta(days=1)
        if day.day == 1 or day > history.end:
            for cell, row in rows.items():
                row.closing_qty, row.closing_value = balances[cell].qty, balances[cell].value
                yield row


def _post_line(line: Line, balances: dict[Cell, Balance], rows: dict[Cell, CellMonth]) -> None:
    here = (line.item, line.warehouse)
    balance, row = balances[here], rows[here]
    match line.kind:
        case "purchase":
            row.variance += balance.receive(line.qty, line.amount)
            row.purchases += line.amount
        case "transfer_out":
            there = (line.item, line.to_warehouse)
            cost = -balance.move(-line.qty)
            row.transfers -= cost
            rows[there].transfers += cost
            rows[there].variance += balances[there].receive(line.qty, cost)
        case "sale":
            row.cogs -= balance.move(-line.qty)
            row.revenue += line.amount
            row.sold_qty += line.qty
        case "sale_return":
            row.cogs -= balance.move(line.qty)
            row.revenue -= line.amount
            row.sold_qty -= line.qty
        case "adjustment_in":
            row.counted += balance.move(line.qty)
        case "adjustment_out":
            row.counted += balance.move(-line.qty)
