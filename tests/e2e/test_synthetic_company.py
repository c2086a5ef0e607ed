"""A simulated company with known truth, read from its plain CSV files without any settings."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.e2e.cli import cli
from tests.shared import shared

pytestmark = pytest.mark.usefixtures("read_once")

FOLDER = "data/ledgers/synthetic_60k"
WHOLE = ("--period", "2023-01..2024-12")


@cache
def truth() -> dict[str, Any]:
    """What the simulation knows."""
    return dict(json.loads((shared(FOLDER) / "truth/truth.json").read_text(encoding="utf-8")))


def turnover(*options: str) -> list[dict[str, Any]]:
    """Rows of ``stockturn turnover`` on the company."""
    return list(cli("turnover", shared(FOLDER), *options, "--format", "json").json)


def assert_scope(row: dict[str, Any], want: dict[str, Any], average: str) -> None:
    """One scope against its truth; cogs to 1e-4, averages likewise, turns of the period."""
    suffix = {"two_point": "2pt", "month_points": "month_ends"}[average]
    assert row["cogs"] == pytest.approx(want["cogs"], rel=1e-4)
    assert row["avg_inventory"] == pytest.approx(want[f"avg_inventory_{suffix}"], rel=1e-4)
    assert row["turnover_period"] == pytest.approx(want[f"turnover_{suffix}"], rel=1e-4)
    assert row["dio_days"] == pytest.approx(want[f"dio_{suffix}"], rel=1e-4)
    assert row["revenue"] == pytest.approx(want["net_revenue"], rel=1e-6)
    assert row["opening_value"] == pytest.approx(want["opening_value"], rel=1e-4)
    assert row["closing_value"] == pytest.approx(want["closing_value"], rel=1e-4)


@pytest.mark.parametrize("average", ["two_point", "month_points"])
@pytest.mark.parametrize("dimension", ["warehouse", "owner", "category"])
def test_turnover_of_every_scope_equals_the_truth(dimension: str, average: str) -> None:
    """Cost of sales, average stock and turns by warehouse, owner and category over the two years."""
    rows = turnover(*WHOLE, "--by", dimension, "--average", average)
    want = truth()[f"by_{dimension}"]
    assert {row[dimension] for row in rows} == set(want)
    for row in rows:
        assert_scope(row, want[row[dimension]], average)


@pytest.mark.parametrize("average", ["two_point", "month_points"])
@pytest.mark.parametrize("year", ["2023", "2024"])
def test_turnover_of_a_year_equals_the_truth(year: str, average: str) -> None:
    """A whole year is never rescaled: turnover and turnover_period are the same."""
    (row,) = turnover("--period", year, "--average", average)
    assert_scope(row, truth()["by_year"][year], average)
    assert row["turnover"] == pytest.approx(row["turnover_period"], rel=1e-12)
    assert row["gmroi"] is not None
    if average == "month_points":
        assert row["gmroi"] == pytest.approx(truth()["by_year"][year]["gmroi_month_ends"], rel=1e-4)


def test_months_of_a_year_add_up_and_know_the_year_before() -> None:
    """Twelve rows whose cost of sales is the year's; each beside the same month a year ago."""
    rows = turnover("--period", "2024", "--by", "month")
    before = {row["month"]: row["cogs"] for row in turnover("--period", "2023", "--by", "month")}
    assert [row["month"] for row in rows] == [f"2024-{month:02}" for month in range(1, 13)]
    assert sum(row["cogs"] for row in rows) == pytest.approx(truth()["by_year"]["2024"]["cogs"], rel=1e-4)
    assert rows[-1]["closing_value"] == pytest.approx(truth()["by_year"]["2024"]["closing_value"], rel=1e-4)
    for row in rows:
        assert row["cogs_year_ago"] == pytest.approx(before[row["month"].replace("2024", "2023")])


def test_abc_counts_equal_the_truth() -> None:
    """Classes by cost of sales over the two years: 12 A, 17 B and the rest C among items with value."""
    rows = cli("abc", shared(FOLDER), *WHOLE, "--format", "json").json
    rows = rows if isinstance(rows, list) else rows["abc"]
    want = truth()["abc_by_cogs"]["sku"]
    assert sum(row["value"] for row in rows if row["value"] > 0) == pytest.approx(want["total"], rel=1e-4)
    found = [row["abc"] for row in rows if row["value"] > 0]
    assert {letter: found.count(letter) for letter in "ABC"} == want["inclusive"]


def test_ageing_and_no_sale_lists_equal_the_truth(tmp_path: Any) -> None:
    """Age buckets laid on purchase receipts, and cells without a sale for so many days, to the unit."""
    config = tmp_path / "stockturn.toml"
    config.write_text('[deadstock]\nage_layers = "receipts"\n', encoding="utf-8")
    rows = cli("deadstock", shared(FOLDER), "--config", config, "--format", "json").json
    rows = rows if isinstance(rows, list) else rows["deadstock"]
    buckets = {
        "0-30": "age_0_30",
        "31-60": "age_31_60",
        "61-90": "age_61_90",
        "91-180": "age_91_180",
        "181-365": "age_181_365",
    }
    found = {days: sum(row[name] for row in rows) for days, name in buckets.items()}
    found[">365"] = sum(row["age_over_365"] + row["age_over_start"] for row in rows)
    assert found == {row["days"]: row["units"] for row in truth()["ageing"]}
    for days in (30, 60, 90, 180, 365):
        still = [
            row
            for row in rows
            if row["on_hand"] > 0 and (row["last_sale"] is None or row["days_since_sale"] >= days)
        ]
        want = truth()["no_sale"][f"ge_{days}"]
        assert (len(still), sum(row["on_hand"] for row in still)) == (want["sku_warehouses"], want["units"])
        assert sum(row["value"] for row in still) == pytest.approx(want["value_moving_average"], rel=1e-4)


def test_price_batch_and_promotion_lists_are_no_stock() -> None:
    """Files that look a little like stock or items are taken for what they are, and every row is accounted for."""
    sheets = cli("ingest", shared(FOLDER), "--format", "json").json["sheets"]
    table = {row["file"].rsplit("/")[-1]: row["table"] for row in sheets}
    assert table["prices.csv"] == "prices"
    assert table["batches.csv"] == "batches"
    assert table["promotions.csv"] == "promotions"
    assert table["stock.csv"] == "stock"
    assert table["items.csv"] == "items"
    for row in sheets:
        assert row["rows_read"] == row["accepted"] + row["refused"] + row["skipped"], row["file"]
