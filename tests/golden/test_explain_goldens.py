"""The screen of ``explain`` in both languages: rewritten by ``make golden``, the difference read by eye."""

from __future__ import annotations

import io

import pytest

from stockturn import api
from stockturn.config import Settings
from stockturn.i18n import LANGUAGES
from stockturn.output.console import make_console, show
from tests.explain_made import company
from tests.goldens import matches_golden


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_screen_of_a_sku(lang: str) -> None:
    """Areas in order, formulas filled in, reasons where there is nothing, ledger rows with file, sheet and row."""
    settings = Settings.model_validate({"lang": lang, "ingest": {"currency": "CNY"}})
    stream = io.StringIO()
    show(
        api.explain_result(company(), "A-1", settings),
        settings,
        console=make_console(file=stream, columns=100),
    )
    lines = (line.rstrip() for line in stream.getvalue().splitlines())
    matches_golden(f"explain_{lang}.txt", "\n".join(lines) + "\n")
