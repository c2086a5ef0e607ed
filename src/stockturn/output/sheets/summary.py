"""The sheet Summary: the figures that are asked for, the findings that matter, and what to do this week."""

from __future__ import annotations

import polars as pl

from stockturn.model import Sheet, Tile
from stockturn.output.sheets.context import Context, total_of, value_of
from stockturn.output.sheets.findings import findings, leading


def build(context: Context) -> Sheet:
    """Eight tiles against target, period before and year before; then what matters most, of as many subjects as there are."""
    found, report = findings(context), context.settings.report
    told = leading(found, report.findings)
    rest = (finding for finding in found if finding not in told)
    todos = [finding.todo for finding in (*told, *rest) if finding.todo]
    return Sheet(
        "summary",
        context.say("sheet_summary"),
        tiles=_tiles(context),
        findings=told,
        todos=tuple(todos[: report.todos]),
        notes=_notes(context),
    )


_BETTER = {
    "dio_days": -1,
    "gmroi": 1,
    "stockout_rate": -1,
    "excess_capital": -1,
    "carrying_cost": -1,
    "sell_through": 1,
}
"""Whether more of a figure is better (1) or worse (-1); of the others neither."""

_SPARKS = ("avg_inventory", "cogs")
"""Figures whose year stands in the trend under the same name."""

_WANTED = ("dio_days", "avg_inventory", "cogs", "gmroi", "stockout_rate", "excess_capital")
_INSTEAD = (
    "closing_value",
    "carrying_cost",
    "revenue",
    "sold_qty",
    "closing_qty",
    "avg_qty",
    "sell_through",
    "loss_rate",
)
"""Shown in place of what the ledger does not know, as far as it knows these."""


def _tiles(context: Context) -> tuple[Tile, ...]:
    total = context.analysis.total
    spare = [name for name in _INSTEAD if value_of(total, name) is not None]
    names = [name if value_of(total, name) is not None or not spare else spare.pop(0) for name in _WANTED]
    tiles = [
        _tile(
            context,
            name,
            better=_BETTER.get(name, 0),
            light=_stockout_light(context) if name == "stockout_rate" else None,
            spark=name if name in _SPARKS else None,
        )
        for name in names
    ]
    return (_turnover(context), *tiles, _idle(context))


def _tile(
    context: Context, name: str, better: int = 0, light: str | None = None, spark: str | None = None
) -> Tile:
    analysis = context.analysis
    value = value_of(analysis.total, name)
    return Tile(
        context.say.label(name),
        name,
        value,
        previous=value_of(analysis.previous, name),
        year_ago=value_of(analysis.year_ago, name),
        light=light if value is not None else None,
        better=better,
        spark=spark,
        link="turnover",
        note=_why(context, name) if value is None else _estimated(context),
    )


def _why(context: Context, name: str) -> str | None:
    """Why a figure of the whole scope is missing: the engine's reason, which is about cost and stock."""
    total = context.analysis.total
    if name == "stockout_rate":
        return context.say.code("reason_code", "no_stock_known")
    if "reason_code" not in total.columns or total.height == 0 or total["reason_code"][0] is None:
        return context.say("not_known")
    return context.say.code("reason_code", str(total["reason_code"][0]))


def _estimated(context: Context) -> str | None:
    """A figure that rests on an assumption says so where it stands."""
    total = context.analysis.total
    flagged = "estimated" in total.columns and bool(total["estimated"][0])
    return context.say("estimated_mark") if flagged else None


def _turnover(context: Context) -> Tile:
    """Turnover, or turns in units where the ledger knows no cost; green only while stockouts are within limits."""
    total = context.analysis.total
    in_units = value_of(total, "turnover") is None and value_of(total, "turnover_units") is not None
    name = "turnover_units" if in_units else "turnover"
    tile = _tile(
        context, name, better=1, light=_turnover_light(context), spark=None if in_units else "turnover"
    )
    target = value_of(total, "target")
    return Tile(**{**tile.__dict__, "target": target})


def _turnover_light(context: Context) -> str | None:
    report = context.settings.report
    achieved = value_of(context.analysis.total, "achievement")
    if achieved is None:
        return None
    if achieved < report.amber:
        return "critical"
    return (
        "warning"
        if achieved < report.green or _stockout_light(context) in ("warning", "critical")
        else "good"
    )


def _stockout_light(context: Context) -> str | None:
    limit = context.settings.report.stockout_limit
    return _limit_light(context, value_of(context.analysis.total, "stockout_rate"), limit)


def _limit_light(context: Context, share: float | None, limit: float) -> str | None:
    """Light of a share that should stay within a limit; amber as far beyond it as amber is below a target."""
    if share is None:
        return None
    if share <= limit:
        return "good"
    return "warning" if share <= limit / context.settings.report.amber else "critical"


def _idle(context: Context) -> Tile:
    """Money in stock that nobody asks for any more."""
    stock = context.analysis.deadstock
    dead = stock.filter(pl.col("status") == "dead") if stock.height else stock
    value = total_of(dead, "value") if dead.height else (0.0 if stock.height else None)
    held = total_of(stock, "value") if stock.height else None
    note = light = None
    if value is not None and held:
        light = _limit_light(context, value / held, context.settings.report.dead_limit)
        note = context.say("share_of_stock", share=f"{value / held:.1%}")
    return Tile(
        context.say("dead_value"),
        "value",
        value,
        light=light,
        better=-1,
        note=note,
        link="deadstock",
    )


def _notes(context: Context) -> tuple[str, ...]:
    """What the whole report rests on, where that is not plain fact."""
    total, say = context.analysis.total, context.say
    notes = []
    if total.height and "estimated" in total.columns and total["estimated"][0]:
        notes.append(say("estimated_note"))
    if context.analysis.period.clipped:
        notes.append(say("clipped_note"))
    return tuple(notes)
