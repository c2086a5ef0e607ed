"""Alerts on the terminal: counts, then what is new or worse, then the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from stockturn.config import Settings
from stockturn.i18n import text
from stockturn.output.console import make_console
from stockturn.output.console_tables import COLOURS, styled
from stockturn.output.formats import shown, text_line
from stockturn.output.phrases import Phrases, spoken
from stockturn.schema import Unit

if TYPE_CHECKING:
    from rich.console import Console

GROUPS = {
    "digest_news": ("new", "escalated"),
    "digest_open": ("ongoing",),
    "digest_rest": ("snoozed", "not_evaluated", "resolved"),
}
COLUMNS = ("level", "about", "warehouse", "message", "value", "owner", "id")
_WIDEST = 24


def show_alerts(
    frame: pl.DataFrame,
    as_of: date,
    settings: Settings,
    *,
    color: bool | None = None,
    top: int | None = None,
    console: Console | None = None,
    said: Sequence[str] = (),
) -> None:
    """The digest: how many in each state and level, then the tables, new ones first and the longest list.

    ``said``: sentences below it, such as which rules could not be looked at: no alert is then no all-clear.
    """
    where, lang = console or make_console(color), settings.lang
    where.print(text("alerts.digest", lang, as_of=as_of.isoformat(), **counts(frame)))
    if frame.is_empty():
        where.print(styled(text("alerts.none", lang), "" if said else "green"))
        _say(said, where)
        return
    levels = level_counts(frame)
    worst = next((level for level in ("critical", "warning", "info") if levels[level]), "info")
    where.print(styled(text("alerts.digest_levels", lang, **levels), COLOURS[worst]))
    for key, states in GROUPS.items():
        rows = frame.filter(pl.col("state").is_in(states))
        if rows.height:
            where.print(styled(text(f"alerts.{key}", lang), "bold"))
            limit = settings.report.screen_rows if key == "digest_news" else settings.report.short_rows
            _table(rows, where, settings, top if top is not None else limit)
    _say(said, where)


def _say(said: Sequence[str], where: Console) -> None:
    for sentence in said:
        where.print(styled(sentence, "dim"))


def about(lang: str) -> pl.Expr:
    """What an alert is about: the sku, else the scope with its kind, such as ``Supplier: Acme``."""
    say = Phrases(lang)
    scopes = (
        pl.format("{}: {}", pl.lit(say.label(name)), pl.col(name).replace("(none)", text("words.none", lang)))
        for name in ("file", "supplier", "category")
    )
    place = pl.when(pl.col("warehouse").is_null()).then(pl.coalesce(*scopes))
    return pl.coalesce("sku", place).alias("about")


def _table(rows: pl.DataFrame, where: Console, settings: Settings, limit: int) -> None:
    """The first rows; the message takes the room that is left and may take several lines."""
    from rich import box
    from rich.table import Table

    say = Phrases(settings.lang)
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, expand=True)
    for name in COLUMNS:
        figure, long = name == "value", name == "message"
        table.add_column(
            styled(text("alerts.about", settings.lang) if name == "about" else say.label(name), ""),
            justify="right" if figure else "left",
            no_wrap=not long,
            overflow="fold" if long else "ellipsis",
            ratio=1 if long else None,
            max_width=None if long else _WIDEST,
        )
    first = rows.head(limit)
    levels = first["level"].to_list()
    named = first.with_columns(about(settings.lang))
    for level, row in zip(levels, spoken(named.select(COLUMNS), say).iter_rows(named=True), strict=True):
        cells = {name: text_line(row[name] or "") for name in COLUMNS if name != "value"}
        cells["value"] = shown(row["value"], Unit.MONEY, settings.lang, compact=True)
        table.add_row(*(styled(cells[name], COLOURS[level] if name == "level" else "") for name in COLUMNS))
    where.print(table)
    if rows.height > limit:
        where.print(styled(_rest(rows.slice(limit), settings), "dim"))
        where.print(styled(say("screen_more", n=shown(rows.height - limit, Unit.COUNT)), "dim"))


def _rest(rows: pl.DataFrame, settings: Settings) -> str:
    """How many alerts of each rule a table leaves out, and the money in them, most money first."""
    say, lang = Phrases(settings.lang), settings.lang
    sums = (
        rows.group_by("rule")
        .agg(n=pl.len(), value=pl.col("value").sum())
        .sort("value", "rule", descending=[True, False])
    )
    parts = [
        text(
            "alerts.digest_part",
            lang,
            rule=say.code("rule", rule),
            n=n,
            value=shown(value, Unit.MONEY, lang, compact=True),
        )
        for rule, n, value in sums.iter_rows()
    ]
    return text("alerts.digest_rest_of", lang, parts=", ".join(parts))


def counts(frame: pl.DataFrame) -> dict[str, int]:
    """How many alerts are in each state."""
    found = dict(frame.group_by("state").len().iter_rows())
    states = ("new", "escalated", "ongoing", "snoozed", "not_evaluated", "resolved")
    return {state: int(found.get(state, 0)) for state in states}


def level_counts(frame: pl.DataFrame) -> dict[str, int]:
    """How many open alerts (new, escalated, ongoing) are of each level."""
    still = frame.filter(pl.col("state").is_in(("new", "escalated", "ongoing")))
    found = dict(still.group_by("level").len().iter_rows())
    return {level: int(found.get(level, 0)) for level in ("critical", "warning", "info")}
