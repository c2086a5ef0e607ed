"""Texts of the report in one language, and the words that stand for codes where people read them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from stockturn.i18n import DEFAULT_LANGUAGE, catalogue, has, text
from stockturn.schema import Unit, column
from stockturn.schema.labels import label, meaning


@dataclass(frozen=True)
class Phrases:
    """``say("key", ...)`` is the text ``report.key`` in this language."""

    lang: str

    def __call__(self, key: str, /, **params: object) -> str:
        return text(f"report.{key}", self.lang, **params)

    def label(self, name: str) -> str:
        """Label of a column."""
        return label(name, self.lang)

    def meaning(self, name: str) -> str:
        """What a column means, one sentence."""
        return meaning(name, self.lang)

    def word(self, name: str) -> str:
        """A word of the common vocabulary, such as ``total``."""
        return text(f"words.{name}", self.lang)

    def code(self, name: str, value: str) -> str:
        """A code of the contract in the reader's words; the code itself where the catalogue has none.

        >>> Phrases("zh").code("abc", "A")
        'A'
        """
        key = f"codes.{name.removeprefix('previous_')}_{value}"
        return text(key, self.lang) if has(key, self.lang) else value


SCOPES = (
    "warehouse",
    "from_warehouse",
    "to_warehouse",
    "category",
    "brand",
    "supplier",
    "owner",
    "buyer",
    "seller",
    "team",
)
"""Columns in which the engine writes ``(none)`` or ``(in transit)`` where the data name nothing."""


def with_scopes(frame: pl.DataFrame, say: Phrases) -> pl.DataFrame:
    """The frame with ``(none)`` and ``(in transit)`` in the reader's language."""
    words = {text(f"words.{name}", DEFAULT_LANGUAGE): say.word(name) for name in ("none", "in_transit")}
    names = [name for name in SCOPES if frame.schema.get(name) == pl.String]
    return frame.with_columns(pl.col(names).replace(words)) if names else frame


def spoken(frame: pl.DataFrame, say: Phrases) -> pl.DataFrame:
    """The frame for people: codes and yes / no in the reader's language, everything else as it is.

    Machine output never goes through here: there the codes are the same in every language.
    """
    known = catalogue(say.lang)
    changed = []
    for name, dtype in frame.schema.items():
        if dtype == pl.Boolean:
            answers = pl.when(pl.col(name)).then(pl.lit(say.word("yes"))).otherwise(pl.lit(say.word("no")))
            changed.append(pl.when(pl.col(name).is_not_null()).then(answers).alias(name))
        elif dtype == pl.String and column(name).unit is Unit.CODE if _has_home(name) else False:
            prefix = f"codes.{name.removeprefix('previous_')}_"
            words = {key.removeprefix(prefix): word for key, word in known.items() if key.startswith(prefix)}
            changed.append(pl.col(name).replace(words))
    return with_scopes(frame.with_columns(changed), say)


def _has_home(name: str) -> bool:
    try:
        column(name)
    except KeyError:
        return False
    return True
