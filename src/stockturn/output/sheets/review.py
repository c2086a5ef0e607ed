"""The sheet Review: a page for the weekly meeting, from what changed to who does what by when."""

from __future__ import annotations

import polars as pl

from stockturn.model import Block, Sheet
from stockturn.output.sheets.actions import actions as actions_taken
from stockturn.output.sheets.context import (
    Context,
    capped,
    for_people,
    known,
    pick,
    sorted_by,
    status_marks,
)
from stockturn.output.sheets.findings_stock import bridge
from stockturn.output.sheets.lists import actions, short_list
from stockturn.output.sheets.reorder import CHANGES
from stockturn.schema import Unit

MOVERS = (
    "category",
    "avg_inventory_previous",
    "avg_inventory",
    "stock_change",
    "dio_days_previous",
    "dio_days",
    "dio_change",
    "cogs_previous",
    "cogs",
    "excess_capital",
)
MISSES = ("sku", "name", "category", "pattern", "miss_qty", "miss_value", "wape", "bias", "fva")
DEAD = (
    "sku",
    "name",
    "warehouse",
    "status",
    "action_qty",
    "value",
    "action",
    "cash_back",
    "owner",
    "due_date",
)
_IDLE = ("dead", "stagnant", "misplaced")


def build(context: Context) -> Sheet | None:
    """What changed, where forecasts missed most money, which orders are late, and what to do about dead stock."""
    acted, tiles = actions_taken(context)
    blocks = [_movers(context), _misses(context), acted, _orders(context), _dead(context)]
    there = tuple(block for block in blocks if block is not None)
    changed = bridge(context)
    if not there and changed is None:
        return None
    notes = [changed.sentence] if changed is not None else []
    notes += [context.say("review_note"), *([] if context.carried else [context.say("review_carry")])]
    return Sheet("review", context.say("sheet_review"), there, tiles=tiles, notes=tuple(notes))


def _movers(context: Context) -> Block | None:
    """Categories by how much their average stock changed against the period before."""
    by = context.analysis.by.get("category")
    wanted = {"category", "avg_inventory", "avg_inventory_previous"}
    if by is None or not wanted <= set(by.columns) or by["avg_inventory_previous"].null_count() == by.height:
        return None
    change = (pl.col("avg_inventory") - pl.col("avg_inventory_previous")).alias("stock_change")
    frame = pick(by.with_columns(change), *MOVERS)
    frame = frame.sort(pl.col("stock_change").abs(), descending=True, nulls_last=True, maintain_order=True)
    short, omitted = capped(frame, context.settings.report.short_rows)
    short, _ = known(short, "category")
    return Block(
        context.say("block_movers"),
        for_people(short, context),
        "movers",
        scales=("stock_change", "dio_change"),
        labels={"stock_change": context.say("stock_change")},
        units={"stock_change": Unit.MONEY},
        omitted=omitted,
    )


def _misses(context: Context) -> Block | None:
    """Items whose forecast misses cost most: mean miss per period = WAPE × mean demand, at the unit cost."""
    supply = context.analysis.supply
    if supply is None or supply.accuracy.height == 0:
        return None
    sold = supply.demand.group_by("sku", maintain_order=True).agg(
        pl.col("qty_adjusted").mean().alias("mean_qty")
    )
    cost = supply.reorder.group_by("sku", maintain_order=True).agg(pl.col("unit_cost").mean())
    miss_qty = pl.col("wape") * pl.col("mean_qty")
    frame = (
        supply.accuracy.join(sold, on="sku")
        .join(cost, on="sku", how="left")
        .with_columns(miss_qty=miss_qty, miss_value=miss_qty * pl.col("unit_cost"))
        .filter(pl.col("miss_qty") > 0)
    )
    frame = sorted_by(frame.sort("miss_qty", descending=True), "miss_value")
    if frame.height == 0:
        return None
    say = context.say
    return short_list(
        context,
        "misses",
        context.with_names(frame).with_columns(pl.col("miss_qty").round(0)),
        title=say("block_misses"),
        columns=MISSES,
        see=say("block_forecast_items"),
        notes=(say("misses_note"),),
        bars=("miss_value",),
        lights={"fva": (0.0, 0.0)},
        labels={"miss_value": say("miss_value"), "miss_qty": say("miss_qty")},
        units={"miss_value": Unit.MONEY, "miss_qty": Unit.QTY},
    )


def _orders(context: Context) -> Block | None:
    """Open orders that are late or should change, the most overdue first."""
    supply = context.analysis.supply
    if supply is None or supply.order_changes.height == 0:
        return None
    frame = supply.order_changes.sort("overdue_days", "value", descending=True, nulls_last=True)
    return short_list(
        context,
        "review_orders",
        context.with_names(frame),
        title=context.say("block_review_orders"),
        columns=CHANGES[:-1],
        see=context.say("block_changes_all"),
        scales=("overdue_days",),
        marks={"action": actions(context)},
    )


def _dead(context: Context) -> Block | None:
    """Dead and stagnant stock with its proposed action, who answers for it, and by when."""
    stock = context.with_names(context.analysis.deadstock)
    idle = stock.filter(pl.col("status").is_in(_IDLE)) if stock.height else stock
    if idle.height == 0:
        return None
    return short_list(
        context,
        "review_dead",
        sorted_by(idle, "value"),
        title=context.say("block_review_dead"),
        columns=DEAD,
        see=context.say("block_dead_items"),
        bars=("value",),
        marks={"status": status_marks(context)},
        labels={"value": context.say("stock_value")},
    )
