"""Targets: turns a year to reach, by scope; a parent without its own follows from its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.config.turnover import Targets
from stockturn.engine.entries import Entries
from stockturn.engine.expr import ratio
from stockturn.engine.scopes import with_dimensions
from stockturn.engine.valued import ValuedDays
from stockturn.errors import UsageError

AIMED = ("category", "brand", "supplier", "owner", "team", "warehouse")
"""Dimensions that can have targets, the one that decides first where several do."""


@dataclass(frozen=True)
class CellTargets:
    """``inverse``: 1 / target of each cell by the first dimension that has one, 0 without."""

    inverse: np.ndarray


def cell_targets(valued: ValuedDays, entries: Entries, settings: Settings) -> CellTargets | None:
    """Targets of the single cells; None where the settings name none by scope."""
    given = {name: getattr(settings.turnover.targets, name) for name in AIMED}
    named = [name for name, targets in given.items() if targets]
    if not named:
        return None
    frame = with_dimensions(valued.cells, entries, named, None)
    target = pl.coalesce(_lookup(name, given[name]) for name in named)
    return CellTargets(frame.select((1 / target).fill_null(0.0)).to_series().to_numpy())


def with_target_rows(settings: Settings, rows: pl.DataFrame) -> Settings:
    """Settings with the targets of a sheet: columns dimension (company, category, warehouse ...), scope (its value,
    ignored for company) and target (turns a year). The sheet wins over the configuration, row by row."""
    given = settings.turnover.targets
    merged: dict[str, object] = {name: dict(getattr(given, name)) for name in AIMED}
    merged["company"] = given.company
    for name in AIMED:
        own = rows.filter(pl.col("dimension") == name)
        merged[name] = {**getattr(given, name), **dict(zip(own["scope"], own["target"], strict=True))}
    company = rows.filter(pl.col("dimension") == "company")["target"]
    if len(company):
        merged["company"] = company[-1]
    unknown = set(rows["dimension"]) - {*AIMED, "company"}
    if unknown:
        raise UsageError("by_unknown", names=", ".join(sorted(unknown)))
    turnover = settings.turnover.model_copy(update={"targets": Targets.model_validate(merged)})
    return settings.model_copy(update={"turnover": turnover})


def with_targets(sums: pl.DataFrame, settings: Settings, by: Sequence[str]) -> pl.DataFrame:
    """Add ``target`` (turns a year) and ``capital_rate``.

    A scope's own target counts first: that of its first dimension which has one, for the whole company the
    company's. A parent without one has sum of cogs / sum of (cogs / target) over its parts that have one: the
    turns it makes when each part makes its own. Else the company's target.
    """
    targets = settings.turnover.targets
    own = [_lookup(name, getattr(targets, name)) for name in AIMED if name in by and getattr(targets, name)]
    company = pl.lit(targets.company, pl.Float64)
    if not [name for name in by if name != "month"] and not settings.scope.narrow:
        own.append(company)
    parts = [ratio("aimed_cogs", "needed_stock")] if "needed_stock" in sums.columns else []
    return sums.with_columns(
        target=pl.coalesce(*own, *parts, company), capital_rate=pl.lit(settings.turnover.capital_rate)
    ).drop("needed_stock", "aimed_cogs", strict=False)


def _lookup(name: str, targets: dict[str, float]) -> pl.Expr:
    return pl.col(name).replace_strict(
        list(targets), list(targets.values()), default=None, return_dtype=pl.Float64
    )
