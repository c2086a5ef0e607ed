"""Small exports written by hand: canonical frames with their sheets, as reading a file would give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import polars as pl

from stockturn.model import Ledger
from stockturn.schema import TABLES

NOW = datetime(2024, 3, 1, 12)
"""When the runs of the tests are made."""

SHEETS = {
    "file": pl.String,
    "sheet": pl.String,
    "table": pl.String,
    "profile": pl.String,
    "confidence": pl.Float64,
    "rows_read": pl.Int64,
    "accepted": pl.Int64,
    "refused": pl.Int64,
    "skipped": pl.Int64,
    "date_min": pl.Date,
    "date_max": pl.Date,
    "qty_sum": pl.Float64,
    "amount_sum": pl.Float64,
    "exported_at": pl.Datetime("us"),
    "file_hash": pl.String,
}

DAY = {"movements": "date", "stock": "as_of", "orders": "order_date", "sales_orders": "order_date"}
QTY = {"movements": "qty", "stock": "on_hand", "orders": "qty_ordered", "sales_orders": "qty_ordered"}


@dataclass(frozen=True)
class Export:
    """One file with one sheet; a title row stands above the header, so every sheet has one skipped row."""

    file: str
    rows: tuple[Mapping[str, object], ...]
    table: str = "movements"
    time: datetime | None = None
    profile: str = "plain"
    digest: str | None = None


def export(file: str, rows: Iterable[Mapping[str, object]], **more: object) -> Export:
    """An export of these rows."""
    return Export(file, tuple(rows), **more)  # type: ignore[arg-type]


def sale(sku: str, qty: float, day: int = 1, month: int = 1, **more: object) -> dict[str, object]:
    """A sale of 2024 in warehouse W; qty is what was sold."""
    row = {"date": date(2024, month, day), "sku": sku, "qty": -float(qty), "kind": "sale", "warehouse": "W"}
    return {**row, **more}


def count(sku: str, qty: float, **more: object) -> dict[str, object]:
    """A stock point of 31 January 2024."""
    return {"as_of": date(2024, 1, 31), "sku": sku, "on_hand": float(qty), "warehouse": "W", **more}


def ledger(*exports: Export) -> Ledger:
    """What reading these files in this order would give, before anything is compared."""
    frames: dict[str, list[pl.DataFrame]] = {}
    for one in exports:
        frames.setdefault(one.table, []).append(_frame(one))
    tables = {name: pl.concat(parts) for name, parts in frames.items()}
    return replace(Ledger.of(**tables), sheets=pl.DataFrame([_sheet(one) for one in exports], schema=SHEETS))


def _frame(one: Export) -> pl.DataFrame:
    schema = TABLES[one.table].schema
    placed = [
        {"source_file": one.file, "source_sheet": None, "source_row": number, **row}
        for number, row in enumerate(one.rows, start=3)
    ]
    return pl.DataFrame(placed, schema=schema)


def _sheet(one: Export) -> dict[str, object]:
    days = [row[DAY[one.table]] for row in one.rows] if one.table in DAY else []
    return {
        "file": one.file,
        "sheet": None,
        "table": one.table,
        "profile": one.profile,
        "confidence": 1.0,
        "rows_read": len(one.rows) + 2,
        "accepted": len(one.rows),
        "refused": 0,
        "skipped": 2,
        "date_min": min(days, default=None),
        "date_max": max(days, default=None),
        "qty_sum": sum(row[QTY[one.table]] for row in one.rows) if one.table in QTY else None,
        "amount_sum": None,
        "exported_at": one.time,
        "file_hash": one.digest or f"hash of {one.file}",
    }


def told(kept: Ledger, table: str, *columns: str) -> list[tuple[object, ...]]:
    """The rows of a table in these columns, sorted."""
    return sorted(kept.table(table).select(columns).collect().rows(), key=repr)


def contents(kept: Ledger, table: str, lineage: bool = False) -> pl.DataFrame:
    """A table in one canonical order, with or without where its rows stood."""
    places = ["source_file", "source_sheet", "source_row"]
    frame = kept.table(table).collect()
    return (frame if lineage else frame.drop(places)).sort(pl.all(), nulls_last=True)


def balanced(kept: Ledger) -> bool:
    """rows_read = accepted + refused + skipped on every sheet."""
    sums = kept.sheets.select(
        (pl.col("rows_read") == pl.col("accepted") + pl.col("refused") + pl.col("skipped")).all()
    )
    return bool(sums.item())
