"""Sentences made for whole columns at once, from the templates of the catalogue."""

from __future__ import annotations

from string import Formatter

import polars as pl

from stockturn.i18n import text


def sentence(key: str, lang: str, **fields: pl.Expr) -> pl.Expr:
    """The text of ``key`` with its named fields filled in from expressions; null where one of them is null.

    >>> from stockturn.i18n import text
    >>> frame = pl.DataFrame({"days": ["200"]})
    >>> frame.select(sentence("deadstock.why_idle", "en", idle=pl.col("days"))).item()
    'No demand for 200 days'
    """
    literal, columns = "", []
    for before, name, _, _ in Formatter().parse(text(key, lang)):
        literal += before.replace("{", "{{").replace("}", "}}")
        if name is not None:
            literal += "{}"
            columns.append(fields[name])
    return pl.format(literal, *columns)


def number(value: pl.Expr, decimals: int = 0) -> pl.Expr:
    """A figure as it stands in a sentence: rounded, without a trailing ``.0``.

    >>> pl.DataFrame({"x": [12.0, 0.256]}).select(number(pl.col("x"), 2))["x"].to_list()
    ['12', '0.26']
    """
    rounded = value.round(decimals)
    whole = rounded == rounded.round(0)
    return pl.when(whole).then(rounded.cast(pl.Int64).cast(pl.String)).otherwise(rounded.cast(pl.String))


def figure(value: pl.Expr, decimals: int = 0) -> pl.Expr:
    """A number of a sentence that is read and not worked out again: five digits and more have a sign between thousands.

    >>> pl.DataFrame({"x": [1234.5, -337326.25, 9999.99]}).select(figure(pl.col("x"), 1))["x"].to_list()
    ['1234.5', '-337,326.2', '10,000']
    """
    said = number(value, decimals)
    apart = said
    for behind in (
        r"(\.\d+)?$",
        ",",
        ",",
    ):  # the last three digits, then those before the first sign: to 10^12
        kept = "$3" if behind.startswith("(") else ","
        apart = apart.str.replace(rf"^(-?\d+?)(\d{{3}}){behind}", rf"$1,$2{kept}")
    return pl.when(value.round(decimals).abs() >= _FIVE_DIGITS).then(apart).otherwise(said)


_FIVE_DIGITS = 10_000
