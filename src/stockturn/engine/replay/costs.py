"""What a unit is worth in a replay: one cost per cell for all days and all policies, taken from the book of those days."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.engine.entries import Entries
from stockturn.engine.expr import ratio
from stockturn.engine.loss import Floats
from stockturn.engine.valued import ValuedDays


def unit_costs(
    valued: ValuedDays, entries: Entries, start: date, kinds: tuple[str, ...]
) -> tuple[Floats, Floats]:
    """Cost of a unit that lies there, and of one that is sold, by cell number.

    In stock: the value of all evenings from ``start`` on over the units of all evenings, where both are above 0, so that
    the average stock of what was done is that of turnover. Sold: cost of what was issued (``kinds``, net of what came
    back) over its units. A cell that held nothing has its last known unit cost, else the first that will be known, else
    that of the sku elsewhere, else the item's; one that sold nothing sells at the cost of its stock.
    """
    first = valued.day_of(start)
    listed = entries.items.select("sku", item_cost="unit_cost").collect()
    mean = ratio("worth", "units")
    issued = (pl.col("sold") > 0) & (pl.col("sold_cost") > 0)
    found = (
        valued.cells.select("sku", cell=_CELL)
        .join(_held(valued, first), on="cell", how="left", maintain_order="left")
        .join(_sold(valued, first, kinds), on="cell", how="left", maintain_order="left")
        .join(listed, on="sku", how="left", maintain_order="left")
        .with_columns(own=pl.coalesce(mean, "before", "later"))
        .with_columns(cost=pl.coalesce("own", pl.col("own").mean().over("sku"), "item_cost").fill_null(0.0))
        .with_columns(issued=pl.when(issued).then(ratio("sold_cost", "sold")).otherwise("cost"))
    )
    return found["cost"].to_numpy().copy(), found["issued"].to_numpy().copy()


_CELL, _DAY = pl.col("cell").cast(pl.Int64), pl.col("day").cast(pl.Int64)


def _held(valued: ValuedDays, first: int) -> pl.DataFrame:
    """By cell: value and units of its evenings from day ``first`` on, summed; the last unit cost before, the first ever."""
    until = pl.col("day").shift(-1, fill_value=valued.day_of(valued.as_of) + 1).over("cell")
    days = (until - pl.max_horizontal("day", pl.lit(first))).clip(lower_bound=0)
    good = (pl.col("on_hand") > 0) & (pl.col("value") > 0)
    rows = valued.balances.select(
        "on_hand",
        cell=_CELL,
        day=_DAY,
        value=pl.col("value").fill_nan(None),
        known=pl.col("unit_cost").fill_nan(None),
    )
    return (
        rows.with_columns(days=days)
        .group_by("cell")
        .agg(
            worth=(pl.col("value") * pl.col("days")).filter(good).sum(),
            units=(pl.col("on_hand") * pl.col("days")).filter(good).sum(),
            before=pl.col("known").filter(pl.col("day") < first).drop_nulls().last(),
            later=pl.col("known").drop_nulls().first(),
        )
    )


def _sold(valued: ValuedDays, first: int, kinds: tuple[str, ...]) -> pl.DataFrame:
    """By cell: units and cost of what was issued from day ``first`` on, less what came back."""
    kind = pl.col("kind").cast(pl.String)
    flows = valued.flows.select("qty", cell=_CELL, day=_DAY, value=pl.col("value").fill_nan(None), kind=kind)
    issued = flows.filter(pl.col("kind").is_in(kinds), pl.col("day") >= first)
    return issued.group_by("cell").agg(sold_cost=-pl.col("value").sum(), sold=-pl.col("qty").sum())
