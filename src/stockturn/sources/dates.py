"""Dates of every writing found in exports. Day and month order is decided once per column, or not at all."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise

import polars as pl

from stockturn.sources.cells import Typed, clean

SERIAL_FIRST, SERIAL_LAST = 20_000, 80_000
"""Day numbers of Excel from 1954 to 2119: what a bare number in a date column is believed to be."""

_YMD = r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T\s].*)?$"
_COMPACT = r"^((?:19|20)\d{2})(\d{2})(\d{2})(?:\.0|\d{4}|\d{6})?$"
_PAIR = r"^(\d{1,2})([./-])(\d{1,2})[./-](\d{4}|\d{2})(?:[T\s].*)?$"
_DAY_NAME = r"^(\d{1,2})[-\s]([A-Za-z]{3})[A-Za-z]*[-\s,]+(\d{4}|\d{2})(?:[T\s].*)?$"
_NAME_DAY = r"^([A-Za-z]{3})[A-Za-z]*\.?\s+(\d{1,2}),?\s+(\d{4})(?:\s.*)?$"
_MONTHS = {
    name: index + 1
    for index, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    )
} | {"mai": 5, "okt": 10, "dez": 12, "mrz": 3}
_CENTURY_TURN = 70


def dates(series: pl.Series, order: str | None = None) -> Typed:
    """Days. ``order`` is dmy, mdy or ymd where it is known from elsewhere (config, title, another column).

    Problems: ``not_a_date``; ``date_order`` where day and month cannot be told apart in the whole column;
    ``date_mangled`` for an ISO date in a column of two-digit years whose "year" may be a month (9/11/14 written
    back as 2009-11-14 by a tool that read it wrongly).

    >>> dates(pl.Series(["2024/1/5", "2024年1月5日", "20240105", "45296", "05.01.2024"])).values.unique().to_list()
    [datetime.date(2024, 1, 5)]
    """
    if series.dtype == pl.Date:
        return Typed(series, _none(len(series)))
    if isinstance(series.dtype, pl.Datetime):
        return Typed(series.dt.date(), _none(len(series)))
    text = clean(series if series.dtype == pl.String else _whole(series))
    plain = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    shaped = (text.str.len_bytes() == 10) | text.str.contains(r"^\d{4}-\d\d-\d\d[T ]\d")
    good = plain.is_not_null() & shaped
    odd = text.is_not_null() & ~good
    if not odd.any():
        return Typed(plain, _none(len(text)))
    where = odd.arg_true()
    fixed = _repaired(text.gather(where), order)
    values = plain.set(~good, None).scatter(where, fixed["value"])
    problem = _none(len(text)).scatter(where, fixed["problem"])
    if fixed["short_year"].any():
        month_like = good & values.dt.year().is_between(2001, 2012)
        values = values.set(month_like, None)
        problem = problem.set(month_like, "date_mangled")
    return Typed(values, problem)


def order_of(series: pl.Series) -> str | None:
    """dmy or mdy where a day above 12 settles it for the column, else None (also where both occur)."""
    if series.dtype != pl.String:
        return None
    pairs = pl.DataFrame({"x": clean(series)}).select(
        pl.col("x").str.extract(_PAIR, 1).cast(pl.Int32).alias("a"),
        pl.col("x").str.extract(_PAIR, 2).alias("sign"),
        pl.col("x").str.extract(_PAIR, 3).cast(pl.Int32).alias("b"),
    )
    slashed = pairs.filter(pl.col("sign") != ".")
    first, second = (slashed["a"] > 12).any(), (slashed["b"] > 12).any()
    if first == second:
        return None
    return "dmy" if first else "mdy"


def _whole(series: pl.Series) -> pl.Series:
    return series.cast(pl.Float64).floor().cast(pl.Int64, strict=False).cast(pl.String)


def _repaired(text: pl.Series, order: str | None) -> pl.DataFrame:
    x = pl.col("x")
    frame = pl.DataFrame({"x": text.str.normalize("NFKC")})
    settled = order or order_of(text) or "?"
    day_first = pl.col("sign").eq(".") | pl.lit(settled == "dmy")
    parts = frame.with_columns(
        x.str.extract(_PAIR, 1).cast(pl.Int32).alias("a"),
        x.str.extract(_PAIR, 2).alias("sign"),
        x.str.extract(_PAIR, 3).cast(pl.Int32).alias("b"),
        x.str.extract(_PAIR, 4).alias("yy"),
    ).with_columns(
        _full_year(pl.col("yy")).alias("y"),
        (
            pl.col("sign").ne(".")
            & pl.lit(settled == "?")
            & (pl.col("a") <= 12)
            & (pl.col("b") <= 12)
            & (pl.col("a") != pl.col("b"))
        ).alias("unclear"),
    )
    # a day above 12 speaks for itself, whatever the rest of the column says
    as_dmy = pl.when(pl.col("a") > 12).then(True).when(pl.col("b") > 12).then(False).otherwise(day_first)
    pair = _day(
        pl.col("y"),
        pl.when(as_dmy).then(pl.col("b")).otherwise(pl.col("a")),
        pl.when(as_dmy).then(pl.col("a")).otherwise(pl.col("b")),
    )
    named = _day(
        _full_year(x.str.extract(_DAY_NAME, 3)),
        _month(x.str.extract(_DAY_NAME, 2)),
        x.str.extract(_DAY_NAME, 1),
    )
    reverse = _day(
        x.str.extract(_NAME_DAY, 3), _month(x.str.extract(_NAME_DAY, 1)), x.str.extract(_NAME_DAY, 2)
    )
    serial = x.str.extract(r"^(\d{5})(?:\.\d+)?$", 1).cast(pl.Int32)
    from_serial = pl.when(serial.is_between(SERIAL_FIRST, SERIAL_LAST)).then(
        pl.lit(date(1899, 12, 30)) + pl.duration(days=serial)
    )
    value = pl.coalesce(
        _groups(x, _YMD),
        _groups(x, _COMPACT),
        pl.when(~pl.col("unclear")).then(pair),
        named,
        reverse,
        from_serial,
    )
    return parts.with_columns(value.cast(pl.Date).alias("value")).select(
        "value",
        pl.when(pl.col("unclear"))
        .then(pl.lit("date_order"))
        .when(pl.col("value").is_null())
        .then(pl.lit("not_a_date"))
        .alias("problem"),
        (pl.col("yy").str.len_chars().eq(2) & pl.col("sign").eq("/")).fill_null(False).alias("short_year"),
    )


def _groups(x: pl.Expr, pattern: str) -> pl.Expr:
    return _day(x.str.extract(pattern, 1), x.str.extract(pattern, 2), x.str.extract(pattern, 3))


def _day(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Through text, because an impossible day must be null and not an error."""
    joined = pl.concat_str([year.cast(pl.String), month.cast(pl.String), day.cast(pl.String)], separator="-")
    return joined.str.to_date("%Y-%m-%d", strict=False)


def _full_year(text: pl.Expr) -> pl.Expr:
    number = text.cast(pl.Int32, strict=False)
    short = text.str.len_chars() == 2
    return (
        pl.when(short & (number < _CENTURY_TURN))
        .then(number + 2000)
        .when(short)
        .then(number + 1900)
        .otherwise(number)
    )


def _month(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().replace_strict(_MONTHS, default=None, return_dtype=pl.Int32)


def _none(length: int) -> pl.Series:
    return pl.repeat(None, length, dtype=pl.String, eager=True)


# ------------------------------------------------------------------------------ dates in titles and file names

_TITLE_DAY = re.compile(r"(?<!\d)((?:19|20)\d{2})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d)")
_TITLE_PAIR = re.compile(r"(?<!\d)(\d{1,2})[/.](\d{1,2})[/.]((?:19|20)\d{2})(?!\d)")
_TITLE_MONTH = re.compile(r"(?<!\d)((?:19|20)\d{2})\s*[-/.年]\s*(\d{1,2})(?!\d)\s*月?")
_MONTH_WORD = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez)[a-zä]*\.?"
_TITLE_WORDS = re.compile(rf"(?<![a-z]){_MONTH_WORD}[\s_-]*((?:19|20)\d{{2}})(?!\d)", re.IGNORECASE)
_TITLE_WORD_DAY = re.compile(
    rf"(?<![\da-z])(\d{{1,2}})\.?[\s_-]+{_MONTH_WORD}[\s_-]+((?:19|20)\d{{2}})(?!\d)", re.IGNORECASE
)
_TITLE_DAY_WORD = re.compile(
    rf"(?<![a-z]){_MONTH_WORD}\s+(\d{{1,2}}),?\s+((?:19|20)\d{{2}})(?!\d)", re.IGNORECASE
)
_QUARTER = re.compile(r"(?<!\d)((?:19|20)\d{2})\s*年?\s*[-_]?\s*(?:Q|第)\s*([1-4一二三四])", re.IGNORECASE)
_NAME_FULL = re.compile(
    r"(?<!\d)((?:19|20)\d{2})[-_.年]?(\d{2})[-_.月]?(\d{2})(?=\D|\d{4}(?!\d)|\d{6}|\d{8}|$)"
)
_NAME_SHORT = re.compile(r"(?<!\d)(\d{2})(\d{2})(\d{2})(?!\d)")
_TO = re.compile(r"\s*(?:[-~～—–至到]+|to|bis|until)\s*|_(?:to|至|到)_", re.IGNORECASE)
_NAME_MONTH = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_.年]?(\d{1,2})(?!\d)")


def days_in(text: str) -> list[date]:
    """The days named in a title, in order. ``31/03/2024`` counts where a part above 12 settles the order for the
    whole text (two days of one title are written alike).

    >>> days_in("日期：2024-03-01 至 2024-03-31")
    [datetime.date(2024, 3, 1), datetime.date(2024, 3, 31)]
    """
    found = [_safe(int(y), int(m), int(d)) for y, m, d in _TITLE_DAY.findall(text)]
    pairs = [(int(a), int(b), int(y)) for a, b, y in _TITLE_PAIR.findall(text)]
    if pairs and (order := title_order(text)):
        found += [_safe(y, b, a) if order == "dmy" else _safe(y, a, b) for a, b, y in pairs]
    found += [_safe(int(y), _month_number(m), int(d)) for d, m, y in _TITLE_WORD_DAY.findall(text)]
    found += [_safe(int(y), _month_number(m), int(d)) for m, d, y in _TITLE_DAY_WORD.findall(text)]
    return [day for day in found if day is not None]


def title_order(text: str) -> str | None:
    """dmy or mdy where a date of the title settles it."""
    pairs = [(int(a), int(b)) for a, b, _ in _TITLE_PAIR.findall(text)]
    if any(a > 12 for a, _ in pairs):
        return "dmy"
    return "mdy" if any(b > 12 for _, b in pairs) else None


def months_in(text: str) -> list[tuple[int, int]]:
    """Year and month pairs of a title: 会计期间：2024.03 or March 2024 -> (2024, 3); a quarter is its three months."""
    found = [(int(y), int(m)) for y, m in _TITLE_MONTH.findall(text) if 1 <= int(m) <= 12]
    found += [(int(y), _month_number(m)) for m, y in _TITLE_WORDS.findall(text)]
    for year, quarter in _QUARTER.findall(text):
        last = 3 * ("一二三四".find(quarter) + 1 or int(quarter))
        found += [(int(year), month) for month in range(last - 2, last + 1)]
    return found


def day_in_name(stem: str) -> date | None:
    """The day in a file name: 即时库存_20240331, stock 2024-03-31, 变动表 - 230818 (YYMMDD, the day alone)."""
    return next((day for day, *_ in _days_in_name(stem)), None)


def span_in_name(stem: str) -> tuple[date, date] | None:
    """The two days of a period in a file name. Two days with nothing between that says "to" are no period: one of
    them may be the day of the export.

    >>> span_in_name("收发汇总表_20240401-20240430"), span_in_name("收发汇总表_20240331_20240402")
    ((datetime.date(2024, 4, 1), datetime.date(2024, 4, 30)), None)
    """
    days = _days_in_name(stem)
    for (first, _, until), (last, start, _) in pairwise(days):
        if first <= last and _TO.fullmatch(stem[until:start]):
            return first, last
    return None


def _days_in_name(stem: str) -> list[tuple[date, int, int]]:
    """The days in a file name and where they stand; those with two figures for the year only where there is no other."""
    full = [(_safe(*map(int, m.groups())), m.start(), m.end()) for m in _NAME_FULL.finditer(stem)]
    short = [(_short(m), m.start(), m.end()) for m in _NAME_SHORT.finditer(stem)]
    for found in (full, short):
        if days := [(day, start, end) for day, start, end in found if day is not None]:
            return days
    return []


def _short(match: re.Match[str]) -> date | None:
    year, month, day = map(int, match.groups())
    return _safe(2000 + year, month, day) if 15 <= year <= 60 else None


def month_in_name(stem: str) -> tuple[int, int] | None:
    """The month in a file name: sales_2024-03, 进销存2024年3月, balance March 2024."""
    for year, month in _NAME_MONTH.findall(stem):
        if 1 <= int(month) <= 12:
            return int(year), int(month)
    named = _TITLE_WORDS.search(stem)
    return (int(named.group(2)), _month_number(named.group(1))) if named else None


def _month_number(word: str) -> int:
    short = word.lower()[:3]
    return _MONTHS[{"mär": "mrz"}.get(short, short)]


def _safe(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


# ------------------------------------------------------------------------------------- months as captions

YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d{3})")
_MONTH = re.compile(r"(?<!\d)(1[0-2]|0?[1-9])\s*月")
_BOTH = re.compile(r"^((?:19|20)\d{2})[-/.年]?\s*(1[0-2]|0?[1-9])(?:月|$|[-/]\d{1,2}(?:\D.*)?$)")
_MONTH_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NAMED = re.compile(
    r"^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?[\s\-/']*(\d{4}|\d{2})?$", re.IGNORECASE
)


def month_of(text: str) -> tuple[int | None, int] | None:
    """Year (None where it is not given) and month that a caption names: 2024-01, 2024年1月, 1月, Jan-24.

    >>> month_of("2024年1月"), month_of("1月销量"), month_of("Jan-24"), month_of("本月")
    ((2024, 1), (None, 1), (2024, 1), None)
    """
    plain = text.strip()
    if match := _BOTH.match(plain):
        return int(match.group(1)), int(match.group(2))
    if match := _NAMED.match(plain):
        year = match.group(2)
        full = int(year) + (2000 if year and len(year) == 2 else 0) if year else None
        return full, _MONTH_NAMES.index(match.group(1).lower()) + 1
    if (match := _MONTH.search(plain)) and len(plain) <= 12 and "累计" not in plain:
        given = YEAR.search(plain)
        return (int(given.group(1)) if given else None), int(match.group(1))
    return None
