"""Changing a forecast from outside: people's overrides, customers' open orders; quantiles and sums follow."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from stockturn.engine.forecast.panel import STEP
from stockturn.engine.forecast.quantiles import NAMES
from stockturn.engine.forecast.run import ForecastResult

FIGURES = ("mean", *NAMES)


def keys_of(frame: pl.DataFrame) -> list[str]:
    """The columns that name a series: sku, and warehouse where the frame has it."""
    return [name for name in ("sku", "warehouse") if name in frame.columns]


def bucket_start(column: str, bucket: str) -> pl.Expr:
    """First day of the bucket a date lies in (weeks begin on Monday)."""
    return pl.col(column).dt.truncate(STEP[bucket])


def rescaled(frame: pl.DataFrame, new_mean: pl.Expr) -> pl.DataFrame:
    """The frame with another mean; quantiles keep their ratio to it, and move with it where it was 0."""
    names = [name for name in (*NAMES, "error_sd") if name in frame.columns]
    old, new = pl.col("mean"), pl.col("_new")
    moved = [
        pl.when(new == old)
        .then(name)
        .when(old > 0)
        .then(pl.col(name) / old * new)
        .otherwise(pl.col(name) + new)
        .alias(name)
        for name in names
    ]
    frame = frame.with_columns(new_mean.alias("_new")).with_columns(*moved)
    return frame.with_columns(new.alias("mean")).drop("_new")


def adjusted(result: ForecastResult, forecast: pl.DataFrame) -> ForecastResult:
    """The result with another forecast of the same series and periods: the sums over a span change by what the
    buckets inside it changed by, their quantiles in proportion. Accuracy stays: it is of the forecast itself."""
    keys = keys_of(forecast)
    numbered = pl.int_range(1, pl.len() + 1).over(keys).alias("span")
    before = result.forecast.sort(*keys, "period").select(*keys, numbered, pl.col("mean").alias("before"))
    after = forecast.sort(*keys, "period").select(*keys, numbered, pl.col("mean").alias("after"))
    moved = (
        before.join(after, on=[*keys, "span"], nulls_equal=True)
        .sort(*keys, "span")
        .select(*keys, "span", (pl.col("after") - pl.col("before")).cum_sum().over(keys).alias("moved"))
    )
    sums = result.sums.join(moved, on=[*keys, "span"], how="left", nulls_equal=True, maintain_order="left")
    beyond = pl.col("moved").fill_null(strategy="forward").over(keys).fill_null(0.0)
    sums = rescaled(sums, (pl.col("mean") + beyond).clip(lower_bound=0.0)).drop("moved")
    return replace(result, forecast=forecast, sums=sums)


def apply_overrides(forecast: pl.DataFrame, overrides: pl.DataFrame, bucket: str) -> pl.DataFrame:
    """Human corrections of single buckets (SPEC 2: sku, period, qty or factor, warehouse, who, reason).

    Columns out: those of the forecast, with mean and quantiles corrected, and base_mean (before), who, override_reason
    (null where nobody corrected). ``period`` may be any day of the bucket. ``qty`` wins over ``factor``. Without a
    warehouse a qty is for the sku as a whole and is split as the forecast is (evenly where that is 0); a line
    with a warehouse wins over one without. Of several lines for the same bucket the last one counts.
    """
    keys = keys_of(forecast)
    lines = _complete(overrides).with_columns(bucket_start("period", bucket)).with_row_index("_line")
    general = _last(lines.filter(pl.col("warehouse").is_null()), ["sku", "period"])
    table = forecast.with_row_index("_row").join(general, on=["sku", "period"], how="left")
    within = pl.col("mean").sum().over("sku", "period")
    share = pl.when(within > 0).then(pl.col("mean") / within).otherwise(1 / pl.len().over("sku", "period"))
    table = table.with_columns(pl.col("qty") * share)
    if "warehouse" in keys:
        local = _last(lines.filter(pl.col("warehouse").is_not_null()), ["sku", "warehouse", "period"])
        table = table.join(local, on=["sku", "warehouse", "period"], how="left", suffix="_local")
        mine = pl.col("_line_local").is_not_null()
        table = table.with_columns(
            pl.when(mine).then(f"{name}_local").otherwise(name).alias(name)
            for name in ("qty", "factor", "who", "reason")
        )
    new = pl.coalesce("qty", pl.col("mean") * pl.col("factor"), "mean").clip(lower_bound=0.0)
    table = table.sort("_row").with_columns(pl.col("mean").alias("base_mean"))
    changed = rescaled(table, new)
    return changed.select(
        *(name for name in forecast.columns if name not in ("base_mean", "who", "override_reason")),
        "base_mean",
        "who",
        pl.col("reason").alias("override_reason"),
    )


def _complete(overrides: pl.DataFrame) -> pl.DataFrame:
    """The lines with the columns that may be missing, empty."""
    may_lack = {
        "warehouse": pl.String,
        "qty": pl.Float64,
        "factor": pl.Float64,
        "who": pl.String,
        "reason": pl.String,
    }
    missing = {name: dtype for name, dtype in may_lack.items() if name not in overrides.columns}
    return overrides.with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in missing.items())


def _last(lines: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    names = [*on, "qty", "factor", "who", "reason", "_line"]
    return lines.select(names).unique(subset=on, keep="last", maintain_order=True)


def with_open_orders(forecast: pl.DataFrame, orders: pl.DataFrame, bucket: str) -> pl.DataFrame:
    """A bucket's demand is at least what customers have ordered for it.

    ``orders``: sku, (warehouse), period (any day of the bucket), qty still to be shipped. mean and quantiles are
    raised to it where they lie below.
    """
    keys = keys_of(forecast)
    due = (
        orders.with_columns(bucket_start("period", bucket))
        .group_by(*keys, "period")
        .agg(pl.col("qty").sum().alias("_ordered"))
    )
    joined = forecast.join(due, on=[*keys, "period"], how="left", nulls_equal=True, maintain_order="left")
    ordered = pl.col("_ordered").fill_null(0.0)
    return joined.with_columns(pl.max_horizontal(name, ordered).alias(name) for name in FIGURES).drop(
        "_ordered"
    )


def totals_by(forecast: pl.DataFrame, about: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Forecasts added up from the skus: the ``by`` columns (from ``about``: sku, category ...), period, mean, skus.

    Only the means add up; quantiles of a group are not the sum of its skus' quantiles and are left out.
    """
    named = forecast.join(about.unique(subset="sku", keep="first", maintain_order=True), on="sku", how="left")
    groups = named.group_by(*by, "period").agg(pl.col("mean").sum(), pl.col("sku").n_unique().alias("skus"))
    return groups.sort(*by, "period")
