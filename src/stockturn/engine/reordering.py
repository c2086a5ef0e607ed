"""From the ledger to the replenishment plan: what each cell has, will sell and can get, gathered for ``reorder``."""

from __future__ import annotations

import math
from dataclasses import replace

import polars as pl

from stockturn.config import Settings
from stockturn.engine.demand import Demand, mean_rate
from stockturn.engine.entries import Entries, with_prices
from stockturn.engine.expr import IN_TRANSIT
from stockturn.engine.forecasting import forecasts
from stockturn.engine.newness import newness
from stockturn.engine.outlook import BUCKET_DAYS
from stockturn.engine.prices import last_purchases
from stockturn.engine.replenish import ReorderInputs
from stockturn.engine.valued import ValuedDays, closing
from stockturn.model import Ledger

_CELL = ("sku", "warehouse")


def reorder_inputs(
    ledger: Ledger, entries: Entries, valued: ValuedDays, classes: pl.DataFrame, settings: Settings
) -> ReorderInputs:
    """Everything that decides what to order, for the whole company.

    The forecast is made by sku and warehouse, as far ahead as the plan and the longest span of a decision reach.
    Blocked stock and goods consigned to others are left out of what is available.
    """
    made = forecasts(ledger, entries, valued, _far_enough(ledger, settings), _CELL).result
    demand = Demand.of(entries, settings)
    frames = ("orders", "suppliers", "warehouses", "prices")
    tables = dict(zip(frames, pl.collect_all([ledger.table(name) for name in frames]), strict=True))
    return ReorderInputs(
        as_of=entries.as_of,
        closing=_available(ledger, entries, valued),
        rates=mean_rate(demand, settings.deadstock.rate_days).collect(),
        newness=newness(entries, demand).collect(),
        items=entries.items.collect(),
        classes=classes.select(
            *(name for name in ("sku", "warehouse", "abc", "xyz") if name in classes.columns)
        ),
        forecast=made.forecast.select(*_CELL, "period", "mean"),
        sums=made.sums,
        purchases=last_purchases(entries.movements, entries.as_of).collect(engine="streaming"),
        transit=_in_transit(entries, valued),
        bucket=settings.forecast.bucket,
        **tables,
    )


def as_known(inputs: ReorderInputs, entries: Entries, settings: Settings) -> ReorderInputs:
    """Earlier inputs with what a look at the ledger a few days later changes, as long as no further bucket of demand
    is complete: forecast and classes stay, daily rates, new goods, items and prices paid are those of ``entries``."""
    demand = Demand.of(entries, settings)
    rates, new, bought, items = pl.collect_all(
        [
            mean_rate(demand, settings.deadstock.rate_days),
            newness(entries, demand),
            last_purchases(entries.movements, entries.as_of),
            entries.items,
        ]
    )
    return replace(inputs, as_of=entries.as_of, rates=rates, newness=new, purchases=bought, items=items)


def orders_alone(ledger: Ledger, settings: Settings) -> ReorderInputs | None:
    """What a card of the suppliers rests on where orders are all there is; None where goods have moved or lie in stock.

    The default ``as_of`` then is the latest day an order was written, received or listed. Without demand and stock
    nothing can be said of what lateness costs.
    """
    frames = ("orders", "suppliers", "items", "prices")
    dated = [ledger.table(name).select(pl.len()) for name in ("movements", "stock")]
    moved, counted, *found = pl.collect_all([*dated, *(ledger.table(name) for name in frames)])
    tables = dict(zip(frames, found, strict=True))
    if moved.item() or counted.item() or tables["orders"].is_empty():
        return None
    days = pl.max_horizontal(pl.col("order_date", "received_date", "listed_on").max())
    as_of = settings.period.as_of or tables["orders"].select(days).item()
    if as_of is None:
        return None
    nothing = pl.DataFrame(schema=dict.fromkeys(_CELL, pl.String))
    money = dict.fromkeys(("on_hand", "value", "unit_cost", "reserved"), pl.lit(None, pl.Float64))
    items = with_prices(tables["items"].lazy(), tables["prices"].lazy().filter(pl.col("valid_from") <= as_of))
    return ReorderInputs(
        as_of=as_of,
        closing=nothing.with_columns(**money),
        rates=nothing.with_columns(demand_per_day=pl.lit(None, pl.Float64)),
        items=items.unique("sku", keep="first", maintain_order=True).collect(),
        orders=tables["orders"],
        suppliers=tables["suppliers"],
    )


def _far_enough(ledger: Ledger, settings: Settings) -> Settings:
    """The settings with a forecast horizon that covers the plan."""
    chosen = settings.reorder
    days = chosen.plan_buckets * chosen.plan_bucket_days
    buckets = math.ceil(days / BUCKET_DAYS[settings.forecast.bucket]) + 1
    limit = 60  # what a forecast may be asked for
    horizon = min(limit, max(settings.forecast.horizon, buckets))
    return settings.model_copy(update={"forecast": settings.forecast.model_copy(update={"horizon": horizon})})


def _available(ledger: Ledger, entries: Entries, valued: ValuedDays) -> pl.DataFrame:
    """Closing balances less what is blocked, with what is reserved, by cell; ``guessed`` where no stock list says."""
    reserved = (
        entries.points.filter(pl.col("reserved").is_not_null())
        .group_by(_CELL)
        .agg(pl.col("reserved").sort_by("as_of").last())
    )
    held = (
        ledger.table("stock")
        .filter(
            (pl.col("as_of") <= entries.as_of)
            & ((pl.col("stock_status") == "blocked") | (pl.col("ownership") == "consigned_out"))
        )
        .with_columns(pl.col("warehouse").fill_null("(none)"))
        .filter(pl.col("as_of") == pl.col("as_of").max().over(_CELL))
        .group_by(_CELL)
        .agg(withheld=pl.col("on_hand").sum())
    )
    return (
        closing(valued)
        .lazy()
        .join(reserved, on=_CELL, how="left")
        .join(held, on=_CELL, how="left")
        .with_columns(on_hand=pl.col("on_hand") - pl.col("withheld").fill_null(0.0))
        .with_columns(guessed=pl.col("opening_basis") == "estimated")
        .select(*_CELL, "on_hand", "value", "unit_cost", "reserved", "guessed")
        .collect()
    )


def _in_transit(entries: Entries, valued: ValuedDays) -> pl.DataFrame:
    """Goods between warehouses at as_of; where they go to and when is not known."""
    return (
        closing(valued)
        .filter((pl.col("warehouse") == IN_TRANSIT) & (pl.col("on_hand") > 0))
        .select(
            "sku",
            pl.lit(None, pl.String).alias("warehouse"),
            pl.col("on_hand").alias("qty"),
            pl.lit(None, pl.Date).alias("due_date"),
        )
    )
