"""What one sheet gives: canonical rows by table, and the account of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from stockturn.config.ingest import FileRule
from stockturn.model import Note
from stockturn.sources.grid import ROW, Grid
from stockturn.sources.mapping import Plan


@dataclass(frozen=True)
class Context:
    """What is known about a sheet besides its rows: names, titles, the dates that stand in them."""

    file: str
    sheet: str | None
    stem: str
    titles: tuple[str, ...]
    period: tuple[date, date] | None
    as_of: date | None
    as_of_from: str | None
    exported_at: datetime | None
    rule: FileRule | None
    currency: str


@dataclass(frozen=True)
class Part:
    """Frames without the columns of lineage's file and sheet (those are the same on every row of a sheet)."""

    tables: Mapping[str, pl.DataFrame]
    accepted: pl.DataFrame
    refused: pl.DataFrame
    skipped: Mapping[str, int] = field(default_factory=dict)
    attributes: pl.DataFrame | None = None
    amount_sum: float | None = None
    qty_sum: float | None = None
    dates: tuple[date | None, date | None] = (None, None)
    notes: tuple[Note, ...] = ()


def lineage(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """The frame with source_file, source_sheet and source_row in the place of ``row``."""
    return frame.with_columns(
        pl.lit(context.file).alias("source_file"),
        pl.lit(context.sheet, pl.String).alias("source_sheet"),
        pl.col(ROW).alias("source_row"),
    ).drop(ROW)


def refusals(rows: pl.DataFrame, column: str, code: str) -> pl.DataFrame:
    """Rows of a builder that cannot be used, in the shape of Body.refused."""
    return rows.select(ROW, pl.lit(column).alias("column"), pl.lit(code).alias("reason_code"))


NO_REFUSALS = pl.DataFrame(schema={ROW: pl.Int64, "column": pl.String, "reason_code": pl.String})


def first(frame: pl.DataFrame, *names: str, dtype: type[pl.DataType] = pl.String) -> pl.Expr:
    """The first of these columns that the frame has and that is not empty on the row; null where there is none."""
    have = [pl.col(name) for name in names if name in frame.columns]
    return pl.coalesce(have) if have else pl.lit(None, dtype)


def span(days: pl.Series) -> tuple[date | None, date | None]:
    """First and last day."""
    low, high = days.min(), days.max()
    return (low if isinstance(low, date) else None, high if isinstance(high, date) else None)


def total(values: pl.Series) -> float | None:
    """The sum of what is known, null where nothing is."""
    return float(values.sum()) if len(values) and values.null_count() < len(values) else None


ATTRIBUTES = ("name", "spec", "category", "brand", "unit", "supplier", "owner", "buyer", "seller")


def attributes(frame: pl.DataFrame, context: Context, with_supplier: bool = False) -> pl.DataFrame | None:
    """What a table says about its items beside its own figures: one row per sku, where all lines agree."""
    names = [n for n in ATTRIBUTES if n in frame.columns and (with_supplier or n != "supplier")]
    if not names or "sku" not in frame.columns or frame.is_empty():
        return None
    # an attribute on which the lines of a sku differ (a person, a supplier) is not one of the item
    agreed = frame.group_by("sku", maintain_order=True).agg(
        *(
            pl.when(pl.col(n).drop_nulls().n_unique() == 1).then(pl.col(n).drop_nulls().first()).alias(n)
            for n in names
        ),
        pl.col(ROW).first(),
    )
    return lineage(agreed.filter(pl.any_horizontal([pl.col(n).is_not_null() for n in names])), context)


def sheet_name(grid: Grid) -> str:
    """For messages."""
    return grid.sheet or ""


__all__ = [
    "ATTRIBUTES",
    "NO_REFUSALS",
    "Context",
    "Part",
    "Plan",
    "attributes",
    "first",
    "lineage",
    "refusals",
    "span",
    "total",
]
