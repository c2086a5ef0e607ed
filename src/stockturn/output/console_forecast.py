"""The forecast of one series as a chart of characters: what sold, what is expected, how high it may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from stockturn.output.console_tables import styled
from stockturn.output.formats import shown
from stockturn.output.phrases import Phrases
from stockturn.schema import Unit

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_HEIGHT = 8
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_MARGIN = 14


def show_chart(history: pl.DataFrame, forecast: pl.DataFrame, console: Console, say: Phrases) -> None:
    """Columns of the past buckets, then of the expected ones, with a line at the 95 % quantile of each."""
    room = max(8, (console.width - _MARGIN) // 2 - forecast.height)
    past = history.sort("period").tail(room)
    ahead = forecast.sort("period")
    values = [*past["qty_adjusted"].to_list(), *ahead["mean"].to_list()]
    limits = [None] * past.height + ahead["q95"].to_list()
    top = max([*values, *(limit for limit in limits if limit is not None), 1e-9])
    for row in reversed(range(_HEIGHT)):
        label = (
            shown(top, Unit.QTY, say.lang, compact=True) if row == _HEIGHT - 1 else "0" if row == 0 else ""
        )
        console.print(_row(row, values, limits, past.height, top, label))
    ends = [str(part["period"][at]) for part, at in ((past if past.height else ahead, 0), (ahead, -1))]
    console.print(styled(f"{'':>10}  {ends[0]}{'':{max(1, 2 * len(values) - 20)}}{ends[1]}", "dim"))
    console.print(styled(say("chart_forecast_key"), "dim"))


def _row(
    row: int, values: list[float], limits: list[float | None], past: int, top: float, label: str
) -> Text:
    """One line of the chart, from the top down."""
    line = styled(f"{label:>10}  ", "dim")
    for place, (value, limit) in enumerate(zip(values, limits, strict=True)):
        level = min(8, max(0, round(value / top * _HEIGHT * 8) - row * 8))
        mark = _EIGHTHS[level]
        if level == 0 and limit is not None and int(min(limit / top * _HEIGHT, _HEIGHT - 1)) == row:
            mark = "╌"
        line.append_text(styled(f"{mark} ", "cyan" if place < past else "yellow"))
    return line
