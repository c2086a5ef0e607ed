"""FIFO layers: what is on hand, split by the day it first came in, with the cost it came in at."""

from __future__ import annotations

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.entries import Entries
from stockturn.engine.fifo import BEFORE, Pieces, left_of, with_ages
from stockturn.engine.flows import UNITS, Flows, flows
from stockturn.engine.valued import ValuedDays

CELL = ["sku", "warehouse"]


def layers(
    entries: Entries,
    closing: pl.LazyFrame,
    settings: Settings,
    batches: pl.LazyFrame | None = None,
    valued: ValuedDays | None = None,
) -> pl.LazyFrame:
    """What is left of each inflow: sku, warehouse, received_on (null: before the ledger), qty > 0, receipt_cost.

    The layers of a cell add up to max(0, on_hand) of ``closing``. receipt_cost is null where no row says it.
    ``batches`` (canonical table) dates what it lists: its rows are laid first, youngest first, up to what is on
    hand; the rest is laid on the inflows of other batches. Pass it only where ``as_of`` is the day of that list.
    It is not used with ``age_layers = "receipts"``. ``valued``: the same entries valued; spares a pass over them.

    In 30 on 1 May, 20 on 9 May, out 25: on hand 25 are 20 of 9 May and 5 of 1 May.
    """
    held = closing.select(*CELL, on_hand=(pl.col("on_hand") * UNITS).round().cast(pl.Int64)).collect()
    use_list = batches is not None and settings.deadstock.age_layers == "inflows"
    listed = _listed(batches, held, entries) if batches is not None and use_list else None
    if listed is not None and listed.is_empty():
        listed = None
    moved = flows(entries, held, settings, listed, valued)
    lots = _by_lot(moved, held, listed)
    pieces = with_ages(moved.inflows, moved.sources(lots["opening"].to_numpy()), lots.height)
    laid = left_of(moved.inflows, _unlisted(pieces, moved), lots["rest"].to_numpy())
    found = laid.join(moved.lots, left_on="cell", right_on="code").select(*CELL, "day", "qty", "cost")
    parts = _within(found, lots.group_by(CELL).agg(pl.col("room").first()))
    if listed is not None:
        parts = pl.concat([parts, listed.select(*CELL, "day", "qty", "cost")])
    return parts.lazy().select(
        *CELL,
        received_on=pl.when(pl.col("day") != BEFORE).then(pl.col("day")).cast(pl.Date),
        qty=pl.col("qty") / UNITS,
        receipt_cost=pl.col("cost").fill_nan(None),
    )


def _listed(batches: pl.LazyFrame, held: pl.DataFrame, entries: Entries) -> pl.DataFrame:
    """Batches with a known day, up to what is on hand, youngest first: sku, warehouse, batch, day, qty, cost.

    A list without warehouses speaks of skus that lie in one place only.
    """
    places = held.group_by("sku").agg(only=pl.col("warehouse").first(), places=pl.len())
    rows = (
        batches.filter((pl.col("qty_left") > 0) & (pl.col("received_on") <= entries.as_of))
        .collect()
        .join(places.filter(pl.col("places") == 1).drop("places"), on="sku", how="left")
        .with_columns(warehouse=pl.coalesce("warehouse", "only"))
        .join(held, on=CELL)
        .select(
            *CELL,
            "batch",
            day=pl.col("received_on").to_physical().cast(pl.Int32),
            qty=(pl.col("qty_left") * UNITS).round().cast(pl.Int64),
            cost=pl.col("unit_cost").fill_null(np.nan),
        )
    )
    return _within(rows, held.select(*CELL, room=pl.col("on_hand").clip(lower_bound=0)))


def _within(parts: pl.DataFrame, room: pl.DataFrame) -> pl.DataFrame:
    """The youngest parts of each cell, up to its ``room``; rows with something left."""
    return (
        parts.join(room, on=CELL)
        .sort(*CELL, "day", descending=[False, False, True], maintain_order=True)
        .with_columns(taken=pl.col("qty").cum_sum().over(CELL) - pl.col("qty"))
        .with_columns(qty=pl.min_horizontal("qty", (pl.col("room") - pl.col("taken")).clip(lower_bound=0)))
        .filter(pl.col("qty") > 0)
        .drop("room", "taken")
    )


def _by_lot(moved: Flows, held: pl.DataFrame, listed: pl.DataFrame | None) -> pl.DataFrame:
    """Per lot: opening (before the ledger), rest (to be laid on inflows), room (of the cell), all in millionths.

    A batch holds what its own movements leave; what else is on hand belongs to the lot without a batch.
    """
    dated = (
        listed.group_by(CELL).agg(dated=pl.col("qty").sum())
        if listed is not None
        else held.select(CELL).with_columns(dated=pl.lit(0, pl.Int64))
    )
    named = pl.col("lot").is_not_null()
    batch = pl.when(named).then(pl.col("net").clip(lower_bound=0)).otherwise(0)
    return (
        moved.lots.with_columns(net=pl.Series(moved.net))
        .join(held, on=CELL, how="left")
        .join(dated, on=CELL, how="left")
        .with_columns(pl.col("on_hand", "dated").fill_null(0))
        .with_columns(room=pl.col("on_hand").clip(lower_bound=0) - pl.col("dated"), batch=batch)
        .with_columns(named_sum=pl.col("batch").sum().over(CELL))
        .with_columns(holds=pl.when(named).then("batch").otherwise(pl.col("on_hand") - pl.col("named_sum")))
        .with_columns(
            opening=pl.col("holds") - pl.col("net"),
            rest=pl.when(named)
            .then("batch")
            .otherwise(pl.col("room") - pl.col("named_sum"))
            .clip(lower_bound=0),
        )
        .sort("code")
        .select("code", *CELL, "opening", "rest", "room")
    )


def _unlisted(pieces: Pieces, moved: Flows) -> Pieces:
    """Pieces without those of batches that the list already dates."""
    keep = ~moved.listed[pieces.layer]
    return Pieces(pieces.layer[keep], pieces.day[keep], pieces.qty[keep], pieces.cost[keep])
