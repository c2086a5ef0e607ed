"""Goods in and goods out as narrow arrays: which inflows make layers of age, and which inflow is which outflow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.arrays import leads, running
from stockturn.engine.demand import returned_sales
from stockturn.engine.entries import Entries
from stockturn.engine.expr import IN_TRANSIT, QTY_DECIMALS
from stockturn.engine.fifo import Inflows, Sources, linked
from stockturn.engine.postings import FLOWS, row_cost
from stockturn.engine.transfers import LEGS
from stockturn.engine.valued import ValuedDays
from stockturn.schema import KINDS

UNITS = 10**QTY_DECIMALS
"""Quantities here are whole multiples of 1 / UNITS."""

CELL = ["sku", "warehouse"]
LOT = ["sku", "warehouse", "lot"]
"""A cell, or one batch in it where every issue of the cell names its batch."""

RECEIPTS = ("purchase", "production_in", "assembly_in")
"""Kinds that make a layer with ``age_layers = "receipts"``: bought or made, not moved, returned or found."""

ORDER = {kind: place for place, kind in enumerate(KINDS)}
"""The place of each kind within a day; also its number in a slot."""

COST_DECIMALS = 9
"""Unit costs are rounded here, so that rows added up in another order are the same layer."""

_DAY_STEP = 1 << 5
_CODE_STEP = 1 << 27

REPACKED = ("assembly_in", "assembly_out")

LINKING = (*LEGS, *REPACKED, "sale_return")
"""Kinds of which a row may be the other side of another one."""

_NO_LOT = pl.lit(None, pl.String)
_SUMMED = ("slot", "qty", "cost")


@dataclass(frozen=True)
class Flows:
    """Inflows by lot in order of arrival, where the linked ones came from, and the net sum of each lot.

    ``lots``: code, sku, warehouse, lot (batch or null). ``net`` (millionths) sums every movement but ``opening``
    rows, by lot. ``listed`` marks inflows of batches that a batch list already dates. ``ins`` and ``outs``: the
    linked inflows (link, layer, qty) and outflows (link, day, code, issued, qty), ``issued`` being what left before.
    """

    lots: pl.DataFrame
    net: np.ndarray
    inflows: Inflows
    listed: np.ndarray
    outs: pl.DataFrame
    ins: pl.DataFrame

    def sources(self, opening: np.ndarray) -> Sources:
        """Where linked inflows came from, ``opening`` (millionths by lot) being issued before any inflow."""
        ins, outs = self.ins, self.outs
        ia, ib, first, qty = linked(
            *(frame[name].to_numpy() for frame in (ins, outs) for name in ("link", "qty"))
        )
        code = outs["code"].to_numpy()[ib]
        start = outs["issued"].to_numpy()[ib] + first - opening[code]
        day = outs["day"].to_numpy()[ib]
        return Sources(ins["layer"].to_numpy()[ia], code, day, start, qty)


def flows(
    entries: Entries,
    cells: pl.DataFrame,
    settings: Settings,
    listed: pl.DataFrame | None = None,
    valued: ValuedDays | None = None,
) -> Flows:
    """Movements summed by lot, day, kind and link, as arrays.

    ``cells``: sku, warehouse of every cell that must have a lot, moved or not. ``listed``: sku, warehouse, batch
    whose inflows are marked. ``valued``: the same entries valued, whose sums need not be made again. Red and black
    rows of one kind on one day cancel, so that a provisional receipt, its reversal and the invoice leave one receipt
    at the day of the first. Within a day what comes in stands before what goes out.
    """
    moves, batched = _with_lots(entries.movements, settings)
    summed = valued if listed is None and not batched else None
    known = moves.select(LOT).unique() if summed is None else summed.cells.lazy().select(*CELL, lot=_NO_LOT)
    whole = cells.lazy().select(*CELL, lot=_NO_LOT)
    lots = pl.concat([known, whole]).unique().sort(LOT, nulls_last=False)
    numbered = lots.with_row_index("code").with_columns(pl.col("code").cast(pl.Int64)).collect()
    sums = _sums(moves, numbered, entries, settings, listed, summed)
    code, qty = sums.slot // _CODE_STEP, sums.qty
    net = np.zeros(numbered.height, np.int64)
    np.add.at(net, code, qty)
    arrived = np.flatnonzero((qty > 0) & _makes_a_layer(sums.slot % _DAY_STEP, settings))
    inflows = Inflows(
        code[arrived],
        (sums.slot[arrived] % _CODE_STEP // _DAY_STEP).astype(np.int32),
        qty[arrived],
        sums.unit_cost(arrived),
    )
    transit = (numbered["warehouse"] == IN_TRANSIT).to_numpy()
    ins, outs = _linked_rows(sums, arrived, transit)
    return Flows(numbered, net, inflows, sums.listed[arrived], outs, ins)


def _makes_a_layer(order: np.ndarray, settings: Settings) -> np.ndarray:
    if settings.deadstock.age_layers == "receipts":
        return np.isin(order, [ORDER[kind] for kind in RECEIPTS])
    return np.ones(len(order), bool)


@dataclass(frozen=True)
class _Sums:
    """Sums by slot, sorted; ``qty`` in millionths and not 0, ``cost`` NaN where no row says one. ``keys``: row, key of
    what may be linked; the same text stands on an inflow and on the outflow it once was."""

    slot: np.ndarray
    qty: np.ndarray
    cost: np.ndarray
    listed: np.ndarray
    keys: pl.DataFrame

    def unit_cost(self, rows: np.ndarray) -> np.ndarray:
        """Cost of a unit of some rows."""
        return pl.Series(self.cost[rows] / self.qty[rows] * UNITS).round(COST_DECIMALS).to_numpy()


def _sums(
    moves: pl.LazyFrame,
    lots: pl.DataFrame,
    entries: Entries,
    settings: Settings,
    listed: pl.DataFrame | None,
    valued: ValuedDays | None,
) -> _Sums:
    """Every movement but openings, added up by slot; what may be linked or listed stands apart in its slot.

    Rows that nothing is known of but their sum are grouped by one integer. Where the days are ``valued`` only the few
    kinds that may be linked are read again.
    """
    if valued is not None:
        moves = moves.filter(pl.col("kind").is_in(LINKING))
    plain, special = _read(moves, lots, listed)
    keyed, sold = _keys(special, lots, entries, settings)
    read = pl.concat([plain, keyed], how="diagonal").filter(pl.col("qty") != 0)
    read = read.sort("slot", maintain_order=True)
    slot, qty, cost = (
        _of_days(valued, lots) if valued is not None else (read.clear()[name].to_numpy() for name in _SUMMED)
    )
    at = np.searchsorted(slot, read["slot"].to_numpy())
    slot, qty, cost = (
        np.insert(base, at, read[name].to_numpy())
        for name, base in zip(_SUMMED, (slot, qty, cost), strict=True)
    )
    read = read.with_columns(row=pl.Series(at + np.arange(len(at))))
    marked = np.zeros(len(slot), bool)
    marked[read["row"].to_numpy()] = read["listed"].fill_null(False).to_numpy()
    keys = pl.concat([read.select("key", "row").drop_nulls(), _rows_of(slot, sold)])
    return _Sums(slot, qty, cost, marked, keys)


def _read(
    moves: pl.LazyFrame, lots: pl.DataFrame, listed: pl.DataFrame | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Sums by slot (slot, qty, cost); and those of rows with a link, a document that may matter or a listed
    batch, by slot, link, reference and listed."""
    grain = LOT if lots["lot"].is_not_null().any() else CELL
    kind = pl.col("kind")
    reference = pl.when(kind.is_in(REPACKED)).then("doc_no").when(kind == "sale_return").then("order_no")
    order = kind.replace_strict(list(ORDER), list(ORDER.values()), return_dtype=pl.Int64)
    rows = (
        _with_mark(moves, listed)
        .filter((kind != "opening") & (pl.col("qty") != 0))
        .join(lots.lazy().select("code", *grain), on=grain, how="left", nulls_equal=True)
        .select(
            slot=_slot(pl.col("code"), pl.col("date"), order),
            qty=(pl.col("qty") * UNITS).round().cast(pl.Int64),
            cost=row_cost(),
            link=pl.when(kind.is_in(LEGS)).then("link"),
            reference=reference,
            listed="listed",
        )
    )
    known = pl.any_horizontal(pl.col("link").is_not_null(), pl.col("reference").is_not_null(), "listed")
    cost = pl.when(pl.col("cost").is_not_null().any()).then(pl.col("cost").sum()).fill_null(np.nan)
    total = (pl.col("qty").sum(), cost.alias("cost"))
    plain, special = pl.collect_all(
        [
            rows.filter(~known).group_by("slot").agg(*total),
            rows.filter(known).group_by("slot", "link", "reference", "listed").agg(*total),
        ],
        engine="streaming",
    )
    return plain, special


def _of_days(valued: ValuedDays, lots: pl.DataFrame) -> tuple[np.ndarray, ...]:
    """slot, qty, cost of the kinds that are never linked, from the days that are valued; sorted."""
    wanted = np.zeros(len(FLOWS), bool)
    wanted[[ORDER[kind] for kind in KINDS if kind != "opening" and kind not in LINKING]] = True
    kind = valued.flows["kind"].to_physical().to_numpy()
    rows = np.flatnonzero(wanted[kind])
    cell, day, qty, cost = (
        valued.flows[name].to_numpy()[rows] for name in ("cell", "day", "qty", "row_cost")
    )
    codes = valued.cells.join(lots, on=CELL, how="left", maintain_order="left")["code"].to_numpy()
    first_day = valued.origin.toordinal() - date(1970, 1, 1).toordinal()
    slot = codes[cell] * _CODE_STEP + (day.astype(np.int64) + first_day) * _DAY_STEP + kind[rows]
    if (slot[1:] < slot[:-1]).any():  # cells of several owners make one lot
        order = np.argsort(slot, kind="stable")
        slot, qty, cost = slot[order], qty[order], cost[order]
    first = np.flatnonzero(leads(slot))
    known = ~np.isnan(cost)
    units = np.rint(qty * UNITS).astype(np.int64)
    if len(first):
        units = np.add.reduceat(units, first)
        cost = np.add.reduceat(np.where(known, cost, 0.0), first)
        cost[~np.logical_or.reduceat(known, first)] = np.nan
    kept = units != 0
    return slot[first][kept], units[kept], cost[kept]


def _rows_of(slot: np.ndarray, sold: pl.DataFrame) -> pl.DataFrame:
    """key, row of the sales that returns name; the plain row stands first in its slot."""
    wanted = sold["slot"].to_numpy()
    row = np.searchsorted(slot, wanted)
    found = row < len(slot)
    found[found] = slot[row[found]] == wanted[found]
    return sold.select("key", row=pl.Series(row)).filter(pl.Series(found))


def _slot(code: pl.Expr, when: pl.Expr, order: pl.Expr | int) -> pl.Expr:
    """Lot, day (from 1970) and kind as one integer that sorts like the three."""
    return code * _CODE_STEP + when.to_physical().cast(pl.Int64) * _DAY_STEP + order


def _with_mark(moves: pl.LazyFrame, listed: pl.DataFrame | None) -> pl.LazyFrame:
    if listed is None:
        return moves.with_columns(listed=pl.lit(False))
    marked = listed.lazy().select(*CELL, "batch").unique().with_columns(listed=pl.lit(True))
    return moves.join(marked, on=[*CELL, "batch"], how="left").with_columns(pl.col("listed").fill_null(False))


def _with_lots(moves: pl.LazyFrame, settings: Settings) -> tuple[pl.LazyFrame, bool]:
    """Adds lot: the batch, in cells where every issue names one; else null, and the cell is one queue. And whether
    there is any such cell."""
    blank = moves.with_columns(lot=_NO_LOT)
    batched = pl.col("batch").is_not_null()
    if settings.deadstock.age_layers == "receipts" or not moves.select(batched.any()).collect().item():
        return blank, False
    whole = (
        moves.group_by(CELL)
        .agg(tracked=(batched | (pl.col("qty") >= 0)).all() & batched.any())
        .filter("tracked")
        .collect()
    )
    if whole.is_empty():
        return blank, False
    marked = moves.join(whole.lazy(), on=CELL, how="left")
    return marked.with_columns(lot=pl.when("tracked").then("batch")).drop("tracked"), True


def _keys(
    special: pl.DataFrame, lots: pl.DataFrame, entries: Entries, settings: Settings
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The special sums with key, in a stable order; and key, slot of the sales that returns name.

    Transfer legs by their link, a repacking (assembly in and out of one sku in one warehouse) by its document, a
    return by the cell and day of its sale. Batches match with themselves.
    """
    no_key = pl.lit(None, pl.String).alias("key")
    sold = pl.DataFrame(schema={"key": pl.String, "slot": pl.Int64})
    if settings.deadstock.age_layers == "receipts" or special.is_empty():
        return special.with_columns(no_key).sort("slot", "reference", "link", "listed", nulls_last=True), sold
    back = pl.DataFrame(schema={"sku": pl.String, "reference": pl.String, "date": pl.Date, "back": pl.String})
    order = pl.col("slot") % _DAY_STEP
    if special.select(((order == ORDER["sale_return"]) & pl.col("reference").is_not_null()).any()).item():
        returned = returned_sales(entries, settings).collect()
        place = pl.format("r{}@{}@{}", "sku", "sale_warehouse", "sale_date")
        back = returned.select("sku", "date", reference="order_no", back=place)
        places = returned.select("sku", warehouse="sale_warehouse", date="sale_date", key=place).unique()
        sold = places.join(lots, on=CELL).select(
            "key", slot=_slot(pl.col("code"), pl.col("date"), ORDER["sale"])
        )
    batch = pl.col("lot").fill_null("")
    keyed = (
        special.with_columns(
            code=pl.col("slot") // _CODE_STEP,
            date=(pl.col("slot") % _CODE_STEP // _DAY_STEP).cast(pl.Int32).cast(pl.Date),
            order=order,
        )
        .join(lots, on="code", how="left")
        .join(back, on=["sku", "reference", "date"], how="left")
        .with_columns(
            key=pl.when(pl.col("link").is_not_null())
            .then(pl.format("t{}@{}", "link", batch))
            .when(pl.col("order").is_in([ORDER[kind] for kind in REPACKED]))
            .then(pl.format("a{}@{}@{}@{}", "reference", "sku", "warehouse", batch))
            .when(pl.col("order") == ORDER["sale_return"])
            .then("back")
        )
        .sort("slot", "key", "reference", nulls_last=True)
        .select(*special.columns, "key")
    )
    return keyed, sold


def _linked_rows(sums: _Sums, arrived: np.ndarray, transit: np.ndarray) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Linked inflows (link, layer, qty) and outflows (link, day, code, issued, qty) with the number of their link, in
    the order in which they are each other.

    On one day goods leave for ``(in transit)`` before they leave it, and enter it before they enter a warehouse.
    """
    both = sums.keys.sort("row")
    row = both["row"].to_numpy()
    slot, qty = sums.slot[row], sums.qty[row]
    code = slot // _CODE_STEP
    layer = np.searchsorted(arrived, row)
    both = both.with_columns(
        code=pl.Series(code),
        day=pl.Series(slot % _CODE_STEP // _DAY_STEP),
        qty=pl.Series(qty),
        on_the_way=pl.Series(transit[code]),
        layer=pl.Series(layer, dtype=pl.Int64),
    )
    ins = both.filter(pl.Series(layer < np.searchsorted(arrived, row, side="right"), dtype=pl.Boolean))
    outs = both.filter(pl.col("qty") < 0).with_columns(qty=-pl.col("qty"))
    numbers = (
        ins.select("key")
        .unique()
        .join(outs.select("key").unique(), on="key")
        .sort("key")
        .with_row_index("link")
    ).with_columns(pl.col("link").cast(pl.Int64))
    ins, outs = (frame.join(numbers, on="key", maintain_order="left") for frame in (ins, outs))
    outs = outs.with_columns(issued=pl.Series(_issued_before(sums, outs["row"].to_numpy()), dtype=pl.Int64))
    return (
        ins.sort("link", "day", ~pl.col("on_the_way"), "code", maintain_order=True).select(
            "link", "qty", "layer"
        ),
        outs.sort("link", "day", "on_the_way", "code", maintain_order=True).select(
            "link", "day", "qty", "code", "issued"
        ),
    )


def _issued_before(sums: _Sums, rows: np.ndarray) -> np.ndarray:
    """Units that left each row's lot before that row."""
    if not len(rows):
        return np.zeros(0, np.int64)
    out = np.flatnonzero(sums.qty < 0)
    qty = -sums.qty[out]
    before = running(sums.slot[out] // _CODE_STEP, qty) - qty
    return np.asarray(before[np.searchsorted(out, rows)])
