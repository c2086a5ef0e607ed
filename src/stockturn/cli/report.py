"""``stockturn report``: the workbook, and one screen worth reading."""

from __future__ import annotations

from pathlib import Path

import typer

from stockturn.cli.options import ANALYSE, Format, Option, Request, command

HTML = Option("html", Path | None, "Write one offline page as well.", metavar="FILE")

CARRY = Option(
    "carry", Path | None, "Last month's workbook: what was filled in there is carried over.", metavar="FILE"
)


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "report", HTML, CARRY, *ANALYSE)
    def report(request: Request) -> None:
        """Everything in one run: a workbook, and a page. With a summary on the screen; --html writes the page."""
        from stockturn import api
        from stockturn.cli.progress import stages
        from stockturn.cli.show import colorful, emit, say
        from stockturn.cli.show_sources import read_ledger

        # Read first: a wrong file should be said before the long work, not after it.
        carried = api.read_carry(request.carry) if request.carry is not None else None
        ledger = read_ledger(request)
        with stages(request) as stage:
            folder = api.ledger_folder(request.sources)
            analysis = api.analyse(ledger, request.settings, progress=stage, folder=folder)
            if folder and analysis.supply:
                say(api.keep_suggestions(folder, analysis.supply.reorder, ledger, request.settings), request)
            if request.format in (Format.JSON, Format.CSV, Format.PARQUET):
                emit(api.analysis_result(analysis), request)
                return
            stage("workbook")
            out = request.out or Path(f"stockturn-{analysis.as_of}.xlsx")
            shown = api.build_report(analysis, request.settings, carried)
            api.write_report(shown, out, request.settings, request.html)
        say((note for note in analysis.notes if note not in ledger.notes), request)
        if not request.quiet:
            from stockturn.output import console

            written = [out, request.html] if request.html else [out]
            console.show_report(shown, written, color=colorful(request))
