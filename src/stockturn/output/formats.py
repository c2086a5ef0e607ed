"""How a figure of each unit is written, and how text stays text. Rounding happens here and nowhere else."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import polars as pl

from stockturn.model import Block
from stockturn.schema import Unit, column

Cell = str | int | float | bool | date | datetime | None

EXCEL_TEXT = 32_767
"""Longest text that Excel keeps in a cell; XlsxWriter drops a longer one without a word."""

DATE_FORMAT = "yyyy-mm-dd"

_DECIMALS: Mapping[Unit, int] = {
    Unit.COUNT: 0,
    Unit.QTY: 2,
    Unit.QTY_PER_DAY: 2,
    Unit.MONEY: 2,
    Unit.UNIT_MONEY: 4,
    Unit.SHARE: 1,
    Unit.CHANGE: 1,
    Unit.TIMES: 2,
    Unit.DAYS: 1,
    Unit.NUMBER: 2,
}
_WHOLE_MONEY = 10_000
"""From this amount on a column of money is shown without cents: they would only widen it."""

_SHORT_MONEY = 1_000_000
"""A column of a screen that reaches this is written short."""

_WHOLE_QTY = 10_000
"""From this quantity on a single figure is shown without decimals."""

_TYPICAL_QTY = 100
"""A column of quantities that are mostly as large as this is shown without decimals: a computed excess of 212.75
pieces reads as 213."""

_LONG_NUMBER = 100
"""A column of plain numbers that reaches this has one decimal: weeks, not coefficients."""

_TEXT_UNITS = frozenset({Unit.TEXT, Unit.CODE, Unit.DATE, Unit.FLAG})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DIRECTION = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"\s+")


def unit_of(name: str, units: Mapping[str, Unit] | None = None) -> Unit:
    """Unit of a column: the sheet's own, else its home in the vocabulary (a name without a home is a bug)."""
    if units and name in units:
        return units[name]
    return column(name).unit


def is_number(unit: Unit) -> bool:
    """Whether figures of this unit are numbers: right-aligned, sortable by size."""
    return unit not in _TEXT_UNITS


def decimals_of(unit: Unit, values: pl.Series | None = None) -> int | None:
    """Decimals of a whole column, so that its figures stand in line; None where the unit has a way of its own.

    >>> decimals_of(Unit.QTY, pl.Series([1.0, 20.0])), decimals_of(Unit.QTY, pl.Series([1.5, 20.0]))
    (0, 2)
    """
    match unit:
        case Unit.COUNT:
            return 0
        case Unit.MONEY:
            return 0 if _largest(values) >= _WHOLE_MONEY or _whole(values) else 2
        case Unit.QTY:
            return 0 if _whole(values) or _typical(values) >= _TYPICAL_QTY else 2
        case Unit.QTY_PER_DAY:
            return 0 if _whole(values) else 2
        case Unit.DAYS:
            return 0 if _whole(values) else 1
        case Unit.NUMBER:
            return 1 if _largest(values) >= _LONG_NUMBER else 2
        case Unit.TIMES:
            return 2
        case _:
            return None


def block_decimals(block: Block, name: str) -> int | None:
    """Decimals of a column of a block: all amounts of a table alike, and all figures of a matrix."""
    unit = unit_of(name, block.units)
    figures = [other for other in block.frame.columns if block.frame.schema[other].is_numeric()]
    if block.heat:
        figures = [other for other in figures if is_number(unit_of(other, block.units))]
    elif unit is Unit.MONEY:
        figures = [other for other in figures if unit_of(other, block.units) is Unit.MONEY]
    else:
        return decimals_of(unit, block.frame[name])
    alike = [block.frame[other].cast(pl.Float64) for other in figures]
    return decimals_of(unit, pl.concat(alike) if alike else block.frame[name])


def excel_format(unit: Unit, decimals: int | None = None) -> str:
    """The number format of a cell of a workbook, with the decimals of its column.

    >>> excel_format(Unit.SHARE), excel_format(Unit.QTY, 0), excel_format(Unit.MONEY)
    ('0.0%', '#,##0', '#,##0.00')
    """
    match unit:
        case Unit.SHARE:
            return "0.0%"
        case Unit.CHANGE:
            return "+0.0%;-0.0%;0.0%"
        case Unit.DATE:
            return DATE_FORMAT
        case Unit.UNIT_MONEY:
            return "#,##0.00##"
        case _ if is_number(unit):
            places = decimals_of(unit) if decimals is None else decimals
            return "#,##0" + ("." + "0" * places if places else "")
        case _:
            return "@"


def shown(
    value: Cell, unit: Unit, lang: str = "en", compact: bool = False, decimals: int | None = None
) -> str:
    """A figure as a person reads it; empty where it is not known.

    ``compact`` shortens large amounts (12.35M; 1235 万 in Chinese), for screens and tiles; ``decimals`` are those of
    its column, where it stands in one.

    >>> shown(1234567.891, Unit.MONEY), shown(1234567.891, Unit.MONEY, compact=True)
    ('1,234,567.89', '1.23M')
    >>> shown(1234567.891, Unit.MONEY, "zh", compact=True), shown(0.1234, Unit.SHARE), shown(None, Unit.DAYS)
    ('123.5万', '12.3%', '')
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a figure that is not finite reached a writer")
    if unit in (Unit.SHARE, Unit.CHANGE):
        sign = "+" if unit is Unit.CHANGE else ""
        return f"{_no_minus_zero(value * 100, 1):{sign}.1f}%"
    if compact and unit is Unit.MONEY and (short := _short(float(value), lang)):
        return short
    if decimals is not None and is_number(unit):
        return f"{_no_minus_zero(value, decimals):,.{decimals}f}"
    return _grouped(value, unit)


def money_column(values: Sequence[float | None], lang: str = "en") -> list[str]:
    """Amounts of one column of a screen, all written in the same way: whole, or short where some are long.

    >>> money_column([583_760.4, 438.0, None]), money_column([2_345_678.0, 438.0, 0.0])
    (['583,760', '438', ''], ['2.35M', '0.4k', '0'])
    >>> money_column([2_345_678.0, 6_750.0], "zh")
    ['234.6万', '0.68万']
    """
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    if largest < _SHORT_MONEY:
        return [shown(value, Unit.MONEY, lang, decimals=0) for value in values]
    floor, word, decimals = (1e4, "万", 2) if lang == "zh" else (1e3, "k", 1)
    return [
        f"{_no_minus_zero(value / floor, decimals):,.{decimals}f}{word}"
        if value and abs(value) < floor
        else shown(value, Unit.MONEY, lang, compact=True)
        for value in values
    ]


def _grouped(value: float, unit: Unit) -> str:
    decimals = _DECIMALS.get(unit, 2)
    if isinstance(value, int) or (
        unit in (Unit.QTY, Unit.QTY_PER_DAY) and (float(value).is_integer() or abs(value) >= _WHOLE_QTY)
    ):
        decimals = 0
    if unit is Unit.UNIT_MONEY:
        decimals = 2 if round(value, 2) == round(value, 4) else 4
    return f"{_no_minus_zero(value, decimals):,.{decimals}f}"


def _short(value: float, lang: str) -> str | None:
    """Chinese counts in ten thousands, English in thousands of thousands."""
    size = abs(value)
    steps = (
        ((1e8, "亿", 2), (1e6, "万", 1), (1e4, "万", 2))
        if lang == "zh"
        else ((1e9, "bn", 2), (1e6, "M", 2), (1e4, "k", 1))
    )
    for start, word, decimals in steps:
        if size >= start:
            unit = 1e4 if word == "万" else start if word != "k" else 1e3
            return f"{value / unit:,.{decimals}f}{word}"
    return f"{_no_minus_zero(value, 0):,.0f}"


def _no_minus_zero(value: float, decimals: int) -> float:
    return round(value, decimals) + 0.0


def _largest(values: pl.Series | None) -> float:
    if values is None or not values.dtype.is_numeric():
        return 0.0
    largest = values.cast(pl.Float64).abs().max()
    return float(largest) if isinstance(largest, float) else 0.0


def _typical(values: pl.Series | None) -> float:
    """The middle one of the figures that are not 0."""
    if values is None or not values.dtype.is_numeric():
        return 0.0
    middle = values.filter(values != 0).cast(pl.Float64).abs().median()
    return float(middle) if isinstance(middle, float) else 0.0


def _whole(values: pl.Series | None) -> bool:
    if values is None or not values.dtype.is_numeric() or values.null_count() == len(values):
        return False
    if values.dtype.is_integer():
        return True
    return bool((values.drop_nulls() == values.drop_nulls().round(0)).all())


def text_cell(value: str, limit: int = EXCEL_TEXT) -> str:
    """Text as text: without control characters, cut at ``limit`` with a mark where it was longer.

    >>> text_cell("a\\x1b[31mb"), text_cell("abcdef", 4)
    ('a[31mb', 'abc…')
    """
    clean = _CONTROL.sub("", value)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def text_line(value: str) -> str:
    """Text for one line of a terminal: no control or direction characters, no line breaks."""
    return _DIRECTION.sub("", _SPACES.sub(" ", text_cell(value)))


def text_column(values: pl.Series) -> tuple[pl.Series, int]:
    """A column of text made safe for a cell, and how many texts had to be cut."""
    clean = values.str.replace_all(_CONTROL.pattern, "")
    cut = clean.str.len_chars() > EXCEL_TEXT
    count = int(cut.sum() or 0)
    if count == 0:
        return clean, 0
    short = pl.concat_str(pl.col("text").str.slice(0, EXCEL_TEXT - 1), pl.lit("…"))
    frame = pl.DataFrame({"text": clean, "cut": cut})
    return frame.select(pl.when("cut").then(short).otherwise("text")).to_series(), count


def width(text: str) -> int:
    """Columns that a text takes: 2 per wide (Chinese) character.

    >>> width("SKU"), width("库存")
    (3, 4)
    """
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def check_finite(frame: pl.DataFrame, what: str) -> None:
    """A NaN or an infinity in a figure is a bug of the engine, and no reader shall see it: ValueError."""
    floats = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    bad = frame.select(pl.col(floats).is_nan().any() | pl.col(floats).is_infinite().any()) if floats else None
    if bad is not None:
        wrong = [name for name in floats if bad[name][0]]
        if wrong:
            raise ValueError(f"{what}: not finite: {', '.join(wrong)}")
