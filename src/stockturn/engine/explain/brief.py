"""What a screen shows first of a sku that lies in several warehouses: the sku as a whole, and one line a warehouse."""

from __future__ import annotations

import polars as pl

from stockturn.engine.explain.registry import CELL

_FIRST = {
    "balance": ("closing_qty", "closing_value"),
    "turnover": ("turnover", "dio_days"),
    "reorder": ("position", "suggested_qty", "action"),
    "deadstock": ("status",),
}
"""What is asked first of each warehouse, by area."""

_RANKS = ("sold_qty", "closing_qty")
"""The warehouse that sells most comes first; of those that sell the same, the one that holds most."""


def brief(figures: pl.DataFrame) -> pl.DataFrame:
    """The figures of the skus as a whole; in areas that have none of the whole, those of the first warehouse alone.

    Alerts stay, and so does a sku of one warehouse. Same columns as ``figures``, in the same order.
    """
    house = pl.col("warehouse")
    place = pl.col("_place")
    single = house.drop_nulls().n_unique().over("sku") <= 1
    whole = house.is_null().any().over("sku", "area")
    first = ~whole & (place == place.min().over("sku", "area"))
    return (
        figures.join(_ranked(figures), on=CELL, how="left", maintain_order="left")
        .filter(single | house.is_null() | first | (pl.col("area") == "alerts"))
        .select(figures.columns)
    )


def overview(figures: pl.DataFrame) -> pl.DataFrame:
    """Of skus in several warehouses the figures asked first, the whole before the warehouses, the first of them first."""
    asked = [(area, name) for area, names in _FIRST.items() for name in names]
    wanted = pl.DataFrame(asked, schema=["area", "figure"], orient="row")
    several = pl.col("warehouse").drop_nulls().n_unique().over("sku") > 1
    return (
        figures.filter(several)
        .join(wanted, on=["area", "figure"], how="semi", maintain_order="left")
        .join(_ranked(figures), on=CELL, how="left", maintain_order="left")
        .sort("sku", "_place", nulls_last=False, maintain_order=True)
        .select(figures.columns)
    )


def _ranked(figures: pl.DataFrame) -> pl.DataFrame:
    """Each warehouse of each sku with its place ``_place``."""
    there = figures.filter(pl.col("warehouse").is_not_null())
    ranks = [pl.col("value").filter(pl.col("figure") == name).first().alias(name) for name in _RANKS]
    return (
        there.group_by(CELL)
        .agg(ranks)
        .sort(*_RANKS, *CELL, descending=[True] * len(_RANKS) + [False, False], nulls_last=True)
        .with_columns(_place=pl.int_range(pl.len()))
        .drop(_RANKS)
    )
