"""The turnover screen: scopes or figures, the year as a line, and the scopes that move the total most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from stockturn.config import Settings
from stockturn.model import Result
from stockturn.output.console_tables import COLOURS, LIGHTS, cells_of, level_of, ordered, print_table, styled
from stockturn.output.formats import is_number, shown, text_line, unit_of
from stockturn.output.phrases import Phrases, spoken
from stockturn.schema import Unit

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_BARS = "▁▂▃▄▅▆▇█"
_MOVERS = 3


def show_turnover(result: Result, settings: Settings, console: Console, top: int | None) -> None:
    """The table, or the figures of the whole scope one below the other; the year as a line; who moves it."""
    say = Phrases(settings.lang)
    frame = result.frame
    if result.period is not None:
        period = result.period
        words = say(
            "period_value", start=period.start.isoformat(), end=period.end.isoformat(), days=period.days
        )
        console.print(styled(f"{say('sheet_turnover')}  {words}", "bold"))
    dimension = (
        bool(frame.columns) and not is_number(unit_of(frame.columns[0])) and frame.columns[0] not in ("flow",)
    )
    if dimension or frame.height != 1:
        print_table("turnover", frame, settings, console, top)
    else:
        console.print(_figures(frame, settings))
    trend = result.screen.get("trend")
    if trend is not None and "turnover" in trend.columns and trend["turnover"].count() > 1:
        console.print(_year(trend, say))
    movers = _movers(frame if dimension else result.screen.get("by", pl.DataFrame()), say, settings)
    if movers:
        console.print(styled(say("screen_movers"), "bold"))
        for line in movers:
            console.print(styled(f"  {line}", ""))


def _figures(frame: pl.DataFrame, settings: Settings) -> Table:
    """One row, upright: every figure that is known with its label."""
    from rich.table import Table

    say = Phrases(settings.lang)
    rows = spoken(frame, say)
    grid = Table.grid(padding=(0, 3))
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_column()
    for column in ordered("turnover", frame.columns):
        cell = cells_of(rows[column], column, settings.lang)[0]
        if not cell:
            continue
        level = level_of(column, frame[column][0], settings)
        style = COLOURS.get(level or "", "")
        mark = f"{LIGHTS[level]} {say(_LIGHT_WORDS[level])}" if level in LIGHTS else ""
        grid.add_row(styled(say.label(column), ""), styled(cell, style), styled(mark, style))
    return grid


_LIGHT_WORDS = {"good": "light_good", "warning": "light_warning", "critical": "light_critical"}


def sparkline(values: Sequence[float | None]) -> str:
    """A line of blocks, lowest to highest; a gap where nothing is known.

    >>> sparkline([1.0, 2.0, None, 3.0])
    '▁▅ █'
    """
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    top = len(_BARS) - 1
    return "".join(
        " " if value is None else _BARS[round((value - low) / span * top) if span else top // 2]
        for value in values
    )


def _year(trend: pl.DataFrame, say: Phrases) -> Text:
    values = trend["turnover"].to_list()
    known = [value for value in values if value is not None]
    ends = f"{shown(known[0], Unit.TIMES)} → {shown(known[-1], Unit.TIMES)}"
    return styled(f"{say('screen_year')}  {sparkline(values)}  {ends}", "")


def _movers(frame: pl.DataFrame, say: Phrases, settings: Settings) -> list[str]:
    """The three scopes with most capital above their target, or above the pace of the whole where none is set."""
    if not {"cogs", "avg_inventory"} <= set(frame.columns) or frame.height < 2:
        return []
    scope = pl.concat_str(
        [pl.col(name).cast(pl.String).fill_null("–") for name in _dimensions(frame)], separator=" / "
    )
    if "excess_capital" in frame.columns and frame["excess_capital"].sum() > 0:
        money, key = pl.col("excess_capital"), "mover"
    else:
        pace = pl.col("avg_inventory").sum() / pl.col("cogs").sum()
        money, key = pl.col("avg_inventory") - pl.col("cogs") * pace, "mover_pace"
    most = (
        frame.filter(pl.col("avg_inventory").is_not_null() & pl.col("cogs").is_not_null())
        .select(scope.alias("scope"), money.alias("money"))
        .filter(pl.col("money").is_finite() & (pl.col("money") > 0))
        .sort("money", descending=True)
        .head(_MOVERS)
    )
    currency = settings.ingest.currency
    return [
        say(
            key,
            scope=text_line(name),
            money=f"{currency} {shown(value, Unit.MONEY, say.lang, compact=True)}".strip(),
        )
        for name, value in most.iter_rows()
    ]


def _dimensions(frame: pl.DataFrame) -> list[str]:
    """The text columns a turnover frame starts with."""
    names = []
    for name in frame.columns:
        if is_number(unit_of(name)):
            break
        names.append(name)
    return names or [frame.columns[0]]
