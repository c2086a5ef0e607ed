"""The shared test ledgers as canonical frames, put together without the program's own readers."""

from __future__ import annotations

from functools import cache

import polars as pl

from stockturn.model import Ledger
from tests.shared import shared


def _csv(path: str) -> pl.DataFrame:
    return pl.read_csv(shared(path), try_parse_dates=True, infer_schema_length=None)


@cache
def synthetic() -> Ledger:
    """The generated company with its opening balances; later month-end balances are left to the truth."""
    folder = "data/ledgers/synthetic_60k"
    purchases = _csv(f"{folder}/purchases.csv").select(
        date="receipt_date",
        sku="sku",
        warehouse="warehouse",
        qty=pl.col("qty_received").cast(pl.Float64),
        kind=pl.lit("purchase"),
        unit_cost="unit_cost",
        cost="amount",
        partner="supplier",
        doc_no="po_no",
    )
    returned = pl.col("type") == "return"
    units = pl.col("qty").abs().cast(pl.Float64)
    sales = _csv(f"{folder}/sales.csv").select(
        date="date",
        sku="sku",
        warehouse="warehouse",
        qty=pl.when(returned).then(units).otherwise(-units),
        kind=pl.when(returned).then(pl.lit("sale_return")).otherwise(pl.lit("sale")),
        revenue=pl.when(returned).then(-pl.col("amount").abs()).otherwise(pl.col("amount")),
        doc_no="doc",
    )
    counted = pl.when(pl.col("qty") > 0).then(pl.lit("adjustment_in")).otherwise(pl.lit("adjustment_out"))
    adjustments = _csv(f"{folder}/adjustments.csv").select(
        date="date",
        sku="sku",
        warehouse="warehouse",
        qty=pl.col("qty").cast(pl.Float64),
        kind=pl.when(pl.col("reason") == "stock_take").then(counted).otherwise(pl.lit("scrap")),
        unit_cost="unit_cost",
    )
    moved = _csv(f"{folder}/transfers.csv")
    legs = [
        moved.select(
            date="date",
            sku="sku",
            warehouse=place,
            qty=pl.col("qty").cast(pl.Float64) * sign,
            kind=pl.lit(kind),
            unit_cost="unit_cost",
        )
        for place, sign, kind in (("from_warehouse", -1, "transfer_out"), ("to_warehouse", 1, "transfer_in"))
    ]
    stock = _csv(f"{folder}/stock.csv").select(
        as_of="date",
        sku="sku",
        warehouse="warehouse",
        on_hand=pl.col("qty_on_hand").cast(pl.Float64),
        unit_cost="unit_cost",
        value="value",
    )
    items = _csv(f"{folder}/items.csv").select(
        "sku",
        "name",
        "category",
        "owner",
        "supplier",
        "status",
        unit_cost="standard_cost",
        unit_price="list_price",
    )
    movements = pl.concat([purchases, sales, adjustments, *legs], how="diagonal_relaxed")
    return Ledger.of(movements=movements, stock=stock, items=items)


@cache
def openbravo() -> Ledger:
    """Every movement of the drinks distributor, at the ledger's own cost, and its closing stock."""
    folder = "data/ledgers/openbravo_fnb"
    names = {
        "purchase_receipt": "purchase",
        "sale_shipment": "sale",
        "customer_return_or_void": "sale_return",
        "transfer_in": "transfer_in",
        "transfer_out": "transfer_out",
    }
    gain = pl.when(pl.col("qty") > 0).then(pl.lit("adjustment_in")).otherwise(pl.lit("adjustment_out"))
    movements = _csv(f"{folder}/movements.csv").select(
        date="date",
        sku="sku",
        warehouse="warehouse",
        bin="locator",
        qty="qty",
        kind=pl.when(pl.col("movement") == "stock_count")
        .then(gain)
        .otherwise(pl.col("movement").replace(names)),
        cost="cost_total",
    )
    stock = _csv(f"{folder}/stock.csv").select(
        as_of=pl.lit(movements["date"].max()),
        sku="sku",
        warehouse="warehouse",
        bin="locator",
        on_hand="qty_on_hand",
    )
    items = _csv(f"{folder}/items.csv").select("sku", "category", name="item")
    return Ledger.of(movements=movements, stock=stock, items=items)
