"""How old the stock is: what is on hand, laid on what came in last, by buckets of days."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.config import Settings
from stockturn.config.deadstock import DeadStockSettings
from stockturn.engine.entries import Entries
from stockturn.engine.expr import ratio, tidy
from stockturn.engine.layers import layers
from stockturn.engine.valued import ValuedDays

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
    entries: Entries,
    closing: pl.LazyFrame,
    settings: Settings,
    batches: pl.LazyFrame | None = None,
    valued: ValuedDays | None = None,
) -> pl.LazyFrame:
    """Stock by age: one row per row of ``closing`` (sku, warehouse, on_hand, value, ...).

    Columns out: sku, warehouse, and per bucket ``age_*`` (units), ``value_*`` (those units at the closing unit
    cost, so that they add up to the value of the balance), ``receipt_value_*`` (at the cost they came in at; at
    closing cost where no receipt says one), null where the cost is not known; mean_age_days (by quantity), oldest_on (null where some of it is older
    than the ledger). ``age_over_start`` is what stood there before the ledger began: at least that old.
    Where on_hand is 0 or less, every bucket is 0. ``valued``: the same entries valued; spares a pass over them.
    """
    return aged(layers(entries, closing, settings, batches, valued), entries, closing, settings)


def aged(parts: pl.LazyFrame, entries: Entries, closing: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """:func:`ageing` of layers that are known already."""
    parts = _with_receipt_value(parts, entries, closing)
    names = bucket_names(settings.deadstock)
    inside = {name: pl.col("bucket") == name for name in names}
    paid = pl.col("receipt_value")
    started = (pl.lit(entries.as_of) - pl.lit(entries.first_day)).dt.total_days() + 1
    days = pl.coalesce((pl.lit(entries.as_of) - pl.col("received_on")).dt.total_days(), started)
    oldest = pl.when(pl.col("received_on").is_not_null().all()).then(pl.col("received_on").min())
    summed = (
        parts.with_columns(bucket=bucket_of(entries.as_of, settings.deadstock), days=days)
        .group_by(CELL)
        .agg(
            *(tidy(pl.col("qty").filter(there).sum()).alias(f"age_{name}") for name, there in inside.items()),
            *(
                _known_sum(paid.filter(there)).alias(f"receipt_value_{name}")
                for name, there in inside.items()
            ),
            ratio(tidy((pl.col("days") * pl.col("qty")).sum()), tidy(pl.col("qty").sum())).alias(
                "mean_age_days"
            ),
            oldest.alias("oldest_on"),
        )
    )
    held = pl.col("on_hand") > 0
    amounts = [f"{prefix}_{name}" for prefix in ("age", "receipt_value") for name in names]
    return (
        closing.select(*CELL, "on_hand", unit=ratio("value", "on_hand"))
        .join(summed, on=CELL, how="left")
        .with_columns(pl.when(held).then(pl.col(name)).otherwise(0.0).alias(name) for name in amounts)
        .with_columns(
            pl.when(held).then(pl.col(f"age_{name}") * pl.col("unit")).otherwise(0.0).alias(f"value_{name}")
            for name in names
        )
        .drop("on_hand", "unit")
    )


def _known_sum(amount: pl.Expr) -> pl.Expr:
    """The sum, null where part of it is unknown; free of the last digits that depend on the order of adding."""
    return pl.when(amount.is_not_null().all()).then(tidy(amount.sum()))


def bucket_of(as_of: date, settings: DeadStockSettings) -> pl.Expr:
    """The bucket of a layer by its ``received_on``; what came before the ledger has one of its own."""
    age = (pl.lit(as_of) - pl.col("received_on")).dt.total_days()
    *spans, over, start = bucket_names(settings)
    name = pl.lit(over)
    for end, span in reversed(list(zip(settings.age_buckets, spans, strict=True))):
        name = pl.when(age <= end).then(pl.lit(span)).otherwise(name)
    return pl.when(age.is_null()).then(pl.lit(start)).otherwise(name)


def _with_receipt_value(parts: pl.LazyFrame, entries: Entries, closing: pl.LazyFrame) -> pl.LazyFrame:
    """Adds receipt_value: at receipt cost, an opening at the cost it was listed at, else at closing cost."""
    listed = (
        entries.points.filter((pl.col("on_hand") > 0) & pl.col("value").is_not_null())
        .group_by(CELL)
        .agg(opening_cost=(pl.col("value") / pl.col("on_hand")).sort_by("as_of").first())
    )
    opened = pl.when(pl.col("received_on").is_null()).then("opening_cost")
    return (
        parts.join(closing.select(*CELL, unit=ratio("value", "on_hand")), on=CELL, how="left")
        .join(listed, on=CELL, how="left")
        .with_columns(receipt_value=pl.col("qty") * pl.coalesce("receipt_cost", opened, "unit"))
    )
