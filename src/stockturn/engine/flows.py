"""Goods in and goods out as narrow arrays: which inflows make layers of age, and which inflow is which outflow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.demand import returned_sales
from stockturn.engine.entries import Entries
from stockturn.engine.expr import IN_TRANSIT, QTY_DECIMALS
from stockturn.engine.fifo import Inflows, Sources, linked, running
from stockturn.engine.postings import row_cost
from stockturn.engine.transfers import LEGS
from stockturn.schema import KINDS

UNITS = 10**QTY_DECIMALS
"""Quantities here are whole multiples of 1 / UNITS."""

LOT = ["sku", "warehouse", "lot"]
"""A cell, or one batch in it where every issue of the cell names its batch."""

RECEIPTS = ("purchase", "production_in", "assembly_in")
"""Kinds that make a layer with ``age_layers = "receipts"``: bought or made, not moved, returned or found."""

REPACKED = ("assembly_in", "assembly_out")


@dataclass(frozen=True)
class Flows:
    """Inflows by lot in order of arrival, where the linked ones came from, and the net sum of each lot.

    ``lots``: code, sku, warehouse, lot (batch or null). ``net`` (millionths) sums every movement but ``opening``
    rows, by lot. ``listed`` marks inflows of batches that a batch list already dates. ``ins`` and ``outs``: the
    linked inflows (link, layer, qty) and outflows (link, date, code, issued, qty), ``issued`` being what left before.
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
        day = outs["date"].to_physical().to_numpy()[ib]
        return Sources(ins["layer"].to_numpy()[ia], code, day, start, qty)


def flows(
    entries: Entries, cells: pl.DataFrame, settings: Settings, listed: pl.DataFrame | None = None
) -> Flows:
    """Movements summed by lot, day, kind and link, as arrays.

    ``cells``: sku, warehouse of every cell that must have a lot, moved or not. ``listed``: sku, warehouse, batch
    whose inflows are marked. Red and black rows of one kind on one day cancel, so that a provisional receipt, its
    reversal and the invoice leave one receipt at the day of the first. Within a day what comes in stands before
    what goes out.
    """
    sums = _sums(entries, settings, listed)
    whole = cells.select("sku", "warehouse", lot=pl.lit(None, pl.String))
    lots = pl.concat([sums.select(LOT), whole]).unique().sort(LOT, nulls_last=False).with_row_index("code")
    coded = sums.join(lots, on=LOT, how="left", nulls_equal=True)
    coded = coded.filter(pl.col("kind") != "opening").sort("code", "date", "order", "key", nulls_last=False)
    net = np.zeros(lots.height, np.int64)
    np.add.at(net, coded["code"].to_numpy(), coded["qty"].to_numpy())
    arrivals = coded.filter((pl.col("qty") > 0) & _makes_a_layer(settings)).with_row_index("layer")
    issues = coded.filter(pl.col("qty") < 0).with_columns(qty=-pl.col("qty"))
    if issues.height:
        before, _ = running(issues["code"].to_numpy(), issues["qty"].to_numpy())
        issues = issues.with_columns(issued=pl.Series(before))
    else:
        issues = issues.with_columns(issued=pl.lit(0, pl.Int64))
    inflows = Inflows(
        arrivals["code"].to_numpy().astype(np.int64),
        arrivals["date"].to_physical().to_numpy().astype(np.int32),
        arrivals["qty"].to_numpy(),
        arrivals["cost"].fill_null(np.nan).to_numpy(),
    )
    ins, outs = _with_link_numbers(arrivals, issues)
    return Flows(lots, net, inflows, arrivals["listed"].to_numpy(), outs, ins)


def _makes_a_layer(settings: Settings) -> pl.Expr:
    if settings.deadstock.age_layers == "receipts":
        return pl.col("kind").is_in(RECEIPTS)
    return pl.lit(True)


def _sums(entries: Entries, settings: Settings, listed: pl.DataFrame | None) -> pl.DataFrame:
    """sku, warehouse, lot, date, kind, order (within a day), key, listed, qty (millionths), cost per unit.

    ``key`` is the same text on an inflow and on the outflow it once was: transfer legs by their link, a repacking
    (assembly in and out of one sku in one warehouse) by its document, a return by the cell and day of its sale.
    """
    moved = pl.col("kind").is_in(LEGS)
    reference = (
        pl.when(pl.col("kind").is_in(REPACKED))
        .then("doc_no")
        .when(pl.col("kind") == "sale_return")
        .then("order_no")
    )
    order = pl.col("kind").replace_strict(list(KINDS), list(range(len(KINDS))), return_dtype=pl.Int32)
    sums = (
        _with_mark(_with_lots(entries.movements, settings), listed)
        .with_columns(link=pl.when(moved).then("link"), reference=reference)
        .group_by(*LOT, "date", "kind", "link", "reference", "listed")
        .agg(
            qty=(pl.col("qty") * UNITS).round().cast(pl.Int64).sum(),
            cost=pl.when(row_cost().is_not_null().any()).then(row_cost().sum()),
        )
        .filter(pl.col("qty") != 0)
        .with_columns(order=order, cost=pl.col("cost") / pl.col("qty") * UNITS)
        .collect(engine="streaming")
    )
    if settings.deadstock.age_layers == "receipts":
        return sums.with_columns(key=pl.lit(None, pl.String))
    return _with_keys(sums, returned_sales(entries, settings).collect())


def _with_mark(moves: pl.LazyFrame, listed: pl.DataFrame | None) -> pl.LazyFrame:
    if listed is None:
        return moves.with_columns(listed=pl.lit(False))
    marked = listed.lazy().select("sku", "warehouse", "batch").unique().with_columns(listed=pl.lit(True))
    return moves.join(marked, on=["sku", "warehouse", "batch"], how="left").with_columns(
        pl.col("listed").fill_null(False)
    )


def _with_lots(moves: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """Adds lot: the batch, in cells where every issue names one; else null, and the cell is one queue."""
    blank = moves.with_columns(lot=pl.lit(None, pl.String))
    batched = pl.col("batch").is_not_null()
    if settings.deadstock.age_layers == "receipts" or not moves.select(batched.any()).collect().item():
        return blank
    whole = (
        moves.group_by("sku", "warehouse")
        .agg(tracked=(batched | (pl.col("qty") >= 0)).all() & batched.any())
        .filter("tracked")
    )
    return (
        moves.join(whole, on=["sku", "warehouse"], how="left")
        .with_columns(lot=pl.when("tracked").then("batch"))
        .drop("tracked")
    )


def _with_keys(sums: pl.DataFrame, returned: pl.DataFrame) -> pl.DataFrame:
    batch = pl.col("lot").fill_null("")
    place = pl.format("r{}@{}@{}", "sku", "sale_warehouse", "sale_date")
    named = returned.select("sku", pl.col("order_no").alias("reference"), "date", back=place)
    sold = returned.select(
        "sku",
        pl.col("sale_warehouse").alias("warehouse"),
        pl.col("sale_date").alias("date"),
        kind=pl.lit("sale"),
        sale=place,
    ).unique()
    return (
        sums.join(named, on=["sku", "reference", "date"], how="left")
        .join(sold, on=["sku", "warehouse", "date", "kind"], how="left")
        .with_columns(
            key=pl.when(pl.col("link").is_not_null())
            .then(pl.format("t{}@{}", "link", batch))
            .when(pl.col("kind").is_in(REPACKED) & pl.col("reference").is_not_null())
            .then(pl.format("a{}@{}@{}@{}", "reference", "sku", "warehouse", batch))
            .when(pl.col("kind") == "sale_return")
            .then("back")
            .otherwise("sale")
        )
    )


def _with_link_numbers(arrivals: pl.DataFrame, issues: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Linked inflows and outflows with the number of their link, in the order in which they are each other.

    On one day goods leave for ``(in transit)`` before they leave it, and enter it before they enter a warehouse.
    """
    both = (
        arrivals.select("key").drop_nulls().unique().join(issues.select("key").unique(), on="key").sort("key")
    )
    numbers = both.with_row_index("link").with_columns(pl.col("link").cast(pl.Int64))
    transit = pl.col("warehouse") == IN_TRANSIT
    ins, outs = (frame.drop("link").join(numbers, on="key") for frame in (arrivals, issues))
    return (
        ins.sort("link", "date", ~transit, "code").select("link", "qty", pl.col("layer").cast(pl.Int64)),
        outs.sort("link", "date", transit, "code").select(
            "link", "date", "qty", pl.col("code").cast(pl.Int64), "issued"
        ),
    )
