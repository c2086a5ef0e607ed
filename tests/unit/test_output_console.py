"""The terminal: what fits is shown, what does not is said, and text never commands it."""

from __future__ import annotations

import io
import sys
from dataclasses import replace

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.i18n import LANGUAGES
from stockturn.i18n import text as text_of
from stockturn.model import Result
from stockturn.output.console import make_console, show, show_report
from stockturn.output.console_turnover import sparkline
from stockturn.output.formats import width
from stockturn.output.sheets import build_report
from tests.company import NASTY, analysis
from tests.outlook import outlook


def _settings(lang: str = "en", **report: object) -> Settings:
    return Settings.model_validate({"lang": lang, "ingest": {"currency": "CNY"}, "report": report})


def _shown(result: Result, settings: Settings, columns: int = 100, **options: object) -> str:
    stream = io.StringIO()
    show(result, settings, console=make_console(file=stream, columns=columns), **options)  # type: ignore[arg-type]
    return stream.getvalue()


def _screen(lang: str, columns: int = 100) -> str:
    stream = io.StringIO()
    report = build_report(analysis(), _settings(lang), {"stockturn": "0.1.0"})
    show_report(report, ["report.xlsx", "report.html"], console=make_console(file=stream, columns=columns))
    return stream.getvalue()


@pytest.mark.parametrize("columns", [40, 60, 80, 132, 250])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_line_is_wider_than_the_terminal(lang: str, columns: int) -> None:
    """Columns that do not fit are left out and counted, never wrapped into each other."""
    run = analysis()
    text = _shown(Result("deadstock", {"deadstock": run.deadstock}), _settings(lang), columns) + _screen(
        lang, columns
    )
    assert max(width(line.rstrip()) for line in text.splitlines()) <= columns


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_report_is_one_screen(lang: str) -> None:
    """At most 49 lines and the prompt, 80 columns wide, whatever there is to say; what has no room is told."""
    stream, run = io.StringIO(), replace(analysis(), supply=outlook())
    report = build_report(run, _settings(lang), {"stockturn": "0.1.0"})
    show_report(report, ["report.xlsx", "report.html"], console=make_console(file=stream, columns=80))
    text = stream.getvalue()
    assert len(text.splitlines()) < 50
    left = len(report.sheets[0].todos) - 4
    assert left > 0
    assert text_of("report.todo_more", lang, n=left, tab=report.sheets[0].title) in text


def test_what_is_left_out_is_counted() -> None:
    """Rows beyond the limit and columns beyond the width."""
    result = Result("abc", {"abc": analysis().abc})
    text = _shown(result, _settings(screen_rows=10), 60)
    assert "Rows left out: 74." in text
    assert "Columns left out: " in text
    assert "Rows left out" not in _shown(result, _settings(screen_rows=10), 60, top=3)


def test_a_pipe_and_no_color_have_no_escape_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR of the environment and --no-color count the same."""
    assert "\x1b" not in _screen("en")
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    frame = pl.DataFrame({"category": ["x"], "achievement": [0.5], "cogs": [1.0]})
    result = Result("turnover", {"turnover": frame})
    show(result, _settings(), console=make_console(file=stream, columns=80))
    assert "\x1b[31m" in stream.getvalue()
    for color, environment in ((False, ""), (None, "1")):
        monkeypatch.setenv("NO_COLOR", environment)
        plain = io.StringIO()
        monkeypatch.setattr(plain, "isatty", lambda: True)
        show(result, _settings(), console=make_console(color, file=plain, columns=80))
        assert "\x1b[31m" not in plain.getvalue()


def test_names_are_text_and_never_markup_or_commands() -> None:
    """Rich markup, escape codes and emoji codes in a name are shown as they are, or not at all."""
    names = ["[red]x[/red]", "a\x1b[2Jb", ":smile:", NASTY[0]]
    frame = pl.DataFrame({"sku": names, "status": ["dead"] * 4, "value": [1.0] * 4})
    text = _shown(Result("deadstock", {"deadstock": frame}), _settings())
    for name in ("[red]x[/red]", "a[2Jb", ":smile:", NASTY[0]):
        assert name in text


def test_a_terminal_that_cannot_write_chinese_still_gets_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """An old Windows console or LANG=C: characters are replaced, nothing fails."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii", errors="strict"))
    report = build_report(analysis(), _settings("zh"), {"stockturn": "0.1.0"})
    show_report(report, ["report.xlsx"])
    sys.stdout.flush()
    assert b"report.xlsx" in raw.getvalue()


def test_the_year_is_a_line_from_lowest_to_highest() -> None:
    """Gaps stay gaps; a flat year is a flat line."""
    assert sparkline([0.0, 7.0, None, 3.5]) == "▁█ ▅"
    assert len(set(sparkline([2.0, 2.0, 2.0]))) == 1
    assert sparkline([None]) == sparkline([]) == ""


def test_the_three_scopes_that_move_the_total_most_are_named() -> None:
    """With targets by capital above target; without, above the pace of the whole: 300 - 100 × 400/1000 = 260."""
    frame = pl.DataFrame(
        {"category": ["slow", "fast"], "cogs": [100.0, 900.0], "avg_inventory": [300.0, 100.0]}
    )
    text = _shown(Result("turnover", {"turnover": frame}), _settings())
    assert "slow: CNY 260 above the common pace" in text
    assert "fast:" not in text
    aimed = frame.with_columns(excess_capital=pl.Series([0.0, 42.0]))
    assert "fast: CNY 42 above what the target allows" in _shown(
        Result("turnover", {"turnover": aimed}), _settings()
    )


def test_scopes_have_their_year_the_total_and_what_moved_the_days() -> None:
    """One line per scope with its own year, the whole below, and the largest changes with their causes."""
    frame = pl.DataFrame(
        {
            "category": ["slow", "fast"],
            "turnover": [1.0, 9.0],
            "cogs": [100.0, 900.0],
            "avg_inventory": [100.0, 100.0],
        }
    )
    months = [f"2024-{month:02}" for month in range(1, 13)]
    trends = pl.DataFrame(
        {
            "category": ["slow"] * 12 + ["fast"] * 12,
            "month": months * 2,
            "turnover": [float(n) for n in range(12)] + [5.0] * 12,
        }
    )
    screen = {
        "trends": trends,
        "total": pl.DataFrame({"turnover": [5.0], "cogs": [1000.0], "avg_inventory": [200.0]}),
        "movers": pl.DataFrame(
            {
                "category": ["slow"],
                "change": [4.0],
                "mix": [0.0],
                "rate": [5.0],
                "idle": [-1.0],
                "excess_capital": [42.0],
            }
        ),
    }
    text = _shown(Result("turnover", {"turnover": frame}, screen=screen), _settings())
    assert "▁▂▂▃▄▄▅▅▆▇▇█" in text
    assert any(line.split()[:2] == ["Total", "5.00"] for line in text.splitlines())
    assert "slow: days of stock +4.0 (Rate +5.0, Idle -1.0); CNY 42 above what the target allows" in text


def test_items_have_their_name_beside_their_code() -> None:
    """A screen of codes alone tells people little; the data keep the columns of the contract."""
    frame = pl.DataFrame({"sku": ["0201", "0999"], "abc": ["A", "C"], "value": [1_250.4, 3.0]})
    names = pl.DataFrame({"sku": ["0201"], "name": ["铸铁炒锅 Cast iron wok"]})
    screen = _shown(Result("abc", {"abc": frame}, screen={"names": names}), _settings())
    wok, other = (line for line in screen.splitlines() if line.strip().startswith("0"))
    assert wok.split() == ["0201", "铸铁炒锅", "Cast", "iron", "wok", "A", "1,250"]
    assert other.split() == ["0999", "C", "3"]
