"""What replenishment knows of each cell, on one row: stock, terms, limits, policy. One row per sku and warehouse."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import polars as pl

from stockturn.config import Settings
from stockturn.engine.expr import IN_TRANSIT, NONE, or_none, tidy
from stockturn.engine.leadtime import lead_times
from stockturn.engine.open_orders import open_lines, receipts, to_main_warehouse
from stockturn.engine.policies import with_policy
from stockturn.engine.prices import with_purchase_price
from stockturn.engine.suppliers import backups, terms
from stockturn.schema import TABLES


def _blank(table: str) -> pl.DataFrame:
    return pl.DataFrame(schema=TABLES[table].schema)


@dataclass(frozen=True)
class ReorderInputs:
    """Everything that decides what to order.

    closing: sku, warehouse, on_hand (available units: blocked and consigned-out stock left out), value, unit_cost,
    reserved (null: none), (guessed: no stock list says how much there is). newness: sku, first_received, of goods that
    came for the first time. rates: sku, warehouse, demand_per_day, (rate_basis). items, orders, suppliers, warehouses,
    prices: canonical tables (items: one row per sku, supplier never null). purchases: see prices.last_purchases. classes: sku, (warehouse), abc, xyz. forecast: sku,
    warehouse, period, mean. sums: sku, warehouse, span, mean, error_sd, q50 ... q99 (see safety.errors). ``bucket``
    is the bucket of both. transit: goods on the way between warehouses: sku, warehouse (where to; null: unknown),
    qty, due_date (null: unknown). lines: what is open, as open_orders.open_lines gives it, where it is known otherwise
    than from ``orders``.
    """

    as_of: date
    closing: pl.DataFrame
    rates: pl.DataFrame
    items: pl.DataFrame = field(default_factory=lambda: _blank("items"))
    orders: pl.DataFrame = field(default_factory=lambda: _blank("orders"))
    suppliers: pl.DataFrame = field(default_factory=lambda: _blank("suppliers"))
    warehouses: pl.DataFrame = field(default_factory=lambda: _blank("warehouses"))
    classes: pl.DataFrame | None = None
    forecast: pl.DataFrame | None = None
    sums: pl.DataFrame | None = None
    prices: pl.DataFrame = field(default_factory=lambda: _blank("prices"))
    purchases: pl.DataFrame | None = None
    transit: pl.DataFrame | None = None
    newness: pl.DataFrame | None = None
    lines: pl.DataFrame | None = None
    bucket: str = "month"


@dataclass(frozen=True)
class Known:
    """Cells (one row each, sorted by sku and warehouse), open lines placed on them, receipts, supplier terms."""

    cells: pl.DataFrame
    lines: pl.DataFrame
    came: pl.LazyFrame
    terms: pl.DataFrame


CELL = ["sku", "warehouse"]
MEAN_RATE, FORECAST = "mean_rate", "forecast"
ITEM = (
    "category", "moq", "order_multiple", "min_stock", "max_stock", "shelf_life_days", "volume", "status", "core",
    "launched_on",
)  # fmt: skip
_PAID = {"sku": pl.String, "supplier": pl.String, "date": pl.Date, "price": pl.Float64}
TERMS = ("min_order_value", "payment_days", "backup_supplier", "calendar", "vmi")


def known(inputs: ReorderInputs, settings: Settings) -> Known:
    """Cells, open lines and supplier terms of a run.

    Columns of the cells: sku, warehouse, on_hand, reserved, unit_cost, purchase_price, price_basis, demand_per_day,
    supplier, the item's and the supplier's terms, abc, xyz, lead_time_days, lead_time_sd, lead_time_source, policy, service_level, target,
    review_days. Cells are those with stock, demand or an open order; goods in transit are no cell.
    """
    chosen = settings.reorder
    items = _with_unlisted(inputs).collect().lazy()
    came = receipts(inputs.orders.lazy(), items, inputs.as_of).collect().lazy()
    supplier_terms = terms(inputs.suppliers.lazy(), chosen).collect()
    opened = inputs.lines
    if opened is None:
        opened = open_lines(inputs.orders.lazy(), items, inputs.as_of).collect()
    lines = pl.concat([opened, _on_the_way(inputs)])
    stock = _stock(inputs)
    lines = to_main_warehouse(lines, stock)
    stock = _with_ordered(stock, lines)
    leads = lead_times(came, items, supplier_terms.lazy(), chosen)
    cells = (
        stock.lazy()
        .join(items.select("sku", "supplier", *ITEM), on="sku", how="left")
        .join(leads.drop("supplier"), on="sku", how="left")
        .join(
            supplier_terms.lazy().select("supplier", *TERMS, supplier_review_days="review_days"),
            on="supplier", how="left",
        )
        .join(backups(inputs.suppliers.lazy()), on=["sku", "supplier"], how="left")
        .with_columns(backup_supplier=pl.coalesce("sku_backup", "backup_supplier"))
        .drop("sku_backup")
    )  # fmt: skip
    cells = with_policy(_with_classes(_with_newness(cells, inputs.newness), inputs.classes), chosen)
    cells = _priced(cells, inputs)
    return Known(cells.sort(CELL).collect(), lines, came, supplier_terms)


def _priced(cells: pl.LazyFrame, inputs: ReorderInputs) -> pl.LazyFrame:
    """Adds what buying a unit costs, and where that is known from."""
    costs = inputs.items.lazy().select("sku", item_cost="unit_cost").unique("sku", keep="first")
    paid = inputs.purchases if inputs.purchases is not None else pl.DataFrame(schema=_PAID)
    sources = (inputs.prices.lazy(), paid.lazy(), inputs.orders.lazy())
    return with_purchase_price(cells.join(costs, on="sku", how="left"), *sources, inputs.as_of)


def _with_unlisted(inputs: ReorderInputs) -> pl.LazyFrame:
    """The items, and those that only the stock or the orders know; supplier never null."""
    named = [inputs.closing, inputs.rates, inputs.orders, *([] if inputs.lines is None else [inputs.lines])]
    seen = pl.concat([frame.lazy().select("sku") for frame in named])
    return (
        pl.concat([inputs.items.lazy().select("sku"), seen])
        .unique()
        .join(inputs.items.lazy().unique("sku", keep="first"), on="sku", how="left")
        .with_columns(or_none("supplier"), or_none("category"))
    )


def _stock(inputs: ReorderInputs) -> pl.DataFrame:
    """Stock and demand of every cell; one whose cost is unknown takes the sku's cost elsewhere, else the item's."""
    closing = inputs.closing.lazy().filter(pl.col("warehouse") != IN_TRANSIT)
    costs = inputs.items.lazy().select("sku", item_cost="unit_cost").unique("sku", keep="first")
    guessed = pl.col("guessed") if "guessed" in inputs.closing.columns else pl.lit(False)
    return (
        closing.select(*CELL, "on_hand", "reserved", "unit_cost", guessed=guessed)
        .join(_rates(inputs), on=CELL, how="full", coalesce=True)
        .join(costs, on="sku", how="left")
        .with_columns(
            pl.col("on_hand", "reserved", "demand_per_day").fill_nan(None).fill_null(0.0),
            pl.col("rate_basis").fill_null(MEAN_RATE),
            pl.col("guessed").fill_null(False),
            unit_cost=pl.coalesce("unit_cost", pl.col("unit_cost").mean().over("sku"), "item_cost"),
        )
        .drop("item_cost")
        .collect()
    )


def _rates(inputs: ReorderInputs) -> pl.LazyFrame:
    """Daily demand of each cell, and what the figure that is planned with rests on."""
    said = pl.col("rate_basis") if "rate_basis" in inputs.rates.columns else pl.lit(MEAN_RATE)
    rates = inputs.rates.lazy().filter(pl.col("warehouse") != IN_TRANSIT)
    rates = rates.select(*CELL, "demand_per_day", rate_basis=said)
    if inputs.forecast is None or inputs.forecast.is_empty():
        return rates
    ahead = inputs.forecast.lazy().filter(pl.col("period") == pl.col("period").min())
    named = ahead.select(*CELL, ahead_basis=pl.lit(FORECAST))
    return (
        rates.join(named, on=CELL, how="full", coalesce=True)
        .with_columns(rate_basis=pl.coalesce("ahead_basis", "rate_basis"))
        .drop("ahead_basis")
    )


def _with_ordered(stock: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The cells and those that only an open order knows."""
    extra = lines.select(*CELL, "unit_cost").group_by(CELL).agg(pl.col("unit_cost").mean())
    extra = extra.join(stock, on=CELL, how="anti").with_columns(
        on_hand=pl.lit(0.0),
        reserved=pl.lit(0.0),
        demand_per_day=pl.lit(0.0),
        rate_basis=pl.lit(MEAN_RATE),
        guessed=pl.lit(False),
    )
    return pl.concat([stock, extra.select(stock.columns)])


def _with_newness(cells: pl.LazyFrame, newness: pl.DataFrame | None) -> pl.LazyFrame:
    if newness is None:
        return cells.with_columns(first_received=pl.lit(None, pl.Date))
    return cells.join(newness.lazy().select("sku", "first_received"), on="sku", how="left")


def _with_classes(cells: pl.LazyFrame, classes: pl.DataFrame | None) -> pl.LazyFrame:
    if classes is None:
        return cells.with_columns(abc=pl.lit(None, pl.String), xyz=pl.lit(None, pl.String))
    keys = CELL if "warehouse" in classes.columns else ["sku"]
    return cells.join(classes.lazy().select(*keys, "abc", "xyz"), on=keys, how="left")


def _on_the_way(inputs: ReorderInputs) -> pl.DataFrame:
    """Goods in transit as lines of their own, from the supplier ``(in transit)``."""
    schema = {
        "supplier": pl.String, "sku": pl.String, "warehouse": pl.String, "doc_no": pl.String, "line_no": pl.String,
        "order_date": pl.Date, "promised_date": pl.Date, "qty_open": pl.Float64, "unit_cost": pl.Float64,
    }  # fmt: skip
    if inputs.transit is None or inputs.transit.is_empty():
        return pl.DataFrame(schema=schema)
    return inputs.transit.select(
        pl.lit(IN_TRANSIT).alias("supplier"),
        "sku",
        pl.col("warehouse").fill_null(NONE),
        pl.lit(None, pl.String).alias("doc_no"),
        pl.lit(None, pl.String).alias("line_no"),
        pl.lit(inputs.as_of).alias("order_date"),
        pl.col("due_date").fill_null(inputs.as_of).alias("promised_date"),
        tidy(pl.col("qty")).alias("qty_open"),
        pl.lit(None, pl.Float64).alias("unit_cost"),
    )
