"""``stockturn alerts``."""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from stockturn.cli.options import SHOW, TALK, WHEN, WHERE, Format, Option, Request, command
from stockturn.errors import ExitCode, InputError

if TYPE_CHECKING:
    import polars as pl

    from stockturn.model import Result

PASSWORD = "STOCKTURN_SMTP_PASSWORD"
"""The environment variable with the password of the mail server."""


class FailOn(StrEnum):
    """Levels that can end a run with a status of their own."""

    WARNING = "warning"
    CRITICAL = "critical"


FAIL_ON = Option(
    "fail_on",
    FailOn | None,
    "End with status 4 where an open alert is at least so serious: warning or critical.",
)
EML = Option("eml", Path | None, "Write the mails into this folder as .eml files.", metavar="DIR")
MAIL = Option("mail", bool, "Send what is new or worse by mail, as [alerts.mail] says.", default=False)
ALWAYS = Option("always", bool, "Mail (or .eml) also where nothing is new.", default=False)


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "alerts", FAIL_ON, MAIL, EML, ALWAYS, WHEN[0], *WHERE, *SHOW, *TALK)
    def alerts(request: Request) -> None:
        """What needs attention, and what is new. Since the last run, by whom it is to be done."""
        from stockturn import api
        from stockturn.cli.progress import stages
        from stockturn.cli.show_sources import read_ledger

        password, now = os.environ.get(PASSWORD), datetime.now(UTC)
        if request.mail:
            api.check_mail(request.settings, password)
        ledger = read_ledger(request)
        folder = api.ledger_folder(request.sources)
        with stages(request) as stage:
            result = api.alerts_result(ledger, request.settings, folder=folder, now=now, progress=stage)
        assert result.period is not None
        _show(result, result.period.end, request)
        whole, as_of, settings = result.screen["whole"], result.period.end, request.settings
        if request.eml:
            made = api.letters(whole, settings, always=request.always)
            written = api.write_letters(made, request.eml, as_of, settings, now)
            _tell([("mail_saved", {"file": path}) for path in written] or [("mail_nothing", {})], request)
        if request.mail:
            _mail(whole, as_of, request, password, now, folder)
        if _fails(result, request.fail_on):
            raise typer.Exit(ExitCode.ALERTS)


def _show(result: Result, as_of: date, request: Request) -> None:
    """The digest on a screen, one sheet per owner in a workbook, else data."""
    from stockturn.cli.show import chosen_format, colorful, emit, say
    from stockturn.i18n import note_text

    form = chosen_format(request)
    if request.table or form not in (Format.TABLE, Format.XLSX) or (form is Format.XLSX and not request.out):
        emit(result, request)
        return
    if form is Format.XLSX:
        say(result.notes, request)
        from stockturn.output.alert_sheets import write_alerts

        frame = result.frame if request.top is None else result.frame.head(request.top)
        write_alerts(frame, request.out, as_of, request.settings)
        return
    from stockturn.output.console_alerts import show_alerts

    say((note for note in result.notes if not note.key.startswith("alerts.")), request)
    said = [
        note_text(note.key, note.params, request.settings.lang)
        for note in result.notes
        if note.key.startswith("alerts.")
    ]
    show_alerts(result.frame, as_of, request.settings, color=colorful(request), top=request.top, said=said)


def _mail(
    whole: pl.DataFrame,
    as_of: date,
    request: Request,
    password: str | None,
    now: datetime,
    folder: Path | None,
) -> None:
    """Send, say what was sent, and end with an error where something was not."""
    from stockturn import api

    mail = request.settings.alerts.mail
    sent, failures = api.deliver(
        whole,
        as_of,
        request.settings,
        password,
        now,
        folder=folder,
        always=request.always,
    )
    said: list[tuple[str, dict[str, object]]] = [("mail_sent", {"to": to}) for to in sent]
    _tell(said or ([] if failures else [("mail_nothing", {})]), request)
    where = {"host": mail.host, "port": mail.port, "user": mail.user}
    kept = "mail_failed" if folder else "mail_failed_unkept"
    _tell([(kept, {"to": one.to, "detail": one.detail}) for one in failures], request, always=True)
    if failures:
        first = failures[0]
        raise InputError(first.key, to=first.to, detail=first.detail, variable=PASSWORD, **where)


def _tell(lines: list[tuple[str, dict[str, object]]], request: Request, *, always: bool = False) -> None:
    from stockturn.i18n import text

    if request.quiet and not always:
        return
    for key, params in lines:
        print(text(f"alerts.{key}", request.settings.lang, **params), file=sys.stderr)


def _fails(result: Result, level: FailOn | None) -> bool:
    """Whether an open alert is at or above the level."""
    if level is None:
        return False
    serious = ("critical",) if level is FailOn.CRITICAL else ("warning", "critical")
    still = ("new", "ongoing", "escalated")
    rows = result.frame.select("state", "level").iter_rows()
    return any(state in still and how in serious for state, how in rows)
