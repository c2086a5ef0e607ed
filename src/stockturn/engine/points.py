"""Stock points: what the ledger says was there at the end of a day, and whose it was."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stockturn.engine.expr import tidy

CONSIGNED_IN, CONSIGNED_OUT = "consigned_in", "consigned_out"


def stock_rows(stock: pl.LazyFrame) -> pl.LazyFrame:
    """Stock rows at the end of a day: sku, warehouse, bin, batch, ownership, received_on, expiry, as_of, on_hand, value,
    reserved.

    A list of opening balances stands at the end of the day before; where a closing list says what was there at that
    moment (the summary of the month before), it says the same once more. What others own has no value here.
    """
    stock = without_repeated_openings(stock)
    at_end = (
        pl.when(pl.col("at_start").fill_null(False))
        .then(pl.col("as_of") - pl.duration(days=1))
        .otherwise(pl.col("as_of"))
    )
    own = pl.col("ownership").fill_null("own") != CONSIGNED_IN
    value = pl.coalesce("value", pl.col("on_hand") * pl.col("unit_cost"))
    return stock.select(
        "sku",
        "warehouse",
        "bin",
        "batch",
        "ownership",
        "received_on",
        "expiry",
        as_of=at_end,
        on_hand="on_hand",
        value=pl.when(own).then(value).otherwise(0.0),
        reserved="reserved",
    )


def without_repeated_openings(stock: pl.LazyFrame) -> pl.LazyFrame:
    """The stock table without opening balances (``at_start``) of a moment that a closing list of the cell tells."""
    opens = pl.col("at_start").fill_null(False)
    if not stock.select(opens.any()).collect().item():
        return stock
    moment = ["sku", "warehouse", "ownership"]
    closed = stock.filter(~opens).select(*moment, as_of=pl.col("as_of") + pl.duration(days=1)).unique()
    first = stock.filter(opens).join(closed, on=[*moment, "as_of"], how="anti", nulls_equal=True)
    return pl.concat([stock.filter(~opens), first])


def points_of(stock: pl.LazyFrame, grain: Sequence[str] = ()) -> pl.LazyFrame:
    """One row per cell and day: sku, warehouse, the grain, as_of, on_hand, value, reserved."""
    return stock.group_by("sku", "warehouse", *grain, "as_of").agg(
        tidy(pl.col("on_hand").sum()),
        pl.when(
            (pl.col("value").is_not_null() | (pl.col("on_hand") == 0)).all()
            & pl.col("value").is_not_null().any()
        )
        .then(pl.col("value").sum())
        .alias("value"),
        pl.when(pl.col("reserved").is_not_null().any()).then(pl.col("reserved").sum()).alias("reserved"),
    )


def with_ownership(movements: pl.LazyFrame, stock: pl.LazyFrame) -> tuple[pl.LazyFrame, pl.LazyFrame, bool]:
    """Say whose each row is, and whether any goods are consigned. A row that does not say belongs to the one owner
    its cell has elsewhere, else it is own."""
    keys = ["sku", "warehouse", "ownership"]
    told = pl.concat([frame.select(keys) for frame in (movements, stock)])
    said = told.filter(pl.col("ownership").is_not_null()).unique().collect(engine="streaming")
    if said.filter(pl.col("ownership") != "own").is_empty():
        blank = pl.lit(None, pl.String).alias("ownership")
        return movements.with_columns(blank), stock.with_columns(blank), False
    only = said.filter(pl.len().over("sku", "warehouse") == 1).rename({"ownership": "only"}).lazy()
    whose = pl.coalesce("ownership", "only", pl.lit("own")).alias("ownership")

    def marked(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.join(only, on=["sku", "warehouse"], how="left").with_columns(whose).drop("only")

    return marked(movements), marked(stock), True


def carried_forward(movements: pl.LazyFrame, stock: pl.LazyFrame) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """An ``opening`` row after a cell's first movement or count says what is there, it brings nothing: a new
    year's opening balance is a stock point at the end of the day before. A stock list of that day wins."""
    cell = ["sku", "warehouse"]
    opening = pl.col("kind") == "opening"
    rows = movements.filter(opening).collect(engine="streaming")
    if rows.is_empty():
        return movements, stock
    moved = movements.filter(~opening).group_by(cell).agg(first_move=pl.col("date").min())
    counted = stock.group_by(cell).agg(first_point=pl.col("as_of").min())
    before = pl.col("date") - pl.duration(days=1)
    late = (pl.col("first_move") < pl.col("date")) | (pl.col("first_point") < before)
    dated = rows.lazy().join(moved, on=cell, how="left").join(counted, on=cell, how="left")
    marked = dated.with_columns(late=late.fill_null(False)).collect()
    cost = pl.coalesce("cost", pl.col("unit_cost") * pl.col("qty"))
    said = marked.filter("late").select(
        *cell, "bin", "batch", "ownership", before.alias("as_of"), on_hand="qty", value=cost
    )
    listed = stock.select(*cell, "as_of").unique()
    new = said.lazy().join(listed, on=[*cell, "as_of"], how="anti")
    kept = marked.filter(~pl.col("late")).select(rows.columns)
    return (
        pl.concat([movements.filter(~opening), kept.lazy()]),
        pl.concat([stock, new], how="diagonal"),
    )
