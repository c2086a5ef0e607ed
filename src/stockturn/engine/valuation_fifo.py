"""First in, first out: what leaves takes the cost of the oldest layer left, what stays is what came last.

Per group the goods stand on one axis: receipts lay layers end to end, ``laid`` is how far they reach, ``used`` is
how far they are consumed, and on-hand is laid - used. Cost of consumption is an area over that axis, so that all
issues of all groups are one search. Below 0 lies opening stock without a known value, at the seed cost; beyond
``laid`` lies negative stock, at the cost of the latest layer, until goods arrive and the difference is a
``negative_stock_variance``. Goods that come back, or are found, step back along the axis: they take back the
cost of the units that left last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stockturn.engine.arrays import leads, running
from stockturn.engine.costgroups import Arrivals, CostGroups, Links
from stockturn.engine.postings import UNITS

_SETTLED = 1e-9
_MOST_ROUNDS = 200


@dataclass(frozen=True)
class Fifo:
    """Per group-day: ``issue_cost`` of what leaves, ``unit_cost`` of what stays, ``negative_stock`` variance, and
    ``lost`` (a revaluation that found no goods to sit on); ``link_value`` of each linked arrival."""

    issue_cost: np.ndarray
    unit_cost: np.ndarray
    negative_stock: np.ndarray
    lost: np.ndarray
    link_value: np.ndarray


def fifo(come: Arrivals, linked: Links, groups: CostGroups, seed: np.ndarray, opened: np.ndarray) -> Fifo:
    """Cost of every group-day; ``seed``: cost of a group where no layer is; ``opened``: opening units of each
    group-day that have no cost of their own (millionths), the oldest layer, at the seed.

    A transfer's layer has the cost at its source, which may itself rest on a transfer: passes are repeated until
    nothing changes (each settles at least one more step of every chain).
    """
    days = _Days.of(come, linked, groups, seed, opened)
    link_value = np.zeros(len(linked.in_qty))
    found = days.run(link_value)
    if not linked.count:
        return Fifo(*found, link_value)
    at = groups.row_of(linked.out_group, linked.out_day)
    own = groups.row_of(linked.in_group, linked.in_day)
    for _ in range(_MOST_ROUNDS):
        renewed = link_values(linked, groups.transit, found[0][at], found[0][own])
        if not (np.abs(renewed - link_value) > _SETTLED * (1 + np.abs(renewed))).any():
            break
        link_value = renewed
        found = days.run(link_value)
    return Fifo(*found, link_value)


def link_values(linked: Links, transit: np.ndarray, source: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Value of each linked arrival, from the unit cost of each leg that left (``source``).

    An arrival takes the mean cost of what its link has sent up to that day; what enters (in transit) has the
    value of what left that very day; an arrival before anything left takes the cost known where it arrives.
    """
    order = np.lexsort((linked.out_day, linked.out_link))
    key = linked.out_link[order] * (1 << 24) + linked.out_day[order]
    qty = np.concatenate([[0.0], np.cumsum(linked.out_qty[order])])
    # A source without any cost sends goods at nothing: it must not blot out the others in the running sum.
    value = np.concatenate([[0.0], np.cumsum(np.nan_to_num(linked.out_qty * source)[order])])
    entering = transit[linked.in_group] & (linked.in_qty > 0)
    here = linked.in_link * (1 << 24) + linked.in_day
    upto = np.searchsorted(key, here, side="right")
    since = np.searchsorted(key, np.where(entering, here, linked.in_link * (1 << 24)))
    base = qty[upto] - qty[since]
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.where(base > 0, (value[upto] - value[since]) / base, np.nan_to_num(own))
    renewed: np.ndarray = linked.in_qty * cost
    return renewed


@dataclass(frozen=True)
class _Days:
    """Group-days with what they bring; quantities in millionths, so that positions on the axis are exact."""

    groups: CostGroups
    linked: Links
    seed: np.ndarray
    in_qty: np.ndarray
    in_value: np.ndarray
    revalued: np.ndarray
    laid: np.ndarray
    used: np.ndarray
    start: np.ndarray
    link_row: np.ndarray
    unknown: np.ndarray

    @classmethod
    def of(
        cls, come: Arrivals, linked: Links, groups: CostGroups, seed: np.ndarray, opened: np.ndarray
    ) -> _Days:
        size = len(groups.group)
        in_qty, in_value, revalued = np.zeros(size, np.int64), np.zeros(size), np.zeros(size)
        in_qty[come.index] = np.rint(come.in_qty * UNITS).astype(np.int64)
        in_value[come.index] = come.in_value
        revalued[come.index] = come.revalued
        link_row = groups.row_of(linked.in_group, linked.in_day)
        stays = ~groups.transit[linked.in_group]
        np.add.at(in_qty, link_row[stays], np.rint(linked.in_qty[stays] * UNITS).astype(np.int64))
        in_qty += opened
        in_value += np.where(opened > 0, np.nan_to_num(opened / UNITS * seed[groups.group]), 0.0)
        unknown = np.zeros(len(seed), bool)
        unknown[groups.group[opened > 0]] = True
        unknown &= np.isnan(seed)
        laid = running(groups.group, in_qty)
        # Every group has its own stretch of one long axis: it begins where the one before is fully laid.
        total = np.cumsum(in_qty)
        start = (total - laid)[groups.first_row()]
        return cls(
            groups,
            linked,
            seed,
            in_qty,
            in_value,
            revalued,
            laid,
            laid - groups.after,
            start,
            link_row,
            unknown,
        )

    def run(self, link_value: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """One pass with the linked arrivals at these values."""
        groups = self.groups
        in_value = self.in_value.copy()
        stays = ~groups.transit[self.linked.in_group]
        np.add.at(in_value, self.link_row[stays], link_value[stays])
        axis = _Axis.of(self, in_value)
        first = leads(groups.group)
        laid_before = np.where(first, 0, np.roll(self.laid, 1))
        used_before = np.where(first, 0, np.roll(self.used, 1))
        latest = axis.latest_cost()
        latest_before = np.where(first, self.seed[groups.group], np.roll(latest, 1))
        short = np.maximum(used_before - laid_before, 0)
        filled = axis.area(used_before, latest) - axis.area(laid_before, latest)
        negative = np.where((short > 0) & (self.in_qty > 0), short / UNITS * latest_before - filled, 0.0)
        gone = (self.used - used_before) / UNITS
        cost_of_gone = axis.area(self.used, latest) - axis.area(used_before, latest)
        change = in_value + self.revalued + axis.lost + negative - cost_of_gone
        held = (self.laid - self.used) / UNITS
        value = running(groups.group, np.nan_to_num(change))
        with np.errstate(divide="ignore", invalid="ignore"):
            # A day whose issues and returns cancel takes nothing off the axis: both are at the mean of what is held.
            idle = np.where(held > 0, value / held, latest)
            issue_cost = np.where(gone != 0, cost_of_gone / gone, idle)
            unit_cost = np.where(held != 0, value / held, issue_cost)
        unknown = np.isnan(cost_of_gone) | np.isnan(latest) | self.unknown[groups.group]
        return (
            np.where(unknown, np.nan, issue_cost),
            np.where(unknown, np.nan, unit_cost),
            negative,
            axis.lost,
        )


@dataclass(frozen=True)
class _Axis:
    """Layers of all groups, end to end: ``end`` of each on the long axis, its ``cost``, the value up to its end
    within its group; ``layer``: number of the latest layer at each group-day, -1 before the first."""

    days: _Days
    end: np.ndarray
    cost: np.ndarray
    value: np.ndarray
    layer: np.ndarray
    lost: np.ndarray

    @classmethod
    def of(cls, days: _Days, in_value: np.ndarray) -> _Axis:
        groups = days.groups
        rows = np.flatnonzero(days.in_qty > 0)
        cost = in_value[rows] / days.in_qty[rows] * UNITS
        size = days.in_qty[rows]
        end = np.cumsum(size)
        owner = groups.group[rows]
        number = np.searchsorted(rows, np.arange(len(groups.group)), side="right") - 1
        own = np.zeros(len(number), bool)
        own[number >= 0] = owner[number[number >= 0]] == groups.group[number >= 0]
        layer = np.where(own, number, -1)
        end, size, owner, cost, layer, lost = _revalue(days, end, size, owner, cost, layer)
        return cls(days, end, cost, running(owner, size / UNITS * cost), layer, lost)

    def latest_cost(self) -> np.ndarray:
        """Cost of the latest layer at each group-day, the seed before the first."""
        seed = self.days.seed[self.days.groups.group]
        if not len(self.cost):
            return np.asarray(seed)
        latest: np.ndarray = np.where(self.layer >= 0, self.cost[np.maximum(self.layer, 0)], seed)
        return latest

    def area(self, position: np.ndarray, latest: np.ndarray) -> np.ndarray:
        """Value from 0 to a position on each group-day's own axis, as layers stand on that day."""
        seed = self.days.seed[self.days.groups.group]
        inside = np.clip(position, 0, self.days.laid)
        under = np.where(position < 0, position / UNITS * seed, 0.0)
        over = np.where(position > self.days.laid, (position - self.days.laid) / UNITS * latest, 0.0)
        if not len(self.end):
            return under + over
        at, place = self._layer_at(inside)
        covered = np.where(inside > 0, self.value[at] - (self.end[at] - place) / UNITS * self.cost[at], 0.0)
        total: np.ndarray = covered + under + over
        return total

    def _layer_at(self, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        place = self.days.start + inside
        at = np.searchsorted(self.end, place)
        return np.minimum(at, len(self.end) - 1), place


def _revalue(
    days: _Days,
    end: np.ndarray,
    size: np.ndarray,
    owner: np.ndarray,
    cost: np.ndarray,
    layer: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Spread each revaluation over the units that are there and were never touched; the rest is lost.

    Layers are cut where the untouched stretch begins and ends; consumption before that day lies below it, so the
    new costs never reach back in time.
    """
    lost = np.zeros(len(layer))
    rows = np.flatnonzero(days.revalued)
    if not len(rows):
        return end, size, owner, cost, layer, lost
    # Units count as touched once they have left, or were owed when they came.
    owed = np.where(leads(days.groups.group), 0, np.roll(days.used, 1))
    left = np.minimum(np.maximum(owed, days.used), days.laid)
    touched = _highest(days.groups.group, left)
    low = np.clip(touched[rows], 0, None)
    high = days.laid[rows]
    sits = high > low
    lost[rows[~sits]] = -days.revalued[rows[~sits]]
    rows, low, high = rows[sits], low[sits], high[sits]
    if not len(rows):
        return end, size, owner, cost, layer, lost
    begin, stop = days.start[rows] + low, days.start[rows] + high
    cuts = np.unique(np.concatenate([end, begin, stop]))
    cuts = cuts[cuts > 0]
    part = np.searchsorted(end, cuts)
    extra = np.zeros(len(cuts) + 1)
    per_unit = days.revalued[rows] / (high - low) * UNITS
    np.add.at(extra, np.searchsorted(cuts, begin, side="right"), per_unit)
    np.add.at(extra, np.searchsorted(cuts, stop, side="right"), -per_unit)
    new_cost = cost[part] + np.cumsum(extra)[: len(cuts)]
    new_layer = np.where(layer >= 0, np.searchsorted(cuts, end[np.maximum(layer, 0)]), -1)
    return cuts, np.diff(cuts, prepend=0), owner[part], new_cost, new_layer, lost


def _highest(owner: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Running maximum within each owner."""
    best = amount.copy()
    order = np.cumsum(leads(owner)) - 1
    # Lift each owner above all before it, so that one running maximum serves all.
    span = int(amount.max(initial=0) - amount.min(initial=0)) + 1
    best = np.maximum.accumulate(amount - amount.min(initial=0) + order * span)
    found: np.ndarray = best - order * span + amount.min(initial=0)
    return found
