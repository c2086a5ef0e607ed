"""Charts as inline SVG: no script, colours by class (so that dark mode and print follow the page), and a title and
a description for those who listen."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from stockturn.model import Block, Chart
from stockturn.output.chart_parts import (
    BOTTOM,
    CHARACTER,
    HEIGHT,
    LEFT,
    TOP,
    WIDTH,
    Data,
    Drawing,
    Scale,
    cut,
    legend,
    names_below,
    slots,
    value_axis,
)
from stockturn.output.formats import shown, text_line, width
from stockturn.output.phrases import Phrases
from stockturn.schema import Unit

_AGE_COLOURS = 7


def draw(block: Block, chart: Chart, say: Phrases) -> str:
    """The chart as an SVG element; empty text where nothing is known."""
    frame = block.frame.slice(chart.first, chart.rows)
    if frame.height == 0:
        return ""
    names = [text_line(str(name)) if name is not None else "–" for name in frame[chart.category].to_list()]
    values = {
        name: [None if value is None else float(value) for value in frame[name].to_list()]
        for name in (*chart.series, *chart.line_series)
    }
    picture = Drawing(
        chart.title, say("chart_of", title=chart.title), f"{block.key}-{chart.kind}-{chart.first}"
    )
    return _KINDS[chart.kind](picture, Data(block, chart, names, values, say))


def _trend(picture: Drawing, data: Data) -> str:
    """Columns and lines over months, each with its own axis."""
    chart, names = data.chart, data.names
    slot, wide = slots(len(names))
    base = HEIGHT - BOTTOM
    for column in chart.series:
        scale = Scale(0.0, max(data.of([column]), default=1.0), base, TOP)
        value_axis(picture, scale, lambda tick, column=column: data.tick(column, tick))  # type: ignore[misc]
        for place, value in enumerate(data.values[column]):
            if value is not None:
                x, y = LEFT + slot * place + (slot - wide) / 2, scale.at(value)
                picture.rect(x, y, wide, base - y, "c2", f"{names[place]}: {data.said(column, value)}")
    known = data.of(chart.line_series)
    if known:
        scale = Scale(0.0, max(known), base, TOP)
        value_axis(picture, scale, lambda tick: f"{tick:g}", right=bool(chart.series))
        for column in chart.line_series:
            points = [
                (LEFT + slot * (place + 0.5), scale.at(value))
                for place, value in enumerate(data.values[column])
                if value is not None
            ]
            picture.line(points, "line target" if column == "target" else "line")
    names_below(picture, names)
    bars = [("c2", data.label(column)) for column in chart.series]
    lines = [("c3" if column == "target" else "c1", data.label(column)) for column in chart.line_series]
    legend(picture, [*bars, *lines], HEIGHT - 8)
    return picture.svg()


def _waterfall(picture: Drawing, data: Data) -> str:
    """From one level to another in steps; longer is bad, shorter is good."""
    base, level, up, down = (data.values[column] for column in data.chart.series)
    tops = [sum(part or 0.0 for part in parts) for parts in zip(base, level, up, down, strict=True)]
    feet = [max(foot or 0.0, lev or 0.0) for foot, lev in zip(base, level, strict=True)]
    spread = max(tops) - min(feet)
    scale = Scale(max(0.0, min(feet) - 2 * spread), max(tops), HEIGHT - BOTTOM, TOP)
    value_axis(picture, scale, lambda tick: f"{tick:g}")
    slot, wide = slots(len(data.names))
    for place, name in enumerate(data.names):
        foot, top = base[place] or scale.low, tops[place]
        css, change = (
            ("c1", top)
            if level[place]
            else ("bad", up[place])
            if up[place]
            else ("good", -(down[place] or 0.0))
        )
        x, y = LEFT + slot * place + (slot - wide) / 2, scale.at(top)
        said = shown(change, Unit.DAYS) if css == "c1" else _signed(change or 0.0)
        picture.rect(x, y, wide, max(scale.at(foot) - y, 1.0), css, f"{name}: {said}")
        picture.text(x + wide / 2, max(y - 3, 10), said, css="strong")
    names_below(picture, data.names)
    entries = [("c1", data.label(data.chart.series[1])), ("bad", data.label(data.chart.series[2]))]
    legend(picture, [*entries, ("good", data.label(data.chart.series[3]))], HEIGHT - 8)
    return picture.svg()


def _signed(days: float) -> str:
    """A step with its sign; what rounds to nothing has none."""
    return f"{days:+.1f}" if round(days, 1) else "0.0"


def _pareto(picture: Drawing, data: Data) -> str:
    """Columns, largest first, and the cumulative share as a line."""
    chart, names = data.chart, data.names
    column, share = chart.series[0], chart.line_series[0]
    slot, wide = slots(len(names))
    base = HEIGHT - BOTTOM
    scale = Scale(0.0, max(data.of([column]), default=1.0), base, TOP)
    shares = Scale(0.0, 1.0, base, TOP)
    value_axis(picture, scale, lambda tick: data.tick(column, tick))
    value_axis(picture, shares, lambda tick: f"{tick:.0%}", right=True)
    for place, value in enumerate(data.values[column]):
        if value is not None and value > 0:
            x, y = LEFT + slot * place + (slot - wide) / 2, scale.at(value)
            picture.rect(x, y, wide, base - y, "c2", f"{names[place]}: {data.said(column, value)}")
    points = [
        (LEFT + slot * (place + 0.5), shares.at(value))
        for place, value in enumerate(data.values[share])
        if value is not None
    ]
    picture.line(points, "line")
    names_below(picture, names)
    legend(picture, [("c2", data.label(column)), ("c1", data.label(share))], HEIGHT - 8)
    return picture.svg()


_LEAST_LEFT, _MOST_LEFT = 60.0, 210.0
"""Room for the names left of bars: as wide as the longest name, within these."""

_BAR_HIGH = 17


def _bars(picture: Drawing, data: Data) -> str:
    """Bars side by side, one group per name."""
    columns = data.chart.series
    group = _BAR_HIGH * len(columns) + 8
    high = TOP + group * len(data.names) + 44
    scale = _flat_axis(picture, data.of(columns), data, high)
    for place, name in enumerate(data.names):
        top = TOP + group * place
        _side(picture, name, scale.start, top + group / 2)
        for number, column in enumerate(columns):
            value = data.values[column][place]
            if value is not None:
                said = f"{name}, {data.label(column)}: {data.said(column, value)}"
                picture.rect(
                    scale.start,
                    top + number * _BAR_HIGH,
                    scale.at(value) - scale.start,
                    _BAR_HIGH - 3,
                    f"c{number + 1}",
                    said,
                )
    legend(
        picture, [(f"c{number + 1}", data.label(column)) for number, column in enumerate(columns)], high - 6
    )
    return picture.svg(high)


def _stacked(picture: Drawing, data: Data) -> str:
    """One bar per name, made of its parts; the legend takes two lines."""
    columns = data.chart.series
    group = _BAR_HIGH + 12
    high = TOP + group * len(data.names) + 62
    totals = [
        sum(max(data.values[column][place] or 0.0, 0.0) for column in columns)
        for place in range(len(data.names))
    ]
    scale = _flat_axis(picture, totals, data, high - 18)
    for place, name in enumerate(data.names):
        top, x = TOP + group * place, scale.start
        _side(picture, name, scale.start, top + group / 2)
        for number, column in enumerate(columns):
            value = max(data.values[column][place] or 0.0, 0.0)
            wide = scale.at(value) - scale.at(0.0)
            said = f"{name}, {data.label(column)}: {data.said(column, value)}"
            picture.rect(x, top + 2, wide, _BAR_HIGH, f"age{number % _AGE_COLOURS}", said)
            x += wide
    half = math.ceil(len(columns) / 2)
    entries = [(f"age{number % _AGE_COLOURS}", data.label(column)) for number, column in enumerate(columns)]
    legend(picture, entries[:half], high - 24)
    legend(picture, entries[half:], high - 7)
    return picture.svg(high)


def _flat_axis(picture: Drawing, values: list[float], data: Data, high: float) -> Scale:
    longest = max((width(name) for name in data.names), default=0) * CHARACTER + 8
    left = min(_MOST_LEFT, max(_LEAST_LEFT, longest))
    scale = Scale(0.0, max(values, default=1.0), left, WIDTH - 24)
    for tick in scale.ticks():
        x = scale.at(tick)
        picture.rule(x, TOP - 6, x, high - 40)
        picture.text(x, high - 27, data.tick(data.chart.series[0], tick))
    return scale


def _side(picture: Drawing, name: str, left: float, y: float) -> None:
    """A name left of its bar, cut where it would not fit."""
    picture.text(left - 6, y, cut(name, int(left / CHARACTER)), "end")


def _columns(picture: Drawing, data: Data) -> str:
    """Columns made of parts, one per week."""
    columns, base = data.chart.series, HEIGHT - BOTTOM
    slot, wide = slots(len(data.names))
    tops = [
        sum(max(data.values[column][place] or 0.0, 0.0) for column in columns)
        for place in range(len(data.names))
    ]
    scale = Scale(0.0, max(tops, default=1.0), base, TOP)
    value_axis(picture, scale, lambda tick: data.tick(columns[0], tick))
    for place, name in enumerate(data.names):
        foot = 0.0
        for number, column in enumerate(columns):
            value = max(data.values[column][place] or 0.0, 0.0)
            x, y = LEFT + slot * place + (slot - wide) / 2, scale.at(foot + value)
            said = f"{name}, {data.label(column)}: {data.said(column, value)}"
            picture.rect(x, y, wide, scale.at(foot) - y, f"c{number + 1}", said)
            foot += value
    names_below(picture, data.names)
    entries = [(f"c{number + 1}", data.label(column)) for number, column in enumerate(columns)]
    legend(picture, entries, HEIGHT - 8)
    return picture.svg()


_LINES = (("line", "c1"), ("line expected", "c3"), ("line target", "c3"), ("line target far", "c3"))
"""Looks of a line and of its square in the legend: what was, what is expected, the limits above it."""


def _lines(picture: Drawing, data: Data) -> str:
    """A forecast: what was, what is expected, and dashed the limits above it."""
    columns, slot = data.chart.series, slots(len(data.names))[0]
    scale = Scale(0.0, max(data.of(columns), default=1.0), HEIGHT - BOTTOM, TOP)
    value_axis(picture, scale, lambda tick: data.tick(columns[0], tick))
    for column, (css, _) in zip(columns, _LINES, strict=False):
        points = [
            (LEFT + slot * (place + 0.5), scale.at(value))
            for place, value in enumerate(data.values[column])
            if value is not None
        ]
        picture.line(points, css)
    names_below(picture, data.names)
    marks = [(square, data.label(column)) for column, (_, square) in zip(columns, _LINES, strict=False)]
    legend(picture, marks, HEIGHT - 8)
    return picture.svg()


_KINDS: dict[str, Callable[[Drawing, Data], str]] = {
    "trend": _trend,
    "waterfall": _waterfall,
    "pareto": _pareto,
    "stacked": _stacked,
    "bars": _bars,
    "columns": _columns,
    "lines": _lines,
}


def spark(values: Sequence[float | None], title: str) -> str:
    """A line without axes for a tile."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    span = (high - low) or 1.0
    points = " ".join(
        f"{2 + place * 96 / (len(values) - 1):.1f},{22 - (value - low) / span * 20:.1f}"
        for place, value in known
    )
    return (
        f'<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="xMinYMid" role="img" aria-label="{escape(title, quote=True)}">'
        f'<polyline class="line" points="{points}"/></svg>'
    )
