"""Days without stock in a demand series: what would have been asked for, had there been something to sell."""

from __future__ import annotations

import polars as pl

from stockturn.config import Settings
from stockturn.engine.expr import ratio


def stockout_adjusted(
    series: pl.LazyFrame, in_stock: pl.LazyFrame, settings: Settings, by: tuple[str, ...] = ("sku",)
) -> pl.LazyFrame:
    """Adds to a demand series what its days without stock hid; shows what was added.

    ``series``: the ``by`` columns, period, qty; ``in_stock``: the ``by`` columns, period, days (of the bucket on
    sale), in_stock_days (closed with something on hand). Columns added: days, in_stock_days, censored (some day of
    it was without stock), qty_adjusted (>= qty), basis (``as_sold``, ``own_rate``, ``local_rate``, ``unknown``).

    A censored bucket with at least ``demand.min_in_stock_days`` and ``min_in_stock_share`` in-stock days is its own
    in-stock rate times its days; another one is sold units plus the local rate on its days without stock, the
    local rate being that of all in-stock days within ``local_buckets`` on each side. What is added is at most
    ``max_added`` times the local mean of a bucket of that length. Without any in-stock day around, qty stays.

    50 sold in 42 days of which 10 were out: 50 / 32 x 42 = 65.6.
    """
    chosen = settings.demand
    joined = series.join(in_stock, on=[*by, "period"], how="left").sort(*by, "period")
    window = 2 * chosen.local_buckets + 1
    known = pl.col("days") > 0
    sold = pl.when(known & (pl.col("in_stock_days") > 0)).then("qty").otherwise(0.0)
    around = {
        "near_qty": sold,
        "near_days": pl.when(known).then("in_stock_days").otherwise(0),
    }
    out = pl.col("days") - pl.col("in_stock_days")
    enough = (pl.col("in_stock_days") >= chosen.min_in_stock_days) & (
        pl.col("in_stock_days") >= chosen.min_in_stock_share * pl.col("days")
    )
    local = ratio("near_qty", "near_days")
    own = ratio("qty", "in_stock_days")
    return (
        joined.with_columns(
            expr.rolling_sum(window, min_samples=1, center=True).over(by).alias(name) for name, expr in around.items()
        )
        .with_columns(censored=(out > 0).fill_null(False), local=local)
        .with_columns(
            basis=pl.when(~pl.col("censored")).then(pl.lit("as_sold"))
            .when(enough).then(pl.lit("own_rate"))
            .when(pl.col("local").is_not_null()).then(pl.lit("local_rate"))
            .otherwise(pl.lit("unknown"))
        )
        .with_columns(
            added=pl.when(pl.col("basis") == "own_rate").then(own * out)
            .when(pl.col("basis") == "local_rate").then(pl.col("local") * out)
            .otherwise(0.0)
        )
        .with_columns(
            qty_adjusted=pl.col("qty")
            + pl.min_horizontal("added", chosen.max_added * pl.col("local") * pl.col("days")).fill_null(0.0)
        )
        .drop("near_qty", "near_days", "local", "added")
    )  # fmt: skip
