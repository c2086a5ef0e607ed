"""Purchase orders as they stood at as_of: what is still open, and what has arrived."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.engine.expr import NONE, or_none, tidy

LINE = ("doc_no", "line_no", "sku")
"""What an order line is known by; its parts are its receipts."""


def receipts(orders: pl.LazyFrame, items: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """One row per receipt of an order line up to as_of.

    Columns out: supplier (the order's, else the item's, else ``(none)``), sku, warehouse, doc_no, line_no,
    order_date, promised_date, received_date, qty_ordered (of the whole line), qty_received, unit_cost, days
    (order date to receipt; below 0 where the order was written after the goods came).
    A receipt split over several batches of one part is one receipt.
    """
    came = (
        _with_supplier(orders, items)
        .filter(pl.col("received_date") <= as_of, pl.col("order_date").is_not_null())
        .with_row_index("row")
    )
    alone = pl.when(pl.col("line_no").is_null()).then(pl.col("row"))
    same = [*LINE, "warehouse", "supplier", "part", "order_date", "received_date", alone.alias("alone")]
    return (
        came.group_by(same)
        .agg(
            pl.col("promised_date").max(),
            pl.col("qty_ordered").max(),
            tidy(pl.coalesce("qty_received", "qty_ordered").sum()).alias("qty_received"),
            pl.col("unit_cost").mean(),
        )
        .with_columns(days=(pl.col("received_date") - pl.col("order_date")).dt.total_days().cast(pl.Float64))
        .drop("alone", "part")
    )


def open_lines(orders: pl.LazyFrame, items: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """One row per order line that is open at as_of: supplier, sku, warehouse, doc_no, line_no, order_date,
    promised_date, qty_open (> 0), unit_cost.

    A list of open orders says what is open at its own date (``listed_on``): qty_open, else qty_ordered less
    qty_received. Receipts between that date and as_of are taken off; for an as_of before it, receipts that came in
    between are put back. Of several lists the latest up to as_of counts, per warehouse. A receipt by itself opens
    nothing, except that what came after as_of was open then.
    """
    known = _with_supplier(orders, items).filter(pl.col("order_date") <= as_of)
    listed = _listed(known, as_of)
    came = known.filter(pl.col("received_date").is_not_null()).with_columns(
        qty=pl.coalesce("qty_received", "qty_ordered")
    )
    on_list = _as_of(listed, came, as_of)
    later = (
        came.filter(pl.col("received_date") > as_of)
        .join(listed.select(LINE).unique(), on=LINE, how="anti", nulls_equal=True)
        .select(on_list.collect_schema().names())
    )
    return (
        pl.concat([on_list, later])
        .group_by(*LINE, "warehouse", "supplier", "order_date", "promised_date")
        .agg(tidy(pl.col("qty").sum()).alias("qty_open"), pl.col("unit_cost").mean())
        .filter(pl.col("qty_open") > 0)
        .select(
            "supplier", "sku", "warehouse", "doc_no", "line_no", "order_date", "promised_date", "qty_open",
            "unit_cost",
        )
        .sort("sku", "warehouse", "promised_date", "doc_no", "line_no", nulls_last=True)
    )  # fmt: skip


def _as_of(listed: pl.LazyFrame, came: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """The list carried from its own date to as_of by the receipts in between, spread over the rows of a line."""
    dated = listed.select(*LINE, "listed_on").unique(LINE)
    moved = (
        came.join(dated, on=LINE, how="inner", nulls_equal=True, suffix="_list")
        .filter(pl.col("doc_no").is_not_null())
        .with_columns(_moved(as_of).alias("moved"))
        .group_by(LINE)
        .agg(pl.col("moved").sum())
    )
    whole = pl.col("qty").sum().over(LINE)
    shared = pl.when(whole > 0).then(pl.col("qty") / whole).otherwise(1 / pl.len().over(LINE))
    return (
        listed.join(moved, on=LINE, how="left", nulls_equal=True)
        .with_columns(qty=tidy(pl.col("qty") + pl.col("moved").fill_null(0.0) * shared))
        .drop("moved")
    )


def _with_supplier(orders: pl.LazyFrame, items: pl.LazyFrame) -> pl.LazyFrame:
    main = items.select("sku", pl.col("supplier").alias("main_supplier"))
    return (
        orders.join(main, on="sku", how="left")
        .with_columns(supplier=pl.coalesce("supplier", "main_supplier"))
        .with_columns(or_none("supplier"), or_none("warehouse"))
        .drop("main_supplier")
    )


def _listed(known: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Rows of the list of open orders that counts, one per line and promised date, with their open quantity."""
    says_open = (
        pl.col("listed_on").is_not_null()
        | pl.col("qty_open").is_not_null()
        | pl.col("received_date").is_null()
    )
    still = ~pl.col("closed").fill_null(False) & (pl.col("cancelled_on").fill_null(date.max) > as_of)
    before = pl.col("listed_on").filter(pl.col("listed_on") <= as_of).max().over("warehouse")
    after = pl.col("listed_on").filter(pl.col("listed_on") > as_of).min().over("warehouse")
    counts = pl.col("listed_on").is_null() | (pl.col("listed_on") == pl.coalesce(before, after))
    left = pl.col("qty_ordered") - pl.col("qty_received").fill_null(0.0)
    return (
        known.filter(says_open)
        .filter(counts)
        .filter(still)
        .with_columns(qty=pl.coalesce("qty_open", left).clip(lower_bound=0.0))
        .select(
            *LINE, "warehouse", "supplier", "order_date", "promised_date", "listed_on", "unit_cost", "qty"
        )
    )


def _moved(as_of: date) -> pl.Expr:
    """What a receipt changes between the date of the list and as_of: taken off, or put back."""
    seen = pl.col("listed_on_list")
    taken = (pl.col("received_date") > seen) & (pl.col("received_date") <= as_of)
    put_back = (pl.col("received_date") > as_of) & (pl.col("received_date") <= seen.fill_null(date.max))
    return pl.when(taken).then(-pl.col("qty")).when(put_back).then(pl.col("qty")).otherwise(0.0)


def to_main_warehouse(lines: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Open lines that name no warehouse, put on the warehouse of the sku that asks for most; ``placed`` marks them.

    ``cells``: sku, warehouse, demand_per_day, on_hand. Where all stock stands in ``(none)`` every line goes there.
    """
    main = (
        cells.sort("sku", "demand_per_day", "on_hand", "warehouse", descending=[False, True, True, False])
        .group_by("sku", maintain_order=True)
        .agg(pl.col("warehouse").first().alias("main"), (pl.col("warehouse") == NONE).all().alias("nowhere"))
    )
    unplaced = (pl.col("warehouse") == NONE) & (pl.col("main") != NONE)
    return (
        lines.join(main, on="sku", how="left", maintain_order="left")
        .with_columns(placed=unplaced.fill_null(False))
        .with_columns(
            warehouse=pl.when("placed")
            .then("main")
            .when(pl.col("nowhere").fill_null(False))
            .then(pl.lit(NONE))
            .otherwise("warehouse")
        )
        .drop("main", "nowhere")
    )
