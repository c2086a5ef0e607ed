"""What earlier runs suggested to buy, kept in the ledger folder: LEDGER/history/suggestions/2025-03-31.parquet.

One file per as_of, the last run counts; only what was to be bought. Held later against what was bought.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from stockturn.store import history

KIND = "suggestions"
COLUMNS = {"made_on": pl.Date, "sku": pl.String, "warehouse": pl.String, "suggested_qty": pl.Float64}


def write(ledger: Path, made_on: date, reorder: pl.DataFrame, keep: int) -> None:
    """Keep what a run of that day suggests to buy (columns of ``reorder``), and the last ``keep`` days of it.

    Call it while the folder is held (:func:`stockturn.store.history.changing`).
    """
    bought = reorder.filter((pl.col("action") == "buy") & (pl.col("suggested_qty") > 0))
    history.write(ledger, KIND, made_on.isoformat(), bought.select("sku", "warehouse", "suggested_qty"))
    history.prune(ledger, KIND, keep)


def read(ledger: Path, as_of: date) -> pl.DataFrame:
    """made_on, sku, warehouse, suggested_qty of every kept day before ``as_of``; a day on which nothing was to be bought
    has one row without a sku."""
    parts = [pl.DataFrame(schema=COLUMNS)]
    for name in history.names(ledger, KIND):
        frame = history.read(ledger, KIND, name) if name < as_of.isoformat() else None
        if frame is not None:
            day = pl.lit(date.fromisoformat(name))
            rows = frame if frame.height else frame.clear(1)
            parts.append(
                rows.select(made_on=day, sku="sku", warehouse="warehouse", suggested_qty="suggested_qty")
            )
    return pl.concat(parts)
