"""One row per sku and warehouse with all that the stock rules ask, and the likely causes beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from stockturn.engine.alerts.causes import excess_cause, last_receipt, short_cause, with_suggestion
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
LYING = (
    "status", "idle_days", "next_expiry", "expiring_qty", "expiring_value", "action", "cash_back",
)  # fmt: skip


def cell_facts(
    run: Run, facts: Known, people: pl.DataFrame, suggestions: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The frame of the stock rules, one row per cell.

    From the closing balance: book_qty, value; from replenishment: the columns of ``PLANNED``, available = on_hand -
    reserved, days_to_stockout, wait_days (until goods can come), stopped; from dead stock: those of ``LYING``; and
    negative_days, sale_rate (days with a sale per day up to the last one), short_cause, excess_cause, name, category,
    supplier, owner, buyer. What rests on an estimated opening balance is null: it raises no alert. ``demand_known``
    is false where the ledger has no sales at all. Where nothing is on
    hand, ``status`` is none and nothing expires: that is known. ``suggestions``: see causes.with_suggestion.
    """
    as_of, settings = run.entries.as_of, run.settings
    book = closing(run.valued).select(
        *CELL, "value", "opening_basis", book_qty="on_hand", book_cost="unit_cost"
    )
    plan = run.reorder().reorder.select(*CELL, *PLANNED)
    lying = run.deadstock().select(*CELL, *LYING)
    status = facts.cells.select(*CELL, item_status="status")
    joined = book.lazy().join(plan.lazy(), on=CELL, how="full", coalesce=True)
    demand = Demand.of(run.entries, settings)
    for frame in (
        lying,
        status,
        _due(run, facts),
        _below_zero(run),
        _pace(run, demand),
        last_receipt(run, demand),
    ):
        joined = joined.join(frame.lazy(), on=CELL, how="left")
    asked = demand.days.select(pl.len()).collect().item() > 0
    guessed = (pl.col("opening_basis") == "estimated").fill_null(False)
    free = pl.col("on_hand") - pl.col("reserved").fill_null(0.0)
    stopped = pl.col("item_status").str.to_lowercase().is_in(list(settings.reorder.stopped)).fill_null(False)
    figures = joined.with_columns(
        available=pl.when(~guessed).then(free),
        demand_known=pl.lit(asked),
        position=pl.when(~guessed).then("position"),
        book_qty=pl.when(~guessed).then(pl.col("book_qty").fill_null(0.0)),
        status=pl.when(~guessed).then(
            pl.when(pl.col("book_qty") > 0).then("status").otherwise(pl.lit("none"))
        ),
        expiring_qty=pl.when(~guessed).then(pl.col("expiring_qty").fill_null(0.0)),
        excess_qty=pl.when(~guessed).then("excess_qty"),
        unit_cost=pl.coalesce("unit_cost", "book_cost"),
        days_to_stockout=(pl.col("stockout_date") - pl.lit(as_of)).dt.total_days(),
        wait_days=pl.coalesce("due_days", "lead_time_days"),
        stopped=stopped,
    )
    return (
        with_suggestion(figures, facts, suggestions)
        .with_columns(short_cause=short_cause(settings), excess_cause=excess_cause(settings))
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


def _pace(run: Run, demand: Demand) -> pl.DataFrame:
    """Per cell: short_per_day and long_per_day (mean demand over alerts.short_days and long_days), sale_rate."""
    chosen = run.settings.alerts
    short = mean_rate(demand, chosen.short_days).select(*CELL, short_per_day="demand_per_day")
    long = mean_rate(demand, chosen.long_days).select(*CELL, long_per_day="demand_per_day")
    sold = demand.days.group_by(CELL).agg(sale_days=pl.len(), last=pl.col("date").max())
    span = (pl.col("last") - pl.col("first_active")).dt.total_days() + 1
    often = demand.active.join(sold, on=CELL).select(*CELL, sale_rate=ratio("sale_days", span))
    return short.join(long, on=CELL, how="left").join(often, on=CELL, how="left").collect()
