"""What is left of each batch, from whatever tells it: a batch list, a stock list by batch, receipts with an expiry."""

from __future__ import annotations

import polars as pl

from stockturn.engine.entries import Entries
from stockturn.engine.expr import tidy
from stockturn.model import Ledger

CELL = ["sku", "warehouse"]
BATCH = [*CELL, "batch"]
COLUMNS = [*BATCH, "qty_left", "received_on", "expiry", "unit_cost", "expiry_basis"]


def known_batches(ledger: Ledger, entries: Entries) -> pl.LazyFrame:
    """Batches with units left at as_of: sku, warehouse, batch, qty_left, received_on, expiry, unit_cost, expiry_basis.

    A sku that a batch list speaks of is taken from there (``batch_list``; the warehouse may be null). A cell whose latest
    stock list gives batches, dates of receipt or expiry is taken from that list (``stock_list``), any other from its
    receipts with an expiry (``receipts``); movements that name the batch, after the list, are counted. Where sales do
    not name batches more is listed than there is: :func:`stockturn.engine.expiry.expiring` takes away the first to expire.
    """
    listed = ledger.table("batches").select(
        *BATCH, "qty_left", "received_on", "expiry", "unit_cost", expiry_basis=pl.lit("batch_list")
    )
    told = listed.select("sku").unique()
    latest = _latest_list(entries)
    moved = _moved(entries, latest.select(*CELL, "as_of").unique())
    parts = pl.concat([_of_list(latest, moved), _of_receipts(latest, moved)], how="diagonal_relaxed")
    return pl.concat(
        [listed, parts.filter(pl.col("qty_left") > 0).join(told, on="sku", how="anti").select(COLUMNS)],
        how="vertical_relaxed",
    )


def dated_batches(ledger: Ledger, entries: Entries, latest: bool) -> pl.LazyFrame:
    """Batches that say when they came in, in cells where the list still holds: what layers are dated by.

    ``latest``: whether as_of is the latest day; a batch list has no day, so it holds on that one alone. A stock list holds
    until something moves in its cell.
    """
    told = _latest_list(entries).filter(pl.col("received_on").is_not_null()).collect().lazy()
    since = (
        entries.movements.join(told, on=CELL, how="semi").group_by(CELL).agg(last_move=pl.col("date").max())
    )
    lists = (
        told.join(since, on=CELL, how="left")
        .filter((pl.col("last_move") <= pl.col("as_of")).fill_null(True))
        .select(*BATCH, "received_on", qty_left="on_hand", unit_cost=pl.lit(None, pl.Float64))
    )
    if not latest:
        return lists
    listed = ledger.table("batches").select(*BATCH, "received_on", "qty_left", "unit_cost")
    return pl.concat([listed, lists.join(listed, on="sku", how="anti")], how="vertical_relaxed")


def expiry_told(ledger: Ledger) -> bool:
    """Whether anything in the ledger could say when goods expire."""
    frames = [
        ledger.table(table).select(pl.col(column).is_not_null().any())
        for table, column in (
            ("batches", "expiry"), ("stock", "expiry"), ("movements", "expiry"), ("items", "shelf_life_days"),
        )
    ]  # fmt: skip
    return any(bool(frame.item()) for frame in pl.collect_all(frames, engine="streaming"))


def by_shelf_life(layers: pl.LazyFrame, known: pl.LazyFrame, entries: Entries) -> pl.LazyFrame:
    """Layers of goods that keep for so many days (items.shelf_life_days) as batches, where no batch of the cell says
    when it expires: columns of :func:`known_batches`, expiry_basis ``shelf_life``.

    What came in before the ledger came in on the day before it at the latest.
    """
    keeps = entries.items.filter(pl.col("shelf_life_days") > 0).select("sku", "shelf_life_days")
    told = known.filter(pl.col("expiry").is_not_null()).select("sku").unique()
    came = pl.col("received_on").fill_null(pl.lit(entries.first_day) - pl.duration(days=1))
    days = pl.col("shelf_life_days").round().cast(pl.Int64)
    return (
        layers.join(keeps, on="sku")
        .join(told, on="sku", how="anti")
        .select(
            *CELL,
            batch=pl.lit(None, pl.String),
            qty_left="qty",
            received_on="received_on",
            expiry=came + pl.duration(days=days),
            unit_cost="receipt_cost",
            expiry_basis=pl.lit("shelf_life"),
        )
    )


def _latest_list(entries: Entries) -> pl.LazyFrame:
    """The rows by batch of each cell's latest stock list: BATCH, received_on, expiry, as_of, on_hand."""
    last = entries.stock.filter(pl.col("as_of") == pl.col("as_of").max().over(CELL))
    dated = pl.col("expiry").is_not_null() | pl.col("received_on").is_not_null()
    return (
        last.filter(dated & (pl.col("on_hand") > 0))
        .group_by(*BATCH, "received_on", "expiry")
        .agg(tidy(pl.col("on_hand").sum()), pl.col("as_of").first())
    )


def _moved(entries: Entries, lists: pl.LazyFrame) -> pl.LazyFrame:
    """What each batch gained and lost since its cell's list, or since the beginning: BATCH, moved, came_on, best_before."""
    return (
        entries.movements.filter(pl.col("batch").is_not_null())
        .join(lists.rename({"as_of": "listed_on"}), on=CELL, how="left")
        .filter((pl.col("date") > pl.col("listed_on")).fill_null(True))
        .group_by(BATCH)
        .agg(
            moved=tidy(pl.col("qty").sum()),
            came_on=pl.col("date").filter(pl.col("qty") > 0).min(),
            best_before=pl.col("expiry").drop_nulls().min(),
        )
    )


def _of_list(latest: pl.LazyFrame, moved: pl.LazyFrame) -> pl.LazyFrame:
    """Batches of the stock lists; of a batch in several rows the first to expire is moved first."""
    change = (
        latest.sort("expiry", nulls_last=True)
        .join(moved, on=BATCH, how="left")
        .with_columns(place=pl.int_range(pl.len()).over(BATCH))
    )
    later = pl.when(pl.col("place") == 0).then(pl.col("moved").fill_null(0.0)).otherwise(0.0)
    return change.select(
        *BATCH,
        "received_on",
        "expiry",
        qty_left=tidy(pl.col("on_hand") + later),
        unit_cost=pl.lit(None, pl.Float64),
        expiry_basis=pl.lit("stock_list"),
    )


def _of_receipts(latest: pl.LazyFrame, moved: pl.LazyFrame) -> pl.LazyFrame:
    """Batches that no stock list has, by their receipts."""
    return (
        moved.filter(pl.col("best_before").is_not_null())
        .join(latest, on=BATCH, how="anti")
        .select(
            *BATCH,
            received_on="came_on",
            expiry="best_before",
            qty_left="moved",
            unit_cost=pl.lit(None, pl.Float64),
            expiry_basis=pl.lit("receipts"),
        )
    )
