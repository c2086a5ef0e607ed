"""The moving average: one cost per group, renewed by every day that brings goods at a cost of their own.

The loop runs over days, all groups of a day at once: what a transfer brings is then known from the days before,
and chains within one day are settled by repeating that day until nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stockturn.engine.costgroups import Arrivals, Links

_SETTLED = 1e-12
_MOST_ROUNDS = 200


@dataclass(frozen=True)
class Averages:
    """``cost``: the average after each arrival (same rows as :class:`Arrivals`); ``link_value``: value of each
    linked arrival (same rows as ``Links.in_*``); the variances of each arrival, in money."""

    cost: np.ndarray
    link_value: np.ndarray
    negative_stock: np.ndarray
    price: np.ndarray
    rounding: np.ndarray


def step(
    average: np.ndarray,
    before: np.ndarray,
    in_qty: np.ndarray,
    in_value: np.ndarray,
    back_qty: np.ndarray,
    back_value: np.ndarray,
    revalued: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """One renewal of the average: goods in, then purchase returns at their own cost and revaluations.

    On a balance above 0: (before x average + in_value) / (before + in_qty); on a balance at or below 0 the goods
    in set the cost and ``negative_stock`` = before x (new - old). What a return or a revaluation leaves beyond
    the stock it can sit on goes to a variance: below no value, or value without goods.
    Returns average, negative-stock variance, price variance, rounding difference.

    >>> [float(x[0]) for x in step(*(np.array([v]) for v in (2.0, 10.0, 10.0, 40.0, 0.0, 0.0, 0.0)))]
    [3.0, 0.0, 0.0, 0.0]
    >>> [float(x[0]) for x in step(*(np.array([v]) for v in (2.0, -4.0, 10.0, 40.0, 0.0, 0.0, 0.0)))]
    [4.0, -8.0, 0.0, 0.0]
    """
    comes = in_qty > 0
    fresh = comes & ((before <= 0) | np.isnan(average))
    with np.errstate(divide="ignore", invalid="ignore"):
        mixed = (before * average + in_value) / (before + in_qty)
        first = np.where(fresh, in_value / in_qty, np.where(comes, mixed, average))
        negative = np.where(
            fresh & (before != 0), before * (first - np.where(np.isnan(average), first, average)), 0.0
        )
        left_qty = before + in_qty - back_qty
        left_value = (before + in_qty) * first - back_value + revalued
        usual = (back_qty == 0) & (revalued == 0)
        last = np.where(usual | (left_qty <= 0), first, np.maximum(left_value, 0.0) / left_qty)
    # Without a cost there is no value for the change to sit on: all of it goes to the variance.
    all_of_it = back_value - revalued
    known = np.where(np.isnan(first), all_of_it, left_qty * np.where(usual, first, last) - left_value)
    beyond = np.where(usual, 0.0, np.where(left_qty <= 0, known, np.maximum(-left_value, 0.0)))
    returned = back_qty > 0
    return last, negative, np.where(returned, beyond, 0.0), np.where(returned, 0.0, beyond)


def moving_average(come: Arrivals, linked: Links, transit: np.ndarray, seed: np.ndarray) -> Averages:
    """Walk through the days that bring something. ``seed`` is each group's cost before its first arrival."""
    run = _Run(come, linked, transit, seed)
    days = np.unique(np.r_[come.day, linked.out_day, linked.in_day])
    ends = np.append(days, np.iinfo(np.int32).max)
    cuts = [np.asarray(np.searchsorted(day, ends)) for day in (come.day, linked.out_day, linked.in_day)]
    for at in range(len(days)):
        rows, outs, ins = (slice(int(cut[at]), int(cut[at + 1])) for cut in cuts)
        run.one_day(rows, outs, ins)
    return Averages(run.cost, run.link_value, run.negative, run.price, run.rounding)


class _Run:
    """The state of the walk: each group's average, and what each link has carried so far."""

    def __init__(self, come: Arrivals, linked: Links, transit: np.ndarray, seed: np.ndarray) -> None:
        self.come, self.linked, self.transit = come, linked, transit
        self.average = seed.copy()
        self.carried_qty = np.zeros(linked.count)
        self.carried_value = np.zeros(linked.count)
        self.link_value = np.zeros(len(linked.in_qty))
        size = len(come.index)
        self.cost, self.negative, self.price, self.rounding = (np.zeros(size) for _ in range(4))

    def one_day(self, rows: slice, outs: slice, ins: slice) -> None:
        come = self.come
        group = come.group[rows]
        old = self.average[group]
        extra_qty, extra_value = np.zeros(len(group)), np.zeros(len(group))
        for _ in range(_MOST_ROUNDS if ins.stop > ins.start else 1):
            new, *variances = step(
                old,
                come.before[rows],
                come.in_qty[rows] + extra_qty,
                come.in_value[rows] + extra_value,
                come.back_qty[rows],
                come.back_value[rows],
                come.revalued[rows],
            )
            self.average[group] = new
            if ins.stop == ins.start:
                break
            settled = extra_qty, extra_value
            extra_qty, extra_value = self._linked(group, outs, ins)
            moved = np.abs(extra_value - settled[1]) > _SETTLED * (1.0 + np.abs(extra_value))
            if not (moved | (extra_qty != settled[0])).any():
                break
        self.cost[rows] = new
        self.negative[rows], self.price[rows], self.rounding[rows] = variances
        self._carry(outs)

    def _linked(self, group: np.ndarray, outs: slice, ins: slice) -> tuple[np.ndarray, np.ndarray]:
        """What the day's linked legs bring to each group of the day, at the averages of this moment."""
        owner, qty = self.linked.in_group[ins], self.linked.in_qty[ins]
        number, today_qty, today_value = self._today(outs, self.linked.in_link[ins])
        slot = np.searchsorted(number, self.linked.in_link[ins])
        # What enters (in transit) has the value of the legs that left today, whatever the link carried before.
        leaves_now = self.transit[owner] & (qty > 0) & (today_qty[slot] > 0)
        carried_qty, carried_value = self.carried_qty[number][slot], self.carried_value[number][slot]
        base = today_qty[slot] + np.where(leaves_now, 0.0, carried_qty)
        top = today_value[slot] + np.where(leaves_now, 0.0, carried_value)
        with np.errstate(divide="ignore", invalid="ignore"):
            # An arrival before anything has left takes the cost that is known where it arrives.
            cost = np.where(base > 0, top / base, self.average[owner])
        self.link_value[ins] = qty * cost
        stays = ~self.transit[owner]
        place = np.searchsorted(group, owner[stays])
        brought = self.link_value[ins][stays]
        return np.bincount(place, qty[stays], len(group)), np.bincount(place, brought, len(group))

    def _today(self, outs: slice, also: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The links of the day, and what leaves under each: quantity and value at the source's average."""
        link, qty = self.linked.out_link[outs], self.linked.out_qty[outs]
        number = np.unique(np.r_[link, also])
        slot = np.searchsorted(number, link)
        value = qty * self.average[self.linked.out_group[outs]]
        return number, np.bincount(slot, qty, len(number)), np.bincount(slot, value, len(number))

    def _carry(self, outs: slice) -> None:
        if outs.stop == outs.start:
            return
        number, qty, value = self._today(outs, self.linked.out_link[outs])
        self.carried_qty[number] += qty
        self.carried_value[number] += value
