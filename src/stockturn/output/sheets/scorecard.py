"""The sheet Scorecard: who turns the stock how well, against target, and what it leaves behind; and the suppliers."""

from __future__ import annotations

import polars as pl

from stockturn.model import Block, Chart, Sheet
from stockturn.output.sheets.context import Context, capped, for_people, known, pick, sorted_by
from stockturn.schema import Unit

WHO = ("team", "owner", "buyer", "seller")
"""Dimensions that answer for their figures."""

FIGURES = (
    "rank",
    "verdict",
    "turnover",
    "target",
    "achievement",
    "avg_inventory",
    "excess_value",
    "dead_stock",
    "to_recover",
    "overdue",
    "stockout_rate",
    "bias",
)
SUPPLIERS = (
    "supplier",
    "spend",
    "spend_share",
    "lead_time_days",
    "stated_days",
    "lead_time_sd",
    "on_time_rate",
    "late_days",
    "full_rate",
    "overdue_lines",
    "open_value",
    "price_change",
    "lateness_value",
)
_UNITS = {
    "rank": Unit.COUNT,
    "verdict": Unit.TEXT,
    "dead_stock": Unit.MONEY,
    "to_recover": Unit.MONEY,
    "overdue": Unit.COUNT,
}


def build(context: Context) -> Sheet | None:
    """One table per dimension that the data name, then the suppliers; left out where neither is known."""
    blocks = [*(_people(context, who) for who in WHO), _suppliers(context)]
    there = tuple(block for block in blocks if block is not None)
    if not there:
        return None
    limit = f"{context.settings.report.stockout_limit:.1%}"
    return Sheet(
        "scorecard",
        context.say("sheet_scorecard"),
        there,
        notes=(context.say("scorecard_note", limit=limit),),
    )


def _people(context: Context, who: str) -> Block | None:
    """Turnover, target and rank of each, with the stock, the orders and the forecasts that go with it."""
    say, by = context.say, context.analysis.by.get(who)
    if by is None or by.height == 0 or by[who].to_list() == [say.word("none")]:
        return None
    frame = by
    for part in (_excess(context, who), _dead(context, who), _overdue(context, who), _bias(context, who)):
        if part is not None:
            frame = frame.join(part, on=who, how="left", maintain_order="left")
    counted = [
        name for name in ("excess_value", "dead_stock", "to_recover", "overdue") if name in frame.columns
    ]
    frame = frame.with_columns(pl.col(counted).fill_null(0))
    frame = _ranked(frame).with_columns(_verdict(context, frame))
    short, omitted = capped(pick(frame, who, *FIGURES), context.settings.report.dimension_rows)
    short, _ = known(short, who)
    report = context.settings.report
    measured = tuple(name for name in ("turnover", "target") if name in short.columns)
    chart = Chart("bars", say("chart_score", who=say.label(who)), who, measured, rows=report.short_rows)
    return Block(
        say("block_by", dimension=say.label(who)),
        for_people(short, context),
        f"score_{who}",
        charts=(chart,) if "target" in measured else (),
        bars=("excess_value", "dead_stock"),
        lights={
            "achievement": (report.amber, report.green),
            "stockout_rate": (report.stockout_limit / report.amber, report.stockout_limit),
        },
        marks={"verdict": {say(f"light_{level}"): level for level in _LEVELS}},
        labels={
            "rank": say("rank"),
            "verdict": say("verdict"),
            "dead_stock": say("dead_value"),
            "to_recover": say("to_recover"),
            "overdue": say("overdue"),
        },
        units=_UNITS,
        omitted=omitted,
    )


_LEVELS = ("good", "warning", "critical")


def _ranked(by: pl.DataFrame) -> pl.DataFrame:
    """The best first: by achievement where targets are known, else by turnover; equal figures share a rank."""
    measure = next(
        (
            name
            for name in ("achievement", "turnover")
            if name in by.columns and by[name].null_count() < by.height
        ),
        None,
    )
    if measure is None:
        return by
    ranked = by.with_columns(pl.col(measure).rank("min", descending=True).cast(pl.Int64).alias("rank"))
    return ranked.sort("rank", nulls_last=True, maintain_order=True)


def _verdict(context: Context, by: pl.DataFrame) -> pl.Expr:
    """On target only while goods are there to be sold: a high turnover by empty shelves is no achievement."""
    if "achievement" not in by.columns:
        return pl.lit(None, pl.String).alias("verdict")
    report, say = context.settings.report, context.say
    achieved, out = pl.col("achievement"), pl.col("stockout_rate").fill_null(0)
    return (
        pl.when(achieved.is_null())
        .then(pl.lit(None, pl.String))
        .when(achieved < report.amber)
        .then(pl.lit(say("light_critical")))
        .when((achieved < report.green) | (out > report.stockout_limit))
        .then(pl.lit(say("light_warning")))
        .otherwise(pl.lit(say("light_good")))
        .alias("verdict")
    )


def _of(context: Context, frame: pl.DataFrame, who: str) -> pl.DataFrame:
    """The frame with who answers for each sku."""
    items = context.analysis.items
    owners = items.select("sku", who).unique("sku") if who in items.columns else None
    if owners is None:
        return frame.with_columns(pl.lit(None, pl.String).alias(who))
    named = frame.drop(who, strict=False).join(owners, on="sku", how="left", maintain_order="left")
    return named.with_columns(pl.col(who).fill_null(context.say.word("none")))


def _excess(context: Context, who: str) -> pl.DataFrame | None:
    """Value of stock beyond what the plan needs."""
    supply = context.analysis.supply
    if supply is None:
        return None
    return (
        _of(context, supply.reorder, who).group_by(who, maintain_order=True).agg(pl.col("excess_value").sum())
    )


def _dead(context: Context, who: str) -> pl.DataFrame | None:
    """Value of dead stock, and the cash that the proposed actions would bring in."""
    stock = context.analysis.deadstock
    if stock.height == 0 or "value" not in stock.columns:
        return None
    dead = pl.col("status") == "dead"
    return (
        _of(context, stock, who)
        .group_by(who, maintain_order=True)
        .agg(dead_stock=pl.col("value").filter(dead).sum(), to_recover=pl.col("cash_back").sum())
    )


def _overdue(context: Context, who: str) -> pl.DataFrame | None:
    """Open order lines past their date that have to be pressed for."""
    supply = context.analysis.supply
    if supply is None:
        return None
    late = (pl.col("overdue_days") > 0).sum().cast(pl.Int64).alias("overdue")
    return _of(context, supply.order_changes, who).group_by(who, maintain_order=True).agg(late)


def _bias(context: Context, who: str) -> pl.DataFrame | None:
    """Whether forecasts miss to one side: Σ (forecast - sold) / Σ sold, each sku weighted by what it sold."""
    supply = context.analysis.supply
    if supply is None or supply.accuracy.height == 0:
        return None
    sold = supply.demand.group_by("sku", maintain_order=True).agg(
        pl.col("qty_adjusted").mean().alias("weight")
    )
    scored = supply.accuracy.filter(pl.col("bias").is_not_null()).join(sold, on="sku", maintain_order="left")
    weighted = _of(context, scored, who).filter(pl.col("weight") > 0)
    return weighted.group_by(who, maintain_order=True).agg(
        (pl.col("bias") * pl.col("weight")).sum() / pl.col("weight").sum()
    )


def _suppliers(context: Context) -> Block | None:
    """How each supplier has kept his word, and what his lateness costs in stock held against it."""
    supply = context.analysis.supply
    if supply is None or supply.suppliers.height == 0:
        return None
    frame = sorted_by(pick(supply.suppliers, *SUPPLIERS), "spend", "receipts")
    short, omitted = capped(frame, context.settings.report.dimension_rows)
    short, _ = known(short, "supplier")
    return Block(
        context.say("block_suppliers"),
        for_people(short, context),
        "score_suppliers",
        bars=("spend", "lateness_value"),
        scales=("late_days",),
        omitted=omitted,
    )
