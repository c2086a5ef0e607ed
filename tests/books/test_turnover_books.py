"""Turnover against companies whose answers were computed by other code."""

from __future__ import annotations

import json
from datetime import date
from functools import cache

import polars as pl
import pytest

import stockturn
from stockturn.config import Settings
from stockturn.engine.entries import Entries, entries
from stockturn.engine.periods import period_of
from stockturn.engine.turnover import turnover
from stockturn.engine.valued import ValuedDays, negatives, valued_days
from tests.ledgers import openbravo, synthetic
from tests.shared import shared

AVERAGES = {"two_point": "2pt", "month_points": "month_ends"}
US = ("US East Coast", "US West coast")


def _settings(**turnover: object) -> Settings:
    return Settings.model_validate({"turnover": turnover})


def _found(period: str, by: tuple[str, ...] = (), **chosen: object) -> pl.DataFrame:
    """What the public API says of the generated company."""
    settings = Settings.model_validate({"turnover": chosen, "period": {"period": period}})
    return stockturn.turnover(synthetic(), by=by, settings=settings)


@cache
def _truth() -> dict:
    return json.loads(shared("data/ledgers/synthetic_60k/truth/truth.json").read_text(encoding="utf-8"))


@cache
def _synthetic() -> tuple[ValuedDays, Entries]:
    ledger = entries(synthetic(), Settings())
    return valued_days(ledger, Settings()), ledger


def _check(row: dict, truth: dict, average: str) -> None:
    short = AVERAGES[average]
    money = {
        "cogs": "cogs",
        "revenue": "net_revenue",
        "purchases_value": "purchases_cost",
        "opening_value": "opening_value",
        "closing_value": "closing_value",
        "avg_inventory": f"avg_inventory_{short}",
        "turnover_period": f"turnover_{short}",
        "dio_days": f"dio_{short}",
    }
    for column, answer in money.items():
        assert row[column] == pytest.approx(truth[answer], rel=1e-5), column
    assert row["opening_qty"] == truth["opening_units"]
    assert row["closing_qty"] == truth["closing_units"]
    assert row["sold_qty"] == truth["units_sold"] - truth["units_returned"]
    if average == "month_points":
        # The answer key does not annualise its gmroi.
        per_year = row["gmroi"] * 731 / 366 if truth["days"] == 731 else row["gmroi"]
        assert per_year == pytest.approx(truth["gmroi_month_ends"], rel=1e-5)


@pytest.mark.parametrize("average", AVERAGES)
def test_company_of_two_years(average: str) -> None:
    """Cogs, stock, averages, turnover and gmroi of the whole generated company."""
    frame = _found("2023..2024", average=average)
    assert frame.height == 1
    _check(frame.row(0, named=True), _truth()["all"], average)
    assert frame["negative_stock_variance"].item() == pytest.approx(0.0179, abs=5e-5)


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("year", [2023, 2024])
def test_each_year(average: str, year: int) -> None:
    """A year inside the ledger opens with the balance of the day before."""
    row = _found(str(year), average=average).row(0, named=True)
    _check(row, _truth()["by_year"][str(year)], average)
    assert row["turnover"] == row["turnover_period"]


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("dimension", ["warehouse", "owner", "category"])
def test_each_scope(average: str, dimension: str) -> None:
    """Ratios of a scope are ratios of its own sums."""
    frame = _found("2023..2024", (dimension,), average=average)
    truth = _truth()[f"by_{dimension}"]
    assert sorted(frame[dimension]) == sorted(truth)
    for row in frame.iter_rows(named=True):
        _check(row, truth[row[dimension]], average)


def test_first_in_first_out() -> None:
    """The answer key lays the closing stock on the latest receipts: 244,661.88 left, and the rest of what was there
    or came in went out through sales, counts, scrap and transfers."""
    row = _found("2023..2024", cost="fifo").row(0, named=True)
    truth = _truth()
    assert row["cost_basis"] == "fifo"
    assert row["closing_value"] == pytest.approx(truth["fifo_closing_value_periodic"], abs=0.01)
    settings = _settings(cost="fifo")
    flows = valued_days(entries(synthetic(), settings), settings).flows.filter(pl.col("day") > 0)
    out = -flows.filter(~pl.col("kind").is_in(["purchase", "purchase_return"]))["value"].sum()
    assert out == pytest.approx(truth["fifo_cogs_periodic_incl_adjustments"], abs=0.01)
    sold = -flows.filter(pl.col("kind").is_in(["sale", "sale_return"]))["value"].sum()
    assert row["cogs"] == pytest.approx(sold, rel=1e-12)


def test_month_end_lists_agree_with_the_book() -> None:
    """All 25 month-end lists of 185 cells agree with the movements, and 95 cell-days are negative."""
    valued, _ = _synthetic()
    assert valued.differences.is_empty()
    assert negatives(valued)["days"].sum() == _truth()["identity"]["cell_days_with_negative_book_stock"]
    assert set(valued.cells["opening_basis"]) == {"stock_point"}


@cache
def _reference() -> dict:
    answers = json.loads(shared("data/ledgers/reference.json").read_text(encoding="utf-8"))
    return answers["openbravo_fnb"]


@cache
def _openbravo() -> tuple[ValuedDays, Entries]:
    settings = Settings.model_validate({"scope": {"warehouse": US}})
    ledger = entries(openbravo(), settings)
    return valued_days(ledger, settings), ledger


@pytest.mark.parametrize(("average", "points"), [("two_point", "2pt"), ("month_points", "13pt")])
def test_ledger_cost_by_warehouse(average: str, points: str) -> None:
    """The distributor's own cost column: 2012, both US warehouses together and each."""
    valued, ledger = _openbravo()
    assert valued.cost_basis == "ledger"
    year = period_of(date(2012, 1, 1), date(2012, 12, 31))
    settings = _settings(average=average)
    total = turnover(valued, ledger, settings, (), year).row(0, named=True)
    answers = {None: _reference()["us_2012_usd"], **_reference()["us_2012_by_warehouse_usd"]}
    rows = {
        row["warehouse"]: row
        for row in turnover(valued, ledger, settings, ("warehouse",), year).iter_rows(named=True)
    }
    for name, row in {None: total, **rows}.items():
        assert row["cogs"] == pytest.approx(answers[name]["cogs"], abs=0.01)
        assert row["avg_inventory"] == pytest.approx(answers[name][f"avg_inventory_{points}"], abs=0.01)
        assert row["turnover"] == pytest.approx(answers[name][f"turnover_{points}"], abs=5e-5)
        assert row["sold_qty"] == answers[name]["units_sold_net"]


def test_an_average_below_zero_is_null_with_a_reason() -> None:
    """February 2012 stood below zero in the East: no turnover, never a negative or infinite one."""
    valued, ledger = _openbravo()
    months = period_of(date(2012, 2, 1), date(2012, 3, 31))
    answers = _reference()["us_2012_by_warehouse_usd"]["US East Coast"]["month_end_value"]
    frame = turnover(valued, ledger, _settings(average="month_points"), ("warehouse", "month"), months)
    east = frame.filter(pl.col("warehouse") == US[0])
    assert east["closing_value"].to_list() == pytest.approx(answers[2:4], abs=0.01)
    february = east.filter(pl.col("month") == "2012-02").row(0, named=True)
    assert february["turnover"] is None
    assert february["dio_days"] is None
    assert february["reason_code"] == "average_not_positive"
