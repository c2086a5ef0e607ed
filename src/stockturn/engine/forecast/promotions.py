"""Promotions: their measured uplift, demand without them, forecasts with the planned ones."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from stockturn.config.forecast import ForecastSettings
from stockturn.engine.expr import ratio
from stockturn.engine.forecast.adjust import rescaled
from stockturn.engine.forecast.panel import STEP

TABLE = (
    "promotion", "sku", "start", "end", "planned_uplift", "measured_uplift", "used_uplift", "promotion_days",
    "promotion_qty", "expected_qty", "extra_qty", "leftover_qty", "margin_given_up",
)  # fmt: skip
"""Columns of the promotion table, in order."""


def promotion_days(promotions: pl.DataFrame, items: pl.DataFrame | None) -> pl.DataFrame:
    """One row per promotion, sku and day: promotion (row number), sku, date, uplift (planned, may be null).

    A promotion of a category is one of each of its skus (``items``: sku, category).
    """
    numbered = promotions.with_row_index("promotion")
    for name in ("sku", "category"):
        if name not in numbered.columns:
            numbered = numbered.with_columns(pl.lit(None, dtype=pl.String).alias(name))
    if "uplift" not in numbered.columns:
        numbered = numbered.with_columns(uplift=pl.lit(None, dtype=pl.Float64))
    core = numbered.select("promotion", "sku", "category", "start", "end", "uplift")
    named = core.filter(pl.col("sku").is_not_null()).drop("category")
    wide = core.filter(pl.col("sku").is_null() & pl.col("category").is_not_null()).drop("sku")
    if items is not None and "category" in items.columns:
        members = items.select("sku", "category").unique(maintain_order=True)
        wide = wide.join(members, on="category").select(named.columns)
    else:
        wide = named.clear()
    both = pl.concat([named, wide]).filter(pl.col("end") >= pl.col("start"))
    return both.with_columns(pl.date_ranges("start", "end").alias("date")).explode("date")


def promotion_table(
    days: pl.DataFrame,
    promotions: pl.DataFrame,
    items: pl.DataFrame | None,
    as_of: date,
    s: ForecastSettings,
    stock: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Planned against measured uplift: promotion (row number), sku, start, end, planned_uplift, measured_uplift,
    promotion_days, promotion_qty, expected_qty (without the promotion), extra_qty, used_uplift, leftover_qty,
    margin_given_up.

    ``days``: sku, (warehouse), date, qty, (revenue). measured = mean daily demand on its days up to ``as_of`` / mean
    daily demand on the days within ``promotion_window_days`` before and after that are in no promotion of the sku;
    null without such demand, and for days still to come. used_uplift, which demand is divided by: measured, else
    planned, else 1; never below 1, because what did not sell was not held back by the promotion. leftover_qty: on
    hand at its end (``stock``: sku, date, on_hand). margin_given_up: (mean price of the days around - mean price
    in it) x units sold in it, where revenue is known.

    14 units a day in the promotion, 10 around it: measured 1.4.
    """
    marked = promotion_days(promotions, items)
    if marked.is_empty():
        days = days.clear()  # nothing to measure: no need to add up millions of days
    money = "revenue" in days.columns
    revenue = pl.col("revenue").sum() if money else pl.lit(None, dtype=pl.Float64).alias("revenue")
    daily = days.group_by("sku", "date").agg(pl.col("qty").sum(), revenue)
    table = _counted(marked, daily, as_of, timedelta(days=s.promotion_window_days))
    rate = ratio("base_qty", "base_days")
    table = table.with_columns(
        ratio(ratio("promotion_qty", "promotion_days"), rate).alias("measured_uplift"),
        (rate * pl.col("promotion_days")).alias("expected_qty"),
    )
    price_gap = ratio("base_revenue", "base_qty") - ratio("promotion_revenue", "promotion_qty")
    given_up = price_gap * pl.col("promotion_qty") if money else pl.lit(None, dtype=pl.Float64)
    used = pl.coalesce("measured_uplift", "planned_uplift", pl.lit(1.0)).clip(lower_bound=1.0)
    table = table.with_columns(
        (pl.col("promotion_qty") - pl.col("expected_qty")).alias("extra_qty"),
        used.alias("used_uplift"),
        given_up.alias("margin_given_up"),
    )
    return _leftover(table, stock).select(TABLE)


def _counted(marked: pl.DataFrame, daily: pl.DataFrame, as_of: date, window: timedelta) -> pl.DataFrame:
    """One row per promotion and sku with days, quantity and revenue inside it (up to ``as_of``) and around it."""
    begin = daily.group_by("sku").agg(pl.col("date").min().alias("first"))
    past = marked.filter(pl.col("date") <= as_of).join(begin, on="sku", how="left")
    inside = past.filter(pl.col("date") >= pl.col("first")).join(daily, on=["sku", "date"], how="left")
    in_it = inside.group_by("promotion", "sku").agg(
        pl.len().cast(pl.Int64).alias("promotion_days"),
        pl.col("qty").sum().alias("promotion_qty"),
        pl.col("revenue").sum().alias("promotion_revenue"),
    )
    named = marked.group_by("promotion", "sku", maintain_order=True).agg(
        pl.col("start").first(), pl.col("end").first(), pl.col("uplift").first().alias("planned_uplift")
    )
    around = _around(marked, begin, daily, window, as_of)
    return named.join(in_it, on=["promotion", "sku"], how="left").join(
        around, on=["promotion", "sku"], how="left"
    )


def _around(
    marked: pl.DataFrame, begin: pl.DataFrame, daily: pl.DataFrame, window: timedelta, as_of: date
) -> pl.DataFrame:
    """Demand of the days around each promotion that are in no promotion of that sku: base_days, base_qty ..."""
    spans = marked.group_by("promotion", "sku").agg(pl.col("start").first(), pl.col("end").first())
    spans = spans.join(begin, on="sku").with_columns(
        pl.max_horizontal(pl.col("start") - window, "first").alias("from"),
        pl.min_horizontal(pl.col("end") + window, pl.lit(as_of)).alias("to"),
    )
    spans = spans.filter(pl.col("to") >= pl.col("from"))
    near = spans.with_columns(pl.date_ranges("from", "to").alias("date")).explode("date")
    free = near.join(marked.select("sku", "date").unique(), on=["sku", "date"], how="anti")
    return (
        free.join(daily, on=["sku", "date"], how="left")
        .group_by("promotion", "sku")
        .agg(
            pl.len().alias("base_days"),
            pl.col("qty").sum().alias("base_qty"),
            pl.col("revenue").sum().alias("base_revenue"),
        )
    )


def _leftover(table: pl.DataFrame, stock: pl.DataFrame | None) -> pl.DataFrame:
    if stock is None:
        return table.with_columns(leftover_qty=pl.lit(None, dtype=pl.Float64))
    daily = stock.group_by("sku", "date").agg(pl.col("on_hand").sum().alias("leftover_qty"))
    return table.join(daily, left_on=["sku", "end"], right_on=["sku", "date"], how="left")


def without_promotions(days: pl.DataFrame, promotions: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Daily demand with the uplift taken out of promotion days: the columns of ``days``, qty divided by the
    uplift, and promotion_qty, what was taken out. ``table`` is :func:`promotion_table`, ``promotions`` its days
    (:func:`promotion_days`). Where promotions of one sku overlap, the largest uplift counts once."""
    uplift = (
        promotions.select("promotion", "sku", "date")
        .join(table.select("promotion", "sku", "used_uplift"), on=["promotion", "sku"])
        .group_by("sku", "date")
        .agg(pl.col("used_uplift").max())
    )
    joined = days.join(uplift, on=["sku", "date"], how="left", maintain_order="left")
    clean = pl.col("qty") / pl.col("used_uplift").fill_null(1.0)
    return joined.with_columns(clean.alias("qty"), (pl.col("qty") - clean).alias("promotion_qty")).drop(
        "used_uplift"
    )


def with_promotions(
    forecast: pl.DataFrame, promotions: pl.DataFrame, table: pl.DataFrame, bucket: str
) -> pl.DataFrame:
    """The forecast with the planned promotions put on: each bucket times 1 + sum over its promotion days of
    (planned uplift - 1) / days of the bucket. Columns out: those of the forecast and promotion_qty, what was added.

    A promotion without a planned uplift gets what the same sku's past ones measured on average, else none.
    """
    learned = (
        table.filter(pl.col("measured_uplift").is_not_null())
        .group_by("sku")
        .agg(pl.col("used_uplift").mean())
    )
    step = STEP[bucket]
    lift = (
        promotions.join(learned, on="sku", how="left")
        .with_columns(pl.coalesce("uplift", "used_uplift", pl.lit(1.0)).alias("uplift"))
        .group_by("sku", "date")
        .agg(pl.col("uplift").max())
        .with_columns(pl.col("date").dt.truncate(step).alias("period"))
        .group_by("sku", "period")
        .agg((pl.col("uplift") - 1).sum().alias("_lift"))
    )
    length = (pl.col("period").dt.offset_by(step) - pl.col("period")).dt.total_days()
    joined = forecast.join(lift, on=["sku", "period"], how="left", maintain_order="left")
    extra = pl.col("mean") * (pl.col("_lift").fill_null(0.0) / length).clip(lower_bound=-1.0)
    joined = joined.with_columns(extra.alias("promotion_qty"))
    return rescaled(joined, pl.col("mean") + pl.col("promotion_qty")).drop("_lift")
