"""The sheet Dead stock: how old the money is, where it lies, and what should move first."""

from __future__ import annotations

import polars as pl

from stockturn.model import Block, Chart, Sheet
from stockturn.output.sheets.context import (
    STATUS_ORDER,
    Context,
    buckets,
    capped,
    for_people,
    known,
    pick,
    sorted_by,
    status_marks,
    total_of,
)
from stockturn.output.sheets.lists import whole_list

LIST = (
    "sku",
    "name",
    "category",
    "warehouse",
    "status",
    "on_hand",
    "value",
    "last_sale",
    "days_since_sale",
    "last_receipt",
    "days_since_receipt",
    "ages",
    "cover_days",
    "excess_qty",
    "excess_value",
    "provision",
    "action",
    "action_qty",
    "cash_back",
    "owner",
    "due_date",
    "reason",
)
"""Columns of the whole list; ``ages`` stands for the buckets, whose limits are a setting."""

SHORT = (
    "sku",
    "name",
    "category",
    "warehouse",
    "status",
    "on_hand",
    "value",
    "last_sale",
    "days_since_sale",
    "cover_days",
    "provision",
    "action",
    "cash_back",
    "owner",
    "due_date",
)
_IDLE = ("dead", "stagnant", "misplaced")


def build(context: Context) -> Sheet:
    """Status, ageing by category in money with its chart, the worst items, and the whole list."""
    say = context.say
    frame = context.with_names(context.analysis.deadstock)
    held = frame.filter(pl.col("on_hand") > 0) if frame.height else frame
    blocks: list[Block] = []
    if held.height:
        blocks = [
            _statuses(context, held),
            *_ageing(context, held),
            *_worst(context, held),
            _list(context, frame),
        ]
    limits = context.settings.deadstock
    note = say(
        "dead_note",
        dead=limits.dead_days,
        stagnant=limits.stagnant_days,
        slow=limits.slow_days,
        new=limits.new_days,
    )
    return Sheet("deadstock", say("sheet_deadstock"), tuple(blocks), notes=(note, say("ages_note")))


def _statuses(context: Context, held: pl.DataFrame) -> Block:
    say = context.say
    sums = [name for name in ("value", "excess_value", "provision") if name in held.columns]
    order = pl.DataFrame({"status": STATUS_ORDER}, schema={"status": pl.String})
    counts = held.group_by("status", maintain_order=True).agg(
        pl.len().alias("cells"), *(_sum_known(name) for name in sums)
    )
    rows = order.join(counts, on="status", how="inner", maintain_order="left")
    rows = rows.with_columns(
        pl.when(pl.col("value").sum() > 0).then(pl.col("value") / pl.col("value").sum()).alias("share")
    )
    rows, _ = known(rows.select("status", "cells", "value", "share", *sums[1:]), "status")
    total = {name: rows[name].sum() for name in rows.columns if name != "status"}
    return Block(
        say("block_status"),
        for_people(rows, context),
        "status",
        total={"status": say.word("total"), **total},
        bars=("share",),
        marks={"status": status_marks(context)},
        labels={"value": say("stock_value")},
    )


def _sum_known(name: str) -> pl.Expr:
    """Sum of what is known; null (not 0) where nothing is."""
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name)


def _ageing(context: Context, held: pl.DataFrame) -> list[Block]:
    """Money by age and category: the units of each bucket at the unit cost of the balance, as the engine has it."""
    ages = buckets(held, "value")
    if not ages or total_of(held, "value") is None:
        return []
    say = context.say
    group = "category" if "category" in held.columns else "warehouse"
    rows = (
        held.group_by(group, maintain_order=True)
        .agg(pl.col(*ages, "value").sum())
        .sort("value", descending=True, nulls_last=True)
    )
    rows = rows.with_columns(pl.col(group).fill_null(say.word("none")))
    rows = rows.select(group, *(name for name in ages if rows[name].sum() != 0), "value")
    short, omitted = capped(rows, context.settings.report.dimension_rows)
    parts = tuple(name for name in short.columns if name in ages)
    chart = Chart("stacked", say("chart_ageing"), group, parts, rows=context.settings.report.short_rows)
    total = {name: rows[name].sum() for name in (*parts, "value")}
    return [
        Block(
            say("block_ageing"),
            short,
            "ageing",
            total={group: say.word("total"), **total},
            charts=(chart,) if parts else (),
            labels={"value": say("stock_value"), **_age_labels(context, parts)},
            omitted=omitted,
        )
    ]


def _age_labels(context: Context, parts: tuple[str, ...]) -> dict[str, str]:
    """Under a title that says value, a bucket is its days."""
    return {name: context.say.label(name.replace("value_", "age_")) for name in parts}


def _worst(context: Context, held: pl.DataFrame) -> list[Block]:
    idle = held.filter(pl.col("status").is_in(_IDLE))
    if idle.height == 0:
        return []
    short, omitted = capped(sorted_by(pick(idle, *SHORT), "value"), context.settings.report.short_rows)
    short, _ = known(short, "sku")
    return [
        Block(
            context.say("block_worst"),
            for_people(short, context),
            "worst",
            notes=(context.say("see_list", tab=context.say("block_dead_items")),) if omitted else (),
            bars=("value",),
            marks={"status": status_marks(context)},
            labels={"value": context.say("stock_value")},
        )
    ]


def _list(context: Context, frame: pl.DataFrame) -> Block:
    place = LIST.index("ages")
    return whole_list(
        context,
        "dead_items",
        sorted_by(frame, "value"),
        title=context.say("block_dead_items"),
        columns=(*LIST[:place], *buckets(frame, "age"), *LIST[place + 1 :]),
        bars=("value", "excess_value"),
        scales=("days_since_sale",),
        marks={"status": status_marks(context)},
        labels={"value": context.say("stock_value")},
    )
