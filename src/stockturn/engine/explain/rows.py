"""The ledger rows behind the figures: each with the file, sheet and row it came from."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stockturn.engine.entries import same_warehouses
from stockturn.engine.explain.long import BEHIND
from stockturn.engine.explain.registry import CELL, About, Behind
from stockturn.engine.expr import or_none
from stockturn.model import Period

ORDER = (
    "items", "suppliers", "stock", "movements", "counts", "batches", "orders", "sales_orders", "prices", "promotions",
    "overrides",
)  # fmt: skip
"""Tables in the order in which their rows are listed."""

ROWS = {
    "table": pl.String, "areas": pl.String, "sku": pl.String, "warehouse": pl.String, "date": pl.Date,
    "kind": pl.String, "qty": pl.Float64, "qty_open": pl.Float64, "cost": pl.Float64, "revenue": pl.Float64,
    "unit_cost": pl.Float64, "unit_price": pl.Float64, "doc_no": pl.String, "line_no": pl.String,
    "partner": pl.String, "batch": pl.String, "note": pl.String, "source_file": pl.String,
    "source_sheet": pl.String, "source_row": pl.Int64,
}  # fmt: skip

_NAMES: dict[str, dict[str, str]] = {
    "movements": {},
    "stock": {"date": "as_of", "qty": "on_hand", "cost": "value"},
    "items": {"partner": "supplier", "note": "name"},
    "suppliers": {"partner": "supplier", "note": "name"},
    "counts": {"qty": "counted_qty"},
    "batches": {"date": "received_on", "qty": "qty_left"},
    "orders": {"date": "order_date", "qty": "qty_ordered", "partner": "supplier"},
    "sales_orders": {"date": "order_date", "qty": "qty_ordered", "partner": "customer"},
    "prices": {"date": "valid_from"},
    "promotions": {"date": "start"},
    "overrides": {"date": "period", "partner": "who", "note": "reason"},
}
"""Columns of each table under the names of the list; the others have the same name."""


def ledger_rows(about: About) -> pl.DataFrame:
    """Every row of the skus that is dated up to as_of, the tables in order, the latest rows first; ``areas`` is filled in
    by :func:`with_areas`."""
    ledger, as_of = about.run.ledger, about.run.entries.as_of
    moved, counted = same_warehouses(ledger.table("movements"), ledger.table("stock"))
    tables = {name: ledger.table(name) for name in ORDER} | {"movements": moved, "stock": counted}
    mine = pl.col("sku").is_in(about.skus)
    parts = []
    for place, (name, frame) in enumerate(tables.items()):
        own = _of_supplier(about, frame) if name == "suppliers" else _of_promotion(about, frame, name, mine)
        parts.append(_listed(own, name).with_columns(place=pl.lit(place)))
    found = pl.concat(parts).filter(pl.col("date").is_null() | (pl.col("date") <= as_of) | ahead())
    order = ["sku", "place", "date", "source_file", "source_sheet", "source_row"]
    return (
        found.sort(order, descending=[False, False, True, False, False, False], nulls_last=True)
        .drop("place")
        .collect()
    )


def ahead() -> pl.Expr:
    """Tables that speak of days to come."""
    return pl.col("table").is_in(["promotions", "overrides"])


def _of_promotion(about: About, frame: pl.LazyFrame, name: str, mine: pl.Expr) -> pl.LazyFrame:
    """Rows of the skus; promotions of their categories as well."""
    if name != "promotions":
        return frame.filter(mine)
    items = about.run.entries.items.filter(mine).select("category", of_category="sku")
    own = frame.join(items, on="category", how="left")
    return own.with_columns(sku=pl.coalesce("sku", "of_category")).filter(mine)


def _of_supplier(about: About, frame: pl.LazyFrame) -> pl.LazyFrame:
    """The row of the main supplier of each sku."""
    items = about.run.entries.items.filter(pl.col("sku").is_in(about.skus)).select(
        "supplier", of_supplier="sku"
    )
    known = frame.filter(pl.col("sku").is_null() | pl.col("sku").is_in(about.skus))
    return (
        known.join(items, on="supplier", how="inner")
        .filter(pl.col("sku").is_null() | (pl.col("sku") == pl.col("of_supplier")))
        .with_columns(sku="of_supplier")
    )


def _listed(frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """A table under the columns of the list."""
    have, renamed = frame.collect_schema().names(), _NAMES[name]
    columns = {}
    for column, dtype in ROWS.items():
        source = renamed.get(column, column)
        columns[column] = (pl.col(source) if source in have else pl.lit(None)).cast(dtype)
    columns["table"] = pl.lit(name)
    if name == "orders":
        closed = (
            pl.when(pl.col("received_date").is_not_null()).then(pl.lit("received")).otherwise(pl.lit("open"))
        )
        columns["kind"] = pl.when(pl.col("closed").fill_null(False)).then(pl.lit("closed")).otherwise(closed)
    made = frame.select(**columns)
    return made.with_columns(or_none("warehouse")) if "warehouse" in have and name != "overrides" else made


def counted(
    rows: pl.DataFrame, figures: pl.DataFrame, books: Sequence[tuple[Behind, ...]], period: Period
) -> pl.DataFrame:
    """The figures with ``rows``: how many ledger rows are behind each. Rows without a warehouse are behind the figures of
    every warehouse."""
    parts = [
        rows.filter(_is_behind(behind, period)).select(*CELL, behind=pl.lit(place, pl.Int64))
        for place, behind in enumerate(books)
    ]
    each = pl.concat(parts) if parts else figures.select(*CELL, BEHIND).clear()
    keys = ["sku", BEHIND]
    total = each.group_by(keys).agg(_total=pl.len())
    general = each.filter(pl.col("warehouse").is_null()).group_by(keys).agg(_general=pl.len())
    local = each.group_by(*CELL, BEHIND).agg(_local=pl.len())
    joined = figures
    for frame, on in ((total, keys), (general, keys), (local, [*CELL, BEHIND])):
        joined = joined.join(frame, on=on, how="left", maintain_order="left")
    own = pl.col("_local").fill_null(0) + pl.col("_general").fill_null(0)
    count = pl.when(pl.col("warehouse").is_null()).then(pl.col("_total").fill_null(0)).otherwise(own)
    return joined.with_columns(rows=count.cast(pl.Int64)).drop("_total", "_general", "_local", BEHIND)


def with_areas(
    rows: pl.DataFrame, used: Sequence[tuple[str, tuple[Behind, ...]]], period: Period
) -> pl.DataFrame:
    """The rows with the areas whose figures they are behind, in one text."""
    names = list(dict.fromkeys(name for name, _ in used))
    flags = []
    for name in names:
        there = [_is_behind(behind, period) for area, behind in used if area == name]
        flags.append(pl.when(pl.any_horizontal(there)).then(pl.lit(name)))
    return rows.with_columns(areas=pl.concat_str(flags, separator=" ", ignore_nulls=True)) if flags else rows


def _is_behind(behind: tuple[Behind, ...], period: Period) -> pl.Expr:
    """Whether a row of the list is one of those."""
    parts = []
    for one in behind:
        here = pl.col("table") == one.table
        if one.kinds is not None:
            here &= pl.col("kind").is_in(one.kinds)
        if one.within:
            here &= pl.col("date").is_between(period.start, period.end)
        parts.append(here)
    return pl.any_horizontal(parts).fill_null(False) if parts else pl.lit(False)
