"""Expected demand ahead of as_of, as one cumulative curve per cell, and its inverse: when will so much be gone.

Day 1 is the day after ``as_of``. A curve is straight between the edges of the forecast's buckets and goes on beyond
the last one at the mean rate of the whole horizon.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stockturn.engine.loss import Floats

Ints = NDArray[np.int64]

HAIR = 1e-9
BUCKET_DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12}
"""Mean length of a bucket in days, for spans counted in buckets."""


@dataclass(frozen=True)
class Outlook:
    """``edges``: days after as_of, rising from 0. ``total``: edges x cells, cumulative demand at each
    edge. ``rate``: demand per day beyond the last edge."""

    edges: Floats
    total: Floats
    rate: Floats

    def take(self, rows: Ints) -> Outlook:
        """The curves of some cells, in that order (a cell may come twice)."""
        return Outlook(self.edges, self.total[:, rows], self.rate[rows])

    def until(self, days: Floats | float) -> Floats:
        """Demand from as_of to the end of that day, per cell.

        >>> flat(np.array([2.0])).until(3.5).tolist()
        [7.0]
        """
        if np.ndim(days) == 0:
            return self._until_day(max(float(days), 0.0))
        day, last = np.maximum(days, 0.0), len(self.edges) - 1
        if last == 0:
            return np.asarray(day * self.rate)
        left = np.clip(np.searchsorted(self.edges, day, side="right") - 1, 0, last - 1)
        rows = np.arange(len(day))
        start, end = self.total[left, rows], self.total[left + 1, rows]
        width = self.edges[left + 1] - self.edges[left]
        inside = start + (end - start) * np.clip((day - self.edges[left]) / width, 0.0, 1.0)
        return np.asarray(inside + np.maximum(day - self.edges[last], 0.0) * self.rate)

    def _until_day(self, day: float) -> Floats:
        """The same for one day for all cells."""
        last = len(self.edges) - 1
        if day >= self.edges[last]:
            return np.asarray(self.total[last] + (day - self.edges[last]) * self.rate)
        left = int(np.searchsorted(self.edges, day, side="right")) - 1
        share = (day - self.edges[left]) / (self.edges[left + 1] - self.edges[left])
        return np.asarray(self.total[left] * (1 - share) + self.total[left + 1] * share)

    def when(self, qty: Floats) -> Floats:
        """Days after as_of until cumulative demand reaches ``qty``; inf where it never does, 0 for nothing.

        >>> flat(np.array([6.2, 0.0])).when(np.array([12.0, 1.0])).round(3).tolist()
        [1.935, inf]
        """
        wanted = np.asarray(qty, dtype=np.float64)
        last = len(self.edges) - 1
        whole = self.total[last]
        beyond = np.where(
            self.rate > 0, self.edges[last] + (wanted - whole) / np.where(self.rate > 0, self.rate, 1), np.inf
        )
        if last == 0:
            return np.where(wanted <= 0, 0.0, beyond)
        right = np.clip((self.total < wanted).sum(axis=0), 1, last)
        rows = np.arange(len(wanted))
        start, end = self.total[right - 1, rows], self.total[right, rows]
        step = np.where(end > start, end - start, 1.0)
        inside = self.edges[right - 1] + (self.edges[right] - self.edges[right - 1]) * (wanted - start) / step
        return np.where(wanted <= 0, 0.0, np.where(wanted > whole, beyond, inside))


def flat(rate: Floats) -> Outlook:
    """The same demand every day."""
    return Outlook(np.zeros(1), np.zeros((1, len(rate))), np.asarray(rate, dtype=np.float64))


def first_day(days: Floats) -> Floats:
    """The first whole day by which a fractional one has come: 1.94 -> 2, 3.0 -> 3."""
    return np.asarray(np.ceil(days - HAIR))


def outlook(
    forecast: pl.DataFrame | None, rate: Floats, cells: pl.DataFrame, as_of: date, bucket: str
) -> Outlook:
    """Curves of the cells from a forecast (sku, warehouse, period: first day of the bucket, mean: units).

    ``cells`` (sku, warehouse) gives the rows, ``rate`` the units a day where a cell has no forecast. Of the bucket
    that as_of lies in only the days still to come count. A forecast that begins later is drawn back to as_of at
    the rate of its first bucket.
    """
    if forecast is None or forecast.is_empty():
        return flat(rate)
    means, starts = _matrix(forecast, cells)
    ends = [*starts[1:], _next(starts[-1], bucket)]
    edges = np.array([(end - as_of).days - 1 for end in ends], dtype=np.float64)
    width = np.array([(end - start).days for start, end in zip(starts, ends, strict=True)], dtype=np.float64)
    ahead = edges > 0
    edges, width, means = edges[ahead], width[ahead], means[ahead]
    if not len(edges):
        return flat(rate)
    lacking = np.isnan(means)
    unknown = np.asarray(lacking.all(axis=0))
    per_day = np.where(lacking, np.where(unknown, rate, 0.0), means / width[:, None])
    total = np.zeros((len(edges) + 1, len(rate)))
    np.cumsum(per_day * np.diff(edges, prepend=0.0)[:, None], axis=0, out=total[1:])
    return Outlook(np.concatenate([[0.0], edges]), total, total[-1] / edges[-1])


def _matrix(forecast: pl.DataFrame, cells: pl.DataFrame) -> tuple[Floats, list[date]]:
    """Means as a matrix periods x cells, nan where there is none."""
    period = forecast.get_column("period")
    periods = period.unique().sort()
    day = period.to_physical().to_numpy()
    first = int(day.min())
    place = np.zeros(int(day.max()) - first + 1, dtype=np.int64)  # column of each day that begins a bucket
    place[periods.to_physical().to_numpy() - first] = np.arange(len(periods))
    means = spread_out(
        rows_of(forecast, cells), place[day - first], forecast["mean"].to_numpy(), cells.height
    )
    return np.ascontiguousarray(means.T), periods.to_list()


def spread_out(row: Ints, column: Ints, values: Floats, rows: int) -> Floats:
    """A long column (or several, side by side) as a matrix rows x columns, nan where nothing stands; row -1 is left
    out. A frame that lists every row in order with all its columns is taken as it stands."""
    width = int(column.max()) + 1
    if len(row) == rows * width and (row * width + column == np.arange(len(row))).all():
        return np.asarray(values, dtype=np.float64).reshape(rows, width, *values.shape[1:])
    known = row >= 0
    out = np.full((rows, width, *values.shape[1:]), np.nan)
    out[row[known], column[known]] = values[known]
    return out


def rows_of(frame: pl.DataFrame, cells: pl.DataFrame) -> Ints:
    """For each row of a long frame the row of its cell, -1 where there is none.

    Rows of one cell mostly stand together: only the first of each run is looked up.
    """
    if frame.is_empty():
        return np.zeros(0, dtype=np.int64)
    sku, warehouse = frame.get_column("sku"), frame.get_column("warehouse")
    begins = ((sku != sku.shift(1)) | (warehouse != warehouse.shift(1))).fill_null(True).to_numpy()
    index = cells.select("sku", "warehouse", row=pl.int_range(pl.len(), dtype=pl.Int64))
    keys = frame.select("sku", "warehouse").filter(pl.Series(begins))
    found = keys.join(index, on=["sku", "warehouse"], how="left", maintain_order="left")
    return np.asarray(found["row"].fill_null(-1).to_numpy()[np.cumsum(begins) - 1])


def _next(start: date, bucket: str) -> date:
    """First day of the bucket after the one that starts there."""
    if bucket == "month":
        return start + timedelta(days=calendar.monthrange(start.year, start.month)[1])
    return start + timedelta(days=int(BUCKET_DAYS[bucket]))
