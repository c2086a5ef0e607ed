"""One golden file per format, in the format's own shape: rewritten by ``make golden``, the difference read by eye."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from stockturn.config import Settings
from stockturn.i18n import LANGUAGES
from stockturn.model import Report, Result
from stockturn.output.console import make_console, show, show_report
from stockturn.output.html import render
from stockturn.output.plain import write_table
from stockturn.output.sheets import build_report
from stockturn.output.xlsx import write_report
from tests.company import analysis
from tests.goldens import matches_golden
from tests.reading import links, outline, read_workbook


def _settings(lang: str) -> Settings:
    return Settings.model_validate(
        {"lang": lang, "ingest": {"currency": "CNY"}, "report": {"company": "青禾商贸"}}
    )


def _report(lang: str) -> Report:
    return build_report(analysis(), _settings(lang), {"stockturn": "0.1.0"})


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_workbook(lang: str, tmp_path: Path) -> None:
    """Tabs, tables, headers, formats, first rows, frozen panes, print set-up, charts and links."""
    write_report(_report(lang), tmp_path / "report.xlsx")
    sheets = {sheet.title: _sheet(sheet) for sheet in read_workbook(tmp_path / "report.xlsx").worksheets}
    matches_golden(f"workbook_{lang}.json", json.dumps(sheets, ensure_ascii=False, indent=1) + "\n")


def _sheet(sheet: Any) -> dict[str, Any]:
    tables = {}
    for table in sheet.tables.values():
        first, last = table.ref.split(":")
        row = sheet[first].row
        cells = list(sheet.iter_rows(min_row=row, max_row=row + 1, max_col=sheet[last].column))
        tables[table.ref] = [
            f"{head.value} | {cell.number_format} | {_value(cell.value)}"
            for head, cell in zip(*cells, strict=True)
        ]
    setup = sheet.page_setup
    rules = {
        f"{ranges.sqref}: {rule.type}" for ranges in sheet.conditional_formatting for rule in ranges.rules
    }
    return {
        "freeze": sheet.freeze_panes,
        "print": [setup.orientation, setup.paperSize, setup.fitToHeight, sheet.print_title_rows],
        "charts": len(sheet._charts),
        "links": sorted({link.location for link in links(sheet)}),
        "rules": sorted(rules),
        "tables": tables,
    }


def _value(value: object) -> object:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return round(value, 4) if isinstance(value, float) else value


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page(lang: str) -> None:
    """Sections, charts, tables and headers in order."""
    matches_golden(
        f"page_{lang}.txt", "\n".join(outline(render(_report(lang), _settings(lang))).outline) + "\n"
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_screens(lang: str) -> None:
    """Report, turnover by category and of the whole, abc, deadstock, ingest: as a reader sees them."""
    run, settings, stream = analysis(), _settings(lang), io.StringIO()
    console = make_console(file=stream, columns=100)
    show_report(_report(lang), ["report.xlsx", "report.html"], console=console)
    trend, by = {"trend": run.trend}, run.by["category"]
    show(Result("turnover", {"turnover": by}, period=run.period, screen=trend), settings, console=console)
    whole = Result("turnover", {"turnover": run.total}, period=run.period, screen={**trend, "by": by})
    show(whole, settings, console=console)
    show(Result("abc", {"abc": run.abc}), settings, console=console, top=5)
    show(Result("deadstock", {"deadstock": run.deadstock}), settings, console=console, top=5)
    read = {"sheets": run.sheets, "refused": run.refused, "differences": run.differences}
    show(Result("sheets", read), settings, console=console, top=3)
    lines = (line.rstrip() for line in stream.getvalue().splitlines())
    matches_golden(f"screens_{lang}.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("fmt", ["json", "csv"])
def test_the_data(fmt: str) -> None:
    """What was read, as machines get it: the same in every language."""
    run, stream = analysis(), io.StringIO()
    read = {"sheets": run.sheets, "refused": run.refused.head(3), "differences": run.differences.head(3)}
    write_table(Result("sheets", read), fmt, stream)
    matches_golden(f"ingest.{fmt}", stream.getvalue())
