"""Month-end weighted average (全月一次加权平均): one cost per group and calendar month.

    (opening value + value in) / (opening quantity + quantity in)

over the month, and everything that leaves in the month leaves at it. A transfer between groups leaves and arrives
at the opening average of its source, outside the average of that month's receipts. The day 0 of a ledger is a
month of its own, so that the opening has its own cost; a month that is not over uses what is known so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from stockturn.engine.costgroups import Arrivals, CostGroups, Links
from stockturn.engine.postings import UNITS
from stockturn.engine.valuation_average import step


@dataclass(frozen=True)
class Monthly:
    """``cost`` of each group-month with arrivals (``group``, ``month``, sorted by group); the variances of each;
    values of the linked legs on both sides (``out_value`` is 0 for the sale behind a linked return)."""

    group: np.ndarray
    month: np.ndarray
    cost: np.ndarray
    negative_stock: np.ndarray
    price: np.ndarray
    rounding: np.ndarray
    link_value: np.ndarray
    out_value: np.ndarray


def month_numbers(origin: date, last_day: int) -> np.ndarray:
    """Month of each day number from 0 on: 0 for the origin itself, then 1, 2 ... by calendar month."""
    days = [origin + timedelta(days=number) for number in range(1, last_day + 1)]
    months = np.array([day.year * 12 + day.month for day in days], dtype=np.int64)
    return np.concatenate([[0], months - months[0] + 1]) if len(months) else np.zeros(1, np.int64)


def monthly_average(
    come: Arrivals, linked: Links, groups: CostGroups, month_of: np.ndarray, seed: np.ndarray
) -> Monthly:
    """Walk from month to month, all groups at once."""
    months = _group_months(come, linked, groups, month_of)
    run = _Walk(months, linked, groups.transit, month_of, seed)
    for number in np.unique(np.concatenate([months.month, run.out_month])):
        run.one_month(int(number))
    order = np.lexsort((months.month, months.group))
    return Monthly(
        months.group[order],
        months.month[order],
        run.cost[order],
        run.negative[order],
        run.price[order],
        run.rounding[order],
        run.link_value,
        run.out_value,
    )


@dataclass(frozen=True)
class _GroupMonths:
    """What each group's month brings, sorted by month and group; ``before``: units at its start."""

    group: np.ndarray
    month: np.ndarray
    before: np.ndarray
    sums: np.ndarray


def _group_months(come: Arrivals, linked: Links, groups: CostGroups, month_of: np.ndarray) -> _GroupMonths:
    """Arrivals summed by group and month; months with nothing but a transfer leg count too."""
    size = len(groups.transit)
    keys = [
        month_of[day] * size + group
        for group, day in (
            (come.group, come.day),
            (linked.in_group, linked.in_day),
            (linked.out_group[linked.out_real], linked.out_day[linked.out_real]),
        )
    ]
    key = np.unique(np.concatenate(keys))
    key = key[~groups.transit[key % size]]
    slot = np.searchsorted(key, keys[0])
    parts = (come.in_qty, come.in_value, come.back_qty, come.back_value, come.revalued)
    sums = np.stack([np.bincount(slot, part, len(key)) for part in parts])
    group, month = key % size, key // size
    first_day = np.searchsorted(month_of, month)
    at = groups.row_of(group, first_day - 1)
    known = (at >= 0) & (groups.group[np.maximum(at, 0)] == group)
    before = np.where(known, groups.after[np.maximum(at, 0)], 0)
    return _GroupMonths(group, month, before / UNITS, sums)


class _Walk:
    """The state of the walk: each group's average, and what each link has carried so far."""

    def __init__(
        self, months: _GroupMonths, linked: Links, transit: np.ndarray, month_of: np.ndarray, seed: np.ndarray
    ) -> None:
        self.months, self.linked, self.transit = months, linked, transit
        self.average = seed.copy()
        self.out_month, self.in_month = month_of[linked.out_day], month_of[linked.in_day]
        self.carried_qty, self.carried_value = np.zeros(linked.count), np.zeros(linked.count)
        self.link_value, self.out_value = np.zeros(len(linked.in_qty)), np.zeros(len(linked.out_qty))
        size = len(months.group)
        self.cost, self.negative, self.price, self.rounding = (np.zeros(size) for _ in range(4))

    def one_month(self, number: int) -> None:
        rows = slice(*(int(cut) for cut in np.searchsorted(self.months.month, [number, number + 1])))
        group = self.months.group[rows]
        brought = self.months.sums[:, rows].copy()
        sent = np.flatnonzero((self.out_month == number) & self.linked.out_real)
        came = np.flatnonzero(self.in_month == number)
        own_month = self._legs(sent, came)
        size = len(group)

        def by_group(owner: np.ndarray, amount: np.ndarray) -> np.ndarray:
            return np.bincount(np.searchsorted(group, owner), amount, size)

        stays = came[~self.transit[self.linked.in_group[came]] & ~own_month]
        brought[0] += by_group(self.linked.in_group[stays], self.linked.in_qty[stays])
        brought[1] += by_group(self.linked.in_group[stays], self.link_value[stays])
        brought[2] += by_group(self.linked.out_group[sent], self.linked.out_qty[sent])
        brought[3] += by_group(self.linked.out_group[sent], self.out_value[sent])
        new, *variances = step(self.average[group], self.months.before[rows], *brought)
        self.average[group] = new
        self.cost[rows] = new
        self.negative[rows], self.price[rows], self.rounding[rows] = variances
        # A return in the month of its sale enters at the cost that month's sales leave at.
        late = came[own_month]
        self.link_value[late] = self.linked.in_qty[late] * self.average[self.linked.in_group[late]]
        self._carry(np.flatnonzero((self.out_month == number) & ~self.linked.out_real))

    def _legs(self, sent: np.ndarray, came: np.ndarray) -> np.ndarray:
        """Values of the month's legs at opening averages; which arrivals have nothing behind them yet."""
        self.out_value[sent] = self.linked.out_qty[sent] * self.average[self.linked.out_group[sent]]
        self._carry(sent)
        link = self.linked.in_link[came]
        base = self.carried_qty[link]
        with np.errstate(divide="ignore", invalid="ignore"):
            cost = np.where(base > 0, self.carried_value[link] / base, np.nan)
        empty: np.ndarray = base <= 0
        value = np.where(empty, 0.0, self.linked.in_qty[came] * cost)
        entering = self.transit[self.linked.in_group[came]] & (self.linked.in_qty[came] > 0)
        self.link_value[came] = np.where(entering, self._entering(sent, came), value)
        unknown: np.ndarray = empty & ~entering
        return unknown

    def _entering(self, sent: np.ndarray, came: np.ndarray) -> np.ndarray:
        """What enters (in transit) has the value of the legs that left on that day."""
        wide = 1 << 24
        left = self.linked.out_link[sent] * wide + self.linked.out_day[sent]
        order = np.argsort(left, kind="stable")
        value = np.concatenate([[0.0], np.cumsum(self.out_value[sent][order])])
        here = self.linked.in_link[came] * wide + self.linked.in_day[came]
        upto, since = (np.searchsorted(left[order], here, side=side) for side in ("right", "left"))
        brought: np.ndarray = value[upto] - value[since]
        return brought

    def _carry(self, legs: np.ndarray) -> None:
        """Add legs to what their links carry: transfers at the opening, sales behind returns at the new average."""
        link, qty = self.linked.out_link[legs], self.linked.out_qty[legs]
        np.add.at(self.carried_qty, link, qty)
        np.add.at(self.carried_value, link, qty * self.average[self.linked.out_group[legs]])
