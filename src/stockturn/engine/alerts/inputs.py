"""What the rules look at, made from one run of the engine: frames with one row per cell, item, supplier, file ..."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from stockturn.engine.alerts.cells import cell_facts
from stockturn.engine.batches import expiry_told
from stockturn.engine.expr import IN_TRANSIT, NONE, ratio
from stockturn.engine.reorder_cells import Known, known
from stockturn.engine.valued import closing

if TYPE_CHECKING:
    from stockturn.engine.run import Run

Frame = pl.DataFrame | None


def alert_frames(run: Run, suggestions: pl.DataFrame | None = None) -> dict[str, Frame]:
    """The frames named in registry.KEYS; None where the ledger has nothing to make one from.

    Stock rules need a stock list or opening balances; order rules need orders; expiry needs batches, stock lists or receipts with an expiry, or a shelf life; capacity needs
    warehouses with a capacity; targets need a target in the settings. ``suggestions``: what earlier runs suggested
    to buy (made_on, sku, warehouse, suggested_qty), for the likely cause of too much stock.
    """
    ledger, settings = run.ledger, run.settings
    facts = known(run.supply, settings)
    people = run.entries.items.select("sku", "name", "category", "supplier", "owner", "buyer").collect()
    stock_known = _stock_known(run)
    cells = cell_facts(run, facts, people, suggestions) if stock_known else None
    return {
        "cells": cells,
        "expiries": _expiries(run, cells) if expiry_told(ledger) else None,
        "late_orders": _late_orders(run, facts, people) if ledger.has("orders") else None,
        "suppliers": _suppliers(run, people) if ledger.has("orders") else None,
        "prices": _prices(run, people),
        "biases": _biases(run, people),
        "targets": _targets(run, people),
        "differences": _differences(run, people) if ledger.has("stock") else None,
        "rooms": _rooms(run) if stock_known and ledger.has("warehouses") else None,
        "files": _files(ledger.sheets),
    }


def _stock_known(run: Run) -> bool:
    """Whether any balance rests on a list or an opening, not on a guess."""
    return bool((run.valued.cells["opening_basis"] != "estimated").any())


def _expiries(run: Run, cells: Frame) -> Frame:
    if cells is None:
        return None
    days = (pl.col("next_expiry") - pl.lit(run.entries.as_of)).dt.total_days()
    return cells.with_columns(days_to_expiry=days)


def _late_orders(run: Run, facts: Known, people: pl.DataFrame) -> pl.DataFrame:
    """Per cell with an open line past its promise: overdue_days (the oldest), overdue_qty, overdue_value, supplier."""
    late = (pl.lit(run.entries.as_of) - pl.col("promised_date")).dt.total_days()
    costs = run.supply.closing.select("sku", "warehouse", cell_cost="unit_cost")
    return (
        facts.lines.filter(pl.col("supplier") != IN_TRANSIT)
        .with_columns(days=late)
        .filter(pl.col("days") > 0)
        .join(costs, on=["sku", "warehouse"], how="left")
        .with_columns(late_value=pl.col("qty_open") * pl.coalesce("unit_cost", "cell_cost"))
        .sort("days", "supplier", descending=[True, False])
        .group_by("sku", "warehouse", maintain_order=True)
        .agg(
            pl.col("supplier").first(),
            overdue_days=pl.col("days").first(),
            overdue_qty=pl.col("qty_open").sum(),
            overdue_value=pl.when(pl.col("late_value").count() > 0).then(pl.col("late_value").sum()),
        )
        .join(people.drop("supplier"), on="sku", how="left")
        .join(_classes(run), on="sku", how="left")
    )


def _classes(run: Run) -> pl.DataFrame:
    """One ABC class per sku: the best it has anywhere."""
    return run.classes.group_by("sku").agg(pl.col("abc").min())


def _suppliers(run: Run, people: pl.DataFrame) -> pl.DataFrame:
    """Per supplier: on_time_rate, lateness_value, judged_lines, and the buyer and owner of most of its items."""
    judged = pl.col("promised_lines") + pl.max_horizontal("old_lines", "overdue_lines")
    return (
        run.suppliers()
        .filter(pl.col("supplier") != NONE)
        .select("supplier", "on_time_rate", "lateness_value", judged_lines=judged)
        .join(_people_of(people, "supplier"), on="supplier", how="left")
    )


def _people_of(people: pl.DataFrame, scope: str) -> pl.DataFrame:
    """Owner and buyer of most items of a scope; of equally many the first by name."""
    most = (pl.col(name).filter(pl.col(name) != NONE).mode().sort().first() for name in ("owner", "buyer"))
    return people.group_by(scope).agg(most)


def _prices(run: Run, people: pl.DataFrame) -> Frame:
    """Per sku its latest purchase: last_cost, last_qty; and mean_cost of those before it (null without)."""
    chosen, as_of = run.settings.alerts, run.entries.as_of
    cost = pl.coalesce(pl.col("unit_cost"), ratio("cost", "qty"))
    bought = (
        run.entries.movements.filter((pl.col("kind") == "purchase") & (pl.col("qty") > 0))
        .with_columns(each=cost)
        .filter(pl.col("each") > 0)
        .with_columns(last_on=pl.col("date").max().over("sku"))
        .select("sku", "date", "qty", "each", "last_on")
    )
    last, before = pl.col("date") == pl.col("last_on"), pl.col("date") < pl.col("last_on")
    within = before & (pl.col("date") >= pl.col("last_on") - pl.duration(days=chosen.price_days))
    weighed = pl.col("each") * pl.col("qty")
    made = (
        bought.group_by("sku")
        .agg(
            pl.col("last_on").first(),
            last_qty=pl.col("qty").filter(last).sum(),
            last_cost=ratio(weighed.filter(last).sum(), pl.col("qty").filter(last).sum()),
            mean_cost=ratio(weighed.filter(within).sum(), pl.col("qty").filter(within).sum()),
        )
        .filter(pl.col("last_on") > pl.lit(as_of) - pl.duration(days=chosen.recent_days))
        .collect()
    )
    known_costs = bought.select(pl.len()).collect().item()
    return (
        made.join(people, on="sku", how="left").join(_classes(run), on="sku", how="left")
        if known_costs
        else None
    )


def _biases(run: Run, people: pl.DataFrame) -> Frame:
    """Per sku: bias and periods of the backtest, and what a day of demand is worth."""
    accuracy = run.forecasts(("sku",)).result.accuracy
    if accuracy.is_empty():
        return None
    costs = run.supply.closing.group_by("sku").agg(pl.col("unit_cost").mean())
    rates = run.supply.rates.group_by("sku").agg(pl.col("demand_per_day").sum())
    return (
        accuracy.select("sku", "bias", "periods")
        .join(rates, on="sku", how="left")
        .join(costs, on="sku", how="left")
        .with_columns(demand_value=pl.col("demand_per_day") * pl.col("unit_cost"))
        .join(people, on="sku", how="left")
        .join(_classes(run), on="sku", how="left")
    )


def _targets(run: Run, people: pl.DataFrame) -> Frame:
    """Turnover of the categories against their targets; None where no category has one."""
    made = run.turnover(("category",), run.period).select(
        "category", "turnover", "target", "achievement", "excess_capital"
    )
    if made["target"].null_count() == made.height:
        return None
    return made.join(_people_of(people, "category"), on="category", how="left")


def _differences(run: Run, people: pl.DataFrame) -> pl.DataFrame:
    """Per cell the latest difference between count and book, where it is recent."""
    recent = pl.col("as_of") > pl.lit(run.entries.as_of) - pl.duration(days=run.settings.alerts.recent_days)
    return (
        run.valued.differences.filter(recent)
        .sort("as_of")
        .group_by("sku", "warehouse", maintain_order=True)
        .last()
        .rename({"as_of": "counted_on"})
        .join(people, on="sku", how="left")
        .join(_classes(run), on="sku", how="left")
    )


def _rooms(run: Run) -> Frame:
    """Per warehouse with a capacity: used (in the unit of the capacity), capacity, value."""
    rooms = (
        run.ledger.table("warehouses")
        .select("warehouse", "name", "capacity")
        .drop_nulls("capacity")
        .unique("warehouse", keep="last", maintain_order=True)
        .collect()
    )
    if rooms.is_empty():
        return None
    volumes = run.entries.items.select("sku", "volume").collect()
    held = closing(run.valued).filter(pl.col("on_hand") > 0).join(volumes, on="sku", how="left")
    of_unit = {
        "units": pl.col("on_hand"),
        "volume": pl.col("on_hand") * pl.col("volume"),
        "value": pl.col("value"),
    }[run.settings.reorder.capacity_unit]
    sums = held.group_by("warehouse").agg(used=of_unit.sum(), value=pl.col("value").sum())
    return rooms.join(sums, on="warehouse", how="left").with_columns(pl.col("used", "value").fill_null(0.0))


def _files(sheets: pl.DataFrame) -> Frame:
    """Per source file: rows_read, refused, unread (no sheet of it fits a table)."""
    if sheets.is_empty():
        return None
    return sheets.group_by("file", maintain_order=True).agg(
        pl.col("rows_read").sum(), pl.col("refused").sum(), unread=pl.col("table").is_null().all()
    )
