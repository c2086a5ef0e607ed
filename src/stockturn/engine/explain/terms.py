"""Formulas filled in: a line of column names and signs in, the same line with each row's numbers out.

Terms are written as a person writes a formula: ``(opening_qty + received_qty) × 2``. Names are columns; everything else
stays as it is. A statement of classes is a list of comparisons: ``share_before ≥ cut_a, share_before < cut_b``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import polars as pl

NAME = re.compile(r"[a-z][a-z_0-9]*")
FUNCTIONS = frozenset({"max", "min", "round", "ceil", "floor"})
"""Names in terms that are no columns."""

_WRITTEN = {" x ": " × ", " - ": " − "}
"""Signs of the registry of metrics, and how they are shown."""

DIGITS = 7
LARGE, CENTS = 1e5, 2


def names(terms: str) -> list[str]:
    """The columns that terms speak of, in order.

    >>> names("max(0, avg_inventory - cogs x year_days / days)")
    ['avg_inventory', 'cogs', 'year_days', 'days']
    """
    found = (part for part in NAME.findall(_shown(terms)) if part not in FUNCTIONS)
    return list(dict.fromkeys(found))


def filled(terms: str, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """The terms with every column replaced by what it is worth in each row; null where one of them is null.

    >>> frame = pl.DataFrame({"cogs": [503237.9027], "avg_inventory": [51537.206], "days": [365]})
    >>> frame.select(filled("cogs / avg_inventory x days", frame.schema)).item()
    '503237.9 / 51537.21 × 365'
    """
    line, pieces, at = _shown(terms), list[pl.Expr](), 0
    for found in NAME.finditer(line):
        if found.group() in FUNCTIONS:
            continue
        pieces += [pl.lit(line[at : found.start()]), exact(found.group(), schema[found.group()])]
        at = found.end()
    return pl.concat_str([*pieces, pl.lit(line[at:])])


def worded(terms: str, word: Callable[[str], str]) -> str:
    """The terms with every column replaced by its name in words.

    >>> worded("on_hand - reserved", str.upper)
    'ON_HAND − RESERVED'
    """
    return NAME.sub(
        lambda found: found.group() if found.group() in FUNCTIONS else word(found.group()), _shown(terms)
    )


def exact(name: str, dtype: pl.DataType) -> pl.Expr:
    """A figure to be worked with: seven digits, of large ones all before the point and two behind it; no sign between
    thousands. What is below zero stands in brackets.

    >>> frame = pl.DataFrame({"x": [12.0, -0.25, 130.564907176, 1234567.891]})
    >>> frame.select(exact("x", pl.Float64()))["x"].to_list()
    ['12', '(−0.25)', '130.5649', '1234567.89']
    """
    value = pl.col(name)
    if not dtype.is_numeric():
        return value.cast(pl.String)
    size = value.abs().cast(pl.Float64)
    short = pl.when(size >= LARGE).then(size.round(CENTS)).otherwise(size.round_sig_figs(DIGITS))
    text = short.cast(pl.String).str.strip_suffix(".0")
    return pl.when(value < 0).then(pl.concat_str(pl.lit("(−"), text, pl.lit(")"))).otherwise(text).alias(name)


def _shown(terms: str) -> str:
    for written, shown in _WRITTEN.items():
        terms = terms.replace(written, shown)
    return terms
