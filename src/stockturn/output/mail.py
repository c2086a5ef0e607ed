"""Alerts as a mail: a short text and a table, the workbook attached; sent by ``smtp``, or written as an .eml file."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import blake2b
from pathlib import Path

import polars as pl

from stockturn.config import Settings
from stockturn.i18n import text
from stockturn.output.console_alerts import about, counts
from stockturn.output.files import replacing
from stockturn.output.formats import shown, text_line
from stockturn.output.phrases import Phrases, spoken
from stockturn.schema import Unit

XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
COLUMNS = ("level", "state", "rule", "about", "warehouse", "message", "value", "owner")
_SUBJECT_LENGTH = 120
_HEAD = "text-align:left;border-bottom:2px solid #888;padding:4px 8px"
_CELL = "text-align:left;border-bottom:1px solid #ddd;padding:4px 8px"
_INK = {"critical": "#B3261E", "warning": "#9A5B00", "info": "#1F5A99"}


@dataclass(frozen=True)
class Letter:
    """One mail: to whom, about which alerts; ``key`` is what its file is called by."""

    to: str
    key: str
    alerts: pl.DataFrame


def subject(alerts: pl.DataFrame, settings: Settings) -> str:
    """The worst thing first, in about eight words: 'A-100 is out of stock in Main; 12 more'.

    Worst is new or escalated before ongoing, then by level and money, as the frame is sorted. Resolved, snoozed and
    not evaluated ones are not named.
    """
    lang = settings.lang
    still = alerts.filter(pl.col("state").is_in(("new", "escalated", "ongoing")))
    if still.is_empty():
        return text("alerts.subject_nothing", lang)
    first = still.filter(pl.col("state") != "ongoing").head(1)
    if first.is_empty():
        return text("alerts.subject_unchanged", lang, n=still.height)
    row = first.row(0, named=True)
    none = text("words.none", lang)
    names = ("sku", "warehouse", "supplier", "category", "file")
    words = {name: text_line(_name(row[name], none)) for name in names}
    worst = text(f"alerts.subject_{row['rule']}", lang, **words)
    key = "subject" if still.height > 1 else "subject_one"
    return text(f"alerts.{key}", lang, worst=worst, more=still.height - 1)[:_SUBJECT_LENGTH]


def _name(value: str | None, none: str) -> str:
    return none if value in (None, "(none)") else str(value)


def compose(letter: Letter, workbook: bytes, as_of: date, now: datetime, settings: Settings) -> EmailMessage:
    """The mail: subject, text, table, workbook. Everything from the data is escaped; headers hold one line."""
    chosen, lang = settings.alerts.mail, settings.lang
    mail = EmailMessage()
    mail["Subject"] = subject(letter.alerts, settings)
    if sender := (chosen.sender or chosen.user):
        mail["From"] = sender
    if letter.to:
        mail["To"] = letter.to
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = _message_id(letter, as_of, now)
    mail["Auto-Submitted"] = "auto-generated"
    said = text("alerts.mail_counts", lang, as_of=as_of.isoformat(), **_some(counts(letter.alerts)))
    rows = _rows(letter.alerts, settings)
    left = letter.alerts.height - rows.height
    after = [text("alerts.mail_more", lang, n=left)] if left > 0 else []
    after.append(text("alerts.mail_attached", lang))
    mail.set_content("\n".join([said, "", *_lines(rows), "", *after, ""]))
    mail.add_alternative(_page(said, rows, after, settings), subtype="html")
    name = f"{text('alerts.title', lang)}-{as_of.isoformat()}.xlsx"
    mail.add_attachment(workbook, maintype=XLSX[0], subtype=XLSX[1], filename=name)
    return mail


def _message_id(letter: Letter, as_of: date, now: datetime) -> str:
    """The same for the same news to the same address: where a server took a mail and the answer was lost, the copy
    that the next run sends is known as one by the programs that show it. Without news each mail is its own."""
    news = letter.alerts.filter(pl.col("state").is_in(("new", "escalated")))
    about = sorted(news.select(pl.concat_str("id", "level", separator=":")).to_series()) or [now.isoformat()]
    digest = blake2b("\n".join([letter.to, as_of.isoformat(), *about]).encode(), digest_size=16)
    return f"<{digest.hexdigest()}@stockturn.invalid>"


def _some(found: dict[str, int]) -> dict[str, int]:
    return {state: found[state] for state in ("new", "escalated", "ongoing", "resolved")}


def _rows(alerts: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """The first rows as texts, in the reader's words."""
    named = alerts.head(settings.alerts.mail.rows).with_columns(about(settings.lang))
    code = pl.col("level").alias("_level")
    said = spoken(named.select(*COLUMNS), Phrases(settings.lang)).with_columns(named.select(code))
    money = pl.Series("value", [shown(v, Unit.MONEY, settings.lang) for v in named["value"]], dtype=pl.String)
    return said.with_columns(money).with_columns(pl.all().fill_null(""))


def _lines(rows: pl.DataFrame) -> list[str]:
    kept = ("level", "about", "warehouse", "message")
    return [
        "- " + " | ".join(text_line(part) for part in row if part) for row in rows.select(kept).iter_rows()
    ]


def _page(said: str, rows: pl.DataFrame, after: Sequence[str], settings: Settings) -> str:
    say = Phrases(settings.lang)
    labels = [text("alerts.about", settings.lang) if name == "about" else say.label(name) for name in COLUMNS]
    heads = "".join(f'<th style="{_HEAD}">{html.escape(label)}</th>' for label in labels)
    lines = []
    for row in rows.iter_rows(named=True):
        cells = [
            f'<td style="{_CELL}{_style(name, row["_level"])}">{html.escape(text_line(row[name]))}</td>'
            for name in COLUMNS
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    table = (
        f'<table style="border-collapse:collapse"><tr>{heads}</tr>{"".join(lines)}</table>' if lines else ""
    )
    below = "".join(f"<p>{html.escape(line)}</p>" for line in after)
    return (
        f'<!doctype html><html lang="{settings.lang}"><head><meta charset="utf-8"></head>'
        f'<body style="font-family:sans-serif;font-size:14px"><p>{html.escape(said)}</p>{table}{below}</body></html>\n'
    )


def _style(name: str, level: str) -> str:
    if name == "value":
        return ";text-align:right;white-space:nowrap"
    return f";font-weight:bold;color:{_INK.get(level, '#000')}" if name == "level" else ""


def save(mail: EmailMessage, path: Path) -> None:
    """Write a mail as an .eml file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(mail.as_bytes())
