"""Calendar arithmetic: the period that is looked at, those it is compared with, and its month ends."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

import polars as pl

from stockturn.config.settings import PeriodSettings
from stockturn.errors import UsageError
from stockturn.model import Period

ONE_DAY = timedelta(days=1)

SPANS = {"month": 1, "quarter": 3, "year": 12}
"""Stretches of the calendar that figures can be grouped by, in months; the shortest first."""


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the last day of that month where it has none.

    >>> add_months(date(2024, 2, 29), -12)
    datetime.date(2023, 2, 28)
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def month_end(day: date) -> date:
    """The last day of that day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def period_of(start: date, end: date, *, clipped: bool = False) -> Period:
    """A period with the days of the 12 months that end with it.

    >>> period_of(date(2024, 1, 1), date(2024, 12, 31)).year_days
    366
    """
    year_start = add_months(end + ONE_DAY, -12)
    return Period(start, end, (end - year_start).days + 1, clipped)


def resolve_period(settings: PeriodSettings, as_of: date, first_day: date) -> Period:
    """The period asked for, clipped to the days the ledger covers (``first_day`` to ``as_of``).

    An explicit period wins over ``last``. Raises UsageError where the text is no period or lies outside.
    """
    if settings.period:
        start, end = parse_period(settings.period)
    else:
        start, end = last_before(settings.last, as_of), as_of
    clipped = start < first_day or end > as_of
    inside = max(start, first_day), min(end, as_of)
    if inside[0] > inside[1]:
        raise UsageError("period_outside", period=f"{start}..{end}", first=first_day, last=as_of)
    return period_of(*inside, clipped=clipped)


def last_before(text: str, as_of: date) -> date:
    """First day of the ``12m`` / ``90d`` / ``8w`` / ``1y`` that end with ``as_of``.

    >>> last_before("12m", date(2024, 12, 31))
    datetime.date(2024, 1, 1)
    """
    number, unit = int(text[:-1]), text[-1]
    try:
        if unit in "my":
            return add_months(as_of + ONE_DAY, -number * (12 if unit == "y" else 1))
        return as_of + ONE_DAY - timedelta(days=number * (7 if unit == "w" else 1))
    except (ValueError, OverflowError):  # before the calendar begins
        return date.min


def parse_period(text: str) -> tuple[date, date]:
    """``2025``, ``2025-03``, ``2025-03-15`` or two of them joined by ``..``, both ends inclusive.

    >>> parse_period("2025-01..2025-06")
    (datetime.date(2025, 1, 1), datetime.date(2025, 6, 30))
    """
    left, dots, right = text.partition("..")
    start, end = _span(left.strip(), text)[0], _span((right if dots else left).strip(), text)[1]
    if start > end:
        raise UsageError("period_bad", period=text)
    return start, end


def _span(part: str, whole: str) -> tuple[date, date]:
    found = re.fullmatch(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", part)
    if not found:
        raise UsageError("period_bad", period=whole)
    year, month, day = (int(group) if group else None for group in found.groups())
    try:
        if year is None or month is None:
            return date(int(part), 1, 1), date(int(part), 12, 31)
        first = date(year, month, day or 1)
    except ValueError:
        raise UsageError("period_bad", period=whole) from None
    return (first, first) if day else (first, month_end(first))


def months_in(period: Period) -> int | None:
    """How many whole months the period is long, None where it is not a whole number of months."""
    for months in range(1, 241):
        start = add_months(period.end + ONE_DAY, -months)
        if start <= period.start:
            return months if start == period.start else None
    return None


def previous(period: Period) -> Period:
    """The period of the same length just before: as many months, else as many days."""
    months = months_in(period)
    end = period.start - ONE_DAY
    start = add_months(period.start, -months) if months else period.start - timedelta(days=period.days)
    return period_of(start, end)


def year_before(period: Period) -> Period:
    """The period shifted back by 12 months."""
    start = add_months(period.start, -12)
    return period_of(start, add_months(period.end + ONE_DAY, -12) - ONE_DAY)


def month_ends(start: date, end: date) -> list[date]:
    """Month ends from ``start`` to ``end``; the last day itself closes a part month.

    >>> month_ends(date(2024, 1, 1), date(2024, 2, 15))
    [datetime.date(2024, 1, 31), datetime.date(2024, 2, 15)]
    """
    ends, day = [], start
    while day <= end:
        ends.append(min(month_end(day), end))
        day = ends[-1] + ONE_DAY
    return ends


def stretches(period: Period, span: str) -> list[Period]:
    """The calendar months, quarters or years of a period, the first and last cut to it.

    >>> [f"{one.start}..{one.end}" for one in stretches(period_of(date(2024, 2, 10), date(2024, 4, 5)), "quarter")]
    ['2024-02-10..2024-03-31', '2024-04-01..2024-04-05']
    """
    months = SPANS[span]
    inner = month_ends(period.start, period.end)[:-1]
    ends = [*(end for end in inner if end.month % months == 0), period.end]
    starts = [period.start, *(end + ONE_DAY for end in ends[:-1])]
    return [period_of(start, end) for start, end in zip(starts, ends, strict=True)]


def span_name(day: pl.Expr, span: str) -> pl.Expr:
    """The month, quarter or year that days lie in, as text that sorts by time.

    >>> pl.select(span_name(pl.lit(date(2024, 5, 31)), span).alias(span) for span in SPANS).row(0)
    ('2024-05', '2024-Q2', '2024')
    """
    year = day.dt.strftime("%Y")
    if span == "month":
        return day.dt.strftime("%Y-%m")
    return pl.format("{}-Q{}", year, day.dt.quarter()) if span == "quarter" else year
