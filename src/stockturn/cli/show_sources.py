"""What has to be said about reading, by every command: what was not read and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stockturn.cli.options import Request
from stockturn.errors import InputError

if TYPE_CHECKING:
    from stockturn.model import Ledger


def read_ledger(request: Request, into: Path | None = None) -> Ledger:
    """The ledger of the request's sources, kept in the folder ``into``; what could not be used is named on stderr."""
    from stockturn import api
    from stockturn.cli.progress import stages
    from stockturn.cli.show import say

    with stages(request) as stage:
        if into is None:
            ledger = api.ingest(*request.sources, settings=request.settings, progress=stage)
        else:
            ledger = api.keep(*request.sources, into=into, settings=request.settings, progress=stage)
    say(ledger.notes, request)
    _name_unread(api.unread(ledger), request)
    return ledger


def check_read(ledger: Ledger, request: Request) -> None:
    """Raises InputError where nothing at all could be used, or with --strict where anything could not."""
    from stockturn import api

    unread = api.unread(ledger)
    if unread and request.values.get("strict"):
        raise InputError("strict_unread", count=len(unread))
    if len(unread) == ledger.sheets.height:
        raise InputError("nothing_read")


def _name_unread(unread: list[tuple[str, str | None, str]], request: Request) -> None:
    from stockturn.i18n import text

    if request.quiet:
        return
    for file, sheet, reason in unread:
        where = f"{file} [{sheet}]: " if sheet else f"{file}: "
        said = reason if file in reason else where + reason
        print(text("cli.not_read", request.settings.lang, reason=said), file=sys.stderr)
