"""What charts are drawn with: an SVG of rectangles, lines and texts, scales with round ticks, axes and legends."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from html import escape

from stockturn.model import Block, Chart
from stockturn.output.formats import shown, unit_of, width
from stockturn.output.phrases import Phrases

WIDTH, HEIGHT = 480, 280
LEFT, RIGHT, TOP, BOTTOM = 58, 50, 14, 52
_TICKS = 4
CHARACTER = 6.2
"""Pixels of a narrow character at the size of the labels."""
_EMPTY_DECIMALS = re.compile(r"\.0+(?!\d)")


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


def slots(count: int) -> tuple[float, float]:
    """Width of a slot and of the column in it."""
    slot = (WIDTH - LEFT - RIGHT) / max(1, count)
    return slot, slot * 0.7


def value_axis(picture: Drawing, scale: Scale, say: Callable[[float], str], right: bool = False) -> None:
    for tick in scale.ticks():
        y = scale.at(tick)
        if right:
            picture.text(WIDTH - RIGHT + 5, y + 4, say(tick), "start")
        else:
            picture.rule(LEFT, y, WIDTH - RIGHT, y)
            picture.text(LEFT - 5, y + 4, say(tick), "end")


def names_below(picture: Drawing, names: list[str]) -> None:
    """Names under the columns, in two lines where they need it; every second, third ... where they would touch."""
    slot, _ = slots(len(names))
    longest_word = max(width(word) for name in names for word in name.split(" "))
    every = max(1, math.ceil((min(longest_word, 10) + 1) * CHARACTER / slot))
    room = int(slot * every / CHARACTER)
    for place in range(0, len(names), every):
        for line, words in enumerate(_two_lines(names[place], room)):
            picture.text(LEFT + slot * (place + 0.5), HEIGHT - BOTTOM + 14 + 12 * line, words)


def _two_lines(name: str, room: int) -> list[str]:
    """A name in at most two lines of that width, cut where even these are too short."""
    if width(name) <= room:
        return [name]
    head, _, rest = name.partition(" ")
    return [cut(line, room) for line in (head, rest) if line]


def cut(words: str, room: int) -> str:
    if width(words) <= room:
        return words
    while words and width(words) > room - 1:
        words = words[:-1]
    return words + "…"


def legend(picture: Drawing, entries: list[tuple[str, str]], y: float) -> None:
    x = 6.0
    for css, label in entries:
        picture.rect(x, y - 9, 10, 10, css, label)
        picture.text(x + 14, y, label, "start")
        x += 28 + width(label) * CHARACTER
