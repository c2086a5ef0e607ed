"""Inventory analytics over ERP exports: the Python twin of the command line.

    >>> import stockturn as st
    >>> callable(st.ingest)
    True

Every command has a function of the same name here; they are resolved on first use, so that importing the
package costs nothing. ``st.formulas`` holds the textbook formulas of inventory, for checking and teaching.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "api": (
        "ingest",
        "turnover",
        "abc",
        "forecast",
        "reorder",
        "suppliers",
        "deadstock",
        "alerts",
        "report",
        "replay",
        "explain",
    ),
    "config": ("Settings", "load_settings"),
    "errors": ("InputError", "StockturnError", "UsageError"),
    "model": ("Ledger", "Result"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", "formulas", *_HOME_OF]


def __getattr__(name: str) -> Any:
    if name == "formulas":
        return import_module("stockturn.formulas")
    if name in _HOME_OF:
        return getattr(import_module(f"stockturn.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module 'stockturn' has no attribute {name!r}")
