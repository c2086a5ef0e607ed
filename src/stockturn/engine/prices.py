"""What buying a unit costs: the price list, the last purchase, an order, the item, the stock, in this order."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.engine.expr import ratio

PRICE_LIST, LAST_PURCHASE, ORDER_LINE, ITEM, INVENTORY = (
    "price_list",
    "last_purchase",
    "order_line",
    "item",
    "inventory",
)
"""Where a purchase price is from, best first."""


def last_purchases(movements: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """The latest price paid up to as_of: sku, supplier (null: not named), date, price; one row per sku and supplier.

    Of several prices of one day the highest: the cheapest may have been a special offer. Purchases without a price, or
    at none (samples), say nothing.
    """
    bought = movements.filter(pl.col("kind") == "purchase", pl.col("qty") > 0, pl.col("date") <= as_of)
    price = pl.coalesce("unit_cost", ratio("cost", "qty"))
    return _latest(bought.select("sku", "date", supplier="partner", price=price))


def with_purchase_price(
    cells: pl.LazyFrame, prices: pl.LazyFrame, purchases: pl.LazyFrame, orders: pl.LazyFrame, as_of: date
) -> pl.LazyFrame:
    """Adds ``purchase_price`` (money per unit, null where nothing tells) and ``price_basis`` (where it is from).

    ``cells``: sku, supplier (the main one), unit_cost (of the stock), item_cost. In this order: the price list's latest
    line up to as_of; the last purchase (``purchases``: see :func:`last_purchases`), of the main supplier where it has
    sold any; the last order line with a price, likewise; the item's cost; what a unit in stock is worth.
    """
    listed = (
        prices.filter(pl.col("valid_from") <= as_of, pl.col("unit_cost") > 0)
        .group_by("sku")
        .agg(
            pl.col("unit_cost").filter(pl.col("valid_from") == pl.col("valid_from").max()).max()
            .alias(PRICE_LIST)
        )
    )  # fmt: skip
    ordered = _latest(
        orders.filter(pl.col("order_date") <= as_of).select(
            "sku", "supplier", date="order_date", price="unit_cost"
        )
    )
    mains = cells.select("sku", main="supplier").unique("sku")
    known = cells.join(listed, on="sku", how="left")
    for name, rows in ((LAST_PURCHASE, purchases), (ORDER_LINE, ordered)):
        known = known.join(_of_main(rows, mains).rename({"price": name}), on="sku", how="left")
    known = known.with_columns(pl.col("item_cost").alias(ITEM), pl.col("unit_cost").alias(INVENTORY))
    bases = (PRICE_LIST, LAST_PURCHASE, ORDER_LINE, ITEM, INVENTORY)
    found = [pl.when(pl.col(name) > 0) for name in bases]
    return known.with_columns(
        purchase_price=pl.coalesce(when.then(pl.col(name)) for when, name in zip(found, bases, strict=True)),
        price_basis=pl.coalesce(when.then(pl.lit(name)) for when, name in zip(found, bases, strict=True)),
    ).drop(*bases, "item_cost")


def _latest(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The price of the latest day, by sku and supplier."""
    return (
        rows.filter(pl.col("price") > 0)
        .group_by("sku", "supplier", "date")
        .agg(pl.col("price").max())
        .group_by("sku", "supplier")
        .agg(pl.col("price").get(pl.col("date").arg_max()), pl.col("date").max())
        .select("sku", "supplier", "date", "price")
    )


def _of_main(rows: pl.LazyFrame, mains: pl.LazyFrame) -> pl.LazyFrame:
    """One price per sku: the main supplier's, else the latest of any; sku, price."""
    mine = (pl.col("supplier") == pl.col("main")).fill_null(False)
    return (
        rows.join(mains, on="sku", how="inner")
        .group_by("sku")
        .agg(pl.col("price").sort_by(mine, "date", "price").last())
    )
