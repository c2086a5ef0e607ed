"""How old the stock is: what is on hand, laid on what came in last, by buckets of days."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.config import Settings
from stockturn.config.deadstock import DeadStockSettings
from stockturn.engine.entries import Entries
from stockturn.engine.expr import ratio
from stockturn.engine.layers import layers

CELL = ["sku", "warehouse"]


def bucket_names(settings: DeadStockSettings) -> list[str]:
    """Suffixes of the age columns, youngest first; what is older than the ledger stands last.

    >>> bucket_names(DeadStockSettings())[-3:]
    ['181_365', 'over_365', 'over_start']
    """
    ends = settings.age_buckets
    spans = [f"{low}_{high}" for low, high in zip((0, *(end + 1 for end in ends)), ends, strict=False)]
    return [*spans, f"over_{ends[-1]}", "over_start"]


def ageing(
    entries: Entries, closing: pl.LazyFrame, settings: Settings, batches: pl.LazyFrame | None = None
) -> pl.LazyFrame:
    """Stock by age: one row per row of ``closing`` (sku, warehouse, on_hand, value, ...).

    Columns out: sku, warehouse, and per bucket ``age_*`` (units), ``value_*`` (those units at the closing unit
    cost, so that they add up to the value of the balance), ``receipt_value_*`` (at the cost they came in at; at
    closing cost where no receipt says one); mean_age_days (by quantity), oldest_on (null where some of it is older
    than the ledger). ``age_over_start`` is what stood there before the ledger began: at least that old.
    Where on_hand is 0 or less, every bucket is 0.
    """
    parts = _with_value(layers(entries, closing, settings, batches), entries, closing)
    names = bucket_names(settings.deadstock)
    bucket = bucket_of(entries.as_of, settings.deadstock)
    sums = [
        pl.col(column).filter(pl.col("bucket") == name).sum().alias(f"{prefix}_{name}")
        for prefix, column in (("age", "qty"), ("value", "value"), ("receipt_value", "receipt_value"))
        for name in names
    ]
    started = (pl.lit(entries.as_of) - pl.lit(entries.first_day)).dt.total_days() + 1
    days = pl.coalesce((pl.lit(entries.as_of) - pl.col("received_on")).dt.total_days(), started)
    oldest = pl.when(pl.col("received_on").is_not_null().all()).then(pl.col("received_on").min())
    aged = (
        parts.with_columns(bucket=bucket, days=days)
        .group_by(CELL)
        .agg(
            *sums,
            ratio((pl.col("days") * pl.col("qty")).sum(), pl.col("qty").sum()).alias("mean_age_days"),
            oldest.alias("oldest_on"),
        )
    )
    buckets = [f"{prefix}_{name}" for prefix in ("age", "value", "receipt_value") for name in names]
    return closing.select(CELL).join(aged, on=CELL, how="left").with_columns(pl.col(buckets).fill_null(0.0))


def bucket_of(as_of: date, settings: DeadStockSettings) -> pl.Expr:
    """The bucket of a layer by its ``received_on``; what came before the ledger has one of its own."""
    age = (pl.lit(as_of) - pl.col("received_on")).dt.total_days()
    *spans, over, start = bucket_names(settings)
    name = pl.lit(over)
    for end, span in reversed(list(zip(settings.age_buckets, spans, strict=True))):
        name = pl.when(age <= end).then(pl.lit(span)).otherwise(name)
    return pl.when(age.is_null()).then(pl.lit(start)).otherwise(name)


def _with_value(parts: pl.LazyFrame, entries: Entries, closing: pl.LazyFrame) -> pl.LazyFrame:
    """Adds value (share of the balance) and receipt_value (at receipt cost; an opening at the cost it was listed at)."""
    unit = ratio("value", "on_hand")
    listed = (
        entries.points.filter((pl.col("on_hand") > 0) & pl.col("value").is_not_null())
        .group_by(CELL)
        .agg(opening_cost=(pl.col("value") / pl.col("on_hand")).sort_by("as_of").first())
    )
    opened = pl.when(pl.col("received_on").is_null()).then("opening_cost")
    return (
        parts.join(closing.select(*CELL, unit=unit), on=CELL, how="left")
        .join(listed, on=CELL, how="left")
        .with_columns(
            value=pl.col("qty") * pl.col("unit"),
            receipt_value=pl.col("qty") * pl.coalesce("receipt_cost", opened, "unit"),
        )
    )
