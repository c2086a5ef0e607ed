"""The forecast through the command line alone, from a plain list of sales."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.e2e.cli import cli

QUANTILES = ["q50", "q80", "q90", "q95", "q97_5", "q99"]


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three years of daily sales of 12 skus: date, sku, qty and nothing else."""
    dice = np.random.Generator(np.random.PCG64(7))
    lines = ["date,sku,qty"]
    for number in range(12):
        for day in np.arange("2022-01-01", "2025-01-01", dtype="datetime64[D]"):
            if dice.random() < 0.3:
                lines.append(f"{day},S{number:02},{dice.poisson(3 + number) + 1}")
    file = tmp_path_factory.mktemp("plain") / "sales.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def forecast(*argv: object) -> list[dict[str, Any]]:
    """Rows of a forecast written as CSV."""
    done = cli("forecast", *argv, "--bucket", "month", "--horizon", 3, "--format", "csv")
    assert done.status == 0, done.err
    return list(csv.DictReader(io.StringIO(done.out)))


def test_a_plain_list_of_sales_is_enough(sales: Path) -> None:
    """Every sku gets three months with a mean and quantiles that never cross and are never negative."""
    rows = forecast(sales, "--as-of", "2024-12-31")
    assert len(rows) == 12 * 3
    assert {row["period"] for row in rows} == {"2025-01-01", "2025-02-01", "2025-03-01"}
    for row in rows:
        levels = [float(row[name]) for name in QUANTILES]
        assert float(row["mean"]) >= 0
        assert levels == sorted(levels)
        assert levels[0] >= 0


def test_a_forecast_knows_nothing_that_came_later(sales: Path, tmp_path: Path) -> None:
    """--as-of from the whole file equals the forecast from the file cut at that day, to the last digit."""
    cut = tmp_path / "sales.csv"
    lines = sales.read_text(encoding="utf-8").splitlines()
    early = [line for line in lines[1:] if date.fromisoformat(line[:10]) <= date(2024, 6, 30)]
    cut.write_text("\n".join([lines[0], *early]) + "\n", encoding="utf-8")
    assert forecast(sales, "--as-of", "2024-06-30") == forecast(cut, "--as-of", "2024-06-30")


def test_asking_for_one_sku_changes_no_figure(sales: Path) -> None:
    """All series are forecast whatever is shown: they share what past errors teach."""
    whole = [row for row in forecast(sales, "--as-of", "2024-12-31") if row["sku"] == "S05"]
    assert forecast(sales, "--as-of", "2024-12-31", "--sku", "S05") == whole


def test_accuracy_comes_with_the_columns_of_the_contract(sales: Path) -> None:
    """Per sku and in total, against what people use today."""
    tables = cli("forecast", sales, "--as-of", "2024-12-31", "--accuracy", "--format", "json").json
    assert next(iter(tables)) == "forecast"
    assert {"sku", "wape", "mase", "rmsse", "bias", "fva", "periods"} <= set(tables["accuracy"][0])
    by_category = sum(row["mean"] for row in tables["categories"])
    assert by_category == pytest.approx(sum(row["mean"] for row in tables["forecast"]))


def test_kept_forecasts_are_held_against_what_came(sales: Path, tmp_path: Path) -> None:
    """A forecast made on a ledger folder is kept, and reviewed when its months have passed."""
    ledger = tmp_path / "ledger"
    assert cli("ingest", sales, "--into", ledger).status == 0
    assert cli("forecast", ledger, "--review").status == 3
    made = forecast(ledger, "--as-of", "2024-09-30")
    rows = cli("forecast", ledger, "--as-of", "2024-12-31", "--review", "--format", "json").json["review"]
    assert sum(row["expected_qty"] for row in rows) == pytest.approx(sum(float(row["mean"]) for row in made))
    bought = [line.split(",") for line in sales.read_text(encoding="utf-8").splitlines()[1:]]
    actual = sum(float(qty) for day, _, qty in bought if "2024-10-01" <= day <= "2024-12-31")
    assert sum(row["actual_qty"] for row in rows) == pytest.approx(actual)
