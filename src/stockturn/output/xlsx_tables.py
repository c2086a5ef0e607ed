"""One block as a real Excel table: filters, number formats by unit, bars, scales, lights and colours."""

from __future__ import annotations

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
    text_cell,
    text_column,
    unit_of,
)
from stockturn.output.palette import BLUE, ORANGE, SKY
from stockturn.output.phrases import Phrases
from stockturn.output.xlsx_styles import Styles
from stockturn.output.xlsx_tab import DATE_WIDTH, Extent, Tab, bold_width, header_width, number_width, quoted
from stockturn.schema import Unit

_EPOCH_DAYS = 25_569
"""Excel's number of 1970-01-01."""

_ICON = 3
"""Room for a light beside its figure."""


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
        tab.widen(column, header_width(label, block.heat))
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
        tab.widen(column, DATE_WIDTH)
    elif values.dtype.is_numeric():
        if is_number(unit):
            decimals = block_decimals(block, name)
        else:
            unit, decimals = Unit.QTY, decimals_of(Unit.QTY, values)
        number_format = excel_format(unit, decimals)
        values = values + 0.0 if values.dtype.is_float() else values
        form, write = styles.body(number_format), sheet.write_number
        tab.widen(column, number_width(values, unit, decimals) + (_ICON if name in block.lights else 0))
    else:
        if isinstance(values.dtype, pl.Datetime):
            values = values.dt.strftime("%Y-%m-%d %H:%M")
        return _texts(tab, values, column, first, styles)
    for place, value in enumerate(values.to_list(), start=first):
        if value is not None:
            write(place, column, value, form)
    return 0


def _texts(tab: Tab, values: pl.Series, column: int, first: int, styles: Styles) -> int:
    """Cells of text, wrapped where they are longer than the column. Gives how many texts were cut."""
    texts, cut = text_column(values.cast(pl.String))
    sentences, longer = tab.fit_texts(column, first, texts)
    wrapped = styles.body("@", wrap=True, small=sentences)
    short = wrapped if sentences else styles.body("@")
    write = tab.sheet.write_string
    for place, (value, long) in enumerate(zip(texts.to_list(), longer.to_list(), strict=True), start=first):
        if value is not None:
            write(place, column, value, wrapped if long else short)
    return cut


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
            tab.widen(column, bold_width(value, unit, decimals))
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
