"""The company's books: the simulation with the two things that its bookkeepers got wrong, and the truth of both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from stockturn.demo.company import company
from stockturn.demo.costing import cell_months
from stockturn.demo.records import Cell, History
from stockturn.demo.simulate import simulate

DEFAULT_SEED = 4


@dataclass(frozen=True)
class Books:
    """``difference``: the cell whose closing list is not what the book says, and by how many units.

    ``negative``: the cell whose receipt was booked late, and the days on which the book is below zero.
    """

    history: History
    difference: tuple[Cell, int]
    negative: tuple[Cell, tuple[date, ...]] | None


@dataclass(frozen=True)
class Truth:
    """What the figures of the example company must be, by its own bookkeeping (money in CNY, unrounded).

    ``months`` has one row per month (month, cogs, revenue, purchases, counted, variance, difference, sold_qty,
    avg_inventory, closing_value); ``cells`` the same per month, sku and warehouse. ``difference`` is (sku,
    warehouse, units, value), ``negative`` (sku, warehouse, days) or None.
    """

    opening_value: float
    months: pl.DataFrame
    cells: pl.DataFrame
    difference: tuple[str, str, int, float]
    negative: tuple[str, str, tuple[date, ...]] | None


@lru_cache(maxsize=4)
def books(seed: int) -> Books:
    """The documents of that seed, as booked."""
    history, negative = _book_late(simulate(seed))
    firm = company()
    told = firm.story["miscounted"]
    cell = (firm.index_of(told["sku"]), told["warehouse"])
    return Books(history, (cell, max(told["units"], -int(history.closing[cell]))), negative)


def truth(seed: int = DEFAULT_SEED) -> Truth:
    """The expected figures for that seed: an answer that owes nothing to the engine.

    Costing is the perpetual moving average per sku and warehouse, receipts before issues within a day, returns
    and count gains at the current average, transfers at their source's; the end-of-day values are averaged over
    the days of the month.
    """
    booked = books(seed)
    days = (pl.col("month").dt.month_end() - pl.col("month")).dt.total_days() + 1
    cells = cell_months(booked.history, booked.difference).with_columns(
        avg_inventory=pl.col("day_values") / days
    )
    summed = ["cogs", "revenue", "purchases", "counted", "variance", "difference", "sold_qty"]
    months = cells.group_by("month", maintain_order=True).agg(
        pl.col([*summed, "avg_inventory", "closing_value"]).sum()
    )
    cell, units = booked.difference
    return Truth(
        opening_value=sum(value for _, value in booked.history.opening.values()),
        months=months,
        cells=cells.drop("day_values"),
        difference=(*_names(cell), units, float(cells["difference"].sum())),
        negative=None if booked.negative is None else (*_names(booked.negative[0]), booked.negative[1]),
    )


def _names(cell: Cell) -> tuple[str, str]:
    firm = company()
    return firm.items[cell[0]].sku, firm.warehouses[cell[1]]


def _book_late(history: History) -> tuple[History, tuple[Cell, tuple[date, ...]] | None]:
    """Books one receipt some days late, where sales had already gone out: the book is below zero meanwhile.

    Takes the first receipt for which the balance is negative on exactly those days and nothing but sales
    touches the cell; None where the seed has no such receipt.
    """
    told = company().story["booked_late"]
    on_hand = _end_of_day(history)
    touched = Counter(
        (cell, line.date) for line in history.lines if line.kind != "sale" for cell, _ in line.moves()
    )
    for place, line in enumerate(history.lines):
        if line.kind != "purchase" or not told["from"] <= line.date <= told["to"]:
            continue
        cell = (line.item, line.warehouse)
        days = tuple(line.date + timedelta(days=n) for n in range(told["days"]))
        booked_on = line.date + timedelta(days=told["days"])
        alone = sum(touched[cell, day] for day in (*days, booked_on)) == 1
        if alone and all(on_hand[(day - history.start).days][cell] < line.qty for day in days):
            late = replace(line, date=booked_on)
            lines = (*history.lines[:place], late, *history.lines[place + 1 :])
            return replace(history, lines=lines), (cell, days)
    return history, None


def _end_of_day(history: History) -> npt.NDArray[np.int64]:
    """Units on hand at the end of each day, per item and warehouse."""
    days = (history.end - history.start).days + 1
    moves = np.zeros((days, *history.closing.shape), dtype=np.int64)
    for cell, (qty, _) in history.opening.items():
        moves[0][cell] += qty
    for line in history.lines:
        for cell, qty in line.moves():
            moves[(line.date - history.start).days][cell] += qty
    return moves.cumsum(axis=0)
