"""The verb ``alerts``: rules over a run, their life kept in a ledger folder, and mail that is sent or kept for later.

What a mail has still to carry stands in the folder (``history/outbox``) before the run is recorded, and leaves it only
when a server has taken the mail: a kill or a failed send loses nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from stockturn.config import Settings
from stockturn.config.settings import PeriodSettings, Scope
from stockturn.engine.alerts import (
    NEWS,
    OPEN,
    RULES,
    STATES,
    alert_frames,
    evaluate,
    life,
    snoozed,
    undecided,
)
from stockturn.engine.entries import entries
from stockturn.engine.run import Run
from stockturn.errors import InputError, UsageError
from stockturn.model import Ledger, Note, Result
from stockturn.store import history, suggestions

if TYPE_CHECKING:
    from stockturn.output.mail import Letter
    from stockturn.output.smtp import Failure

ALERTS, OUTBOX, MAIL = "alerts", "outbox", "mail"
QUEUE = {"to": pl.String, "id": pl.String}


def alerts_result(
    ledger: Ledger,
    settings: Settings,
    *,
    folder: Path | None = None,
    now: datetime,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """The alerts of a ledger; with the ledger ``folder`` their life is kept and this run is recorded there.

    The whole company is always looked at, so that a narrow scope resolves nothing; the scope narrows the rows of the
    result. ``screen["whole"]`` has all rows, for mail.
    """
    whole = settings.model_copy(update={"scope": Scope(), "period": _to_as_of(settings)})
    if settings.scope != Scope():
        entries(ledger, settings)  # a scope that holds nothing is a mistake, and no good news
    run = Run(ledger, whole, progress)
    as_of = run.entries.as_of
    frames = alert_frames(run, suggestions.read(folder, as_of) if folder else None)
    found, looked_at = evaluate(frames, whole)
    if folder is None:
        shown = life(found, None, as_of, looked_at)[0]
    else:
        with history.changing(folder, now, settings.alerts.lock_seconds):
            last = recorded(folder, as_of)
            before = last[1] if last else None
            unknown = undecided(frames, whole) if before is not None else frozenset()
            shown, states = life(found, before, as_of, looked_at, unknown)
            _record(folder, shown, states, as_of, whole)
            suggestions.write(folder, as_of, run.reorder().reorder, settings.alerts.keep_runs)
    notes = run.notes() + _notes(looked_at, whole, folder)
    return Result("alerts", {"alerts": _scoped(shown, settings)}, notes, run.period, screen={"whole": shown})


def recorded(folder: Path, as_of: date) -> tuple[date, pl.DataFrame] | None:
    """Day and states of the latest run of ``alerts`` whose as_of is not later: a past day made again compares with its
    past. None where there is none."""
    days = [name for name in history.names(folder, ALERTS) if name <= as_of.isoformat()]
    states = history.read(folder, ALERTS, days[-1]) if days else None
    return None if states is None else (date.fromisoformat(days[-1]), states)


def _to_as_of(settings: Settings) -> PeriodSettings:
    """Alerts are about as_of: a period of the settings that ends earlier is no part of it."""
    return settings.period.model_copy(update={"period": None})


def _notes(looked_at: frozenset[str], settings: Settings, folder: Path | None) -> tuple[Note, ...]:
    absent = [name for name in RULES if name not in looked_at and settings.alerts.rule(name).on]
    notes = [Note("alerts.rules_not_evaluated", {"rules": ", ".join(absent)})] if absent else []
    return (*notes, *(() if folder else (Note("alerts.not_recorded"),)))


def _scoped(shown: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    scope = settings.scope
    for name, wanted in (("warehouse", scope.warehouse), ("category", scope.category), ("sku", scope.sku)):
        if wanted:
            shown = shown.filter(pl.col(name).is_in(wanted))
    return shown


def _record(folder: Path, shown: pl.DataFrame, states: pl.DataFrame, as_of: date, settings: Settings) -> None:
    """Keep what the next run needs, and queue what has to be mailed; a past day made again is no news to anybody."""
    if settings.alerts.mail.host and not _is_past(folder, as_of):
        _queue(folder, shown, settings)
    history.write(folder, ALERTS, as_of.isoformat(), states)
    history.prune(folder, ALERTS, settings.alerts.keep_runs)


def _is_past(folder: Path, as_of: date) -> bool:
    """Whether a run of a later day is recorded."""
    return bool(runs := history.names(folder, ALERTS)) and runs[-1] > as_of.isoformat()


def _queue(folder: Path, shown: pl.DataFrame, settings: Settings) -> None:
    """Add what is new or worse to the outbox, and take out what is no longer open."""
    waiting = _outbox(folder).join(shown.filter(pl.col("state").is_in(OPEN)), on="id", how="semi")
    news = shown.filter(pl.col("state").is_in(NEWS))
    fresh = [_of_address(news, to, settings).select(to=pl.lit(to), id="id") for to in addresses(settings)]
    history.write(folder, OUTBOX, MAIL, pl.concat([waiting, *fresh]).unique(maintain_order=True))


def _outbox(folder: Path) -> pl.DataFrame:
    kept = history.read(folder, OUTBOX, MAIL)
    return kept if kept is not None else pl.DataFrame(schema=QUEUE)


def addresses(settings: Settings) -> list[str]:
    """Every address that gets mail, once."""
    mail = settings.alerts.mail
    return list(dict.fromkeys((*mail.to, *mail.owners.values())))


def _of_address(frame: pl.DataFrame, to: str, settings: Settings) -> pl.DataFrame:
    """The alerts that an address gets: all of them, or those of its owners."""
    mail = settings.alerts.mail
    if not to or to in mail.to:
        return frame
    return frame.filter(
        pl.col("owner").is_in([name for name, address in mail.owners.items() if address == to])
    )


def letters(
    shown: pl.DataFrame, settings: Settings, *, always: bool = False, waiting: pl.DataFrame | None = None
) -> list[Letter]:
    """The mails there are to write: one per address with anything new or worse (``always``: with anything).

    With ``waiting`` (to, id) what is new to an address is what waits for it: also what an earlier run could not send.
    Without any address there is one mail with everything, to nobody.
    """
    from stockturn.output.mail import Letter

    made = []
    for place, to in enumerate(addresses(settings) or [""]):
        mine = _of_address(shown, to, settings)
        news = mine.filter(pl.col("state").is_in(NEWS))["id"]
        if waiting is not None:
            news = waiting.filter((pl.col("to") == to) & pl.col("id").is_in(mine["id"].implode()))["id"]
        if len(news) or (always and (mine.height or to in settings.alerts.mail.to or not to)):
            unseen = pl.col("id").is_in(news.implode()) & (pl.col("state") == "ongoing")
            mine = mine.with_columns(state=pl.when(unseen).then(pl.lit("new")).otherwise("state"))
            first = pl.col("state").is_in(NEWS)
            made.append(Letter(to, f"{place + 1:02}", mine.sort(first, descending=True, maintain_order=True)))
    return made


def write_letters(
    made: list[Letter], target: Path, as_of: date, settings: Settings, now: datetime
) -> list[Path]:
    """Write the mails as .eml files into a folder; gives their paths."""
    from stockturn.output.mail import compose, save

    if not target.is_dir():
        raise UsageError("output_folder_missing", file=target / "*.eml", folder=target)
    written = []
    for letter in made:
        name = f"alerts-{as_of.isoformat()}{'-' + letter.to if letter.to else ''}.eml"
        safe = "".join(sign if sign.isalnum() or sign in "-_.@" else "_" for sign in name)
        path = target / safe
        save(compose(letter, _workbook(letter, as_of, settings), as_of, now, settings), path)
        written.append(path)
    return written


def check_mail(settings: Settings, password: str | None) -> None:
    """Whether mail can be sent at all; raises UsageError naming the setting that is missing."""
    from stockturn.output.smtp import trusted

    mail = settings.alerts.mail
    if not mail.host:
        raise UsageError("mail_no_host")
    if not addresses(settings):
        raise UsageError("mail_no_recipients")
    if not (mail.sender or mail.user):
        raise UsageError("mail_no_sender")
    if mail.user and not password:
        raise UsageError("mail_no_password", user=mail.user)
    try:
        trusted(mail)
    except OSError as error:
        raise UsageError("mail_ca_file", file=mail.ca_file, detail=error.strerror or error) from error


def deliver(
    shown: pl.DataFrame,
    as_of: date,
    settings: Settings,
    password: str | None,
    now: datetime,
    *,
    folder: Path | None = None,
    always: bool = False,
) -> tuple[list[str], list[Failure]]:
    """Send what there is to send; gives the addresses that got a mail, and the failures.

    What was sent leaves the outbox, what was not stays; a past day made again takes nothing from it. Of two runs at the same time the second waits and then finds
    nothing left to send.
    """
    from stockturn.output.mail import compose
    from stockturn.output.smtp import send

    home = folder / history.FOLDER / OUTBOX if folder else None
    alone = (
        history.changing(home, now, settings.alerts.lock_seconds) if home and home.is_dir() else nullcontext()
    )
    delivered: list[str] = []
    with alone:
        waiting = None
        if folder:
            waiting = _outbox(folder).clear() if _is_past(folder, as_of) else _outbox(folder)
        made = {one.to: one for one in letters(shown, settings, always=always, waiting=waiting)}

        def sent(to: str) -> None:
            delivered.append(to)
            if folder:
                _take_out(folder, made[to], settings, now)

        mails = [compose(one, _workbook(one, as_of, settings), as_of, now, settings) for one in made.values()]
        failures = send(mails, settings.alerts.mail, password, sent) if mails else []
    return delivered, failures


def _take_out(folder: Path, letter: Letter, settings: Settings, now: datetime) -> None:
    """Take what a mail carried out of the outbox, at once: a run that is killed sends no mail a second time."""
    with history.changing(folder, now, settings.alerts.lock_seconds):
        gone = letter.alerts.select(to=pl.lit(letter.to), id="id")
        history.write(folder, OUTBOX, MAIL, _outbox(folder).join(gone, on=["to", "id"], how="anti"))


def _workbook(letter: Letter, as_of: date, settings: Settings) -> bytes:
    from stockturn.output.alert_sheets import write_alerts

    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "alerts.xlsx"
        write_alerts(letter.alerts, path, as_of, settings)
        return path.read_bytes()


def snooze(folder: Path, alert: str, until: date, settings: Settings, now: datetime) -> Note:
    """Put an alert to sleep until a day; ``alert`` is its id or the beginning of it.

    Raises InputError where the folder's last run has no such open alert, UsageError where the day is not after it.
    """
    with history.changing(folder, now, settings.alerts.lock_seconds):
        runs = history.names(folder, ALERTS)
        states = history.read(folder, ALERTS, runs[-1]) if runs else None
        if states is None:
            raise InputError("alerts_no_runs", folder=folder)
        found = states.filter(pl.col("id").str.starts_with(alert) & (pl.col("state") != "resolved"))
        if found.is_empty() or not alert:
            raise InputError("alert_unknown", alert=alert, folder=folder, as_of=runs[-1])
        if found.height > 1:
            raise InputError("alert_ambiguous", alert=alert, found=", ".join(found["id"].head(5)))
        if until.isoformat() <= runs[-1]:
            raise UsageError("snooze_past", until=until, as_of=runs[-1])
        row = found.row(0, named=True)
        history.write(folder, ALERTS, runs[-1], snoozed(states.select(*STATES), row["id"], until))
    named = [row[name] for name in ("sku", "warehouse", "supplier", "category", "file") if row[name]]
    what = " ".join(named[:2]) if row["sku"] else named[0]
    return Note("alerts.snoozed", {"id": row["id"], "rule": row["rule"], "what": what, "until": until})
