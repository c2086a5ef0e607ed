"""One row per sku and warehouse with all that the stock rules ask, and the likely causes beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from stockturn.config import Settings
from stockturn.engine.deadstock import RECEIVED
from stockturn.engine.demand import Demand, mean_rate
from stockturn.engine.expr import ratio
from stockturn.engine.reorder_cells import Known
from stockturn.engine.valued import closing, negatives

if TYPE_CHECKING:
    from stockturn.engine.run import Run

CELL = ["sku", "warehouse"]
PLANNED = (
    "abc", "on_hand", "reserved", "position", "demand_per_day", "lead_time_days", "lead_time_source", "review_days",
    "safety_stock", "reorder_point", "order_up_to", "moq", "unit_cost", "stockout_date", "excess_qty", "excess_value",
)  # fmt: skip
LYING = ("status", "idle_days", "next_expiry", "expiring_qty", "expiring_value")


def cell_facts(run: Run, facts: Known, people: pl.DataFrame) -> pl.DataFrame:
    """The frame of the stock rules, one row per cell.

    From the closing balance: book_qty, value; from replenishment: the columns of ``PLANNED``, available = on_hand -
    reserved, days_to_stockout, wait_days (until goods can come), stopped; from dead stock: those of ``LYING``; and
    negative_days, sale_rate (days with a sale per day up to the last one), short_cause, excess_cause, name, category,
    supplier, owner, buyer. What rests on an estimated opening balance is null: it raises no alert.
    """
    as_of, settings = run.entries.as_of, run.settings
    book = closing(run.valued).select(
        *CELL, "value", "opening_basis", book_qty="on_hand", book_cost="unit_cost"
    )
    plan = run.reorder().reorder.select(*CELL, *PLANNED)
    lying = run.deadstock().select(*CELL, *LYING)
    status = facts.cells.select(*CELL, item_status="status")
    joined = book.lazy().join(plan.lazy(), on=CELL, how="full", coalesce=True)
    for frame in (lying, status, _due(run, facts), _below_zero(run), _pace(run), _last_receipt(run)):
        joined = joined.join(frame.lazy(), on=CELL, how="left")
    guessed = (pl.col("opening_basis") == "estimated").fill_null(False)
    free = pl.col("on_hand") - pl.col("reserved").fill_null(0.0)
    stopped = pl.col("item_status").str.to_lowercase().is_in(list(settings.reorder.stopped)).fill_null(False)
    figures = joined.with_columns(
        available=pl.when(~guessed).then(free),
        position=pl.when(~guessed).then("position"),
        book_qty=pl.when(~guessed).then(pl.col("book_qty").fill_null(0.0)),
        status=pl.when(~guessed).then("status"),
        excess_qty=pl.when(~guessed).then("excess_qty"),
        unit_cost=pl.coalesce("unit_cost", "book_cost"),
        days_to_stockout=(pl.col("stockout_date") - pl.lit(as_of)).dt.total_days(),
        wait_days=pl.coalesce("due_days", "lead_time_days"),
        stopped=stopped,
    )
    return (
        figures.with_columns(short_cause=_short_cause(settings), excess_cause=_excess_cause(settings))
        .join(people.lazy(), on="sku", how="left")
        .collect()
    )


def _due(run: Run, facts: Known) -> pl.DataFrame:
    """Per cell: due_days, until the first open line not yet past its promise is due (0: today); overdue_qty."""
    as_of = pl.lit(run.entries.as_of)
    days = (pl.col("promised_date") - as_of).dt.total_days()
    return facts.lines.group_by(CELL).agg(
        due_days=days.filter(days >= 0).min(), overdue_qty=pl.col("qty_open").filter(days < 0).sum()
    )


def _below_zero(run: Run) -> pl.DataFrame:
    """Per cell that is below zero at as_of: negative_days, since it went there."""
    spans = negatives(run.valued).filter(pl.col("end") == run.entries.as_of)
    return spans.group_by(CELL).agg(negative_days=pl.col("days").max())


def _pace(run: Run) -> pl.DataFrame:
    """Per cell: short_per_day and long_per_day (mean demand over alerts.short_days and long_days), sale_rate."""
    chosen = run.settings.alerts
    demand = Demand.of(run.entries, run.settings)
    short = mean_rate(demand, chosen.short_days).select(*CELL, short_per_day="demand_per_day")
    long = mean_rate(demand, chosen.long_days).select(*CELL, long_per_day="demand_per_day")
    sold = demand.days.group_by(CELL).agg(sale_days=pl.len(), last=pl.col("date").max())
    span = (pl.col("last") - pl.col("first_active")).dt.total_days() + 1
    often = demand.active.join(sold, on=CELL).select(*CELL, sale_rate=ratio("sale_days", span))
    return short.join(long, on=CELL, how="left").join(often, on=CELL, how="left").collect()


def _last_receipt(run: Run) -> pl.DataFrame:
    """Per cell what came in last from outside: last_kind, last_in_qty, and before_per_day, the mean demand of
    alerts.long_days before that day."""
    chosen = run.settings.alerts
    inward = run.entries.movements.filter(
        pl.col("kind").is_in((*RECEIVED, "sale_return")) & (pl.col("qty") > 0)
    ).select(*CELL, "date", "kind", "qty")
    last = (
        inward.filter(pl.col("date") == pl.col("date").max().over(CELL))
        .sort("kind")
        .group_by(CELL, maintain_order=True)
        .agg(
            came_on=pl.col("date").first(), last_kind=pl.col("kind").first(), last_in_qty=pl.col("qty").sum()
        )
    )
    demand = Demand.of(run.entries, run.settings)
    window = timedelta(days=chosen.long_days)
    before = (
        demand.days.join(last.select(*CELL, "came_on"), on=CELL)
        .filter((pl.col("date") < pl.col("came_on")) & (pl.col("date") >= pl.col("came_on") - window))
        .group_by(CELL)
        .agg(asked=pl.col("qty").sum())
    )
    alive = (pl.col("came_on") - pl.col("first_active")).dt.total_days().clip(upper_bound=chosen.long_days)
    return (
        last.join(before, on=CELL, how="left")
        .join(demand.active.select(*CELL, "first_active"), on=CELL, how="left")
        .select(*CELL, "last_kind", "last_in_qty", before_per_day=ratio("asked", alive))
        .collect()
    )


def _short_cause(settings: Settings) -> pl.Expr:
    """Why goods are short, the first that fits: supplier_late (something on order is past its promise),
    demand_spike (recent demand above alerts.spike times the long mean), parameter (no safety stock, or a lead time
    that nobody measured or stated), ordered_late (nothing is due)."""
    spike = pl.col("short_per_day") > settings.alerts.spike * pl.col("long_per_day")
    blind = (pl.col("safety_stock") <= 0) | (pl.col("lead_time_source") == "default")
    return (
        pl.when((pl.col("overdue_qty") > 0).fill_null(False)).then(pl.lit("supplier_late"))
        .when(((pl.col("long_per_day") > 0) & spike).fill_null(False)).then(pl.lit("demand_spike"))
        .when(blind.fill_null(False)).then(pl.lit("parameter"))
        .when(pl.col("due_days").is_null()).then(pl.lit("ordered_late"))
    )  # fmt: skip


def _excess_cause(settings: Settings) -> pl.Expr:
    """Why too much is there, the first that fits: return (what came in last came back), moq (the last receipt was no
    more than the minimum order, and that is above the need of lead time and review), above_suggestion (the last
    receipt was above alerts.overbuy times that need), demand_drop (recent demand below alerts.drop of the long mean).
    The need is that of the time before the receipt; what was suggested then is not kept."""
    chosen = settings.alerts
    need = pl.col("before_per_day") * (pl.col("lead_time_days") + pl.col("review_days"))
    came, bought = pl.col("last_in_qty"), pl.col("last_kind").is_in(RECEIVED)
    by_lot = bought & (came <= pl.col("moq")) & (pl.col("moq") > need)
    fell = (pl.col("long_per_day") > 0) & (pl.col("short_per_day") < chosen.drop * pl.col("long_per_day"))
    return (
        pl.when((pl.col("last_kind") == "sale_return").fill_null(False)).then(pl.lit("return"))
        .when(by_lot.fill_null(False)).then(pl.lit("moq"))
        .when((bought & (came > chosen.overbuy * need)).fill_null(False)).then(pl.lit("above_suggestion"))
        .when(fell.fill_null(False)).then(pl.lit("demand_drop"))
    )  # fmt: skip
