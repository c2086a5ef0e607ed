"""The parts of all sheets under each other: frames under the canonical names, every file speaking for itself."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stockturn.schema import conform
from stockturn.sources.parts import Context, Part


def assemble(parts: Sequence[tuple[Part, Context]]) -> dict[str, pl.LazyFrame]:
    """Canonical frames. What a sheet says beside its own figures about items (a name, a category) is a line of
    ``items`` with the lineage of that sheet; nothing here looks from one file to another."""
    gathered: dict[str, list[pl.DataFrame]] = {}
    for part, _ in parts:
        for name, frame in part.tables.items():
            gathered.setdefault(name, []).append(frame)
        if part.attributes is not None:
            gathered.setdefault("items", []).append(part.attributes)
    return {name: _stacked(name, pieces).lazy() for name, pieces in gathered.items()}


def _stacked(name: str, pieces: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([conform(piece.lazy(), name) for piece in pieces]).collect()
