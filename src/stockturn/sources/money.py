"""Amounts of movements: what is cost and what is revenue, net of tax, with the sign of the movement."""

from __future__ import annotations

import polars as pl

from stockturn.sources.mapping import Plan
from stockturn.sources.parts import Context, Said, mostly_negative, number

_PURCHASES = ("cost", "amount", "amount_gross")
_SALES = ("revenue", "amount", "amount_gross", "cost")
_LEDGER = ("cost", "amount", "revenue")


def with_money(frame: pl.DataFrame, plan: Plan, context: Context) -> tuple[pl.DataFrame, list[Said]]:
    """Adds cost (signed like qty), unit_cost, revenue (positive for what is sold), unit_price, and ``amount_read``:
    the mapped amount as it stands, else quantity times price.

    An amount without a word of its own is what the config says (``amount`` = cost, net, gross), else what the profile
    says of its system's documents, else revenue in a list of sales and cost elsewhere. With tax it is divided by
    1 + rate; where no rate is known it stays and is said.
    """
    selling = plan.spec.base == "sales"
    meaning, notes = _meaning(frame, plan, context, selling)
    rate, rated = tax_rate(frame, context)
    frame = _costs_and_revenues(frame, meaning, rate, selling)
    if not rated and _gross_counts(frame, meaning, selling):
        notes.append(("gross_without_rate", {}))
    sided = any(name in frame.columns for name in ("in_value", "out_value"))
    frame = frame.with_columns(_read(frame, plan, sided, selling).alias("amount_read"))
    qty = pl.col("qty")
    frame = frame.with_columns(
        _signed_like(frame, "_cost", qty.sign(), sided).alias("cost"),
        _signed_like(frame, "_revenue", -qty.sign(), False).alias("revenue"),
    ).with_columns(
        pl.coalesce("cost", qty * pl.col("unit_cost")).alias("cost"),
        pl.coalesce("revenue", -qty * pl.col("unit_price")).alias("revenue"),
    )
    sold = pl.col("kind").is_in(["sale", "sale_return"])
    return frame.with_columns(
        pl.coalesce("unit_cost", _per_unit("cost")).alias("unit_cost"),
        pl.when(sold).then(pl.coalesce("unit_price", _per_unit("revenue"))).alias("unit_price"),
        pl.when(sold).then("revenue").alias("revenue"),
    ), notes


def _meaning(frame: pl.DataFrame, plan: Plan, context: Context, selling: bool) -> tuple[str, list[Said]]:
    """What an amount without a word of its own is, and a note where the profile decides."""
    if context.rule is not None and context.rule.amount:
        return context.rule.amount, []
    plain = any(_has(frame, name) for name in ("amount", "price"))
    told = any(_has(frame, name) for name in ("cost", "unit_cost", "revenue", "unit_price"))
    if plan.spec.amount and plain and not told:
        return plan.spec.amount, [("amount_by_profile", {"meaning": plan.spec.amount})] if selling else []
    return ("net" if selling else "cost"), []


def _has(frame: pl.DataFrame, name: str) -> bool:
    return name in frame.columns and frame[name].null_count() < len(frame)


def _gross_counts(frame: pl.DataFrame, meaning: str, selling: bool) -> bool:
    """Whether figures with tax are what costs or revenues are made of: nothing without tax stands beside them."""
    if meaning == "gross" and _has(frame, "amount"):
        return True
    if any(_has(frame, name) for name in ("revenue" if selling else "cost", "amount")):
        return False
    own = any(_has(frame, name) for name in ("price", "unit_price" if selling else "unit_cost"))
    return _has(frame, "amount_gross") or (_has(frame, "price_gross") and not own)


def tax_rate(frame: pl.DataFrame, context: Context) -> tuple[pl.Expr, bool]:
    """The tax rate of each line (0 where unknown) and whether any is known. 13 and 0.13 are the same rate."""
    configured = context.rule.tax_rate if context.rule else None
    if "tax_rate" in frame.columns and frame["tax_rate"].null_count() < len(frame):
        rate = pl.when(pl.col("tax_rate") >= 1).then(pl.col("tax_rate") / 100).otherwise(pl.col("tax_rate"))
        return rate.fill_null(configured or 0.0), True
    return pl.lit(configured or 0.0), configured is not None


def _costs_and_revenues(frame: pl.DataFrame, meaning: str, rate: pl.Expr, selling: bool) -> pl.DataFrame:
    """``_cost`` and ``_revenue`` with the signs of the file, unit_cost and unit_price, all without tax."""
    plain = number(frame, "amount") / (1 + rate) if meaning == "gross" else number(frame, "amount")
    net = number(frame, "amount_gross") / (1 + rate)
    price = pl.coalesce(number(frame, "price"), number(frame, "price_gross") / (1 + rate))
    nothing = pl.lit(None, pl.Float64)
    is_cost = meaning == "cost" or not selling
    return frame.with_columns(
        pl.coalesce(
            _sides(frame), number(frame, "cost"), plain if is_cost else nothing, nothing if selling else net
        ).alias("_cost"),
        pl.coalesce(
            number(frame, "revenue"), nothing if is_cost else plain, net if selling else nothing
        ).alias("_revenue"),
        pl.coalesce(number(frame, "unit_cost"), price if is_cost else nothing).alias("unit_cost"),
        pl.coalesce(number(frame, "unit_price"), nothing if is_cost else price).alias("unit_price"),
    )


def _sides(frame: pl.DataFrame) -> pl.Expr:
    if not any(name in frame.columns for name in ("in_value", "out_value")):
        return pl.lit(None, pl.Float64)
    inward, outward = number(frame, "in_value"), number(frame, "out_value")
    turn = -1.0 if "out_value" in frame.columns and mostly_negative(frame["out_value"]) else 1.0
    known = inward.is_not_null() | outward.is_not_null()
    return pl.when(known).then(inward.fill_null(0.0) - outward.fill_null(0.0) * turn)


def _read(frame: pl.DataFrame, plan: Plan, sided: bool, selling: bool) -> pl.Expr:
    if sided:
        return pl.col("_cost")
    choice = _SALES if selling else _PURCHASES if plan.kind == "purchase" else _LEDGER
    field = next((name for name in (*choice, "amount_gross") if name in frame.columns), None)
    if field is not None:
        return pl.col(field)
    return pl.col("raw") * pl.coalesce(*(("unit_price", "unit_cost") if selling else ("unit_cost",)))


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


def _per_unit(amount: str) -> pl.Expr:
    return pl.when(pl.col("qty") != 0).then((pl.col(amount) / pl.col("qty")).abs())
