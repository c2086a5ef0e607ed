"""The few expressions that everything else is made of: division, cuts, rounding, empty groups."""

from __future__ import annotations

import polars as pl

NONE = "(none)"
"""Stands for 'not known' in a dimension, in every language; screens translate it."""

IN_TRANSIT = "(in transit)"
"""The warehouse of goods that left one warehouse and have not arrived at the other."""

QTY_DECIMALS = 6
"""Quantities are exact to a millionth: float sums of 0.1 kg are rounded here and nowhere else."""

_EPS = 1e-9


def as_expr(value: str | pl.Expr | float) -> pl.Expr:
    """A column name or a number as an expression."""
    if isinstance(value, str):
        return pl.col(value)
    return value if isinstance(value, pl.Expr) else pl.lit(value)


def ratio(numerator: str | pl.Expr | float, denominator: str | pl.Expr | float) -> pl.Expr:
    """numerator / denominator; null where the denominator is null, zero or negative: never NaN, never inf.

    >>> pl.DataFrame({"a": [1.0, 1.0, 1.0], "b": [4.0, 0.0, -2.0]}).select(ratio("a", "b"))["a"].to_list()
    [0.25, None, None]
    """
    top, base = as_expr(numerator), as_expr(denominator)
    return pl.when(base > 0).then(top / base)


def tidy(qty: str | pl.Expr) -> pl.Expr:
    """A quantity rounded to a millionth and free of negative zero, so that what cancels is exactly 0.

    >>> pl.DataFrame({"q": [0.1 + 0.2 - 0.3]}).select(tidy("q"))["q"].to_list()
    [0.0]
    """
    return as_expr(qty).round(QTY_DECIMALS) + 0.0


def steady_sum(amount: str | pl.Expr) -> pl.Expr:
    """The sum of a group of amounts, the same to the last digit in every run: threads add the rows of a group in
    whatever order they come, and floats added in another order end in another digit. Smallest first.

    >>> pl.DataFrame({"v": [0.3, 0.1, 0.2]}).select(steady_sum("v"))["v"].to_list() == [0.1 + 0.2 + 0.3]
    True
    """
    return as_expr(amount).sort().implode().list.sum()


def reaches(cumulative: str | pl.Expr, total: str | pl.Expr, cut: float) -> pl.Expr:
    """Whether a running sum has reached the share ``cut`` of the total.

    Compared as ``cumulative >= cut * total`` with a hair of tolerance: dividing first would move an item that
    stands exactly on the cut.
    """
    whole = as_expr(total)
    return as_expr(cumulative) >= cut * whole - _EPS * whole.abs()


def or_none(name: str) -> pl.Expr:
    """A dimension with blanks and nulls as ``(none)``."""
    cell = pl.col(name).str.strip_chars()
    return pl.when(cell.is_null() | (cell == "")).then(pl.lit(NONE)).otherwise(cell).alias(name)
