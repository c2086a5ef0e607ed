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
from stockturn.engine.arrays import leads
from stockturn.engine.assembly import Rows, assemble
from stockturn.engine.balances import Balances, balances
from stockturn.engine.costgroups import cost_groups, links
from stockturn.engine.entries import Entries
from stockturn.engine.points import CONSIGNED_IN, CONSIGNED_OUT
from stockturn.engine.postings import FLOW_CODE, FLOWS, UNITS, cell_day, cells_of, origin_of, postings
from stockturn.engine.transfers import neutral_transfers
from stockturn.engine.valuation import Book, choose_method, cost_keys, value


@dataclass(frozen=True)
class ValuedDays:
    """The ledger with on-hand and value, ready to be summed.

    ``cells``: cell, sku, warehouse (and the grain asked for), opening_basis (stock_point, opening, not_listed,
    estimated), opening_qty, opening_value, guessed_value (at the nearest known unit
    cost), estimated, no_cost, bare (never held or moved anything), last_day.
    ``balances``: cell, day, on_hand, value, unit_cost at the end of each day with a posting, and the demand of
    that day (units, returns not deducted); day 0 is the ``origin``, the day before the ledger begins. ``flows``: cell, day, kind, qty (signed), value (signed),
    revenue, row_cost (what the rows themselves say, NaN where none does). Value is NaN where a cell has no cost at all. ``differences``: sku, warehouse, as_of, book_qty,
    counted_qty, difference_qty, difference_value, largest value first. ``cost_basis`` names the method, ``sold_kinds`` the kinds whose cost is cogs;
    ``has_receipts``, ``has_sales``: whether the ledger holds any; ``by_period``: some movements stand for a whole
    period, dated at its end, ``only_periods``: every sale does.
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
    has_sales: bool
    has_revenue: bool
    by_period: bool = False
    only_periods: bool = False

    def day_of(self, when: date) -> int:
        """Days since the origin."""
        return (when - self.origin).days


def valued_days(entries: Entries, settings: Settings, grain: Sequence[str] = ()) -> ValuedDays:
    """Balances and values by the cost method of the settings. ``grain`` splits cells further (bin, batch).

    Where the scope names warehouses the whole ledger is valued first, so that goods from another warehouse have
    the cost they had there, and the figures are those of the same warehouse in a report on all of them.
    """
    whole = entries.wide or entries
    if whole.consigned:
        grain = (*grain, "ownership")
    method = choose_method(whole, settings)
    keys = cost_keys(method, settings, grain)
    movements = whole.movements if "warehouse" in keys else neutral_transfers(whole.movements)
    whole = replace(whole, movements=movements)
    origin = origin_of(whole)
    posted = postings(whole, cells_of(whole, grain), origin, by_row=method == "ledger", grain=grain)
    held = balances(posted, whole, grain, settings.ingest.reconcile_tolerance)
    groups = cost_groups(held, keys)
    linked = links(held.postings, groups, movements, whole.sources, list(grain))
    items = whole.items.select("sku", "unit_cost").collect()
    book = Book(held, groups, linked, items)
    rows, flows = assemble(held, groups, value(method, book), book.seed)
    valued = _record(whole, held, rows, flows, method, settings)
    some, every = _by_period(whole.movements, settings.ingest.demand_kinds)
    valued = replace(valued, by_period=some, only_periods=every)
    return _only(valued, settings.scope.warehouse) if settings.scope.warehouse else valued


def _by_period(movements: pl.LazyFrame, demand: Sequence[str]) -> tuple[bool, bool]:
    """Whether any movement stands for a period, and whether every one that is demand does."""
    marked = pl.col("period_mark").is_not_null()
    asked = pl.col("kind").is_in(list(demand))
    some, every = movements.select(marked.any(), every=(marked | ~asked).all()).collect().row(0)
    return bool(some), bool(some and every)


def _only(valued: ValuedDays, warehouses: Sequence[str]) -> ValuedDays:
    """The cells of some warehouses, numbered anew."""
    kept = valued.cells.filter(pl.col("warehouse").is_in(warehouses))
    number = np.full(valued.cells.height, -1, np.int32)
    number[kept["cell"].to_numpy()] = np.arange(kept.height)

    def renumbered(frame: pl.DataFrame) -> pl.DataFrame:
        cell = number[frame["cell"].to_numpy()]
        return frame.with_columns(cell=pl.Series(cell)).filter(pl.col("cell") >= 0)

    return replace(
        valued,
        cells=renumbered(kept),
        balances=renumbered(valued.balances),
        flows=renumbered(valued.flows),
        differences=valued.differences.filter(pl.col("warehouse").is_in(warehouses)),
    )


def _record(
    entries: Entries, held: Balances, rows: Rows, flows: pl.DataFrame, method: str, settings: Settings
) -> ValuedDays:
    posted = held.postings
    frame = pl.DataFrame(
        {
            "cell": rows.cell,
            "day": rows.day,
            "on_hand": rows.on_hand,
            "value": rows.value,
            "unit_cost": rows.unit_cost,
            "demand": _demand(held, rows, settings.ingest.demand_kinds),
        }
    )
    receipts, sales = (
        bool(np.isin(posted.kind, [FLOW_CODE[name] for name in kinds]).any())
        for kinds in (RECEIPTS, (*_sold_kinds(posted.kind), *settings.ingest.demand_kinds))
    )
    return ValuedDays(
        posted.origin,
        entries.as_of,
        _cells(held, rows, receipts),
        frame,
        flows,
        _differences(held, rows),
        method,
        _sold_kinds(posted.kind),
        receipts,
        sales,
        bool((posted.revenue != 0).any()),
    )


RECEIPTS = ("purchase", "production_in", "assembly_in", "transfer_in", "other_in")


def _sold_kinds(kind: np.ndarray) -> tuple[str, ...]:
    """Kinds whose cost is cogs: production counts only where no finished goods come out of it."""
    made = np.isin(kind, [FLOW_CODE[name] for name in ("production_in", "assembly_in")]).any()
    return ("sale", "sale_return") if made else ("sale", "sale_return", "production_out")


def _demand(held: Balances, rows: Rows, kinds: Sequence[str]) -> np.ndarray:
    """Units asked for on the day of each row, returns not deducted."""
    posted = held.postings
    wanted = np.zeros(len(FLOWS), bool)
    wanted[[FLOW_CODE[kind] for kind in kinds]] = True
    asked = np.flatnonzero(wanted[posted.kind] & (posted.qty < 0))
    by_day = np.bincount(held.row[asked], -posted.qty[asked] / UNITS, len(held.cell))
    if len(rows.cell) == len(held.cell):
        return by_day
    at = np.searchsorted(cell_day(rows.cell, rows.day), cell_day(held.cell, held.day))
    return np.bincount(at, by_day, len(rows.cell))


def _cells(held: Balances, rows: Rows, receipts: bool) -> pl.DataFrame:
    """The cells with what they rest on. Without receipts the day on which goods came in is not known: what a list
    shows above the book is taken to have come that day."""
    first = np.flatnonzero(leads(rows.cell))
    last = np.append(first[1:], len(rows.cell)) - 1
    by_list = pl.col("opening_basis") == "opening"
    surprised = [] if receipts else held.differences["cell"].unique().to_list()
    guessed = (pl.col("opening_qty") != 0) & pl.col("point_value").is_nan() & ~by_list
    no_cost = np.logical_or.reduceat(np.isnan(rows.value), first)
    held_ever = np.logical_or.reduceat((rows.on_hand != 0) | (rows.value != 0), first)
    posted = held.postings
    tells = (posted.qty != 0) | (np.nan_to_num(posted.cost) != 0)
    moved = np.bincount(posted.cell[tells], minlength=len(first)) > 0
    return (
        held.postings.cells.join(held.openings, on="cell", maintain_order="left")
        .with_columns(
            opening_value=rows.value[first],
            last_day=rows.day[last],
            guessed_value=guessed,
            estimated=(pl.col("opening_basis") == "estimated") | guessed | pl.col("cell").is_in(surprised),
            no_cost=no_cost,
            bare=~(no_cost | held_ever | moved),
        )
        .drop("point_value", "point_cost")
    )


def _differences(held: Balances, rows: Rows) -> pl.DataFrame:
    found = held.differences
    wanted = cell_day(found["cell"].to_numpy(), found["day"].to_numpy())
    at = np.searchsorted(cell_day(rows.cell, rows.day), wanted) if len(wanted) else wanted
    value = pl.col("difference_qty") * pl.Series(rows.unit_cost[at]).fill_nan(None)
    return (
        found.with_columns(difference_value=value)
        .join(held.postings.cells, on="cell", maintain_order="left")
        .select(
            "sku",
            "warehouse",
            as_of=pl.lit(held.postings.origin) + pl.duration(days=pl.col("day")),
            book_qty="book_qty",
            counted_qty="counted_qty",
            difference_qty="difference_qty",
            difference_value="difference_value",
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
    """The balance at as_of: sku, warehouse, on_hand, value, unit_cost (null where unknown), opening_basis, estimated.

    What others own counts in on_hand (it can be sold) and not in value; what is ours elsewhere counts in value
    and not in on_hand.
    """
    ends = (
        np.append(np.flatnonzero(leads(valued.balances["cell"].to_numpy()))[1:], valued.balances.height) - 1
    )
    last = (
        valued.balances[ends]
        .join(valued.cells, on="cell", maintain_order="left")
        .with_columns(pl.col("value", "unit_cost").fill_nan(None))
    )
    wanted = ("sku", "warehouse", "on_hand", "value", "unit_cost", "opening_basis", "estimated")
    if "ownership" not in valued.cells.columns and last.select("sku", "warehouse").is_unique().all():
        return last.select(wanted).sort("sku", "warehouse")
    if "ownership" not in last.columns:
        last = last.with_columns(ownership=pl.lit("own"))
    ours, here = pl.col("ownership") != CONSIGNED_IN, pl.col("ownership") != CONSIGNED_OUT
    held = pl.col("on_hand").filter(ours).sum()
    known = pl.col("value").filter(ours)
    return (
        last.group_by("sku", "warehouse")
        .agg(
            pl.col("on_hand").filter(here).sum(),
            value=pl.when(known.is_not_null().all()).then(known.sum()),
            unit_cost=pl.when(held > 0)
            .then(known.sum() / held)
            .otherwise(pl.col("unit_cost").filter(ours).first()),
            opening_basis=pl.col("opening_basis").first(),
            estimated=pl.col("estimated").any(),
        )
        .select(wanted)
        .sort("sku", "warehouse")
    )
