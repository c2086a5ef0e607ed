"""Supplier calendars: days on which orders are taken, and closures that lengthen a lead time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from stockturn.config.reorder import Calendar, closed_days
from stockturn.engine.loss import Floats

BACK, AHEAD = 800, 1600
"""Days before and after as_of that a calendar is drawn for; dates beyond are treated as the last one."""


@dataclass(frozen=True)
class Days:
    """One calendar around as_of (index BACK). ``running`` counts days that are not closed; ``before`` and ``after``
    give for each day the nearest working day up to it, and from it on, as indexes."""

    running: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def stretched(self, lead: Floats) -> Floats:
        """Calendar days that a lead time takes from as_of on, closures included."""
        start = self.running[BACK]
        arrival = np.searchsorted(self.running, start + np.ceil(lead - 1e-9), side="left")
        closed = np.clip(arrival, BACK, len(self.running) - 1) - BACK - np.ceil(lead - 1e-9)
        return np.asarray(np.where(lead > 0, lead + np.maximum(closed, 0), lead))

    def latest_order(self, need: Floats, lead: Floats) -> Floats:
        """Last working day to order so that the goods are there on day ``need`` (days after as_of)."""
        target = np.clip(np.floor(need).astype(np.int64) + BACK, 0, len(self.running) - 1)
        run = self.running[target] - np.ceil(lead - 1e-9)
        day = np.clip(np.searchsorted(self.running, run, side="right") - 1, 0, len(self.running) - 1)
        return np.asarray(self.before[day] - BACK, dtype=np.float64)

    def next_order(self, day: Floats) -> Floats:
        """The working day on which an order of that day goes out."""
        at = np.clip(day.astype(np.int64) + BACK, 0, len(self.after) - 1)
        return np.asarray(self.after[at] - BACK, dtype=np.float64)


def days_of(calendar: Calendar, as_of: date) -> Days:
    """The calendar drawn around as_of."""
    first = as_of - timedelta(days=BACK)
    count = BACK + AHEAD + 1
    closed = np.zeros(count, dtype=bool)
    for text in calendar.closed:
        start, end = ((day - first).days for day in closed_days(text))
        closed[max(start, 0) : max(end + 1, 0)] = True
    weekday = (np.arange(count) + first.weekday()) % 7 + 1
    works = np.isin(weekday, calendar.weekdays) & ~closed
    index = np.arange(count)
    before = np.maximum.accumulate(np.where(works, index, 0))
    after = np.minimum.accumulate(np.where(works, index, count - 1)[::-1])[::-1]
    return Days(np.cumsum(~closed), before, after)
