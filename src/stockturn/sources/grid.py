"""What every reader gives: one sheet as a grid of cells that still knows its row numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

ROW = "row"


@dataclass(frozen=True)
class Grid:
    """One sheet (or text file, or table of a page).

    ``frame`` has ``row`` (1-based row of the sheet) and ``c0`` ... ``cN``. A column is Float64, Date or Datetime
    where every cell of it was of that kind in the source, else String with empty cells as null. ``merges`` are
    merged ranges as 0-based (first row, first column, last row, last column) over *positions* of ``frame``.
    ``captions`` are set where the format itself names its columns (Parquet), so that no row is a header.
    """

    file: str
    sheet: str | None
    frame: pl.DataFrame
    merges: tuple[tuple[int, int, int, int], ...] = ()
    exported_at: datetime | None = None
    file_hash: str = ""
    separator: str | None = None
    encoding: str | None = None
    facts: dict[str, int] = field(default_factory=dict)
    captions: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Number of cell columns."""
        return self.frame.width - 1

    @property
    def height(self) -> int:
        """Number of rows, empty ones included."""
        return self.frame.height

    def head(self, rows: int) -> list[list[str | None]]:
        """The first rows as text."""
        return _texts(self.frame.head(rows))

    def stamped(self, file_hash: str, exported_at: datetime | None) -> Grid:
        """The same grid with what is known about its file."""
        return replace(self, file_hash=file_hash, exported_at=self.exported_at or exported_at)


def cell_names(width: int) -> list[str]:
    """Names of the cell columns."""
    return [f"c{index}" for index in range(width)]


def as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    """A cell column as text, the way a person would have typed it: 60.0 -> "60", a date -> ISO.

    >>> pl.DataFrame({"a": [60.0, 0.5, None]}).select(as_text("a", pl.Float64()))["a"].to_list()
    ['60', '0.5', None]
    """
    column = pl.col(name)
    if dtype == pl.Float64:
        # beyond 2^53 a float no longer tells neighbouring integers apart: leave it as it is shown
        whole = (column == column.round(0)) & (column.abs() < 2**53)
        return (
            pl.when(whole)
            .then(column.cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(column.cast(pl.String))
            .alias(name)
        )
    if dtype == pl.Date:
        return column.dt.strftime("%Y-%m-%d").alias(name)
    if isinstance(dtype, pl.Datetime):
        return column.dt.strftime("%Y-%m-%d %H:%M:%S").alias(name)
    return column.cast(pl.String).alias(name)


def text_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """All cell columns as text."""
    return frame.select(
        as_text(name, dtype) if name != ROW else pl.col(ROW) for name, dtype in frame.schema.items()
    )


def _texts(frame: pl.DataFrame) -> list[list[str | None]]:
    return [list(row) for row in text_frame(frame).drop(ROW).rows()]
