"""Lines of documents and ledgers to signed movements (and to closed order lines where a receipt names its order)."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.model import Note
from stockturn.sources.body import Body
from stockturn.sources.captions import Vocabulary
from stockturn.sources.grid import ROW
from stockturn.sources.kinds import final_kind, kinds_of, signed
from stockturn.sources.mapping import Plan
from stockturn.sources.parts import (
    NO_REFUSALS,
    Context,
    Part,
    attributes,
    first,
    lineage,
    refusals,
    span,
    total,
)

_AMOUNTS = {
    "purchases": ("cost", "amount", "amount_gross"),
    "sales": ("revenue", "amount", "amount_gross", "cost"),
}
_LEDGER_AMOUNTS = ("cost", "amount", "revenue")
_SIDES = ("in_qty", "out_qty")


def documents(body: Body, plan: Plan, context: Context, words: Vocabulary) -> Part:
    """Movements of a list of documents, a ledger or a count.

    Kinds come from the movement text of the line, else from the sheet; signs from the sides, the usual sign of the
    kind in this sheet, or the line's own (see kinds.signed). Costs are signed like the quantity, revenue is
    positive for what is sold. A line of no quantity with an amount is a revaluation.
    """
    frame = body.data
    day = next(name for name in ("receipt_date", "ship_date", "date", "order_date") if name in frame.columns)
    frame = _quantities(frame)
    sided = any(name in frame.columns for name in _SIDES)
    frame, notes = _kinds(frame, plan, words, sided)
    unknown = frame.filter(pl.col("base").is_null())
    skipped = dict(body.skipped)
    if by_kind := int((frame["base"] == "skip").sum()):
        skipped["kind"] = by_kind
    frame = frame.filter(pl.col("base").is_not_null() & (pl.col("base") != "skip"))
    frame = signed(frame, sided or "diff_qty" in frame.columns or "counted_qty" in frame.columns)
    frame = frame.with_columns(final_kind())
    frame, amount, money_notes = _money(frame, plan, context)
    movements = _movement_columns(frame, day, context)
    tables = {"movements": lineage(movements, context)}
    if (orders := _closed_orders(frame, day, plan)) is not None:
        tables["orders"] = lineage(orders, context)
    if plan.orders_only:
        tables.pop("movements")
    return Part(
        tables=tables,
        accepted=frame,
        refused=pl.concat([body.refused, refusals(unknown, "doc_type", "kind_unknown")])
        if len(unknown)
        else body.refused,
        skipped=skipped,
        attributes=attributes(frame, context),
        amount_sum=amount,
        qty_sum=total(frame["qty"]),
        dates=span(frame[day]),
        notes=(
            *(
                Note(key, {"file": context.file, "sheet": context.sheet or "", **params})
                for key, params in body.notes
            ),
            *notes,
            *money_notes,
        ),
    )


def transfers(body: Body, plan: Plan, context: Context) -> Part:
    """One line from a warehouse to another becomes two legs; the arrival is dated where it has a date of its own."""
    frame = body.data
    day = "date" if "date" in frame.columns else "ship_date"
    cost = pl.coalesce(
        first(frame, "cost", "amount", dtype=pl.Float64),
        pl.col("qty") * first(frame, "unit_cost", "price", dtype=pl.Float64),
    )
    base = frame.with_columns(
        cost.alias("_cost"), first(frame, "unit_cost", "price", dtype=pl.Float64).alias("unit_cost")
    )
    legs = []
    for place, sign, kind, when in (
        ("from_warehouse", -1.0, "transfer_out", pl.col(day)),
        (
            "to_warehouse",
            1.0,
            "transfer_in",
            pl.coalesce(first(frame, "receipt_date", dtype=pl.Date), pl.col(day)),
        ),
    ):
        legs.append(
            base.select(
                ROW, when.alias("date"), "sku", (pl.col("qty") * sign).alias("qty"), pl.lit(kind).alias("kind"),
                pl.col(place).alias("warehouse"), (pl.col("_cost") * sign).alias("cost"), "unit_cost",
                *(name for name in ("doc_no", "line_no", "batch", "expiry", "unit", "currency") if name in frame.columns),
            )
        )  # fmt: skip
    both = pl.concat(legs)
    return Part(
        tables={"movements": lineage(both, context)},
        accepted=frame,
        refused=body.refused,
        skipped=body.skipped,
        attributes=attributes(frame, context),
        amount_sum=total(base["_cost"]),
        qty_sum=total(both["qty"]),
        dates=span(frame[day]),
        notes=tuple(
            Note(key, {"file": context.file, "sheet": context.sheet or "", **params})
            for key, params in body.notes
        ),
    )


def _quantities(frame: pl.DataFrame) -> pl.DataFrame:
    """``raw``: the quantity as the line says it, in minus out where there are two columns.

    A column of issues that is negative by itself (ERPNext) is not turned twice.
    """
    if any(name in frame.columns for name in _SIDES):
        inward = first(frame, "in_qty", dtype=pl.Float64).fill_null(0.0)
        outward = first(frame, "out_qty", dtype=pl.Float64).fill_null(0.0)
        turn = -1.0 if "out_qty" in frame.columns and _mostly_negative(frame["out_qty"]) else 1.0
        return frame.with_columns((inward - outward * turn).alias("raw"))
    if "diff_qty" in frame.columns:
        return frame.with_columns(pl.col("diff_qty").alias("raw"))
    if "counted_qty" in frame.columns:
        return frame.with_columns(
            (pl.col("counted_qty") - first(frame, "book_qty", dtype=pl.Float64).fill_null(0.0)).alias("raw")
        )
    return frame.with_columns(first(frame, "qty", dtype=pl.Float64).fill_null(0.0).alias("raw"))


def _mostly_negative(values: pl.Series) -> bool:
    return int((values < 0).sum()) > int((values > 0).sum())


def _kinds(
    frame: pl.DataFrame, plan: Plan, words: Vocabulary, sided: bool
) -> tuple[pl.DataFrame, list[Note]]:
    """``base``: the kind by text, else by sheet, else by side (said); null where nothing tells."""
    texts = [
        kinds_of(frame[name], words, plan.kinds) for name in ("reason", "doc_type") if name in frame.columns
    ]
    named = [pl.lit(series) for series in texts]
    # the sheet knows better than 其他 in a list of sales; a ledger has no kind of its own
    frame = frame.with_columns(pl.coalesce([*named, pl.lit(plan.kind, pl.String)]).alias("base"))
    weightless = (pl.col("raw") == 0) & ~pl.col("base").is_in(["skip", "revaluation"]).fill_null(False)
    frame = frame.with_columns(
        pl.when(weightless & _has_amount(frame))
        .then(pl.lit("revaluation"))
        .otherwise(pl.col("base"))
        .alias("base")
    )
    unknown = frame["base"].null_count()
    two_ways = (frame["raw"] < 0).any() and (frame["raw"] > 0).any()
    if unknown and (sided or two_ways):
        shown = frame.filter(pl.col("base").is_null())
        names = first(shown, "doc_type", "reason")
        samples = (
            shown.select(names.alias("t"))["t"].drop_nulls().unique(maintain_order=True).head(3).to_list()
        )
        frame = frame.with_columns(pl.col("base").fill_null("other"))
        return frame, [Note("kinds_by_side", {"rows": unknown, "texts": ", ".join(samples)}, "warning")]
    return frame, []


def _has_amount(frame: pl.DataFrame) -> pl.Expr:
    names = [n for n in ("cost", "amount", "in_value", "out_value") if n in frame.columns]
    return pl.any_horizontal([pl.col(n).fill_null(0.0) != 0 for n in names] or [pl.lit(False)])


def _money(
    frame: pl.DataFrame, plan: Plan, context: Context
) -> tuple[pl.DataFrame, float | None, list[Note]]:
    """cost (signed like qty), unit_cost, revenue and unit_price; and Σ of the mapped amount as it stands."""
    notes: list[Note] = []
    rate, rated = _tax(frame, context)
    selling = plan.spec.id == "sales" or "selling" in plan.spec.options
    meaning = (context.rule.amount if context.rule else None) or ("net" if selling else "cost")
    amount_field = next((n for n in _AMOUNTS.get(plan.spec.id, _LEDGER_AMOUNTS) if n in frame.columns), None)
    gross_seen = any(n in frame.columns for n in ("amount_gross", "price_gross")) or meaning == "gross"
    if gross_seen and not rated:
        notes.append(
            Note("gross_without_rate", {"file": context.file, "sheet": context.sheet or ""}, "warning")
        )
    by_amount = first(frame, "amount", dtype=pl.Float64)
    if meaning == "gross":
        by_amount = by_amount / (1 + rate)
    net = first(frame, "amount_gross", dtype=pl.Float64) / (1 + rate)
    price_net = first(frame, "price_gross", dtype=pl.Float64) / (1 + rate)
    to_cost = meaning == "cost"
    sides = _side_values(frame)
    cost = pl.coalesce(
        [
            sides,
            first(frame, "cost", dtype=pl.Float64),
            *([by_amount] if to_cost else []),
            *([net] if not selling else []),
        ]
    )
    revenue = pl.coalesce(
        [
            first(frame, "revenue", dtype=pl.Float64),
            *([] if to_cost else [by_amount]),
            *([net] if selling else []),
        ]
    )
    frame = frame.with_columns(
        cost.alias("_cost"),
        revenue.alias("_revenue"),
        pl.coalesce(
            first(frame, "unit_cost", dtype=pl.Float64),
            *([] if selling else [first(frame, "price", dtype=pl.Float64), price_net]),
        ).alias("unit_cost"),
        pl.coalesce(
            first(frame, "unit_price", dtype=pl.Float64),
            *(
                [first(frame, "price", dtype=pl.Float64), price_net]
                if selling
                else [pl.lit(None, pl.Float64)]
            ),
        ).alias("unit_price"),
    )
    sided = any(name in frame.columns for name in ("in_value", "out_value"))
    stands = _as_it_stands(frame, amount_field, sided, selling)
    frame = frame.with_columns(
        _signed_like(frame, "_cost", pl.col("qty").sign(), sided).alias("cost"),
        _signed_like(frame, "_revenue", -pl.col("qty").sign(), False).alias("revenue"),
    )
    frame = frame.with_columns(
        pl.coalesce("cost", pl.col("qty") * pl.col("unit_cost")).alias("cost"),
        pl.coalesce("revenue", -pl.col("qty") * pl.col("unit_price")).alias("revenue"),
        pl.coalesce(
            "unit_cost", pl.when(pl.col("qty") != 0).then((pl.col("cost") / pl.col("qty")).abs())
        ).alias("unit_cost"),
        pl.coalesce(
            "unit_price", pl.when(pl.col("qty") != 0).then((pl.col("revenue") / pl.col("qty")).abs())
        ).alias("unit_price"),
    )
    selling_kind = pl.col("kind").is_in(["sale", "sale_return"])
    frame = frame.with_columns(
        pl.when(selling_kind).then("revenue").alias("revenue"),
        pl.when(selling_kind).then("unit_price").alias("unit_price"),
    )
    return frame, stands, notes


def _side_values(frame: pl.DataFrame) -> pl.Expr:
    if not any(name in frame.columns for name in ("in_value", "out_value")):
        return pl.lit(None, pl.Float64)
    inward, outward = first(frame, "in_value", dtype=pl.Float64), first(frame, "out_value", dtype=pl.Float64)
    turn = -1.0 if "out_value" in frame.columns and _mostly_negative(frame["out_value"]) else 1.0
    known = inward.is_not_null() | outward.is_not_null()
    return pl.when(known).then(inward.fill_null(0.0) - outward.fill_null(0.0) * turn)


def _signed_like(frame: pl.DataFrame, name: str, sign: pl.Expr, already: bool) -> pl.Expr:
    """The amount with the sign of the movement.

    Where the amounts of lines with a negative quantity are mostly negative, the column carries the quantity's sign
    itself; else it is a magnitude. What stands without quantity stays as it is.
    """
    if already:
        return pl.col(name)
    minus = frame.filter((pl.col("raw") < 0) & (pl.col(name) != 0))[name]
    carries = len(minus) > 0 and int((minus < 0).sum()) * 2 > len(minus)
    magnitude = pl.col(name) * pl.col("raw").sign() if carries else pl.col(name)
    return pl.when(pl.col("qty") == 0).then(pl.col(name)).otherwise(magnitude * sign)


def _tax(frame: pl.DataFrame, context: Context) -> tuple[pl.Expr, bool]:
    """The tax rate of each line (0 where unknown) and whether any is known. 13 and 0.13 are the same rate."""
    configured = context.rule.tax_rate if context.rule else None
    if "tax_rate" in frame.columns and frame["tax_rate"].null_count() < len(frame):
        rate = pl.when(pl.col("tax_rate") >= 1).then(pl.col("tax_rate") / 100).otherwise(pl.col("tax_rate"))
        return rate.fill_null(configured or 0.0), True
    return pl.lit(configured or 0.0), configured is not None


def _as_it_stands(frame: pl.DataFrame, field: str | None, sided: bool, selling: bool) -> float | None:
    if sided:
        return total(frame["_cost"])
    if field is not None:
        return total(frame[field])
    price = "unit_price" if selling else "unit_cost"
    return total(frame["raw"] * frame[price]) if frame[price].null_count() < len(frame) else None


def _movement_columns(frame: pl.DataFrame, day: str, context: Context) -> pl.DataFrame:
    plain = (
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
    )
    ledger_currency = context.currency or None
    return frame.select(
        ROW,
        pl.col(day).alias("date"),
        *(name for name in plain if name in frame.columns),
        first(frame, "warehouse", "warehouse_code").alias("warehouse"),
        first(frame, "doc_no", "order_no").alias("doc_no"),
        first(frame, "supplier", "customer", "partner", "supplier_code").alias("partner"),
        pl.coalesce(first(frame, "currency"), pl.lit(ledger_currency, pl.String)).alias("currency"),
        first(frame, "ownership").alias("ownership"),
    )


def _closed_orders(frame: pl.DataFrame, day: str, plan: Plan) -> pl.DataFrame | None:
    """Order lines that a receipt names: order date, promise and ordered quantity. A receipt never opens an order."""
    if plan.spec.id != "purchases" or "order_date" not in frame.columns:
        return None
    rows = frame.filter(pl.col("order_date").is_not_null() & (pl.col("qty") > 0))
    names = ("sku", "order_date", "promised_date", "warehouse", "line_no", "part", "unit_cost")
    return rows.select(
        ROW,
        *(name for name in names if name in frame.columns),
        first(frame, "qty_ordered", "qty", dtype=pl.Float64).alias("qty_ordered"),
        pl.col("qty").alias("qty_received"),
        pl.lit(0.0).alias("qty_open"),
        pl.col(day).alias("received_date"),
        first(frame, "supplier", "partner", "supplier_code").alias("supplier"),
        first(frame, "order_no", "doc_no").alias("doc_no"),
        pl.lit(True).alias("closed"),
    )


__all__ = ["NO_REFUSALS", "date", "documents", "transfers"]
