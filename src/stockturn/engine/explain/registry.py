"""What is explained: areas, each a frame of figures and of the terms they are worked out from.

A figure is a column of its area's frame. Its arithmetic is written once: that of turnover in the registry of metrics, all
other here beside the frame, as terms over columns of that same frame, so that what is filled in cannot differ from the
figure. The words of a formula are the catalogue's: ``report.formula_NAME`` where the report has them too, else
``explain.formula_NAME``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from stockturn.config import Settings
from stockturn.engine.forecasting import Forecasts
from stockturn.engine.run import Run
from stockturn.schema import Unit

CELL = ("sku", "warehouse")


@dataclass(frozen=True)
class Behind:
    """Ledger rows behind a figure: a table, of movements some kinds (None: all), and whether only those within the
    period."""

    table: str
    kinds: tuple[str, ...] | None = None
    within: bool = False


@dataclass(frozen=True)
class Figure:
    """One figure of an area.

    ``terms``: its arithmetic, or several by the value of the column ``by``; empty where words alone say it. ``behind``:
    its own rows, else the area's. ``label`` and ``formula``: catalogue keys where they do not follow from the name.
    ``missing``: catalogue key of the reason why it may be empty although nothing else is. ``unit`` for names that are
    no column of the vocabulary.
    """

    name: str
    terms: str | Mapping[str, str] = ""
    by: str = ""
    behind: tuple[Behind, ...] | None = None
    label: str = ""
    formula: str = ""
    missing: str = ""
    unit: Unit | None = None

    def variants(self) -> dict[str, str]:
        """The terms by the value of ``by``; under the empty text where they are the same for all rows."""
        return {"": self.terms} if isinstance(self.terms, str) else dict(self.terms)


@dataclass(frozen=True)
class Area:
    """Figures that belong together: ``frame`` has sku, warehouse (null: all of them), for series also period, the figures
    and their terms. ``head`` is the figure that tells why where the frame has no row for a sku."""

    name: str
    frame: pl.DataFrame
    figures: tuple[Figure, ...]
    behind: tuple[Behind, ...] = ()
    head: str = ""


@dataclass(frozen=True)
class About:
    """What is asked: some skus of a run over the whole company."""

    run: Run
    skus: tuple[str, ...]

    @property
    def settings(self) -> Settings:
        """The settings of the run."""
        return self.run.settings

    @property
    def demanded(self) -> tuple[Behind, ...]:
        """The ledger rows that demand is made of: what counts as demand in the settings, and what came back."""
        return (
            Behind("movements", tuple(dict.fromkeys((*self.settings.ingest.demand_kinds, "sale_return")))),
        )

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of the skus."""
        return frame.filter(pl.col("sku").is_in(self.skus))

    @cached_property
    def turnover(self) -> pl.DataFrame:
        """Turnover of the cells and of the skus as a whole (warehouse null), with its terms; as the command gives it."""
        cells = self.of(self.run.compared(CELL, terms=True)[0])
        whole = self.of(self.run.compared(("sku",), terms=True)[0])
        return both(cells, whole)

    @cached_property
    def by_sku(self) -> Forecasts:
        """The forecast of every sku."""
        return self.run.forecasts()

    @cached_property
    def by_cell(self) -> Forecasts:
        """The forecast of every sku and warehouse."""
        return self.run.forecasts(CELL)


def both(cells: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """Rows by cell, and before them those of the skus as a whole, whose warehouse is null."""
    blank = whole.with_columns(warehouse=pl.lit(None, pl.String)).select(cells.columns)
    return pl.concat([blank, cells], how="vertical_relaxed").sort(
        *CELL, nulls_last=False, maintain_order=True
    )


def summed(cells: pl.DataFrame) -> pl.DataFrame:
    """Rows by cell, and their sums by sku."""
    return both(cells, cells.group_by("sku").agg(pl.exclude(*CELL).sum()))
