"""Whether stock lists and movements tell the same story, position by position, at the finest place both name; and
what goods in and out come to by either way of booking returns."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.engine.expr import tidy
from stockturn.engine.points import without_repeated_openings
from stockturn.model import Ledger, Note

PLACES = ("warehouse", "bin")


def positions(ledger: Ledger, as_of: date, tolerance: float) -> pl.DataFrame:
    """Every stock position that a list names, against the movements: one row per sku and place.

    The place is the warehouse, and the bin where both lists and movements name bins.
    Columns: sku, (warehouse), (bin), points, agreement: ``exact`` (the movements give every list, from the first
    list before them or from nothing), ``opening`` (the first list comes after movements and implies a balance
    before them; later lists agree) or ``differs`` (some later list disagrees with the movements since).
    """
    moved = ledger.table("movements").filter(pl.col("date") <= as_of)
    listed = without_repeated_openings(ledger.table("stock")).filter(pl.col("as_of") <= as_of)
    named = [
        frame.select(pl.col(PLACES).is_not_null().any()).collect().row(0, named=True)
        for frame in (moved, listed)
    ]
    keys = ["sku", *(place for place in PLACES if named[0][place] and named[1][place])]
    # A join leaves nulls alone: a position without a bin is a position too.
    moved, listed = (frame.with_columns(pl.col(keys).fill_null("")) for frame in (moved, listed))
    counted = (
        listed.with_columns(
            date=pl.when(pl.col("at_start").fill_null(False))
            .then(pl.col("as_of").dt.offset_by("-1d"))
            .otherwise(pl.col("as_of"))
        )
        .group_by(*keys, "date")
        .agg(counted=tidy(pl.col("on_hand").sum()))
    )
    book = moved.group_by(*keys, "date").agg(pl.col("qty").sum()).sort("date")
    book = book.with_columns(book=tidy(pl.col("qty").cum_sum().over(keys))).drop("qty")
    both = counted.sort("date").join_asof(
        book, on="date", by=keys, strategy="backward", check_sortedness=False
    )
    gap = tidy(pl.col("counted") - pl.col("book").fill_null(0.0))
    opens = pl.col("book").is_null()  # a list before the first movement is the opening itself
    return (
        both.with_columns(gap=gap, opens=opens)
        .group_by(keys)
        .agg(
            points=pl.len(),
            first=pl.when(~pl.col("opens").sort_by("date").first()).then(
                pl.col("gap").sort_by("date").first()
            ),
            steps=(pl.col("gap").sort_by("date").diff().abs() > tolerance).any(),
        )
        .select(
            *keys,
            "points",
            agreement=pl.when("steps")
            .then(pl.lit("differs"))
            .when((pl.col("first").abs() > tolerance).fill_null(False))
            .then(pl.lit("opening"))
            .otherwise(pl.lit("exact")),
        )
        .sort(keys, nulls_last=False)
        .collect()
    )


def returns_by_side(movements: pl.LazyFrame) -> Note | None:
    """Goods in and out as the systems count them; None where nothing was returned.

    One way puts a return on the other side (goods from a customer are goods in), the other books it as a red document
    on its own side (they are less goods out). The closing stock is the same, the totals of in and out are not.
    """
    qty, back = pl.col("qty"), pl.col("kind").is_in(["sale_return", "purchase_return"])
    moved = movements.filter(pl.col("kind") != "opening")
    came, left, returned = (
        moved.select(
            came=tidy(qty.filter(qty > 0).sum()),
            left=tidy(-qty.filter(qty < 0).sum()),
            returned=tidy(qty.filter(back).abs().sum()),
        )
        .collect()
        .row(0)
    )
    if not returned:
        return None
    red = {"red_in": came - returned, "red_out": left - returned}
    return Note("returns_by_side", {"returned": returned, "came": came, "left": left, **red})
