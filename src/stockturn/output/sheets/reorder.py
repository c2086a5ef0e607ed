"""The sheet Reorder: what to buy, move, hurry, put off or cancel, what it costs and when, and what is too much."""

from __future__ import annotations

import polars as pl

from stockturn.config.settings import Scope
from stockturn.model import Block, Chart, Sheet, Supply, Tile
from stockturn.output.sheets.context import Context, capped, for_people, known, pick, total_of
from stockturn.output.sheets.lists import actions, lists, short_list
from stockturn.schema import Unit

SHORT = (
    "sku",
    "name",
    "warehouse",
    "action",
    "suggested_qty",
    "order_value",
    "supplier",
    "transfer_qty",
    "order_by",
    "late_days",
    "stockout_date",
    "cover_days",
)
LIST = (
    "sku",
    "name",
    "warehouse",
    "abc",
    "action",
    "suggested_qty",
    "order_value",
    "supplier",
    "transfer_qty",
    "order_by",
    "late_days",
    "stockout_date",
    "cover_days",
    "position",
    "reason",
)
"""The rest of what a line rests on stands in its reason, figure by figure."""

CHANGES = (
    "sku",
    "name",
    "warehouse",
    "action",
    "qty_open",
    "value",
    "supplier",
    "doc_no",
    "line_no",
    "due_date",
    "needed_on",
    "overdue_days",
    "reason",
)
TRANSFERS = ("sku", "name", "from_warehouse", "to_warehouse", "qty", "value")
OVERSTOCK = (
    "sku",
    "name",
    "warehouse",
    "on_hand",
    "excess_qty",
    "excess_value",
    "supplier",
    "excess_weeks",
    "cover_days",
    "surplus_on_order",
)
LEFT_OUT = ("sku", "name", "warehouse", "supplier", "qty", "order_value", "order_by", "reason")
DUE_NOW = (
    "supplier",
    "lines",
    "qty",
    "order_value",
    "min_order_value",
    "below_minimum",
    "expected_on",
    "pay_on",
)


def build(context: Context) -> Sheet | None:
    """Tiles, the most urgent lines, moves, changes of open orders, orders by supplier, cash, and what is too much."""
    supply = context.analysis.supply
    if supply is None or supply.reorder.height == 0:
        return None
    say = context.say
    blocks = [
        *_to_do(context, supply),
        *_changes(context, supply),
        *_transfers(context, supply),
        _due_now(context, supply),
        _cash(context, supply),
        *_overstock(context, supply),
        _left_out(context, supply),
    ]
    notes = [say("reorder_note")]
    if context.settings.scope != Scope():
        notes.append(say("reorder_whole"))
    return Sheet(
        "reorder",
        say("sheet_reorder"),
        tuple(block for block in blocks if block is not None),
        tiles=_tiles(context, supply),
        notes=tuple(notes),
    )


def urgent(supply: Supply) -> pl.DataFrame:
    """The lines with something to do, the most urgent first: latest order date, then the day stock runs out."""
    todo = supply.reorder.filter(pl.col("action") != "none")
    return todo.sort(
        "order_by",
        "stockout_date",
        "order_value",
        descending=[False, False, True],
        nulls_last=True,
        maintain_order=True,
    )


def _tiles(context: Context, supply: Supply) -> tuple[Tile, ...]:
    """What there is to do, in numbers and money."""
    say = context.say
    buy = supply.reorder.filter(pl.col("suggested_qty") > 0)
    late = supply.order_changes.filter(pl.col("overdue_days") > 0)

    def tile(label: str, frame: pl.DataFrame, money: str | None, link: str, bad: bool = False) -> Tile:
        value = total_of(frame, money) if money and frame.height else None
        note = None if value is None else say("worth", money=context.money(value))
        light = None if not bad else "warning" if frame.height else "good"
        return Tile(label, "lines", frame.height, note=note, link=link, light=light)

    return (
        tile(say("tile_buy"), buy, "order_value", "to_do"),
        tile(say("tile_transfers"), supply.transfers, "value", "transfers"),
        tile(say("tile_changes"), supply.order_changes, "value", "order_changes"),
        tile(say("tile_late"), late, "value", "order_changes", bad=True),
    )


def _to_do(context: Context, supply: Supply) -> list[Block]:
    asked = ("suggested_qty", "order_value", "transfer_qty")
    frame = context.with_names(urgent(supply)).with_columns(
        pl.when(pl.col(name) > 0).then(name) for name in asked
    )
    return lists(
        context,
        "to_do",
        (context.say("block_to_do"), context.say("block_to_do_all")),
        frame,
        (SHORT, LIST),
        bars=("order_value",),
        scales=("late_days",),
        marks={"action": actions(context)},
    )


def _changes(context: Context, supply: Supply) -> list[Block]:
    """Open orders that should come sooner, later or not at all; the most overdue first, then by money."""
    frame = context.with_names(supply.order_changes).sort(
        "overdue_days", "value", descending=True, nulls_last=True, maintain_order=True
    )
    return lists(
        context,
        "order_changes",
        (context.say("block_changes"), context.say("block_changes_all")),
        frame,
        (CHANGES[:-1], CHANGES),
        scales=("overdue_days",),
        marks={"action": actions(context)},
    )


def _transfers(context: Context, supply: Supply) -> list[Block]:
    frame = context.with_names(supply.transfers).sort("value", descending=True, nulls_last=True)
    return lists(
        context,
        "transfers",
        (context.say("block_transfers"), context.say("block_transfers_all")),
        frame,
        (TRANSFERS, TRANSFERS),
        bars=("value",),
    )


def _due_now(context: Context, supply: Supply) -> Block | None:
    """One line per supplier: what would be ordered today."""
    now = supply.supplier_orders.filter(pl.col("now"))
    if now.height == 0:
        return None
    frame = now.sort("order_value", descending=True, nulls_last=True)
    short, omitted = capped(pick(frame, *DUE_NOW), context.settings.report.dimension_rows)
    short, _ = known(short, "supplier")
    total = {name: total_of(frame, name) for name in ("lines", "qty", "order_value")}
    chart = Chart(
        "bars",
        context.say("chart_due_now"),
        "supplier",
        ("order_value",),
        rows=context.settings.report.short_rows,
    )
    return Block(
        context.say("block_due_now"),
        for_people(short, context),
        "due_now",
        total={"supplier": context.say.word("total"), **total},
        charts=(chart,) if total["order_value"] else (),
        bars=("order_value",),
        omitted=omitted,
    )


def _cash(context: Context, supply: Supply) -> Block | None:
    """What has to be paid week by week: open orders and the plan."""
    parts = ("open_value", "planned_value")
    if supply.cash.height == 0 or total_of(supply.cash, "due_value") is None:
        return None
    weeks = (
        supply.cash.group_by("week", maintain_order=True).agg(pl.col(*parts, "due_value").sum()).sort("week")
    )
    chart = Chart("columns", context.say("chart_cash"), "week", parts)
    total = {name: weeks[name].sum() for name in (*parts, "due_value")}
    return Block(
        context.say("block_cash"),
        weeks.with_columns(pl.col("week").dt.strftime("%Y-%m-%d")),
        "cash",
        notes=(context.say("cash_note"),),
        total={"week": context.say.word("total"), **total},
        charts=(chart,),
        units={"week": Unit.TEXT},
    )


def _overstock(context: Context, supply: Supply) -> list[Block]:
    frame = context.with_names(supply.overstock).sort(
        "excess_value", "excess_qty", descending=True, nulls_last=True, maintain_order=True
    )
    return lists(
        context,
        "overstock",
        (context.say("block_overstock"), context.say("block_overstock_all")),
        frame,
        (OVERSTOCK, OVERSTOCK),
        bars=("excess_value",),
    )


def _left_out(context: Context, supply: Supply) -> Block | None:
    """What the budget or a minimum order keeps back."""
    if supply.left_out.height == 0:
        return None
    frame = context.with_names(supply.left_out).sort("order_value", descending=True, nulls_last=True)
    title = context.say("block_left_out")
    return short_list(context, "left_out", frame, title=title, columns=LEFT_OUT, bars=("order_value",))
