"""The valued ledger: what stood where, what it was worth, and every flow with its value.

    valued = valued_days(entries, settings)
    valued.balances      one row per cell and day with a posting: on_hand and value at its end
    valued.flows         one row per cell, day and kind: qty, value, revenue
    closing(valued)      the balance at as_of, one row per sku and warehouse

Conservation, for every cost method and every span: closing value = opening value + sum of flows' values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.arrays import leads, running
from stockturn.engine.balances import Balances, balances
from stockturn.engine.costgroups import CostGroups, cost_groups, links
from stockturn.engine.entries import Entries
from stockturn.engine.postings import (
    FLOW_TYPE,
    FLOWS,
    UNITS,
    Role,
    cell_day,
    cells_of,
    origin_of,
    postings,
)
from stockturn.engine.valuation import (
    Valuation,
    choose_method,
    seeds,
    shares_sku,
    value_at_standard,
    value_by_average,
    value_directly,
)


@dataclass(frozen=True)
class ValuedDays:
    """The ledger with on-hand and value, ready to be summed.

    ``cells``: cell, sku, warehouse (and the grain asked for), opening_basis (stock_point, opening, not_listed,
    estimated), opening_qty, opening_value, estimated, no_cost, first_day, last_day.
    ``balances``: cell, day, on_hand, value, unit_cost at the end of each day with a posting, and the demand of
    that day (units, returns not deducted); day 0 is the ``origin``, the day before the ledger begins. ``flows``: cell, day, kind, qty (signed), value (signed),
    revenue. Value is NaN where a cell has no cost at all. ``differences``: sku, warehouse, as_of, book_qty,
    counted_qty, difference_qty, difference_value, largest value first. ``cost_basis`` names the method, ``sold_kinds`` the kinds whose cost is cogs.
    """

    origin: date
    as_of: date
    cells: pl.DataFrame
    balances: pl.DataFrame
    flows: pl.DataFrame
    differences: pl.DataFrame
    cost_basis: str
    sold_kinds: tuple[str, ...]
    has_receipts: bool
    has_revenue: bool

    def day_of(self, when: date) -> int:
        """Days since the origin."""
        return (when - self.origin).days


def valued_days(entries: Entries, settings: Settings, grain: Sequence[str] = ()) -> ValuedDays:
    """Balances and values by the cost method of the settings. ``grain`` splits cells further (bin, batch)."""
    method = choose_method(entries, settings)
    by_sku = shares_sku(method, settings)
    if by_sku:
        # One average for all warehouses: a transfer moves goods, not cost.
        movements = entries.movements.with_columns(link=pl.lit(None, pl.Int64))
        entries = replace(entries, movements=movements)
    origin = origin_of(entries)
    posted = postings(entries, cells_of(entries, grain), origin, by_row=method == "ledger", grain=grain)
    held = balances(posted, entries, grain, settings.ingest.reconcile_tolerance)
    groups = cost_groups(held, by_sku=by_sku)
    worth = _value(method, held, groups, entries, list(grain))
    return _assemble(entries, held, groups, worth, method, settings.ingest.demand_kinds)


def _value(method: str, held: Balances, groups: CostGroups, entries: Entries, grain: list[str]) -> Valuation:
    items = entries.items.select("sku", "unit_cost").collect()
    if method == "standard":
        return value_at_standard(held, groups, _standard(held, groups, items))
    seed = seeds(held, groups, items)
    if method == "ledger":
        return value_directly(held, groups, seed)
    linked = links(held.postings, groups, entries.movements, entries.sources, grain)
    return value_by_average(held, groups, linked, seed)


def _standard(held: Balances, groups: CostGroups, items: pl.DataFrame) -> np.ndarray:
    """The item's unit cost; where it has none, what would seed an average."""
    fallback = seeds(held, groups, items)
    cells = held.postings.cells.join(items, on="sku", how="left", maintain_order="left")
    own = np.full(len(groups.transit), np.nan)
    own[groups.of_cell] = cells["unit_cost"].fill_null(np.nan).to_numpy()
    return np.where(np.isnan(own), fallback, own)


def _assemble(
    entries: Entries,
    held: Balances,
    groups: CostGroups,
    worth: Valuation,
    method: str,
    demand_kinds: Sequence[str],
) -> ValuedDays:
    posted = held.postings
    cell, day, kind = posted.cell, posted.day, posted.kind
    on_hand = held.on_hand / UNITS
    if not groups.shared:
        unit_cost = worth.unit_cost
        made = [(v.kind, held.cell[v.at], held.day[v.at], v.value) for v in worth.variances]
    else:
        raise NotImplementedError
    flows = pl.DataFrame(
        {
            "cell": cell,
            "day": day,
            "kind": kind.view(np.uint8),
            "qty": posted.qty / UNITS,
            "value": worth.post_value,
            "revenue": posted.revenue,
        }
    )
    extra = [_variance_flow(*part) for part in made]
    flows = pl.concat([flows, *extra]).with_columns(pl.col("kind").cat.to(FLOW_TYPE))
    if worth.by_average:
        value = np.where(held.on_hand == 0, 0.0, on_hand * unit_cost)
    else:
        value = running(held.cell, np.add.reduceat(worth.post_value, held.first))
    frame = pl.DataFrame(
        {
            "cell": held.cell,
            "day": held.day,
            "on_hand": on_hand,
            "value": value,
            "unit_cost": unit_cost,
            "demand": _demand(held, demand_kinds),
        }
    )
    return ValuedDays(
        posted.origin,
        entries.as_of,
        _cells(held, frame),
        frame,
        flows,
        _differences(held, frame),
        method,
        _sold_kinds(posted.kind),
        bool(np.isin(posted.kind, [FLOWS.index(name) for name in RECEIPTS]).any()),
        bool((posted.revenue != 0).any()),
    )


RECEIPTS = ("purchase", "production_in", "assembly_in", "transfer_in", "other_in")


def _sold_kinds(kind: np.ndarray) -> tuple[str, ...]:
    """Kinds whose cost is cogs: production counts only where no finished goods come out of it."""
    made = np.isin(kind, [FLOWS.index(name) for name in ("production_in", "assembly_in")]).any()
    return ("sale", "sale_return") if made else ("sale", "sale_return", "production_out")


def _demand(held: Balances, kinds: Sequence[str]) -> np.ndarray:
    """Units asked for on each cell-day, returns not deducted."""
    posted = held.postings
    asked = np.isin(posted.kind, [FLOWS.index(kind) for kind in kinds]) & (posted.qty < 0)
    return np.bincount(held.row[asked], -posted.qty[asked] / UNITS, len(held.cell))


def _variance_flow(kind: str, cell: np.ndarray, day: np.ndarray, value: np.ndarray) -> pl.DataFrame:
    keep = (value != 0) & ~np.isnan(value)
    rows = int(keep.sum())
    return pl.DataFrame(
        {
            "cell": cell[keep],
            "day": day[keep],
            "kind": np.full(rows, FLOWS.index(kind), np.uint8),
            "qty": np.zeros(rows),
            "value": value[keep],
            "revenue": np.zeros(rows),
        },
        schema_overrides={"cell": pl.Int32, "day": pl.Int32},
    )


def _cells(held: Balances, frame: pl.DataFrame) -> pl.DataFrame:
    start = frame.filter(pl.col("day") == 0).select("cell", opening_value="value")
    span = frame.group_by("cell").agg(last_day=pl.col("day").max())
    guessed = (pl.col("opening_basis") == "estimated") | (
        (pl.col("opening_qty") != 0) & pl.col("point_value").is_nan() & (pl.col("opening_basis") != "opening")
    )
    return (
        held.postings.cells.join(held.openings, on="cell", maintain_order="left")
        .join(start, on="cell", how="left", maintain_order="left")
        .join(span, on="cell", how="left", maintain_order="left")
        .with_columns(estimated=guessed, no_cost=pl.col("opening_value").is_nan())
        .drop("point_value", "point_cost")
    )


def _differences(held: Balances, frame: pl.DataFrame) -> pl.DataFrame:
    cost = frame.select("cell", "day", "unit_cost")
    return (
        held.differences.join(cost, on=["cell", "day"], how="left")
        .join(held.postings.cells, on="cell")
        .select(
            "sku",
            "warehouse",
            as_of=pl.lit(held.postings.origin) + pl.duration(days=pl.col("day")),
            book_qty="book_qty",
            counted_qty="counted_qty",
            difference_qty="difference_qty",
            difference_value=pl.col("difference_qty") * pl.col("unit_cost").fill_nan(None),
        )
        .sort(
            pl.col("difference_value").abs(),
            "sku",
            "warehouse",
            "as_of",
            descending=[True, False, False, False],
            nulls_last=True,
        )
    )


def negatives(valued: ValuedDays) -> pl.DataFrame:
    """Spans of days that end below zero: sku, warehouse, start, end, days, on_hand (the lowest)."""
    last = valued.day_of(valued.as_of)
    rows = valued.balances.lazy().with_columns(
        until=pl.col("day").shift(-1, fill_value=last + 1).over("cell"), below=pl.col("on_hand") < 0
    )
    spans = (
        rows.filter(pl.col("below").any().over("cell"))
        .with_columns(run=pl.col("below").rle_id().over("cell"))
        .filter("below")
        .group_by("cell", "run")
        .agg(start=pl.col("day").min(), until=pl.col("until").max(), on_hand=pl.col("on_hand").min())
    )
    zero = pl.lit(valued.origin)
    return (
        spans.join(valued.cells.lazy(), on="cell")
        .select(
            "sku",
            "warehouse",
            start=zero + pl.duration(days=pl.col("start")),
            end=zero + pl.duration(days=pl.col("until") - 1),
            days=(pl.col("until") - pl.col("start")).cast(pl.Int64),
            on_hand="on_hand",
        )
        .sort("sku", "warehouse", "start")
        .collect()
    )


def closing(valued: ValuedDays) -> pl.DataFrame:
    """The balance at as_of: sku, warehouse, on_hand, value, unit_cost (null where unknown), estimated."""
    last = valued.balances.group_by("cell", maintain_order=True).last()
    return (
        last.join(valued.cells, on="cell", maintain_order="left")
        .with_columns(pl.col("value", "unit_cost").fill_nan(None))
        .select("sku", "warehouse", "on_hand", "value", "unit_cost", "opening_basis", "estimated")
        .sort("sku", "warehouse")
    )


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
        known = np.nan_to_num(amount)
        before = np.cumsum(known * self.gap) - known * self.gap
        since: np.ndarray = before[self.at] - before[self.first][:, None] + known[self.at] * self.age
        return since


__all__ = ["Role", "Timeline", "ValuedDays", "closing", "negatives", "valued_days"]
