"""Forecasts kept from earlier runs against what came: where the misses were, and what human corrections were worth."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stockturn.engine.expr import ratio
from stockturn.engine.forecast.adjust import keys_of


def misses(kept: pl.DataFrame, actual: pl.DataFrame) -> pl.DataFrame:
    """One row per kept forecast whose period is over: its columns, actual, error (forecast - actual).

    ``kept``: sku, (warehouse), period, mean, made_on, horizon (buckets ahead), and base_mean where people corrected
    (the forecast before that). ``actual``: the demand series, zero-filled to the last complete bucket. A
    period up to that bucket without a row is 0: nothing was sold. Later periods are left out.
    """
    keys = keys_of(kept)
    last = actual.select(pl.col("period").max()).item()
    came = actual.group_by(*keys, "period").agg(pl.col("qty").sum().alias("actual"))
    table = kept.join(came, on=[*keys, "period"], how="left", nulls_equal=True, maintain_order="left")
    table = table.filter(pl.col("period") <= pl.lit(last, dtype=pl.Date))
    if "base_mean" not in table.columns:
        table = table.with_columns(pl.col("mean").alias("base_mean"))
    return table.with_columns(
        pl.col("actual").fill_null(0.0), pl.coalesce("base_mean", "mean").alias("base_mean")
    ).with_columns((pl.col("mean") - pl.col("actual")).alias("error"))


def review(
    kept: pl.DataFrame, actual: pl.DataFrame, by: Sequence[str] = ("sku",), about: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Error of kept forecasts by any of sku, warehouse, horizon, made_on, period and the columns of ``about``
    (sku, category, owner ...).

    Columns out: the ``by`` columns, periods (forecasts compared), expected_qty (forecast), actual_qty, wape, bias
    (positive: too much was forecast), abs_error, overrides (forecasts people changed), override_fva = 1 - sum |error| /
    sum |error before the change|, over those changed alone: positive where the corrections helped. Largest
    abs_error first.

    Forecast 12 against 10 is an error of 2; corrected to 11 before: override_fva 1 - 1 / 2 = 0.5.
    """
    table = misses(kept, actual)
    if about is not None:
        table = table.join(
            about.unique(subset="sku", keep="first", maintain_order=True), on="sku", how="left"
        )
    total = _sums(table, by)
    return total.select(
        *by,
        "periods",
        "expected_qty",
        "actual_qty",
        ratio("abs_error", "actual_qty").alias("wape"),
        ratio("error", "actual_qty").alias("bias"),
        "abs_error",
        "overrides",
        (1 - ratio("_after", "_before")).alias("override_fva"),
    ).sort("abs_error", *by, descending=[True, *([False] * len(by))])


def _sums(table: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Sums of errors per group; _after and _before over the forecasts people changed."""
    changed = pl.col("base_mean") != pl.col("mean")
    before = (pl.col("base_mean") - pl.col("actual")).abs()
    marked = table.with_columns(
        pl.col("error").abs().alias("_abs"),
        changed.alias("_changed"),
        pl.when(changed).then(pl.col("error").abs()).otherwise(0.0).alias("_after"),
        pl.when(changed).then(before).otherwise(0.0).alias("_before"),
    )
    return (marked.group_by(*by) if by else marked.group_by(pl.lit(0).alias("_all"))).agg(
        pl.len().cast(pl.Int64).alias("periods"),
        pl.col("mean").sum().alias("expected_qty"),
        pl.col("actual").sum().alias("actual_qty"),
        pl.col("_abs").sum().alias("abs_error"),
        pl.col("error").sum(),
        pl.col("_changed").sum().cast(pl.Int64).alias("overrides"),
        pl.col("_after").sum(),
        pl.col("_before").sum(),
    )
