"""What was written otherwise and is read all the same: counted per column and shown, so that nothing is repaired in silence."""

from __future__ import annotations

import polars as pl

from stockturn.sources.fields import CODES, DATES, NUMBERS
from stockturn.sources.parts import Said

_LOOKED_AT = 10_000
"""So many repaired cells are looked at for samples; all are counted."""

_SHOWN = 6
_ISO = r"^\d{4}-\d{2}-\d{2}$"


def repairs(name: str, caption: str, raw: pl.Series, read: pl.Series) -> list[Said]:
    """A note with the number of repaired cells of a column and one sample per way of writing, or none.

    Repaired are codes whose text changed (spaces, full width, ``="0101"``), figures that are no plain number
    (``(12)``, ``¥1,200``, ``12 箱``) and days that are not written as 2024-01-05.
    """
    if raw.dtype != pl.String:
        return []
    frame = pl.DataFrame({"raw": raw, "read": read})
    there = pl.col("raw").is_not_null() & pl.col("read").is_not_null()
    if name in DATES:
        key, changed = "dates_repaired", there & ~pl.col("raw").str.contains(_ISO)
    elif name.split("__")[0] in NUMBERS:
        key, changed = "figures_repaired", there & pl.col("raw").cast(pl.Float64, strict=False).is_null()
    elif name in CODES:
        key, changed = "codes_repaired", there & (pl.col("raw") != pl.col("read").cast(pl.String))
    else:
        return []
    rows = frame.filter(changed)
    if rows.is_empty():
        return []
    return [(key, {"column": caption, "rows": rows.height, "samples": _samples(rows.head(_LOOKED_AT))})]


def _samples(rows: pl.DataFrame) -> str:
    """One cell per shape: digits and Latin letters of any number are one sign."""
    shape = pl.col("raw").str.replace_all(r"\d+", "0").str.replace_all(r"[A-Za-z]+", "a").alias("shape")
    shown = rows.with_columns(shape).unique("shape", keep="first", maintain_order=True).head(_SHOWN)
    return ", ".join(f"“{raw}” → {read}" for raw, read in shown.select("raw", "read").rows())
