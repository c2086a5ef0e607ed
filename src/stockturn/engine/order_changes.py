"""Open orders that should come earlier, later, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from stockturn.config.reorder import ReorderSettings
from stockturn.engine.expr import IN_TRANSIT
from stockturn.engine.loss import Floats
from stockturn.engine.outlook import Outlook, first_day
from stockturn.engine.phrases import number, phrase
from stockturn.engine.projection import TINY, Scheduled, running

EXPEDITE, DEFER, CANCEL, KEEP = "expedite", "defer", "cancel", "none"


@dataclass(frozen=True)
class Changes:
    """Per open line: the action, and the day after as_of on which it is needed (inf: never)."""

    action: np.ndarray
    needed: Floats


def order_changes(
    outlook: Outlook, available: Floats, safety: Floats, lines: Scheduled, settings: ReorderSettings
) -> Changes:
    """What to ask the supplier of each open line, given the lines due before it and without it.

    Stock would run out ``expedite_days`` or more before it is due: expedite, needed on the day it runs out. An overdue
    line that is needed by the day it is now expected: expedite. Due ``defer_days`` or more before stock falls below
    the safety stock: defer to that day. Not needed within ``cancel_days`` after it is due, or never: cancel. Goods in
    transit between warehouses are left alone.
    """
    before = running(lines.qty, lines.cell) - lines.qty
    stock = available[lines.cell] + before
    curve = outlook.take(lines.cell)
    out = np.where(stock <= TINY, 0.0, first_day(curve.when(np.maximum(stock, 0.0))))
    out = np.where(np.isfinite(curve.when(np.full(len(stock), TINY))), out, np.inf)
    spare = stock - safety[lines.cell]
    below = np.where(spare < -TINY, 0.0, first_day(curve.when(np.maximum(spare, 0.0) + TINY)))
    hurry = (lines.due - out >= settings.expedite_days) | ((lines.overdue > 0) & (below <= lines.due))
    wait = below - lines.due
    action = np.select(
        [hurry, wait > settings.cancel_days, wait >= settings.defer_days], [EXPEDITE, CANCEL, DEFER], KEEP
    )
    transit = (lines.frame.get_column("supplier") == IN_TRANSIT).to_numpy()
    return Changes(np.where(transit, KEEP, action), np.where(hurry, np.minimum(out, lines.due), below))


def changes_frame(lines: Scheduled, changes: Changes, as_of: date) -> pl.DataFrame:
    """The lines to change: cell, supplier, sku, warehouse, doc_no, line_no, action, qty_open, value, due_date (promised,
    or expected where no promise was given), needed_on (null: never), days (needed_on - due_date), overdue_days."""
    needed = pl.Series("needed_day", np.where(np.isfinite(changes.needed), changes.needed, np.nan)).fill_nan(
        None
    )
    frame = lines.frame.with_columns(
        needed.cast(pl.Int64),
        action=pl.Series(changes.action, dtype=pl.String),
        overdue_days=pl.col("overdue"),
    ).with_columns(
        needed_on=pl.lit(as_of) + pl.duration(days=pl.col("needed_day")),
        due_date=pl.coalesce("promised_date", pl.lit(as_of) + pl.duration(days=pl.col("due").cast(pl.Int64))),
    )
    return (
        frame.filter(pl.col("action") != KEEP)
        .with_columns(
            days=(pl.col("needed_on") - pl.col("due_date")).dt.total_days().cast(pl.Float64),
            value=pl.col("qty_open") * pl.col("unit_cost"),
        )
        .select(
            "cell", "supplier", "sku", "warehouse", "doc_no", "line_no", "action", "qty_open", "value", "order_date",
            "due_date", "needed_on", "days", "overdue_days",
        )
    )  # fmt: skip


def with_reasons(changes: pl.DataFrame, as_of: date, lang: str) -> pl.DataFrame:
    """The changes with a sentence each: column reason."""
    said = {
        "due": pl.col("due_date").cast(pl.String),
        "needed": pl.col("needed_on").cast(pl.String),
        "days": number(pl.col("days").abs()),
    }
    hurry, late = pl.col("action") == EXPEDITE, pl.col("due_date") <= as_of
    never = pl.col("needed_on").is_null()
    return changes.with_columns(
        reason=pl.when(hurry & late).then(phrase("reorder.change_overdue", lang, **said))
        .when(hurry).then(phrase("reorder.change_expedite", lang, **said))
        .when(pl.col("action") == DEFER).then(phrase("reorder.change_defer", lang, **said))
        .when(never).then(phrase("reorder.change_never", lang, **said))
        .otherwise(phrase("reorder.change_cancel", lang, **said))
    )  # fmt: skip
