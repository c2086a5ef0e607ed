"""Sentences by the row: catalogue templates filled with columns, all rows at once."""

from __future__ import annotations

from string import Formatter

import polars as pl

from stockturn.i18n import text

DIGITS, SMALL_DIGITS = 2, 4


def number(value: str | pl.Expr, digits: int = DIGITS) -> pl.Expr:
    """A figure as text: at most so many digits after the point, four below 1, and none that are zeros at the end.

    >>> pl.DataFrame({"x": [41.0, 6.234, 0.04567]}).select(number("x"))["x"].to_list()
    ['41', '6.23', '0.0457']
    """
    figure = (pl.col(value) if isinstance(value, str) else value).cast(pl.Float64)
    plain = pl.when(figure.abs() < 1).then(figure.round(SMALL_DIGITS)).otherwise(figure.round(digits)) + 0.0
    return plain.cast(pl.String).str.strip_suffix(".0")


def phrase(key: str, lang: str, **parts: pl.Expr) -> pl.Expr:
    """The text of ``key`` with its fields filled by expressions of text; null where one of them is null.

    >>> frame = pl.DataFrame({"file": ["stockturn.toml"]})
    >>> frame.select(phrase("cli.config_written", "en", file=pl.col("file")).alias("said"))["said"].to_list()
    ['Written: stockturn.toml']
    """
    pieces: list[pl.Expr] = []
    for words, name, _, _ in Formatter().parse(text(key, lang)):
        if words:
            pieces.append(pl.lit(words))
        if name is not None:
            pieces.append(parts[name])
    return pl.concat_str(pieces)
