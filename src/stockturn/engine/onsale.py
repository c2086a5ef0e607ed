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
    the ledger has no receipts: then nothing is known of its stock.
    """
    if not valued.has_receipts:
        return None
    rows = valued.balances
    cell, day = rows["cell"].to_numpy(), rows["day"].to_numpy()
    out = rows["on_hand"].to_numpy() <= 0
    lead = leads(cell)
    begins = out & (lead | ~np.r_[False, out[:-1]])
    asked = _last_where(rows["demand"].to_numpy() > 0, day, lead)
    wanted = asked > day - settings.turnover.on_sale_memory_days - 1
    run_wanted = _from_run_start(wanted, begins)
    counted = ~out | run_wanted
    live = _started(valued, rows) & _eligible(valued, entries)[cell] & counted
    return SaleDays(live.astype(float), (live & out).astype(float))


def _last_where(flag: np.ndarray, day: np.ndarray, lead: np.ndarray) -> np.ndarray:
    """The latest day up to each row on which the flag was set in its cell; very early where never."""
    never = -(10**7)
    # Every cell is lifted above the ones before it, so that one running maximum serves them all.
    lift = np.cumsum(lead).astype(np.int64) * 10**8
    latest = np.maximum.accumulate(np.where(flag, lift + day, lift + never))
    return np.asarray(latest - lift)


def _from_run_start(flag: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """The flag of the row where the present run began."""
    start = np.maximum.accumulate(np.where(begins, np.arange(len(flag)), 0))
    return np.asarray(flag[start])


def _started(valued: ValuedDays, rows: pl.DataFrame) -> np.ndarray:
    """Whether the cell has had a receipt, an opening or a sale by that row."""
    begun = (rows["on_hand"].to_numpy() != 0) | (rows["demand"].to_numpy() > 0)
    cell = rows["cell"].to_numpy()
    lead = leads(cell)
    return np.asarray(_last_where(begun, rows["day"].to_numpy(), lead) >= 0)


def _eligible(valued: ValuedDays, entries: Entries) -> np.ndarray:
    """Cells whose stock is known and whose item is not discontinued."""
    gone = entries.items.select("sku", gone=pl.col("status").str.to_lowercase().is_in(_GONE)).collect()
    cells = valued.cells.join(gone, on="sku", how="left", maintain_order="left")
    known = cells["opening_basis"] != "estimated"
    return (known & ~cells["gone"].fill_null(False)).to_numpy()


_GONE = ["discontinued", "obsolete", "inactive", "停用", "停产", "淘汰"]
"""Item states that mean: no longer sold."""
