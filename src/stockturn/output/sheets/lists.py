"""Lists that people work through: a short one to read, the whole one on a tab of its own, room for what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from stockturn.model import Block
from stockturn.output.carry import HANDLING, HANDLING_UNITS, handling_labels, with_handled
from stockturn.output.sheets.context import Context, capped, for_people, known, pick

ACTIONS: Mapping[str, str] = {
    "buy": "info",
    "transfer": "good",
    "expedite": "critical",
    "defer": "warning",
    "cancel": "warning",
}
"""How an action is coloured."""


def actions(context: Context) -> Mapping[str, str]:
    """Colour of each action, by the word that stands in the cell."""
    return {context.say.code("action", action): level for action, level in ACTIONS.items()}


def short_list(context: Context, key: str, frame: pl.DataFrame, **looks: Any) -> Block:
    """The first rows of a list (``report.short_rows``), told where the whole of it stands (``see``).

    ``looks`` are fields of the block; ``columns`` picks the columns, ``see`` is the title of the whole list.
    """
    columns, see = looks.pop("columns", frame.columns), looks.pop("see", None)
    short, omitted = capped(pick(frame, *columns), context.settings.report.short_rows)
    short, _ = known(short, "sku")
    notes = looks.pop("notes", ())
    if omitted and see:
        notes, omitted = (*notes, context.say("see_list", tab=see)), 0
    title = looks.pop("title")
    return Block(title, for_people(short, context), key, notes=notes, omitted=omitted, **looks)


def whole_list(context: Context, key: str, frame: pl.DataFrame, **looks: Any) -> Block:
    """The whole list (``report.detail_rows``) on a tab of its own, with columns for those who work through it.

    Rows in which somebody has filled in something are kept, wherever they stand.
    """
    columns, title = looks.pop("columns", frame.columns), looks.pop("title")
    handled = with_handled(pick(frame, *columns), context.carried.get(key))
    limit = context.settings.report.detail_rows
    touched = pl.any_horizontal(pl.col(HANDLING).is_not_null())
    listed = handled.filter((pl.int_range(pl.len()) < limit) | touched)
    omitted = handled.height - listed.height
    listed, _ = known(listed, "sku", *HANDLING)
    last = [name for name in ("reason",) if name in listed.columns]
    listed = listed.select(pl.exclude(HANDLING, *last), *HANDLING, *last)
    labels = {**handling_labels(context.lang), **looks.pop("labels", {})}
    units = {**HANDLING_UNITS, **looks.pop("units", {})}
    return Block(
        title,
        for_people(listed, context),
        key,
        labels=labels,
        units=units,
        detail=True,
        omitted=omitted,
        **looks,
    )


def lists(
    context: Context,
    key: str,
    titles: tuple[str, str],
    frame: pl.DataFrame,
    columns: tuple[tuple[str, ...], tuple[str, ...]],
    **looks: Any,
) -> list[Block]:
    """Both: ``titles`` and ``columns`` of the short list, then of the whole one; nothing where nothing is listed."""
    if frame.height == 0:
        return []
    return [
        short_list(context, key, frame, title=titles[0], columns=columns[0], see=titles[1], **looks),
        whole_list(context, f"{key}_all", frame, title=titles[1], columns=columns[1], **looks),
    ]
