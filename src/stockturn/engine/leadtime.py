"""How long a supplier takes: measured on receipts, shrunk towards the supplier, else stated; the source is said."""

from __future__ import annotations

import polars as pl

from stockturn.config.reorder import ReorderSettings
from stockturn.engine.expr import ratio

WEEK = 7

MEASURED, SUPPLIER, ITEM, STATED, DEFAULT = "measured", "supplier", "item", "stated", "default"


def observed(came: pl.LazyFrame, by: tuple[str, ...]) -> pl.LazyFrame:
    """Lead times per group of receipts: receipts, mean_days, sd_days (ddof 1, null below 2), min_days, max_days,
    before_order (receipts dated before their order: they count, and are said).

    From sums of whole days, which are exact: mean = sum / n, variance = (n * sum of squares - sum^2) / (n (n - 1)).
    """
    days, n = pl.col("days").cast(pl.Int64), pl.len().cast(pl.Int64)
    spread = ratio(n * (days * days).sum() - days.sum() ** 2, n * (n - 1))
    return came.group_by(by).agg(
        n.alias("receipts"),
        ratio(days.sum(), n).alias("mean_days"),
        spread.sqrt().alias("sd_days"),
        days.min().alias("min_days"),
        days.max().alias("max_days"),
        (days < 0).sum().cast(pl.Int64).alias("before_order"),
    )


def lead_times(
    came: pl.LazyFrame, items: pl.LazyFrame, terms: pl.LazyFrame, settings: ReorderSettings
) -> pl.LazyFrame:
    """The lead time that is planned with, per sku and its main supplier.

    ``came``: receipts (engine/open_orders). ``items``: sku, supplier, lead_time_days. ``terms``: one row per
    supplier (engine/suppliers). Columns out: sku, supplier, lead_time_days, lead_time_sd, lead_time_source
    (measured, supplier, item, stated, default), receipts, mean_days, sd_days (as measured, before shrinking),
    supplier_mean, supplier_sd (of all its goods).

    Shrinking with weight w (5): m = (n x + w m_supplier) / (n + w), the variance likewise; with fewer than two
    receipts the supplier's variance stands for the sku's. 2 receipts of mean 10 at a supplier with mean 17 give
    (2 * 10 + 5 * 17) / 7 = 15. Never below 0. Without any receipt of the supplier: the item's lead time, else the
    supplier's stated one, else the default; stated ones in working days are stretched to calendar days.
    """
    joined = _with_observed(came, items, terms)
    weight, week = settings.lead_time_weight, pl.col("work_week").fill_null(WEEK - 2)
    stretch = WEEK / week if settings.working_days else pl.lit(1.0)
    stated = pl.coalesce("item_days", "stated_days", pl.lit(settings.lead_time_days)) * stretch
    spread = pl.coalesce("stated_sd", pl.lit(settings.lead_time_sd)) * stretch
    return joined.select(
        "sku",
        "supplier",
        pl.coalesce(_shrunk_mean(weight), stated).clip(lower_bound=0.0).alias("lead_time_days"),
        pl.coalesce(_shrunk_variance(weight).sqrt(), spread).alias("lead_time_sd"),
        _source().alias("lead_time_source"),
        "receipts",
        "mean_days",
        "sd_days",
        "supplier_mean",
        "supplier_sd",
    )


def _with_observed(came: pl.LazyFrame, items: pl.LazyFrame, terms: pl.LazyFrame) -> pl.LazyFrame:
    """The items with what was measured on them and on their supplier, and what the supplier states."""
    own = observed(came, ("supplier", "sku")).select("supplier", "sku", "receipts", "mean_days", "sd_days")
    whole = observed(came, ("supplier",)).select("supplier", supplier_mean="mean_days", supplier_sd="sd_days")
    stated = terms.select("supplier", "work_week", stated_days="lead_time_days", stated_sd="lead_time_sd")
    return (
        items.select("sku", "supplier", item_days="lead_time_days")
        .join(own, on=["supplier", "sku"], how="left")
        .join(whole, on="supplier", how="left")
        .join(stated, on="supplier", how="left")
        .with_columns(receipts=pl.col("receipts").fill_null(0))
    )


def _source() -> pl.Expr:
    """Where the lead time was taken from."""
    return (
        pl.when(pl.col("receipts") > 0).then(pl.lit(MEASURED))
        .when(pl.col("supplier_mean").is_not_null()).then(pl.lit(SUPPLIER))
        .when(pl.col("item_days").is_not_null()).then(pl.lit(ITEM))
        .when(pl.col("stated_days").is_not_null()).then(pl.lit(STATED))
        .otherwise(pl.lit(DEFAULT))
    )  # fmt: skip


def _shrunk_mean(weight: float) -> pl.Expr:
    n = pl.col("receipts")
    own = pl.col("mean_days").fill_null(0.0) * n
    return ratio(own + weight * pl.col("supplier_mean"), n + weight).fill_null(pl.col("supplier_mean"))


def _shrunk_variance(weight: float) -> pl.Expr:
    n = pl.col("receipts")
    whole = pl.col("supplier_sd") ** 2
    own = pl.coalesce(pl.col("sd_days") ** 2, whole)
    return ratio(n * own + weight * whole, n + weight).fill_null(whole)
