"""From areas to one row per figure: value, formula in words, formula filled in, and why it is empty where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from stockturn.engine.explain.names import formula, said, unit
from stockturn.engine.explain.registry import CELL, Area, Behind, Figure
from stockturn.engine.explain.terms import filled, names
from stockturn.engine.metrics import METRICS
from stockturn.engine.wording import sentence
from stockturn.i18n import catalogue, text
from stockturn.schema import Unit

LONG = {
    "sku": pl.String, "warehouse": pl.String, "area": pl.String, "figure": pl.String, "label": pl.String,
    "period": pl.Date, "value": pl.Float64, "value_text": pl.String, "unit": pl.String, "formula": pl.String,
    "filled_in": pl.String, "reason": pl.String,
}  # fmt: skip
"""Columns before the rows behind each figure are counted."""

BEHIND = "behind"
_TEXTS = (Unit.TEXT, Unit.CODE, Unit.DATE, Unit.FLAG)


def figures(area: Area, lang: str, books: list[tuple[Behind, ...]]) -> pl.DataFrame:
    """The figures of an area, one row each, in order; ``books`` collects which rows stand behind them, its places are the
    column ``behind``."""
    parts = [_one(area, figure, lang, _place(books, figure.behind or area.behind)) for figure in area.figures]
    return pl.concat(parts) if parts else pl.DataFrame(schema={**LONG, BEHIND: pl.Int64})


def absent(area: Area, asked: pl.DataFrame, lang: str, books: list[tuple[Behind, ...]]) -> pl.DataFrame:
    """A row that says why for everything ``asked`` (sku, warehouse) that the area has nothing of."""
    lacking = asked.join(area.frame.select(CELL).unique(), on=CELL, how="anti", nulls_equal=True)
    head = next(figure for figure in area.figures if figure.name == area.head)
    return lacking.select(
        *CELL,
        *_named(area, head, lang),
        period=pl.lit(None, pl.Date),
        value=pl.lit(None, pl.Float64),
        value_text=pl.lit(None, pl.String),
        unit=pl.lit(str(unit(head))),
        formula=pl.lit(formula(area.name, head, next(iter(head.variants().values())), lang)),
        filled_in=pl.lit(None, pl.String),
        reason=pl.lit(text(f"explain.absent_{area.name}", lang)),
        behind=pl.lit(_place(books, area.behind), pl.Int64),
    ).select(*LONG, BEHIND)


def alert_figures(alerts: pl.DataFrame, lang: str, behind: int) -> pl.DataFrame:
    """One row per alert: the rule, its level, the money in question and what it says."""
    return alerts.select(
        *CELL,
        area=pl.lit("alerts"),
        figure="rule",
        label=_words("codes.rule_", pl.col("rule"), lang),
        period=pl.lit(None, pl.Date),
        value="value",
        value_text="level",
        unit=pl.lit(str(Unit.MONEY)),
        formula="message",
        filled_in=pl.lit(None, pl.String),
        reason=pl.when(pl.col("value").is_null()).then(pl.lit(text("explain.why_no_cost", lang))),
        behind=pl.lit(behind, pl.Int64),
    ).select(*LONG, BEHIND)


def _place(books: list[tuple[Behind, ...]], behind: tuple[Behind, ...]) -> int:
    if behind not in books:
        books.append(behind)
    return books.index(behind)


def _named(area: Area, figure: Figure, lang: str) -> list[pl.Expr]:
    return [
        pl.lit(area.name).alias("area"),
        pl.lit(figure.name).alias("figure"),
        pl.lit(said(area.name, figure.name, lang)).alias("label"),
    ]


def _one(area: Area, figure: Figure, lang: str, behind: int) -> pl.DataFrame:
    """One figure of all rows of its area."""
    frame, measured = area.frame, unit(figure)
    cell = pl.col(figure.name)
    known = cell.is_not_null()
    textual = measured in _TEXTS
    when = pl.col("period") if "period" in frame.columns else pl.lit(None, pl.Date)
    found = frame.select(
        *CELL,
        *_named(area, figure, lang),
        period=when,
        value=pl.lit(None, pl.Float64) if textual else cell.cast(pl.Float64),
        value_text=cell.cast(pl.String) if textual else pl.lit(None, pl.String),
        unit=pl.lit(str(measured)),
        formula=_by_variant(figure, lambda terms: pl.lit(formula(area.name, figure, terms, lang))).fill_null(
            formula(area.name, figure, "", lang)
        ),
        filled_in=pl.when(known).then(_by_variant(figure, lambda terms: _filled(terms, frame))),
        reason=pl.when(~known).then(_why(area, figure, lang)),
        behind=pl.lit(behind, pl.Int64),
    )
    return found.select(*LONG, BEHIND)


def _by_variant(figure: Figure, make: Callable[[str], pl.Expr]) -> pl.Expr:
    """What is made of the terms that hold in each row."""
    line = pl.lit(None, pl.String)
    for key, terms in figure.variants().items():
        line = (
            pl.when(pl.col(figure.by) == key).then(make(terms)).otherwise(line) if figure.by else make(terms)
        )
    return line


def _filled(terms: str, frame: pl.DataFrame) -> pl.Expr:
    return filled(terms, frame.schema) if terms else pl.lit(None, pl.String)


def _why(area: Area, figure: Figure, lang: str) -> pl.Expr:
    """Why a figure is empty: its own reason, a term that is not known, the reason the engine gave, or the divisor."""
    if figure.missing:
        return pl.lit(text(f"explain.why_{figure.missing}", lang))
    used = _terms_of(figure.variants().values(), area.frame.columns)
    code = pl.lit(None, pl.String)
    if "reason_code" in area.frame.columns:
        code = _words("codes.reason_code_", pl.col("reason_code"), lang)
    stated = [_unknown(area, name, lang) for name in used if name not in METRICS]
    ratios = [_unknown(area, name, lang) for name in used if name in METRICS]
    last = text("explain.why_divisor" if used else "explain.why_not_stated", lang)
    return pl.coalesce(*stated, code, *ratios, pl.lit(last))


def _terms_of(lines: Iterable[str], columns: Sequence[str]) -> list[str]:
    found = dict.fromkeys(name for line in lines for name in names(line))
    return [name for name in found if name in columns]


def _unknown(area: Area, name: str, lang: str) -> pl.Expr:
    told = sentence("explain.why_unknown", lang, what=pl.lit(said(area.name, name, lang)))
    return pl.when(pl.col(name).is_null()).then(told)


def _words(prefix: str, code: pl.Expr, lang: str) -> pl.Expr:
    """A code in the reader's words."""
    words = {
        key.removeprefix(prefix): word for key, word in catalogue(lang).items() if key.startswith(prefix)
    }
    return code.replace(words)
