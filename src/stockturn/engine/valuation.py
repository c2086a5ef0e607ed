"""What the stock is worth: one cost method for the whole run, and the value of every posting under it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.arrays import leads
from stockturn.engine.balances import Balances
from stockturn.engine.costgroups import CostGroups, Links, arrivals
from stockturn.engine.entries import Entries
from stockturn.engine.points import CONSIGNED_IN
from stockturn.engine.postings import FLOW_CODE, UNITS, Role, cell_day
from stockturn.engine.valuation_average import moving_average
from stockturn.engine.valuation_fifo import fifo
from stockturn.engine.valuation_monthly import month_numbers, monthly_average

ISSUES = ("sale", "production_out", "scrap", "adjustment_out", "assembly_out", "other_out")
PRICED = ("opening", "purchase", "production_in", "assembly_in", "other_in")


def choose_method(entries: Entries, settings: Settings) -> str:
    """The cost method of the run: what the settings say, else what the ledger can carry.

    ``ledger`` only where every issue row has a cost; else ``moving_average`` where a purchase or an opening has
    one; else ``standard`` where an item has one; else ``none``: the ledger knows no cost at all.
    """
    if settings.turnover.cost != "auto":
        return settings.turnover.cost
    costed = pl.coalesce("cost", pl.col("unit_cost")).is_not_null()
    issue = pl.col("kind").is_in(ISSUES) & (pl.col("qty") < 0)
    rows = entries.movements.select(
        issues=issue.any(),
        every=(~issue | costed).all(),
        priced=(pl.col("kind").is_in(PRICED) & costed).any(),
    )
    valued = entries.points.select((pl.col("value").is_not_null() & (pl.col("on_hand") != 0)).any())
    listed = entries.items.select(pl.col("unit_cost").is_not_null().any())
    moved, stocked, standard = pl.collect_all([rows, valued, listed])
    issues, every, priced = moved.row(0)
    if issues and every:
        return "ledger"
    if priced or stocked.item():
        return "moving_average"
    return "standard" if standard.item() else "none"


def cost_keys(method: str, settings: Settings, grain: Sequence[str]) -> list[str]:
    """What one cost is kept for. A standard or a ledger cost needs no sharing: it stands on the item or the row."""
    if method in ("standard", "ledger"):
        return ["sku", "warehouse", *grain]
    scope = settings.turnover.cost_scope
    whose = [name for name in grain if name == "ownership"]
    if scope == "sku" or (scope == "auto" and method == "monthly_average"):
        return ["sku", *whose]
    return ["sku", "warehouse", *whose]


@dataclass(frozen=True)
class Variance:
    """Value without goods that the valuation made: one entry per group-day."""

    kind: str
    at: np.ndarray
    value: np.ndarray


@dataclass(frozen=True)
class CostSteps:
    """The cost of a group from a day on, sorted by group and day: where an average changes between postings."""

    group: np.ndarray
    day: np.ndarray
    cost: np.ndarray


@dataclass(frozen=True)
class Valuation:
    """``post_value``: value of each posting; ``unit_cost``: what a unit is worth at the end of each group-day;
    ``variances``; ``steps``: every change of a unit's worth, where not each of them is a group-day;
    ``running``: a balance is the sum of its postings (else on-hand times unit cost)."""

    post_value: np.ndarray
    unit_cost: np.ndarray
    variances: tuple[Variance, ...] = ()
    steps: CostSteps | None = None
    running: bool = False


@dataclass(frozen=True)
class Book:
    """Everything a cost method works on."""

    held: Balances
    groups: CostGroups
    linked: Links
    items: pl.DataFrame

    @cached_property
    def seed(self) -> np.ndarray:
        """See :func:`seeds`."""
        return np.where(self.foreign, 0.0, seeds(self.held, self.groups, self.items))

    @property
    def foreign(self) -> np.ndarray:
        """Groups of goods that others own: without value."""
        cells, found = self.held.postings.cells, np.zeros(len(self.groups.transit), bool)
        if "ownership" in cells.columns:
            theirs = (cells["ownership"] == CONSIGNED_IN).fill_null(False).to_numpy()
            found[self.groups.of_cell[theirs]] = True
        return found


def value(method: str, book: Book) -> Valuation:
    """The book valued by a cost method."""
    return _METHODS[method](book)


def seeds(held: Balances, groups: CostGroups, items: pl.DataFrame) -> np.ndarray:
    """Unit cost of each group before its first costed arrival; NaN where nothing is known.

    The first that is known: unit cost at a stock point, first costed receipt of the group, the item's unit
    cost, first costed receipt of the sku anywhere.
    """
    posted, count = held.postings, len(groups.transit)
    found = np.full(count, np.nan)
    sku = posted.cells["sku"].rank("dense").to_numpy().astype(np.int64) - 1
    standard = posted.cells.join(
        items.select("sku", "unit_cost"), on="sku", how="left", maintain_order="left"
    )
    price, anywhere = _first_prices(held, [(groups.of_cell, count), (sku, int(sku.max(initial=-1)) + 1)])
    for by_cell in (
        held.openings["point_cost"].to_numpy(),
        price[groups.of_cell],
        standard["unit_cost"].fill_null(np.nan).to_numpy(),
        anywhere[sku],
    ):
        fill = np.full(count, np.nan)
        known = ~np.isnan(by_cell)
        fill[groups.of_cell[known][::-1]] = by_cell[known][::-1]
        found = np.where(np.isnan(found), fill, found)
    return found


def _first_prices(held: Balances, owners: Sequence[tuple[np.ndarray, int]]) -> list[np.ndarray]:
    """Unit cost of the earliest costed receipt of each owner (owner of each cell, how many), NaN without one."""
    posted = held.postings
    rows = np.flatnonzero((posted.role == Role.COSTED_IN) & (posted.qty > 0))
    rows = rows[np.argsort(posted.day[rows], kind="stable")][::-1]
    cell, unit = posted.cell[rows], posted.cost[rows] / posted.qty[rows] * UNITS
    prices = []
    for owner, count in owners:
        price = np.full(count, np.nan)
        price[owner[cell]] = unit
        prices.append(price)
    return prices


def _moving(book: Book) -> Valuation:
    """Moving average: the cost of a day is the average after its arrivals."""
    groups, seed = book.groups, book.seed
    come = arrivals(book.held.postings, groups)
    found = moving_average(come, book.linked, groups.transit, seed)
    unit_cost = spread(found.cost, come.index, groups, seed)
    made = posting_values(book, unit_cost)
    np.add.at(made, book.linked.in_post, found.link_value)
    variances = (
        Variance("negative_stock_variance", come.index, found.negative_stock),
        Variance("price_variance", come.index, found.price),
        Variance("rounding_difference", come.index, found.rounding),
    )
    return Valuation(made, unit_cost, variances, _daily_steps(groups, unit_cost) if groups.shared else None)


def _monthly(book: Book) -> Valuation:
    """Month-end weighted average: every day of a month has the month's cost, also those before its receipts."""
    groups, linked, seed = book.groups, book.linked, book.seed
    come = arrivals(book.held.postings, groups)
    last = int(groups.day.max(initial=0))
    month_of = month_numbers(book.held.postings.origin, last)
    found = monthly_average(come, linked, groups, month_of, seed)
    steps = CostSteps(found.group, np.searchsorted(month_of, found.month), found.cost)
    unit_cost = cost_at(steps, groups.group, groups.day, seed)
    made = posting_values(book, unit_cost)
    np.add.at(made, linked.in_post, found.link_value)
    # What left by transfer left at the opening average, not at the month's.
    real = linked.out_real
    rows = groups.row[linked.out_post[real]]
    np.add.at(made, linked.out_post[real], linked.out_qty[real] * unit_cost[rows] - found.out_value[real])
    month_end = np.searchsorted(month_of, found.month, side="right") - 1
    at = groups.row_of(found.group, month_end)
    variances = (
        Variance("negative_stock_variance", at, found.negative_stock),
        Variance("price_variance", at, found.price),
        Variance("rounding_difference", at, found.rounding),
    )
    return Valuation(made, unit_cost, variances, steps)


def _fifo(book: Book) -> Valuation:
    """First in, first out, per group."""
    groups, posted = book.groups, book.held.postings
    seed, opened = book.seed, np.zeros(len(groups.group), np.int64)
    old = (posted.kind == FLOW_CODE["opening"]) & (posted.role == Role.AVERAGE) & (posted.qty > 0)
    np.add.at(opened, groups.row[old], posted.qty[old])
    found = fifo(arrivals(posted, groups), book.linked, groups, seed, opened)
    made = posting_values(book, found.issue_cost)
    made[old] = posted.qty[old] / UNITS * seed[groups.of_cell[posted.cell[old]]]
    np.add.at(made, book.linked.in_post, found.link_value)
    everything = np.arange(len(groups.group))
    back = posted.role == Role.COSTED_OUT
    fifo_value = posted.qty[back] / UNITS * found.issue_cost[groups.row[back]]
    off = np.bincount(groups.row[back], fifo_value - posted.cost[back], len(everything))
    variances = (
        Variance("negative_stock_variance", everything, found.negative_stock),
        Variance("rounding_difference", everything, found.lost),
        Variance("price_variance", everything, off),
    )
    steps = _daily_steps(groups, found.unit_cost) if groups.shared else None
    return Valuation(made, found.unit_cost, variances, steps)


def _ledger(book: Book) -> Valuation:
    """The ledger's own cost: every row at the cost it carries, the others at the cost of the rows before them."""
    posted, groups = book.held.postings, book.groups
    costed = (posted.role == Role.COSTED_IN) | (posted.role == Role.COSTED_OUT)
    size = len(groups.group)
    units = np.bincount(groups.row[costed], np.abs(posted.qty[costed]) / UNITS, size)
    money = np.bincount(groups.row[costed], np.abs(posted.cost[costed]), size)
    index = np.flatnonzero(units > 0)
    unit_cost = spread(money[index] / units[index], index, groups, book.seed)
    return Valuation(posting_values(book, unit_cost), unit_cost, running=True)


def _standard(book: Book) -> Valuation:
    """Standard cost: the item's unit cost for everything, else one that would seed an average: the same in every
    warehouse, so that a transfer changes no value. A receipt at another price leaves a price variance."""
    posted, groups = book.held.postings, book.groups
    cells = posted.cells.join(book.items, on="sku", how="left", maintain_order="left")
    stated = cells["unit_cost"].fill_null(np.nan).to_numpy()
    own = np.full(len(groups.transit), np.nan)
    own[groups.of_cell] = np.where(np.isnan(stated), _of_sku(cells["sku"], book.seed[groups.of_cell]), stated)
    own[book.foreign] = 0.0
    unit_cost = np.where(np.isnan(own), book.seed, own)[groups.group]
    standard = np.where(posted.qty == 0, 0.0, posted.qty / UNITS * unit_cost[groups.row])
    booked = posting_values(book, unit_cost)
    booked = np.where(posted.role == Role.LINKED, standard, booked)
    at = np.flatnonzero(booked != standard)
    off = Variance("price_variance", groups.row[at], (standard - booked)[at])
    return Valuation(booked, unit_cost, (off,))


def _of_sku(sku: pl.Series, by_cell: np.ndarray) -> np.ndarray:
    """For every cell the first figure of its sku that is known."""
    number = sku.rank("dense").to_numpy().astype(np.int64) - 1
    known = ~np.isnan(by_cell)
    first = np.full(int(number.max(initial=-1)) + 1, np.nan)
    first[number[known][::-1]] = by_cell[known][::-1]
    shared: np.ndarray = first[number]
    return shared


_METHODS: Mapping[str, Callable[[Book], Valuation]] = {
    "moving_average": _moving,
    "monthly_average": _monthly,
    "fifo": _fifo,
    "standard": _standard,
    "ledger": _ledger,
    "none": _moving,
}


def _daily_steps(groups: CostGroups, unit_cost: np.ndarray) -> CostSteps:
    """Group-days on which a unit is worth something else than before."""
    same = np.roll(unit_cost, 1) == unit_cost
    rows = np.flatnonzero(leads(groups.group) | ~same)
    return CostSteps(groups.group[rows], groups.day[rows], unit_cost[rows])


def cost_at(steps: CostSteps, group: np.ndarray, day: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """The cost in force for a group on a day; before its first step the seed."""
    if not len(steps.group):
        return np.asarray(seed[group])
    at = np.searchsorted(cell_day(steps.group, steps.day), cell_day(group, day), side="right") - 1
    own = (at >= 0) & (steps.group[np.maximum(at, 0)] == group)
    return np.where(own, steps.cost[np.maximum(at, 0)], seed[group])


def spread(cost: np.ndarray, index: np.ndarray, groups: CostGroups, seed: np.ndarray) -> np.ndarray:
    """Cost of each group-day: the latest one set in its group, before the first the seed."""
    changes = leads(groups.group)
    changes[index] = True
    rows = np.flatnonzero(changes)
    level = seed[groups.group[rows]]
    level[np.searchsorted(rows, index)] = cost
    return np.repeat(level, np.diff(rows, append=len(changes)))


def posting_values(book: Book, unit_cost: np.ndarray) -> np.ndarray:
    """Value of each posting: at its own cost where it has one, else quantity times the day's unit cost.

    Linked transfer legs are 0 here; the method that knows their source adds them.
    """
    posted = book.held.postings
    made: np.ndarray = posted.qty / UNITS
    made *= unit_cost[book.groups.row]
    made[posted.qty == 0] = 0.0
    own = np.flatnonzero(posted.role != Role.AVERAGE)
    made[own] = np.where(posted.role[own] == Role.LINKED, 0.0, posted.cost[own])
    return made
