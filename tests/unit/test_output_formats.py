"""Figures by unit, text as text."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.model import Block
from stockturn.output.formats import (
    EXCEL_TEXT,
    block_decimals,
    check_finite,
    decimals_of,
    excel_format,
    shown,
    text_cell,
    text_column,
    text_line,
    width,
)
from stockturn.schema import Unit


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1234.5, Unit.MONEY, "1,234.50"),
        (-0.001, Unit.MONEY, "0.00"),
        (0.6666, Unit.SHARE, "66.7%"),
        (0.05, Unit.CHANGE, "+5.0%"),
        (-0.05, Unit.CHANGE, "-5.0%"),
        (1000, Unit.COUNT, "1,000"),
        (12.0, Unit.QTY, "12"),
        (12.345, Unit.QTY, "12.35"),
        (1.5, Unit.UNIT_MONEY, "1.50"),
        (1.2345, Unit.UNIT_MONEY, "1.2345"),
        (45.678, Unit.DAYS, "45.7"),
        (46, Unit.DAYS, "46"),
        (date(2024, 2, 29), Unit.DATE, "2024-02-29"),
        (None, Unit.MONEY, ""),
    ],
)
def test_each_unit_has_one_way_to_be_written(value: object, unit: Unit, said: str) -> None:
    """Separators, decimals and signs follow from the unit; unknown is empty, and there is no minus zero."""
    assert shown(value, unit) == said  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (999.4, "999", "999"),
        (12_345.0, "12.3k", "1.23万"),
        (2_345_678.0, "2.35M", "234.6万"),
        (3.2e9, "3.20bn", "32.00亿"),
    ],
)
def test_large_amounts_are_short_in_the_readers_way(value: float, english: str, chinese: str) -> None:
    """Chinese counts in ten thousands: 2,345,678 is 234.6 万."""
    assert shown(value, Unit.MONEY, "en", compact=True) == english
    assert shown(value, Unit.MONEY, "zh", compact=True) == chinese


def test_a_figure_that_is_not_finite_never_reaches_a_reader() -> None:
    """NaN and infinity are bugs of the engine: the writers refuse them and name the column."""
    with pytest.raises(ValueError, match="turnover"):
        check_finite(pl.DataFrame({"turnover": [1.0, float("nan")]}), "turnover")
    with pytest.raises(ValueError, match="cogs"):
        check_finite(pl.DataFrame({"cogs": [float("-inf")], "sku": ["a"]}), "x")
    with pytest.raises(ValueError):
        shown(float("inf"), Unit.TIMES)
    check_finite(pl.DataFrame({"turnover": [1.0, None], "sku": ["nan", "inf"]}), "turnover")


def test_columns_of_whole_quantities_have_no_empty_decimals() -> None:
    """12 pieces are 12, 1.5 kg are 1.50, a computed excess of hundreds has none either; a million needs no cents."""
    assert decimals_of(Unit.QTY, pl.Series([1.0, 12.0])) == 0
    assert decimals_of(Unit.QTY, pl.Series([1.5, 12.0])) == 2
    assert decimals_of(Unit.QTY, pl.Series([0.0, 0.0, 3.25, 212.75, 1263.68])) == 0
    assert decimals_of(Unit.MONEY, pl.Series([1.25])) == 2
    assert decimals_of(Unit.MONEY, pl.Series([1.25, -2e6])) == 0
    assert decimals_of(Unit.NUMBER, pl.Series([0.39])) == 2
    assert decimals_of(Unit.NUMBER, pl.Series([0.88, 1220.1])) == 1


def test_amounts_of_a_table_have_the_same_decimals() -> None:
    """A column of small amounts beside one of large ones is read with it: both without cents."""
    frame = pl.DataFrame({"sku": ["a"], "value": [2_500_000.0], "provision": [1700.07], "cv": [0.391]})
    block = Block("t", frame, "t")
    assert {name: block_decimals(block, name) for name in frame.columns} == {
        "sku": None,
        "value": 0,
        "provision": 0,
        "cv": 2,
    }
    assert excel_format(Unit.MONEY, 0) == "#,##0"


def test_control_characters_and_escapes_never_reach_a_cell_or_a_terminal() -> None:
    """A name may try to colour the terminal, to break the line or to turn the direction of writing."""
    assert text_cell("a\x1b[31m\x00b") == "a[31mb"
    assert text_line("a\r\n  b\u202ec") == "a bc"


@given(st.text(max_size=60))
def test_text_without_control_characters_is_kept_as_it_is(text: str) -> None:
    """Text is data: nothing else is changed."""
    clean = "".join(char for char in text if char in "\t\n" or not (ord(char) < 32 or 127 <= ord(char) < 160))
    assert text_cell(text) == clean


def test_text_that_a_cell_cannot_hold_is_cut_and_counted() -> None:
    """XlsxWriter would leave such a cell empty without a word."""
    cut, count = text_column(pl.Series(["short", "x" * 40_000, None]))
    assert count == 1
    assert cut.str.len_chars().to_list() == [5, EXCEL_TEXT, None]
    assert cut[1].endswith("…")


def test_a_wide_character_counts_twice() -> None:
    """Widths of columns would be half of what Chinese needs."""
    assert width("库存 SKU") == 8
    assert width("e\u0301") == 1
