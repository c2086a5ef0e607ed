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
