"""Targets: turns a year to reach, by scope; a parent without its own follows from its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.entries import Entries
from stockturn.engine.expr import ratio
from stockturn.engine.scopes import with_dimensions
from stockturn.engine.valued import ValuedDays
from stockturn.schema.tables import AIMED


@dataclass(frozen=True)
class Aims:
    """Targets by scope: for each set of dimensions (the most telling first, the whole company last) a frame of their
    values with ``target``, turns a year."""

    by: dict[tuple[str, ...], pl.DataFrame]

    @classmethod
    def of(cls, settings: Settings, entries: Entries) -> Aims:
        """Those in force, by the dimensions that they name."""
        named = targets_in_force(settings, entries).with_columns(
            dims=pl.concat_list(pl.col(name).is_not_null() for name in AIMED)
        )
        found = {}
        for (flags,), part in named.group_by("dims"):
            dims = tuple(name for name, filled in zip(AIMED, flags, strict=True) if filled)
            found[dims] = part.select(*dims, "target")
        order = sorted(found, key=lambda dims: (-len(dims), [AIMED.index(name) for name in dims]))
        return cls({dims: found[dims] for dims in order})

    def with_own(self, frame: pl.DataFrame, dims: Sequence[str]) -> pl.DataFrame:
        """Adds ``own_target``: that of the first set of dimensions, all within ``dims``, that names the row."""
        wanted = [names for names in self.by if names and set(names) <= set(dims)]
        for number, names in enumerate(wanted):
            aim = self.by[names].rename({"target": f"_{number}"})
            frame = frame.join(aim, on=list(names), how="left", maintain_order="left")
        found = [f"_{number}" for number in range(len(wanted))]
        return frame.with_columns(own_target=pl.coalesce(*found, pl.lit(None, pl.Float64))).drop(found)

    @property
    def company(self) -> float | None:
        """The target of the whole."""
        return self.by[()]["target"].item() if () in self.by else None


def targets_in_force(settings: Settings, entries: Entries) -> pl.DataFrame:
    """One row per scope: its dimensions (null where it is about all of them), ``target``, turns a year, and the row of
    the target sheet it stands in (null where it comes from the settings).

    For one scope a sheet wins over the settings, and the latest valid_from over earlier ones.
    """
    given = settings.turnover.targets
    rows: list[dict[str, object]] = [{"target": given.company}] if given.company else []
    rows += [
        {name: value, "target": target} for name in AIMED for value, target in getattr(given, name).items()
    ]
    schema = {
        **dict.fromkeys(AIMED, pl.String),
        "target": pl.Float64,
        "source_file": pl.String,
        "source_row": pl.Int64,
    }
    listed = entries.targets.sort("valid_from", nulls_last=False).select(*schema).collect()
    every = pl.concat([pl.DataFrame(rows, schema=schema), listed], how="vertical_relaxed")
    return every.unique(AIMED, keep="last", maintain_order=True)


@dataclass(frozen=True)
class CellTargets:
    """``inverse``: 1 / target of each cell by the most telling scope that has one, 0 without."""

    inverse: np.ndarray


def cell_targets(valued: ValuedDays, entries: Entries, aims: Aims) -> CellTargets | None:
    """Targets of the single cells; None where there are none by scope."""
    dims = [name for name in AIMED if any(name in names for names in aims.by)]
    if not dims:
        return None
    target = aims.with_own(with_dimensions(valued.cells, entries, dims, None), dims)["own_target"]
    return CellTargets((1 / target).fill_null(0.0).to_numpy())


def with_targets(sums: pl.DataFrame, settings: Settings, aims: Aims, by: Sequence[str]) -> pl.DataFrame:
    """Add ``target`` (turns a year) and ``capital_rate``.

    A scope's own target counts first, for the whole company the company's. A parent without one has
    sum of cogs / sum of (cogs / target) over its parts that have one: the turns it makes when each part makes its
    own. Else the company's target.
    """
    company = pl.lit(aims.company, pl.Float64)
    whole = [company] if not by and not settings.scope.narrow else []
    usage = pl.col("flow") == "usage"
    parts = [
        pl.when(usage)
        .then(ratio("aimed_usage", "needed_usage"))
        .otherwise(ratio("aimed_cogs", "needed_cogs"))
    ]
    if "needed_cogs" not in sums.columns:
        parts = []
    return (
        aims.with_own(sums, by)
        .with_columns(
            target=pl.coalesce("own_target", *whole, *parts, company),
            capital_rate=pl.lit(settings.turnover.capital_rate),
        )
        .drop("own_target", "needed_cogs", "aimed_cogs", "needed_usage", "aimed_usage", strict=False)
    )
