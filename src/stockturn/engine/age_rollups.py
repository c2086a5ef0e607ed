"""Ageing added up by any dimension, and what became of each age bucket since an earlier day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from stockturn.config.deadstock import DeadStockSettings
from stockturn.engine.ageing import bucket_names, bucket_of
from stockturn.engine.entries import DIMENSIONS
from stockturn.engine.expr import ratio, steady_sum, tidy

CELL = ["sku", "warehouse"]
AGE_DIMENSIONS = (*CELL, *DIMENSIONS)
"""What stock can be aged by."""

PARTS = ("opening", "cleared", "slid_out", "slid_in", "arrived", "closing")


def ageing_by(
    aged: pl.LazyFrame,
    closing: pl.LazyFrame,
    items: pl.LazyFrame,
    by: Sequence[str],
    settings: DeadStockSettings,
) -> pl.LazyFrame:
    """The frame of :func:`ageing` summed by sku, warehouse, category, brand, supplier, owner, buyer, seller or team.

    Columns out: the ``by`` columns, on_hand and value of what is on hand (negative balances apart), ``age_*``,
    ``value_*``, ``receipt_value_*``, mean_age_days (by quantity); sorted by ``by``. One row without ``by``.
    """
    names = bucket_names(settings)
    sums = [f"{prefix}_{name}" for prefix in ("age", "value", "receipt_value") for name in names]
    held = closing.filter(pl.col("on_hand") > 0).select(*CELL, "on_hand", "value")
    rows = held.join(aged, on=CELL).join(items.select("sku", *DIMENSIONS), on="sku", how="left")
    groups = rows.group_by(by) if by else rows.group_by(pl.lit(1).alias("all"))
    weighted = steady_sum(pl.col("mean_age_days") * pl.col("on_hand"))
    found = groups.agg(
        *(steady_sum(name) for name in ("on_hand", "value", *sums)),
        mean_age_days=ratio(weighted, steady_sum("on_hand")),
    )
    return found.sort(by) if by else found.drop("all")


@dataclass(frozen=True)
class Snapshot:
    """What was on hand at a day: its layers (:func:`stockturn.engine.layers.layers`) and its closing stock."""

    as_of: date
    layers: pl.LazyFrame
    closing: pl.LazyFrame


def ageing_movement(
    before: Snapshot, now: Snapshot, items: pl.LazyFrame, by: Sequence[str], settings: DeadStockSettings
) -> pl.LazyFrame:
    """What became of each age bucket between two days: one row per ``by`` and bucket, youngest first.

    Columns out: the ``by`` columns, age_bucket, and in units (``_qty``) and money (``_value``): opening, cleared
    (issued since), slid_out (still there, now in an older bucket), slid_in (from a younger one), arrived, closing.
    opening - cleared - slid_out + slid_in + arrived = closing, exactly. Money is units at the unit cost of ``now``
    (of ``before`` where nothing is left), so that a change of cost moves no bucket. Goods moved between warehouses
    are cleared there and arrived here with ``by`` warehouse, and neither without it.

    20 units of 25 days, of which 5 are sold in a month: 0-30 opens with 20, clears 5, slides out 15; 31-60 closes
    with 15.
    """
    grain = ["sku", *(["warehouse"] if "warehouse" in by else [])]
    key = [*grain, "received_on"]
    both = (
        _summed(before.layers, key, "was")
        .join(_summed(now.layers, key, "is"), on=key, how="full", coalesce=True, nulls_equal=True)
        .with_columns(pl.col("was", "is").fill_null(0.0))
        .join(_unit_costs(before, now, grain), on=grain, how="left")
        .with_columns(
            then=bucket_of(before.as_of, settings),
            today=bucket_of(now.as_of, settings),
            stayed=pl.min_horizontal("was", "is"),
        )
    )
    slid = pl.col("then") != pl.col("today")
    moved = pl.when(slid).then("stayed").otherwise(0.0)
    out = {"opening": pl.col("was"), "cleared": pl.col("was") - pl.col("stayed"), "slid_out": moved}
    come = {"slid_in": moved, "arrived": pl.col("is") - pl.col("stayed"), "closing": pl.col("is")}
    keep = [*grain, "unit_cost"]
    long = pl.concat(
        [
            both.filter(pl.col("was") > 0).select(*keep, age_bucket="then", **out),
            both.filter(pl.col("is") > 0).select(*keep, age_bucket="today", **come),
        ],
        how="diagonal",
    )
    names = bucket_names(settings)
    amounts = [tidy(pl.col(name).sum()).alias(f"{name}_qty") for name in PARTS]
    money = [steady_sum(pl.col(name) * pl.col("unit_cost")).alias(f"{name}_value") for name in PARTS]
    return (
        long.join(items.select("sku", *DIMENSIONS), on="sku", how="left")
        .group_by(*by, "age_bucket")
        .agg(*amounts, *money)
        .sort(*by, pl.col("age_bucket").replace_strict(names, list(range(len(names))), return_dtype=pl.Int64))
    )


def _summed(layers: pl.LazyFrame, key: list[str], name: str) -> pl.LazyFrame:
    return layers.group_by(key).agg(tidy(pl.col("qty").sum()).alias(name))


def _unit_costs(before: Snapshot, now: Snapshot, grain: list[str]) -> pl.LazyFrame:
    """Unit cost of each sku (in each warehouse) today, else at the earlier day."""
    held = [
        shot.closing.filter(pl.col("on_hand") > 0)
        .group_by(grain)
        .agg(ratio(steady_sum("value"), steady_sum("on_hand")).alias(name))
        for shot, name in ((before, "then_cost"), (now, "now_cost"))
    ]
    joined = held[0].join(held[1], on=grain, how="full", coalesce=True)
    return joined.select(*grain, unit_cost=pl.coalesce("now_cost", "then_cost"))
