"""What a plan rests on where an export is missing, and which one would help."""

from __future__ import annotations

import polars as pl

from stockturn.config.reorder import ReorderSettings
from stockturn.engine.expr import NONE
from stockturn.engine.leadtime import DEFAULT
from stockturn.engine.reorder_cells import ReorderInputs
from stockturn.model import Note


def reorder_notes(
    inputs: ReorderInputs, reorder: pl.DataFrame, settings: ReorderSettings
) -> tuple[Note, ...]:
    """Notes (catalogue section ``reorder``) on cells with demand: no stock list, no lead time, no supplier; and where
    nothing is asked for, or no purchase order is known at all."""
    asked = reorder.filter(pl.col("demand_per_day") > 0)
    listed = inputs.closing.columns
    guessed = inputs.closing.filter("guessed") if "guessed" in listed else inputs.closing.clear()
    found = (
        ("reorder.sources_stock", asked.join(guessed, on=["sku", "warehouse"], how="semi").height),
        ("reorder.sources_lead_time", asked.filter(pl.col("lead_time_source") == DEFAULT).height),
        ("reorder.sources_supplier", asked.filter(pl.col("supplier") == NONE).height),
    )
    days = f"{settings.lead_time_days:g}"
    notes = [Note(key, {"cells": cells, "days": days}, "warning") for key, cells in found if cells]
    if asked.is_empty():
        notes.append(Note("turnover.sources_sales", {}, "warning"))
    elif inputs.orders.is_empty():
        notes.append(Note("reorder.sources_orders", {}, "warning"))
    return tuple(notes)
