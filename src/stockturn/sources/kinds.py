"""Texts of a movement column and signs of its quantities: together they say what a line is and which way it goes."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from stockturn.sources.captions import Vocabulary, norm

DIRECTION = {
    "opening": 1,
    "purchase": 1,
    "purchase_return": -1,
    "sale": -1,
    "sale_return": 1,
    "transfer_in": 1,
    "transfer_out": -1,
    "production_in": 1,
    "production_out": -1,
    "adjustment_in": 1,
    "adjustment_out": -1,
    "scrap": -1,
    "assembly_in": 1,
    "assembly_out": -1,
    "other_in": 1,
    "other_out": -1,
}
BY_SIGN = {
    "transfer": ("transfer_in", "transfer_out"),
    "count": ("adjustment_in", "adjustment_out"),
    "assembly": ("assembly_in", "assembly_out"),
    "adjustment": ("adjustment_in", "adjustment_out"),
    "other": ("other_in", "other_out"),
    "purchase": ("purchase", "purchase_return"),
    "sale": ("sale_return", "sale"),
    "other_in": ("other_in", "other_out"),
    "other_out": ("other_in", "other_out"),
    "adjustment_in": ("adjustment_in", "adjustment_out"),
    "adjustment_out": ("adjustment_in", "adjustment_out"),
    "transfer_in": ("transfer_in", "transfer_out"),
    "transfer_out": ("transfer_in", "transfer_out"),
}
"""Kinds that the sign of the line turns: (into stock, out of stock). A red purchase is a purchase return; a red
production or scrap document stays what it is, with the opposite sign."""

NEUTRAL = ("transfer", "count", "assembly", "adjustment", "other")
"""Kinds without a direction of their own."""


def kind_of(text: str, words: Vocabulary, own: Mapping[str, str]) -> str | None:
    """The kind that a movement text names: the config's and the profile's words first, then the vocabulary's
    texts, then its rules. None where nothing is known."""
    key = norm(text)
    if key in own:
        return own[key]
    if key in words.kinds:
        return words.kinds[key]
    return next((kind for pattern, kind in words.kind_rules if pattern.search(key)), None)


def kinds_of(texts: pl.Series, words: Vocabulary, own: Mapping[str, str]) -> pl.Series:
    """The kind of every line; one look-up per distinct text."""
    distinct = texts.drop_nulls().unique().to_list()
    table = {text: kind for text in distinct if (kind := kind_of(text, words, own)) is not None}
    return texts.replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.String)


def signed(frame: pl.DataFrame, sided: bool) -> pl.DataFrame:
    """``qty`` signed by what the line does to the stock, from ``raw`` and ``base`` (the kind by its text).

    With sides (收入 / 发出) or for neutral kinds the sign is the line's own. Otherwise the usual sign of a kind
    in this sheet is its natural direction, so that one rule serves unsigned lists, signed ledgers and lists in
    which only returns are negative: sale 60 -> -60, sale -5 -> +5; in a signed ledger sale -60 stays -60.
    """
    if sided:
        return frame.with_columns(pl.col("raw").alias("qty"))
    usual = pl.col("raw").sign().sum().over("base")
    usual = pl.when(usual >= 0).then(1.0).otherwise(-1.0)
    natural = pl.col("base").replace_strict(DIRECTION, default=None, return_dtype=pl.Float64)
    turned = pl.col("raw") * usual * natural
    return frame.with_columns(
        pl.when(pl.col("base").is_in(list(NEUTRAL)) | natural.is_null())
        .then(pl.col("raw"))
        .otherwise(turned)
        .alias("qty")
    )


def final_kind() -> pl.Expr:
    """The kind of the contract, from ``base`` and the sign of ``qty``; a line of no quantity is a revaluation."""
    into = {name: pair[0] for name, pair in BY_SIGN.items()}
    out = {name: pair[1] for name, pair in BY_SIGN.items()}
    base = pl.col("base")
    return (
        pl.when(base == "revaluation")
        .then(base)
        .when(pl.col("qty") > 0)
        .then(base.replace(into))
        .when(pl.col("qty") < 0)
        .then(base.replace(out))
        .otherwise(base.replace({name: pair[0] for name, pair in BY_SIGN.items() if name in NEUTRAL}))
        .alias("kind")
    )
