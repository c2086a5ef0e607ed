"""How the alerts stand for somebody who looks and records nothing: the report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from stockturn.config import Settings
from stockturn.engine.alerts.evaluate import evaluate, undecided
from stockturn.engine.alerts.life import SHOWN, life

_TOLD = ("state", "first_seen", "runs")


def standing(
    frames: Mapping[str, pl.DataFrame | None],
    settings: Settings,
    as_of: date,
    kept: tuple[date, pl.DataFrame] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Alerts that hold, the worst first, with their life; and those that are resolved. Columns as in ``alerts``.

    ``kept``: the day and the states (``STATES``) of the last recorded run. Where that run was of the same day, an alert
    is told as it was told then: whoever only looks does not make a new alert an old one. A narrow scope resolves
    nothing.
    """
    found, looked_at = evaluate(frames, settings)
    before = kept[1] if kept else None
    unknown = undecided(frames, settings) if kept else frozenset()
    shown = life(found, before, as_of, looked_at, unknown)[0]
    if kept and kept[0] == as_of:
        shown = _as_told(shown, kept[1])
    gone = shown.filter((pl.col("state") == "resolved") & ~pl.lit(settings.scope.narrow))
    held = found.select("id").join(shown, on="id", how="left", maintain_order="left").select(SHOWN)
    return held, gone


def _as_told(shown: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """The state of each alert as the run of the same day told it, where level and rule are the same; what that run had
    resolved is resolved still."""
    keys = ["id", "level", "rule"]
    told = kept.select(*keys, *(pl.col(name).alias(f"_{name}") for name in _TOLD))
    same = shown.join(told, on=keys, how="left", maintain_order="left")
    now = same.select(
        *(
            pl.coalesce(f"_{name}", name).alias(name) if name in _TOLD else pl.col(name)
            for name in shown.columns
        )
    )
    over = kept.filter(pl.col("state") == "resolved").join(now, on="id", how="anti", maintain_order="left")
    return pl.concat([now, over.select(SHOWN)])
