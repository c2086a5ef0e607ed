"""``stockturn snooze``: an alert that is known and needs no reminder for a while."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import typer

from stockturn.cli.options import TALK, Option, Request, command
from stockturn.errors import UsageError

UNTIL = Option("until", str | None, "The day from which on it is shown again.", metavar="DATE")


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "snooze", UNTIL, *TALK, sources="ID LEDGER")
    def snooze(request: Request) -> None:
        """Put an alert to sleep until a day. It wakes when it gets worse."""
        from stockturn import api
        from stockturn.i18n import note_text

        if len(request.sources) != 2 or not request.until:
            raise UsageError("snooze_usage")
        try:
            until = date.fromisoformat(request.until)
        except ValueError:
            raise UsageError("date_bad", value=request.until) from None
        alert, folder = str(request.sources[0]), Path(request.sources[1])
        note = api.snooze(folder, alert, until, request.settings, datetime.now(UTC))
        if not request.quiet:
            print(note_text(note.key, note.params, request.settings.lang))
