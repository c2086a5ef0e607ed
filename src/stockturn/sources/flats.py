"""Tables that are lists of facts: items, suppliers, batches, prices, promotions, overrides, warehouses, orders."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.schema import TABLES
from stockturn.sources.body import Body
from stockturn.sources.captions import Vocabulary, norm
from stockturn.sources.grid import ROW
from stockturn.sources.kinds import DIRECTION
from stockturn.sources.locate import Layout
from stockturn.sources.mapping import Plan
from stockturn.sources.money import tax_rate
from stockturn.sources.parts import Context, Part, account, attributes, first, lineage, number, span

_TRUE = ("true", "yes", "y", "1", "是", "有", "ja", "x")
_UNIT_DAYS = {
    "周": 7.0,
    "week": 7.0,
    "weeks": 7.0,
    "w": 7.0,
    "月": 30.0,
    "month": 30.0,
    "months": 30.0,
    "年": 365.0,
    "year": 365.0,
    "years": 365.0,
}
_RENAMED = {
    "item_status": "status",
    "month": "period",
    "warehouse_kind": "kind",
    "price": "unit_price",
}


def flat(body: Body, plan: Plan, context: Context, layout: Layout, words: Vocabulary) -> Part:
    """The mapped columns under their canonical names and types."""
    frame = body.data
    for source, target in _RENAMED.items():
        if source in frame.columns and target not in frame.columns:
            frame = frame.rename({source: target})
    fields = {field.name: field.dtype for field in TABLES[plan.spec.table].fields}
    if "status" in frame.columns and "item_status" in plan.columns:
        caption = norm(layout.caption(plan.columns["item_status"]))
        frame = frame.with_columns(_item_status(caption, words))
    frame = _in_days(frame, "lead_time_days", "lead_time_unit")
    frame = _in_days(frame, "shelf_life_days", "shelf_life_unit")
    if "discount" in frame.columns:
        # 40 and 0.4 are the same forty percent
        frame = frame.with_columns(
            pl.when(pl.col("discount").abs() >= 1)
            .then(pl.col("discount") / 100)
            .otherwise("discount")
            .alias("discount")
        )
    if plan.spec.table == "overrides":
        frame = frame.with_columns(_first_of_month("period"))
    columns = []
    for name, dtype in fields.items():
        if name not in frame.columns:
            continue
        column = pl.col(name)
        if dtype == pl.Boolean:
            column = column.cast(pl.String).str.to_lowercase().is_in(list(_TRUE))
        columns.append(column.cast(dtype, strict=False).alias(name))
    qty = "qty_left" if plan.spec.table == "batches" else None
    days = next((n for n in ("valid_from", "start", "received_on") if n in frame.columns), None)
    return Part(
        tables={plan.spec.table: lineage(frame.select(ROW, *columns), context)},
        account=account(frame, pl.col(qty) if qty else None),
        refused=body.refused,
        skipped=body.skipped,
        dates=span(frame[days]) if days else (None, None),
    )


def orders(body: Body, plan: Plan, context: Context, words: Vocabulary) -> Part:
    """Purchase order lines. Open is what the list says: a quantity still open, or ordered less received plus
    returned, on a line that is approved and neither closed nor cancelled."""
    frame = body.data
    day = next(name for name in ("order_date", "date", "promised_date") if name in frame.columns)
    ordered = number(frame, "qty_ordered", "qty_open")
    received = number(frame, "qty_received")
    returned = number(frame, "qty_returned").fill_null(0.0)
    came = first(frame, "receipt_date", dtype=pl.Date)
    received = pl.coalesce(received, pl.when(came.is_not_null()).then(ordered))
    left = pl.coalesce(
        number(frame, "qty_open"),
        pl.when(came.is_not_null()).then(0.0),  # a receipt never opens an order
        pl.max_horizontal(pl.lit(0.0), ordered - received.fill_null(0.0) + returned),
    )
    dead = _shut(frame, plan, words)
    price = pl.coalesce(
        number(frame, "unit_cost", "price"),
        number(frame, "price_gross") / (1 + tax_rate(frame, context)[0]),
    )
    names = ("sku", "promised_date", "line_no", "part", "cancelled_on")
    lines = frame.select(
        ROW,
        _ordered_on(day, context).alias("order_date"),
        *(name for name in names if name in frame.columns),
        ordered.alias("qty_ordered"),
        received.alias("qty_received"),
        came.alias("received_date"),
        pl.when(dead).then(0.0).otherwise(left).alias("qty_open"),
        (dead | (left <= 0)).alias("closed"),
        first(frame, "supplier", "partner", "supplier_code").alias("supplier"),
        first(frame, "warehouse").alias("warehouse"),
        first(frame, "order_no", "doc_no").alias("doc_no"),
        price.alias("unit_cost"),
        pl.lit(_listed(context), pl.Date).alias("listed_on"),
    )
    amount = next((n for n in ("amount", "cost", "amount_gross") if n in frame.columns), None)
    told = frame.with_columns((pl.col(amount) if amount else ordered * price).alias("_told"))
    return Part(
        tables={"orders": lineage(lines, context)},
        account=account(told, ordered, pl.col("_told")),
        refused=body.refused,
        skipped=body.skipped,
        attributes=attributes(frame, context),
        dates=span(frame[day]),
        notes=(("orders_undated", {}),) if day == "promised_date" else (),
    )


def _ordered_on(day: str, context: Context) -> pl.Expr:
    """The order date; a list that has none is of lines ordered by its own day, which the whole ledger may tell."""
    if day != "promised_date":
        return pl.col(day)
    return pl.min_horizontal(
        pl.lit(_listed(context), pl.Date), pl.when(_listed(context) is not None).then(day)
    )


def sales_orders(body: Body, plan: Plan, context: Context, words: Vocabulary) -> Part:
    """Customer order lines; what was shipped is a sale as well, dated the shipment (else the order)."""
    frame = body.data
    if "shipped_by_status" in plan.spec.options:
        frame = frame.with_columns(first(frame, "status").alias("ship_status"))
    day = "order_date" if "order_date" in frame.columns else "date"
    qty = pl.col("qty_ordered")
    shipped = number(frame, "qty_shipped")
    if "ship_status" in frame.columns:
        state = pl.col("ship_status").str.normalize("NFKC").str.to_lowercase()
        done = state.is_in(sorted(words.status["shipped"])).fill_null(False)
        shipped = pl.coalesce(shipped, pl.when(done).then(qty).otherwise(0.0))
    price = pl.coalesce(
        number(frame, "unit_price", "price"),
        number(frame, "price_gross") / (1 + tax_rate(frame, context)[0]),
    )
    revenue = pl.coalesce(
        number(frame, "revenue", "amount"),
        number(frame, "amount_gross") / (1 + tax_rate(frame, context)[0]),
        qty * price,
    )
    names = ("sku", "requested_date", "line_no")
    lines = frame.select(
        ROW,
        pl.col(day).alias("order_date"),
        *(name for name in names if name in frame.columns),
        qty.alias("qty_ordered"),
        shipped.alias("qty_shipped"),
        first(frame, "ship_date", "fulfilled_on", dtype=pl.Date).alias("shipped_date"),
        first(frame, "customer", "partner").alias("customer"),
        first(frame, "warehouse").alias("warehouse"),
        first(frame, "order_no", "doc_no").alias("doc_no"),
        price.alias("unit_price"),
        revenue.alias("revenue"),
    )
    tables = {"sales_orders": lineage(lines, context)}
    if "ship_status" in frame.columns:
        tables["movements"] = lineage(_sold(lines), context)
    amount = next((n for n in ("revenue", "amount", "amount_gross") if n in frame.columns), None)
    told = frame.with_columns((pl.col(amount) if amount else qty * price).alias("_told"))
    return Part(
        tables=tables,
        account=account(told, qty, pl.col("_told")),
        refused=body.refused,
        skipped=body.skipped,
        attributes=attributes(frame, context),
        dates=span(frame[day]),
    )


def _sold(lines: pl.DataFrame) -> pl.DataFrame:
    done = lines.filter(pl.col("qty_shipped") > 0)
    share = pl.col("qty_shipped") / pl.col("qty_ordered")
    return done.select(
        ROW,
        pl.coalesce("shipped_date", "order_date").alias("date"),
        "sku",
        (pl.col("qty_shipped") * DIRECTION["sale"]).alias("qty"),
        pl.lit("sale").alias("kind"),
        "warehouse",
        "unit_price",
        (pl.col("revenue") * share).alias("revenue"),
        "doc_no",
        pl.col("customer").alias("partner"),
    )


def _shut(frame: pl.DataFrame, plan: Plan, words: Vocabulary) -> pl.Expr:
    closed = sorted(words.status["closed"] | set(plan.spec.status.get("closed", ())))
    tests = [pl.lit(False)]
    for name in ("close_status", "line_close"):
        if name in frame.columns:
            tests.append(pl.col(name).str.to_lowercase().is_in(closed))
    if "status" in frame.columns:
        tests.append(pl.col("status").str.to_lowercase().is_in(sorted(words.status["skip"] | set(closed))))
    if "cancelled_on" in frame.columns:
        tests.append(pl.col("cancelled_on").is_not_null())
    return pl.any_horizontal(tests).fill_null(False)


def _listed(context: Context) -> date | None:
    if context.rule is not None and context.rule.as_of is not None:
        return context.rule.as_of
    return context.as_of or (context.period[1] if context.period else None)


def _item_status(caption: str, words: Vocabulary) -> pl.Expr:
    """A yes / no column says discontinued or active; a status text is kept, its many words for the end made one."""
    text = pl.col("status").cast(pl.String).str.to_lowercase()
    gone = text.is_in(sorted(words.status["discontinued"]))
    if caption in ("discontinued", "是否停用"):
        return pl.when(gone).then(pl.lit("discontinued")).otherwise(pl.lit("active")).alias("status")
    ended = text.is_in(sorted(words.status["discontinued"] - {"y", "yes", "true", "1", "是"}))
    return pl.when(ended).then(pl.lit("discontinued")).otherwise(pl.col("status")).alias("status")


def _in_days(frame: pl.DataFrame, name: str, unit: str) -> pl.DataFrame:
    if name not in frame.columns or unit not in frame.columns:
        return frame
    factor = (
        pl.col(unit)
        .str.to_lowercase()
        .replace_strict(_UNIT_DAYS, default=1.0, return_dtype=pl.Float64)
        .fill_null(1.0)
    )
    return frame.with_columns((pl.col(name) * factor).alias(name))


def _first_of_month(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String).str.replace_all(r"[年/.]", "-").str.strip_chars_end("月-")
    padded = (
        pl.when(text.str.contains(r"^\d{6}$"))
        .then(text.str.replace(r"^(\d{4})(\d{2})$", "$1-$2"))
        .otherwise(text)
    )
    return (
        pl.concat_str([padded.str.slice(0, 7), pl.lit("-01")])
        .str.to_date("%Y-%m-%d", strict=False)
        .alias(name)
    )
