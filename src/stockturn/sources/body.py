"""The rows under a header: typed, and each one put where it belongs (data, refused, skipped and why)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from stockturn.config.ingest import FileRule
from stockturn.sources.captions import Vocabulary
from stockturn.sources.fields import HARD
from stockturn.sources.grid import ROW, Grid
from stockturn.sources.locate import Layout
from stockturn.sources.mapping import Plan
from stockturn.sources.parts import Said
from stockturn.sources.rows import is_complete, key_is_label, sorted_out, type_is_label
from stockturn.sources.totals import totals_checked
from stockturn.sources.typed import typed_columns


@dataclass(frozen=True)
class Body:
    """``data`` has ``row`` and one typed column per mapped field; ``refused`` has row, column, reason_code;
    ``openings`` are balance lines inside a ledger; ``totals`` the typed total rows, for the check of the sums."""

    data: pl.DataFrame
    refused: pl.DataFrame
    openings: pl.DataFrame
    totals: pl.DataFrame
    skipped: Mapping[str, int]
    skipped_rows: pl.DataFrame
    notes: tuple[Said, ...]


def required_of(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """Fields that a row must have, alternatives in one tuple."""
    spec = plan.spec
    has = plan.columns
    day = next((name for name in ("receipt_date", "ship_date", "date", "order_date") if name in has), "date")
    amounts = (
        "qty",
        "in_qty",
        "out_qty",
        "diff_qty",
        "gain_qty",
        "loss_qty",
        "counted_qty",
        "cost",
        "amount",
        "in_value",
        "out_value",
    )
    order_day = next((name for name in ("order_date", "date", "promised_date") if name in has), "date")
    flat = {
        "items": (("sku",),),
        "suppliers": (("supplier",),),
        "warehouses": (("warehouse",),),
        "batches": (("batch",), ("sku",), ("qty_left",)),
        "prices": (("sku",), ("valid_from",)),
        "promotions": (("start",), ("end",), ("sku", "category")),
        "overrides": (("sku",), ("month",), ("qty", "factor")),
        "targets": (("target", "target_days"),),
    }
    by_shape = {
        "document": ((day,), ("sku",), tuple(name for name in amounts if name in has)),
        "transfer": (
            ("date" if "date" in has else "ship_date",),
            ("sku",),
            ("qty",),
            ("from_warehouse", "to_warehouse"),
        ),
        # a code alone in its row is a heading or a remark; an item without figures has at least a name
        "stock": (("sku",), tuple(name for name in has if name != "sku")),
        "summary": (("sku",), tuple(name for name in has if name != "sku")),
        "orders": ((order_day,), ("sku",), ("qty_ordered", "qty_open")),
        "sales_orders": ((order_day,), ("sku",), ("qty_ordered",)),
    }
    return by_shape.get(spec.shape) or flat[spec.table]


def read_body(grid: Grid, layout: Layout, plan: Plan, words: Vocabulary, rule: FileRule | None) -> Body:
    """Types every mapped column once and sorts the rows. Σ of data, refused, openings and skipped = all rows below
    the header."""
    frame = grid.frame.slice(layout.body)
    typed, problems, notes = typed_columns(frame, grid, layout, plan, rule)
    required = required_of(plan)
    complete = is_complete(required, typed.columns) & pl.col("_bad").is_null()
    typed = typed.with_columns(_bad(problems, required).alias("_bad"))
    label = key_is_label(typed, words, layout.titles) | type_is_label(typed, words)
    typed = typed.with_columns(
        (complete & ~label).fill_null(False).alias("_ok"), pl.lit(None, pl.String).alias("_why")
    )
    if not typed["_ok"].all():
        typed, filled = sorted_out(typed, frame, layout, plan, words, required)
        notes += filled
    overflow = _overflow(grid, frame, layout)
    if overflow is not None:
        typed = _turned(typed, overflow & typed["_ok"], "refused:ragged")
    if plan.spec.shape not in ("orders", "flat", "stock", "summary"):
        typed = _by_status(typed, plan, words)
    return _split(typed, problems, required, notes, plan.spec.shape)


def _turned(typed: pl.DataFrame, where: pl.Series, why: str) -> pl.DataFrame:
    return typed.with_columns(
        (typed["_ok"] & ~where).alias("_ok"),
        pl.when(where).then(pl.lit(why)).otherwise(pl.col("_why")).alias("_why"),
    )


def _by_status(typed: pl.DataFrame, plan: Plan, words: Vocabulary) -> pl.DataFrame:
    """Lines of drafts, cancelled, rejected and refunded documents did not happen: skipped, not refused.

    Order columns that a shop writes on the first line of an order only hold for all its lines.
    """
    tests = [pl.lit(False)]
    number = next((name for name in ("doc_no", "order_no") if name in typed.columns), None)
    spread = number is not None and "per_document" in plan.spec.options
    for name in ("status", "refund_status", "cancelled_on"):
        if name not in typed.columns:
            continue
        column = pl.col(name)
        if spread:
            column = pl.coalesce(column, column.drop_nulls().first().over(number))
        if name == "cancelled_on":
            tests.append(column.is_not_null())
        else:
            skip = words.status["skip"] | words.status["refunded"] | set(plan.spec.status.get("skip", ()))
            keep = set(plan.spec.status.get("keep", ()))
            tests.append(_normal(column).is_in(sorted(skip - keep)))
    open_to_it = ~pl.col("_why").is_in(
        ["total", "blank", "header", "title", "group", "opening_balance"]
    ).fill_null(False)
    mask = typed.select((pl.any_horizontal(tests).fill_null(False) & open_to_it).alias("m"))["m"]
    return _turned(typed, mask, "status") if mask.any() else typed


def _normal(column: pl.Expr) -> pl.Expr:
    """A status text as the vocabulary spells it."""
    return column.str.strip_chars().str.to_lowercase().str.replace_all(r"[_\-.\s]+", " ")


def _bad(problems: Mapping[str, pl.Series], required: tuple[tuple[str, ...], ...]) -> pl.Series | pl.Expr:
    """The first field of a row whose cell cannot be read and must be; null where there is none."""
    keys = {name for choice in required for name in choice} | HARD
    telling = [
        pl.select(pl.when(problem.is_not_null()).then(pl.lit(name))).to_series()
        for name, problem in problems.items()
        if name in keys
    ]
    if not telling:
        return pl.lit(None, pl.String)
    return pl.select(pl.coalesce([pl.lit(series) for series in telling])).to_series()


def _overflow(grid: Grid, frame: pl.DataFrame, layout: Layout) -> pl.Series | None:
    """Rows of a text file with more cells than the header: the cells have slipped, nothing in them is sure."""
    if grid.separator is None:
        return None
    last = max((column for column, path in enumerate(layout.paths) if path), default=0)
    beyond = [name for name in frame.columns if name != ROW and int(name[1:]) > last]
    if not beyond:
        return None
    mask = frame.select(pl.any_horizontal([clean_expr(name).is_not_null() for name in beyond])).to_series()
    # a column of remarks without a caption is not a slip
    return mask if mask.any() and mask.mean() < 0.3 else None  # type: ignore[operator]


def clean_expr(name: str) -> pl.Expr:
    """A text cell, empty where it holds only space."""
    stripped = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def _split(
    typed: pl.DataFrame,
    problems: Mapping[str, pl.Series],
    required: tuple[tuple[str, ...], ...],
    notes: list[Said],
    shape: str,
) -> Body:
    why = typed["_why"]
    refused = typed.filter(~pl.col("_ok") & (why.is_null() | why.str.starts_with("refused:")))
    with_codes = _refusals(refused, typed, problems, required)
    skipped_rows = typed.filter(~pl.col("_ok") & why.is_not_null() & ~why.str.starts_with("refused:"))
    skipped = {str(name): int(count) for name, count in skipped_rows["_why"].value_counts().rows()}
    hidden = ["_ok", "_why", "_bad"]
    data = typed if typed["_ok"].all() else typed.filter(pl.col("_ok"))
    soft = [*_unreadable(typed, problems, required), *totals_checked(typed, shape)]
    return Body(
        data=data.drop(hidden),
        refused=with_codes,
        openings=typed.filter(~pl.col("_ok") & (why == "opening_balance")).drop(hidden),
        totals=typed.filter(~pl.col("_ok") & (why == "total")).drop(hidden),
        skipped=skipped,
        skipped_rows=skipped_rows.select(ROW, pl.col("_why").alias("reason")),
        notes=(*notes, *soft),
    )


def _refusals(
    refused: pl.DataFrame,
    typed: pl.DataFrame,
    problems: Mapping[str, pl.Series],
    required: tuple[tuple[str, ...], ...],
) -> pl.DataFrame:
    """Field and reason of each refused row: an unreadable cell, else the first required field that is empty."""
    coded = pl.DataFrame({ROW: typed[ROW], **{f"_p_{name}": series for name, series in problems.items()}})
    rows = refused.join(coded, on=ROW, how="left", maintain_order="left")
    missing = [
        pl.when(
            pl.all_horizontal([pl.col(n).is_null() for n in choice if n in rows.columns] or [pl.lit(True)])
        ).then(pl.lit(choice[0] if choice else ""))
        for choice in required
    ]
    field = pl.coalesce(pl.col("_bad"), *missing)
    code = pl.coalesce(
        *[pl.when(pl.col("_bad") == name).then(pl.col(f"_p_{name}")) for name in problems],
        pl.lit("cell_missing"),
    )
    ragged = pl.col("_why") == "refused:ragged"
    return rows.select(
        ROW,
        pl.when(ragged).then(pl.lit("")).otherwise(field.fill_null("")).alias("column"),
        pl.when(ragged).then(pl.lit("ragged")).otherwise(code).alias("reason_code"),
    )


def _unreadable(
    typed: pl.DataFrame, problems: Mapping[str, pl.Series], required: tuple[tuple[str, ...], ...]
) -> list[Said]:
    keys = {name for choice in required for name in choice} | HARD
    ok = typed["_ok"]
    counts = {
        name: int((problem.is_not_null() & ok).sum())
        for name, problem in problems.items()
        if name not in keys
    }
    return [("cells_unreadable", {"column": name, "rows": count}) for name, count in counts.items() if count]
