"""Stock lists to stock points, and 收发存 summaries to two stock points and the movements of a period."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.model import Note
from stockturn.sources.body import Body
from stockturn.sources.captions import Vocabulary
from stockturn.sources.grid import ROW
from stockturn.sources.mapping import Plan
from stockturn.sources.parts import Context, Part, attributes, first, lineage, refusals, span, total


def stock(body: Body, plan: Plan, context: Context, words: Vocabulary) -> Part:
    """Balances at a moment. The date is the row's, else the config's, the title's or the file name's; where there is
    none it stays empty here and is settled when the whole ledger is known."""
    frame = body.data
    when = _moment(frame, context)
    notes = [
        Note(key, {"file": context.file, "sheet": context.sheet or "", **params})
        for key, params in body.notes
    ]
    if context.as_of is not None and "as_of" not in frame.columns and "updated_at" not in frame.columns:
        notes.append(
            Note(
                "as_of_used",
                {
                    "file": context.file,
                    "sheet": context.sheet or "",
                    "date": context.as_of,
                    "where": context.as_of_from or "",
                },
            )
        )
    plain = ("sku", "bin", "batch", "expiry", "received_on", "reserved")
    points = frame.select(
        ROW,
        when.alias("as_of"),
        *(name for name in plain if name in frame.columns),
        pl.col("on_hand").fill_null(0.0).alias("on_hand"),
        first(frame, "warehouse", "warehouse_code").alias("warehouse"),
        first(frame, "value", dtype=pl.Float64).alias("value"),
        first(frame, "unit_cost", "price", dtype=pl.Float64).alias("unit_cost"),
        _state(frame, words).alias("stock_status"),
        _ownership(frame, words).alias("ownership"),
        pl.lit(False).alias("at_start"),
    )
    points = points.with_columns(
        pl.coalesce("value", pl.col("on_hand") * pl.col("unit_cost")).alias("value"),
        pl.coalesce(
            "unit_cost", pl.when(pl.col("on_hand") != 0).then(pl.col("value") / pl.col("on_hand"))
        ).alias("unit_cost"),
    )
    return Part(
        tables={"stock": lineage(points, context)},
        accepted=frame,
        refused=body.refused,
        skipped=body.skipped,
        attributes=attributes(frame, context, with_supplier=True),
        amount_sum=total(frame["value"]) if "value" in frame.columns else total(points["value"]),
        qty_sum=total(points["on_hand"]),
        dates=span(points["as_of"]),
        notes=tuple(notes),
    )


def _moment(frame: pl.DataFrame, context: Context) -> pl.Expr:
    """A column of snapshot days counts by row; a time of last update is when the list was made: its latest value."""
    if context.rule is not None and context.rule.as_of is not None:
        return pl.lit(context.rule.as_of)
    if "as_of" in frame.columns:
        return pl.coalesce(pl.col("as_of"), pl.lit(context.as_of, pl.Date))
    if "updated_at" in frame.columns and frame["updated_at"].null_count() < len(frame):
        return pl.lit(frame["updated_at"].max())
    return pl.lit(context.as_of, pl.Date)


def _state(frame: pl.DataFrame, words: Vocabulary) -> pl.Expr:
    if "stock_status" not in frame.columns:
        return pl.lit("available")
    text = pl.col("stock_status").str.to_lowercase()
    return (
        pl.when(text.is_in(sorted(words.status["inspection"])) | text.str.contains("检|inspect"))
        .then(pl.lit("inspection"))
        .when(text.is_in(sorted(words.status["blocked"])) | text.str.contains("冻结|不良|block"))
        .then(pl.lit("blocked"))
        .otherwise(pl.lit("available"))
    )


def _ownership(frame: pl.DataFrame, words: Vocabulary) -> pl.Expr:
    if "ownership_text" not in frame.columns:
        return pl.lit("own")
    text = pl.col("ownership_text").str.to_lowercase()
    return (
        pl.when(text.is_in(sorted(words.status["consigned_in"])))
        .then(pl.lit("consigned_in"))
        .when(text.is_in(sorted(words.status["consigned_out"])))
        .then(pl.lit("consigned_out"))
        .otherwise(pl.lit("own"))
    )


def summary(body: Body, plan: Plan, context: Context) -> Part:
    """Opening, in, out and closing of a period: a point at its start, a point at its end, and what moved between,
    dated the last day and marked ``period``. An empty cell is nothing.

    The sheet does not say what came in and went out for; as long as the config says nothing else (``kinds`` with
    in = ..., out = ...), in is read as purchase and out as sale, and that is said.
    """
    frame = body.data
    days = context.period
    if days is None:
        return Part(
            {}, frame.clear(), pl.concat([body.refused, refusals(frame, "", "period_missing")]), body.skipped
        )
    start, end = days
    kinds = (plan.kinds.get("in", "purchase"), plan.kinds.get("out", "sale"))
    figures = {
        n: first(frame, n, dtype=pl.Float64).fill_null(0.0)
        for n in ("opening_qty", "in_qty", "out_qty", "closing_qty")
    }
    turn = (
        -1.0
        if "out_qty" in frame.columns
        and int((frame["out_qty"] < 0).sum()) > int((frame["out_qty"] > 0).sum())
        else 1.0
    )
    place = [
        first(frame, "warehouse", "warehouse_code").alias("warehouse"),
        *(pl.col(n) for n in ("batch",) if n in frame.columns),
    ]
    points = [
        _point(frame, figures["opening_qty"], "opening_value", start, True, place)
        if "opening_qty" in frame.columns
        else None,
        _point(frame, figures["closing_qty"], "closing_value", end, False, place),
    ]
    moves = [
        _move(frame, figures["in_qty"], "in_value", 1.0, kinds[0], end, place),
        _move(frame, figures["out_qty"] * turn, "out_value", -1.0, kinds[1], end, place, turn),
    ]
    moved = pl.concat(moves).filter((pl.col("qty") != 0) | (pl.col("cost").fill_null(0.0) != 0))
    notes = [
        Note(key, {"file": context.file, "sheet": context.sheet or "", **params})
        for key, params in body.notes
    ]
    notes.append(
        Note(
            "summary_kinds",
            {"file": context.file, "sheet": context.sheet or "", "into": kinds[0], "out": kinds[1]},
            "warning",
        )
    )
    closing = points[1]
    assert closing is not None
    return Part(
        tables={
            "stock": lineage(pl.concat([p for p in points if p is not None]), context),
            "movements": lineage(moved, context),
        },
        accepted=frame,
        refused=body.refused,
        skipped=body.skipped,
        attributes=attributes(frame, context),
        amount_sum=total(frame["closing_value"]) if "closing_value" in frame.columns else None,
        qty_sum=total(closing["on_hand"]),
        dates=(start, end),
        notes=tuple(notes),
    )


def _point(
    frame: pl.DataFrame, qty: pl.Expr, value: str, day: date, at_start: bool, place: list[pl.Expr]
) -> pl.DataFrame:
    return frame.select(
        ROW, pl.lit(day).alias("as_of"), "sku", qty.alias("on_hand"), *place,
        first(frame, value, dtype=pl.Float64).alias("value"), pl.lit(at_start).alias("at_start"),
    )  # fmt: skip


def _move(
    frame: pl.DataFrame,
    qty: pl.Expr,
    value: str,
    sign: float,
    kind: str,
    day: date,
    place: list[pl.Expr],
    turn: float = 1.0,
) -> pl.DataFrame:
    red = {"purchase": "purchase_return", "sale": "sale_return"}
    net = frame.select(
        ROW, pl.lit(day).alias("date"), "sku", (qty * sign).alias("qty"), *place,
        (first(frame, value, dtype=pl.Float64) * sign * turn).alias("cost"), pl.lit("period").alias("period_mark"),
    )  # fmt: skip
    flipped = pl.when(pl.col("qty") * sign < 0).then(pl.lit(red.get(kind, kind))).otherwise(pl.lit(kind))
    return net.with_columns(
        pl.when(pl.col("qty") == 0).then(pl.lit("revaluation")).otherwise(flipped).alias("kind")
    )
