"""What every sheet is made from, and the few things every sheet does with a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from stockturn.config import Settings
from stockturn.model import Analysis
from stockturn.output.formats import shown, text_line
from stockturn.output.phrases import Phrases, spoken
from stockturn.schema import Unit, age_span

STATUS_LEVELS: Mapping[str, str] = {
    "dead": "critical",
    "stagnant": "warning",
    "slow": "info",
    "new": "good",
    "misplaced": "warning",
}
"""How a status is coloured; ``active`` needs no colour."""

STATUS_ORDER = ("dead", "stagnant", "misplaced", "slow", "active", "new")
"""The worst first."""

_NAME_LENGTH = 40

NAMED = 3
"""Items named in a sentence: enough to start with, few enough to read."""


@dataclass(frozen=True)
class Context:
    """One run of the engine, the choices behind it, and the language it is told in."""

    analysis: Analysis
    settings: Settings
    versions: Mapping[str, str]
    say: Phrases
    carried: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    @property
    def lang(self) -> str:
        """Language of the report."""
        return self.settings.lang

    def money(self, value: float | None) -> str:
        """An amount inside a sentence, short, with the currency where it is known."""
        amount = shown(value, Unit.MONEY, self.lang, compact=True)
        return f"{self.settings.ingest.currency} {amount}".strip()

    def figure(self, value: float | None, unit: Unit) -> str:
        """A figure inside a sentence."""
        return shown(value, unit, self.lang)

    def item(self, sku: str, name: str | None = None) -> str:
        """An item inside a sentence: its code, and its name where it has one."""
        return self.quoted(f"{sku} {name}" if name and name != sku else sku)

    def quoted(self, words: str) -> str:
        """Words of the data inside a sentence: on one line, not too long, set apart where the script needs it."""
        line = text_line(words)
        short = line if len(line) <= _NAME_LENGTH else line[: _NAME_LENGTH - 1] + "…"
        return self.say("quoted", words=short)

    def listed(self, words: list[str]) -> str:
        """Words as a list inside a sentence."""
        if len(words) < 2:
            return "".join(words)
        return self.say("list_two", head=self.say("list_comma").join(words[:-1]), last=words[-1])

    def items(self, frame: pl.DataFrame) -> str:
        """The first few items of a frame, by name where it is known."""
        named = self.with_names(frame.unique("sku", keep="first", maintain_order=True).head(NAMED))
        names = named["name"].to_list() if "name" in named.columns else [None] * named.height
        seen = dict.fromkeys(
            self.item(sku, name) for sku, name in zip(named["sku"].to_list(), names, strict=True)
        )
        return self.listed(list(seen))

    def skus(self, frame: pl.DataFrame) -> str:
        """How many different items a frame holds."""
        count = frame["sku"].n_unique()
        return self.say("skus_one") if count == 1 else self.say("skus_many", n=self.figure(count, Unit.COUNT))

    def with_names(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with name and category of each sku, where it has none of its own and they are known."""
        items = self.analysis.items
        wanted = [
            name for name in ("name", "category") if name in items.columns and name not in frame.columns
        ]
        if not wanted or "sku" not in frame.columns:
            return frame
        return frame.join(
            items.select("sku", *wanted).unique("sku"), on="sku", how="left", maintain_order="left"
        )


def pick(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Those of the columns that are there, in this order."""
    return frame.select([name for name in names if name in frame.columns])


def buckets(frame: pl.DataFrame, family: str) -> list[str]:
    """The age buckets of a frame, young to old: family ``age`` (units) or ``value``; their limits are a setting."""
    spans = {name: age_span(name) for name in frame.columns}
    ages = [name for name, span in spans.items() if span is not None and span.family == family]
    return [*ages, *(name for name in (f"{family}_over_start",) if name in frame.columns)]


def known(frame: pl.DataFrame, *keep: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The frame without columns that hold nothing at all, and the names of those."""
    empty = tuple(
        name
        for name in frame.columns
        if name not in keep and frame.height > 0 and frame[name].null_count() == frame.height
    )
    return frame.drop(empty), empty


def capped(frame: pl.DataFrame, limit: int) -> tuple[pl.DataFrame, int]:
    """The first ``limit`` rows, and how many are left out."""
    return frame.head(limit), max(0, frame.height - limit)


def value_of(frame: pl.DataFrame | None, name: str) -> float | None:
    """A figure of a one-row frame; None where the row, the column or the value is absent."""
    if frame is None or frame.height == 0 or name not in frame.columns:
        return None
    value = frame[name][0]
    return None if value is None else float(value)


def total_of(frame: pl.DataFrame, name: str) -> float | None:
    """Sum of a column; None where the column is absent or nothing in it is known."""
    if name not in frame.columns or frame[name].null_count() == frame.height:
        return None
    return float(frame[name].sum())


def sorted_by(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Largest first by the first of the columns that is there; unknown last; ties as they came."""
    by = next((name for name in names if name in frame.columns), None)
    return frame.sort(by, descending=True, nulls_last=True, maintain_order=True) if by else frame


def for_people(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Codes and yes / no in the reader's language, months as ``2024-03``."""
    months = [pl.col(name).dt.strftime("%Y-%m") for name in ("month",) if frame.schema.get(name) == pl.Date]
    return spoken(frame.with_columns(months), context.say)


def status_marks(context: Context) -> dict[str, str]:
    """Colour of each status, by the word that stands in the cell."""
    return {context.say.code("status", status): level for status, level in STATUS_LEVELS.items()}
