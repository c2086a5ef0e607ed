"""Cells: text to values, repaired only where it is certain."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.sources.cells import decimal_of, identifiers, numbers
from stockturn.sources.dates import dates, day_in_name, days_in, months_in, order_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12.0),
        ("1,234.50", 1234.5),
        ("(12)", -12.0),
        ("12-", -12.0),
        ("−7", -7.0),
        ("¥1,200", 1200.0),
        ("￥1,200.5", 1200.5),
        ("CNY (1,103.33)", -1103.33),
        ("-$12.00", -12.0),
        ("12 箱", 12.0),
        ("1,500 包", 1500.0),
        ("１２．５", 12.5),
        ("13%", 0.13),
        ("1.5万", 15000.0),
        ("1E+05", 100000.0),
        (" 8600.00", 8600.0),
        ("1 234,5", None),
        ("1,2,3", None),
        ("12abc34", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_number_writings(text: str, value: float | None) -> None:
    """Each writing of the contract; what is no number is a problem, not a zero."""
    typed = numbers(pl.Series([text, "1"]))
    assert typed.values[0] == value
    assert (typed.problem[0] is None) == (value is not None or text == "nan")
    assert typed.values[1] == 1.0


@pytest.mark.parametrize("text", ["", "-", "—", "#N/A", "  ", "#DIV/0!", "null"])
def test_what_stands_for_nothing_is_null(text: str) -> None:
    """Empty is no number and no problem."""
    typed = numbers(pl.Series([text]))
    assert (typed.values[0], typed.problem[0]) == (None, None)


def test_decimal_comma_is_decided_for_the_whole_sheet() -> None:
    """12,5 somewhere makes 1.234 a thousand; 1,234 alone is a thousand; both kinds of evidence decide nothing."""
    assert decimal_of([pl.Series(["1.234", "12,5"])]) == ","
    assert numbers(pl.Series(["1.234", "12,5", "1.234,50"]), ",").values.to_list() == [1234.0, 12.5, 1234.5]
    assert decimal_of([pl.Series(["1,234", "5"])]) == "."
    assert decimal_of([pl.Series(["12,5"]), pl.Series(["12.5"])]) == "?"
    unclear = numbers(pl.Series(["1,234", "12,5", "12.5"]), "?")
    assert unclear.values.to_list() == [None, 12.5, 12.5]
    assert unclear.problem.to_list() == ["decimal_unclear", None, None]


def test_comma_in_a_semicolon_file_is_not_guessed() -> None:
    """1,234 between semicolons may be 1.234 or 1234."""
    assert decimal_of([pl.Series(["1,234", "5"])], ";") == "?"


def test_unit_of_a_quantity_is_kept() -> None:
    """200 把 is 200, in 把."""
    typed = numbers(pl.Series(["200 把", "3"]))
    assert typed.unit is not None
    assert typed.unit.to_list() == ["把", None]


@given(st.floats(-1e9, 1e9).map(lambda x: round(x, 2)))
def test_every_writing_of_a_number_is_that_number(value: float) -> None:
    """Thousands, brackets, minus behind, currency: the same value comes back."""
    shown = f"{abs(value):,.2f}"
    signs = [shown, f"¥{shown}"] if value >= 0 else [f"({shown})", f"{shown}-", f"-{shown}", f"¥-{shown}"]
    assert numbers(pl.Series(signs)).values.to_list() == pytest.approx([value] * len(signs))


def test_codes_stay_text() -> None:
    """Leading zeros, dots, exponents survive; wrappers of spreadsheets go."""
    kept = ["00123", "01.01.001", "1E+05", "X2500", "2024-01-05"]
    assert identifiers(pl.Series(kept)).values.to_list() == kept
    wrapped = ['="0101"', "\t0101001", "'007", " A1\u3000", "Ａ－１"]
    assert identifiers(pl.Series(wrapped)).values.to_list() == ["0101", "0101001", "007", "A1", "A-1"]


def test_trailing_zero_of_codes_goes_only_where_it_is_certain() -> None:
    """101.0 in a column of whole numbers is 101 and said; beside a code with letters it stays."""
    certain = identifiers(pl.Series(["101.0", "102"]))
    assert (certain.values.to_list(), certain.note) == (["101", "102"], "ids_trailing_zero")
    assert identifiers(pl.Series(["101.0", "A"])).values.to_list() == ["101.0", "A"]
    assert identifiers(pl.Series(["6.90123E+12"])).note == "ids_exponent"


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-05",
        "2024/1/5",
        "2024.01.05",
        "2024年1月5日",
        "20240105",
        "05.01.2024",
        "45296",
        "2024-01-05 23:58:59 -0500",
        "2024-01-05T10:00:00",
        "2024/1/5 9:10",
        "5-Jan-24",
        "05 Jan 2024",
        "January 5, 2024",
        "20240105.0",
        "２０２４年１月５日",
    ],
)
def test_date_writings(text: str) -> None:
    """All of them are the fifth of January 2024, in the file's own time."""
    assert dates(pl.Series([text])).values.to_list() == [date(2024, 1, 5)]


def test_day_and_month_are_decided_per_column_or_refused() -> None:
    """One day above 12 settles a column; none leaves it undecided; equal numbers need no order."""
    assert dates(pl.Series(["05/01/2024", "13/01/2024"])).values.to_list() == [
        date(2024, 1, 5),
        date(2024, 1, 13),
    ]
    assert dates(pl.Series(["01/05/2024", "01/13/2024"])).values.to_list() == [
        date(2024, 1, 5),
        date(2024, 1, 13),
    ]
    undecided = dates(pl.Series(["05/01/2024", "03/02/2024", "04/04/2024"]))
    assert undecided.values.to_list() == [None, None, date(2024, 4, 4)]
    assert undecided.problem.to_list() == ["date_order", "date_order", None]
    assert dates(pl.Series(["05/01/2024"]), "dmy").values.to_list() == [date(2024, 1, 5)]
    assert order_of(pl.Series(["13/01/2024", "01/13/2024"])) is None


def test_impossible_days_are_problems() -> None:
    """The thirtieth of February is no date."""
    typed = dates(pl.Series(["2024-02-30", "31/02/2024", "x", ""]))
    assert typed.values.to_list() == [None] * 4
    assert typed.problem.to_list() == ["not_a_date", "not_a_date", "not_a_date", None]


def test_years_that_may_be_months_are_not_believed() -> None:
    """2009-11-14 among 9/13/06 may be 9/11/14 misread."""
    typed = dates(pl.Series(["9/13/06", "2009-11-14", "2014-11-09"]))
    assert typed.values.to_list() == [date(2006, 9, 13), None, date(2014, 11, 9)]
    assert typed.problem[1] == "date_mangled"


@given(st.dates(date(1991, 1, 1), date(2090, 12, 31)))
def test_every_writing_of_a_day_is_that_day(day: date) -> None:
    """ISO, slashes, Chinese, compact, dotted and the serial number agree."""
    serial = (day - date(1899, 12, 30)).days
    writings = [
        day.isoformat(),
        f"{day:%Y/%m/%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        f"{day:%d.%m.%Y}",
        str(serial),
    ]
    assert dates(pl.Series(writings)).values.to_list() == [day] * len(writings)


def test_dates_in_titles_and_names() -> None:
    """Periods, months and days of the samples."""
    assert days_in("起始日期：2024/3/1  截止日期：2024/3/31") == [date(2024, 3, 1), date(2024, 3, 31)]
    assert days_in("Date From 01/03/2024 To 31/03/2024") == [date(2024, 3, 1), date(2024, 3, 31)]
    assert days_in("Date From 01/03/2024 To 02/03/2024") == []
    assert months_in("会计期间：2024.03-2024.03") == [(2024, 3), (2024, 3)]
    assert day_in_name("即时库存汇总数据查询_2021100310581319_100044") == date(2021, 10, 3)
    assert day_in_name("G05 商品进销存变动表 - 230818") == date(2023, 8, 18)
    assert day_in_name("AdventureWorks_Sales_2017") is None
