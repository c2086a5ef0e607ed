"""Transfers before purchases: surplus of one warehouse to the shortage of another, as little as removes it."""

from __future__ import annotations

import numpy as np
import polars as pl

from stockturn.engine.loss import Floats


def rebalance(cells: pl.DataFrame, shortage: Floats, surplus: Floats) -> pl.DataFrame:
    """Moves between warehouses of one sku, one row per move.

    ``cells``: sku, warehouse, unit_cost, one row per cell; ``shortage`` units wanted, ``surplus`` units that can be
    spared without making a shortage. Both in whole units here: a shortage is rounded up, a surplus down. Columns out:
    sku, from_warehouse, to_warehouse, qty, value.

    Per sku the smaller of total surplus and total shortage is moved, which is the least that removes the shortage.
    Givers and takers are laid side by side on one axis, largest first, so that at most givers + takers - 1 moves
    are needed: surplus 30 and 5 against shortages 20 and 10 is 20 and 10 from the first.
    """
    frame = cells.select("sku", "warehouse").with_columns(
        short=pl.Series(np.ceil(shortage - 1e-9)), spare=pl.Series(np.floor(surplus + 1e-9))
    )
    costs = cells.select("sku", "unit_cost", from_warehouse="warehouse")
    takers = _axis(frame, "short", "to_warehouse")
    givers = _axis(frame, "spare", "from_warehouse")
    takers = takers.join(givers.select("sku").unique(), on="sku", how="semi")
    givers = givers.join(takers.select("sku").unique(), on="sku", how="semi")
    marks = pl.concat([givers, takers], how="diagonal").sort("sku", "end")
    total = pl.min_horizontal(
        pl.col("end").filter(pl.col("from_warehouse").is_not_null()).max().over("sku"),
        pl.col("end").filter(pl.col("to_warehouse").is_not_null()).max().over("sku"),
    )
    return (
        marks.with_columns(
            pl.col("from_warehouse", "to_warehouse").backward_fill().over("sku"),
            qty=pl.col("end") - pl.col("end").shift(1, fill_value=0.0).over("sku"),
        )
        .filter(pl.col("end") <= total, pl.col("qty") > 0)
        .join(costs, on=["sku", "from_warehouse"], how="left", maintain_order="left")
        .with_columns(value=pl.col("qty") * pl.col("unit_cost"))
        .select("sku", "from_warehouse", "to_warehouse", "qty", "value")
    )


def _axis(frame: pl.DataFrame, qty: str, name: str) -> pl.DataFrame:
    """The warehouses with that quantity, and where their part of the axis ends; largest first."""
    chosen = frame.filter(pl.col(qty) > 0).sort(["sku", qty, "warehouse"], descending=[False, True, False])
    return chosen.select(
        "sku", pl.col("warehouse").alias(name), pl.col(qty).cum_sum().over("sku").alias("end")
    )
