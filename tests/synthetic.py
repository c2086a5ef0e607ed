"""The generated company in ../shared/data, read by plain polars, and its answer key."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import polars as pl

from stockturn.model import Ledger
from tests.shared import shared

FOLDER = "data/ledgers/synthetic_60k"
REASONS = {"scrapped_return": "scrap", "damaged": "scrap", "expired": "scrap"}


@cache
def truth() -> dict[str, Any]:
    """The answers nobody in that company could see."""
    return dict(json.loads((shared(FOLDER) / "truth/truth.json").read_text(encoding="utf-8")))


@cache
def cells() -> pl.DataFrame:
    """True figures of each sku in each warehouse."""
    return pl.read_parquet(shared(FOLDER) / "truth/cells.parquet")


def _csv(name: str) -> pl.DataFrame:
    return pl.read_csv(shared(FOLDER) / f"{name}.csv", try_parse_dates=True)


@cache
def ledger() -> Ledger:
    """All its tables in canonical columns."""
    return Ledger.of(
        movements=_movements(),
        stock=_csv("stock").rename({"date": "as_of", "qty_on_hand": "on_hand"}),
        items=_csv("items")
        .rename(
            {
                "uom": "unit",
                "list_price": "unit_price",
                "standard_cost": "unit_cost",
                "launch_date": "launched_on",
            }
        )
        .with_columns(pl.col("launched_on").cast(pl.Date)),
        batches=_csv("batches").rename({"receipt_date": "received_on", "expiry_date": "expiry"}),
        prices=_csv("prices").rename({"list_price": "unit_price"}),
        suppliers=_csv("suppliers"),
    )


def _movements() -> pl.DataFrame:
    sales = _csv("sales").with_columns(
        kind=pl.when(pl.col("type") == "sale").then(pl.lit("sale")).otherwise(pl.lit("sale_return")),
        qty=pl.when(pl.col("type") == "sale").then(-pl.col("qty").abs()).otherwise(pl.col("qty").abs()),
        revenue=pl.col("amount"),
        doc_no=pl.col("doc"),
    )
    purchases = _csv("purchases").with_columns(
        kind=pl.lit("purchase"),
        date=pl.col("receipt_date"),
        qty=pl.col("qty_received"),
        doc_no=pl.col("po_no"),
        cost=pl.col("amount"),
    )
    counts = _csv("adjustments").with_columns(
        kind=pl.col("reason").replace_strict(
            REASONS,
            default=pl.when(pl.col("qty") > 0)
            .then(pl.lit("adjustment_in"))
            .otherwise(pl.lit("adjustment_out")),
        ),
    )
    moved = _csv("transfers").with_row_index("source_row")
    legs = [
        moved.with_columns(
            pl.col(f"{side}_warehouse").alias("warehouse"), kind=pl.lit(kind), qty=sign * pl.col("qty")
        )
        for side, kind, sign in (("from", "transfer_out", -1), ("to", "transfer_in", 1))
    ]
    wanted = (
        "date",
        "sku",
        "qty",
        "kind",
        "warehouse",
        "unit_cost",
        "cost",
        "revenue",
        "doc_no",
        "batch",
        "source_row",
    )
    parts = [
        frame.select(
            pl.col(name).cast(pl.Float64) if name == "qty" else pl.col(name)
            for name in wanted
            if name in frame.columns
        )
        for frame in (purchases, sales, counts, *legs)
    ]
    return pl.concat(parts, how="diagonal_relaxed")


def closing() -> pl.LazyFrame:
    """What the balances say at the end: true book stock and moving-average value of each cell."""
    return (
        cells()
        .lazy()
        .select(
            "sku",
            "warehouse",
            on_hand=pl.col("closing").cast(pl.Float64),
            value=pl.col("closing_value"),
            unit_cost=pl.col("avg_cost_closing"),
            reserved=pl.lit(None, pl.Float64),
        )
    )
