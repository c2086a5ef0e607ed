"""The decisions of replenishment as frames: suggestions with actions, what was left out, overstock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.buying import Ordered
from stockturn.engine.expr import ratio
from stockturn.engine.levels import Levels, Spans, Stocks, Terms
from stockturn.engine.loss import Floats
from stockturn.engine.order_changes import CANCEL, DEFER, EXPEDITE, Changes
from stockturn.engine.phrases import number, phrase
from stockturn.engine.plan import Plan
from stockturn.engine.projection import Scheduled
from stockturn.engine.reorder_reasons import reason
from stockturn.engine.rounding import Rounded
from stockturn.i18n import text

WEEK = 7.0


@dataclass(frozen=True)
class Decision:
    """What was decided for every cell, as arrays in the order of ``cells``."""

    cells: pl.DataFrame
    terms: Terms
    stocks: Stocks
    spans: Spans
    levels: Levels
    lines: Scheduled
    available: Floats
    on_order: Floats
    counted: Floats
    position: Floats
    moved: Floats
    placed: Floats
    need: Floats
    rounded: Rounded
    shelf: Floats
    shelf_room: Floats
    kept: Floats
    space: Floats
    fitting: Floats
    ordered: Ordered
    need_by: Floats
    order_by: Floats
    stockout: Floats
    cover: Floats
    plan: Plan
    changes: Changes
    transfers: pl.DataFrame


COLUMNS = (
    "sku", "warehouse", "category", "abc", "xyz", "policy", "on_hand", "reserved", "on_order", "position",
    "demand_per_day", "rate_basis", "lead_time_days", "lead_time_sd", "lead_time_source", "review_days",
    "service_level", "target_kind", "expected_cycle", "expected_fill", "safety_stock", "safety_stock_normal",
    "reorder_point", "order_up_to", "need_qty", "moq", "order_multiple", "transfer_qty", "suggested_qty",
    "purchase_price", "price_basis", "order_value", "unit_cost", "supplier", "backup_supplier", "order_by", "need_by", "stockout_date", "cover_days", "late_days",
    "excess_qty", "excess_value", "surplus_on_order", "action", "reason",
)  # fmt: skip
"""Columns of the main frame, in order."""

FAR_DAYS = 36_500.0
"""A date further away than a century is no date."""


def reorder_terms(decision: Decision, changes: pl.DataFrame, as_of: date, settings: Settings) -> pl.DataFrame:
    """One row per cell, sorted by sku and warehouse: the columns of ``COLUMNS`` and those that they are worked out
    from. ``changes``: those of open orders.

    on_order is everything open, position counts what is due within the span of the decision and no transfer; suggested_qty is what to
    order now, after transfers, space, minimum orders and budget; order_value at purchase_price (what buying costs; price_basis says where
    that is from), excess_value at unit_cost (what the stock is worth). safety_stock is over the
    span of the policy (L + R, or L for rop), safety_stock_normal the textbook figure beside it; expected_cycle and
    expected_fill are the service to expect, whichever was aimed at. Dates are null where nobody asks for the goods.
    excess_qty = max(0, on_hand - reserved - (order_up_to + review_days x demand_per_day)), 0 for new goods;
    surplus_on_order is the part of the open orders beyond that.
    """
    frame = _figures(decision, as_of, settings)
    frame = _with_changes(_with_moves(frame, decision), decision, settings.reorder.backup_late_days)
    frame = frame.join(_said(changes, settings.lang), on="cell", how="left", maintain_order="left")
    frame = frame.with_columns(action=_action())
    return frame.with_columns(reason=reason(settings.lang, as_of, settings))


def _said(changes: pl.DataFrame, lang: str) -> pl.DataFrame:
    """Per cell what to ask for its open orders, line by line: cell, order_changes."""
    line = pl.concat_str(
        pl.col("doc_no").fill_null("?"), pl.col("line_no"), separator=" / ", ignore_nulls=True
    )
    said = phrase("reorder.change_of", lang, line=line, qty=number("qty_open"), change=pl.col("reason"))
    return changes.group_by("cell", maintain_order=True).agg(
        said.str.join(text("reorder.join", lang)).alias("order_changes")
    )


def _figures(d: Decision, as_of: date, settings: Settings) -> pl.DataFrame:
    """The figures of the main frame, and those that only the reasons speak of."""
    cells, terms = d.cells, d.terms
    asked = np.isfinite(d.cover)
    keep = d.levels.order_up_to + terms.review * d.spans.rate
    excess = np.where(np.isfinite(keep), np.maximum(d.available - keep, 0.0), 0.0)
    excess = np.where(_young(cells, as_of, settings), 0.0, np.round(excess, 6))
    late_order = np.where(np.isfinite(d.order_by) & asked, np.maximum(-d.order_by, 0.0), 0.0)
    surplus = np.clip(d.available + d.on_order - keep, 0.0, d.on_order)
    qty = d.ordered.qty
    return cells.with_columns(
        policy=pl.Series(terms.policy),
        stated_policy=pl.col("policy"),
        on_order=pl.Series(d.on_order), position=pl.Series(d.position), placed_qty=pl.Series(d.placed), counted=pl.Series(d.counted),
        demand_per_day=pl.Series(d.spans.rate),
        target_kind=pl.when(pl.Series(terms.fill)).then(pl.lit("fill")).otherwise(pl.lit("cycle")),
        expected_cycle=pl.Series(d.stocks.cycle), expected_fill=pl.Series(d.stocks.fill).fill_nan(None),
        safety_stock=pl.Series(d.stocks.safety), safety_stock_normal=pl.Series(d.stocks.normal),
        reorder_point=pl.Series(d.levels.reorder_point), order_up_to=pl.Series(d.levels.order_up_to),
        span_demand=pl.Series(d.levels.span_demand), span_days=pl.Series(terms.span), lot=pl.Series(d.stocks.lot),
        need_qty=pl.Series(d.need), order_multiple=pl.Series(terms.multiple), moq=pl.Series(terms.moq),
        transfer_qty=pl.Series(d.moved), suggested_qty=pl.Series(qty),
        order_value=pl.Series(qty) * pl.col("purchase_price"),
        order_by=_date(np.where(asked, d.order_by, np.inf), as_of), need_by=_date(np.where(asked, d.need_by, np.inf), as_of),
        stockout_date=_date(np.where(asked, d.stockout, np.inf), as_of),
        cover_days=pl.Series(np.where(asked, d.cover, np.nan)).fill_nan(None),
        late_days=pl.Series(late_order),
        excess_qty=pl.Series(excess), excess_value=pl.Series(excess) * pl.col("unit_cost"),
        surplus_on_order=pl.Series(np.round(surplus, 6)),
        rounded_qty=pl.Series(d.rounded.qty), at_max=pl.Series(d.rounded.at_max),
        above_max=pl.Series(d.rounded.cap_exceeded), kept_qty=pl.Series(d.kept), shelf_room=pl.Series(d.shelf_room),
        fitting_qty=pl.Series(d.fitting), space=pl.Series(d.space), held=pl.Series(d.ordered.held),
        extra=pl.Series(d.ordered.extra), cut=pl.Series(d.ordered.cut), stopped=pl.Series(terms.stopped),
        measured=pl.Series(d.stocks.measured), kept=pl.Series(terms.kept),
        lead_demand=pl.Series(d.levels.lead_demand), safety_lead=pl.Series(d.stocks.safety_lead),
        z=pl.Series(d.spans.z(terms)), error_part=pl.Series(d.spans.error_part(terms)),
    )  # fmt: skip


def _young(cells: pl.DataFrame, as_of: date, settings: Settings) -> np.ndarray:
    """Goods launched or first received less than ``new_days`` ago: nobody knows yet what is too many."""
    since = pl.max_horizontal("launched_on", "first_received")
    age = (pl.lit(as_of) - since).dt.total_days()
    return cells.select((age < settings.deadstock.new_days).fill_null(False)).to_series().to_numpy()


def _date(days: Floats, as_of: date) -> pl.Expr:
    """Days after as_of as a date, null where they never come."""
    known = np.where(np.abs(days) <= FAR_DAYS, days, np.nan)
    return pl.lit(as_of) + pl.duration(days=pl.lit(pl.Series(known).fill_nan(None).cast(pl.Int64)))


def _with_moves(frame: pl.DataFrame, d: Decision) -> pl.DataFrame:
    """Adds from_where and to_where: the other warehouses of the cell's transfers, by name."""
    moves = d.transfers
    keys = ["sku", "warehouse"]
    came = moves.group_by("sku", warehouse=pl.col("to_warehouse")).agg(
        pl.col("from_warehouse").sort().str.join(", ").alias("from_where")
    )
    went = moves.group_by("sku", warehouse=pl.col("from_warehouse")).agg(
        pl.col("to_warehouse").sort().str.join(", ").alias("to_where")
    )
    return frame.join(came, on=keys, how="left", maintain_order="left").join(
        went, on=keys, how="left", maintain_order="left"
    )


def _with_changes(frame: pl.DataFrame, d: Decision, late_days: int) -> pl.DataFrame:
    """Adds per cell: has_expedite, has_defer, has_cancel, overdue_qty, overdue_days, placed (orders without a
    warehouse counted here). The backup supplier stays only where an order of the sku is ``late_days`` overdue."""
    lines = d.lines.frame.with_columns(change=pl.Series(d.changes.action, dtype=pl.String))
    change, late = pl.col("change"), pl.col("overdue") > 0
    by_cell = lines.group_by("cell").agg(
        (change == EXPEDITE).any().alias("has_expedite"),
        (change == DEFER).any().alias("has_defer"),
        (change == CANCEL).any().alias("has_cancel"),
        pl.col("qty_open").filter(late).sum().alias("overdue_qty"),
        pl.col("overdue").max().alias("overdue_days"),
        pl.col("placed").any(),
    )
    late_main = pl.col("overdue_days").max().over("sku") >= late_days
    return (
        frame.with_row_index("cell")
        .join(by_cell, on="cell", how="left", maintain_order="left")
        .with_columns(
            pl.col("has_expedite", "has_defer", "has_cancel", "placed").fill_null(False),
            pl.col("overdue_qty", "overdue_days").fill_null(0.0),
        )
        .with_columns(backup_supplier=pl.when(late_main.fill_null(False)).then("backup_supplier"))
    )


def _action() -> pl.Expr:
    """The one action of a cell: what brings goods first, then what changes an order."""
    return (
        pl.when(pl.col("suggested_qty") > 0).then(pl.lit("buy"))
        .when(pl.col("transfer_qty") > 0).then(pl.lit("transfer"))
        .when("has_expedite").then(pl.lit(EXPEDITE))
        .when("has_cancel").then(pl.lit(CANCEL))
        .when("has_defer").then(pl.lit(DEFER))
        .otherwise(pl.lit("none"))
    )  # fmt: skip


def overstock(frame: pl.DataFrame) -> pl.DataFrame:
    """Cells with more than they need: sku, warehouse, supplier, on_hand, excess_qty, excess_value, excess_weeks (null
    where nobody asks), cover_days, surplus_on_order; largest value first."""
    return (
        frame.filter((pl.col("excess_qty") > 0) | (pl.col("surplus_on_order") > 0))
        .with_columns(excess_weeks=ratio("excess_qty", pl.col("demand_per_day") * WEEK))
        .select(
            "sku", "warehouse", "supplier", "on_hand", "excess_qty", "excess_value", "excess_weeks", "cover_days",
            "surplus_on_order",
        )
        .sort("excess_value", "sku", "warehouse", descending=[True, False, False], nulls_last=True)
    )  # fmt: skip


def left_out(d: Decision, main: pl.DataFrame, as_of: date, settings: Settings) -> pl.DataFrame:
    """What is wanted and not ordered now: sku, warehouse, supplier, qty, order_value, reason_code (budget or
    min_order_value), order_by, reason."""
    lang, budget = settings.lang, settings.reorder.budget
    held, cut, wanted = d.ordered.held, d.ordered.cut, d.ordered.qty + d.ordered.cut
    frame = main.select("sku", "warehouse", "supplier", "purchase_price", "order_by", "review_days").with_columns(
        held=pl.Series(held), cut=pl.Series(cut), wanted=pl.Series(wanted),
        min_order_value=d.cells["min_order_value"],
    )  # fmt: skip
    total = (pl.col("held") * pl.col("purchase_price")).sum().over("supplier")
    later = (pl.lit(as_of) + pl.duration(days=pl.col("review_days").cast(pl.Int64))).cast(pl.String)
    said = (
        pl.when(pl.col("held") > 0)
        .then(
            phrase(
                "reorder.left_minimum", lang,
                value=number(total), minimum=number("min_order_value"), date=later,
            )
        )
        .when(pl.col("cut") < pl.col("wanted"))
        .then(
            phrase(
                "reorder.left_split", lang, budget=number(pl.lit(budget or 0.0)),
                kept=number(pl.col("wanted") - pl.col("cut")), wanted=number("wanted"),
            )
        )
        .otherwise(phrase("reorder.left_budget", lang, budget=number(pl.lit(budget or 0.0))))
    )  # fmt: skip
    return (
        frame.with_columns(
            qty=pl.col("held") + pl.col("cut"),
            reason_code=pl.when(pl.col("held") > 0)
            .then(pl.lit("min_order_value"))
            .otherwise(pl.lit("budget")),
            reason=said,
        )
        .filter(pl.col("qty") > 0)
        .with_columns(order_value=pl.col("qty") * pl.col("purchase_price"))
        .select("sku", "warehouse", "supplier", "qty", "order_value", "reason_code", "order_by", "reason")
        .sort("order_by", "sku", "warehouse", nulls_last=True)
    )
