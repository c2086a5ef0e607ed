"""Total rows against the rows above them: a sum that does not add up is said, never believed and never corrected."""

from __future__ import annotations

import polars as pl

from stockturn.sources.grid import ROW
from stockturn.sources.parts import Said

_QUANTITIES = ("qty", "diff_qty", "on_hand", "in_qty", "out_qty", "qty_ordered", "opening_qty")
_AMOUNTS = ("cost", "amount", "revenue", "amount_gross", "in_value", "out_value", "value", "opening_value")
_BALANCES = {"closing_qty": "closing_qty", "closing_value": "closing_value"}
_NO_ROWS = ("total", "group", "opening_balance", "header", "title", "blank")
_UNSEEN = ("status",)
_PER_ROW = 0.012
"""Rounding of one amount: figures of two decimals that were summed before they were rounded drift by about this times
the root of their number."""

_EXACT = 0.005


def totals_checked(typed: pl.DataFrame, shape: str) -> list[Said]:
    """One note per column in which a total row is not the sum of the rows above it.

    A total is right where it is the sum of all rows since the table's start or since any total above (小计 per
    document, 合计 per page, 总计 at the end), with or without the rows that are skipped for their status. Sums over more
    than the sheet shows (累计) are not looked at, nor are running balances of a ledger.
    """
    if not (typed["_why"] == "total").any():
        return []
    balances = _BALANCES if shape == "summary" else ()
    names = [name for name in (*_QUANTITIES, *_AMOUNTS, *balances) if name in typed.columns]
    texts = [name for name, dtype in typed.schema.items() if dtype == pl.String and not name.startswith("_")]
    so_far = pl.any_horizontal(
        [pl.col(name).str.contains("累计").fill_null(False) for name in texts] or [pl.lit(False)]
    )
    why = pl.col("_why")
    seen = ~why.is_in(_NO_ROWS).fill_null(False)
    frame = typed.select(
        ROW,
        *names,
        why,
        seen.alias("_all"),
        (seen & ~why.is_in(_UNSEEN).fill_null(False)).alias("_live"),
        so_far.alias("_so_far"),
    )
    return [said for name in names if (said := _compared(frame, name)) is not None]


def _compared(frame: pl.DataFrame, name: str) -> Said | None:
    figure = pl.col(name).fill_null(0.0)
    sums = frame.with_columns(
        pl.when(pl.col(which)).then(figure).otherwise(0.0).cum_sum().alias(f"{which}_sum")
        for which in ("_all", "_live")
    ).with_columns(pl.col("_all").cast(pl.Int64).cum_sum().alias("_rows"))
    totals = sums.filter((pl.col("_why") == "total") & ~pl.col("_so_far"))
    said = totals.filter(pl.col(name).is_not_null())
    if said.is_empty():
        return None
    per_row = _PER_ROW if name in _AMOUNTS or name == "closing_value" else 0.0
    wrong = said.with_columns(
        pl.min_horizontal(_distance(said, totals, name, which) for which in ("_all_sum", "_live_sum")).alias(
            "_off"
        )
    ).filter(pl.col("_off") > _EXACT + per_row * pl.col("_rows").sqrt())
    if wrong.is_empty():
        return None
    row = wrong.row(0, named=True)
    before = totals.filter(pl.col(ROW) < row[ROW])
    start = before["_all_sum"][-1] if len(before) and row[ROW] != said[ROW][-1] else 0.0
    expected = row["_all_sum"] - start
    return (
        "total_differs",
        {"column": name, "row": row[ROW], "found": f"{row[name]:,.12g}", "expected": f"{expected:,.12g}"},
    )


def _distance(said: pl.DataFrame, totals: pl.DataFrame, name: str, which: str) -> pl.Series:
    """How far each total is from the nearest sum of rows that end above it."""
    starts = pl.concat([pl.Series([0.0]), totals[which]]).unique().sort().alias("_start").to_frame()
    wanted = said.select((pl.col(which) - pl.col(name)).alias("_want")).with_row_index("_at").sort("_want")
    near = wanted.join_asof(starts, left_on="_want", right_on="_start", strategy="nearest").sort("_at")
    return (near["_want"] - near["_start"]).abs()
