"""The scopes that share one cost: which cells belong together, and what each of their days brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.engine.arrays import leads, running
from stockturn.engine.balances import Balances
from stockturn.engine.expr import IN_TRANSIT
from stockturn.engine.postings import FLOW_CODE, UNITS, Postings, Role, cell_day, posting_key


@dataclass(frozen=True)
class CostGroups:
    """``of_cell``: group of each cell; ``transit``: whether a group is ``(in transit)``.

    ``group``, ``day``, ``before`` and ``after`` (on-hand in millionths at the start and end of the day), ``cell``
    (the first cell with a posting): one entry per group-day with postings, sorted; ``row``: group-day of each
    posting; ``shared``: whether some group has more than one cell.
    """

    of_cell: np.ndarray
    transit: np.ndarray
    group: np.ndarray
    day: np.ndarray
    cell: np.ndarray
    before: np.ndarray
    after: np.ndarray
    row: np.ndarray
    shared: bool

    def row_of(self, group: np.ndarray, day: np.ndarray) -> np.ndarray:
        """The group-day in force for a group on a day: its own, else the one before."""
        found: np.ndarray = (
            np.searchsorted(cell_day(self.group, self.day), cell_day(group, day), side="right") - 1
        )
        return found

    def first_row(self) -> np.ndarray:
        """For each group-day the first one of its group."""
        return np.maximum.accumulate(np.where(leads(self.group), np.arange(len(self.group)), 0))


def cost_groups(held: Balances, keys: Sequence[str]) -> CostGroups:
    """Cells that share a cost: those alike in ``keys`` (sku; sku and warehouse; the whole grain of the cells)."""
    cells = held.postings.cells
    code = cells.select(pl.struct(keys).rank("dense")).to_series().to_numpy().astype(np.int64) - 1
    transit = np.zeros(int(code.max(initial=-1)) + 1, bool)
    if "warehouse" in keys:
        transit[code[(cells["warehouse"] == IN_TRANSIT).to_numpy()]] = True
    if len(transit) == cells.height:
        # Cells are sorted by sku and warehouse, so the group of a cell is the cell itself.
        return CostGroups(
            code, transit, held.cell, held.day, held.cell, held.before(), held.on_hand, held.row, False
        )
    return _shared(held.postings, code, transit)


def _shared(posted: Postings, code: np.ndarray, transit: np.ndarray) -> CostGroups:
    group = code[posted.cell]
    key = cell_day(group, posted.day)
    order = np.argsort(key, kind="stable")
    starts = leads(key[order])
    first = np.flatnonzero(starts)
    row = np.empty(len(key), np.int64)
    row[order] = np.cumsum(starts) - 1
    net = np.add.reduceat(posted.qty[order], first)
    owner, day = group[order][first], posted.day[order][first]
    after = running(owner, net)
    return CostGroups(code, transit, owner, day, posted.cell[order][first], after - net, after, row, True)


@dataclass(frozen=True)
class Arrivals:
    """Group-days on which the average can change, in order of day, with what they bring (units and money).

    ``index`` is the group-day. Goods in: ``in_qty``, ``in_value``; purchase returns (positive):
    ``back_qty``, ``back_value``; ``revalued``: value without goods.
    """

    index: np.ndarray
    group: np.ndarray
    day: np.ndarray
    before: np.ndarray
    in_qty: np.ndarray
    in_value: np.ndarray
    back_qty: np.ndarray
    back_value: np.ndarray
    revalued: np.ndarray


def arrivals(posted: Postings, groups: CostGroups) -> Arrivals:
    """What changes an average, day by day; transfer legs are counted in by the valuation itself."""
    moving = np.flatnonzero(posted.role != Role.AVERAGE)
    moving = moving[~groups.transit[groups.of_cell[posted.cell[moving]]]]
    role, at = posted.role[moving], groups.row[moving]
    changed = np.zeros(len(groups.group), bool)
    changed[at] = True
    touched = np.flatnonzero(changed)
    touched = touched[np.argsort(groups.day[touched], kind="stable")]
    slot = np.empty(len(groups.group), np.int64)
    slot[touched] = np.arange(len(touched))
    slot = slot[at]
    units, cost = posted.qty[moving] / UNITS, posted.cost[moving]

    def total(wanted: Role, amount: np.ndarray) -> np.ndarray:
        rows = role == wanted
        return np.bincount(slot[rows], amount[rows], len(touched))

    return Arrivals(
        touched,
        groups.group[touched],
        groups.day[touched],
        groups.before[touched] / UNITS,
        total(Role.COSTED_IN, units),
        total(Role.COSTED_IN, cost),
        -total(Role.COSTED_OUT, units),
        -total(Role.COSTED_OUT, cost),
        total(Role.REVALUED, cost),
    )


@dataclass(frozen=True)
class Links:
    """Legs of transfers and linked returns, each side sorted by day.

    A source says at whose average the goods leave (``out_*``); ``out_real`` is false for the sale behind a linked
    return, which is named and does not leave again. An arrival (``in_*``) takes the link's mean cost.
    ``in_post`` and ``out_post`` are their postings (-1 for such a sale). Legs out of ``(in transit)`` are arrivals
    with a negative quantity.
    """

    count: int
    out_link: np.ndarray
    out_day: np.ndarray
    out_group: np.ndarray
    out_qty: np.ndarray
    out_real: np.ndarray
    out_post: np.ndarray
    in_link: np.ndarray
    in_day: np.ndarray
    in_group: np.ndarray
    in_qty: np.ndarray
    in_post: np.ndarray


def links(
    posted: Postings, groups: CostGroups, movements: pl.LazyFrame, sources: pl.LazyFrame, grain: list[str]
) -> Links:
    """The legs with their groups and postings."""
    if not (posted.role == Role.LINKED).any():
        movements = movements.clear()  # no need to read a large ledger again
    keys = ["sku", "warehouse", *grain]
    days = (pl.col("date") - pl.lit(posted.origin)).dt.total_days().cast(pl.Int32).alias("day")
    legs = (
        movements.filter(pl.col("link") >= 0)
        .join(posted.cells.lazy(), on=keys, nulls_equal=True)
        .group_by("link", "cell", days, "kind")
        .agg(pl.col("qty").sum())
        .collect(engine="streaming")
    )
    sold = (
        sources.join(posted.cells.lazy(), on=["sku", "warehouse"]).select("link", "cell", days).unique("link")
    )
    number = legs["link"].unique().sort()
    legs = legs.with_columns(link=number.search_sorted(legs["link"]).cast(pl.Int64)).sort(
        "day", "link", "cell"
    )
    back = sold.filter(pl.col("link").is_in(number.implode())).collect()
    back = back.with_columns(link=number.search_sorted(back["link"]).cast(pl.Int64), qty=pl.lit(1.0))
    cell = legs["cell"].to_numpy()
    transit = groups.transit[groups.of_cell[cell]]
    leaves = (legs["qty"].to_numpy() < 0) & ~transit
    columns = ["link", "cell", "day", "qty", "post"]
    legs = legs.with_columns(post=pl.Series(_posting_of(posted, legs, leaves)))
    named = back.select("link", "cell", "day", "qty", post=pl.lit(-1, pl.Int64))
    outs = pl.concat([legs.filter(leaves).select(columns).with_columns(-pl.col("qty")), named]).sort("day")
    ins = legs.filter(~leaves)

    def column(frame: pl.DataFrame, name: str) -> np.ndarray:
        return frame[name].to_numpy()

    return Links(
        len(number),
        column(outs, "link"),
        column(outs, "day"),
        groups.of_cell[column(outs, "cell")],
        column(outs, "qty"),
        column(outs, "post") >= 0,
        column(outs, "post"),
        column(ins, "link"),
        column(ins, "day"),
        groups.of_cell[column(ins, "cell")],
        column(ins, "qty"),
        column(ins, "post"),
    )


def _posting_of(posted: Postings, legs: pl.DataFrame, leaves: np.ndarray) -> np.ndarray:
    """The posting that each leg went into."""
    kind = legs["kind"].replace_strict(FLOW_CODE, return_dtype=pl.Int64).to_numpy()
    role = np.where(leaves, int(Role.AVERAGE), int(Role.LINKED))
    key = posting_key(legs["cell"].to_numpy(), legs["day"].to_numpy(), kind, role)
    found: np.ndarray = np.searchsorted(posted.key(), key).astype(np.int64)
    return found
