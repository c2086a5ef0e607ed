"""From suggestions to orders: scarce room and money by urgency, minimum order values, orders per supplier, cash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from stockturn.config.reorder import ReorderSettings
from stockturn.engine.expr import NONE
from stockturn.engine.loss import Floats
from stockturn.engine.outlook import Ints
from stockturn.engine.plan import Plan
from stockturn.engine.projection import Scheduled, running
from stockturn.engine.rounding import HAIR, Packs, cut_hard

WEEK = 7
ROUNDS = 12
"""Lines that do not fit are passed over so many times, so that what is left still serves smaller ones."""


def ration(
    qty: Floats, size: Floats, group: Ints, limit: Floats, urgency: Floats, packs: Packs
) -> tuple[Floats, Floats]:
    """Quantities that fit: within each group sum(qty x size) <= limit, the most urgent (smallest) first.

    The first line that does not fit is cut to what fits in whole packs (0 below its moq); the less urgent ones get
    what is left. ``limit`` is by group number. The second array is the units there were room for when the turn of a
    line came (inf where it fitted).
    """
    given, found = np.zeros(len(qty)), np.full(len(qty), np.inf)
    left = np.maximum(limit, 0.0).copy()
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
        given[edge], found[edge] = part, room
        np.subtract.at(left, group[edge], part * size[edge])
        waiting = np.setdiff1d(waiting, edge, assume_unique=True)
        waiting = waiting[np.lexsort((-(qty * size)[waiting], urgency[waiting], group[waiting]))]
    found[waiting] = 0.0
    return given, found


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

    ``cells``: supplier, purchase_price, min_order_value, review_days, may_add (whether more than needed may be ordered),
    counts (whether the supplier is paid for it by an order: VMI is not). An order below its supplier's minimum waits
    where no line of it has to be ordered before the next review; else the next planned orders of that supplier are
    brought forward until the minimum is reached. Orders without a known cost are left as they are. The budget is used up
    by orders whose payment (arrival + payment_days) falls due within ``budget_days``, all where none are set.
    """
    cost = cells["purchase_price"].fill_null(0.0).to_numpy()
    counts = cells["counts"].to_numpy()
    codes, names = supplier_codes(cells)
    groups = len(names)
    minimum = np.zeros(groups)
    np.maximum.at(minimum, codes, cells["min_order_value"].fill_null(0.0).to_numpy())
    value = np.bincount(codes, np.where(counts, qty * cost, 0.0), groups)
    unpriced = np.bincount(codes, (qty > 0) & counts & (cost <= 0), groups) > 0
    pressing = (qty > 0) & counts & (urgency < cells["review_days"].to_numpy())
    urgent = np.bincount(codes, pressing, groups) > 0
    short = (value > 0) & (value < minimum - HAIR) & ~unpriced & (names != NONE).to_numpy()
    held = np.where((short & ~urgent)[codes] & counts, qty, 0.0)
    lacking = np.where(short & urgent, minimum - value, 0.0)
    ahead = settings.bring_forward_days // settings.plan_bucket_days
    extra = _brought_forward(cells, codes, lacking, cost, plan.released[1 : ahead + 1])
    wanted = qty - held + extra
    if settings.budget is None:
        return Ordered(wanted, held, extra, np.zeros(len(qty)))
    if settings.budget_days is not None:
        counts = counts & (_days(cells, settings, 0)[2] <= settings.budget_days)
    paid = np.where(counts, wanted, 0.0)
    given, _ = ration(
        paid, cost, np.zeros(len(qty), dtype=np.int64), np.array([settings.budget]), urgency, packs
    )
    return Ordered(np.where(counts, given, wanted), held, extra, paid - given)


def supplier_codes(cells: pl.DataFrame) -> tuple[Ints, pl.Series]:
    """A number per cell for its supplier, and the suppliers by number, sorted."""
    names = cells.get_column("supplier").unique().sort()
    numbered = pl.DataFrame({"supplier": names}).with_row_index("code")
    joined = cells.select("supplier").join(numbered, on="supplier", how="left", maintain_order="left")
    return joined["code"].cast(pl.Int64).to_numpy(), names


def _brought_forward(
    cells: pl.DataFrame, codes: Ints, lacking: Floats, cost: Floats, later: Floats
) -> Floats:
    """Planned releases of the next buckets, earliest first, until each supplier's order reaches its minimum."""
    extra = np.zeros(len(codes))
    open_to = (lacking[codes] > 0) & cells["may_add"].to_numpy() & (cost > 0)
    if not open_to.any():
        return extra
    bucket, row = np.nonzero(later * open_to)
    order = np.lexsort((row, bucket, codes[row]))
    row, bucket = row[order], bucket[order]
    worth = later[bucket, row] * cost[row]
    taken = running(worth, codes[row]) - worth < lacking[codes[row]] - HAIR
    np.add.at(extra, row[taken], later[bucket[taken], row[taken]])
    return extra


def supplier_orders(cells: pl.DataFrame, plan: Plan, as_of: date, settings: ReorderSettings) -> pl.DataFrame:
    """Orders per supplier and order date over the plan; ``now`` marks those to place now.

    Columns out: supplier, order_date, lines, qty, order_value, min_order_value, below_minimum, expected_on (last
    arrival), pay_on (first payment), now. ``cells``: supplier, purchase_price, min_order_value, payment_days,
    lead_time_days, order_day (working day of the supplier on which an order of today goes out), counts (false: no
    order, as for VMI).
    """
    codes, names = supplier_codes(cells)
    cost = cells["purchase_price"].fill_null(0.0).to_numpy()
    counts = cells["counts"].to_numpy()
    parts = [
        _orders_of(
            codes, len(names), np.where(counts, plan.released[k], 0.0), cost, _days(cells, settings, k)
        )
        for k in range(settings.plan_buckets)
    ]
    least = cells.group_by("supplier").agg(pl.col("min_order_value").max())
    frame = pl.concat([part.with_columns(now=pl.lit(k == 0)) for k, part in enumerate(parts)])
    days = {"order_date": "ordered", "expected_on": "arrives", "pay_on": "pays"}
    return (
        frame.with_columns(supplier=names[frame["code"]])
        .join(least, on="supplier", how="left")
        .with_columns(
            below_minimum=(pl.col("order_value") < pl.col("min_order_value") - HAIR).fill_null(False),
            **{name: pl.lit(as_of) + pl.duration(days=pl.col(of)) for name, of in days.items()},
        )
        .select(
            "supplier", "order_date", "lines", "qty", "order_value", "min_order_value", "below_minimum",
            "expected_on", "pay_on", "now",
        )
        .sort("order_date", "supplier")
    )  # fmt: skip


def _days(cells: pl.DataFrame, settings: ReorderSettings, bucket: int) -> tuple[Ints, Ints, Ints]:
    """Per cell the days after as_of on which an order of that bucket goes out, arrives and is paid."""
    ordered = np.full(cells.height, bucket * settings.plan_bucket_days)
    if bucket == 0:
        ordered = cells["order_day"].cast(pl.Int64).to_numpy()
    arrives = ordered + np.ceil(cells["lead_time_days"].to_numpy()).astype(np.int64)
    terms = cells["payment_days"].fill_null(float(settings.payment_days)).to_numpy()
    return ordered, arrives, arrives + np.floor(terms).astype(np.int64)


def _orders_of(
    codes: Ints, groups: int, qty: Floats, cost: Floats, days: tuple[Ints, Ints, Ints]
) -> pl.DataFrame:
    """One row per supplier with something to order in a bucket."""
    row = np.flatnonzero(qty > 0)
    code, (ordered, arrives, pays) = codes[row], (day[row] for day in days)
    last, first, goes = np.full(groups, -(10**6)), np.full(groups, 10**6), np.zeros(groups, dtype=np.int64)
    np.maximum.at(last, code, arrives)
    np.minimum.at(first, code, pays)
    goes[code] = ordered
    lines = np.bincount(code, minlength=groups)
    some = np.flatnonzero(lines)
    return pl.DataFrame(
        {
            "code": some,
            "lines": lines[some],
            "qty": np.bincount(code, qty[row], groups)[some].astype(np.float64),
            "order_value": np.bincount(code, (qty * cost)[row], groups)[some].astype(np.float64),
            "ordered": goes[some],
            "arrives": last[some],
            "pays": first[some],
        }
    )


def cash(
    cells: pl.DataFrame,
    plan: Plan,
    lines: Scheduled,
    terms: pl.DataFrame,
    settings: ReorderSettings,
    as_of: date,
) -> pl.DataFrame:
    """Money by the week it is due (Monday) and supplier: week, supplier, planned_value, open_value, due_value.

    ``terms``: supplier, payment_days. Payment is so many days after the goods are expected; what is already due falls
    in as_of's week. Goods without a known cost are left out.
    """
    days = pl.col("due").ceil() + pl.col("payment_days").fill_null(float(settings.payment_days))
    waiting = lines.frame.join(terms, on="supplier", how="left").select(
        "supplier",
        at=(days.clip(lower_bound=0).cast(pl.Int64) + as_of.weekday()) // WEEK,
        open_value=pl.col("qty_open") * pl.col("unit_cost"),
    )
    monday = as_of - timedelta(days=as_of.weekday())
    return (
        pl.concat([_planned_cash(cells, plan, settings, as_of), waiting], how="diagonal")
        .group_by("at", "supplier")
        .agg(pl.col("planned_value").sum(), pl.col("open_value").sum())
        .with_columns(
            week=pl.lit(monday) + pl.duration(days=pl.col("at") * WEEK),
            due_value=pl.col("planned_value") + pl.col("open_value"),
        )
        .filter(pl.col("due_value") > 0)
        .select("week", "supplier", "planned_value", "open_value", "due_value")
        .sort("week", "supplier")
    )


def _planned_cash(cells: pl.DataFrame, plan: Plan, settings: ReorderSettings, as_of: date) -> pl.DataFrame:
    """Value of the planned orders by supplier and week of payment: supplier, at (weeks from as_of's), planned_value."""
    codes, names = supplier_codes(cells)
    worth = np.where(cells["counts"].to_numpy(), cells["purchase_price"].fill_null(0.0).to_numpy(), 0.0)
    groups = max(len(names), 1)
    total = np.zeros(0)
    for k in range(settings.plan_buckets):
        week = (np.maximum(_days(cells, settings, k)[2], 0) + as_of.weekday()) // WEEK
        sums = np.bincount(week * groups + codes, plan.released[k] * worth).astype(np.float64)
        size = max(len(total), len(sums))
        total = np.pad(total, (0, size - len(total))) + np.pad(sums, (0, size - len(sums)))
    some = np.flatnonzero(total)
    return pl.DataFrame(
        {"supplier": names[some % groups], "at": some // groups, "planned_value": total[some]}
    )
