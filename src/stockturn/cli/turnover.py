"""``stockturn turnover``."""

from __future__ import annotations

import typer

from stockturn.cli.options import ANALYSE, Format, Option, Request, command

BY = Option(
    "by",
    str | None,
    "Dimensions, joined by commas: category,warehouse,supplier,brand,owner,team,abc,sku,batch,month,quarter ...",
)


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "turnover", BY, *ANALYSE)
    def turnover(request: Request) -> None:
        """How fast the stock turns, by any dimension. Against the target, the period before and the year before."""
        from stockturn import api
        from stockturn.cli.show import chosen_format, emit
        from stockturn.cli.show_sources import read_ledger

        ledger = read_ledger(request)
        by = tuple(part.strip() for part in (request.by or "").split(",") if part.strip())
        further = request.table is not None or chosen_format(request) is Format.XLSX
        result = api.turnover_result(
            ledger,
            by,
            request.settings,
            further=further,
            on_screen=request.on_screen and not further,
            largest_first=request.on_screen or request.top is not None,
        )
        emit(result, request)
