"""The report as values, before any format: one small file per sheet, joined in one tuple.

Adding a sheet is a module with ``build(context) -> Sheet`` and its line in ``SHEETS``. A sheet that has nothing to
rest on in this run (``None``) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace

import polars as pl

from stockturn.config import Settings
from stockturn.model import Analysis, Report, Sheet, Supply
from stockturn.output.phrases import Phrases, with_scopes
from stockturn.output.sheets import (
    alerts,
    classes,
    deadstock,
    forecast,
    method,
    quality,
    reorder,
    review,
    scorecard,
    summary,
    turnover,
)
from stockturn.output.sheets.context import Context

SHEETS: tuple[Callable[[Context], Sheet | None], ...] = (
    summary.build,
    turnover.build,
    classes.build,
    forecast.build,
    reorder.build,
    alerts.build,
    deadstock.build,
    scorecard.build,
    review.build,
    quality.build,
    method.build,
)
"""The sheets in reading order."""


def build_report(
    analysis: Analysis,
    settings: Settings,
    versions: Mapping[str, str],
    carried: Mapping[str, pl.DataFrame] | None = None,
) -> Report:
    """Everything a reader will see, in the language of the settings, from one run of the engine.

    ``carried``: what people wrote into the lists of the last workbook (:func:`stockturn.output.carry.read_handled`).
    """
    say = Phrases(settings.lang)
    context = Context(_localised(analysis, say), settings, versions, say, carried or {})
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
        tuple(made for sheet in SHEETS if (made := sheet(context)) is not None),
        properties={
            "subject": say("subject"),
            "company": settings.report.company,
            "comments": say("made_by", version=versions.get("stockturn", "")),
        },
    )


def _localised(analysis: Analysis, say: Phrases) -> Analysis:
    """The run with scopes that the data do not name called so in the reader's language, in every frame."""
    by = {name: with_scopes(frame, say) for name, frame in analysis.by.items()}
    supply = analysis.supply and replace(analysis.supply, **_with_scopes(analysis.supply, say))  # type: ignore[arg-type]
    return replace(analysis, by=by, supply=supply, **_with_scopes(analysis, say))  # type: ignore[arg-type]


def _with_scopes(run: Analysis | Supply, say: Phrases) -> dict[str, pl.DataFrame]:
    return {
        field.name: with_scopes(value, say)
        for field in fields(run)
        if isinstance(value := getattr(run, field.name), pl.DataFrame)
    }
