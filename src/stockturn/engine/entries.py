"""The ledger as the engine sees it: cut at as_of, within the scope, no blank warehouse, one row per stock point."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from stockturn.config import Settings
from stockturn.engine.expr import or_none, tidy
from stockturn.engine.transfers import with_links
from stockturn.errors import InputError
from stockturn.model import Ledger

DIMENSIONS = ("category", "brand", "supplier", "owner", "buyer", "seller", "team")
"""Item attributes a figure can be grouped by; each cell has exactly one value of each, or ``(none)``."""


@dataclass(frozen=True)
class Entries:
    """What every engine function starts from.

    ``movements``: the canonical columns, dated up to ``as_of``, warehouse never null; ``link`` joins the legs of
    a transfer (and a return with its sale); legs on different days have counterparts in ``(in transit)``.
    ``points``: sku, warehouse, as_of (end of that day), on_hand, value, reserved: one row per cell and day.
    ``items``: one row per sku that occurs anywhere, with its attributes; dimensions never null.
    ``sources``: link, sku, warehouse, date of the sale that a linked return takes its cost from.
    ``unpaired``: transfer legs without a counterpart: sku, warehouse, date, doc_no, qty.
    """

    as_of: date
    first_day: date
    movements: pl.LazyFrame
    points: pl.LazyFrame
    items: pl.LazyFrame
    sources: pl.LazyFrame
    unpaired: pl.DataFrame


def latest_date(ledger: Ledger) -> date:
    """The default ``as_of``: the latest date of a movement or a stock point (SPEC 4), never today."""
    found = pl.collect_all(
        [
            ledger.table("movements").select(pl.col("date").max()),
            ledger.table("stock").select(pl.col("as_of").max()),
        ]
    )
    dates = [frame.item() for frame in found if frame.item() is not None]
    if not dates:
        raise InputError("nothing_dated")
    latest: date = max(dates)
    return latest


def entries(ledger: Ledger, settings: Settings) -> Entries:
    """The ledger cut at ``as_of`` and narrowed to the scope of the settings.

    Raises InputError where nothing is left before as_of.
    """
    as_of = settings.period.as_of or latest_date(ledger)
    movements = ledger.table("movements").filter(pl.col("date") <= as_of)
    points = _points(ledger.table("stock")).filter(pl.col("as_of") <= as_of)
    movements, points = _same_warehouses(movements, points)
    movements, points = _carried_forward(movements, points)
    items = _items(ledger.table("items"), movements, points)
    keep = _scope(items, settings)
    movements, points = (_narrow(frame, keep, settings) for frame in (movements, points))
    first_day = _first_day(movements, points, as_of)
    linked, sources, unpaired = with_links(movements, as_of, settings.turnover.transit_days)
    return Entries(as_of, first_day, linked, points, items, sources, unpaired)


def _points(stock: pl.LazyFrame) -> pl.LazyFrame:
    """Stock rows as end-of-day points per cell; a list of opening balances stands at the end of the day before."""
    at_end = (
        pl.when(pl.col("at_start").fill_null(False))
        .then(pl.col("as_of") - pl.duration(days=1))
        .otherwise(pl.col("as_of"))
    )
    own = pl.col("ownership").fill_null("own") != "consigned_in"
    value = pl.coalesce("value", pl.col("on_hand") * pl.col("unit_cost"))
    return (
        stock.with_columns(as_of=at_end, value=pl.when(own).then(value).otherwise(0.0))
        .group_by("sku", "warehouse", "as_of")
        .agg(
            tidy(pl.col("on_hand").sum()),
            pl.when(pl.col("value").is_not_null().any()).then(pl.col("value").sum()).alias("value"),
            pl.when(pl.col("reserved").is_not_null().any()).then(pl.col("reserved").sum()).alias("reserved"),
        )
    )


def _carried_forward(movements: pl.LazyFrame, points: pl.LazyFrame) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """An ``opening`` row after a cell's first movement or count says what is there, it brings nothing: a new
    year's opening balance is a stock point at the end of the day before. A stock list of that day wins."""
    cell = ["sku", "warehouse"]
    opening = pl.col("kind") == "opening"
    rows = movements.filter(opening).collect(engine="streaming")
    if rows.is_empty():
        return movements, points
    moved = movements.filter(~opening).group_by(cell).agg(first_move=pl.col("date").min())
    counted = points.group_by(cell).agg(first_point=pl.col("as_of").min())
    before = pl.col("date") - pl.duration(days=1)
    late = (pl.col("first_move") < pl.col("date")) | (pl.col("first_point") < before)
    dated = rows.lazy().join(moved, on=cell, how="left").join(counted, on=cell, how="left")
    marked = dated.with_columns(late=late.fill_null(False)).collect()
    cost = pl.coalesce("cost", pl.col("unit_cost") * pl.col("qty"))
    said = (
        marked.filter("late")
        .group_by(*cell, before.alias("as_of"))
        .agg(
            on_hand=tidy(pl.col("qty").sum()),
            value=pl.when(cost.is_not_null().all()).then(cost.sum()),
            reserved=pl.lit(None, pl.Float64).first(),
        )
    )
    kept = marked.filter(~pl.col("late")).select(rows.columns)
    both = pl.concat([points, said.lazy()]).unique([*cell, "as_of"], keep="first", maintain_order=True)
    return pl.concat([movements.filter(~opening), kept.lazy()]), both


def _same_warehouses(movements: pl.LazyFrame, points: pl.LazyFrame) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Where one side names warehouses and the other never does, both speak of the whole company."""
    named = [
        frame.select(pl.col("warehouse").is_not_null().any(), pl.len().alias("rows"))
        for frame in (movements, points)
    ]
    moves, stock = (frame.row(0) for frame in pl.collect_all(named))
    if moves[1] and stock[1] and moves[0] != stock[0]:
        blank = pl.lit(None, pl.String).alias("warehouse")
        movements = movements.with_columns(blank)
        points = (
            points.group_by("sku", "as_of")
            .agg(pl.col("on_hand", "value", "reserved").sum())
            .with_columns(blank)
        )
    return movements.with_columns(or_none("warehouse")), points.with_columns(or_none("warehouse"))


def _items(items: pl.LazyFrame, movements: pl.LazyFrame, points: pl.LazyFrame) -> pl.LazyFrame:
    """One row per sku seen anywhere; the main supplier is the item's, else the one of its latest purchase."""
    seen = pl.concat([frame.select("sku") for frame in (items, movements, points)]).unique()
    bought = (
        movements.filter((pl.col("kind") == "purchase") & pl.col("partner").is_not_null())
        .group_by("sku")
        .agg(pl.col("partner").sort_by("date", "source_row").last().alias("last_supplier"))
    )
    return (
        seen.join(items.unique("sku", keep="first", maintain_order=True), on="sku", how="left")
        .join(bought, on="sku", how="left")
        .with_columns(supplier=pl.coalesce("supplier", "last_supplier"))
        .drop("last_supplier")
        .with_columns(or_none(name) for name in DIMENSIONS)
    )


def _scope(items: pl.LazyFrame, settings: Settings) -> pl.LazyFrame | None:
    scope = settings.scope
    if not (scope.category or scope.sku):
        return None
    wanted = pl.lit(True)
    if scope.category:
        wanted &= pl.col("category").is_in(scope.category)
    if scope.sku:
        wanted &= pl.col("sku").is_in(scope.sku)
    return items.filter(wanted).select("sku")


def _narrow(frame: pl.LazyFrame, keep: pl.LazyFrame | None, settings: Settings) -> pl.LazyFrame:
    if keep is not None:
        frame = frame.join(keep, on="sku", how="semi")
    if settings.scope.warehouse:
        frame = frame.filter(pl.col("warehouse").is_in(settings.scope.warehouse))
    return frame


def _first_day(movements: pl.LazyFrame, points: pl.LazyFrame, as_of: date) -> date:
    """First day the ledger can speak of: the first movement, or the day after an earlier stock point."""
    moved, counted = pl.collect_all(
        [movements.select(pl.col("date").min()), points.select(pl.col("as_of").min())]
    )
    first_move, first_point = moved.item(), counted.item()
    if first_move is None and first_point is None:
        raise InputError("nothing_before", as_of=as_of)
    after_point = min(first_point + timedelta(days=1), as_of) if first_point else None
    first: date = min(day for day in (first_move, after_point) if day is not None)
    return first
