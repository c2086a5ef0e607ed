"""The screen of ``explain`` in both languages: rewritten by ``make golden``, the difference read by eye."""

from __future__ import annotations

import io

import pytest

from stockturn import api
from stockturn.config import Settings
from stockturn.i18n import LANGUAGES
from stockturn.model import Ledger
from stockturn.output.console import make_console, show
from tests.explain_made import company, two_houses
from tests.goldens import matches_golden


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_screen_of_a_sku(lang: str) -> None:
    """Areas in order, formulas filled in, reasons where there is nothing, ledger rows with file, sheet and row."""
    _matches(f"explain_{lang}.txt", company(), lang, 100)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_narrow_screen_of_a_sku_in_two_warehouses(lang: str) -> None:
    """Each warehouse in a few words, then the sku as a whole; no figure is broken over two lines."""
    _matches(f"explain_narrow_{lang}.txt", two_houses(), lang, 70)


def _matches(name: str, ledger: Ledger, lang: str, columns: int) -> None:
    settings = Settings.model_validate({"lang": lang, "ingest": {"currency": "CNY"}})
    stream = io.StringIO()
    console = make_console(file=stream, columns=columns)
    show(api.explain_result(ledger, "A-1", settings), settings, console=console)
    lines = (line.rstrip() for line in stream.getvalue().splitlines())
    matches_golden(name, "\n".join(lines) + "\n")
