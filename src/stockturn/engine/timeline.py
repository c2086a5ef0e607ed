"""The state of every cell at the end of any day, and sums over days, without a row per day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from stockturn.engine.arrays import leads
from stockturn.engine.postings import cell_day
from stockturn.engine.valued import ValuedDays


@dataclass(frozen=True)
class Timeline:
    """Reads the state of every cell at the end of given days, as arrays [cell, day].

    No row per day is made: a figure times the days to the next posting is summed once, and read at each day by
    one binary search (``at``: the balance row in force).
    """

    at: np.ndarray
    first: np.ndarray
    gap: np.ndarray
    age: np.ndarray

    @classmethod
    def of(cls, valued: ValuedDays, dates: Sequence[date]) -> Timeline:
        """A timeline at the end of these dates, none before the origin."""
        cell, day = valued.balances["cell"].to_numpy(), valued.balances["day"].to_numpy()
        key = cell_day(cell, day)
        wanted = np.array([valued.day_of(when) for when in dates], dtype=np.int64)
        starts = cell_day(np.arange(valued.cells.height), 0)
        grid = starts[:, None] + (cell_day(np.zeros(1), 0) + cell_day(np.zeros(len(wanted)), wanted))[None, :]
        at = np.searchsorted(key, grid.ravel(), side="right").reshape(grid.shape) - 1
        gap = np.diff(day, append=day[-1:]).astype(np.int64)
        gap[np.roll(leads(cell), -1)] = 0
        return cls(at, np.searchsorted(key, starts), gap, wanted - day[at] + 1)

    def read(self, amount: np.ndarray) -> np.ndarray:
        """The figure in force at the end of each day."""
        read: np.ndarray = amount[self.at]
        return read

    def integral(self, amount: np.ndarray) -> np.ndarray:
        """Sum of the end-of-day figures from the origin up to and with each day; NaN counts as 0."""
        area = amount * self.gap
        area[np.isnan(area)] = 0.0
        own, start = area[self.at], area[self.first]
        total = np.cumsum(area, out=area)  # millions of rows: no second copy
        before = (total[self.at] - own) - (total[self.first] - start)[:, None]
        since: np.ndarray = before + np.nan_to_num(amount[self.at]) * self.age
        return since
