"""The life of an alert from run to run: new, ongoing, escalated, resolved, snoozed, not evaluated. No clock, no disk."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import polars as pl

from stockturn.engine.alerts.evaluate import ALERT, LEVEL_RANK
from stockturn.engine.alerts.registry import RULES

LIFE = {"state": pl.String, "first_seen": pl.Date, "runs": pl.Int64}
STATES = {
    **ALERT,
    **LIFE,
    "last_seen": pl.Date,
    "snoozed_until": pl.Date,
    "snoozed_level": pl.String,
}
"""What is kept of every alert between runs."""

SHOWN = (
    "id", "level", "state", "rule", "sku", "name", "warehouse", "category", "supplier", "file", "owner", "message",
    "value", "root_cause", "first_seen", "runs",
)  # fmt: skip
"""Columns of ``alerts``, in order."""

STATE_ORDER = ("new", "escalated", "ongoing", "snoozed", "not_evaluated", "resolved")
OPEN = ("new", "escalated", "ongoing")
"""States that count for --fail-on."""

NEWS = ("new", "escalated")
"""States that are worth a mail."""


def life(
    current: pl.DataFrame,
    previous: pl.DataFrame | None,
    as_of: date,
    evaluated: Collection[str],
    undecided: Collection[str] = (),
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Alerts with their state, and what to keep for the next run.

    ``current``: the alerts of this run (columns of ``ALERT``); ``previous``: what the run before kept (columns of
    ``STATES``), None where there was none; ``evaluated``: names of the rules that could be looked at; ``undecided``: ids
    that a rule could not judge this time.

    new: not there in the run before (or resolved then). escalated: its level has risen, or at the same level a
    worse rule of its family holds. ongoing: there before, also when the same as_of is run again. snoozed: while
    as_of is before the day it was snoozed until, unless its level is higher than when it was snoozed.
    not_evaluated: there before, not now, and its rule was not looked at or could not judge it. resolved: there before,
    not now; shown once.

    ``runs`` counts the runs in a row that found it, this one included.
    """
    before = previous if previous is not None else pl.DataFrame(schema=STATES)
    open_before = before.filter(pl.col("state") != "resolved")
    states = pl.concat(
        [_found(current, open_before, as_of), _gone(current, open_before, evaluated, undecided)]
    )
    shown = states.select(SHOWN).sort(
        [_rank("state", STATE_ORDER), -_level("level"), pl.col("value"), pl.col("id")],
        descending=[False, False, True, False],
        nulls_last=True,
    )
    return shown, states.sort("id")


def _found(current: pl.DataFrame, before: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Alerts of this run with their state."""
    kept = before.select(
        "id", "first_seen", "runs", "snoozed_until", "snoozed_level", was_level="level", was_rule="rule",
        was_state="state",
    )  # fmt: skip
    known = pl.col("was_level").is_not_null()
    worse = (_level("level") > _level("was_level")) | (
        (_level("level") == _level("was_level")) & (_severity("rule") < _severity("was_rule"))
    )
    asleep = (pl.lit(as_of) < pl.col("snoozed_until")) & (_level("level") <= _level("snoozed_level"))
    return (
        current.join(kept, on="id", how="left", maintain_order="left")
        .with_columns(
            state=pl.when(~known).then(pl.lit("new"))
            .when(asleep.fill_null(False)).then(pl.lit("snoozed"))
            .when(worse).then(pl.lit("escalated"))
            .otherwise(pl.lit("ongoing")),
            first_seen=pl.when(known).then("first_seen").otherwise(pl.lit(as_of)),
            runs=pl.col("runs").fill_null(0) + 1,
            last_seen=pl.lit(as_of),
        )
        .with_columns(
            pl.when(pl.col("state") == "snoozed").then(pl.col(name)).alias(name)
            for name in ("snoozed_until", "snoozed_level")
        )
        .select(pl.col(name).cast(dtype) for name, dtype in STATES.items())
    )  # fmt: skip


def _gone(
    current: pl.DataFrame, before: pl.DataFrame, evaluated: Collection[str], undecided: Collection[str]
) -> pl.DataFrame:
    """Alerts of the run before that this one did not find: resolved, or not looked at."""
    looked_at = pl.col("rule").is_in(list(evaluated)) & ~pl.col("id").is_in(list(undecided))
    return (
        before.join(current.select("id"), on="id", how="anti", maintain_order="left")
        .with_columns(state=pl.when(looked_at).then(pl.lit("resolved")).otherwise(pl.lit("not_evaluated")))
        .select(pl.col(name).cast(dtype) for name, dtype in STATES.items())
    )


def snoozed(states: pl.DataFrame, alert_id: str, until: date) -> pl.DataFrame:
    """The states with one alert put to sleep until that day; its level then is kept, so that a rise wakes it."""
    mine = pl.col("id") == alert_id
    return states.with_columns(
        state=pl.when(mine).then(pl.lit("snoozed")).otherwise("state"),
        snoozed_until=pl.when(mine).then(pl.lit(until)).otherwise("snoozed_until"),
        snoozed_level=pl.when(mine).then("level").otherwise("snoozed_level"),
    )


def _rank(column: str, order: tuple[str, ...]) -> pl.Expr:
    return pl.col(column).replace_strict(
        {name: place for place, name in enumerate(order)}, return_dtype=pl.Int64
    )


def _level(column: str) -> pl.Expr:
    return pl.col(column).replace_strict(LEVEL_RANK, default=None, return_dtype=pl.Int64)


def _severity(column: str) -> pl.Expr:
    """Place in the registry: within a family a smaller one is worse."""
    places = {name: place for place, name in enumerate(RULES)}
    return pl.col(column).replace_strict(places, default=None, return_dtype=pl.Int64)
