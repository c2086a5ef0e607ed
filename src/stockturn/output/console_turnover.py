"""The turnover screen: scopes or figures, the year as a line, and the scopes that move the total most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from stockturn.config import Settings
from stockturn.i18n import note_text
from stockturn.model import Result
from stockturn.output.console_tables import COLOURS, LIGHTS, cells_of, level_of, print_table, styled
from stockturn.output.formats import shown, text_line
from stockturn.output.phrases import Phrases, spoken, with_scopes
from stockturn.schema import Unit

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_BARS = "▁▂▃▄▅▆▇█"
_MOVERS = 3
_MONTHS = 12
"""Months of the line."""

_FIGURES = (
    "turnover", "target", "achievement", "dio_days", "avg_inventory", "cogs", "revenue", "gross_margin", "gmroi",
    "excess_capital", "carrying_cost", "stockout_rate", "in_stock_rate", "lost_sales_est", "lost_sales_value",
    "sell_through", "stock_to_sales", "cover_days", "loss_rate", "inventory_accuracy", "count_error",
    "opening_value", "closing_value", "turnover_units", "flow", "cost_basis", "avg_basis", "estimated", "reason_code",
)  # fmt: skip
"""Figures of the whole scope, in this order; the others are in the data."""

_DIMENSIONS = (
    "sku", "warehouse", "bin", "batch", "category", "brand", "supplier", "owner", "buyer", "seller", "team", "abc",
    "xyz", "month", "quarter", "year",
)  # fmt: skip
_TIMES = {"previous": "screen_previous", "year_ago": "screen_year_ago"}
_SPANS = ("month", "quarter", "year")


def show_turnover(result: Result, settings: Settings, console: Console, top: int | None) -> None:
    """The table, or the figures of the whole scope one below the other; the year as a line; who moves it."""
    say = Phrases(settings.lang)
    frame = result.frame
    dims = [name for name in frame.columns if name in _DIMENSIONS]
    if result.period is not None:
        period = result.period
        days = {"start": period.start.isoformat(), "end": period.end.isoformat(), "days": period.days}
        console.print(styled(f"{say('sheet_turnover')}  {say('period_value', **days)}", "bold"))
    if dims or frame.height != 1:
        _scopes(result, dims, settings, console, top)
    else:
        console.print(_figures(frame, settings))
    trend = result.screen.get("trend")
    if trend is not None and trend["turnover"].count() > 1:
        console.print(_year(trend.tail(_MONTHS), say))
    if result.headline is not None:
        console.print(styled(note_text(result.headline.key, result.headline.params, settings.lang), ""))
    movers = _movers(result, dims, say, settings)
    if movers:
        console.print(styled(say("screen_movers"), "bold"))
        for line in movers:
            console.print(styled(f"  {line}", ""))


def _scopes(
    result: Result, dims: Sequence[str], settings: Settings, console: Console, top: int | None
) -> None:
    """One line per scope with its year as a line, and the whole below."""
    frame, total = result.frame, result.screen.get("total")
    lines = result.screen.get("trends")
    if lines is not None:
        last = lines.group_by(dims, maintain_order=True).agg(pl.col("turnover").tail(_MONTHS))
        drawn = last.with_columns(
            year_line=pl.Series([sparkline(values) or None for values in last["turnover"]], dtype=pl.String)
        ).drop("turnover")
        frame = frame.join(drawn, on=list(dims), how="left", maintain_order="left")
    if total is not None and dims:
        say = Phrases(settings.lang)
        named = {name: pl.lit(None, pl.String) for name in dims} | {dims[0]: pl.lit(say.word("total"))}
        total = total.with_columns(**named).select(
            name for name in frame.columns if name in {*total.columns, *dims}
        )
    always = {*dims, "turnover"}
    known = [name for name in frame.columns if name in always or frame[name].null_count() < frame.height]
    if total is not None:
        total = total.select(name for name in total.columns if name in known)
    print_table(
        "turnover", frame.select(known), settings, console, top, total=total, names=result.screen.get("names")
    )


def _figures(frame: pl.DataFrame, settings: Settings) -> Table:
    """The figures of the whole scope that are known, beside those of the period before and of a year ago."""
    from rich.table import Table

    say = Phrases(settings.lang)
    rows = spoken(frame, say)
    times = [name for name in _TIMES if _known(frame, name)]
    if len(times) == 2 and _same_times(frame):
        times = times[:1]
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim", show_header=bool(times))
    table.add_column("")
    for head in ("", *(say(_TIMES[name]) for name in times)):
        table.add_column(styled(head, ""), justify="right")
    table.add_column("")
    for column in _FIGURES:
        cell = cells_of(rows[column], column, settings.lang)[0] if column in rows.columns else ""
        if not cell:
            continue
        level = level_of(column, frame[column][0], settings)
        style = COLOURS.get(level or "", "")
        mark = f"{LIGHTS[level]} {say(f'light_{level}')}" if level in LIGHTS else ""
        others = [
            cells_of(rows[f"{column}_{name}"], column, settings.lang)[0]
            if f"{column}_{name}" in rows.columns
            else ""
            for name in times
        ]
        table.add_row(
            styled(say.label(column), ""),
            styled(cell, style),
            *(styled(other, "dim") for other in others),
            styled(mark, style),
        )
    return table


def _known(frame: pl.DataFrame, when: str) -> bool:
    name = f"avg_inventory_{when}"
    return name in frame.columns and frame[name][0] is not None


def _same_times(frame: pl.DataFrame) -> bool:
    """Whether the period before is the one a year ago: a whole year is looked at."""
    return all(
        frame[f"{name}_previous"][0] == frame[f"{name}_year_ago"][0] for name in ("turnover", "avg_inventory")
    )


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
    """The turnover of the 12 months that end at each month end, with the first and the last."""
    known = trend.filter(pl.col("turnover").is_not_null())
    figures = [shown(known["turnover"][at], Unit.TIMES) for at in (0, -1)]
    months = known["month"].to_list() if "month" in known.columns else ["", ""]
    ends = " → ".join(
        f"{month} {figure}".strip() for month, figure in zip((months[0], months[-1]), figures, strict=True)
    )
    return styled(f"{say('screen_year')}  {sparkline(trend['turnover'].to_list())}  {ends}", "")


def _movers(result: Result, dims: Sequence[str], say: Phrases, settings: Settings) -> list[str]:
    """The three scopes that moved the days of stock most, with the capital above their target; where there is no
    period before, those with most capital above their target, or above the pace of the whole where none is set."""
    moved, frame = result.screen.get("movers"), result.screen.get("by", result.frame)
    dims = dims or [name for name in frame.columns if name in _DIMENSIONS]
    if moved is not None and moved.height and moved["change"].null_count() == 0:
        return [_moved(row, say, settings) for row in moved.iter_rows(named=True)]
    if not {"cogs", "avg_inventory"} <= set(frame.columns) or frame.height < 2 or set(dims) & set(_SPANS):
        return []
    scope = pl.concat_str([pl.col(name).cast(pl.String) for name in dims], separator=" / ")
    if "excess_capital" in frame.columns and frame["excess_capital"].sum() > 0:
        money, key = pl.col("excess_capital"), "mover"
    else:
        pace = pl.col("avg_inventory").sum() / pl.col("cogs").sum()
        money, key = pl.col("avg_inventory") - pl.col("cogs") * pace, "mover_pace"
    most = (
        with_scopes(frame, say)
        .filter(pl.col("avg_inventory").is_not_null() & pl.col("cogs").is_not_null())
        .select(scope.alias("scope"), money.alias("money"))
        .filter(pl.col("money").is_finite() & (pl.col("money") > 0))
        .sort("money", descending=True)
        .head(_MOVERS)
    )
    return [
        say(key, scope=text_line(name), money=_money(value, say, settings))
        for name, value in most.iter_rows()
    ]


def _moved(row: dict[str, object], say: Phrases, settings: Settings) -> str:
    """``Lighting: days of stock +4.1 (rate +4.1); CNY 154.6k above what the target allows``."""
    name, change = next(iter(row)), float(str(row["change"]))
    causes = [cause for cause in ("mix", "rate", "idle") if abs(float(str(row[cause]))) >= 0.05]
    why = say("list_comma").join(f"{say.label(cause)} {float(str(row[cause])):+.1f}" for cause in causes)
    words = text_line(with_scopes(pl.DataFrame({name: [str(row[name])]}), say)[name][0])
    line = (
        say("mover_days", scope=words, days=f"{change:+.1f}", why=why) if why else f"{words}: {change:+.1f}"
    )
    excess = row.get("excess_capital")
    if isinstance(excess, float) and excess > 0:
        line += say("mover_money", money=_money(excess, say, settings))
    return line


def _money(value: float, say: Phrases, settings: Settings) -> str:
    return f"{settings.ingest.currency} {shown(value, Unit.MONEY, say.lang, compact=True)}".strip()
