"""Which days are looked at: what was asked for, cut to what the ledger covers, and what is refused."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

import stockturn as st
from stockturn.api import turnover_result
from stockturn.config.settings import PeriodSettings
from stockturn.engine.periods import period_of, resolve_period, stretches

FIRST, LAST = date(2023, 7, 10), date(2025, 6, 30)


@pytest.mark.parametrize(
    ("asked", "start", "end", "clipped"),
    [
        ({}, date(2024, 7, 1), LAST, False),
        ({"last": "36m"}, FIRST, LAST, True),
        ({"last": "9999y"}, FIRST, LAST, True),
        ({"last": "90d"}, date(2025, 4, 2), LAST, False),
        ({"last": "2w"}, date(2025, 6, 17), LAST, False),
        ({"period": "2024"}, date(2024, 1, 1), date(2024, 12, 31), False),
        ({"period": "2022-01..2023-09"}, FIRST, date(2023, 9, 30), True),
        ({"period": "2025-06..2025-12"}, date(2025, 6, 1), LAST, True),
        ({"period": "2024-02-29"}, date(2024, 2, 29), date(2024, 2, 29), False),
    ],
)
def test_what_is_asked_for_is_cut_to_the_ledger(asked: dict, start: date, end: date, clipped: bool) -> None:
    """Both ends inclusive; what the ledger does not cover is left out and said."""
    found = resolve_period(PeriodSettings.model_validate(asked), LAST, FIRST)
    assert (found.start, found.end, found.clipped) == (start, end, clipped)


@pytest.mark.parametrize(
    "text", ["2025-13", "abc", "2025-06..2025-01", "..2024", "2024..", "0000", "2025-02-30"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    """Also the end before the start, and days that do not exist."""
    with pytest.raises(st.UsageError) as caught:
        resolve_period(PeriodSettings(period=text), LAST, FIRST)
    assert caught.value.key == "period_bad"


@pytest.mark.parametrize("text", ["2020", "2026", "2023-07-01..2023-07-09"])
def test_a_period_without_any_day_of_the_ledger_is_refused(text: str) -> None:
    """Before it begins, after it ends: never an empty result."""
    with pytest.raises(st.UsageError) as caught:
        resolve_period(PeriodSettings(period=text), LAST, FIRST)
    assert caught.value.key == "period_outside"


@pytest.mark.parametrize("text", ["0m", "12q", "m", "-3m", "12 m", "1.5y"])
def test_a_span_that_is_none_is_refused_with_an_example(text: str) -> None:
    """The message shows how to write one."""
    with pytest.raises(ValueError, match="12m, 90d"):
        PeriodSettings(last=text)


def test_stretches_cover_a_period_once() -> None:
    """Months, quarters and years are cut to the period, in order, without a gap."""
    period = period_of(date(2023, 11, 15), date(2025, 2, 10))
    for span, count in (("month", 16), ("quarter", 6), ("year", 3)):
        parts = stretches(period, span)
        assert len(parts) == count
        assert (parts[0].start, parts[-1].end) == (period.start, period.end)
        assert sum(part.days for part in parts) == period.days


def _ledger() -> st.Ledger:
    """Bought in May 2022 and sold at one a day from there to the end of 2024, at a price that changes."""
    days = pl.date_range(date(2022, 5, 1), date(2024, 12, 31), interval="1d", eager=True)
    sales = pl.DataFrame({"date": days}).with_columns(sku=pl.lit("x"), qty=-1.0, kind=pl.lit("sale"))
    bought = sales.filter(pl.col("date").dt.day() == 1).with_columns(
        qty=40.0, kind=pl.lit("purchase"), cost=40.0 + pl.col("date").dt.year() - 2022.0
    )
    return st.Ledger.of(movements=pl.concat([sales, bought], how="diagonal"))


def test_quarters_stand_beside_those_of_a_year_ago_where_the_ledger_has_them() -> None:
    """18 months: the first two quarters have no year before them, the others have, under this year's name."""
    settings = st.Settings.model_validate({"period": {"period": "2023-01..2024-06"}})
    frame = st.turnover(_ledger(), by=["quarter"], settings=settings)
    assert frame["quarter"].to_list() == ["2023-Q1", "2023-Q2", "2023-Q3", "2023-Q4", "2024-Q1", "2024-Q2"]
    ago = frame["cogs_year_ago"].to_list()
    assert ago[:2] == [None, None]
    assert ago[4:] == pytest.approx(frame["cogs"].to_list()[:2])


def test_days_after_the_data_are_said() -> None:
    """An as_of in the future makes days without movement out of days nobody knows."""
    settings = st.Settings.model_validate({"period": {"as_of": "2025-03-31"}})
    notes = {note.key for note in turnover_result(_ledger(), settings=settings).notes}
    assert "as_of_after_data" in notes
    assert "as_of_after_data" not in {note.key for note in turnover_result(_ledger()).notes}
