"""New items: forecast from a named reference sku, or from how items of the category began."""

from __future__ import annotations

import polars as pl

from stockturn.config.forecast import ForecastSettings
from stockturn.engine.expr import ratio
from stockturn.engine.forecast.adjust import FIGURES, adjusted, keys_of, rescaled
from stockturn.engine.forecast.run import ForecastResult

YOUNG = ("short_history", "no_demand")
"""Reason codes of series that the category's ramp may speak for."""


def with_new_items(
    result: ForecastResult, series: pl.DataFrame, items: pl.DataFrame, s: ForecastSettings
) -> ForecastResult:
    """The result with better forecasts for new items.

    ``series``: the demand series the forecast was made from. ``items``: sku, and where known like (the reference sku)
    and category. New is an item with at most ``ramp_buckets`` periods that has a reference, or fewer than
    ``short_history`` periods. With a reference: the reference's forecast times (own demand so far / the reference's
    demand in the same periods); times 1 before the item has sold anything. Else by the category's ramp: the mean
    course of its items that began within the ledger, by age, scaled to the item's own demand so far. ``model`` says
    like or ramp, reason_code new_like or new_ramp; items with neither keep what they had.
    """
    table = _references(result.forecast, series, items, s)
    table = _ramps(table, series, items, s)
    new = pl.coalesce("like_mean", "ramp_mean", "mean")
    like, ramp = pl.col("like_mean").is_not_null(), pl.col("ramp_mean").is_not_null()
    source = pl.when(like).then(pl.lit("like")).when(ramp).then(pl.lit("ramp"))
    table = table.with_columns(source.alias("_source"))
    scaled = rescaled(_with_spread(table, new), new)
    done = scaled.with_columns(
        pl.coalesce("_source", "model").alias("model"),
        pl.coalesce(pl.lit("new_") + pl.col("_source"), "reason_code").alias("reason_code"),
    )
    return adjusted(result, done.select(result.forecast.columns))


def _with_spread(table: pl.DataFrame, new: pl.Expr) -> pl.DataFrame:
    """A forecast of 0 has no shape to scale: it gets the usual ratio of quantile to mean of all series first."""
    totals = table.select(pl.col(FIGURES).sum()).row(0, named=True)
    bare = pl.col("_source").is_not_null() & (pl.col("mean") <= 0)
    if totals["mean"] <= 0:
        return table
    shapes = [
        pl.when(bare).then(new * (totals[name] / totals["mean"])).otherwise(name).alias(name)
        for name in FIGURES
    ]
    return table.with_columns(shapes)


def _age(series: pl.DataFrame) -> pl.DataFrame:
    """The series with age (1, 2 ... since the first demand) and periods (how many in all); rows before it gone."""
    keys = keys_of(series)
    since = series.sort(*keys, "period").filter(pl.col("qty").cum_sum().over(keys) > 0)
    return since.with_columns(
        pl.int_range(1, pl.len() + 1).over(keys).alias("age"), pl.len().over(keys).alias("periods")
    )


def _references(
    forecast: pl.DataFrame, series: pl.DataFrame, items: pl.DataFrame, s: ForecastSettings
) -> pl.DataFrame:
    keys = keys_of(forecast)
    if "like" not in items.columns:
        return forecast.with_columns(like_mean=pl.lit(None, dtype=pl.Float64))
    named = (
        items.filter(pl.col("like").is_not_null()).select("sku", "like").unique("sku", maintain_order=True)
    )
    aged = _age(series)
    mine = aged.join(named, on="sku").filter(pl.col("periods") <= s.ramp_buckets)
    rest = [key for key in keys if key != "sku"]
    theirs = series.rename({"sku": "like", "qty": "_their"}).select("like", *rest, "period", "_their")
    both = mine.join(theirs, on=["like", *rest, "period"], how="left", nulls_equal=True)
    level = both.group_by(keys).agg(pl.col("qty").sum(), pl.col("_their").sum())
    young = aged.group_by(keys).agg(pl.col("periods").first())
    said = forecast.select(pl.col("sku").alias("like"), *rest, "period", pl.col("mean").alias("_like"))
    table = (
        forecast.join(named, on="sku", how="left", maintain_order="left")
        .join(said, on=["like", *rest, "period"], how="left", nulls_equal=True, maintain_order="left")
        .join(level, on=keys, how="left", nulls_equal=True, maintain_order="left")
        .join(young, on=keys, how="left", nulls_equal=True, maintain_order="left")
    )
    factor = ratio("qty", "_their").fill_null(1.0)
    new = pl.col("periods").fill_null(0) <= s.ramp_buckets
    return table.with_columns(
        pl.when(new & pl.col("_like").is_not_null()).then(pl.col("_like") * factor).alias("like_mean")
    ).drop("like", "_like", "qty", "_their", "periods")


def _ramps(
    table: pl.DataFrame, series: pl.DataFrame, items: pl.DataFrame, s: ForecastSettings
) -> pl.DataFrame:
    keys = keys_of(table)
    if "category" not in items.columns:
        return table.with_columns(ramp_mean=pl.lit(None, dtype=pl.Float64))
    named = items.select("sku", "category").drop_nulls().unique("sku", maintain_order=True)
    aged = _age(series).join(named, on="sku")
    first = series.select(pl.col("period").min()).item()
    launched = pl.col("period").min().over(keys) > pl.lit(first, dtype=pl.Date)
    course = aged.filter(launched & (pl.col("periods") > s.short_history))
    ramp = course.group_by("category", "age").agg(
        pl.col("qty").mean().alias("_usual"), pl.len().alias("_items")
    )
    ramp = ramp.filter(pl.col("_items") >= s.ramp_items).drop("_items")
    own = (
        aged.filter(pl.col("periods") < s.short_history)
        .join(ramp, on=["category", "age"], how="left")
        .group_by(keys)
        .agg(pl.col("qty").sum().alias("_own"), pl.col("_usual").sum(), pl.len().alias("_age"))
    )
    ahead = pl.int_range(1, pl.len() + 1).over(keys)
    young = pl.col("reason_code").is_in(YOUNG)
    out = (
        table.join(named, on="sku", how="left", maintain_order="left")
        .join(own, on=keys, how="left", nulls_equal=True, maintain_order="left")
        .with_columns((ahead + pl.col("_age").fill_null(0)).alias("age"))
        .join(ramp.rename({"_usual": "_course"}), on=["category", "age"], how="left", maintain_order="left")
    )
    factor = ratio("_own", "_usual").fill_null(1.0)
    return out.with_columns(pl.when(young).then(pl.col("_course") * factor).alias("ramp_mean")).drop(
        "category", "_own", "_usual", "_age", "age", "_course"
    )
