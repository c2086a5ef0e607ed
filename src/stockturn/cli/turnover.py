"""``stockturn turnover``."""

from __future__ import annotations

import typer

from stockturn.cli.options import ANALYSE, Option, Request, command

BY = Option(
    "by",
    str | None,
    "Dimensions, joined by commas: category,warehouse,supplier,brand,owner,team,abc,sku,month ...",
)


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "turnover", BY, *ANALYSE)
    def turnover(request: Request) -> None:
        """How fast the stock turned, against the target, the period before and the year before."""
        from stockturn import api
        from stockturn.cli.show import emit
        from stockturn.cli.show_sources import read_ledger

        ledger = read_ledger(request)
        by = tuple(part.strip() for part in (request.by or "").split(",") if part.strip())
        emit(api.turnover_result(ledger, by, request.settings, on_screen=request.on_screen), request)
