"""Alerts on the terminal: counts, then what is new or worse, then the rest."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from stockturn.config import Settings
from stockturn.i18n import text
from stockturn.output.console import make_console
from stockturn.output.console_tables import COLOURS, print_table, styled

if TYPE_CHECKING:
    from rich.console import Console

GROUPS = {
    "digest_news": ("new", "escalated"),
    "digest_open": ("ongoing",),
    "digest_rest": ("snoozed", "not_evaluated", "resolved"),
}
COLUMNS = ("level", "rule", "sku", "warehouse", "message", "owner", "id", "value")
FURTHER = ("root_cause", "first_seen", "runs", "name")


def show_alerts(
    frame: pl.DataFrame,
    as_of: date,
    settings: Settings,
    *,
    color: bool | None = None,
    top: int | None = None,
    console: Console | None = None,
) -> None:
    """The digest: how many in each state and level, then the tables, new ones first and the longest list."""
    where, lang = console or make_console(color), settings.lang
    where.print(text("alerts.digest", lang, as_of=as_of.isoformat(), **counts(frame)))
    if frame.is_empty():
        where.print(styled(text("alerts.none", lang), "green"))
        return
    levels = level_counts(frame)
    worst = next((level for level in ("critical", "warning", "info") if levels[level]), "info")
    where.print(styled(text("alerts.digest_levels", lang, **levels), COLOURS[worst]))
    for key, states in GROUPS.items():
        rows = frame.filter(pl.col("state").is_in(states))
        if rows.height:
            where.print(styled(text(f"alerts.{key}", lang), "bold"))
            limit = settings.report.screen_rows if key == "digest_news" else settings.report.short_rows
            print_table("alerts", _subject(rows, key), settings, where, top, limit)


def _subject(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """The columns of the screen; alerts about no item are named by supplier, category or file."""
    shown = ("state", *COLUMNS) if key == "digest_rest" else COLUMNS
    named = rows.with_columns(sku=pl.coalesce("sku", "supplier", "category", "file"))
    return named.select(*shown, *FURTHER)


def counts(frame: pl.DataFrame) -> dict[str, int]:
    """How many alerts are in each state."""
    found = dict(frame.group_by("state").len().iter_rows())
    states = ("new", "escalated", "ongoing", "snoozed", "not_evaluated", "resolved")
    return {state: int(found.get(state, 0)) for state in states}


def level_counts(frame: pl.DataFrame) -> dict[str, int]:
    """How many open alerts (new, escalated, ongoing) are of each level."""
    still = frame.filter(pl.col("state").is_in(("new", "escalated", "ongoing")))
    found = dict(still.group_by("level").len().iter_rows())
    return {level: int(found.get(level, 0)) for level in ("critical", "warning", "info")}
