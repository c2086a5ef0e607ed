"""Sums per sheet after rows have left: what was added up when the sheet was read, over what stays."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from stockturn.model import Ledger
from stockturn.sources.dedupe_keys import DOCUMENTS, STATES, is_one_of

PLACE = ["source_file", "source_sheet"]
QTY = {rule.table: rule.qty for rule in (*DOCUMENTS, *STATES)}
DATES = {**{rule.table: rule.date for rule in DOCUMENTS}, "stock": "as_of"}

MEASURED = ("stock", "movements", "orders", "sales_orders", "batches")
"""Tables with a quantity; a sheet that fed several is summed over the first of them (SPEC 13)."""

AMOUNTS = {
    "stock": (pl.col("value"),),
    "movements": (pl.col("revenue"), pl.col("revenue").abs(), pl.col("cost"), pl.col("cost").abs()),
    "orders": (pl.col("qty_ordered") * pl.col("unit_cost"),),
    "sales_orders": (pl.col("revenue"),),
    "batches": (pl.col("qty_left") * pl.col("unit_cost"),),
}
"""What an amount column of the export may have become. The one that gives the sheet's own sum before is taken
after; where tax stood in the amounts none does, and the sum is scaled."""

_SAME = 1e-6


def sums_of_what_stays(before: Ledger, after: Ledger, touched: pl.DataFrame) -> pl.DataFrame:
    """Per sheet of ``touched``: quantities, amounts and dates over its rows as they were and as they are."""
    lost = touched.drop_nulls("source_file").unique()
    parts = []
    for name in MEASURED:
        if not before.has(name):
            continue
        all_of, left = (
            _measured(ledger.table(name), name, lost, when) for ledger, when in ((before, "b"), (after, "a"))
        )
        parts.append(all_of.join(left, on=PLACE, how="left", nulls_equal=True))
    schema: dict[str, type[pl.DataType]] = {
        "source_file": pl.String,
        "source_sheet": pl.String,
        **_columns("b"),
        **_columns("a"),
    }
    return pl.concat([pl.DataFrame(schema=schema), *parts], how="diagonal").unique(
        PLACE, keep="first", maintain_order=True
    )


def _columns(when: str) -> dict[str, type[pl.DataType]]:
    names = ["qty", *(f"amount{i}" for i in range(4))]
    return {
        **{f"_{when}_{name}": pl.Float64 for name in names},
        f"_{when}_from": pl.Date,
        f"_{when}_to": pl.Date,
    }


def _measured(table: pl.LazyFrame, name: str, lost: pl.DataFrame, when: str) -> pl.DataFrame:
    files = lost["source_file"].unique()
    rows = table.filter(is_one_of(files, "source_file")).join(
        lost.lazy(), on=PLACE, nulls_equal=True, how="semi"
    )
    counts = ~pl.col("at_start").fill_null(False) if name == "stock" else pl.lit(True)
    amounts = [expr.filter(counts).sum().alias(f"_{when}_amount{i}") for i, expr in enumerate(AMOUNTS[name])]
    date = pl.col(DATES[name]) if name in DATES else pl.lit(None, pl.Date)
    return (
        rows.group_by(PLACE)
        .agg(
            pl.col(QTY[name]).filter(counts).sum().alias(f"_{when}_qty"),
            *amounts,
            date.min().alias(f"_{when}_from"),
            date.max().alias(f"_{when}_to"),
        )
        .collect()
    )


def corrected(sheets: pl.DataFrame) -> dict[str, pl.Expr]:
    """Expressions for qty_sum, amount_sum, date_min and date_max over sheets joined with the sums."""
    touched = pl.col("_b_qty").is_not_null()
    values = {
        "qty_sum": (pl.col("qty_sum") - pl.col("_b_qty") + pl.col("_a_qty").fill_null(0.0)).round(6),
        "amount_sum": _amount(range(4)),
        "date_min": pl.col("_a_from"),
        "date_max": pl.col("_a_to"),
    }
    return {
        name: pl.when(touched).then(value).otherwise(name)
        for name, value in values.items()
        if name in sheets.columns
    }


def _amount(candidates: Iterable[int]) -> pl.Expr:
    """The amount sum over what stays."""
    total = pl.col("amount_sum")
    pairs = [(pl.col(f"_b_amount{i}"), pl.col(f"_a_amount{i}").fill_null(0.0)) for i in candidates]
    exact = [
        pl.when((old.abs() - total.abs()).abs() <= _SAME * total.abs().clip(1.0)).then(
            new * pl.when(old.sign() == total.sign()).then(1.0).otherwise(-1.0)
        )
        for old, new in pairs
    ]
    scaled = [pl.when(old != 0).then(total * new / old) for old, new in pairs]
    nothing = pl.when(pl.col("_a_qty").is_null()).then(total * 0.0)
    return pl.coalesce(nothing, *exact, *scaled, total).round(6)
