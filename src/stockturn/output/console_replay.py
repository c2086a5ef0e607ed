"""The replay screen: policies side by side, a sentence, the curve, and what all of it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from stockturn.config import Settings
from stockturn.i18n import note_text, text
from stockturn.model import Result
from stockturn.output.console_tables import cells_of, print_table, styled
from stockturn.output.formats import shown
from stockturn.output.phrases import Phrases
from stockturn.schema import Unit, column

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

FIGURES = (
    "turnover", "dio_days", "avg_inventory", "opening_value", "closing_value", "stockout_rate", "fill_rate", "sold_qty",
    "lost_qty", "purchase_orders", "orders", "ordered_qty", "transfers", "units_written_off", "written_off_value",
)  # fmt: skip
"""Figures of the comparison, one a line."""
CURVE, EQUAL = "service_", "replay.equal_service"


def show_replay(result: Result, settings: Settings, console: Console, top: int | None) -> None:
    """What was done beside the suggestions and what-ifs, the sentence, the curve, and the caveats."""
    lang, say = settings.lang, Phrases(settings.lang)
    period = result.period
    if period is not None:
        days = {"start": period.start, "end": period.end, "days": f"{period.days:,}"}
        console.print(styled(text("replay.title", lang, **days), "bold"))
    console.print(
        _compared(result.frame.filter(~pl.col("policy").str.starts_with(CURVE)), say, console.width)
    )
    if result.headline is not None:
        console.print(styled(note_text(result.headline.key, result.headline.params, lang), ""))
    curve = result.tables["curve"]
    if curve.height:
        console.print(styled("\n" + text("replay.table_curve", lang), "bold"))
        print_table("curve", curve, settings, console, top)
    for note in result.notes:
        if note.key == EQUAL:
            console.print(styled(note_text(note.key, note.params, lang), ""))
    console.print(styled(text("replay.caveats", lang), "bold"))
    for note in result.notes:
        if note.key != EQUAL:
            said = note_text(note.key, note.params, lang)
            console.print(styled(text("replay.bullet", lang, note=said), "dim"))
    others = [name for name in ("orders", "transfers", "by_month", "cells") if result.tables[name].height]
    if others:
        console.print(styled(say("screen_tables", names=say("list_comma").join(others)), "dim"))


def _compared(frame: pl.DataFrame, say: Phrases, room: int) -> Table:
    """Figures down, policies across, each with its difference to what was done where there is room for it."""
    from rich import box
    from rich.table import Table

    rows = list(frame.iter_rows(named=True))
    done, others = rows[0], rows[1:]
    wide = room >= 60 + 24 * len(others)
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column(styled("", ""))
    for row in rows:
        table.add_column(styled(policy_name(row, say), ""), justify="right")
        if row is not done and (wide or len(others) == 1):
            table.add_column(styled(text("replay.difference", say.lang), "dim"), justify="right")
    for name in FIGURES:
        if all(row[name] is None for row in rows):
            continue
        label = text("replay.order_lines", say.lang) if name == "orders" else say.label(name)
        cells = [styled(label, "")]
        for row, cell in zip(rows, cells_of(frame[name], name, say.lang), strict=True):
            cells.append(styled(cell, ""))
            if row is not done and (wide or len(others) == 1):
                cells.append(styled(_difference(row[name], done[name], name), "dim"))
        table.add_row(*cells)
    return table


def policy_name(row: dict[str, Any], say: Phrases) -> str:
    """A policy in the reader's words."""
    policy = str(row["policy"])
    for prefix, key, figure in (
        ("service_", "service", shown(row["service_level"], Unit.SHARE)),
        ("demand_", "demand", f"{row['demand_factor']:g}"),
        ("bought_demand_", "bought_demand", f"{row['demand_factor']:g}"),
        ("lead_time_", "lead_time", f"{row['lead_time_factor']:g}"),
    ):
        if policy.startswith(prefix):
            return text(f"replay.{key}", say.lang, level=figure, factor=figure)
    return say.code("policy", policy)


def _difference(value: Any, done: Any, name: str) -> str:
    """Change against what was done: of shares and turns in points, of everything else in percent."""
    if value is None or done is None or value == done:
        return ""
    unit = column(name).unit
    if unit is Unit.SHARE:
        return f"{(value - done) * 100:+.1f} pp"
    if unit in (Unit.TIMES, Unit.DAYS):
        return f"{value - done:+.2f}" if unit is Unit.TIMES else f"{value - done:+.1f}"
    return f"{value / done - 1:+.1%}" if done else f"{value - done:+,.0f}"
