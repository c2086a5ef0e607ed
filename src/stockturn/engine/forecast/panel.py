"""From the long demand series to arrays and back: the one place where frames become numpy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from stockturn.engine.forecast.smoothing import Array, Ints

KEYS = ("sku", "warehouse")
STEP = {"day": "1d", "week": "1w", "month": "1mo"}
MONDAY = date(1970, 1, 5)


@dataclass(frozen=True)
class Panel:
    """All series side by side: ``values`` has one row per period (newest last) and one column per series, NaN
    before a series begins. ``keys`` has one row per series, in the order of the columns."""

    keys: pl.DataFrame
    values: Array
    last: date | None
    bucket: str

    @property
    def series(self) -> int:
        """How many series."""
        return int(self.values.shape[1])

    def periods(self, count: int) -> pl.Series:
        """First days of the ``count`` buckets after the last one."""
        if self.last is None:
            return pl.Series("period", [], dtype=pl.Date)
        start = pl.Series("period", [self.last] * count)
        ahead = pl.int_range(1, count + 1, eager=True)
        step = STEP[self.bucket][1:]
        return pl.select(start.dt.offset_by(ahead.cast(pl.String) + step)).to_series().rename("period")

    def chunks(self, size: int) -> Iterator[slice]:
        """Slices of columns that are worked on at once."""
        for start in range(0, self.series, size):
            yield slice(start, min(start + size, self.series))


def build_panel(series: pl.DataFrame | pl.LazyFrame, bucket: str, history: int, context: int = 1) -> Panel:
    """Columns in: sku, (warehouse), period, qty. Rows of one period are added up, gaps are zeros, every series
    runs to the latest period of all; only the newest ``history`` buckets are kept. Null quantities are zeros,
    negative ones too (a series is never negative). Series come out sorted by key.

    A series begins with its first demand: what lay in stock before it was on sale says nothing. It keeps at least
    ``context`` periods, though, so that an item that took a year to sell one piece is not taken for a brisk one.
    """
    names = [name for name in KEYS if name in series.lazy().collect_schema().names()]
    long = (
        series.lazy()
        .with_columns(_number(bucket).alias("at"), pl.col("qty").fill_null(0.0).clip(lower_bound=0.0))
        .group_by(*names, "at")
        .agg(pl.col("qty").sum(), pl.col("period").max())
        .sort(*names, "at")
        .collect()
    )
    if long.is_empty():
        return Panel(long.select(names), np.empty((0, 0)), None, bucket)
    newest = int(long["at"].max())  # type: ignore[arg-type]
    keys = long.group_by(*names, maintain_order=True).agg(pl.col("at").first())
    row = long["at"].to_numpy() - newest + history - 1
    column = (long.select(pl.struct(names).rle_id()).to_series()).to_numpy()
    values = np.zeros((history, keys.height))
    recent = row >= 0
    values[row[recent], column[recent]] = long["qty"].to_numpy()[recent]
    begin = keys["at"].to_numpy() - newest + history - 1
    sold = values > 0
    first = np.where(sold.any(axis=0), sold.argmax(axis=0), 0)
    begin = np.maximum(begin, np.minimum(first, max(history - context, 0)))
    values[np.arange(history)[:, None] < begin] = np.nan
    values = values[min(int(begin.clip(0).min()), history - 1) :]
    return Panel(keys.select(names), values, long["period"].max(), bucket)  # type: ignore[arg-type]


def _number(bucket: str) -> pl.Expr:
    """Buckets as consecutive numbers."""
    period = pl.col("period")
    if bucket == "month":
        return period.dt.year().cast(pl.Int64) * 12 + period.dt.month()
    days = (period - pl.lit(MONDAY)).dt.total_days()
    return days.floordiv(7) if bucket == "week" else days


def normalised(values: Array) -> tuple[Array, Array]:
    """Every series divided by a power of two near its largest value, and those powers.

    Squares of huge quantities then stay finite, tests mean the same for grams and for tonnes, and no digit is lost.
    """
    top = np.where(np.isnan(values), 0.0, values).max(axis=0, initial=0.0)
    unit = np.where(top > 0, 2.0 ** np.frexp(top)[1].clip(-1000, 1000), 1.0)
    return values / unit, unit


def repeated(panel: Panel, steps: int) -> pl.DataFrame:
    """The keys once per step, step by step within each series."""
    index: Ints = np.repeat(np.arange(panel.series), steps)
    return panel.keys[index]
