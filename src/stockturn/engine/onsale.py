"""Days on sale and days out of stock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.arrays import leads
from stockturn.engine.entries import Entries
from stockturn.engine.valued import ValuedDays


@dataclass(frozen=True)
class SaleDays:
    """Per balance row, 1.0 or 0.0 for each of its days: on sale (``sale_days``), out of stock (``out_days``)."""

    sale_days: np.ndarray
    out_days: np.ndarray


def on_sale(valued: ValuedDays, entries: Entries, settings: Settings) -> SaleDays | None:
    """Which days count as on sale, and which of them end without stock.

    A cell is on sale from its first receipt, opening or sale, unless the item is discontinued. A day that ends
    at or below 0 is a stockout; it does not count at all where nothing was asked for in the
    ``on_sale_memory_days`` before the cell ran out. Cells whose opening is estimated do not count. None where
    the ledger has no receipts, or sums of periods instead of sales: then nothing is known of its stock day by day.
    """
    if not valued.has_receipts or valued.only_periods:
        return None
    rows = valued.balances
    cell, day, on_hand, demand = (rows[name].to_numpy() for name in ("cell", "day", "on_hand", "demand"))
    eligible = can_sell(valued, entries, settings)
    return sale_days(cell, day, on_hand, demand, eligible, settings.turnover.on_sale_memory_days)


def sale_days(
    cell: np.ndarray,
    day: np.ndarray,
    on_hand: np.ndarray,
    demand: np.ndarray,
    eligible: np.ndarray,
    memory: int,
) -> SaleDays:
    """:func:`on_sale` for any rows sorted by cell and day: what stood there at the end of the day, what was asked for.

    ``eligible``: by cell number, whether its days count at all.
    """
    out, asked = on_hand <= 0, demand > 0
    begun = _begun(cell, (on_hand != 0) | asked)
    live = eligible[cell] & begun
    # What was not yet on sale has not run out.
    ran_out = out.copy()
    ran_out[1:] &= leads(cell)[1:] | ~out[:-1] | ~begun[:-1]
    wanted = _wanted(cell, day, asked, ran_out, memory)
    # Every day out of stock belongs to the run that began last.
    idle = np.flatnonzero(out)
    live[idle] &= wanted[np.cumsum(ran_out)[idle] - 1]
    return SaleDays(live.astype(float), (live & out).astype(float))


def _wanted(
    cell: np.ndarray, day: np.ndarray, asked: np.ndarray, ran_out: np.ndarray, memory: int
) -> np.ndarray:
    """For each run out of stock: whether anything was asked for on its first day or in the days before."""
    start, demand = np.flatnonzero(ran_out), np.flatnonzero(asked)
    if not len(demand):
        return np.zeros(len(start), bool)
    latest = np.searchsorted(demand, start, side="right") - 1
    row = demand[np.maximum(latest, 0)]
    found: np.ndarray = (latest >= 0) & (cell[row] == cell[start]) & (day[row] >= day[start] - memory)
    return found


def _begun(cell: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Whether the cell has had stock or a sale up to each row."""
    size = len(cell)
    first = np.flatnonzero(leads(cell))
    since = np.minimum.reduceat(np.where(active, np.arange(size), size), first)
    begun: np.ndarray = np.arange(size) >= np.repeat(since, np.diff(first, append=size))
    return begun


def can_sell(valued: ValuedDays, entries: Entries, settings: Settings) -> np.ndarray:
    """Cells whose stock is known and whose item is not discontinued."""
    gone = entries.items.select(
        "sku", gone=pl.col("status").str.to_lowercase().is_in(settings.reorder.stopped)
    ).collect()
    cells = valued.cells.join(gone, on="sku", how="left", maintain_order="left")
    known = cells["opening_basis"] != "estimated"
    return (known & ~cells["gone"].fill_null(False)).to_numpy()
