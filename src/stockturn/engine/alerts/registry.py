"""The registry of alert rules: a rule is one boolean expression, a figure with levels, its money and a message.

Adding a rule is one decorated function in ``rules_*.py``, its levels in ``config/alerts.py`` and its texts
(``alerts.NAME`` and ``alerts.subject_NAME``) in the catalogues.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from stockturn.config import Settings

KEYS: dict[str, tuple[str, ...]] = {
    "cells": ("sku", "warehouse"),
    "expiries": ("sku", "warehouse"),
    "late_orders": ("sku", "warehouse"),
    "differences": ("sku", "warehouse"),
    "prices": ("sku",),
    "biases": ("sku",),
    "suppliers": ("supplier",),
    "targets": ("category",),
    "rooms": ("warehouse",),
    "files": ("file",),
}
"""Input frames and the columns that name one row of each: what an alert of such a row is known by."""


@dataclass(frozen=True)
class Check:
    """What a rule looks at, as expressions over its frame.

    ``when``: whether there is anything to say; ``figure``: what the levels are about; ``value``: the money in
    question; ``words``: the fields of the message, as text; ``cause``: code of the likely cause.
    A null in ``when`` or ``figure`` is no alert.
    """

    when: pl.Expr
    figure: pl.Expr
    value: pl.Expr
    words: Mapping[str, pl.Expr] = field(default_factory=dict)
    cause: pl.Expr = field(default_factory=lambda: pl.lit(None, pl.String))


@dataclass(frozen=True)
class Rule:
    """A rule: of the rules of one ``family`` only the first registered that holds is shown per row.

    ``frame`` is its input (a key of ``KEYS``), ``needs`` a flag of it that says whether there is any, ``to`` who gets it
    (owner or buyer of the item), ``below`` whether less is worse.
    """

    name: str
    family: str
    frame: str
    to: str
    below: bool
    check: Callable[[Settings], Check]
    needs: str = ""

    @property
    def definition(self) -> str:
        """What the rule says, and its boundary, as its docstring has it."""
        return self.check.__doc__ or ""


RULES: dict[str, Rule] = {}
"""Every rule by name, the worst of a family first. Filled while the rules are imported."""


def rule(
    name: str,
    *,
    frame: str,
    family: str | None = None,
    to: str = "owner",
    below: bool = False,
    needs: str = "",
) -> Callable[[Callable[[Settings], Check]], Callable[[Settings], Check]]:
    """Register a rule under its name; its family is itself where none is given."""

    def register(check: Callable[[Settings], Check]) -> Callable[[Settings], Check]:
        RULES[name] = Rule(name, family or name, frame, to, below, check, needs)
        return check

    return register
