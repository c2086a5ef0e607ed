"""From suggestions to orders: scarce room and money by urgency, minimum order values, orders per supplier, cash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from stockturn.config.reorder import ReorderSettings
from stockturn.engine.expr import NONE
from stockturn.engine.loss import Floats
from stockturn.engine.outlook import Ints
from stockturn.engine.plan import Plan
from stockturn.engine.projection import running
from stockturn.engine.rounding import HAIR, Packs, cut_hard

ROUNDS = 12
"""Lines that do not fit are passed over so many times, so that what is left still serves smaller ones."""


def ration(qty: Floats, size: Floats, group: Ints, limit: Floats, urgency: Floats, packs: Packs) -> Floats:
    """Quantities that fit: within each group sum(qty x size) <= limit, the most urgent (smallest) first.

    The first line that does not fit is cut to what fits in whole packs (0 below its moq); the less urgent ones get
    what is left. ``limit`` is by group number.
    """
    given, left = np.zeros(len(qty)), np.maximum(limit, 0.0).copy()
    waiting = np.flatnonzero(qty > 0)
    waiting = waiting[np.lexsort((-(qty * size)[waiting], urgency[waiting], group[waiting]))]
    for _ in range(ROUNDS):
        if not len(waiting):
            break
        weight = (qty * size)[waiting]
        fits = running(weight, group[waiting]) <= left[group[waiting]] + HAIR
        given[waiting[fits]] = qty[waiting[fits]]
        np.subtract.at(left, group[waiting[fits]], weight[fits])
        waiting = waiting[~fits]
        edge = waiting[np.r_[True, group[waiting[1:]] != group[waiting[:-1]]]] if len(waiting) else waiting
        room = left[group[edge]] / np.where(size[edge] > 0, size[edge], 1.0)
        part = cut_hard(qty[edge], room, packs.take(edge))
        given[edge] = part
        np.subtract.at(left, group[edge], part * size[edge])
        waiting = np.setdiff1d(waiting, edge, assume_unique=True)
        waiting = waiting[np.lexsort((-(qty * size)[waiting], urgency[waiting], group[waiting]))]
    return given


@dataclass(frozen=True)
class Ordered:
    """Quantities to order now, and what was done to them: ``held`` for a minimum order value, ``extra`` brought
    forward to reach one, ``cut`` by the budget (what is missing)."""

    qty: Floats
    held: Floats
    extra: Floats
    cut: Floats


def place(
    cells: pl.DataFrame, qty: Floats, urgency: Floats, plan: Plan, packs: Packs, settings: ReorderSettings
) -> Ordered:
    """Suggestions after minimum order values and budget.

    ``cells``: supplier, unit_cost, min_order_value, review_days, may_add (whether more than needed may be ordered),
    counts (whether the supplier is paid for it by an order: VMI is not). An order below its supplier's minimum waits
    where no line of it has to be ordered before the next review; else the next planned orders of that supplier are
    brought forward until the minimum is reached. Orders without a known cost are left as they are.
    """
    cost = cells["unit_cost"].fill_null(0.0).to_numpy()
    counts = cells["counts"].to_numpy()
    codes = cells["supplier"].rank("dense").cast(pl.Int64).to_numpy() - 1
    groups = int(codes.max(initial=-1)) + 1
    minimum = np.zeros(groups)
    np.maximum.at(minimum, codes, cells["min_order_value"].fill_null(0.0).to_numpy())
    value = np.bincount(codes, np.where(counts, qty * cost, 0.0), groups)
    unpriced = np.bincount(codes, (qty > 0) & counts & (cost <= 0), groups) > 0
    pressing = (qty > 0) & counts & (urgency < cells["review_days"].to_numpy())
    urgent = np.bincount(codes, pressing, groups) > 0
    short = (
        (value > 0)
        & (value < minimum - HAIR)
        & ~unpriced
        & (cells["supplier"] != NONE).to_numpy()[_first(codes, groups)]
    )
    held = np.where((short & ~urgent)[codes] & counts, qty, 0.0)
    lacking = np.where(short & urgent, minimum - value, 0.0)
    ahead = settings.bring_forward_days // settings.plan_bucket_days
    extra = _brought_forward(cells, codes, lacking, cost, plan.released[:, 1 : ahead + 1])
    wanted = qty - held + extra
    if settings.budget is None:
        return Ordered(wanted, held, extra, np.zeros(len(qty)))
    paid = np.where(counts, wanted, 0.0)
    given = ration(
        paid, cost, np.zeros(len(qty), dtype=np.int64), np.array([settings.budget]), urgency, packs
    )
    return Ordered(np.where(counts, given, wanted), held, extra, paid - given)


def _first(codes: Ints, groups: int) -> Ints:
    """Row of the first cell of each group."""
    first = np.zeros(groups, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return first


def _brought_forward(
    cells: pl.DataFrame, codes: Ints, lacking: Floats, cost: Floats, later: Floats
) -> Floats:
    """Planned releases of the next buckets, earliest first, until each supplier's order reaches its minimum."""
    extra = np.zeros(len(codes))
    open_to = (lacking[codes] > 0) & cells["may_add"].to_numpy() & (cost > 0)
    if not open_to.any():
        return extra
    row, bucket = np.nonzero(later * open_to[:, None])
    order = np.lexsort((row, bucket, codes[row]))
    row, bucket = row[order], bucket[order]
    worth = later[row, bucket] * cost[row]
    taken = running(worth, codes[row]) - worth < lacking[codes[row]] - HAIR
    np.add.at(extra, row[taken], later[row[taken], bucket[taken]])
    return extra


def supplier_orders(planned: pl.DataFrame) -> pl.DataFrame:
    """Orders per supplier and order date over the plan, from its :func:`releases`; ``now`` marks those to place now.

    Columns out: supplier, order_date, lines, qty, order_value, min_order_value, below_minimum, expected_on (last
    arrival), pay_on (first payment), now.
    """
    return (
        planned.group_by("supplier", "order_date", "now")
        .agg(
            pl.len().cast(pl.Int64).alias("lines"),
            pl.col("qty").sum(),
            pl.col("order_value").sum(),
            pl.col("min_order_value").max(),
            pl.col("expected_on").max(),
            pl.col("pay_on").min(),
        )
        .with_columns(
            below_minimum=(pl.col("order_value") < pl.col("min_order_value") - HAIR).fill_null(False)
        )
        .select(
            "supplier", "order_date", "lines", "qty", "order_value", "min_order_value", "below_minimum",
            "expected_on", "pay_on", "now",
        )
        .sort("order_date", "supplier")
    )  # fmt: skip


def releases(cells: pl.DataFrame, plan: Plan, as_of: date, settings: ReorderSettings) -> pl.DataFrame:
    """One row per planned order of a cell: sku, warehouse, supplier, order_date, qty, order_value, expected_on,
    pay_on, min_order_value, now.

    ``cells``: sku, warehouse, supplier, unit_cost, min_order_value, payment_days, lead_time_days, order_day (working
    day of the supplier on which an order of today goes out), counts (false: no order, as for VMI).
    """
    row, bucket = np.nonzero(np.where(cells["counts"].to_numpy()[:, None], plan.released, 0.0))
    day = bucket * settings.plan_bucket_days
    lines = cells.select(
        "sku", "warehouse", "supplier", "unit_cost", "min_order_value", "payment_days", "lead_time_days", "order_day"
    )[row]  # fmt: skip
    ordered = pl.lit(as_of) + pl.duration(days=pl.col("day"))
    arrives = pl.col("day") + pl.col("lead_time_days").ceil().cast(pl.Int64)
    pays = arrives + pl.col("payment_days").fill_null(float(settings.payment_days)).cast(pl.Int64)
    return (
        lines.with_columns(
            pl.Series("qty", plan.released[row, bucket]), pl.Series("now", bucket == 0), pl.Series("raw", day)
        )
        .with_columns(day=pl.when("now").then(pl.col("order_day").cast(pl.Int64)).otherwise("raw"))
        .with_columns(
            order_date=ordered,
            order_value=pl.col("qty") * pl.col("unit_cost"),
            expected_on=pl.lit(as_of) + pl.duration(days=arrives),
            pay_on=pl.lit(as_of) + pl.duration(days=pays),
        )
        .select(
            "sku", "warehouse", "supplier", "order_date", "qty", "order_value", "expected_on", "pay_on",
            "min_order_value", "now",
        )
    )  # fmt: skip


def cash(
    orders: pl.DataFrame,
    open_lines: pl.DataFrame,
    payment: pl.DataFrame,
    as_of: date,
    settings: ReorderSettings,
) -> pl.DataFrame:
    """Money by the week it is due (Monday) and supplier: week, supplier, planned_value, open_value, due_value.

    ``orders``: releases; ``open_lines``: supplier, qty_open, unit_cost, due (days after as_of); ``payment``: supplier,
    payment_days. Payment is so many days after the goods are expected; what is already due falls in as_of's week.
    """
    planned = orders.select("supplier", "pay_on", planned_value="order_value", open_value=pl.lit(0.0))
    days = pl.col("due").ceil() + pl.col("payment_days").fill_null(float(settings.payment_days))
    waiting = open_lines.join(payment, on="supplier", how="left").select(
        "supplier",
        pay_on=pl.lit(as_of) + pl.duration(days=days.cast(pl.Int64)),
        planned_value=pl.lit(0.0),
        open_value=pl.col("qty_open") * pl.col("unit_cost"),
    )
    due = pl.concat([planned, waiting]).with_columns(
        week=pl.max_horizontal("pay_on", pl.lit(as_of)).dt.truncate("1w")
    )
    return (
        due.group_by("week", "supplier")
        .agg(pl.col("planned_value").sum(), pl.col("open_value").sum())
        .with_columns(due_value=pl.col("planned_value") + pl.col("open_value"))
        .filter(pl.col("due_value") > 0)
        .sort("week", "supplier")
    )
