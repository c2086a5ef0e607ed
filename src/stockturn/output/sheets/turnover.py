"""The sheet Turnover: the year month by month, what moved the days of stock, and every dimension with its target."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from stockturn.model import Block, Chart, Sheet
from stockturn.output.sheets.context import (
    Context,
    capped,
    for_people,
    known,
    pick,
    sorted_by,
    total_of,
    value_of,
)
from stockturn.schema import Unit

PACE = (
    "turnover",
    "turnover_previous",
    "target",
    "achievement",
    "dio_days",
    "dio_change",
    "cogs",
    "opening_value",
    "closing_value",
    "avg_inventory",
    "allowed_capital",
    "excess_capital",
    "estimated",
    "reason_code",
)
SERVICE = (
    "revenue",
    "gross_margin",
    "gmroi",
    "sell_through",
    "stockout_rate",
    "lost_sales_value",
    "loss_rate",
    "inventory_accuracy",
    "turnover_units",
)
"""Columns of a dimension's two tables: how fast its stock turns against the target, and what it earns and serves. One
table of both would be too wide to read on a screen or on paper."""


_NAMES = ("name", "category")


def build(context: Context) -> Sheet:
    """Trend, bridge and one table per dimension; the largest average stock first."""
    say = context.say
    by = context.analysis.by
    unnamed = [name for name, frame in by.items() if _nameless(context, name, frame)]
    blocks = [_trend(context), *_bridge(context)]
    for name, frame in by.items():
        if name not in unnamed and frame.height:
            blocks += _dimension(context, name, frame)
    notes = [say("turnover_note")]
    if unnamed:
        notes.append(say("dimensions_unnamed", names=say("list_comma").join(map(say.label, unnamed))))
    return Sheet(
        "turnover",
        say("sheet_turnover"),
        tuple(block for block in blocks if block is not None),
        notes=tuple(notes),
    )


def _nameless(context: Context, name: str, frame: pl.DataFrame) -> bool:
    """Whether a dimension has one scope only, and that one is nobody: the table would repeat the total."""
    return name in frame.columns and frame[name].to_list() == [context.say.word("none")]


def _trend(context: Context) -> Block | None:
    frame = for_people(context.analysis.trend, context)
    if frame.height == 0:
        return None
    frame, _ = known(pick(frame, "month", "turnover", "target", "avg_inventory", "cogs"), "month")
    lines = tuple(name for name in ("turnover", "target") if name in frame.columns)
    columns = tuple(name for name in ("avg_inventory",) if name in frame.columns)
    if not lines and not columns:
        return None
    chart = Chart("trend", context.say("chart_trend"), "month", columns, lines)
    return Block(context.say("block_trend"), frame, "trend", charts=(chart,))


def _bridge(context: Context) -> list[Block]:
    """The change of the days of stock in three steps, and the categories behind each."""
    say, analysis = context.say, context.analysis
    before, after = value_of(analysis.previous, "dio_days"), value_of(analysis.total, "dio_days")
    bridge = pick(analysis.bridge, "category", "mix", "rate", "idle", "change")
    if before is None or after is None or total_of(bridge, "change") is None:
        return []
    steps = waterfall(
        before,
        [(say.label(name), total_of(bridge, name) or 0.0) for name in ("mix", "rate", "idle")],
        after,
        (say("bridge_before"), say("bridge_after")),
    )
    units = {"step": Unit.TEXT, **dict.fromkeys(("step_days", "base", "up", "down", "level"), Unit.DAYS)}
    labels = {"step": say("bridge_step"), "step_days": say("bridge_days"), "base": say("helper_base")}
    labels |= {"up": say("helper_up"), "down": say("helper_down"), "level": say("helper_level")}
    chart = Chart("waterfall", say("chart_bridge"), "step", ("base", "level", "up", "down"))
    summary = Block(
        say("block_bridge"),
        steps,
        "bridge_steps",
        charts=(chart,),
        labels=labels,
        units=units,
        helpers=("base", "up", "down", "level"),
        notes=(say("bridge_note"),),
    )
    by_size = bridge.sort(pl.col("change").abs(), descending=True, nulls_last=True, maintain_order=True)
    frame, omitted = capped(by_size, context.settings.report.dimension_rows)
    detail = Block(
        say("block_bridge_by"), frame, "bridge", omitted=omitted, scales=("mix", "rate", "idle", "change")
    )
    return [summary, detail]


def waterfall(
    before: float, steps: list[tuple[str, float]], after: float, ends: tuple[str, str]
) -> pl.DataFrame:
    """Rows of a waterfall chart: ``base`` is the unseen foot, ``up`` and ``down`` the step, ``level`` the ends.

    >>> waterfall(60.0, [("mix", 5.0), ("rate", -8.0)], 57.0, ("before", "now"))["base"].to_list()
    [0.0, 60.0, 57.0, 0.0]
    """
    rows = [(ends[0], before, 0.0, 0.0, 0.0, before)]
    level = before
    for name, days in steps:
        following = level + days
        rows.append((name, days, min(level, following), max(days, 0.0), max(0.0, -days), 0.0))
        level = following
    rows.append((ends[1], after, 0.0, 0.0, 0.0, after))
    return pl.DataFrame(rows, schema=["step", "step_days", "base", "up", "down", "level"], orient="row")


def _dimension(context: Context, name: str, by: pl.DataFrame) -> list[Block]:
    """One dimension with all its figures in two tables; one list of every sku has them all side by side."""
    say, report = context.say, context.settings.report
    keys = name.split(",")
    detail = "sku" in keys
    frame = context.with_names(by).with_columns(_allowed(by))
    frame = sorted_by(
        pick(frame, *keys, *_NAMES[: 2 * detail], *PACE, *SERVICE), "avg_inventory", "closing_value"
    )
    frame, omitted = capped(frame, report.detail_rows if detail else report.dimension_rows)
    if "estimated" in frame.columns and not frame["estimated"].any():
        frame = frame.drop("estimated")
    label = say("list_slash").join(_inside(say.label(key)) for key in keys)
    title, key = say("block_by", dimension=label), f"by_{name.replace(',', '_')}"
    if detail:
        return [_figures(context, frame, keys, title, key, detail=True, omitted=omitted)]
    second = say("block_by_service", dimension=label)
    pace = _figures(context, frame.drop(SERVICE, strict=False), keys, title, key, omitted=omitted)
    service = _figures(context, pick(frame, *keys, *SERVICE), keys, second, f"{key}_service", omitted=omitted)
    if name == "category" and "allowed_capital" in pace.frame.columns:
        bars = ("avg_inventory", "allowed_capital")
        chart = Chart("bars", say("chart_capital"), keys[0], bars, rows=report.short_rows)
        pace = replace(pace, charts=(chart,))
    return [pace, service]


def _figures(
    context: Context, frame: pl.DataFrame, keys: list[str], title: str, key: str, **looks: Any
) -> Block:
    """A table of a dimension; its total is the company's own row, not a sum of ratios."""
    say, report = context.say, context.settings.report
    frame, empty = known(frame, *keys)
    total = for_people(pick(context.analysis.total, *frame.columns), context).row(0, named=True)
    return Block(
        title,
        for_people(frame, context),
        key,
        notes=_empty_note(context, empty),
        total={**total, keys[0]: say.word("total")},
        bars=("avg_inventory", "excess_capital"),
        scales=("dio_days",),
        lights={
            "achievement": (report.amber, report.green),
            "stockout_rate": (report.stockout_limit / report.amber, report.stockout_limit),
        },
        labels={"allowed_capital": say("allowed_capital"), "reason_code": say.label("reason")},
        units={"allowed_capital": Unit.MONEY},
        **looks,
    )


def _inside(label: str) -> str:
    """A label inside a title: ``By category``, ``By ABC``."""
    return label if label.isupper() else label.lower()


def _allowed(frame: pl.DataFrame) -> list[pl.Expr]:
    """Average stock that the target allows: cogs a year / target = avg_inventory × achievement."""
    if not {"avg_inventory", "achievement"} <= set(frame.columns):
        return []
    return [(pl.col("avg_inventory") * pl.col("achievement")).alias("allowed_capital")]


def _empty_note(context: Context, empty: tuple[str, ...]) -> tuple[str, ...]:
    unsaid = ("reason_code", "turnover_units", "allowed_capital")
    names = [context.say.label(name) for name in empty if name not in unsaid]
    return (context.say("columns_empty", columns=context.say("list_comma").join(names)),) if names else ()
