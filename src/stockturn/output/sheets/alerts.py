"""The sheet Alerts: how many of what, by owner, and the list that people work through."""

from __future__ import annotations

import polars as pl

from stockturn.model import Block, Sheet, Tile
from stockturn.output.sheets.context import Context, for_people
from stockturn.output.sheets.lists import lists
from stockturn.schema import Unit

LEVELS = ("critical", "warning", "info")
SHORT = ("level", "rule", "sku", "name", "warehouse", "message", "value", "owner")
LIST = (
    "id",
    "level",
    "rule",
    "owner",
    "sku",
    "name",
    "warehouse",
    "supplier",
    "category",
    "message",
    "value",
    "root_cause",
)


def build(context: Context) -> Sheet | None:
    """Tiles by level, alerts by owner, and the lists; no sheet where nothing stands out."""
    alerts = context.analysis.alerts
    if alerts.is_empty():
        return None
    say = context.say
    counts = dict(alerts.group_by("level").len().iter_rows())
    tiles = tuple(
        Tile(
            say.code("level", level),
            "skus",
            float(counts.get(level, 0)),
            light=level if counts.get(level) else "good",
        )
        for level in LEVELS[:2]
    )
    marks = {"level": {say.code("level", level): level for level in LEVELS}}
    titles = (say("block_alerts"), say("block_alerts_all"))
    listed = lists(context, "alerts", titles, alerts, (SHORT, LIST), bars=("value",), marks=marks)
    return Sheet("alerts", say("sheet_alerts"), (_by_owner(context, alerts), *listed), tiles=tiles)


def _by_owner(context: Context, alerts: pl.DataFrame) -> Block:
    """One row per owner: alerts by level, the one with most critical ones first."""
    counted = alerts.group_by("owner").agg(
        *((pl.col("level") == level).sum().cast(pl.Int64).alias(level) for level in LEVELS),
        value=pl.col("value").sum(),
    )
    say = context.say
    frame = counted.sort("critical", "warning", "value", "owner", descending=[True, True, True, False])
    labels = {level: say.code("level", level) for level in LEVELS}
    units = dict.fromkeys(LEVELS, Unit.COUNT)
    return Block(
        say("block_alerts_owner"), for_people(frame, context), "alerts_owner", labels=labels, units=units
    )
