"""What became of last month's actions: open, overdue, closed, or no longer listed; none of them is lost."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from stockturn.model import Block, Tile
from stockturn.output.carry import HANDLING, HANDLING_UNITS, TITLES, handling_labels, still_listed
from stockturn.output.sheets.context import Context, capped, for_people, known
from stockturn.schema import Unit

_STATES: Mapping[str, str] = {"overdue": "critical", "open": "warning", "gone": "info", "closed": "good"}
"""In the order of the list. Closed: a result or a date is filled in; gone: not, but the row is no longer listed."""

_WORDS: Mapping[str, str] = {
    "overdue": "action_overdue",
    "open": "action_open",
    "gone": "action_gone",
    "closed": "action_closed",
}
_DUE: Mapping[str, str] = {
    "to_do_all": "order_by",
    "order_changes_all": "due_date",
    "dead_items": "due_date",
}
"""Lists with a day by which a row should be done, and the column it stands in."""

_ROW = ("list", "action_state", "id", "rule", "sku", "name", "warehouse", "doc_no", "due_date", *HANDLING)


def actions(context: Context) -> tuple[Block | None, tuple[Tile, ...]]:
    """The actions of the carried workbook with their state, and how many there are of each."""
    frame = _actions(context)
    if frame.height == 0:
        return None, ()
    say = context.say
    words = {state: say(key) for state, key in _WORDS.items()}
    counts = dict(frame.group_by("action_state").len().iter_rows())
    tiles = tuple(
        Tile(words[state], "lines", float(counts.get(state, 0)), light=level if counts.get(state) else None)
        for state, level in _STATES.items()
        if counts.get(state) or state != "gone"
    )
    ranked = frame.sort(pl.col("action_state").replace_strict(list(_STATES), range(len(_STATES))))
    short, omitted = capped(context.with_names(ranked), context.settings.report.dimension_rows)
    short, _ = known(short.select([name for name in _ROW if name in short.columns]), "list", "action_state")
    block = Block(
        say("block_actions"),
        for_people(short.with_columns(pl.col("action_state").replace(words)), context),
        "actions",
        notes=(say("actions_note"),),
        marks={"action_state": {words[state]: level for state, level in _STATES.items()}},
        labels={
            "list": say("action_list"),
            "action_state": say.label("state"),
            **handling_labels(context.lang),
        },
        units={"list": Unit.TEXT, "action_state": Unit.CODE, **HANDLING_UNITS},
        omitted=omitted,
    )
    return block, tiles


def _actions(context: Context) -> pl.DataFrame:
    """Every row of every list in which something was filled in, with its day and its state."""
    lists = _lists(context)
    parts = []
    for key, carried in context.carried.items():
        if carried.height and key in TITLES:
            parts.append(_with_state(context, key, carried, lists[key]))
    return pl.concat(parts, how="diagonal_relaxed") if parts else pl.DataFrame()


def _with_state(context: Context, key: str, carried: pl.DataFrame, current: pl.DataFrame) -> pl.DataFrame:
    ids = [name for name in carried.columns if name not in HANDLING]
    listed = still_listed(current, carried)
    due = _due(current, _DUE.get(key), carried, ids)
    closed = pl.col("result").is_not_null() | pl.col("done_on").is_not_null()
    state = (
        pl.when(closed)
        .then(pl.lit("closed"))
        .when(~pl.col("listed"))
        .then(pl.lit("gone"))
        .when(pl.col("due_date") < context.analysis.as_of)
        .then(pl.lit("overdue"))
        .otherwise(pl.lit("open"))
    )
    title = pl.lit(context.say(TITLES[key])).alias("list")
    found = carried.with_columns(listed, due, title).with_columns(state.alias("action_state"))
    if "rule" in current.columns and "id" in found.columns:
        found = found.join(current.select("id", "rule"), on="id", how="left", maintain_order="left")
    return found


def _due(current: pl.DataFrame, column: str | None, carried: pl.DataFrame, ids: list[str]) -> pl.Series:
    """The day by which each carried row should be done, where its list has one."""
    if column is None or column not in current.columns or not set(ids) <= set(current.columns) or not ids:
        return pl.Series("due_date", [None] * carried.height, dtype=pl.Date)
    days = current.group_by(ids).agg(pl.col(column).min().alias("due_date"))
    return carried.join(days, on=ids, how="left", nulls_equal=True, maintain_order="left")["due_date"]


def _lists(context: Context) -> Mapping[str, pl.DataFrame]:
    """The lists of this run, whole."""
    analysis, supply = context.analysis, context.analysis.supply
    none = pl.DataFrame()
    return {
        "to_do_all": supply.reorder.filter(pl.col("action") != "none")
        if supply is not None and supply.reorder.height
        else none,
        "order_changes_all": supply.order_changes if supply is not None else none,
        "transfers_all": supply.transfers if supply is not None else none,
        "overstock_all": supply.overstock if supply is not None else none,
        "alerts_all": analysis.alerts,
        "dead_items": analysis.deadstock,
    }
