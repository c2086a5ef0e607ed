"""What one sheet gives: canonical rows by table, and the account of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from stockturn.config.ingest import FileRule
from stockturn.model import Note
from stockturn.sources.dedupe_keys import key_hash
from stockturn.sources.grid import ROW

Said = tuple[str, Mapping[str, object]]
"""A note before it is told which sheet it is about: key and parameters."""

ATTRIBUTES = ("name", "spec", "category", "brand", "unit", "supplier", "owner", "buyer", "seller")

WARNINGS = frozenset(
    [
        "kinds_by_side",
        "gross_without_rate",
        "currencies_mixed",
        "summary_kinds",
        "cells_errors",
        "cells_uncached",
        "cells_unreadable",
        "ids_exponent",
        "total_differs",
        "opening_spread",
        "summary_left_out",
    ]
)
"""Notes that a person should act on; the others only say how something was read."""


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
    warehouse: str | None
    org: str | None
    rule: FileRule | None
    currency: str


@dataclass(frozen=True)
class Part:
    """What a builder makes of the rows of a sheet.

    ``account`` has one row per accepted source row: ``row``, ``qty`` (what it adds to the sheet's quantity) and
    ``amount`` (its amount as it stands). ``refused`` has row, column (a field name) and reason_code.
    """

    tables: Mapping[str, pl.DataFrame]
    account: pl.DataFrame
    refused: pl.DataFrame
    skipped: Mapping[str, int] = field(default_factory=dict)
    attributes: pl.DataFrame | None = None
    dates: tuple[date | None, date | None] = (None, None)
    notes: tuple[Said, ...] = ()


def lineage(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """The frame with source_file, source_sheet and source_row in the place of ``row``."""
    return frame.with_columns(
        pl.lit(context.file).alias("source_file"),
        pl.lit(context.sheet, pl.String).alias("source_sheet"),
        pl.col(ROW).alias("source_row"),
    ).drop(ROW)


def account(frame: pl.DataFrame, qty: pl.Expr | None = None, amount: pl.Expr | None = None) -> pl.DataFrame:
    """The account of accepted rows; a row that became two legs is one."""
    nothing = pl.lit(None, pl.Float64)
    told = frame.select(
        ROW,
        (nothing if qty is None else qty).cast(pl.Float64).alias("qty"),
        (nothing if amount is None else amount).cast(pl.Float64).alias("amount"),
    )
    if "placed" not in frame.columns:
        return told
    return told.group_by(ROW, maintain_order=True).agg(pl.col("qty").sum(), pl.col("amount").first())


def refusals(rows: pl.DataFrame, column: str, code: str) -> pl.DataFrame:
    """Rows of a builder that cannot be used, in the shape of Body.refused."""
    return rows.select(ROW, pl.lit(column).alias("column"), pl.lit(code).alias("reason_code"))


def first(frame: pl.DataFrame, *names: str, dtype: type[pl.DataType] = pl.String) -> pl.Expr:
    """The first of these columns that the frame has and that is not empty on the row; null where there is none."""
    have = [pl.col(name) for name in names if name in frame.columns]
    return pl.coalesce(have) if have else pl.lit(None, dtype)


def number(frame: pl.DataFrame, *names: str) -> pl.Expr:
    """``first`` for figures."""
    return first(frame, *names, dtype=pl.Float64)


def span(days: pl.Series) -> tuple[date | None, date | None]:
    """First and last day."""
    low, high = days.min(), days.max()
    return (low if isinstance(low, date) else None, high if isinstance(high, date) else None)


def total(values: pl.Series) -> float | None:
    """The sum of what is known, null where nothing is."""
    return float(values.sum()) if len(values) and values.null_count() < len(values) else None


def mostly_negative(values: pl.Series) -> bool:
    """Whether a column of magnitudes is written with minus signs."""
    return int((values < 0).sum()) > int((values > 0).sum())


def attributes(frame: pl.DataFrame, context: Context, with_supplier: bool = False) -> pl.DataFrame | None:
    """What a table says about its items beside its own figures: one row per sku, where all its lines agree."""
    names = [n for n in ATTRIBUTES if n in frame.columns and (with_supplier or n != "supplier")]
    # a unit alone is no reason to look at every line: units are settled from the tables themselves
    if not set(names) - {"unit"} or "sku" not in frame.columns or frame.is_empty():
        return None
    # an attribute on which the lines of a sku differ (a person, a supplier) is not one of the item
    # what is said many times is weighed once: the second grouping then sees few rows
    hashed = frame.select(said=key_hash(["sku", *names])).with_row_index("at")
    once = frame[hashed.lazy().group_by("said").agg(pl.col("at").min()).collect()["at"].sort()]
    agreed = once.group_by("sku", maintain_order=True).agg(
        *(pl.when(pl.col(n).min() == pl.col(n).max()).then(pl.col(n).max()).alias(n) for n in names),
        pl.col(ROW).first(),
    )
    return lineage(agreed.filter(pl.any_horizontal([pl.col(n).is_not_null() for n in names])), context)


def said(context: Context, notes: Iterable[Said]) -> tuple[Note, ...]:
    """Notes about a sheet."""
    where = {"file": context.file, "sheet": context.sheet or ""}
    return tuple(
        Note(key, {**where, **params}, "warning" if key in WARNINGS else "info") for key, params in notes
    )
