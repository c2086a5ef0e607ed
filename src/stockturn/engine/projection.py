"""Scheduled receipts by their dates, and the days on which stock runs out or below its safety."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from stockturn.config.reorder import ReorderSettings
from stockturn.engine.levels import numbers
from stockturn.engine.loss import Floats
from stockturn.engine.outlook import HAIR, Ints, Outlook, first_day

TINY = 1e-6
"""Quantities are exact to a millionth: what lies below is the same quantity."""


@dataclass(frozen=True)
class Scheduled:
    """Open order lines in the order of cell and due day. ``cell`` is the row of the cell, ``due`` days after as_of
    (an overdue line is expected ``late_arrival_days`` from now), ``overdue`` days past its promise (0: not)."""

    frame: pl.DataFrame
    cell: Ints
    due: Floats
    qty: Floats
    overdue: Floats

    def sums(self, count: int, keep: np.ndarray | None = None) -> Floats:
        """Units per cell, of the lines kept."""
        weights = self.qty if keep is None else np.where(keep, self.qty, 0.0)
        return np.asarray(np.bincount(self.cell, weights=weights, minlength=count), dtype=np.float64)


def scheduled(lines: pl.DataFrame, cells: pl.DataFrame, as_of: date, settings: ReorderSettings) -> Scheduled:
    """Open lines with their expected day: the promise, else order date + lead time; a late one in a few days."""
    rows = cells.select("sku", "warehouse", "lead_time_days").with_row_index("cell")
    placed = lines.join(rows, on=["sku", "warehouse"], how="inner")
    ordered = (placed["order_date"] - as_of).dt.total_days().cast(pl.Float64)
    promised = (placed["promised_date"] - as_of).dt.total_days().cast(pl.Float64)
    planned = ordered + placed["lead_time_days"].fill_null(float(settings.lead_time_days)).ceil()
    due = pl.Series("due", promised).fill_null(planned)
    frame = (
        placed.with_columns(
            due.alias("promised_day"),
            due=pl.when(due < 0).then(float(settings.late_arrival_days)).otherwise(due.clip(lower_bound=1.0)),
            overdue=pl.when(due < 0).then(-due).otherwise(0.0),
        )
        .sort("cell", "due", "promised_day", "doc_no", "line_no", nulls_last=True)
        .drop("promised_day")
    )
    return Scheduled(
        frame,
        frame["cell"].cast(pl.Int64).to_numpy(),
        numbers(frame, "due"),
        numbers(frame, "qty_open"),
        numbers(frame, "overdue"),
    )


def running(values: Floats, group: Ints) -> Floats:
    """Running sums within groups that stand together."""
    total = np.cumsum(values)
    first = np.r_[True, group[1:] != group[:-1]] if len(group) else np.zeros(0, dtype=bool)
    before = np.where(first, total - values, -np.inf)
    return np.asarray(total - np.maximum.accumulate(before)) if len(group) else total


def run_down(outlook: Outlook, available: Floats, floor: Floats, lines: Scheduled) -> Floats:
    """First day (0 = as_of) on which expected stock is at or below ``floor``; inf where that never comes.

    Stock at the end of day t is available + receipts due by t - demand until t; on a day receipts come first.
    ``available`` and ``floor`` are per cell. Between two receipts stock only falls, so it is enough to ask, for the
    stock after each receipt, when demand has eaten it, and whether the next receipt comes in time.
    """
    count = len(available)
    rows = np.arange(count)
    start = available - floor
    after = start[lines.cell] + running(lines.qty, lines.cell)
    cell = np.concatenate([rows, lines.cell])
    level = np.concatenate([start, after])
    next_due = _next_due(lines, count)
    day = first_day(outlook.take(cell).when(np.maximum(level, 0.0)))
    day = np.where(level <= TINY, np.concatenate([np.zeros(count), lines.due]), day)
    hit = np.where(day < next_due, day, np.inf)
    first = np.full(count, np.inf)
    np.minimum.at(first, cell, hit)
    return first


def _next_due(lines: Scheduled, count: int) -> Floats:
    """For each cell its first due day, then for each line the due day of the next line of its cell; inf at the end."""
    cell, due = lines.cell, lines.due
    first = np.full(count, np.inf)
    np.minimum.at(first, cell, due)
    follows = np.full(len(due), np.inf)
    if len(due) > 1:
        follows[:-1] = np.where(cell[1:] == cell[:-1], due[1:], np.inf)
    return np.concatenate([first, follows])


def cover(outlook: Outlook, available: Floats) -> Floats:
    """Days until cumulative demand exceeds what is available; 0 for nothing left, inf where nobody asks."""
    return np.where(outlook.when(np.full(len(available), HAIR)) == np.inf, np.inf, outlook.when(available))
