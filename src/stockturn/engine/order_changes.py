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
    """Per open line: the action, the day it is needed (inf: never), and the line's running number in its cell."""

    action: np.ndarray
    needed: Floats


def order_changes(
    outlook: Outlook, available: Floats, safety: Floats, lines: Scheduled, settings: ReorderSettings
) -> Changes:
    """What to ask the supplier of each open line.

    A line is needed on the first day on which stock, with the lines due before it and without it, falls below the
    safety stock. Due ``expedite_days`` or more after that (an overdue line that is needed at all: always): expedite.
    Due ``defer_days`` or more before: defer to that day. Not needed within ``cancel_days`` after it is due, or never:
    cancel. Goods in transit between warehouses are left alone.
    """
    before = running(lines.qty, lines.cell) - lines.qty
    stock = available[lines.cell] + before - safety[lines.cell]
    curve = outlook.take(lines.cell)
    needed = np.where(stock < -TINY, 0.0, first_day(curve.when(np.maximum(stock, 0.0) + TINY)))
    wait = needed - lines.due
    hurry = (lines.due - needed >= settings.expedite_days) & np.isfinite(needed)
    hurry |= (lines.overdue > 0) & (needed <= lines.due)
    action = np.select(
        [hurry, wait > settings.cancel_days, wait >= settings.defer_days], [EXPEDITE, CANCEL, DEFER], KEEP
    )
    transit = (lines.frame.get_column("supplier") == IN_TRANSIT).to_numpy()
    return Changes(np.where(transit, KEEP, action), needed)


def changes_frame(lines: Scheduled, changes: Changes, as_of: date) -> pl.DataFrame:
    """The lines to change: supplier, sku, warehouse, doc_no, line_no, action, qty_open, value, due_date (promised,
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
            "supplier", "sku", "warehouse", "doc_no", "line_no", "action", "qty_open", "value", "order_date",
            "due_date", "needed_on", "days", "overdue_days",
        )
    )  # fmt: skip


def with_reasons(changes: pl.DataFrame, lang: str) -> pl.DataFrame:
    """The changes with a sentence each: column reason."""
    said = {
        "due": pl.col("due_date").cast(pl.String),
        "needed": pl.col("needed_on").cast(pl.String),
        "days": number(pl.col("days").abs()),
        "overdue": number("overdue_days"),
    }
    hurry, late = pl.col("action") == EXPEDITE, pl.col("overdue_days") > 0
    never = pl.col("needed_on").is_null()
    return changes.with_columns(
        reason=pl.when(hurry & late).then(phrase("reorder.change_overdue", lang, **said))
        .when(hurry).then(phrase("reorder.change_expedite", lang, **said))
        .when(pl.col("action") == DEFER).then(phrase("reorder.change_defer", lang, **said))
        .when(never).then(phrase("reorder.change_never", lang, **said))
        .otherwise(phrase("reorder.change_cancel", lang, **said))
    )  # fmt: skip
