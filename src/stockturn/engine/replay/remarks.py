"""What has to be said about a replay: the sentence that a person would say, and what the figures rest on."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import polars as pl

from stockturn.config import Settings
from stockturn.engine.demand import Demand
from stockturn.engine.replay.run import ACTUAL, SUGGESTED, Lived, Stage
from stockturn.model import Note

TELLING = 0.0005
"""Least share of the demand that is worth a word."""

SHOWN = 3
"""Rates that are the same to so many decimals are the same to a reader: a tenth of a percent."""


def sentence(table: pl.DataFrame) -> Note:
    """Capital and service of the suggestions beside what was done."""
    rows = {row["policy"]: row for row in table.iter_rows(named=True)}
    done, made = rows[ACTUAL], rows[SUGGESTED]
    figures = {
        "held": made["avg_inventory"], "held_actual": done["avg_inventory"], "fill": made["fill_rate"],
        "fill_actual": done["fill_rate"], "out": made["stockout_rate"], "out_actual": done["stockout_rate"],
    }  # fmt: skip
    if figures["fill"] is None:
        return Note("replay.sentence_idle")
    if done["fill_rate"] < 1.0:
        return Note(
            "replay.sentence_lost" if figures["held"] is not None else "replay.sentence_idle", figures
        )
    if figures["out"] is None:
        return Note(
            "replay.sentence_short" if figures["held"] is not None else "replay.sentence_idle", figures
        )
    if figures["held"] is None:
        return Note("replay.sentence_no_cost", figures)
    same = round(figures["out"], SHOWN) == round(figures["out_actual"], SHOWN)
    return Note("replay.sentence_same_out" if same else "replay.sentence", figures)


def equal_service(table: pl.DataFrame) -> Note | None:
    """Where the curve of capital against service reaches the stockout rate of the past, straight between its points;
    None where it does not."""
    done = table.filter(pl.col("policy") == ACTUAL).row(0, named=True)
    curve = table.filter(pl.col("policy").str.starts_with("service_")).drop_nulls("avg_inventory")
    target, held = done["stockout_rate"], done["avg_inventory"]
    if target is None or not held or curve["stockout_rate"].null_count():
        return None
    points = curve.sort("avg_inventory").select("stockout_rate", "avg_inventory", "fill_rate").rows()
    for low, high in pairwise(points):
        if low[0] >= target >= high[0] and low[0] > high[0]:
            share = (low[0] - target) / (low[0] - high[0])
            found, fill = (low[k] + share * (high[k] - low[k]) for k in (1, 2))
            return Note(
                "replay.equal_service",
                {"out": target, "held": found, "change": found / held - 1, "fill": fill},
            )
    return None


def remarks(
    stage: Stage, suggested: Lived, table: pl.DataFrame, orders: pl.DataFrame, settings: Settings
) -> tuple[Note, ...]:
    """Notes, the most important first."""
    world, rows = stage.world, {row["policy"]: row for row in table.iter_rows(named=True)}
    done = rows[ACTUAL]
    level = equal_service(table)
    notes = [level] if level else []
    notes += [Note("replay.days", {"start": world.start, "end": world.end, "days": world.days})]
    if stage.chosen:
        notes.append(Note("replay.chosen", {"start": world.start}))
    notes.append(_demand(done, settings))
    if orders.height:
        notes.append(_lead_times(orders))
    notes.append(Note("replay.lost"))
    notes += _doubts(stage, suggested)
    notes.append(Note("replay.as_it_stands"))
    return tuple(notes)


def _demand(done: dict[str, Any], settings: Settings) -> Note:
    """What demand is, and what is not known of it."""
    if done["stockout_rate"] is None:
        return Note("replay.demand_seen_only")
    figures = {"out": done["out_days"], "days": done["on_sale_days"], "share": done["stockout_rate"]}
    if settings.replay.lost_sales:
        return Note("replay.demand_estimated", {**figures, "lost": done["lost_qty"]})
    return Note("replay.demand_seen", figures)


def _lead_times(orders: pl.DataFrame) -> Note:
    used = dict(orders.group_by("lead_time_basis").len().iter_rows())
    names = {"own": "observed_sku", "supplier": "observed_supplier", "planned": "planned"}
    return Note(
        "replay.lead_times",
        {"orders": orders.height, **{key: used.get(name, 0) for key, name in names.items()}},
    )


def _doubts(stage: Stage, suggested: Lived) -> list[Note]:
    """What the ledger does not tell, or tells wrongly, where it does."""
    world, notes = stage.world, []
    guessed = stage.waiting["qty_open"].sum()
    if guessed:
        notes.append(Note("replay.orders_guessed", {"qty": float(guessed), "lines": stage.waiting.height}))
    guesses = stage.run.valued.cells.filter(
        pl.Series(world.scope), pl.col("opening_basis") == "estimated"
    ).height
    if guesses:
        notes.append(Note("replay.estimated", {"cells": guesses}))
    below = _below_zero(stage)
    if below[0]:
        notes.append(Note("replay.negative", {"days": below[0], "qty": below[1]}))
    notes += _launched(stage, suggested)
    stopped = _stopped(stage)
    if stopped >= TELLING:
        notes.append(Note("replay.discontinued", {"share": stopped}))
    if suggested.shop is not None and suggested.shop.not_taken > 0:
        notes.append(Note("replay.not_taken", {"qty": suggested.shop.not_taken}))
    if not world.mine.all():
        notes.append(Note("replay.consigned", {"cells": int((~world.mine).sum())}))
    return notes


def _launched(stage: Stage, suggested: Lived) -> list[Note]:
    """Items that came for the first time in these days, where some of what was asked for of them was not there: the past
    had ordered them for their launch, the engine knows of none before its first sale."""
    world, run, sums = stage.world, stage.run, suggested.tally.sums
    first = (
        Demand.of(run.entries, run.settings).active.group_by("sku").agg(first=pl.col("first_active").min())
    )
    new = first.filter(pl.col("first") >= world.start).select("sku").collect()
    missed = pl.Series("missed", (sums["demand_qty"] - sums["sold_qty"]) * world.scope)
    lost = world.cells.with_columns(missed).join(new, on="sku", how="semi").filter(pl.col("missed") > 0)
    if lost.is_empty():
        return []
    return [Note("replay.launched", {"skus": lost["sku"].n_unique(), "qty": float(lost["missed"].sum())})]


def _below_zero(stage: Stage) -> tuple[int, float]:
    """Postings of the days after which the book stood below 0, and the units that were sold while it did."""
    world = stage.world
    scope = pl.Series("scope", world.scope)
    rows = stage.run.valued.balances.filter(pl.col("day") > world.eve, pl.col("on_hand") < 0)
    rows = rows.filter(scope.gather(rows["cell"]))
    over = pl.min_horizontal(-pl.col("on_hand"), "demand")
    return rows.height, float(rows.select(over.sum()).item() or 0.0)


def _stopped(stage: Stage) -> float:
    """Share of the units asked for that are of goods the item list calls discontinued."""
    world, run = stage.world, stage.run
    state = pl.col("status").str.to_lowercase().is_in(list(run.settings.reorder.stopped))
    items = run.entries.items.select("sku", stopped=state.fill_null(False)).collect()
    gone = world.valued.cells.join(items, on="sku", how="left", maintain_order="left")["stopped"].fill_null(
        False
    )
    asked = world.demand.qty * world.scope[world.demand.cell]
    total = float(asked.sum())
    return float((asked * gone.to_numpy()[world.demand.cell]).sum()) / total if total else 0.0
