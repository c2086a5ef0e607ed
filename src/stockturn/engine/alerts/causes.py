"""Likely causes of short and of idle stock, from what happened before: a suggestion beside the column people fill in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from stockturn.config import Settings
from stockturn.engine.demand import Demand
from stockturn.engine.expr import ratio
from stockturn.engine.newness import RECEIVED
from stockturn.engine.reorder_cells import Known

if TYPE_CHECKING:
    from stockturn.engine.run import Run

CELL = ["sku", "warehouse"]


def last_receipt(run: Run, demand: Demand) -> pl.DataFrame:
    """Per cell what came in last from outside: came_on, last_kind, last_in_qty, and before_per_day, the mean demand of
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
        .select(*CELL, "came_on", "last_kind", "last_in_qty", before_per_day=ratio("asked", alive))
        .collect()
    )


def with_suggestion(cells: pl.LazyFrame, facts: Known, suggestions: pl.DataFrame | None) -> pl.LazyFrame:
    """Adds was_suggested: what the run in force suggested to buy when the last receipt was ordered; null where no run
    is kept from before that day.

    ``suggestions``: made_on, sku, warehouse, suggested_qty of the runs that are kept (what is not listed was 0).
    Needs came_on and lead_time_days: where no order says when it was placed, it was a lead time before the receipt.
    """
    if suggestions is None or suggestions.is_empty():
        return cells.with_columns(was_suggested=pl.lit(None, pl.Float64))
    ordered = facts.came.group_by(*CELL, came_on="received_date").agg(ordered_on=pl.col("order_date").max())
    days = pl.col("lead_time_days").fill_null(0.0).ceil().cast(pl.Int64)
    guessed = pl.col("came_on") - pl.duration(days=days)
    runs = suggestions.select(pl.col("made_on").unique().sort()).lazy().with_columns(_run="made_on")
    return (
        cells.join(ordered, on=[*CELL, "came_on"], how="left")
        .with_columns(ordered_on=pl.coalesce("ordered_on", guessed))
        .sort("ordered_on")
        .join_asof(runs, left_on="ordered_on", right_on="made_on", strategy="backward")
        .join(
            suggestions.lazy().select(*CELL, "suggested_qty", _run="made_on"), on=[*CELL, "_run"], how="left"
        )
        .with_columns(
            was_suggested=pl.when(pl.col("_run").is_not_null()).then(pl.col("suggested_qty").fill_null(0.0))
        )
        .drop("ordered_on", "made_on", "_run", "suggested_qty", strict=False)
    )


def short_cause(settings: Settings) -> pl.Expr:
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


def excess_cause(settings: Settings) -> pl.Expr:
    """Why too much is there, the first that fits: return (what came in last came back), above_suggestion (the last
    receipt was above alerts.over_suggestion times what was suggested when it was ordered), moq (it was no more than
    the minimum order, and that is above the need of lead time and review), above_suggestion again, where no suggestion
    is kept from then (it was above alerts.overbuy times that need), demand_drop (recent demand below alerts.drop of
    the long mean). The need is that of the time before the receipt."""
    chosen = settings.alerts
    need = pl.col("before_per_day") * (pl.col("lead_time_days") + pl.col("review_days"))
    came, bought = pl.col("last_in_qty"), pl.col("last_kind").is_in(RECEIVED)
    told = pl.col("was_suggested")
    over = bought & (came > chosen.over_suggestion * told)
    by_lot = bought & (came <= pl.col("moq")) & (pl.col("moq") > need)
    above_need = bought & told.is_null() & (came > chosen.overbuy * need)
    fell = (pl.col("long_per_day") > 0) & (pl.col("short_per_day") < chosen.drop * pl.col("long_per_day"))
    return (
        pl.when((pl.col("last_kind") == "sale_return").fill_null(False)).then(pl.lit("return"))
        .when(over.fill_null(False)).then(pl.lit("above_suggestion"))
        .when(by_lot.fill_null(False)).then(pl.lit("moq"))
        .when(above_need.fill_null(False)).then(pl.lit("above_suggestion"))
        .when(fell.fill_null(False)).then(pl.lit("demand_drop"))
    )  # fmt: skip
