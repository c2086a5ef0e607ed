"""``stockturn deadstock``."""

from __future__ import annotations

import typer

from stockturn.cli.options import ANALYSE, Option, Request, command

AGES = Option(
    "ages",
    bool,
    "Also age by category (or --by), what moved between ages in a month, and expiring batches.",
    default=False,
)
BY = Option(
    "by",
    str | None,
    "Age (and what moved between ages) by these, joined by commas: sku,warehouse,category,supplier,owner ...",
)


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "deadstock", AGES, BY, *ANALYSE)
    def deadstock(request: Request) -> None:
        """What lies too long, and the way out. How old the stock is, what it costs and what brings most back."""
        from stockturn import api
        from stockturn.cli.show import emit
        from stockturn.cli.show_sources import read_ledger

        ledger = read_ledger(request)
        by = tuple(part.strip() for part in (request.by or "").split(",") if part.strip())
        emit(api.deadstock_result(ledger, request.settings, ages=request.ages, by=by), request)
