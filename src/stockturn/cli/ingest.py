"""``stockturn ingest``: what was read, what was refused; kept in a ledger folder with ``--into``."""

from __future__ import annotations

from pathlib import Path

import typer

from stockturn.cli.options import SHOW, TALK, Option, Request, command
from stockturn.errors import UsageError

STRICT = Option("strict", bool, "Leave with status 3 where anything could not be read.", default=False)
INTO = Option(
    "into",
    Path | None,
    "Keep what was read in this ledger folder; without it nothing is written.",
    metavar="LEDGER",
)
LIST = Option("list_files", bool, "List the files a ledger folder holds.", flags=("--list",), default=False)
FORGET = Option("forget", str | None, "Take this file out of the ledger folder again.", metavar="FILE")
ENCODING = Option(
    "encoding", str | None, "Encoding of text files, where the one found is wrong.", "ingest.encoding"
)


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "ingest", INTO, LIST, FORGET, ENCODING, STRICT, *SHOW, *TALK, sources="SRC", optional=True)
    def ingest(request: Request) -> None:
        """What was read, refused and skipped. With --into the exports are kept in a ledger folder."""
        from stockturn import api
        from stockturn.cli.show import emit
        from stockturn.cli.show_sources import check_read, read_ledger

        if request.list_files or request.forget:
            folder = _ledger_folder(request)
            if request.forget:
                api.forget(folder, request.forget, request.settings)
            emit(api.listing(folder), request)
            return
        if not request.sources:
            raise UsageError("sources_missing")
        ledger = read_ledger(request, into=request.into)
        # how far lists and movements agree is what a dry run is made for
        emit(api.ingest_result(ledger, request.settings), request, every_note=True)
        check_read(ledger, request)


def _ledger_folder(request: Request) -> Path:
    folders: list[Path] = [folder for folder in (request.into, *request.sources) if folder is not None]
    if len(folders) != 1:
        raise UsageError("one_ledger")
    return folders[0]
