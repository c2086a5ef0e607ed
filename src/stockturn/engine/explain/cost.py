"""The unit cost: what the closing stock is valued at, and how its last change came about."""

from __future__ import annotations

import polars as pl

from stockturn.engine.explain.registry import CELL, About, Area, Behind, Figure
from stockturn.engine.newness import ARRIVED
from stockturn.engine.valuation import cost_keys
from stockturn.engine.valued import closing
from stockturn.schema import Unit

_AT_COST = (*ARRIVED, "sale_return")
"""Kinds that come in at a cost of their own and move an average."""


def cost(about: About) -> Area:
    """On hand, value and unit cost at as_of, by the cost method in force."""
    held = about.of(closing(about.run.valued))
    items = about.of(about.run.entries.items.select("sku", item_cost="unit_cost").collect())
    frame = (
        held.with_columns(
            cost_basis=pl.lit(about.run.valued.cost_basis),
            case=pl.when(
                (pl.col("on_hand") > 0)
                & pl.col("value").is_not_null()
                & pl.lit(about.run.valued.cost_basis != "ledger")
            )
            .then(pl.lit("held"))
            .otherwise(pl.lit("last")),
        )
        .join(items, on="sku", how="left")
        .join(_last_average(about), on=CELL, how="left")
    )
    return Area(
        "cost",
        frame,
        (
            Figure("cost_basis"),
            Figure("on_hand"),
            Figure("value", missing="no_cost"),
            Figure("opening_basis"),
            Figure("unit_cost", {"held": "value / on_hand", "last": ""}, by="case", missing="no_cost"),
            Figure("item_cost", unit=Unit.UNIT_MONEY, behind=(Behind("items"),), missing="not_stated"),
            Figure("last_arrival", unit=Unit.DATE, missing="no_arrival"),
            Figure(
                "cost_after_arrival",
                {"average": "(value_before + arrived_value) / (qty_before + arrived_qty)", "": ""},
                by="method",
                unit=Unit.UNIT_MONEY,
                missing="no_arrival",
            ),
            Figure("estimated"),
        ),
        (Behind("movements"), Behind("stock"), Behind("items")),
        "unit_cost",
    )


def _last_average(about: About) -> pl.DataFrame:
    """Per cell the last day on which goods came in, what came, what was there before, and the unit cost after it.

    ``method`` is ``average`` where the cost after it is the moving average of the cell alone, which those figures give.
    """
    valued = about.run.valued
    cells = about.of(valued.cells).select("cell", *CELL).unique(CELL, keep="none").lazy()
    came = (
        valued.flows.lazy()
        .filter(pl.col("kind").cast(pl.String).is_in(_AT_COST) & (pl.col("qty") > 0))
        .join(cells, on="cell")
        .filter(pl.col("day") == pl.col("day").max().over("cell"))
        .group_by("cell", *CELL, "day")
        .agg(arrived_qty=pl.col("qty").sum(), arrived_value=pl.col("value").fill_nan(None).sum())
    )
    before = pl.col("on_hand", "value").fill_nan(None).shift(1).over("cell").fill_null(0.0)
    balances = (
        valued.balances.lazy()
        .join(cells, on="cell", how="semi")
        .sort("cell", "day")
        .with_columns(before.name.suffix("_before"))
        .select(
            "cell",
            "day",
            qty_before="on_hand_before",
            value_before="value_before",
            cost_after_arrival=pl.col("unit_cost").fill_nan(None),
        )
    )
    found = came.join(balances, on=["cell", "day"], how="left").collect()
    zero = pl.lit(valued.origin)
    return found.select(
        *CELL,
        pl.exclude("cell", "day", *CELL),
        last_arrival=zero + pl.duration(days=pl.col("day")),
        method=_method(about),
    )


def _method(about: About) -> pl.Expr:
    """Whether the average is one of the cell alone, and nothing was owed when the goods came."""
    valued = about.run.valued
    alone = valued.cost_basis == "moving_average" and "warehouse" in cost_keys(
        valued.cost_basis, about.settings, ()
    )
    known = pl.lit(alone) & (pl.col("qty_before") >= 0)
    return pl.when(known).then(pl.lit("average")).otherwise(pl.lit(""))
