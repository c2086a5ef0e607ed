"""Lines of documents and ledgers to signed movements (and to closed order lines where a receipt names its order)."""

from __future__ import annotations

import polars as pl

from stockturn.sources.body import Body
from stockturn.sources.captions import Vocabulary
from stockturn.sources.grid import ROW
from stockturn.sources.kinds import BASE, kinds_of, signed, with_final_kind
from stockturn.sources.mapping import Plan
from stockturn.sources.money import with_money
from stockturn.sources.openings import openings
from stockturn.sources.parts import (
    Context,
    Part,
    Said,
    account,
    attributes,
    first,
    lineage,
    mostly_negative,
    number,
    refusals,
    span,
)
from stockturn.sources.places import between_places, codes_in_brackets, types_before_numbers

_SIDES = ("in_qty", "out_qty")
_PLAIN = [
    "sku",
    "qty",
    "kind",
    "bin",
    "batch",
    "unit",
    "unit_cost",
    "cost",
    "unit_price",
    "revenue",
    "expiry",
    "line_no",
    "part",
    "order_no",
    "order_line",
]


def documents(body: Body, plan: Plan, context: Context, words: Vocabulary) -> Part:
    """Movements of a list of documents, a ledger or a count.

    Kinds come from the movement text of the line, else from the sheet; signs from the sides, the usual sign of the
    kind in this sheet, or the line's own (see kinds.signed). Costs are signed like the quantity, revenue is
    positive for what is sold. A line of no quantity with an amount is a revaluation. Opening balances inside a
    ledger become stock points at the start of its first day.
    """
    frame = _by_options(body.data, plan)
    day = next(name for name in ("receipt_date", "ship_date", "date", "order_date") if name in frame.columns)
    frame = _quantities(frame)
    sided = any(name in frame.columns for name in _SIDES)
    frame, notes = _kinds(frame, plan, words, sided)
    unknown = frame.filter(pl.col("base").is_null())
    skipped = dict(body.skipped)
    if by_kind := int((frame["base"] == "skip").sum()):
        skipped["kind"] = by_kind
    frame = frame.filter(pl.col("base").is_not_null() & (pl.col("base") != "skip"))
    own_sign = sided or any(
        name in frame.columns for name in ("diff_qty", "gain_qty", "loss_qty", "counted_qty", "placed")
    )
    frame = with_final_kind(signed(frame, own_sign))
    frame, money = with_money(frame, plan, context)
    if "period" in plan.spec.options:
        # a month in which nothing moved is no movement; its row stays counted
        movements = _movements(frame.filter(pl.col("qty") != 0), day, context, plan.spec.options)
    else:
        movements = _movements(frame, day, context, plan.spec.options)
    tables = {} if plan.orders_only else {"movements": lineage(movements, context)}
    if (orders := _closed_orders(frame, day, plan)) is not None:
        tables["orders"] = lineage(orders, context)
    if (taken := _counts(frame, day)) is not None and not plan.orders_only:
        tables["counts"] = lineage(taken, context)
    points, spread = openings(_by_options(body.openings, plan), frame, movements, plan, context)
    if points is not None and not plan.orders_only:
        tables["stock"] = lineage(points, context)
    return Part(
        tables=tables,
        account=account(frame, pl.col("qty"), pl.col("amount_read")),
        refused=pl.concat([body.refused, refusals(unknown, "doc_type", "kind_unknown")]),
        skipped=skipped,
        attributes=attributes(frame, context),
        dates=span(frame[day]),
        notes=(*notes, *money, *spread),
    )


def transfers(body: Body, plan: Plan, context: Context) -> Part:
    """One line from a warehouse to another becomes two legs; the arrival is dated where it has a date of its own."""
    frame = body.data
    day = "date" if "date" in frame.columns else "ship_date"
    unit_cost = number(frame, "unit_cost", "price")
    cost = pl.coalesce(number(frame, "cost", "amount"), pl.col("qty") * unit_cost)
    base = frame.with_columns(cost.alias("_cost"), unit_cost.alias("unit_cost"))
    arrival = pl.coalesce(first(frame, "receipt_date", dtype=pl.Date), pl.col(day))
    legs = []
    for place, sign, kind, when in (
        ("from_warehouse", -1.0, "transfer_out", pl.col(day)),
        ("to_warehouse", 1.0, "transfer_in", arrival),
    ):
        same = ("doc_no", "line_no", "batch", "expiry", "unit", "currency")
        legs.append(
            base.select(
                ROW,
                when.alias("date"),
                "sku",
                (pl.col("qty") * sign).alias("qty"),
                pl.lit(kind).alias("kind"),
                pl.col(place).alias("warehouse"),
                (pl.col("_cost") * sign).alias("cost"),
                "unit_cost",
                *(name for name in same if name in frame.columns),
            )
        )
    return Part(
        tables={"movements": lineage(pl.concat(legs), context)},
        account=account(base, pl.lit(0.0), pl.col("_cost")),
        refused=body.refused,
        skipped=body.skipped,
        attributes=attributes(frame, context),
        dates=span(frame[day]),
    )


def _by_options(frame: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """What a profile says about its columns beyond their names."""
    if "code_in_brackets" in plan.spec.options:
        frame = codes_in_brackets(frame)
    if "type_before_number" in plan.spec.options:
        frame = types_before_numbers(frame)
    return between_places(frame) if "locations" in plan.spec.options else frame


def _quantities(frame: pl.DataFrame) -> pl.DataFrame:
    """``raw``: the quantity as the line says it, in minus out where there are two columns.

    A column of issues that is negative by itself (ERPNext) is not turned twice.
    """
    if any(name in frame.columns for name in _SIDES):
        turn = -1.0 if "out_qty" in frame.columns and mostly_negative(frame["out_qty"]) else 1.0
        inward, outward = number(frame, "in_qty").fill_null(0.0), number(frame, "out_qty").fill_null(0.0)
        return frame.with_columns((inward - outward * turn).alias("raw"))
    if "diff_qty" in frame.columns:
        return frame.with_columns(pl.col("diff_qty").fill_null(0.0).alias("raw"))
    if "gain_qty" in frame.columns or "loss_qty" in frame.columns:
        gain, loss = number(frame, "gain_qty").fill_null(0.0), number(frame, "loss_qty").fill_null(0.0)
        return frame.with_columns((gain - loss.abs()).alias("raw"))
    if "counted_qty" in frame.columns:
        gap = pl.col("counted_qty") - number(frame, "book_qty").fill_null(0.0)
        return frame.with_columns(gap.fill_null(0.0).alias("raw"))
    return frame.with_columns(number(frame, "qty").fill_null(0.0).alias("raw"))


def _kinds(
    frame: pl.DataFrame, plan: Plan, words: Vocabulary, sided: bool
) -> tuple[pl.DataFrame, list[Said]]:
    """``base``: the kind by places, by text, else by sheet, else by side (said); null where nothing tells."""
    named = [pl.col("placed").cast(BASE)] if "placed" in frame.columns else []
    texts = [n for n in ("reason", "doc_type", "doc_class", "in_out_class") if n in frame.columns]
    frame = frame.with_columns(kinds_of(frame[name], words, plan.kinds).alias(f"_{name}") for name in texts)
    # transfers, counts and assembly hide in 其他入库 / 其他出库: a second text that says more wins over "other"
    told = [pl.col(f"_{name}") for name in texts]
    exact = [pl.when(~column.is_in(["other_in", "other_out", "other"])).then(column) for column in told]
    frame = frame.with_columns(pl.coalesce([*named, *exact, *told, pl.lit(plan.kind, BASE)]).alias("base"))
    if len(texts) > 1:
        frame = frame.with_columns(_with_returns(told).alias("base"))
    amounts = [n for n in ("cost", "amount", "in_value", "out_value") if n in frame.columns]
    valued = pl.any_horizontal([pl.col(n).fill_null(0.0) != 0 for n in amounts] or [pl.lit(False)])
    other = ~pl.col("base").is_in(["skip", "revaluation"]).fill_null(False)
    frame = frame.with_columns(
        pl.when((pl.col("raw") == 0) & other & valued)
        .then(pl.lit("revaluation", BASE))
        .otherwise(pl.col("base"))
        .alias("base")
    )
    frame = _paired(frame)
    unknown = frame["base"].null_count()
    two_ways = (frame["raw"] < 0).any() and (frame["raw"] > 0).any()
    if not unknown or not (sided or two_ways):
        return frame, []
    shown = frame.filter(pl.col("base").is_null()).select(
        first(frame, "doc_type", "doc_class", "in_out_class", "reason").alias("t")
    )["t"]
    samples = ", ".join(shown.drop_nulls().unique(maintain_order=True).head(3).to_list())
    said: Said = ("kinds_by_side", {"rows": unknown, "texts": samples})
    return frame.with_columns(pl.col("base").fill_null(pl.lit("other", BASE))), [said]


def _with_returns(told: list[pl.Expr]) -> pl.Expr:
    """采购退货 in one column says more than 采购入库单 in another."""
    base = pl.col("base")
    for kind in ("purchase", "sale"):
        red = pl.any_horizontal([(text == f"{kind}_return").fill_null(False) for text in told])
        base = pl.when((pl.col("base") == kind) & red).then(pl.lit(f"{kind}_return", BASE)).otherwise(base)
    return base


def _paired(frame: pl.DataFrame) -> pl.DataFrame:
    """Lines without a kind whose document moves as much of the item in as out are a transfer."""
    if "doc_no" not in frame.columns or not (frame["base"].is_null() | (frame["base"] == "other")).any():
        return frame
    open_kind = pl.col("base").is_null() | (pl.col("base") == "other")
    over = ["doc_no", "sku", pl.col("raw").abs()]
    evens = (pl.col("raw").sum().over(over) == 0) & (pl.len().over(over) > 1) & (pl.col("raw") != 0)
    return frame.with_columns(
        pl.when(open_kind & evens & pl.col("doc_no").is_not_null())
        .then(pl.lit("transfer", BASE))
        .otherwise(pl.col("base"))
        .alias("base")
    )


def _movements(frame: pl.DataFrame, day: str, context: Context, options: frozenset[str]) -> pl.DataFrame:
    return frame.select(
        ROW,
        pl.col(day).alias("date"),
        *(name for name in _PLAIN if name in frame.columns),
        first(frame, "warehouse", "warehouse_code").alias("warehouse"),
        first(frame, "doc_no", "order_no").alias("doc_no"),
        first(frame, "supplier", "customer", "partner", "supplier_code").alias("partner"),
        pl.coalesce(first(frame, "currency"), pl.lit(context.currency or None, pl.String)).alias("currency"),
        *([pl.lit("period").alias("period_mark")] if "period" in options else []),
    )


def _counts(frame: pl.DataFrame, day: str) -> pl.DataFrame | None:
    """Book and count of a stock-take, also where they agree: what the accuracy of the book is measured by."""
    known = [name for name in ("book_qty", "counted_qty", "diff_qty") if name in frame.columns]
    if len(known) < 2:
        return None
    gap = number(frame, "diff_qty")
    rows = frame.select(
        ROW,
        pl.col(day).alias("date"),
        *(name for name in ("sku", "bin", "batch") if name in frame.columns),
        first(frame, "warehouse", "warehouse_code").alias("warehouse"),
        pl.coalesce(number(frame, "book_qty"), number(frame, "counted_qty") - gap).alias("book_qty"),
        pl.coalesce(number(frame, "counted_qty"), number(frame, "book_qty") + gap).alias("counted_qty"),
    )
    return rows.drop_nulls(["book_qty", "counted_qty"])


def _closed_orders(frame: pl.DataFrame, day: str, plan: Plan) -> pl.DataFrame | None:
    """Order lines that a receipt names: order date, promise and ordered quantity. A receipt never opens an order."""
    if plan.kind != "purchase" or "order_date" not in frame.columns or day == "order_date":
        return None
    rows = frame.filter(pl.col("order_date").is_not_null() & (pl.col("qty") > 0))
    names = ("sku", "order_date", "promised_date", "warehouse", "unit_cost")
    by_order = "order_no" in frame.columns
    receipt = ("part", "doc_no") if by_order else ("part",)  # each receipt of an order line is a part of it
    own_line = by_order and "doc_no" in frame.columns  # line_no is then the receipt's, not the order's
    return rows.select(
        ROW,
        *(name for name in names if name in frame.columns),
        first(frame, "order_line", *(() if own_line else ("line_no",))).alias("line_no"),
        first(frame, *receipt).alias("part"),
        number(frame, "qty_ordered", "qty").alias("qty_ordered"),
        pl.col("qty").alias("qty_received"),
        pl.lit(0.0).alias("qty_open"),
        pl.col(day).alias("received_date"),
        first(frame, "supplier", "partner", "supplier_code").alias("supplier"),
        first(frame, "order_no", "doc_no").alias("doc_no"),
        pl.lit(True).alias("closed"),
    )
