"""Goods in and goods out as narrow arrays: which inflows make layers of age, and which inflow is which outflow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.arrays import running
from stockturn.engine.demand import returned_sales
from stockturn.engine.entries import Entries
from stockturn.engine.expr import IN_TRANSIT, QTY_DECIMALS
from stockturn.engine.fifo import Inflows, Sources, linked
from stockturn.engine.postings import row_cost
from stockturn.engine.transfers import LEGS
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
    entries: Entries, cells: pl.DataFrame, settings: Settings, listed: pl.DataFrame | None = None
) -> Flows:
    """Movements summed by lot, day, kind and link, as arrays.

    ``cells``: sku, warehouse of every cell that must have a lot, moved or not. ``listed``: sku, warehouse, batch
    whose inflows are marked. Red and black rows of one kind on one day cancel, so that a provisional receipt, its
    reversal and the invoice leave one receipt at the day of the first. Within a day what comes in stands before
    what goes out.
    """
    moves = _with_lots(entries.movements, settings)
    whole = cells.lazy().select("sku", "warehouse", lot=pl.lit(None, pl.String))
    lots = pl.concat([moves.select(LOT).unique(), whole]).unique().sort(LOT, nulls_last=False)
    numbered = lots.with_row_index("code").with_columns(pl.col("code").cast(pl.Int64)).collect()
    sums = _sums(moves, numbered, entries, settings, listed)
    net = np.zeros(numbered.height, np.int64)
    np.add.at(net, sums["code"].to_numpy(), sums["qty"].to_numpy())
    arrivals = sums.filter((pl.col("qty") > 0) & _makes_a_layer(settings)).with_row_index("layer")
    issues = sums.filter(pl.col("qty") < 0).with_columns(qty=-pl.col("qty"))
    qty = issues["qty"].to_numpy()
    issues = issues.with_columns(
        issued=pl.Series(running(issues["code"].to_numpy(), qty) - qty, dtype=pl.Int64)
    )
    inflows = Inflows(
        arrivals["code"].to_numpy(),
        arrivals["day"].to_numpy().astype(np.int32),
        arrivals["qty"].to_numpy(),
        arrivals["cost"].fill_null(np.nan).to_numpy(),
    )
    transit = numbered.filter(pl.col("warehouse") == IN_TRANSIT)["code"]
    ins, outs = _with_link_numbers(arrivals, issues, transit)
    return Flows(numbered, net, inflows, arrivals["listed"].to_numpy(), outs, ins)


def _makes_a_layer(settings: Settings) -> pl.Expr:
    if settings.deadstock.age_layers == "receipts":
        return pl.col("order").is_in([ORDER[kind] for kind in RECEIPTS])
    return pl.lit(True)


def _sums(
    moves: pl.LazyFrame, lots: pl.DataFrame, entries: Entries, settings: Settings, listed: pl.DataFrame | None
) -> pl.DataFrame:
    """code, day, order (of the kind within a day), key, listed, qty (millionths, not 0), cost per unit; sorted.

    Rows that nothing is known of but their sum are grouped by one integer; few rows have a link, a document that
    may matter or a listed batch.
    """
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
    total = (pl.col("qty").sum(), pl.col("cost").sum(), pl.col("cost").count().alias("costed"))
    plain, special = pl.collect_all(
        [
            rows.filter(~known).group_by("slot").agg(*total),
            rows.filter(known).group_by("slot", "link", "reference", "listed").agg(*total),
        ],
        engine="streaming",
    )
    named = _with_keys(special, plain, lots, entries, settings)
    return (
        named.filter(pl.col("qty") != 0)
        .sort("slot", maintain_order=True)
        .with_columns(
            code=pl.col("slot") // _CODE_STEP,
            day=pl.col("slot") % _CODE_STEP // _DAY_STEP,
            order=pl.col("slot") % _DAY_STEP,
            listed=pl.col("listed").fill_null(False),
            cost=pl.when(pl.col("costed") > 0).then(
                (pl.col("cost") / pl.col("qty") * UNITS).round(COST_DECIMALS)
            ),
        )
    )


def _slot(code: pl.Expr, when: pl.Expr, order: pl.Expr | int) -> pl.Expr:
    """Lot, day (from 1970) and kind as one integer that sorts like the three."""
    return code * _CODE_STEP + when.to_physical().cast(pl.Int64) * _DAY_STEP + order


def _with_mark(moves: pl.LazyFrame, listed: pl.DataFrame | None) -> pl.LazyFrame:
    if listed is None:
        return moves.with_columns(listed=pl.lit(False))
    marked = listed.lazy().select(*CELL, "batch").unique().with_columns(listed=pl.lit(True))
    return moves.join(marked, on=[*CELL, "batch"], how="left").with_columns(pl.col("listed").fill_null(False))


def _with_lots(moves: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """Adds lot: the batch, in cells where every issue names one; else null, and the cell is one queue."""
    blank = moves.with_columns(lot=pl.lit(None, pl.String))
    batched = pl.col("batch").is_not_null()
    if settings.deadstock.age_layers == "receipts" or not moves.select(batched.any()).collect().item():
        return blank
    whole = (
        moves.group_by(CELL)
        .agg(tracked=(batched | (pl.col("qty") >= 0)).all() & batched.any())
        .filter("tracked")
        .collect()
    )
    if whole.is_empty():
        return blank
    marked = moves.join(whole.lazy(), on=CELL, how="left")
    return marked.with_columns(lot=pl.when("tracked").then("batch")).drop("tracked")


def _with_keys(
    special: pl.DataFrame, plain: pl.DataFrame, lots: pl.DataFrame, entries: Entries, settings: Settings
) -> pl.DataFrame:
    """All sums with key, in a stable order: the same text on an inflow and on the outflow it once was, else null.

    Transfer legs by their link, a repacking (assembly in and out of one sku in one warehouse) by its document, a
    return by the cell and day of its sale. Batches match with themselves.
    """
    if settings.deadstock.age_layers == "receipts":
        return pl.concat([plain, special], how="diagonal").with_columns(key=pl.lit(None, pl.String))
    returned = returned_sales(entries, settings).collect()
    place = pl.format("r{}@{}@{}", "sku", "sale_warehouse", "sale_date")
    back = returned.select("sku", "date", reference="order_no", back=place)
    places = returned.select("sku", warehouse="sale_warehouse", date="sale_date", sale=place).unique()
    sold = places.join(lots, on=CELL).select(
        "sale", slot=_slot(pl.col("code"), pl.col("date"), ORDER["sale"])
    )
    batch = pl.col("lot").fill_null("")
    keyed = (
        special.with_columns(
            code=pl.col("slot") // _CODE_STEP,
            date=(pl.col("slot") % _CODE_STEP // _DAY_STEP).cast(pl.Int32).cast(pl.Date),
            order=pl.col("slot") % _DAY_STEP,
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
    sales = plain.join(sold, on="slot", how="left").rename({"sale": "key"})
    return pl.concat([sales, keyed], how="diagonal")


def _with_link_numbers(
    arrivals: pl.DataFrame, issues: pl.DataFrame, transit: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Linked inflows and outflows with the number of their link, in the order in which they are each other.

    On one day goods leave for ``(in transit)`` before they leave it, and enter it before they enter a warehouse.
    """
    both = (
        arrivals.select("key").drop_nulls().unique().join(issues.select("key").unique(), on="key").sort("key")
    )
    numbers = both.with_row_index("link").with_columns(pl.col("link").cast(pl.Int64))
    on_the_way = pl.col("code").is_in(transit.implode())
    ins, outs = (frame.drop("link").join(numbers, on="key") for frame in (arrivals, issues))
    return (
        ins.sort("link", "day", ~on_the_way, "code").select("link", "qty", pl.col("layer").cast(pl.Int64)),
        outs.sort("link", "day", on_the_way, "code").select("link", "day", "qty", "code", "issued"),
    )
