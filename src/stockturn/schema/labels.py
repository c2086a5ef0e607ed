"""The label and the meaning of a column in a reader's language."""

from __future__ import annotations

from stockturn.i18n import has, text
from stockturn.schema.columns import age_span


def label(name: str, lang: str) -> str:
    """Label of a column.

    >>> label("turnover", "en"), label("age_0_45", "en")
    ('Turnover', '0-45 d')
    """
    return _of_column(name, lang, "")


def meaning(name: str, lang: str) -> str:
    """What a column means, one sentence."""
    return _of_column(name, lang, "_meaning")


def _of_column(name: str, lang: str, what: str) -> str:
    """The text of a column; age buckets with limits of the user's own share one text per family."""
    span = age_span(name)
    if span is None or has(f"columns.{name}", lang):
        return text(f"columns.{name}{what}", lang)
    shape = "over" if span.high is None else "span"
    return text(f"deadstock.{span.family}_{shape}{what}", lang, low=span.low, high=span.high)
