"""Alerts as a workbook: all of them, and one sheet per owner with columns to fill in."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from stockturn.config import Settings
from stockturn.i18n import text
from stockturn.model import Block, Report, Sheet
from stockturn.output.phrases import Phrases, spoken
from stockturn.output.xlsx import write_report
from stockturn.schema import Unit

COLUMNS = (
    "level", "state", "rule", "sku", "name", "warehouse", "supplier", "category", "message", "value", "root_cause",
    "first_seen", "runs",
)  # fmt: skip
FILLED_IN = {"handler": Unit.TEXT, "result": Unit.TEXT, "done_on": Unit.DATE}
"""Columns for people, empty at first."""


def write_alerts(frame: pl.DataFrame, path: Path, as_of: date, settings: Settings) -> None:
    """One workbook: a sheet with everything, then one per owner, the owner with most alerts first."""
    write_report(alert_report(frame, as_of, settings), path)


def alert_report(frame: pl.DataFrame, as_of: date, settings: Settings) -> Report:
    """The workbook as values; an owner of one sheet only gets no sheet of everything beside it."""
    lang = settings.lang
    owners = frame.group_by("owner").len().sort("len", "owner", descending=[True, False])["owner"].to_list()
    everything = text("alerts.sheet_all", lang)
    blocks = [_block("all", everything, frame, settings, with_owner=True)] if len(owners) != 1 else []
    none = text("words.none", lang)
    for place, owner in enumerate(owners):
        title = owner if owner != "(none)" else none
        blocks.append(_block(f"owner_{place}", str(title), frame.filter(pl.col("owner") == owner), settings))
    title = text("alerts.title", lang)
    subtitle = text("alerts.alerts_as_of", lang, as_of=as_of.isoformat())
    sheets = tuple(Sheet(block.key, block.title, (block,)) for block in blocks)
    return Report(title, subtitle, lang, settings.ingest.currency, as_of, sheets)


def _block(
    key: str, title: str, frame: pl.DataFrame, settings: Settings, *, with_owner: bool = False
) -> Block:
    say = Phrases(settings.lang)
    names = [*COLUMNS[:2], "owner", *COLUMNS[2:]] if with_owner else list(COLUMNS)
    kept = [name for name in names if not (frame.height and name in _MAY_GO and _blank(frame, name))]
    rows = frame.head(settings.report.detail_rows).select("id", *kept)
    rows = spoken(rows, say).select(*kept, "id")
    empty = [
        pl.lit(None, pl.Date if unit is Unit.DATE else pl.String).alias(name)
        for name, unit in FILLED_IN.items()
    ]
    marks = {"level": {say.code("level", level): level for level in ("info", "warning", "critical")}}
    return Block(
        title,
        rows.with_columns(empty),
        key,
        bars=("value",),
        marks=marks,
        labels={name: text(f"alerts.{name}", settings.lang) for name in FILLED_IN},
        units=FILLED_IN,
        omitted=frame.height - rows.height,
    )


_MAY_GO = ("name", "supplier", "category", "root_cause")


def _blank(frame: pl.DataFrame, name: str) -> bool:
    return frame[name].null_count() == frame.height
