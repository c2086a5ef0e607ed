"""Scopes: which cell belongs to which group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.engine.entries import DIMENSIONS, Entries
from stockturn.engine.expr import NONE
from stockturn.engine.periods import SPANS, span_name
from stockturn.engine.valued import ValuedDays
from stockturn.errors import UsageError

CLASSES = ("abc", "xyz")


@dataclass(frozen=True)
class Scopes:
    """``groups``: one row per group with its ``by`` columns; ``of_cell``: group of each cell."""

    groups: pl.DataFrame
    of_cell: np.ndarray

    @classmethod
    def of(
        cls, valued: ValuedDays, entries: Entries, by: Sequence[str], classes: pl.DataFrame | None = None
    ) -> Scopes:
        """Group the cells by item attributes, warehouse, sku, class, bin or batch."""
        names = list(by)
        frame = with_dimensions(valued.cells, entries, names, classes)
        if not names:
            return cls(pl.DataFrame({"group": [0]}), np.zeros(frame.height, np.int64))
        groups = frame.select(names).unique().sort(names).with_row_index("group")
        numbered = frame.join(groups, on=names, how="left", nulls_equal=True, maintain_order="left")
        return cls(groups, numbered["group"].to_numpy().astype(np.int64))


def with_scope(
    rows: pl.DataFrame,
    valued: ValuedDays,
    entries: Entries,
    by: Sequence[str],
    classes: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Rows (cell, date) with the ``by`` columns of their scope, month, quarter and year among them."""
    names = [name for name in by if name not in SPANS]
    cells = with_dimensions(valued.cells, entries, names, classes).select("cell", *names)
    spans = [span_name(pl.col("date"), name).alias(name) for name in by if name in SPANS]
    return rows.join(cells, on="cell", how="left", maintain_order="left").with_columns(spans)


def with_dimensions(
    cells: pl.DataFrame, entries: Entries, names: Sequence[str], classes: pl.DataFrame | None
) -> pl.DataFrame:
    """Cells with the dimensions asked for; a class or a place that is not known is ``(none)``."""
    wanted = [name for name in names if name in DIMENSIONS]
    frame = cells
    if wanted:
        frame = frame.join(
            entries.items.select("sku", *wanted).collect(), on="sku", how="left", maintain_order="left"
        )
    graded = [name for name in names if name in CLASSES and classes is not None and name in classes.columns]
    if graded and classes is not None:
        keys = [key for key in ("sku", "warehouse") if key in classes.columns]
        frame = frame.join(classes.select(*keys, *graded), on=keys, how="left", maintain_order="left")
    unknown = [name for name in names if name not in frame.columns]
    if unknown:
        raise UsageError("by_unknown", names=", ".join(unknown))
    return frame.with_columns(pl.col(name).cast(pl.String).fill_null(NONE) for name in names)
