"""The terminal: tables that fit, figures with units, and one screen per report that is worth reading."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import polars as pl

from stockturn.config import Settings
from stockturn.model import Report, Result
from stockturn.output.console_explain import show_explain, show_layers
from stockturn.output.console_explain_rows import show_ledger_rows
from stockturn.output.console_forecast import show_chart
from stockturn.output.console_replay import show_replay
from stockturn.output.console_report import print_report
from stockturn.output.console_tables import print_table, status_lines, styled, to_do
from stockturn.output.console_turnover import show_turnover
from stockturn.output.formats import shown
from stockturn.output.phrases import Phrases
from stockturn.schema import Unit

if TYPE_CHECKING:
    from rich.console import Console

_PIPE_WIDTH = 120
"""Width where there is no terminal to ask, such as in a pipe or a log."""


def make_console(
    color: bool | None = None, file: TextIO | None = None, columns: int | None = None
) -> Console:
    """A console on standard output (or ``file``) that never fails on a character.

    ``color`` False means none at all; None lets the terminal decide (a pipe has none, and NO_COLOR is respected).
    """
    from rich.console import Console

    stream = file or sys.stdout
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    plain = color is False or bool(os.environ.get("NO_COLOR"))
    if columns is None and not stream.isatty() and not os.environ.get("COLUMNS"):
        columns = _PIPE_WIDTH
    return Console(file=stream, no_color=plain, width=columns, highlight=False, emoji=False, markup=False)


def show(
    result: Result,
    settings: Settings,
    *,
    color: bool | None = None,
    table: str | None = None,
    top: int | None = None,
    console: Console | None = None,
) -> None:
    """Any result as tables in the language of the settings; ``top`` rows, else as many as the settings say.

    ``table`` picks one of the tables. For ``turnover`` the frames in ``result.screen`` are shown too: ``trend`` (the
    year month by month) and ``by`` (scopes, where the result itself is one row).
    """
    say = Phrases(settings.lang)
    where = console or make_console(color)
    if result.name == "explain" and table == "rows":
        limit = top if top is not None else settings.report.short_rows
        show_ledger_rows(result.tables["rows"], settings, where, limit)
        return
    if result.name == "explain" and table in (None, result.name):
        show_explain(result, settings, where, top)
        return
    if result.name == "explain" and table == "layers":
        show_layers(result.tables["layers"], settings, where, top)
        return
    if table is not None:
        print_table(table, result.tables[table], settings, where, top, names=result.screen.get("names"))
        return
    if result.name == "turnover":
        show_turnover(result, settings, where, top)
        return
    if result.name == "replay":
        show_replay(result, settings, where, top)
        return
    if result.name == "forecast" and result.frame["sku"].n_unique() == 1:
        show_chart(result.screen["history"], result.frame, where, say)
    if "sheets" in result.tables:
        _ingest_line(result.tables["sheets"], where, say)
    if result.name == "deadstock":
        where.print(status_lines(result.frame, settings))
    _tables(result, settings, where, top)


def show_report(
    report: Report,
    written: Sequence[Path | str] = (),
    *,
    color: bool | None = None,
    console: Console | None = None,
) -> None:
    """The report on one screen, and where its files are (a workbook, a page)."""
    print_report(report, console or make_console(color), [str(path) for path in written])


def _tables(result: Result, settings: Settings, where: Console, top: int | None) -> None:
    """The main table, then the others that are not empty, short; the bulky ones are only named."""
    say = Phrases(settings.lang)
    others = [name for name in result.tables if name != result.name]
    shown_here = [name for name in others if name not in _BULKY and result.tables[name].height]
    if others:
        where.print(styled(_table_title(result.name, say), "bold"))
    main, idle = to_do(result.frame) if result.name in _TO_DO else (result.frame, 0)
    names = result.screen.get("names")
    print_table(result.name, main, settings, where, top, names=names)
    if idle:
        where.print(styled(say("screen_idle", n=shown(idle, Unit.COUNT)), "dim"))
    limit = top if top is not None else settings.report.short_rows
    for name in shown_here:
        where.print(styled(_table_title(name, say), "bold"))
        print_table(name, result.tables[name], settings, where, top, limit, names=names)
    bulky = [name for name in others if name in _BULKY and result.tables[name].height]
    if bulky:
        where.print(styled(say("screen_tables", names=say("list_comma").join(bulky)), "dim"))


_BULKY = ("plan", "cash", "demand", "overstock", "totals")
"""Tables that nobody reads on a terminal unless asked for."""

_TO_DO = ("reorder",)
"""Results with a row for every cell, of which a reader wants those with something to do."""


def _table_title(name: str, say: Phrases) -> str:
    key = _TITLES.get(name)
    return say(key) if key else name


_TITLES = {
    "sheets": "block_read",
    "refused": "block_refused",
    "differences": "block_all_differences",
    "abc": "sheet_classes",
    "deadstock": "sheet_deadstock",
    "reorder": "table_reorder",
    "transfers": "table_transfers",
    "order_changes": "table_order_changes",
    "supplier_orders": "table_supplier_orders",
    "left_out": "table_left_out",
    "forecast": "table_forecast",
    "accuracy": "table_accuracy",
    "categories": "table_categories",
    "totals": "table_totals",
    "demand": "table_demand",
    "plan": "table_plan",
    "cash": "block_cash",
    "overstock": "block_overstock",
    "requests": "table_requests",
    "vmi": "table_vmi",
}


def _ingest_line(sheets: pl.DataFrame, console: Console, say: Phrases) -> None:
    counts = {
        name: shown(int(sheets[name].sum() or 0), Unit.COUNT)
        for name in ("rows_read", "accepted", "refused", "skipped")
    }
    console.print(say("ingest_summary", sheets=sheets.height, **counts))
