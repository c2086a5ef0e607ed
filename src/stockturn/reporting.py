"""The verb ``report``: one run of the engine, the report made from it, and its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import polars as pl

from stockturn.alerting import recorded
from stockturn.config import Settings
from stockturn.engine.run import Run
from stockturn.model import Analysis, Ledger, Report, Result, Supply
from stockturn.reading import Stage, reconciled


def analyse(
    ledger: Ledger,
    settings: Settings | None = None,
    progress: Stage | None = None,
    folder: Path | str | None = None,
) -> Analysis:
    """Everything the report is made from, in one run of the engine.

    With a ledger ``folder`` alerts have the life that the runs of ``alerts`` recorded there; this run is not recorded.
    """
    chosen = settings or Settings()
    run = Run(ledger, chosen, progress)
    checked = reconciled(ledger, chosen)[1]
    notes = ledger.notes + checked
    if folder is None:
        return run.analysis(notes)
    from stockturn.store import suggestions

    home, as_of = Path(folder), run.entries.as_of
    return run.analysis(notes, recorded(home, as_of), suggestions.read(home, as_of))


def analysis_result(analysis: Analysis) -> Result:
    """The frames of an analysis as one result, for machine output."""
    tables = {
        "report": analysis.total,
        **{f"by_{name}": frame for name, frame in analysis.by.items()},
        "trend": analysis.trend,
        "bridge": analysis.bridge,
        "abc": analysis.abc,
        "deadstock": analysis.deadstock,
        "sheets": analysis.sheets,
        "refused": analysis.refused,
        "differences": analysis.differences,
        "negatives": analysis.negatives,
        "alerts": pl.concat([analysis.alerts, analysis.resolved], how="diagonal"),
        **_supply_tables(analysis.supply),
    }
    return Result("report", tables, analysis.notes, analysis.period)


def _supply_tables(supply: Supply | None) -> dict[str, pl.DataFrame]:
    """The frames of the outlook by name; none where there is none."""
    if supply is None:
        return {}
    named = {field.name: getattr(supply, field.name) for field in fields(supply)}
    return {name: frame for name, frame in named.items() if isinstance(frame, pl.DataFrame)}


def read_carry(workbook: Path | str) -> dict[str, pl.DataFrame]:
    """What people filled in on last month's workbook, by list. Raises InputError where it is none of ours."""
    from stockturn.output.carry import read_handled

    return read_handled(Path(workbook))


def build_report(
    analysis: Analysis, settings: Settings, carried: Mapping[str, pl.DataFrame] | None = None
) -> Report:
    """The report as values, before any format; ``carried`` is what :func:`read_carry` gives."""
    from importlib.metadata import version

    from stockturn.output.sheets import build_report as build

    versions = {name: version(name) for name in ("stockturn", "polars")}
    return build(analysis, settings, versions, carried)


def write_report(report: Report, workbook: Path, settings: Settings, html: Path | None = None) -> None:
    """Write the workbook, and the page where one is wanted; each file is whole or as it was."""
    from stockturn.output.xlsx import write_report as write_workbook

    write_workbook(report, workbook)
    if html is not None:
        from stockturn.output.html import write_html

        write_html(report, html, settings)


def report(
    ledger: Ledger,
    out: Path | str,
    settings: Settings | None = None,
    html: Path | str | None = None,
    carry: Path | str | None = None,
    folder: Path | str | None = None,
) -> Report:
    """Analyse and write the workbook (and the page); gives the report that was written.

    ``carry`` is last month's workbook: what people filled in there is taken over. ``folder`` is the ledger folder in
    which runs of ``alerts`` are recorded.
    """
    chosen = settings or Settings()
    carried = read_carry(carry) if carry is not None else None
    built = build_report(analyse(ledger, chosen, folder=folder), chosen, carried)
    write_report(built, Path(out), chosen, Path(html) if html is not None else None)
    return built
