"""Native charts over the tables of a tab; a chart follows when its table is filtered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stockturn.model import Block, Chart
from stockturn.output.formats import excel_format, unit_of
from stockturn.output.palette import AGES, BLUE, GREY, INK, LEVELS, LINE, ORANGE, SKY, SOFT
from stockturn.output.phrases import Phrases
from stockturn.output.xlsx_tab import Extent
from stockturn.schema import Unit

WIDTH = 620
"""Pixels of a chart: two stand side by side on an A4 page in landscape."""

_HIGH, _HIGHER, _BARS_HIGH = 330, 450, 8
"""Pixels of a chart, and of one with more bars than so many: their names need the room."""

_FEW = 3
"""Bars that would be as thick as a brick: they get more air."""

_BANDS_NAMED = 10
"""Bands of a Pareto chart that can all be named on one line; of more, every second is."""


class Drawing:
    """A chart being made: where its columns stand and what they are called."""

    def __init__(self, workbook: Any, block: Block, chart: Chart, extent: Extent, say: Phrases) -> None:
        self.workbook, self.block, self.chart, self.extent, self.say = workbook, block, chart, extent, say
        rows = extent.last_row - extent.first_row + 1 - chart.first
        self.first_row = extent.first_row + chart.first
        self.last_row = self.first_row + min(rows, chart.rows or rows) - 1

    def cells(self, name: str) -> list[object]:
        """The cells of one column, as XlsxWriter wants them."""
        column = self.extent.columns[name]
        return [self.extent.tab, self.first_row, column, self.last_row, column]

    def series(self, name: str, **looks: object) -> dict[str, object]:
        """One series with its label."""
        label = self.block.labels[name] if name in self.block.labels else self.say.label(name)
        return {
            "name": label,
            "categories": self.cells(self.chart.category),
            "values": self.cells(name),
            **looks,
        }

    def new(self, kind: str, subtype: str | None = None) -> Any:
        """An empty chart of the workbook."""
        options = {"type": kind} | ({"subtype": subtype} if subtype else {})
        return self.workbook.add_chart(options)

    def axis(self, name: str) -> dict[str, object]:
        """A value axis with the number format of its column, without the clutter."""
        unit = unit_of(name, self.block.units)
        number_format = "#,##0" if unit is Unit.DAYS else excel_format(unit)
        if unit is Unit.MONEY:
            number_format = money_axis(self._top(), self.say.lang)
        if unit is Unit.SHARE:
            number_format = "0%"
        title = self.block.labels[name] if name in self.block.labels else self.say.label(name)
        return {
            "num_format": number_format,
            "name": title,
            "name_font": {"bold": False, "size": 9, "color": SOFT},
            "num_font": {"size": 9, "color": SOFT},
            "major_gridlines": {"visible": True, "line": {"color": LINE, "width": 0.5}},
            "line": {"none": True},
        }

    def _top(self) -> float:
        """The largest amount that is drawn."""
        names = (*self.chart.series, *self.chart.line_series)
        amounts = [self.block.frame[name] for name in names if unit_of(name, self.block.units) is Unit.MONEY]
        return max((float(top) for column in amounts if (top := column.max()) is not None), default=0.0)  # type: ignore[arg-type]


def money_axis(top: float, lang: str) -> str:
    """Number format of an axis of amounts up to ``top``: long figures would run into each other.

    A format divides by thousands alone; ten thousands (万) are thousands with a point before the last digit.

    >>> money_axis(999.0, "en"), money_axis(5e6, "en"), money_axis(5e7, "en")
    ('#,##0', '0.0,,"M"', '#,##0,,"M"')
    >>> money_axis(5e6, "zh")
    '0\\\\.0,"万"'
    """
    if top < _LONG:
        return "#,##0"
    if lang == "zh":
        return '0\\.0,"万"'
    return '0.0,,"M"' if top < 10 * _LONG else '#,##0,,"M"'


_LONG = 1e6


def height_of(block: Block, chart: Chart) -> int:
    """Pixels that a chart needs."""
    bars = min(block.frame.height - chart.first, chart.rows or block.frame.height)
    return _HIGHER if chart.kind in _FLAT and bars > _BARS_HIGH else _HIGH


def insert_chart(drawing: Drawing, sheet: Any, row: int, offset: int, height: int) -> None:
    """Put the chart on the sheet, ``offset`` pixels from its left edge."""
    made = _KINDS[drawing.chart.kind](drawing)
    title = drawing.chart.title
    made.set_title({"name": title, "name_font": {"size": 12, "bold": True, "color": INK}, "overlay": False})
    made.set_legend({"position": "bottom", "font": {"size": 9, "color": SOFT}, **_hidden_legend(drawing)})
    made.set_chartarea({"border": {"color": LINE}})
    made.set_size({"width": WIDTH, "height": height})
    place = {"x_offset": offset, "y_offset": 4, "object_position": 3, "description": title}
    sheet.insert_chart(row, 0, made, place)


def _hidden_legend(drawing: Drawing) -> dict[str, object]:
    """The foot of a waterfall has no business in the legend."""
    return {"delete_series": [0]} if drawing.chart.kind == "waterfall" else {}


def _categories(chart: Any, every: int | None = None) -> None:
    axis: dict[str, object] = {"num_font": {"size": 9, "color": SOFT}, "line": {"color": GREY}}
    if every is not None:
        axis["interval_unit"] = every
    chart.set_x_axis(axis)


def _trend(drawing: Drawing) -> Any:
    """Columns behind, lines in front on an axis of their own; a target is dashed."""
    columns = drawing.new("column")
    for name in drawing.chart.series:
        columns.add_series(drawing.series(name, fill={"color": SKY}, gap=60))
    if drawing.chart.series:
        columns.set_y_axis({**drawing.axis(drawing.chart.series[0]), "min": 0})
    lines = drawing.new("line")
    for name in drawing.chart.line_series:
        looks = (
            {"color": ORANGE, "width": 1.75, "dash_type": "dash"}
            if name == "target"
            else {"color": BLUE, "width": 2.5}
        )
        lines.add_series(drawing.series(name, line=looks, y2_axis=bool(drawing.chart.series)))
    if not drawing.chart.line_series:
        _categories(columns)
        return columns
    axis = {**drawing.axis(drawing.chart.line_series[0]), "min": 0}
    if not drawing.chart.series:
        lines.set_y_axis(axis)
        _categories(lines)
        return lines
    lines.set_y2_axis({**axis, "major_gridlines": {"visible": False}})
    columns.combine(lines)
    _categories(columns)
    return columns


def _waterfall(drawing: Drawing) -> Any:
    """Stacked columns on an unseen foot."""
    base, level, up, down = drawing.chart.series
    chart = drawing.new("column", "stacked")
    chart.add_series(drawing.series(base, fill={"none": True}, border={"none": True}, gap=40))
    colours = {level: BLUE, up: LEVELS["critical"], down: LEVELS["good"]}
    for name, colour in colours.items():
        labels = {"value": True, "num_format": "#,##0.0;;", "font": {"size": 9, "color": "#FFFFFF"}}
        chart.add_series(drawing.series(name, fill={"color": colour}, data_labels=labels))
    axis = drawing.axis(level)
    chart.set_y_axis({**axis, "min": _floor(drawing), "name": drawing.series(level)["name"]})
    _categories(chart)
    return chart


def _floor(drawing: Drawing) -> float:
    """Where the axis starts: the steps would be hairlines on an axis from 0."""
    rows = drawing.block.frame.select(drawing.chart.series).rows()
    tops = [sum(row) for row in rows]
    feet = [max(row[0], row[1]) for row in rows]
    spread = max(tops) - min(feet)
    return float(max(0, int(min(feet) - 2 * spread)))


def _pareto(drawing: Drawing) -> Any:
    columns = drawing.new("column")
    for name in drawing.chart.series:
        columns.add_series(drawing.series(name, fill={"color": SKY}, gap=20))
    columns.set_y_axis({**drawing.axis(drawing.chart.series[0]), "min": 0})
    lines = drawing.new("line")
    for name in drawing.chart.line_series:
        lines.add_series(drawing.series(name, line={"color": BLUE, "width": 2.25}, y2_axis=True))
    axis = drawing.axis(drawing.chart.line_series[0])
    lines.set_y2_axis({**axis, "min": 0, "max": 1, "major_gridlines": {"visible": False}})
    columns.combine(lines)
    bands = drawing.last_row - drawing.first_row + 1
    _categories(columns, every=2 if bands > _BANDS_NAMED else 1)
    return columns


def _stacked(drawing: Drawing) -> Any:
    chart = drawing.new("bar", "stacked")
    for place, name in enumerate(drawing.chart.series):
        chart.add_series(drawing.series(name, fill={"color": AGES[place % len(AGES)]}, gap=_gap(drawing, 50)))
    return _flat(drawing, chart)


def _gap(drawing: Drawing, usual: int) -> int:
    """Air between bars, in percent of one."""
    return usual if drawing.last_row - drawing.first_row + 1 > _FEW else 4 * usual


def _bars(drawing: Drawing) -> Any:
    chart = drawing.new("bar")
    for name, colour in zip(drawing.chart.series, (BLUE, SKY, GREY), strict=False):
        chart.add_series(drawing.series(name, fill={"color": colour}, gap=_gap(drawing, 60)))
    return _flat(drawing, chart)


def _columns(drawing: Drawing) -> Any:
    """Columns made of parts, one per week."""
    chart = drawing.new("column", "stacked")
    for name, colour in zip(drawing.chart.series, (BLUE, SKY, GREY), strict=False):
        chart.add_series(drawing.series(name, fill={"color": colour}, gap=40))
    chart.set_y_axis({**drawing.axis(drawing.chart.series[0]), "name": "", "min": 0})
    _categories(chart)
    return chart


def _lines(drawing: Drawing) -> Any:
    """A forecast: what was, what is expected, and dashed the limits above it."""
    chart = drawing.new("line")
    looks: list[dict[str, object]] = [{"color": BLUE, "width": 2.25}, {"color": ORANGE, "width": 2.25}]
    limit = {"color": ORANGE, "width": 1.25, "dash_type": "dash"}
    for place, name in enumerate(drawing.chart.series):
        line = looks[place] if place < len(looks) else {**limit, "transparency": 20 * (place - len(looks))}
        chart.add_series(drawing.series(name, line=line))
    chart.set_y_axis({**drawing.axis(drawing.chart.series[0]), "name": "", "num_format": "#,##0", "min": 0})
    _categories(chart)
    return chart


def _flat(drawing: Drawing, chart: Any) -> Any:
    """Bars read from the top, in the order of the table. XlsxWriter: x_axis of a bar chart is the vertical one."""
    axis = {**drawing.axis(drawing.chart.series[0]), "name": ""}
    values = drawing.block.frame.select(drawing.chart.series)
    if all((column.min() or 0) >= 0 for column in values):  # type: ignore[operator]
        axis["min"] = 0
    chart.set_x_axis(axis)
    many = drawing.last_row - drawing.first_row + 1 > _BANDS_NAMED - 3
    names = {"num_font": {"size": 7.5 if many else 9, "color": SOFT}, "line": {"color": GREY}}
    chart.set_y_axis({"reverse": True, "crossing": "max", "interval_unit": 1, **names})
    return chart


_KINDS: dict[str, Callable[[Drawing], Any]] = {
    "trend": _trend,
    "waterfall": _waterfall,
    "pareto": _pareto,
    "stacked": _stacked,
    "bars": _bars,
    "columns": _columns,
    "lines": _lines,
}
_FLAT = ("stacked", "bars")
