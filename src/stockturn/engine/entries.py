"""The ledger as the engine sees it: cut at as_of, within the scope, no blank warehouse, one row per stock point."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from stockturn.config import Settings
from stockturn.engine.expr import NONE, or_none
from stockturn.engine.points import carried_forward, points_of, stock_rows, with_ownership
from stockturn.engine.transfers import with_links
from stockturn.errors import InputError
from stockturn.model import Ledger
from stockturn.schema import empty

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
    ``stock``: the points by bin, batch and ownership, for figures of that grain; ``consigned``: whether
    some goods are consigned, so that ownership is part of every cell. ``wide``: the same entries for all
    warehouses, where the scope names some: what a warehouse receives from another has its cost from there.
    ``counts``: lines of stock-take documents with book and count; ``targets``: those in force at ``as_of``.
    ``demand`` keeps what :class:`stockturn.engine.demand.Demand` has made of these entries, by demand kinds.
    """

    as_of: date
    first_day: date
    movements: pl.LazyFrame
    points: pl.LazyFrame
    items: pl.LazyFrame
    sources: pl.LazyFrame
    unpaired: pl.DataFrame
    stock: pl.LazyFrame
    consigned: bool = False
    wide: Entries | None = None
    counts: pl.LazyFrame = field(default_factory=lambda: empty("counts"))
    targets: pl.LazyFrame = field(default_factory=lambda: empty("targets"))
    demand: dict[tuple[str, ...], Any] = field(default_factory=dict, init=False, repr=False, compare=False)


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
    movements, stock = ledger.table("movements"), stock_rows(ledger.table("stock"))
    if settings.period.as_of:
        # Only then is there anything later; the filter costs a pass over a large ledger.
        movements, stock = movements.filter(pl.col("date") <= as_of), stock.filter(pl.col("as_of") <= as_of)
    movements, stock = same_warehouses(movements, stock)
    movements, stock, consigned = with_ownership(movements, stock)
    movements, stock = carried_forward(movements, stock)
    listed = with_prices(ledger.table("items"), ledger.table("prices").filter(pl.col("valid_from") <= as_of))
    # Asked for many times and small: read the movements for it once.
    items = _items(listed, movements, stock).collect(engine="streaming").lazy()
    keep = _scope(items, settings)
    if keep is not None:
        movements, stock = (frame.join(keep, on="sku", how="semi") for frame in (movements, stock))
    first_day = _first_day(movements, stock, as_of)
    linked, sources, unpaired = with_links(movements, as_of, settings.turnover.transit_days)
    whole = Entries(as_of, first_day, linked, points_of(stock), items, sources, unpaired, stock, consigned)
    counts = ledger.table("counts").filter(pl.col("date") <= as_of).with_columns(or_none("warehouse"))
    targets = ledger.table("targets").filter(pl.col("valid_from").fill_null(as_of) <= as_of)
    whole = replace(whole, counts=counts, targets=targets)
    return _within(whole, settings) if settings.scope.warehouse else whole


def names_any(known: Entries, column: str) -> bool:
    """Whether any movement or stock list names a bin (or batch)."""
    named = pl.col(column).is_not_null().any()
    found = pl.collect_all([frame.select(named) for frame in (known.movements, known.stock)])
    return any(frame.item() for frame in found)


def _within(whole: Entries, settings: Settings) -> Entries:
    """The entries of the warehouses asked for."""
    wanted = pl.col("warehouse").is_in(settings.scope.warehouse)
    movements, points, stock = (
        frame.filter(wanted) for frame in (whole.movements, whole.points, whole.stock)
    )
    _first_day(movements, stock, whole.as_of)
    return replace(whole, movements=movements, points=points, stock=stock, wide=whole)


def same_warehouses(movements: pl.LazyFrame, stock: pl.LazyFrame) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Where one side names warehouses and the other never does, both speak of the whole company."""
    names = [frame.select("warehouse").unique() for frame in (movements, stock)]
    moved, counted = (frame["warehouse"] for frame in pl.collect_all(names))
    if len(moved) and len(counted) and moved.is_not_null().any() != counted.is_not_null().any():
        blank = pl.lit(NONE).alias("warehouse")
        return movements.with_columns(blank), stock.with_columns(blank)
    return _named(movements, moved), _named(stock, counted)


def _named(frame: pl.LazyFrame, houses: pl.Series) -> pl.LazyFrame:
    """The rows with no blank warehouse; where none is blank the names of a large ledger are left as they are."""
    tidied = houses.to_frame().select(or_none("warehouse")).to_series()
    return frame if tidied.equals(houses) else frame.with_columns(or_none("warehouse"))


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


def with_prices(items: pl.LazyFrame, prices: pl.LazyFrame) -> pl.LazyFrame:
    """Items with the latest price of the list where they carry none themselves, also those the list alone knows."""
    latest = prices.group_by("sku").agg(
        pl.col(name).sort_by("valid_from").drop_nulls().last().alias(f"{name}_listed")
        for name in ("unit_cost", "unit_price")
    )
    return (
        items.join(latest, on="sku", how="full", coalesce=True)
        .with_columns(pl.coalesce(name, f"{name}_listed").alias(name) for name in ("unit_cost", "unit_price"))
        .drop("unit_cost_listed", "unit_price_listed")
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
