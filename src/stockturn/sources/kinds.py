"""Texts of a movement column and signs of its quantities: together they say what a line is and which way it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import polars as pl

from stockturn.config.kinds import Told
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

BASE = pl.Enum(get_args(Told))
"""Type of the kind by its text: comparing and replacing numbers is five times quicker than texts."""


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
    """The kind of every line, as BASE; one look-up per distinct text."""
    distinct = texts.drop_nulls().unique().to_list()
    table = {text: kind for text in distinct if (kind := kind_of(text, words, own)) is not None}
    return texts.replace_strict(list(table), list(table.values()), default=None, return_dtype=BASE)


def signed(frame: pl.DataFrame, sided: bool) -> pl.DataFrame:
    """``qty`` signed by what the line does to the stock, from ``raw`` and ``base`` (the kind by its text).

    With sides (收入 / 发出) or for neutral kinds the sign is the line's own. Otherwise the usual sign of a kind
    in this sheet is its natural direction, so that one rule serves unsigned lists, signed ledgers and lists in
    which only returns are negative: sale 60 -> -60, sale -5 -> +5; in a signed ledger sale -60 stays -60.
    """
    if sided:
        return frame.with_columns(pl.col("raw").alias("qty"))
    usual = frame.group_by("base").agg(pl.col("raw").sign().sum()).rows()
    factors = {
        base: DIRECTION[base] * (1.0 if signs >= 0 else -1.0) for base, signs in usual if base in DIRECTION
    }
    turn = pl.col("base").replace_strict(
        list(factors), list(factors.values()), default=1.0, return_dtype=pl.Float64
    )
    return frame.with_columns((pl.col("raw") * turn).alias("qty"))


def with_final_kind(frame: pl.DataFrame) -> pl.DataFrame:
    """``kind`` of the contract, from ``base`` and the sign of ``qty``; a line of no quantity is a revaluation."""
    present = frame["base"].unique().to_list()
    into, out = ({name: BY_SIGN[name][way] for name in present if name in BY_SIGN} for way in (0, 1))
    still = {name: kind for name, kind in into.items() if name in NEUTRAL}
    qty = pl.col("qty")
    kind = pl.when(qty > 0).then(_turned(into)).when(qty < 0).then(_turned(out)).otherwise(_turned(still))
    return frame.with_columns(
        pl.when(pl.col("base") == "revaluation").then("base").otherwise(kind).cast(pl.String).alias("kind")
    )


def _turned(kinds: Mapping[str, str]) -> pl.Expr:
    """``base`` with what the sign makes of it."""
    changed = {name: kind for name, kind in kinds.items() if name != kind}
    base = pl.col("base")
    return base.replace(changed) if changed else base
