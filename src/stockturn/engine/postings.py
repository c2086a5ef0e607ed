"""Movements as sums per cell, day and kind: the narrow arrays that balances and valuation work on.

A *cell* is one sku in one warehouse (and one bin or batch where those are asked for). Days count from the
origin, the day before the ledger begins; what stood there is posted on day 0. Quantities are whole millionths
(int64), so that movements which cancel leave exactly nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum

import numpy as np
import polars as pl

from stockturn.engine.arrays import leads
from stockturn.engine.entries import Entries
from stockturn.engine.expr import IN_TRANSIT, QTY_DECIMALS
from stockturn.engine.points import CONSIGNED_IN, points_of
from stockturn.schema import KINDS

UNITS = 10**QTY_DECIMALS
"""Posted quantities are whole multiples of 1 / UNITS."""

VARIANCES = ("price_variance", "negative_stock_variance", "rounding_difference", "average_shift")
"""Flows of value without goods, made by the valuation itself. ``average_shift`` is value that moves between
warehouses which share one average; over a sku (and a whole month of a monthly average) it sums to nothing."""

FLOWS: tuple[str, ...] = (*KINDS, "difference", *VARIANCES)
"""Every kind of flow. ``difference`` is count less book at a stock point."""

FLOW_CODE = {kind: code for code, kind in enumerate(FLOWS)}
FLOW_TYPE = pl.Enum(FLOWS)

_RECEIPTS = ["opening", "purchase", "production_in", "assembly_in", "other_in", "sale_return", "transfer_in"]
"""Kinds that enter at the cost on their row, where there is one; stock-take gains never do."""

_SENT_BACK = ("purchase", "purchase_return")
"""Kinds that leave at the cost on their row, where there is one."""

_LARGEST_TABLE = 1 << 26
"""Most pairs of sku and warehouse that are looked up in a table."""

_ROLE_BITS, _KIND_BITS, _DAY_BITS = 3, 5, 20
_DAY_SHIFT = _ROLE_BITS + _KIND_BITS
_CELL_SHIFT = _DAY_SHIFT + _DAY_BITS
"""One int64 holds cell, day, kind and role, so that a single sort puts postings in order."""


class Role(IntEnum):
    """How a posting gets its value."""

    AVERAGE = 0  # at the cost of the day
    COSTED_IN = 1  # goods in, at the cost on the row
    COSTED_OUT = 2  # goods out at the cost on the row: purchase returns
    REVALUED = 3  # value without goods
    LINKED = 4  # a transfer leg: at the cost of where the goods came from


@dataclass(frozen=True)
class Postings:
    """Sorted by cell, day, kind. ``cells``: cell, sku, warehouse and further grain columns.

    ``qty`` in millionths, signed; ``cost`` in money, signed like the quantity, 0 where unknown; ``revenue``
    positive for sales; ``costed``: whether any row says a cost.
    """

    cells: pl.DataFrame
    origin: date
    cell: np.ndarray
    day: np.ndarray
    kind: np.ndarray
    role: np.ndarray
    qty: np.ndarray
    cost: np.ndarray
    revenue: np.ndarray
    costed: np.ndarray

    def key(self) -> np.ndarray:
        """One sorted int64 per posting: cell, day, kind, role."""
        return posting_key(self.cell, self.day, self.kind, self.role)

    def day_key(self) -> np.ndarray:
        """One sorted int64 per posting: cell and day."""
        return cell_day(self.cell, self.day)

    def day_of(self, when: date) -> int:
        """The day number of a date."""
        return (when - self.origin).days


def cell_day(cell: np.ndarray, day: np.ndarray | int) -> np.ndarray:
    """Cell and day as one int64 that sorts like the pair."""
    key: np.ndarray = np.left_shift(cell.astype(np.int64), _CELL_SHIFT)
    return key + np.left_shift(day, _DAY_SHIFT, dtype=np.int64)


def posting_key(cell: np.ndarray, day: np.ndarray, kind: np.ndarray, role: np.ndarray) -> np.ndarray:
    """Cell, day, kind and role as one int64 that sorts like the four."""
    key = cell_day(cell, day)
    key += np.left_shift(kind, _ROLE_BITS, dtype=np.int64)
    key += role
    return key


def row_cost() -> pl.Expr:
    """The cost on a row, signed like its quantity: ``cost``, else ``unit_cost`` times the quantity.

    Goods that others own cost nothing here.
    """
    known = pl.coalesce("cost", pl.col("unit_cost") * pl.col("qty"))
    known = pl.when(pl.col("ownership") == CONSIGNED_IN).then(0.0).otherwise(known)
    return pl.when(pl.col("qty") == 0).then(known).otherwise(known.abs() * pl.col("qty").sign())


def row_revenue() -> pl.Expr:
    """Revenue of a sale or return row: ``revenue``, else price times quantity; a return never brings any."""
    known = pl.coalesce("revenue", -pl.col("unit_price") * pl.col("qty"))
    returned = (pl.col("kind") == "sale_return") & (pl.col("qty") > 0)
    signed = pl.when(returned).then(-known.abs()).otherwise(known)
    return pl.when(pl.col("kind").is_in(["sale", "sale_return"])).then(signed)


def role_of(kind: pl.Expr, costed: pl.Expr, *, by_row: bool) -> pl.Expr:
    """How a row gets its value: from the code of its ``kind``, the sign of its quantity, whether it says a cost, and
    its link. ``by_row`` is the ledger's own cost: every row that carries one keeps it."""
    cases = [
        _role(name, sign, known, by_row=by_row)
        for name in KINDS
        for known in (False, True)
        for sign in (-1, 0, 1)
    ]
    case = kind.cast(pl.Int32) * 6 + costed.cast(pl.Int32) * 3 + pl.col("qty").sign().cast(pl.Int32) + 1
    plain = pl.lit(pl.Series(cases, dtype=pl.UInt8)).gather(case)
    if by_row:
        return plain
    arrives = (pl.col("qty") > 0) | (pl.col("warehouse") == IN_TRANSIT)
    linked = pl.when(arrives & (pl.col("link") >= 0)).then(pl.lit(int(Role.LINKED), pl.UInt8))
    return pl.when(pl.col("link").is_null()).then(plain).otherwise(linked.otherwise(int(Role.AVERAGE)))


def _role(kind: str, sign: int, costed: bool, *, by_row: bool) -> Role:
    """The role of a row that is not linked; ``sign`` is that of its quantity."""
    if by_row:
        if sign == 0:
            return Role.REVALUED
        return (Role.COSTED_IN if sign > 0 else Role.COSTED_OUT) if costed else Role.AVERAGE
    if kind == "revaluation" or (sign == 0 and kind in _SENT_BACK):
        return Role.REVALUED
    if costed and sign > 0 and kind in _RECEIPTS:
        return Role.COSTED_IN
    return Role.COSTED_OUT if costed and sign < 0 and kind in _SENT_BACK else Role.AVERAGE


def postings(
    entries: Entries, cells: pl.DataFrame, origin: date, *, by_row: bool, grain: Sequence[str] = ()
) -> Postings:
    """Sums per cell, day and kind. An ``opening`` row holds at the start of its day: it is dated the day before."""
    kind, known = pl.col("kind").cast(pl.Enum(KINDS)).to_physical(), row_cost()
    day = (pl.col("date") - pl.lit(origin)).dt.total_days() - (pl.col("kind") == "opening").cast(pl.Int64)
    key = (
        pl.col("cell").cast(pl.Int64) * (1 << _CELL_SHIFT)
        + day * (1 << _DAY_SHIFT)
        + kind.cast(pl.Int64) * (1 << _ROLE_BITS)
        + role_of(kind, known.is_not_null(), by_row=by_row).cast(pl.Int64)
    )
    rows = (
        with_cell(entries.movements, cells, grain)
        .select(
            key=key,
            qty=(pl.col("qty") * UNITS).round().cast(pl.Int64),
            cost=known.fill_null(0.0),
            costed=known.is_not_null(),
            revenue=row_revenue().fill_null(0.0),
        )
        .collect()
        .sort("key", maintain_order=True)
    )
    return _sums(rows, cells, origin)


def _sums(rows: pl.DataFrame, cells: pl.DataFrame, origin: date) -> Postings:
    """Rows of one key added up in the order of the ledger: the same to the last bit in every run."""
    every = rows["key"].to_numpy()
    first = np.flatnonzero(leads(every))
    columns = [rows[name].to_numpy() for name in ("qty", "cost", "revenue", "costed")]
    if len(first):
        columns = [
            (np.logical_or if column.dtype == bool else np.add).reduceat(column, first) for column in columns
        ]
    key = every[first]
    low = key.astype(np.int32)  # day, kind and role
    return Postings(
        cells,
        origin,
        np.right_shift(key, _CELL_SHIFT, out=key).astype(np.int32),
        (low >> _DAY_SHIFT) & ((1 << _DAY_BITS) - 1),
        ((low >> _ROLE_BITS) & ((1 << _KIND_BITS) - 1)).astype(np.int8),
        (low & ((1 << _ROLE_BITS) - 1)).astype(np.int8),
        *columns,
    )


def with_cell(movements: pl.LazyFrame, cells: pl.DataFrame, grain: Sequence[str]) -> pl.LazyFrame:
    """Movements with their cell, rows in their order.

    A join that keeps the order costs five times as much as looking the pair up in a table, so that is done where
    the table is not too large.
    """
    houses = pl.Enum(cells["warehouse"].unique().sort())
    skus = pl.Enum(cells["sku"].unique().sort())
    wide, size = len(houses.categories), len(houses.categories) * len(skus.categories)
    if grain or size > _LARGEST_TABLE:
        keys = ["sku", "warehouse", *grain]
        return movements.join(
            cells.lazy(), on=keys, how="left", nulls_equal=bool(grain), maintain_order="left"
        )
    code = pl.col("sku").cast(skus).to_physical().cast(pl.Int64) * wide
    code += pl.col("warehouse").cast(houses).to_physical().cast(pl.Int64)
    table = np.full(size, -1, np.int32)
    table[cells.select(code).to_series().to_numpy()] = cells["cell"].to_numpy()
    return movements.with_columns(cell=pl.lit(pl.Series(table)).gather(code))


@dataclass(frozen=True)
class Added:
    """Further postings of one kind and role: per cell and day a quantity (millionths) and a cost."""

    kind: str
    role: Role
    cell: np.ndarray
    day: np.ndarray
    qty: np.ndarray
    cost: np.ndarray


def insert(base: Postings, added: Sequence[Added]) -> Postings:
    """The postings with further ones put in their place."""
    sizes = [len(one.cell) for one in added]
    cell, day, qty, cost = (
        np.concatenate([getattr(one, name) for one in added]) for name in ("cell", "day", "qty", "cost")
    )
    kinds = np.repeat(np.array([FLOW_CODE[one.kind] for one in added], np.int8), sizes)
    roles = np.repeat(np.array([one.role for one in added], np.int8), sizes)
    key = posting_key(cell, day, kinds, roles)
    order = np.argsort(key, kind="stable")
    at = np.searchsorted(base.key(), key[order])

    def put(old: np.ndarray, new: np.ndarray) -> np.ndarray:
        return np.insert(old, at, new[order].astype(old.dtype))

    return Postings(
        base.cells,
        base.origin,
        put(base.cell, cell),
        put(base.day, day),
        put(base.kind, kinds),
        put(base.role, roles),
        put(base.qty, qty),
        put(base.cost, cost),
        put(base.revenue, np.zeros(len(cell))),
        put(base.costed, np.zeros(len(cell))),
    )


def cells_of(entries: Entries, grain: Sequence[str] = ()) -> pl.DataFrame:
    """Every cell that occurs, numbered: cell, sku, warehouse and the further grain columns, sorted."""
    keys = ["sku", "warehouse", *grain]
    frames = [frame.select(keys).unique() for frame in (entries.movements, located(entries, grain))]
    found = pl.concat(frames).unique().collect(engine="streaming")
    return found.sort(keys).with_row_index("cell").with_columns(pl.col("cell").cast(pl.Int32))


def located(entries: Entries, grain: Sequence[str]) -> pl.LazyFrame:
    """Stock points of that grain. Lists that never say the bin (or batch) say nothing about single ones."""
    places = [name for name in grain if name != "ownership"]
    stock = entries.stock
    for name in places:
        stock = stock.filter(pl.col(name).is_not_null().any())
    return points_of(stock, grain)


def origin_of(entries: Entries) -> date:
    """The day before the ledger begins: what stood there is the opening."""
    return entries.first_day - timedelta(days=1)
