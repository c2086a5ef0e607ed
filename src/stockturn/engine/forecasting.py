"""From the ledger to the forecast: demand cleaned of stockouts and promotions, forecast, and put back on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from stockturn.config import Settings
from stockturn.engine.censoring import stockout_adjusted
from stockturn.engine.demand import CELL, Demand, left_out, series_of
from stockturn.engine.entries import Entries
from stockturn.engine.expr import tidy
from stockturn.engine.forecast import (
    ForecastResult,
    adjusted,
    apply_overrides,
    forecast,
    promotion_days,
    promotion_table,
    remarks,
    totals_by,
    verdict,
    with_new_items,
    with_open_orders,
    with_promotions,
    without_promotions,
)
from stockturn.engine.instock import in_stock_days
from stockturn.engine.valued import ValuedDays
from stockturn.model import Ledger, Note

_FIGURES = ("qty", "gross_qty", "returned_qty")


@dataclass(frozen=True)
class Forecasts:
    """``demand``: the series that was forecast (by the keys: period, qty as sold, qty_adjusted, censored_days,
    promotion_qty); ``result``: forecast, sums, accuracy; ``promotions``: planned against measured uplift;
    ``categories``: the skus' means added up by category."""

    demand: pl.DataFrame
    result: ForecastResult
    promotions: pl.DataFrame
    categories: pl.DataFrame
    notes: tuple[Note, ...]


def forecasts(
    ledger: Ledger, entries: Entries, valued: ValuedDays, settings: Settings, by: tuple[str, ...] = ("sku",)
) -> Forecasts:
    """The forecast of every sku (or sku and warehouse), as SPEC 6 says.

    Demand is net of returns; the days of past promotions are divided by their uplift; buckets with stockout days
    are corrected where the stock is known. New items follow their reference or their category; planned
    promotions, customers' open orders and people's overrides are put on the forecast, in this order.
    """
    chosen = settings.forecast
    bucket = chosen.bucket
    demand = Demand.of(entries, settings)
    items = entries.items.select("sku", "category").collect()
    events = ledger.table("promotions").collect()
    days, table = _without_promotions(demand, events, items, entries, settings)
    cells = _cell_series(replace(demand, days=days), bucket)
    cells, notes = _uncensored(cells, entries, valued, settings)
    series = (
        cells.group_by(*by, "period").agg(pl.exclude(*CELL, "period").sum()).sort(*by, "period").collect()
    )
    made = forecast(series.select(*by, "period", qty="qty_adjusted"), settings)
    like = pl.DataFrame(
        {"sku": list(chosen.like), "like": list(chosen.like.values())},
        schema_overrides={"sku": pl.String, "like": pl.String},
    )
    made = with_new_items(
        made, series.select(*by, "period", qty="qty_adjusted"), items.join(like, on="sku", how="left"), chosen
    )
    made = _put_on(made, ledger, entries, promotion_days(events, items), table, bucket)
    incomplete = left_out(entries.as_of, bucket)
    if incomplete is not None:
        notes += (Note("classes.bucket_left_out", {"start": incomplete, "as_of": entries.as_of}),)
    grouped = totals_by(made.forecast, items, ["category"])
    said = notes + verdict(made.scores, chosen.span) + remarks(made)
    return Forecasts(series, made, table, grouped, said)


def _without_promotions(
    demand: Demand, events: pl.DataFrame, items: pl.DataFrame, entries: Entries, settings: Settings
) -> tuple[pl.LazyFrame, pl.DataFrame]:
    """Demand by day with the uplift of past promotions taken out (column promotion_qty), and the measured uplifts."""
    days = demand.days.select(*CELL, "date", *_FIGURES)
    if events.is_empty():
        nothing = days.collect().clear().with_columns(revenue=pl.lit(None, pl.Float64))
        table = promotion_table(nothing, events, items, entries.as_of, settings.forecast)
        return days.with_columns(promotion_qty=pl.lit(0.0)), table
    revenue = (
        entries.movements.filter(pl.col("kind") == "sale")
        .group_by(*CELL, "date")
        .agg(pl.coalesce("revenue", -pl.col("unit_price") * pl.col("qty")).sum().alias("revenue"))
    )
    known = days.join(revenue, on=[*CELL, "date"], how="left").collect()
    table = promotion_table(known, events, items, entries.as_of, settings.forecast)
    return without_promotions(known, promotion_days(events, items), table).lazy(), table


def _cell_series(demand: Demand, bucket: str) -> pl.LazyFrame:
    """Demand per cell and bucket, with what promotions added shown beside it."""
    series = series_of(demand, bucket, CELL)  # type: ignore[arg-type]
    step = {"day": "1d", "week": "1w", "month": "1mo"}[bucket]
    extra = demand.days.group_by(*CELL, pl.col("date").dt.truncate(step).alias("period")).agg(
        tidy(pl.col("promotion_qty").sum())
    )
    return series.join(extra, on=[*CELL, "period"], how="left").with_columns(
        pl.col("promotion_qty").fill_null(0.0)
    )


def _uncensored(
    cells: pl.LazyFrame, entries: Entries, valued: ValuedDays, settings: Settings
) -> tuple[pl.LazyFrame, tuple[Note, ...]]:
    """Adds qty_adjusted and censored_days; demand stays as sold where the stock is not known."""
    known = (
        in_stock_days(valued, entries, settings, settings.forecast.bucket)
        if settings.demand.correct
        else None
    )
    if known is None:
        plain = cells.with_columns(qty_adjusted=pl.col("qty"), censored_days=pl.lit(0, pl.Int64))
        return plain, (Note("demand_as_sold"),) if settings.demand.correct else ()
    fixed = stockout_adjusted(cells, known, settings, CELL)
    out = (pl.col("days") - pl.col("in_stock_days")).fill_null(0).cast(pl.Int64)
    return fixed.select(*cells.collect_schema().names(), "qty_adjusted", censored_days=out), ()


def _put_on(
    made: ForecastResult,
    ledger: Ledger,
    entries: Entries,
    events: pl.DataFrame,
    table: pl.DataFrame,
    bucket: str,
) -> ForecastResult:
    """Planned promotions, open customer orders, overrides: each changes the forecast and the sums over a span."""
    frame = made.forecast
    if not events.is_empty():
        frame = with_promotions(frame, events, table, bucket)
    orders = _open_customer_orders(ledger, entries)
    if not orders.is_empty():
        frame = with_open_orders(frame, orders, bucket)
    overrides = ledger.table("overrides").collect()
    if not overrides.is_empty():
        frame = apply_overrides(frame, overrides, bucket)
    return adjusted(made, frame)


def _open_customer_orders(ledger: Ledger, entries: Entries) -> pl.DataFrame:
    """What customers have ordered up to as_of and not received: sku, warehouse, period (wanted on), qty."""
    left = pl.col("qty_ordered") - pl.col("qty_shipped").fill_null(0.0)
    return (
        ledger.table("sales_orders")
        .filter((pl.col("order_date") <= entries.as_of) & (left > 0))
        .select(
            "sku",
            pl.col("warehouse").fill_null("(none)"),
            period=pl.max_horizontal(
                pl.coalesce("requested_date", "order_date"), pl.lit(entries.as_of).dt.offset_by("1d")
            ),
            qty=left,
        )
        .collect()
    )
