"""``stockturn suppliers``."""

from __future__ import annotations

import typer

from stockturn.cli.options import SHOW, TALK, WHEN, WHERE, Request, command


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "suppliers", *WHEN, *WHERE, *SHOW, *TALK)
    def suppliers(request: Request) -> None:
        """How each supplier has done. Lead time, punctuality, prices, and what a day of lateness costs."""
        from stockturn import api
        from stockturn.cli.show import emit
        from stockturn.cli.show_sources import read_ledger

        ledger = read_ledger(request)
        emit(api.suppliers_result(ledger, request.settings), request)
