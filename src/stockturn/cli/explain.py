"""``stockturn explain``: where the numbers on one sku come from."""

from __future__ import annotations

import typer

from stockturn.cli.forecast import BUCKET, HORIZON, MODEL
from stockturn.cli.options import HOW, SHOW, TALK, WHEN, WHERE, Option, Request, command
from stockturn.cli.reorder import LEVEL

SKU = Option(
    "sku",
    list[str],
    "The sku, as the exports write it; may be given several times.",
    "scope.sku",
    default=...,
)
AREA = Option(
    "area",
    list[str],
    "Only this area (item, balance, turnover, cost, classes, demand, forecast, accuracy, lead_time, reorder, ageing,"
    " deadstock, alerts); may be given several times.",
    default=[],
)
FULL = Option(
    "full",
    bool,
    "On the screen also the own figures of every warehouse, as with --warehouse or --area.",
    default=False,
)


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(
        app, "explain", SKU, WHERE[0], AREA, FULL, *WHEN, *HOW, MODEL, HORIZON, BUCKET, LEVEL, *SHOW, *TALK
    )
    def explain(request: Request) -> None:
        """Where the numbers on a sku come from. Every figure with its formula filled in, and the ledger rows behind it."""
        from stockturn import api
        from stockturn.cli.progress import stages
        from stockturn.cli.show import emit
        from stockturn.cli.show_sources import read_ledger

        ledger = read_ledger(request)
        folder = api.ledger_folder(request.sources)
        with stages(request) as stage:
            result = api.explain_result(
                ledger,
                settings=request.settings,
                areas=request.area,
                folder=folder,
                full=request.full,
                progress=stage,
            )
        emit(result, request)
