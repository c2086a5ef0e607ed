"""What the figures rest on, and which export would put them on firmer ground."""

from __future__ import annotations

import polars as pl

from stockturn.engine.entries import Entries
from stockturn.engine.periods import month_end
from stockturn.engine.valued import ValuedDays
from stockturn.model import Note


def footing(valued: ValuedDays, entries: Entries) -> tuple[Note, ...]:
    """Notes (catalogue section ``turnover``): estimated openings and opening values, cells without cost, no sales, no
    receipts, summaries instead of movements, transfers without a counterpart, a provisional month-end average."""
    cells = valued.cells
    guessed = cells.filter(pl.col("opening_basis") == "estimated").height
    unvalued = cells.filter(pl.col("guessed_value") & (pl.col("opening_basis") != "estimated")).height
    unknown = cells.filter("no_cost").height
    notes = []
    if guessed:
        notes.append(Note("turnover.sources_stock", {"cells": guessed}, "warning"))
    if unvalued:
        notes.append(
            Note("turnover.sources_opening_value", {"cells": unvalued, "day": valued.origin}, "warning")
        )
    if unknown:
        notes.append(Note("turnover.sources_cost", {"cells": unknown}, "warning"))
    if not valued.has_sales:
        notes.append(Note("turnover.sources_sales", {}, "warning"))
    if not valued.has_receipts:
        notes.append(Note("turnover.sources_receipts", {}, "warning"))
    if valued.by_period:
        notes.append(Note("turnover.sources_period"))
    if entries.unpaired.height:
        first = entries.unpaired.row(0, named=True)
        params = {"legs": entries.unpaired.height, "sku": first["sku"], "warehouse": first["warehouse"]}
        notes.append(Note("turnover.unpaired", {**params, "date": first["date"]}, "warning"))
    if valued.cost_basis == "monthly_average" and valued.as_of != month_end(valued.as_of):
        notes.append(Note("turnover.provisional", {"month": f"{valued.as_of:%Y-%m}", "as_of": valued.as_of}))
    return tuple(notes)
