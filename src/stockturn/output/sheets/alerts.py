"""The sheet Alerts: how many of what, by owner, what is new and what is over, and the list that people work through."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from stockturn.model import Block, Sheet, Tile
from stockturn.output.sheets.context import Context, capped, for_people, known, pick
from stockturn.output.sheets.lists import lists
from stockturn.schema import Unit

LEVELS = ("critical", "warning", "info")
OVER = (
    "level",
    "rule",
    "sku",
    "name",
    "warehouse",
    "supplier",
    "category",
    "message",
    "value",
    "owner",
    "first_seen",
)
SHORT = ("level", "state", *OVER[1:-1])
LIST = (
    "sku",
    "name",
    "level",
    "state",
    "rule",
    "message",
    "value",
    "owner",
    "warehouse",
    "supplier",
    "category",
    "root_cause",
    "first_seen",
    "runs",
    "id",
)
"""What an alert is about comes first: it stays in sight beside every page of the list."""
LIFE = ("state", "first_seen", "runs")
NEWS = ("new", "escalated")


def build(context: Context) -> Sheet | None:
    """Tiles by level, alerts by owner, and the lists; no sheet where nothing stands out."""
    alerts, over = context.analysis.alerts, context.analysis.resolved
    if alerts.is_empty() and over.is_empty():
        return None
    if not context.analysis.history:
        alerts = alerts.drop(LIFE, strict=False)
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
    tiles = (*tiles, *_life_tiles(context))
    titles = (say("block_alerts"), say("block_alerts_all"))
    listed = lists(context, "alerts", titles, alerts, (SHORT, LIST), bars=("value",), marks=marks)
    owners = (_by_owner(context, alerts),) if alerts.height else ()
    blocks = (*owners, *listed[:1], *_resolved(context, over, marks), *listed[1:])
    return Sheet("alerts", say("sheet_alerts"), blocks, tiles=tiles)


def _life_tiles(context: Context) -> tuple[Tile, ...]:
    """What has changed since the recorded run before; nothing where no run is recorded."""
    if not context.analysis.history:
        return ()
    counts = dict(context.analysis.alerts.group_by("state").len().iter_rows())
    over = context.analysis.resolved.height
    worse = (*NEWS, "ongoing", "snoozed")
    found = [(state, counts.get(state, 0), "warning" if state in NEWS else None) for state in worse]
    found.append(("resolved", over, "good"))
    return tuple(
        Tile(context.say.code("state", state), "skus", float(count), light=light if count else None)
        for state, count, light in found
        if count or state in ("new", "resolved")
    )


def _resolved(
    context: Context, over: pl.DataFrame, marks: Mapping[str, Mapping[str, str]]
) -> tuple[Block, ...]:
    """What the recorded run before found and this one does not."""
    if over.is_empty():
        return ()
    rows, omitted = capped(pick(over, *OVER), context.settings.report.short_rows)
    rows, _ = known(rows, "level", "rule")
    title = context.say("block_alerts_over")
    return (Block(title, for_people(rows, context), "alerts_over", marks=marks, omitted=omitted),)


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
