"""``stockturn reorder``."""

from __future__ import annotations

import typer

from stockturn.cli.options import SHOW, TALK, WHEN, WHERE, Option, Request, command

LEVEL = Option(
    "service_level", float | None, "One service level for everything, such as 0.95.", "reorder.service_level"
)
BUDGET = Option("budget", float | None, "Money for the orders to be placed now.", "reorder.budget")


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "reorder", LEVEL, BUDGET, *WHEN, *WHERE, *SHOW, *TALK)
    def reorder(request: Request) -> None:
        """What to buy, move, expedite, defer or cancel, when and how much, each with its reason."""
        from stockturn import api
        from stockturn.cli.show import emit
        from stockturn.cli.show_sources import read_ledger

        ledger = read_ledger(request)
        emit(api.reorder_result(ledger, request.settings), request)
