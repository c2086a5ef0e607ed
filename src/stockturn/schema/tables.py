"""The canonical tables (SPEC 2): what every export becomes before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import polars as pl

from stockturn.config.kinds import Kind
from stockturn.errors import StockturnError

TEXT, DATE, FLOAT, FLAG, INT = pl.String, pl.Date, pl.Float64, pl.Boolean, pl.Int64

KINDS: tuple[str, ...] = get_args(Kind)
"""What a movement can be, see ``config.kinds``."""

DEMAND_KINDS: tuple[str, ...] = ("sale", "production_out", "sale_return")
"""Kinds that make demand by default; ``sale_return`` reduces it."""


AIMED: tuple[str, ...] = ("category", "brand", "supplier", "owner", "team", "warehouse")
"""Dimensions that can have targets, the one that decides first where several do."""


@dataclass(frozen=True)
class Field:
    """One column of a canonical table."""

    name: str
    dtype: type[pl.DataType]
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One canonical table: its fields in order."""

    name: str
    fields: tuple[Field, ...]

    @property
    def schema(self) -> dict[str, type[pl.DataType]]:
        """Column names and polars types, in order."""
        return {field.name: field.dtype for field in self.fields}

    @property
    def required(self) -> tuple[str, ...]:
        """Columns without which a row means nothing."""
        return tuple(field.name for field in self.fields if field.required)


def _table(name: str, required: str, **columns: str) -> Table:
    """Shorthand: column names grouped by type, ``required`` first among equals."""
    types = {"text": TEXT, "date": DATE, "num": FLOAT, "flag": FLAG, "int": INT}
    kind = {column: types[group] for group, names in columns.items() for column in names.split()}
    needed = required.split()
    order = [*needed, *(column for column in kind if column not in needed)]
    return Table(name, tuple(Field(column, kind[column], column in needed) for column in order))


LINEAGE = "source_file source_sheet"

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table(
            "movements",
            "date sku qty kind",
            date="date expiry",
            text="sku kind warehouse bin batch unit currency doc_no line_no part order_no order_line partner "
            f"ownership org period_mark {LINEAGE}",
            num="qty unit_cost cost unit_price revenue",
            int="source_row",
        ),
        _table(
            "stock",
            "as_of sku on_hand",
            date="as_of expiry received_on",
            text=f"sku warehouse bin batch ownership stock_status org {LINEAGE}",
            num="on_hand value unit_cost reserved",
            flag="at_start",
            int="source_row",
        ),
        _table(
            "items",
            "sku",
            text=f"sku name category brand unit supplier status owner buyer seller team spec {LINEAGE}",
            num="unit_cost unit_price lead_time_days moq order_multiple min_stock max_stock shelf_life_days volume",
            flag="core",
            date="launched_on",
            int="source_row",
        ),
        _table(
            "orders",
            "order_date sku qty_ordered",
            date="order_date promised_date received_date cancelled_on listed_on",
            text=f"sku supplier warehouse doc_no line_no part org {LINEAGE}",
            num="qty_ordered qty_received qty_open unit_cost",
            flag="closed",
            int="source_row",
        ),
        _table(
            "sales_orders",
            "order_date sku qty_ordered",
            date="order_date requested_date shipped_date",
            text=f"sku customer warehouse doc_no line_no part org {LINEAGE}",
            num="qty_ordered qty_shipped unit_price revenue",
            int="source_row",
        ),
        _table(
            "suppliers",
            "supplier",
            text=f"supplier name backup_supplier calendar sku {LINEAGE}",
            num="lead_time_days lead_time_sd review_days min_order_value payment_days",
            flag="vmi takes_returns",
            int="source_row",
        ),
        _table(
            "batches",
            "batch sku qty_left",
            text=f"batch sku warehouse org {LINEAGE}",
            date="received_on expiry",
            num="qty_left unit_cost",
            int="source_row",
        ),
        _table(
            "prices",
            "sku valid_from",
            text=f"sku {LINEAGE}",
            date="valid_from",
            num="unit_cost unit_price",
            int="source_row",
        ),
        _table(
            "promotions",
            "start end",
            text=f"sku category note {LINEAGE}",
            date="start end",
            num="uplift discount",
            int="source_row",
        ),
        _table(
            "overrides",
            "sku period",
            text=f"sku warehouse who reason {LINEAGE}",
            date="period",
            num="qty factor",
            int="source_row",
        ),
        _table(
            "counts",
            "date sku book_qty counted_qty",
            date="date",
            text=f"sku warehouse bin batch {LINEAGE}",
            num="book_qty counted_qty",
            int="source_row",
        ),
        _table(
            "targets",
            "target",
            text=f"{' '.join(AIMED)} {LINEAGE}",
            num="target",
            date="valid_from",
            int="source_row",
        ),
        _table(
            "warehouses",
            "warehouse",
            text=f"warehouse name kind {LINEAGE}",
            num="capacity",
            int="source_row",
        ),
    )
}
"""``stock.at_start`` marks a point that holds at the start of its day (a list of opening balances);
``movements.period_mark`` is ``period`` where a figure stands for a whole period (a 收发存 line, a month
column) dated at its end, else null; ``orders.listed_on`` is the date of the list an open line came from. ``counts`` are
the lines of stock-take documents that name both book and count; the difference itself is a movement. ``targets`` are
turns a year to reach by the dimensions that are filled; none filled is the whole company."""


def empty(table: str) -> pl.LazyFrame:
    """A canonical table without rows."""
    return pl.LazyFrame(schema=TABLES[table].schema)


def conform(frame: pl.LazyFrame, table: str) -> pl.LazyFrame:
    """The frame with exactly the columns of the canonical table, in order; absent optional ones are null.

    Raises StockturnError where a required column is absent: Python API users see which.
    """
    have = frame.collect_schema().names()
    lacking = [name for name in TABLES[table].required if name not in have]
    if lacking:
        raise StockturnError("column_missing", table=table, columns=", ".join(lacking))
    return frame.select(
        (pl.col(field.name) if field.name in have else pl.lit(None)).cast(field.dtype).alias(field.name)
        for field in TABLES[table].fields
    )
