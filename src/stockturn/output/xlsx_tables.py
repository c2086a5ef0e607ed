"""One block as a real Excel table: filters, number formats by unit, bars, scales, lights and colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import polars as pl

from stockturn.model import Block
from stockturn.output.carry import HANDLING, PREFIX
from stockturn.output.formats import (
    block_decimals,
    check_finite,
    decimals_of,
    excel_format,
    is_number,
    shown,
    text_cell,
    text_column,
    unit_of,
    width,
)
from stockturn.output.palette import BLUE, ORANGE, SKY
from stockturn.output.phrases import Phrases
from stockturn.output.xlsx_pages import column_at, points_wide
from stockturn.output.xlsx_styles import SMALL, Styles
from stockturn.schema import Unit

_EPOCH_DAYS = 25_569
"""Excel's number of 1970-01-01."""

_NARROWEST = 7
_DIGIT, _BOLD_DIGIT = 1.2, 1.35
"""Columns that a digit takes: the fonts of Chinese workbooks, and those that stand in for a font a machine does not
have, are wider than the one Excel counts columns in; a figure that does not fit would be shown as ``####``."""

_DATE_WIDTH = 14
_ICON = 3
"""Room for a light beside its figure."""

_LONG_TEXT = 68
"""Text that is wider than this is wrapped (a wide character counts as 2)."""

_LONGEST_TEXT = 150
_LINES = 2
"""A column of sentences is made wider, up to this, while they take more lines than so many."""

_ODD_TEXT = 30
"""A column is this wide where only the odd text needs it; what is longer still takes more lines."""

_MOST_LINES = 20
"""Lines of one row at most: Excel knows no higher rows."""

_SIGNS = {"zh": (1.06, 1.1, 1.02), "en": (0.85, 1.0, 1.02)}
"""Columns of the sheet that a letter, a digit and a column of a wide sign take in running text, what is lost at the
end of its lines included: the fonts of a Chinese and of an English workbook."""

_WIDE = "[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]"
_FILTER_BUTTON = 3
_NOTE_POINTS, _POINTS_PER_COLUMN = 660.0, 5.25
_USUAL = 0.97


@dataclass(frozen=True)
class Extent:
    """Where a block stands: its tab, its first and last data row, and the column of each name."""

    tab: str
    first_row: int
    last_row: int
    columns: Mapping[str, int]


@dataclass
class Tab:
    """A worksheet while it is being written: its name, and how wide its columns have to be."""

    sheet: Any
    name: str
    lang: str
    widths: dict[int, float] = field(default_factory=dict)
    headers: dict[int, list[str]] = field(default_factory=dict)
    wrapped: list[tuple[int, int, pl.Series]] = field(default_factory=list)
    heights: dict[int, float] = field(default_factory=dict)
    notes: list[tuple[int, str, Any]] = field(default_factory=list)

    def note(self, row: int, words: str, form: Any) -> int:
        """Small print in one row; gives the row below."""
        self.notes.append((row, words, form))
        return row + 1

    @property
    def _note_end(self) -> int:
        return max(1, column_at(self.widths, _NOTE_POINTS))

    @property
    def notes_wide(self) -> float:
        """Points up to the column in which small print ends."""
        return points_wide(self.widths, self._note_end) if self.notes else 0.0

    def _set_note(self, row: int, words: str, form: Any) -> None:
        """Over the width of a page, and no wider: merged cells count as used, and would shrink what is printed."""
        last = self._note_end
        self.sheet.merge_range(row, 0, row, last, "", form)
        self.sheet.write_string(row, 0, text_cell(words), form)
        taken = float(_running(pl.Series([words]), self.lang)[0]) * SMALL
        self.set_height(row, 13.5 * max(1, ceil(taken * _POINTS_PER_COLUMN / _NOTE_POINTS)))

    def widen(self, column: int, needed: float) -> None:
        """Keep the widest need of a column."""
        self.widths[column] = max(self.widths.get(column, 0.0), needed)

    def set_height(self, row: int, points: float) -> None:
        """Height of a row; kept, because pages are broken by it."""
        self.heights[row] = points
        self.sheet.set_row(row, points)

    def apply_widths(self) -> None:
        """Set the widths at the end, when every block has said what it needs, and then the height of headers and
        of wrapped rows: not every program fits it by itself."""
        for column, needed in self.widths.items():
            self.sheet.set_column(column, column, needed)
        for row, words, form in self.notes:
            self._set_note(row, words, form)
        for row, labels in self.headers.items():
            lines = max(_header_lines(label, self.widths[column]) for column, label in enumerate(labels))
            self.set_height(row, 14.5 * lines + 3)
        for row, lines in self._wrapped_rows().items():
            self.set_height(row, 12.5 * lines + 3)

    def _wrapped_rows(self) -> dict[int, int]:
        """Rows whose text takes more than one line, and how many."""
        rows: dict[int, int] = {}
        for column, first, widths in self.wrapped:
            taken = (widths / self.widths[column]).ceil().cast(pl.Int64).fill_null(1).to_list()
            for row, lines in enumerate(taken, start=first):
                if lines > 1:
                    rows[row] = max(rows.get(row, 1), min(lines, _MOST_LINES))
        return rows


def write_table(tab: Tab, block: Block, row: int, styles: Styles, say: Phrases) -> tuple[Extent, int]:
    """Write header, rows and total at ``row``; gives where it stands and how many texts had to be cut."""
    frame = block.frame
    check_finite(frame, block.key or block.title)
    first, last = row + 1, row + frame.height
    cut = 0
    for column, name in enumerate(frame.columns):
        cut += _column(tab, block, name, column, first, styles)
    labels = headers(block, say)
    forms = [_header_form(block, name, styles) for name in frame.columns]
    for column, label in enumerate(labels):
        tab.widen(column, _header_width(label, block.heat))
        tab.sheet.write_string(row, column, label, forms[column])
    tab.headers[row] = labels
    if not block.heat and frame.height:
        columns = [
            {"header": label, "header_format": form} for label, form in zip(labels, forms, strict=True)
        ]
        options = {"columns": columns, "style": "Table Style Light 1", "autofilter": True}
        if set(HANDLING) <= set(frame.columns):
            options["name"] = f"{PREFIX}{block.key}"
        tab.sheet.add_table(row, 0, last, frame.width - 1, options)
    extent = Extent(tab.name, first, last, {name: place for place, name in enumerate(frame.columns)})
    if frame.height:
        _mark(tab.sheet, block, extent, styles)
        _sparks(tab.sheet, block, extent)
    if block.total is not None:
        _total(tab, block, last + 1, styles)
    return extent, cut


def _header_form(block: Block, name: str, styles: Styles) -> Any:
    if name in block.helpers:
        return styles.helper
    return styles.number_header if is_number(unit_of(name, block.units)) else styles.header


def headers(block: Block, say: Phrases) -> list[str]:
    """Labels of the columns, made different where two would be the same (a table needs that)."""
    labels: list[str] = []
    for name in block.frame.columns:
        label = block.labels[name] if name in block.labels else say.label(name)
        same = sum(1 for other in labels if other.split(" (")[0].casefold() == label.casefold())
        labels.append(f"{label} ({same + 1})" if same else label)
    return labels


def _column(tab: Tab, block: Block, name: str, column: int, first: int, styles: Styles) -> int:
    """The cells of one column; null stays blank. Gives how many texts were cut."""
    values = block.frame[name]
    unit = unit_of(name, block.units)
    sheet = tab.sheet
    if values.dtype == pl.Date:
        form, write = styles.body(excel_format(Unit.DATE)), sheet.write_number
        values = values.to_physical() + _EPOCH_DAYS
        tab.widen(column, _DATE_WIDTH)
    elif values.dtype.is_numeric():
        if is_number(unit):
            decimals = block_decimals(block, name)
        else:
            unit, decimals = Unit.QTY, decimals_of(Unit.QTY, values)
        number_format = excel_format(unit, decimals)
        values = values + 0.0 if values.dtype.is_float() else values
        form, write = styles.body(number_format), sheet.write_number
        tab.widen(column, _number_width(values, unit, decimals) + (_ICON if name in block.lights else 0))
    else:
        if isinstance(values.dtype, pl.Datetime):
            values = values.dt.strftime("%Y-%m-%d %H:%M")
        return _texts(tab, values, column, first, styles)
    for place, value in enumerate(values.to_list(), start=first):
        if value is not None:
            write(place, column, value, form)
    return 0


def _texts(tab: Tab, values: pl.Series, column: int, first: int, styles: Styles) -> int:
    """Cells of text: the column is as wide as all but the odd text need, and what is longer wraps in its cell."""
    texts, cut = text_column(values.cast(pl.String))
    widths = texts.str.len_chars() + texts.str.count_matches(_WIDE)
    usual = _usual_width(widths)
    sentences, widest = usual > _LONG_TEXT, _text_width(widths)
    room = min(_LONGEST_TEXT, max(_LONG_TEXT, usual // _LINES)) if sentences else usual
    tab.widen(column, max(room, widest if widest <= _LONG_TEXT else min(widest, _ODD_TEXT)) + 2.5)
    wrapped = styles.body("@", wrap=True, small=sentences)
    short = wrapped if sentences else styles.body("@")
    longer = widths > tab.widths[column] - 2
    if longer.any():
        tab.wrapped.append((column, first, _running(texts, tab.lang) * (SMALL if sentences else 1.0)))
    write = tab.sheet.write_string
    for place, (value, long) in enumerate(zip(texts.to_list(), longer.to_list(), strict=True), start=first):
        if value is not None:
            write(place, column, value, wrapped if long else short)
    return cut


def _running(texts: pl.Series, lang: str) -> pl.Series:
    """Columns of the sheet that each text takes in lines, at the size of figures."""
    letter, digit, wide = _SIGNS.get(lang, _SIGNS["en"])
    digits, wides = texts.str.count_matches(r"\d"), texts.str.count_matches(_WIDE)
    return (texts.str.len_chars() - digits - wides) * letter + digits * digit + wides * 2 * wide


def _text_width(widths: pl.Series) -> int:
    widest = widths.max()
    return int(widest) if isinstance(widest, int) else 0


def _usual_width(widths: pl.Series) -> int:
    """Width that all but the odd text need: one name of 300 signs must not push a list off the page."""
    usual = widths.quantile(_USUAL, interpolation="nearest")
    return int(usual) if usual is not None else 0


def _number_width(values: pl.Series, unit: Unit, decimals: int | None) -> float:
    numbers = values.drop_nulls()
    if numbers.len() == 0:
        return _NARROWEST
    ends = [float(str(end)) for end in (numbers.min(), numbers.max())]
    return max(_NARROWEST, max(len(shown(end, unit, decimals=decimals)) for end in ends) * _DIGIT + 1.5)


def _header_width(label: str, heat: bool) -> float:
    """Headers wrap: the longest word decides, or a line of ten for a script without spaces."""
    longest = max(width(word) for word in label.split(" "))
    return max(_NARROWEST, min(longest, 14) + (1 if heat else _FILTER_BUTTON))


def _header_lines(label: str, room: float) -> int:
    """Lines that a header takes in its column, the filter button aside."""
    lines, used = 1, 0
    for word in label.split(" "):
        needed = width(word)
        if used and used + 1 + needed > room:
            lines, used = lines + 1, needed
        else:
            used += needed + (1 if used else 0)
        lines += int(needed // room)
    return lines


def _total(tab: Tab, block: Block, row: int, styles: Styles) -> None:
    for column, name in enumerate(block.frame.columns):
        value = (block.total or {}).get(name)
        unit = unit_of(name, block.units)
        decimals = block_decimals(block, name)
        form = styles.total(excel_format(unit, decimals) if is_number(unit) else "@")
        if value is None:
            tab.sheet.write_blank(row, column, None, form)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            tab.sheet.write_number(row, column, value, form)
            tab.widen(column, len(shown(value, unit, decimals=decimals)) * _BOLD_DIGIT + 1.5)
        else:
            tab.sheet.write_string(row, column, text_cell(str(value)), form)


def _mark(sheet: Any, block: Block, extent: Extent, styles: Styles) -> None:
    """Conditional formats: they follow the values when a reader changes or sorts them."""

    def add(name: str, rule: dict[str, object]) -> None:
        if name in extent.columns:
            column = extent.columns[name]
            sheet.conditional_format(extent.first_row, column, extent.last_row, column, rule)

    for name in block.bars:
        add(name, {"type": "data_bar", "bar_color": SKY, "bar_solid": True, "bar_negative_color": ORANGE})
    for name in block.scales:
        if name in extent.columns:
            add(name, _scale(block.frame[name]))
    for name, (amber, green) in block.lights.items():
        add(name, _lights(amber, green))
    for name, marks in block.marks.items():
        for text, level in marks.items():
            quoted = text.replace('"', '""')
            add(
                name,
                {"type": "cell", "criteria": "==", "value": f'"{quoted}"', "format": styles.level(level)},
            )
    if block.heat:
        columns = [
            place for name, place in extent.columns.items() if unit_of(name, block.units) is not Unit.CODE
        ]
        rule = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": SKY}
        body = [place for place in columns if place != max(columns)]
        sheet.conditional_format(extent.first_row, min(body), extent.last_row, max(body), rule)


def _sparks(sheet: Any, block: Block, extent: Extent) -> None:
    """A small line in every row, all of a column in one group."""
    from xlsxwriter.utility import xl_range, xl_rowcol_to_cell

    rows = range(extent.first_row, extent.last_row + 1)
    for name, shown_columns in block.sparks.items():
        first, last = extent.columns[shown_columns[0]], extent.columns[shown_columns[-1]]
        places = [xl_rowcol_to_cell(row, extent.columns[name]) for row in rows]
        cells = [f"{quoted(extent.tab)}!{xl_range(row, first, row, last)}" for row in rows]
        looks = {"series_color": BLUE, "weight": 1.5, "last_point": True}
        sheet.add_sparkline(places[0], {"location": places, "range": cells, **looks})


def quoted(tab: str) -> str:
    """A tab's name inside a reference."""
    doubled = tab.replace("'", "''")
    return f"'{doubled}'"


def _scale(values: pl.Series) -> dict[str, object]:
    """White to orange; where values have a sign, green below 0 and red above: fewer days are better."""
    lowest = values.min()
    if isinstance(lowest, int | float) and lowest < 0:
        return {
            "type": "3_color_scale",
            "mid_type": "num",
            "mid_value": 0,
            "min_color": "#8FCBA5",
            "mid_color": "#FFFFFF",
            "max_color": "#EE9A94",
        }
    return {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#F6B26B"}


def _lights(amber: float, green: float) -> dict[str, object]:
    rule: dict[str, object] = {"type": "icon_set", "icon_style": "3_traffic_lights"}
    if amber <= green:
        bounds = (">=", green), (">=", amber)
    else:
        bounds = (">", amber), (">", green)
        rule["reverse_icons"] = True
    rule["icons"] = [{"criteria": sign, "type": "number", "value": bound} for sign, bound in bounds]
    return rule
