"""A replay as frames: policies side by side, the curve, cells, months, orders; and what has to be said about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.expr import NONE, ratio
from stockturn.engine.loss import Floats
from stockturn.engine.metrics import dio_days, stockout_rate, turnover, turnover_period
from stockturn.engine.onsale import can_sell, on_sale
from stockturn.engine.periods import period_of
from stockturn.engine.replay.remarks import remarks, sentence
from stockturn.engine.replay.run import ACTUAL, SUGGESTED, Lived, Stage, play
from stockturn.engine.replay.shop import MOVE, ORDER
from stockturn.engine.transfers import LEGS
from stockturn.model import Ledger, Note, Period

POLICY = (
    "policy", "service_level", "demand_factor", "lead_time_factor", "turnover", "avg_inventory", "fill_rate",
    "stockout_rate", "orders", "units_written_off", "purchase_orders", "cogs", "turnover_period", "dio_days", "sold_qty", "demand_qty",
    "lost_qty", "ordered_qty", "transfers", "written_off_value", "opening_value", "closing_value", "out_days",
    "on_sale_days", "cells", "days", "cost_basis", "estimated",
)  # fmt: skip
"""Columns of the main frame, in order."""
CURVE = (
    "service_level",
    "avg_inventory",
    "turnover",
    "fill_rate",
    "stockout_rate",
    "orders",
    "units_written_off",
)
CELL_FIGURES = (
    "avg_inventory", "cogs", "sold_qty", "demand_qty", "fill_rate", "stockout_rate", "units_written_off", "closing_qty",
    "closing_value",
)  # fmt: skip


@dataclass(frozen=True)
class Replayed:
    """What a replay gives. ``replay``: one row per policy (``POLICY``); ``curve``: capital against service;
    ``orders`` and ``transfers``: what the replay decided under the settings in force; ``by_month`` and ``cells``: the
    same figures by policy and month, and by policy, sku and warehouse, of what was done and of the suggestions."""

    replay: pl.DataFrame
    curve: pl.DataFrame
    orders: pl.DataFrame
    transfers: pl.DataFrame
    by_month: pl.DataFrame
    cells: pl.DataFrame
    notes: tuple[Note, ...]
    headline: Note
    period: Period


def replay(ledger: Ledger, settings: Settings, say: Callable[[str], None] | None = None) -> Replayed:
    """Live through the past again and compare. See :func:`stockturn.engine.replay.run.play` for what is refused."""
    stage, lived = play(ledger, settings, say)
    period = period_of(stage.world.start, stage.world.end)
    by_cell = [_by_cell(stage, one, settings) for one in lived]
    orders = [_orders(stage, one) for one in lived]
    rows = [
        _policy(stage, one, cells, placed, period)
        for one, cells, placed in zip(lived, by_cell, orders, strict=True)
    ]
    table = pl.concat(rows).select(POLICY)
    curve = table.filter(pl.col("policy").str.starts_with("service_")).select(CURVE).sort("service_level")
    shown = [
        (one, cells)
        for one, cells in zip(lived, by_cell, strict=True)
        if one.variant.name in (ACTUAL, SUGGESTED)
    ]
    suggested = next(one for one in lived if one.variant.name == SUGGESTED)
    moves = _kept(suggested.shop.moves if suggested.shop else [], MOVE, stage).drop("cell")
    return Replayed(
        table,
        curve,
        next(placed for one, placed in zip(lived, orders, strict=True) if one is suggested).drop(
            "cell", "promised", _ORDER
        ),
        moves.sort("date", "sku", "from_warehouse", "to_warehouse"),
        _by_month(shown, stage),
        pl.concat([_cells(one, cells) for one, cells in shown]),
        remarks(stage, suggested, table, orders[lived.index(suggested)], settings),
        sentence(table),
        period,
    )


def _by_cell(stage: Stage, one: Lived, settings: Settings) -> pl.DataFrame:
    """The sums of a policy by cell, of the cells that are measured: cell, sku, warehouse, the sums, out_days, sale_days."""
    world, tally = stage.world, one.tally
    whole = stage.run
    sale = on_sale(whole.valued, whole.entries, whole.settings)
    assert sale is not None  # a ledger without receipts is refused
    out, on = tally.stockouts(can_sell(whole.valued, whole.entries, whole.settings), settings)
    opening = np.where(world.mine, world.opening, 0.0) * world.cost
    figures: dict[str, Floats] = {
        **tally.sums, "out_days": out, "on_sale_days": on, "closing_qty": tally.closing,
        "closing_value": tally.closing_value, "opening_value": opening,
    }  # fmt: skip
    return (
        world.cells.with_columns(pl.Series(name, values) for name, values in figures.items())
        .with_columns(estimated=whole.valued.cells["estimated"])
        .filter(pl.Series(world.scope))
    )


def _with_rates(frame: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Sums with their ratios, made as turnover makes them."""
    years = pl.lit(period.year_days).cast(pl.Int64)
    return (
        frame.with_columns(
            avg_inventory=ratio("value", pl.lit(period.days)), days=pl.lit(period.days, pl.Int64), year_days=years,
            flow=pl.lit("cogs"), usage=pl.col("cogs"), sale_days="on_sale_days",
        )
        .with_columns(turnover_period=turnover_period())
        .with_columns(turnover=turnover(), dio_days=dio_days(), stockout_rate=stockout_rate())
        .with_columns(fill_rate=ratio("sold_qty", "demand_qty"), lost_qty=pl.col("demand_qty") - pl.col("sold_qty"))
    )  # fmt: skip


def _policy(
    stage: Stage, one: Lived, cells: pl.DataFrame, orders: pl.DataFrame, period: Period
) -> pl.DataFrame:
    """The one row of a policy."""
    variant = one.variant
    numbers = [name for name in cells.columns if name not in ("cell", "sku", "warehouse", "estimated")]
    total = cells.select(pl.col(numbers).sum().round(6), pl.col("estimated").any())
    level = variant.service_level if variant.name != ACTUAL else None
    known = (cells["value"] != 0).any() or (cells["cogs"] != 0).any()
    money = ("avg_inventory", "cogs", "written_off_value", "opening_value", "closing_value")
    row = _with_rates(total, period).with_columns(
        policy=pl.lit(variant.name),
        service_level=pl.lit(level, pl.Float64),
        demand_factor=pl.lit(variant.demand_factor),
        lead_time_factor=pl.lit(variant.lead_time_factor),
        orders=pl.lit(orders.height, pl.Int64),
        purchase_orders=pl.lit(orders[_ORDER].n_unique(), pl.Int64),
        ordered_qty=pl.lit(float(orders["qty"].sum())),
        transfers=pl.lit(_transfers(stage, one), pl.Int64),
        cells=pl.lit(cells.height, pl.Int64),
        cost_basis=pl.lit(stage.run.valued.cost_basis),
    )
    return row if known else row.with_columns(pl.lit(None, pl.Float64).alias(name) for name in money)


_ORDER = "purchase_order"
"""What lines of one purchase order share: their number; in a replay the supplier and the day."""


def _orders(stage: Stage, one: Lived) -> pl.DataFrame:
    """The order lines of a policy: those placed by the replay, or those of the ledger dated within it."""
    if one.shop is not None and not one.variant.as_bought:
        placed = _kept(one.shop.orders, ORDER, stage).sort("date", "sku", "warehouse")
        return placed.with_columns(pl.struct("supplier", "date").alias(_ORDER))
    return _orders_of_the_past(stage)


def _kept(frames: list[pl.DataFrame], schema: dict[str, type[pl.DataType]], stage: Stage) -> pl.DataFrame:
    """The rows about the cells that are measured."""
    every = pl.concat([pl.DataFrame(schema=schema), *frames])
    return every.filter(pl.Series("scope", stage.world.scope).gather(every["cell"]))


def _orders_of_the_past(stage: Stage) -> pl.DataFrame:
    """Order lines of the ledger written in the days of the replay (its parts are one line): sku, warehouse, qty and the
    order; without any list of orders every receipt of a cell on a day stands for a line, and the day for an order."""
    world = stage.world
    inside = stage.orders.filter(pl.col("order_date").is_between(world.start, world.end))
    in_scope = world.cells.filter(pl.Series(world.scope))
    if stage.orders.is_empty():
        rows = stage.purchases.join(in_scope.select("cell"), on="cell", how="semi")
        return rows.select("sku", "warehouse", "qty", pl.col("day").alias(_ORDER))
    line = ["doc_no", "line_no", "sku", "warehouse", "order_date"]
    lines = inside.with_row_index("row").with_columns(
        pl.when(pl.col("doc_no").is_null()).then(pl.col("row")).alias("row")
    )
    found = (
        lines.group_by(*line, "row")
        .agg(qty=pl.col("qty_ordered").max())
        .with_columns(pl.col("warehouse").fill_null(NONE))
    )
    known = found.join(in_scope.select("sku", "warehouse"), on=["sku", "warehouse"], how="semi")
    unplaced = found.filter(pl.col("warehouse") == NONE).join(in_scope.select("sku"), on="sku", how="semi")
    number = pl.coalesce("doc_no", pl.col("order_date").cast(pl.String)).alias(_ORDER)
    return pl.concat([known, unplaced]).unique().select("sku", "warehouse", "qty", number)


def _transfers(stage: Stage, one: Lived) -> int:
    """How many times goods were moved into a cell that is measured."""
    if one.shop is not None and not one.variant.as_bought:
        return _kept(one.shop.moves, MOVE, stage).height
    world, entries = stage.world, stage.run.entries
    into = world.cells.filter(pl.Series(world.scope)).select("sku", "warehouse").lazy()
    legs = entries.movements.filter(
        pl.col("kind").is_in(LEGS), pl.col("date") >= world.start, pl.col("link") >= 0
    )
    moved = legs.filter(pl.col("qty") > 0).join(into, on=["sku", "warehouse"], how="semi")
    return int(moved.select("link", "sku", "warehouse").unique().select(pl.len()).collect().item())


def _by_month(shown: list[tuple[Lived, pl.DataFrame]], stage: Stage) -> pl.DataFrame:
    frames = [
        one.tally.by_month(stage.world.start).with_columns(policy=pl.lit(one.variant.name))
        for one, _ in shown
    ]
    return pl.concat(frames).select("policy", "month", "avg_inventory", "sold_qty", "demand_qty", "fill_rate")


def _cells(one: Lived, cells: pl.DataFrame) -> pl.DataFrame:
    """The cells in which anything was or happened."""
    days = one.tally.world.days
    alive = pl.any_horizontal(pl.col("value", "demand_qty", "opening_value", "closing_qty") != 0)
    return (
        cells.filter(alive)
        .with_columns(
            policy=pl.lit(one.variant.name),
            avg_inventory=ratio("value", pl.lit(days)),
            fill_rate=ratio("sold_qty", "demand_qty"),
            stockout_rate=ratio("out_days", "on_sale_days"),
        )
        .select("policy", "sku", "warehouse", *CELL_FIGURES)
        .sort("sku", "warehouse")
    )
