"""The report as values, before any format: one small file per sheet, joined in one tuple.

Adding a sheet is a module with ``build(context) -> Sheet`` and its line in ``SHEETS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace

import polars as pl

from stockturn.config import Settings
from stockturn.model import Analysis, Report, Sheet
from stockturn.output.phrases import Phrases, with_scopes
from stockturn.output.sheets import classes, deadstock, method, quality, summary, turnover
from stockturn.output.sheets.context import Context

SHEETS: tuple[Callable[[Context], Sheet], ...] = (
    summary.build,
    turnover.build,
    classes.build,
    deadstock.build,
    quality.build,
    method.build,
)
"""The sheets in reading order."""


def build_report(analysis: Analysis, settings: Settings, versions: Mapping[str, str]) -> Report:
    """Everything a reader will see, in the language of the settings, from one run of the engine."""
    say = Phrases(settings.lang)
    context = Context(_localised(analysis, say), settings, versions, say)
    period = analysis.period
    title = settings.report.title or (
        say("title_of", company=settings.report.company) if settings.report.company else say("title")
    )
    subtitle = say(
        "subtitle",
        start=period.start.isoformat(),
        end=period.end.isoformat(),
        as_of=analysis.as_of.isoformat(),
        currency=settings.ingest.currency or say("currency_unknown"),
    )
    return Report(
        title,
        subtitle,
        settings.lang,
        settings.ingest.currency,
        analysis.as_of,
        tuple(sheet(context) for sheet in SHEETS),
        properties={
            "subject": say("subject"),
            "company": settings.report.company,
            "comments": say("made_by", version=versions.get("stockturn", "")),
        },
    )


def _localised(analysis: Analysis, say: Phrases) -> Analysis:
    """The run with scopes that the data do not name called so in the reader's language, in every frame."""
    frames = {
        field.name: with_scopes(value, say)
        for field in fields(analysis)
        if isinstance(value := getattr(analysis, field.name), pl.DataFrame)
    }
    by = {name: with_scopes(frame, say) for name, frame in analysis.by.items()}
    return replace(analysis, by=by, **frames)  # type: ignore[arg-type]
