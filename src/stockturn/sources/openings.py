"""Opening balances that stand inside a ledger: lines of 期初结存 or OB, or the first running balance of a cell."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.sources.grid import ROW
from stockturn.sources.mapping import Plan
from stockturn.sources.parts import Context, Said, first, number


def openings(
    lines: pl.DataFrame, frame: pl.DataFrame, movements: pl.DataFrame, plan: Plan, context: Context
) -> tuple[pl.DataFrame | None, list[Said]]:
    """Stock points at the start of the ledger's first day (of its period where the title names one), or None.

    An opening per item over all warehouses is spread over the warehouses in which the item moved, so much to each
    that its balance never falls below nothing and the rest to the one that moved most: estimated, and said.
    """
    lines = _before_first(frame) if "opening_from_balance" in plan.spec.options else _balances(lines)
    if lines.is_empty():
        return None, []
    first_day = movements["date"].min()
    start = context.period[0] if context.period else first_day
    if not isinstance(start, date):
        return None, []
    if isinstance(first_day, date):
        start = min(start, first_day)
    notes: list[Said] = []
    placed = "warehouse" in movements.columns and movements["warehouse"].null_count() < len(movements)
    if placed and lines["warehouse"].null_count() == len(lines):
        spread = _spread(lines, movements)
        if len(spread) != len(lines):
            notes.append(("opening_spread", {}))
        lines = spread
    points = lines.with_columns(pl.lit(start).alias("as_of"), pl.lit(True).alias("at_start"))
    return points, notes


def _balances(lines: pl.DataFrame) -> pl.DataFrame:
    """Opening lines with a code: their balance, else their quantity."""
    if "sku" not in lines.columns:
        return pl.DataFrame()
    return lines.filter(pl.col("sku").is_not_null()).select(
        ROW,
        "sku",
        first(lines, "warehouse", "warehouse_code").alias("warehouse"),
        number(lines, "closing_qty", "in_qty", "qty").fill_null(0.0).alias("on_hand"),
        number(lines, "closing_value", "in_value", "cost", "amount").alias("value"),
    )


def _before_first(frame: pl.DataFrame) -> pl.DataFrame:
    """The running balance of each cell less its first line: what was there before."""
    if "closing_qty" not in frame.columns:
        return pl.DataFrame()
    if "date" in frame.columns and frame.height and frame["date"][0] > frame["date"][-1]:
        frame = frame.reverse()  # the latest line first
    value = number(frame, "closing_value") - pl.col("cost")
    rows = frame.with_columns(
        (pl.col("closing_qty") - pl.col("qty")).alias("on_hand"),
        value.alias("value"),
        first(frame, "warehouse", "warehouse_code").alias("warehouse"),
    )
    earliest = rows.group_by("sku", "warehouse", maintain_order=True).first()
    return earliest.select(ROW, "sku", "warehouse", "on_hand", "value")


def _spread(lines: pl.DataFrame, movements: pl.DataFrame) -> pl.DataFrame:
    # within a day receipts come before issues
    ordered = movements.sort("date", pl.col("qty") < 0, maintain_order=True)
    needs = (
        ordered.with_columns(pl.col("qty").cum_sum().over("sku", "warehouse").alias("sum"))
        .group_by("sku", "warehouse", maintain_order=True)
        .agg(
            (-pl.col("sum").min()).clip(lower_bound=0.0).alias("need"),
            pl.col("qty").abs().sum().alias("moved"),
        )
    )
    joined = lines.drop("warehouse").join(needs, on="sku", how="left", maintain_order="left")
    rest = pl.col("on_hand") - pl.col("need").sum().over("sku")
    main = pl.col("moved") == pl.col("moved").max().over("sku")
    only_one = main & (main.cast(pl.Int32).cum_sum().over("sku") == 1)
    share = (
        pl.when(pl.col("need").is_null())
        .then("on_hand")
        .otherwise(pl.col("need") + pl.when(only_one).then(rest).otherwise(0.0))
    )
    spread = joined.with_columns(share.alias("share"))
    cost = pl.when(pl.col("on_hand") != 0).then(pl.col("value") / pl.col("on_hand"))
    return spread.select(
        ROW, "sku", "warehouse", pl.col("share").alias("on_hand"), (pl.col("share") * cost).alias("value")
    ).filter((pl.col("on_hand") != 0) | pl.col("warehouse").is_null() | (pl.len().over("sku") == 1))
