"""What a figure is called and how it is worked out, in words: from the catalogues, each text in one place."""

from __future__ import annotations

from stockturn.engine.explain.registry import Figure
from stockturn.engine.explain.terms import names, worded
from stockturn.engine.postings import FLOWS
from stockturn.i18n import has, text
from stockturn.schema import COLUMNS, Unit, column
from stockturn.schema.labels import label, meaning

_MOVED = {"qty": "qty", "units": "qty", "value": "value", "cost": "value", "revenue": "revenue"}


def said(area: str, name: str, lang: str) -> str:
    """The label of a figure, or of a term.

    >>> said("turnover", "turnover", "en"), said("balance", "qty_sale", "en")
    ('Turnover', 'Sale: quantity')
    """
    for key in (f"explain.name_{area}_{name}", f"explain.name_{name}"):
        if has(key, lang):
            return text(key, lang)
    what, _, kind = name.partition("_")
    if what in _MOVED and kind in FLOWS:
        moved = f"codes.kind_{kind}"
        told = text(moved if has(moved, lang) else f"explain.flow_{kind}", lang)
        return text(f"explain.moved_{_MOVED[what]}", lang, kind=told[:1].upper() + told[1:])
    return label(name, lang)


def formula(area: str, figure: Figure, terms: str, lang: str) -> str:
    """How a figure is worked out, in words: the catalogue's where it has them, else the terms with their labels, else what
    the column means.

    >>> formula("reorder", Figure("position"), "on_hand - reserved + counted", "en")
    'On hand − Reserved + On order within the span'
    """
    own = f"explain.formula_{area}_{figure.name}"
    keys = (own, figure.formula, f"report.formula_{figure.name}", f"explain.formula_{figure.name}")
    if found := next((key for key in keys if key and has(key, lang)), None):
        return text(found, lang)
    return worded(terms, lambda name: said(area, name, lang)) if names(terms) else meaning(figure.name, lang)


def unit(figure: Figure) -> Unit:
    """What a figure is measured in."""
    if figure.unit is not None or figure.name not in COLUMNS:
        return figure.unit or column(figure.name).unit
    return COLUMNS[figure.name].unit
