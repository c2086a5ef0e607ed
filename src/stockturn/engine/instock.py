"""Days on sale and days in stock, bucket by bucket: what tells a quiet month from an empty shelf."""

from __future__ import annotations

import polars as pl

from stockturn.config import Settings
from stockturn.engine.demand import STEP, Bucket
from stockturn.engine.entries import Entries
from stockturn.engine.onsale import on_sale
from stockturn.engine.valued import ValuedDays


def in_stock_days(
    valued: ValuedDays, entries: Entries, settings: Settings, bucket: Bucket
) -> pl.LazyFrame | None:
    """Per cell and bucket: sku, warehouse, period, days (on sale), in_stock_days (of those, closed above 0).

    None where the stock is not known (no receipts in the ledger): demand is then left as sold. Cells whose
    opening is estimated have no rows.
    """
    sale = on_sale(valued, entries, settings)
    if sale is None:
        return None
    last = valued.day_of(valued.as_of)
    step = STEP[bucket]
    zero = pl.lit(valued.origin)
    spells = (
        valued.balances.lazy()
        .select(
            "cell",
            "day",
            pl.Series("live", sale.sale_days),
            pl.Series("out", sale.out_days),
            until=pl.col("day").shift(-1, fill_value=last + 1).over("cell"),
        )
        .filter((pl.col("live") > 0) & (pl.col("until") > pl.max_horizontal("day", 1)))
        .with_columns(
            start=zero + pl.duration(days=pl.max_horizontal("day", 1)),
            stop=zero + pl.duration(days=pl.col("until")),
        )
    )
    parts = (
        spells.with_columns(
            period=pl.date_ranges(
                pl.col("start").dt.truncate(step), pl.col("stop").dt.offset_by("-1d"), interval=step
            )
        )
        .explode("period")
        .with_columns(
            days=(
                pl.min_horizontal("stop", pl.col("period").dt.offset_by(step))
                - pl.max_horizontal("start", "period")
            ).dt.total_days()
        )
    )
    return (
        parts.group_by("cell", "period")
        .agg(
            days=pl.col("days").sum(),
            in_stock_days=(pl.col("days") * (1 - pl.col("out"))).sum().cast(pl.Int64),
        )
        .join(valued.cells.lazy().select("cell", "sku", "warehouse"), on="cell")
        .drop("cell")
    )
