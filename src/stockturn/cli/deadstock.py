"""``stockturn deadstock``."""

from __future__ import annotations

import typer

from stockturn.cli.options import ANALYSE, Option, Request, command

AGES = Option(
    "ages",
    bool,
    "Also age by category, what moved between ages in a month, and expiring batches.",
    default=False,
)


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "deadstock", AGES, *ANALYSE)
    def deadstock(request: Request) -> None:
        """How old the stock is, what no longer sells, what that costs and what to do about it."""
        from stockturn import api
        from stockturn.cli.show import emit
        from stockturn.cli.show_sources import read_ledger

        ledger = read_ledger(request)
        emit(api.deadstock_result(ledger, request.settings, ages=request.ages), request)
