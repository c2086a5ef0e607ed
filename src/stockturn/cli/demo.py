"""``stockturn demo``: the example company's exports, to try everything on."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from stockturn.cli.options import TALK, Request, command


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "demo", *TALK, sources="DIR")
    def demo(request: Request) -> None:
        """Write a small company's monthly exports into a folder."""
        from stockturn.demo import write_demo
        from stockturn.errors import UsageError
        from stockturn.i18n import text

        if len(request.sources) != 1:
            raise UsageError("one_folder", command="demo")
        folder: Path = request.sources[0]
        summary = write_demo(folder, lang=request.settings.lang)
        if not request.quiet:
            lang = request.settings.lang
            print(text("demo.written", lang, files=len(summary.files), folder=folder))
            print(text("demo.next", lang, folder=folder), file=sys.stderr)
