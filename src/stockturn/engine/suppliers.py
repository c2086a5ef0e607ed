"""Suppliers: their terms, and how they have kept them."""

from __future__ import annotations

from datetime import date
from typing import Literal

import polars as pl

from stockturn.config.reorder import ReorderSettings
from stockturn.engine.expr import ratio, steady_sum
from stockturn.engine.leadtime import observed
from stockturn.engine.loss import z_value

HAIR = 1e-6
TERMS = {
    "supplier": pl.String,
    "lead_time_days": pl.Float64,
    "lead_time_sd": pl.Float64,
    "review_days": pl.Float64,
    "min_order_value": pl.Float64,
    "payment_days": pl.Float64,
    "backup_supplier": pl.String,
    "calendar": pl.String,
    "vmi": pl.Boolean,
}


def terms(suppliers: pl.LazyFrame, settings: ReorderSettings) -> pl.LazyFrame:
    """One row per supplier with its terms: the table's, the settings' over them.

    ``suppliers`` is the canonical table; rows for one sku only (a backup per sku) are left to :func:`backups`.
    Columns out: those of ``TERMS`` and work_week (days a week the supplier's calendar works, null without one).
    """
    general = pl.col("sku").is_null()
    stated = suppliers.filter(general).select(*TERMS).unique("supplier", keep="last", maintain_order=True)
    rules = pl.LazyFrame(
        [{"supplier": name, **rule.model_dump()} for name, rule in settings.suppliers.items()], schema=TERMS
    )
    both = stated.join(rules, on="supplier", how="full", coalesce=True, suffix="_rule")
    merged = both.select(
        "supplier", *(pl.coalesce(f"{name}_rule", name).alias(name) for name in TERMS if name != "supplier")
    )
    weeks = pl.LazyFrame(
        [{"calendar": name, "work_week": len(set(cal.weekdays))} for name, cal in settings.calendars.items()],
        schema={"calendar": pl.String, "work_week": pl.Int64},
    )
    return merged.join(weeks, on="calendar", how="left")


def backups(suppliers: pl.LazyFrame) -> pl.LazyFrame:
    """Backup suppliers named for one sku: sku, supplier, sku_backup."""
    return (
        suppliers.filter(pl.col("sku").is_not_null() & pl.col("backup_supplier").is_not_null())
        .select("sku", "supplier", pl.col("backup_supplier").alias("sku_backup"))
        .unique(["sku", "supplier"], keep="last", maintain_order=True)
    )


def line_service(came: pl.LazyFrame, lines: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Per supplier how its order lines fared: lines, on_time_lines, promised_lines, on_time_rate, full_rate,
    qty_accuracy, open_lines, old_lines, overdue_lines.

    ``came``: receipts; ``lines``: open lines. A line is on time when everything ordered was received by the promised
    day (the parts add up, qty_ordered counts once). Judged are closed lines with a promise, open lines promised by
    as_of, and open lines older than the supplier's mean lead time (``old_lines``): open ones are late.
    Where lines were closed, but none with a promise, on_time_rate is null: judging the late open ones alone would say 0.
    full_rate: share of closed lines received in full; qty_accuracy = 1 - sum |received - ordered| / sum ordered.
    """
    counts = [f"{kind}_lines" for kind in ("closed", "promised", "on_time", "open", "old", "overdue")]
    late_open = "late_open"
    return (
        _closed_service(came, lines)
        .join(_open_service(came, lines, as_of, late_open), on="supplier", how="full", coalesce=True)
        .with_columns(pl.col(*counts, late_open).fill_null(0))
        .with_columns(
            on_time_rate=pl.when((pl.col("promised_lines") > 0) | (pl.col("closed_lines") == 0)).then(
                ratio("on_time_lines", pl.col("promised_lines") + pl.col(late_open))
            )
        )
        .drop(late_open)
    )


def _closed_service(came: pl.LazyFrame, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Per supplier the finished lines: a line is finished where no open line of the same number is left."""
    line = ["supplier", "doc_no", "line_no", "sku", "order_date"]
    in_time = pl.col("received_date") <= pl.col("promised_date")
    unnumbered = pl.col("line_no").is_null() | pl.col("doc_no").is_null()
    by_line = (
        came.with_row_index("row")
        .with_columns(alone=pl.when(unnumbered).then("row"))
        .group_by(*line, "alone")
        .agg(
            pl.col("qty_ordered").max(),
            pl.col("qty_received").sum(),
            pl.col("qty_received").filter(in_time).sum().alias("in_time"),
            pl.col("promised_date").is_not_null().all().alias("promised"),
        )
        .join(lines.select(line).unique(), on=line, how="anti", nulls_equal=True)
    )
    ordered = pl.col("qty_ordered")
    missed = (pl.col("qty_received") - ordered).abs().sum()
    in_full, on_time = (pl.col(name) >= ordered - HAIR for name in ("qty_received", "in_time"))
    return by_line.group_by("supplier").agg(
        pl.len().cast(pl.Int64).alias("closed_lines"),
        _count(pl.col("promised")).alias("promised_lines"),
        _count(on_time & pl.col("promised")).alias("on_time_lines"),
        in_full.mean().alias("full_rate"),
        (1 - ratio(missed, ordered.sum())).alias("qty_accuracy"),
    )


def _open_service(came: pl.LazyFrame, lines: pl.LazyFrame, as_of: date, late: str) -> pl.LazyFrame:
    """Per supplier the lines still waited for; ``late`` counts those that are overdue or older than the mean."""
    mean = observed(came, ("supplier",)).select("supplier", "mean_days")
    age = (pl.lit(as_of) - pl.col("order_date")).dt.total_days()
    old, overdue = (age > pl.col("mean_days")).fill_null(False), pl.col("promised_date") <= as_of
    return (
        lines.join(mean, on="supplier", how="left")
        .with_columns(old=old, overdue=overdue.fill_null(False))
        .group_by("supplier")
        .agg(
            pl.len().cast(pl.Int64).alias("open_lines"),
            _count(pl.col("old")).alias("old_lines"),
            _count(pl.col("overdue")).alias("overdue_lines"),
            _count(pl.col("old") | pl.col("overdue")).alias(late),
        )
    )


def _count(condition: pl.Expr) -> pl.Expr:
    return condition.sum().cast(pl.Int64)


def supplier_scorecard(
    came: pl.LazyFrame,
    lines: pl.LazyFrame,
    supplier_terms: pl.LazyFrame,
    rates: pl.LazyFrame,
    as_of: date,
    settings: ReorderSettings,
) -> pl.LazyFrame:
    """How each supplier has done, one row per supplier, largest spend first.

    ``came``, ``lines``: receipts and open lines (engine/open_orders); ``rates``: sku, supplier, demand_per_day,
    unit_cost of the cells it delivers. Columns out: supplier, receipts, lead_time_days (mean), lead_time_sd (ddof 1),
    min_days, max_days, before_order, stated_days, late_days (mean days after the promise, over promised receipts),
    late_receipts (share after the promise), the columns of :func:`line_service`, spend (received x unit cost, all of
    the ledger to as_of), spend_share, price_change (mean over skus of last unit cost / first - 1, weighted by
    spend), open_value, stock_per_late_day and value_per_late_day: what each day of lead-time sd costs in safety stock
    of the supplier's goods, z x sum of d units and z x sum of d c money, z of the default service level;
    lateness_value: that times the sd there is.
    """
    stated = supplier_terms.select("supplier", stated_days="lead_time_days")
    frames = (
        line_service(came, lines, as_of),
        _spend(came),
        _price_change(came),
        _open_value(lines),
        _day_late(rates, settings),
        stated,
    )
    card = observed(came, ("supplier",)).rename({"mean_days": "lead_time_days", "sd_days": "lead_time_sd"})
    for number, frame in enumerate(frames):
        how: Literal["full", "left"] = "left" if number else "full"  # a supplier may have open orders alone
        card = card.join(frame, on="supplier", how=how, coalesce=True)
    return card.with_columns(
        pl.col("receipts", "before_order", "skus").fill_null(0),
        spend_share=ratio("spend", steady_sum("spend")),
        lateness_value=pl.col("value_per_late_day") * pl.col("lead_time_sd"),
    ).sort(["spend", "supplier"], descending=[True, False], nulls_last=True)


def _spend(came: pl.LazyFrame) -> pl.LazyFrame:
    """Value and skus received, and how far after the promise."""
    late = (pl.col("received_date") - pl.col("promised_date")).dt.total_days()
    return came.group_by("supplier").agg(
        late.mean().alias("late_days"),
        (late > 0).mean().alias("late_receipts"),
        steady_sum(pl.col("qty_received") * pl.col("unit_cost")).alias("spend"),
        pl.col("sku").n_unique().cast(pl.Int64).alias("skus"),
    )


def _price_change(came: pl.LazyFrame) -> pl.LazyFrame:
    """Unit cost of each sku at its last receipt against its first, weighted by what was spent on it."""
    priced = came.filter(pl.col("unit_cost") > 0).sort("received_date", "doc_no", "line_no", "unit_cost")
    by_sku = priced.group_by("supplier", "sku", maintain_order=True).agg(
        (pl.col("unit_cost").last() / pl.col("unit_cost").first() - 1).alias("change"),
        steady_sum(pl.col("qty_received") * pl.col("unit_cost")).alias("weight"),
        pl.len().alias("n"),
    )
    several = by_sku.filter(pl.col("n") > 1)
    return several.group_by("supplier").agg(
        ratio(steady_sum(pl.col("change") * pl.col("weight")), steady_sum("weight")).alias("price_change")
    )


def _open_value(lines: pl.LazyFrame) -> pl.LazyFrame:
    return lines.group_by("supplier").agg(
        steady_sum(pl.col("qty_open") * pl.col("unit_cost")).alias("open_value")
    )


def _day_late(rates: pl.LazyFrame, settings: ReorderSettings) -> pl.LazyFrame:
    """Safety stock that each day of lead-time spread costs: z d units, z d c money, summed over the supplier's goods."""
    z = float(z_value(settings.service_level or settings.default_service_level))
    units = z * pl.col("demand_per_day")
    return rates.group_by("supplier").agg(
        steady_sum(units).alias("stock_per_late_day"),
        steady_sum(units * pl.col("unit_cost")).alias("value_per_late_day"),
    )
