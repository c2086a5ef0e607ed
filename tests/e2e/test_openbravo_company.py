"""Openbravo's sample company: purchases, sales, returns, transfers, counts and closing stock that tie out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cli import cli
from tests.shared import shared

FOLDER = "data/ledgers/openbravo_fnb"
CONFIG = Path(__file__).parent / "openbravo.toml"
US = ("--warehouse", "US East Coast", "--warehouse", "US West coast", "--period", "2012")


def reference() -> dict[str, Any]:
    """Answers computed from the set by independent code."""
    return dict(
        json.loads((shared("data/ledgers/reference.json")).read_text(encoding="utf-8"))["openbravo_fnb"]
    )


def test_the_settings_are_short() -> None:
    """What a user must write for this company fits on a screen."""
    assert len(CONFIG.read_text(encoding="utf-8").splitlines()) <= 30


def test_every_locator_sku_reconciles() -> None:
    """Movements sum to the closing list for 157 of 157 locator-SKUs: no difference is reported."""
    done = cli("ingest", shared(FOLDER), "--config", CONFIG, "--verbose", "--format", "json")
    assert done.json["differences"] == []
    assert "157 stock positions checked against the movements: 157 agree exactly" in done.err
    sheets = {row["file"].rsplit("/")[-1]: row for row in done.json["sheets"] if row["table"]}
    assert sheets["movements.csv"]["accepted"] == 2769
    assert sheets["movements.csv"]["qty_sum"] == reference()["reconciliation"]["sum_movements"]
    assert sheets["stock.csv"]["qty_sum"] == reference()["reconciliation"]["sum_stock"]


@pytest.mark.parametrize(("average", "suffix"), [("two_point", "2pt"), ("month_points", "13pt")])
def test_us_turnover_of_2012(average: str, suffix: str) -> None:
    """Cost of sales, average stock and turns of the two US warehouses, cost taken from the ledger."""
    (row,) = cli(
        "turnover", shared(FOLDER), "--config", CONFIG, *US, "--average", average, "--format", "json"
    ).json
    want = reference()["us_2012_usd"]
    assert row["cogs"] == pytest.approx(want["cogs"], abs=0.005)
    assert row["avg_inventory"] == pytest.approx(want[f"avg_inventory_{suffix}"], abs=0.005)
    assert row["turnover"] == pytest.approx(want[f"turnover_{suffix}"], abs=5e-5)
    assert row["dio_days"] == pytest.approx(want[f"dio_{suffix}"], abs=5e-5)
    assert row["cost_basis"] == "ledger"


@pytest.mark.parametrize(("average", "suffix"), [("two_point", "2pt"), ("month_points", "13pt")])
def test_us_turnover_of_2012_by_warehouse(average: str, suffix: str) -> None:
    """Each warehouse by itself, with the month ends on which its book value was negative."""
    rows = cli(
        "turnover",
        shared(FOLDER),
        "--config",
        CONFIG,
        *US,
        "--average",
        average,
        "--by",
        "warehouse",
        "--format",
        "json",
    ).json
    want = reference()["us_2012_by_warehouse_usd"]
    assert {row["warehouse"] for row in rows} == set(want)
    for row in rows:
        expected = want[row["warehouse"]]
        assert row["cogs"] == pytest.approx(expected["cogs"], abs=0.005)
        assert row["avg_inventory"] == pytest.approx(expected[f"avg_inventory_{suffix}"], abs=0.005)
        assert row["turnover"] == pytest.approx(expected[f"turnover_{suffix}"], abs=5e-5)
