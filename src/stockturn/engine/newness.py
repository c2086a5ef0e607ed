"""Goods that came for the first time a short while ago: neither dead nor too many yet."""

from __future__ import annotations

import polars as pl

from stockturn.engine.demand import Demand
from stockturn.engine.entries import Entries

RECEIVED = ("purchase", "production_in", "assembly_in", "other_in")
"""Kinds that bring goods from outside: the last of them is ``last_receipt``. Moving goods is no receipt."""

ARRIVED = (*RECEIVED, "transfer_in")
"""Kinds after which a cell holds goods that it did not hold before."""


def newness(entries: Entries, demand: Demand) -> pl.LazyFrame:
    """Per sku: first_received, where nothing happened to it before (an opening makes it old), else null."""
    arrived = (
        entries.movements.filter(pl.col("kind").is_in(ARRIVED) & (pl.col("qty") > 0))
        .group_by("sku")
        .agg(first_received=pl.col("date").min())
    )
    began = demand.active.group_by("sku").agg(began=pl.col("first_active").min())
    opened = entries.movements.filter(pl.col("kind") == "opening").select("sku").unique()
    return (
        arrived.join(began, on="sku")
        .filter(pl.col("first_received") <= pl.col("began"))
        .join(opened, on="sku", how="anti")
        .join(_listed_before(entries), on="sku", how="left")
        .filter((pl.col("first_listed") >= pl.col("first_received")).fill_null(True))
        .select("sku", "first_received")
    )


def _listed_before(entries: Entries) -> pl.LazyFrame:
    found = entries.points.filter(pl.col("on_hand") != 0)
    return found.group_by("sku").agg(first_listed=pl.col("as_of").min())
