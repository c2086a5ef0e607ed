"""What is sent to suppliers: purchase requests, and for vendor-managed goods the stock he has to look after."""

from __future__ import annotations

from datetime import date

import polars as pl

NO_ORDER = "vmi"


def purchase_requests(reorder: pl.DataFrame, items: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Lines to order now, by supplier and sku, ready to send.

    ``reorder``: the main frame of the engine; ``items``: sku, name, unit. Columns out: supplier, sku, name, unit,
    warehouse, suggested_qty, purchase_price, order_value, order_date (as_of), expected_on (after the lead time), need_by.
    """
    arrives = pl.lit(as_of) + pl.duration(days=pl.col("lead_time_days").ceil().cast(pl.Int64))
    return (
        reorder.filter((pl.col("suggested_qty") > 0) & (pl.col("policy") != NO_ORDER))
        .join(_named(items), on="sku", how="left")
        .with_columns(order_date=pl.lit(as_of), expected_on=arrives)
        .select(
            "supplier", "sku", "name", "unit", "warehouse", "suggested_qty", "purchase_price", "order_value", "order_date",
            "expected_on", "need_by",
        )
        .sort("supplier", "sku", "warehouse")
    )  # fmt: skip


def vmi_sheet(reorder: pl.DataFrame, plan: pl.DataFrame, items: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Vendor-managed goods by supplier: what stands there, what will be asked for, between which levels to keep it.

    ``plan``: the plan of the engine, for the demand ahead. Columns out: supplier, as_of, sku, name, unit, warehouse, on_hand,
    reserved, on_order, demand_per_day, forecast_qty (over the plan), safety_stock, reorder_point (least), order_up_to
    (most), suggested_qty (to deliver now), stockout_date.
    """
    ahead = plan.group_by("sku", "warehouse").agg(pl.col("forecast_qty").sum())
    return (
        reorder.filter(pl.col("policy") == NO_ORDER)
        .join(_named(items), on="sku", how="left")
        .join(ahead, on=["sku", "warehouse"], how="left")
        .select(
            "supplier", pl.lit(as_of).alias("as_of"), "sku", "name", "unit", "warehouse", "on_hand", "reserved", "on_order", "demand_per_day",
            "forecast_qty", "safety_stock", "reorder_point", "order_up_to", "suggested_qty", "stockout_date",
        )
        .sort("supplier", "sku", "warehouse")
    )  # fmt: skip


def _named(items: pl.DataFrame) -> pl.DataFrame:
    return items.select("sku", "name", "unit").unique("sku", keep="first")
