"""The terminal: tables that fit, figures with units, and one screen per report that is worth reading."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

import polars as pl

from stockturn.config import Settings
from stockturn.model import Result
from stockturn.output.console_report import show_report
from stockturn.output.console_tables import print_table, styled
from stockturn.output.console_turnover import show_turnover
from stockturn.output.formats import shown
from stockturn.output.phrases import Phrases
from stockturn.schema import Unit

if TYPE_CHECKING:
    from rich.console import Console

_PIPE_WIDTH = 120
"""Width where there is no terminal to ask, such as in a pipe or a log."""


def make_console(no_color: bool = False, file: TextIO | None = None, columns: int | None = None) -> Console:
    """A console on standard output (or ``file``) that never fails on a character and keeps out of colour when told.

    NO_COLOR in the environment counts as ``no_color``, as does a pipe.
    """
    from rich.console import Console

    stream = file or sys.stdout
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    plain = no_color or bool(os.environ.get("NO_COLOR"))
    if columns is None and not stream.isatty() and not os.environ.get("COLUMNS"):
        columns = _PIPE_WIDTH
    return Console(file=stream, no_color=plain, width=columns, highlight=False, emoji=False, markup=False)


def show(
    result: Result,
    settings: Settings,
    console: Console,
    top: int | None = None,
    extra: Mapping[str, pl.DataFrame] | None = None,
) -> None:
    """Any result as tables in the language of the settings; ``top`` rows, else as many as the settings say.

    For ``turnover``, ``extra`` may hold ``trend`` (the year month by month) and ``by`` (scopes, where the result itself
    is one row); for the others it is not needed.
    """
    say = Phrases(settings.lang)
    if result.name == "turnover":
        show_turnover(result, settings, console, extra or {}, top)
        return
    if "sheets" in result.tables:
        _ingest_line(result.tables["sheets"], console, say)
    several = len(result.tables) > 1
    for name, frame in result.tables.items():
        if several and frame.height == 0:
            continue
        if several:
            console.print(styled(_table_title(name, say), "bold"))
        print_table(name, frame, settings, console, top)


def _table_title(name: str, say: Phrases) -> str:
    key = _TITLES.get(name)
    return say(key) if key else name


_TITLES = {
    "sheets": "block_read",
    "refused": "block_refused",
    "differences": "block_all_differences",
    "abc": "sheet_classes",
    "deadstock": "sheet_deadstock",
}


def _ingest_line(sheets: pl.DataFrame, console: Console, say: Phrases) -> None:
    counts = {
        name: shown(int(sheets[name].sum() or 0), Unit.COUNT)
        for name in ("rows_read", "accepted", "refused", "skipped")
    }
    console.print(say("ingest_summary", sheets=sheets.height, **counts))


__all__ = ["make_console", "show", "show_report"]
