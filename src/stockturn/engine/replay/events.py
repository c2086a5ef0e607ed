"""What happens on which day to which cell: the narrow arrays that the days of a replay are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.engine.loss import Floats
from stockturn.engine.outlook import Ints


@dataclass(frozen=True)
class Events:
    """Figures by day and cell. Those of a day stand together: ``first[day]`` to ``first[day + 1]``.

    A cell may stand on one day several times; days count from 0, the first day of the replay.
    """

    cell: Ints
    qty: Floats
    first: Ints

    @classmethod
    def of(cls, rows: pl.DataFrame, days: int, figure: str = "qty") -> Events:
        """Events of a frame (cell, day, figure); days outside the replay are left out."""
        kept = rows.filter(pl.col("day").is_between(0, days - 1)).sort("day", "cell", maintain_order=True)
        count = np.bincount(kept["day"].to_numpy(), minlength=days) if kept.height else np.zeros(days, int)
        return cls(
            kept["cell"].cast(pl.Int64).to_numpy(),
            kept[figure].cast(pl.Float64).to_numpy(),
            np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        )

    def on(self, day: int) -> tuple[Ints, Floats]:
        """Cells and figures of one day."""
        rows = slice(int(self.first[day]), int(self.first[day + 1]))
        return self.cell[rows], self.qty[rows]

    def sums(self, day: int, count: int) -> Floats:
        """The figures of one day added up by cell."""
        cell, qty = self.on(day)
        return summed(cell, qty, count)


def summed(cell: Ints, qty: Floats, count: int) -> Floats:
    """Figures added up by cell number."""
    return np.bincount(cell, qty, count).astype(np.float64)
