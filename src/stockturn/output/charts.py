"""Charts as inline SVG: no script, colours by class (so that dark mode and print follow the page), and a title and
a description for those who listen."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from html import escape

from stockturn.model import Block, Chart
from stockturn.output.formats import shown, text_line, unit_of, width
from stockturn.output.phrases import Phrases
from stockturn.schema import Unit

WIDTH, HEIGHT = 480, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 50, 14, 52
_TICKS = 4
_CHARACTER = 6.2
"""Pixels of a narrow character at the size of the labels."""
_EMPTY_DECIMALS = re.compile(r"\.0+(?!\d)")
_AGE_COLOURS = 7
_LABEL = 16
"""Width of a label on the side of a bar chart, in characters."""


class Drawing:
    """An SVG being drawn: a list of elements, every text escaped."""

    def __init__(self, title: str, description: str, key: str) -> None:
        self.parts: list[str] = []
        self.title, self.description, self.key = title, description, key

    def rect(self, x: float, y: float, wide: float, high: float, css: str, said: str) -> None:
        """A bar; ``said`` is shown on hover."""
        self.parts.append(
            f'<rect class="{css}" x="{x:.1f}" y="{y:.1f}" width="{max(wide, 0):.1f}" height="{max(high, 0):.1f}">'
            f"<title>{escape(said)}</title></rect>"
        )

    def line(self, points: Sequence[tuple[float, float]], css: str) -> None:
        """A line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline class="{css}" points="{path}"/>')

    def rule(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """A line of the grid."""
        self.parts.append(f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def text(self, x: float, y: float, words: str, anchor: str = "middle", css: str = "") -> None:
        """Text at a point."""
        kind = f' class="{css}"' if css else ""
        self.parts.append(
            f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
        )

    def svg(self, high: float = HEIGHT) -> str:
        """The whole element."""
        name = f"chart-{escape(self.key, quote=True)}"
        return (
            f'<svg viewBox="0 0 {WIDTH} {high:.0f}" role="img" aria-labelledby="{name}-t {name}-d">'
            f'<title id="{name}-t">{escape(self.title)}</title><desc id="{name}-d">{escape(self.description)}</desc>'
            f"{''.join(self.parts)}</svg>"
        )


class Scale:
    """From values to pixels, with round ticks."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.step = nice_step((high - low) or abs(high) or 1.0)
        self.low = math.floor(low / self.step) * self.step
        self.high = max(math.ceil(high / self.step), math.floor(low / self.step) + 1) * self.step
        self.start, self.end = start, end

    def at(self, value: float) -> float:
        """Pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values from end to end."""
        count = round((self.high - self.low) / self.step)
        return [self.low + self.step * place for place in range(count + 1)]


def nice_step(span: float) -> float:
    """A step of 1, 2, 2.5 or 5 times a power of ten that cuts the span in about four.

    >>> nice_step(100.0), nice_step(7.0)
    (25.0, 2.0)
    """
    rough = span / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)


def draw(block: Block, chart: Chart, say: Phrases) -> str:
    """The chart as an SVG element; empty text where nothing is known."""
    frame = block.frame.head(chart.rows) if chart.rows else block.frame
    if frame.height == 0:
        return ""
    names = [text_line(str(name)) if name is not None else "–" for name in frame[chart.category].to_list()]
    values = {
        name: [None if value is None else float(value) for value in frame[name].to_list()]
        for name in (*chart.series, *chart.line_series)
    }
    picture = Drawing(chart.title, say("chart_of", title=chart.title), f"{block.key}-{chart.kind}")
    return _KINDS[chart.kind](picture, Data(block, chart, names, values, say))


class Data:
    """What a chart shows: names along the axis, values by column, and how both are said."""

    def __init__(
        self,
        block: Block,
        chart: Chart,
        names: list[str],
        values: dict[str, list[float | None]],
        say: Phrases,
    ) -> None:
        self.block, self.chart, self.names, self.values, self.say = block, chart, names, values, say

    def label(self, column: str) -> str:
        """Label of a series."""
        return self.block.labels[column] if column in self.block.labels else self.say.label(column)

    def said(self, column: str, value: float | None) -> str:
        """A value as text."""
        return shown(value, unit_of(column, self.block.units), self.say.lang, compact=True)

    def tick(self, column: str, value: float) -> str:
        """A round value on an axis: without empty decimals."""
        return _EMPTY_DECIMALS.sub("", self.said(column, value))

    def of(self, columns: Sequence[str]) -> list[float]:
        """All known values of these columns."""
        return [value for column in columns for value in self.values[column] if value is not None]


def _slots(count: int) -> tuple[float, float]:
    """Width of a slot and of the column in it."""
    slot = (WIDTH - _LEFT - _RIGHT) / max(1, count)
    return slot, slot * 0.7


def _value_axis(picture: Drawing, scale: Scale, say: Callable[[float], str], right: bool = False) -> None:
    for tick in scale.ticks():
        y = scale.at(tick)
        if right:
            picture.text(WIDTH - _RIGHT + 5, y + 4, say(tick), "start")
        else:
            picture.rule(_LEFT, y, WIDTH - _RIGHT, y)
            picture.text(_LEFT - 5, y + 4, say(tick), "end")


def _names_below(picture: Drawing, names: list[str]) -> None:
    """Names under the columns, in two lines where they need it; every second, third ... where they would touch."""
    slot, _ = _slots(len(names))
    longest_word = max(width(word) for name in names for word in name.split(" "))
    every = max(1, math.ceil(min(longest_word, 9) * _CHARACTER / slot))
    room = int(slot * every / _CHARACTER)
    for place in range(0, len(names), every):
        for line, words in enumerate(_two_lines(names[place], room)):
            picture.text(_LEFT + slot * (place + 0.5), HEIGHT - _BOTTOM + 14 + 12 * line, words)


def _two_lines(name: str, room: int) -> list[str]:
    """A name in at most two lines of that width, cut where even these are too short."""
    if width(name) <= room:
        return [name]
    head, _, rest = name.partition(" ")
    return [_cut(line, room) for line in (head, rest) if line]


def _cut(words: str, room: int) -> str:
    if width(words) <= room:
        return words
    while words and width(words) > room - 1:
        words = words[:-1]
    return words + "…"


def _legend(picture: Drawing, entries: list[tuple[str, str]], y: float) -> None:
    x = 6.0
    for css, label in entries:
        picture.rect(x, y - 9, 10, 10, css, label)
        picture.text(x + 14, y, label, "start")
        x += 28 + width(label) * _CHARACTER


def _trend(picture: Drawing, data: Data) -> str:
    """Columns and lines over months, each with its own axis."""
    chart, names = data.chart, data.names
    slot, wide = _slots(len(names))
    base = HEIGHT - _BOTTOM
    for column in chart.series:
        scale = Scale(0.0, max(data.of([column]), default=1.0), base, _TOP)
        _value_axis(picture, scale, lambda tick, column=column: data.tick(column, tick))  # type: ignore[misc]
        for place, value in enumerate(data.values[column]):
            if value is not None:
                x, y = _LEFT + slot * place + (slot - wide) / 2, scale.at(value)
                picture.rect(x, y, wide, base - y, "c2", f"{names[place]}: {data.said(column, value)}")
    known = data.of(chart.line_series)
    if known:
        scale = Scale(0.0, max(known), base, _TOP)
        _value_axis(picture, scale, lambda tick: f"{tick:g}", right=bool(chart.series))
        for column in chart.line_series:
            points = [
                (_LEFT + slot * (place + 0.5), scale.at(value))
                for place, value in enumerate(data.values[column])
                if value is not None
            ]
            picture.line(points, "line target" if column == "target" else "line")
    _names_below(picture, names)
    bars = [("c2", data.label(column)) for column in chart.series]
    lines = [("c3" if column == "target" else "c1", data.label(column)) for column in chart.line_series]
    _legend(picture, [*bars, *lines], HEIGHT - 8)
    return picture.svg()


def _waterfall(picture: Drawing, data: Data) -> str:
    """From one level to another in steps; longer is bad, shorter is good."""
    base, level, up, down = (data.values[column] for column in data.chart.series)
    tops = [sum(part or 0.0 for part in parts) for parts in zip(base, level, up, down, strict=True)]
    feet = [max(foot or 0.0, lev or 0.0) for foot, lev in zip(base, level, strict=True)]
    spread = max(tops) - min(feet)
    scale = Scale(max(0.0, min(feet) - 2 * spread), max(tops), HEIGHT - _BOTTOM, _TOP)
    _value_axis(picture, scale, lambda tick: f"{tick:g}")
    slot, wide = _slots(len(data.names))
    for place, name in enumerate(data.names):
        foot, top = base[place] or scale.low, tops[place]
        css, change = (
            ("c1", top)
            if level[place]
            else ("bad", up[place])
            if up[place]
            else ("good", -(down[place] or 0.0))
        )
        x, y = _LEFT + slot * place + (slot - wide) / 2, scale.at(top)
        said = shown(change, Unit.DAYS) if css == "c1" else f"{change or 0.0:+.1f}"
        picture.rect(x, y, wide, max(scale.at(foot) - y, 1.0), css, f"{name}: {said}")
        picture.text(x + wide / 2, max(y - 3, 10), said, css="strong")
    _names_below(picture, data.names)
    entries = [("c1", data.label(data.chart.series[1])), ("bad", data.label(data.chart.series[2]))]
    _legend(picture, [*entries, ("good", data.label(data.chart.series[3]))], HEIGHT - 8)
    return picture.svg()


def _pareto(picture: Drawing, data: Data) -> str:
    """Columns, largest first, and the cumulative share as a line."""
    chart, names = data.chart, data.names
    column, share = chart.series[0], chart.line_series[0]
    slot, wide = _slots(len(names))
    base = HEIGHT - _BOTTOM
    scale = Scale(0.0, max(data.of([column]), default=1.0), base, _TOP)
    shares = Scale(0.0, 1.0, base, _TOP)
    _value_axis(picture, scale, lambda tick: data.tick(column, tick))
    _value_axis(picture, shares, lambda tick: f"{tick:.0%}", right=True)
    for place, value in enumerate(data.values[column]):
        if value is not None and value > 0:
            x, y = _LEFT + slot * place + (slot - wide) / 2, scale.at(value)
            picture.rect(x, y, wide, base - y, "c2", f"{names[place]}: {data.said(column, value)}")
    points = [
        (_LEFT + slot * (place + 0.5), shares.at(value))
        for place, value in enumerate(data.values[share])
        if value is not None
    ]
    picture.line(points, "line")
    _names_below(picture, names)
    _legend(picture, [("c2", data.label(column)), ("c1", data.label(share))], HEIGHT - 8)
    return picture.svg()


_BAR_LEFT = 122
_BAR_HIGH = 17


def _bars(picture: Drawing, data: Data) -> str:
    """Bars side by side, one group per name."""
    columns = data.chart.series
    group = _BAR_HIGH * len(columns) + 8
    high = _TOP + group * len(data.names) + 44
    scale = _flat_axis(picture, data.of(columns), data, high)
    for place, name in enumerate(data.names):
        top = _TOP + group * place
        _side(picture, name, top + group / 2)
        for number, column in enumerate(columns):
            value = data.values[column][place]
            if value is not None:
                said = f"{name}, {data.label(column)}: {data.said(column, value)}"
                picture.rect(
                    _BAR_LEFT,
                    top + number * _BAR_HIGH,
                    scale.at(value) - _BAR_LEFT,
                    _BAR_HIGH - 3,
                    f"c{number + 1}",
                    said,
                )
    _legend(
        picture, [(f"c{number + 1}", data.label(column)) for number, column in enumerate(columns)], high - 6
    )
    return picture.svg(high)


def _stacked(picture: Drawing, data: Data) -> str:
    """One bar per name, made of its parts; the legend takes two lines."""
    columns = data.chart.series
    group = _BAR_HIGH + 12
    high = _TOP + group * len(data.names) + 62
    totals = [
        sum(max(data.values[column][place] or 0.0, 0.0) for column in columns)
        for place in range(len(data.names))
    ]
    scale = _flat_axis(picture, totals, data, high - 18)
    for place, name in enumerate(data.names):
        top, x = _TOP + group * place, float(_BAR_LEFT)
        _side(picture, name, top + group / 2)
        for number, column in enumerate(columns):
            value = max(data.values[column][place] or 0.0, 0.0)
            wide = scale.at(value) - scale.at(0.0)
            said = f"{name}, {data.label(column)}: {data.said(column, value)}"
            picture.rect(x, top + 2, wide, _BAR_HIGH, f"age{number % _AGE_COLOURS}", said)
            x += wide
    half = math.ceil(len(columns) / 2)
    entries = [(f"age{number % _AGE_COLOURS}", data.label(column)) for number, column in enumerate(columns)]
    _legend(picture, entries[:half], high - 24)
    _legend(picture, entries[half:], high - 7)
    return picture.svg(high)


def _flat_axis(picture: Drawing, values: list[float], data: Data, high: float) -> Scale:
    scale = Scale(0.0, max(values, default=1.0), _BAR_LEFT, WIDTH - 24)
    for tick in scale.ticks():
        x = scale.at(tick)
        picture.rule(x, _TOP - 6, x, high - 40)
        picture.text(x, high - 27, data.tick(data.chart.series[0], tick))
    return scale


def _side(picture: Drawing, name: str, y: float) -> None:
    """A name left of its bar, cut where it would not fit."""
    picture.text(_BAR_LEFT - 6, y, _cut(name, _LABEL + 1), "end")


_KINDS: dict[str, Callable[[Drawing, Data], str]] = {
    "trend": _trend,
    "waterfall": _waterfall,
    "pareto": _pareto,
    "stacked": _stacked,
    "bars": _bars,
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
        f'<svg class="spark" viewBox="0 0 100 24" role="img" aria-label="{escape(title, quote=True)}">'
        f'<polyline class="line" points="{points}"/></svg>'
    )
