"""Alerts as a workbook: all of them, and one sheet per owner. What people fill in there is read back by the report."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from stockturn.config import Settings
from stockturn.i18n import text
from stockturn.model import Block, Report, Sheet
from stockturn.output.carry import ALERTS, HANDLING_UNITS, OF_OWNER, handling_labels, with_handled
from stockturn.output.phrases import Phrases, spoken
from stockturn.output.xlsx import write_report

COLUMNS = (
    "level", "state", "rule", "sku", "name", "warehouse", "supplier", "category", "message", "value", "root_cause",
    "first_seen", "runs",
)  # fmt: skip


def write_alerts(frame: pl.DataFrame, path: Path, as_of: date, settings: Settings) -> None:
    """One workbook: a sheet with everything, then one per owner, the owner with most alerts first."""
    write_report(alert_report(frame, as_of, settings), path)


def alert_report(frame: pl.DataFrame, as_of: date, settings: Settings) -> Report:
    """The workbook as values; an owner of one sheet only gets no sheet of everything beside it."""
    lang = settings.lang
    owners = frame.group_by("owner").len().sort("len", "owner", descending=[True, False])["owner"].to_list()
    everything = text("report.block_alerts_all", lang)
    blocks = [_block(ALERTS, everything, frame, settings, with_owner=True)] if len(owners) != 1 else []
    none = text("words.none", lang)
    for place, owner in enumerate(owners):
        title = owner if owner != "(none)" else none
        blocks.append(
            _block(f"{OF_OWNER}{place}", str(title), frame.filter(pl.col("owner") == owner), settings)
        )
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
    rows = with_handled(spoken(rows, say).select(*kept, "id"), None)
    marks = {"level": {say.code("level", level): level for level in ("info", "warning", "critical")}}
    return Block(
        title,
        rows,
        key,
        bars=("value",),
        marks=marks,
        labels=handling_labels(settings.lang),
        units=HANDLING_UNITS,
        omitted=frame.height - rows.height,
    )


_MAY_GO = ("name", "supplier", "category", "root_cause")


def _blank(frame: pl.DataFrame, name: str) -> bool:
    return frame[name].null_count() == frame.height
