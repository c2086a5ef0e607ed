"""``stockturn deadstock``."""

from __future__ import annotations

import typer

from stockturn.cli.options import ANALYSE, Request, command


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "deadstock", *ANALYSE)
    def deadstock(request: Request) -> None:
        """How old the stock is, what no longer sells, what that costs and what to do about it."""
        from stockturn import api
        from stockturn.cli.show import emit
        from stockturn.cli.show_sources import read_ledger

        ledger = read_ledger(request)
        emit(api.deadstock_result(ledger, request.settings), request)
