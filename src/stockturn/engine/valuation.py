"""What the stock is worth: one cost method for the whole run, and the value of every posting under it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.balances import Balances
from stockturn.engine.costgroups import CostGroups, Links, arrivals
from stockturn.engine.entries import Entries
from stockturn.engine.postings import FLOW_CODE, UNITS, Role
from stockturn.engine.valuation_average import moving_average

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


def shares_sku(method: str, settings: Settings) -> bool:
    """Whether one cost is kept for the sku in all warehouses together."""
    scope = settings.turnover.cost_scope
    return scope == "sku" or (scope == "auto" and method == "monthly_average")


@dataclass(frozen=True)
class Variance:
    """Value without goods that the valuation made: one entry per group-day."""

    kind: str
    at: np.ndarray
    value: np.ndarray


@dataclass(frozen=True)
class Valuation:
    """``post_value``: value of each posting; ``unit_cost``: of each group-day; ``variances``;
    ``by_average``: value of a balance is on-hand times unit cost (else the running sum of its postings)."""

    post_value: np.ndarray
    unit_cost: np.ndarray
    variances: tuple[Variance, ...]
    by_average: bool


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
    price = _first_price(held, groups.of_cell, count)
    anywhere = _first_price(held, sku, int(sku.max(initial=-1)) + 1)
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


def _first_price(held: Balances, owner: np.ndarray, count: int) -> np.ndarray:
    """Unit cost of the earliest costed receipt of each owner, NaN without one."""
    posted = held.postings
    rows = np.flatnonzero((posted.role == Role.COSTED_IN) & (posted.qty > 0))
    rows = rows[np.argsort(-posted.day[rows], kind="stable")]
    price = np.full(count, np.nan)
    price[owner[posted.cell[rows]]] = posted.cost[rows] / posted.qty[rows] * UNITS
    return price


def value_by_average(held: Balances, groups: CostGroups, linked: Links, seed: np.ndarray) -> Valuation:
    """Moving average (SPEC 4): the cost of a day is the average after its arrivals."""
    come = arrivals(held.postings, groups)
    found = moving_average(come, linked, groups.transit, seed)
    unit_cost = spread(found.cost, come.index, groups, seed)
    value = posting_values(held, groups, unit_cost)
    np.add.at(value, linked.in_post, found.link_value)
    variances = (
        Variance("negative_stock_variance", come.index, found.negative_stock),
        Variance("price_variance", come.index, found.price),
        Variance("rounding_difference", come.index, found.rounding),
    )
    return Valuation(value, unit_cost, variances, True)


def spread(cost: np.ndarray, index: np.ndarray, groups: CostGroups, seed: np.ndarray) -> np.ndarray:
    """Cost of each group-day: the latest one set in its group, before the first the seed."""
    size = len(groups.group)
    latest = np.zeros(size, np.int64)
    latest[index] = index + 1
    latest = np.maximum.accumulate(latest)
    at = np.maximum(latest - 1, 0)
    own = (latest > 0) & (groups.group[at] == groups.group)
    full = np.zeros(size)
    full[index] = cost
    return np.where(own, full[at], seed[groups.group])


def posting_values(held: Balances, groups: CostGroups, unit_cost: np.ndarray) -> np.ndarray:
    """Value of each posting: at its own cost where it has one, else quantity times the day's unit cost.

    Linked transfer legs are 0 here; the walk that knows their source adds them.
    """
    posted = held.postings
    at_cost = posted.qty / UNITS * unit_cost[groups.row]
    at_cost = np.where(posted.qty == 0, 0.0, at_cost)
    value = np.where(posted.role == Role.AVERAGE, at_cost, posted.cost)
    return np.where(posted.role == Role.LINKED, 0.0, value)


def value_directly(held: Balances, groups: CostGroups, seed: np.ndarray) -> Valuation:
    """The ledger's own cost: every row at the cost it carries, the others at the cost of the rows before them."""
    posted = held.postings
    costed = (posted.role == Role.COSTED_IN) | (posted.role == Role.COSTED_OUT)
    size = len(groups.group)
    units = np.bincount(groups.row[costed], np.abs(posted.qty[costed]) / UNITS, size)
    money = np.bincount(groups.row[costed], np.abs(posted.cost[costed]), size)
    index = np.flatnonzero(units > 0)
    unit_cost = spread(money[index] / units[index], index, groups, seed)
    return Valuation(posting_values(held, groups, unit_cost), unit_cost, (), False)


def value_at_standard(held: Balances, groups: CostGroups, seed: np.ndarray) -> Valuation:
    """Standard cost: everything at one price per group; receipts at another price leave a price variance."""
    posted = held.postings
    unit_cost = seed[groups.group]
    standard = np.where(posted.qty == 0, 0.0, posted.qty / UNITS * unit_cost[groups.row])
    booked = posting_values(held, groups, unit_cost)
    booked = np.where(posted.role == Role.LINKED, standard, booked)
    at = np.flatnonzero(booked != standard)
    off = Variance("price_variance", groups.row[at], (standard - booked)[at])
    return Valuation(booked, unit_cost, (off,), True)


def kind_code(kind: str) -> int:
    """The number of a flow."""
    return FLOW_CODE[kind]
