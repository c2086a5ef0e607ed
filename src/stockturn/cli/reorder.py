"""``stockturn reorder``."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from stockturn.cli.options import SHOW, TALK, WHEN, WHERE, Option, Request, command

LEVEL = Option(
    "service_level", float | None, "One service level for everything, such as 0.95.", "reorder.service_level"
)
BUDGET = Option("budget", float | None, "Money for the orders to be placed now.", "reorder.budget")
PER_SUPPLIER = Option(
    "per_supplier", Path | None, "Write one workbook per supplier into this folder.", metavar="DIR"
)


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "reorder", LEVEL, BUDGET, PER_SUPPLIER, *WHEN, *WHERE, *SHOW, *TALK)
    def reorder(request: Request) -> None:
        """What to buy, move, expedite, defer or cancel. When and how much, each with its reason."""
        from stockturn import api
        from stockturn.cli.show import emit, say
        from stockturn.cli.show_sources import read_ledger
        from stockturn.i18n import text

        ledger = read_ledger(request)
        result = api.reorder_result(ledger, request.settings)
        if request.per_supplier is not None:
            for path in api.write_supplier_sheets(result, request.per_supplier, request.settings):
                print(text("cli.config_written", request.settings.lang, file=path), file=sys.stderr)
        if folder := api.ledger_folder(request.sources):
            say(api.keep_suggestions(folder, result.frame, ledger, request.settings), request)
        emit(result, request)
