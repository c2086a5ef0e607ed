"""``stockturn abc``."""

from __future__ import annotations

import typer

from stockturn.cli.options import ANALYSE, Request, command


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "abc", *ANALYSE)
    def abc(request: Request) -> None:
        """Which goods are A, B or C, X, Y or Z. By value and by steadiness, and how their demand comes."""
        from stockturn import api
        from stockturn.cli.show import emit
        from stockturn.cli.show_sources import read_ledger

        ledger = read_ledger(request)
        emit(api.abc_result(ledger, request.settings), request)
