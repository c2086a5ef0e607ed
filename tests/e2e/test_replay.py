"""``stockturn replay`` on the example company and on the generated one."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from tests.e2e.cli import cli
from tests.shared import shared

pytestmark = pytest.mark.usefixtures("read_once")

NEEDED = {
    "policy", "turnover", "avg_inventory", "fill_rate", "stockout_rate", "orders", "units_written_off",
}  # fmt: skip
SPAN, SHORT = ("--from", "2025-05-26"), ("--from", "2025-06-16")


@pytest.fixture(scope="module")
def book(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example company as a ledger folder."""
    folder = tmp_path_factory.mktemp("replay") / "book"
    assert cli("ingest", demo, "--into", folder).status == 0
    return folder


@pytest.fixture(scope="module")
def made(book: Path) -> dict[str, list[dict[str, object]]]:
    """Five weeks of it, with two points of the curve."""
    done = cli("replay", book, *SPAN, "--level", 0.8, "--level", 0.99, "--format", "json")
    assert "Lived through again: 2025-05-26 to 2025-06-30, 36 days." in done.err
    return dict(done.json)


def test_one_row_per_policy_and_further_arrays(made: dict[str, list[dict[str, object]]]) -> None:
    """What was done first, then the suggestions, then the curve; orders can be counted."""
    assert list(made) == ["replay", "curve", "orders", "transfers", "by_month", "cells"]
    rows = made["replay"]
    assert [row["policy"] for row in rows] == ["actual", "suggested", "service_0.8", "service_0.99"]
    assert set(rows[0]) >= NEEDED
    assert rows[1]["orders"] == len(made["orders"]) > 100
    assert [row["service_level"] for row in made["curve"]] == [0.8, 0.99]
    low, high = made["curve"]
    assert low["avg_inventory"] < high["avg_inventory"]  # type: ignore[operator]
    assert low["fill_rate"] < high["fill_rate"]  # type: ignore[operator]
    assert set(made["orders"][0]) >= {"date", "sku", "warehouse", "qty", "arrives"}
    assert {row["month"] for row in made["by_month"]} == {"2025-05", "2025-06"}


def test_what_was_done_is_what_turnover_says(book: Path, made: dict[str, list[dict[str, object]]]) -> None:
    """The same figures as ``stockturn turnover`` over those days."""
    (want,) = cli("turnover", book, "--period", "2025-05-26..2025-06-30", "--format", "json").json
    for name in ("turnover", "dio_days", "avg_inventory", "cogs", "stockout_rate"):
        assert made["replay"][0][name] == pytest.approx(want[name]), name


def test_cells_add_up_to_the_rows(made: dict[str, list[dict[str, object]]]) -> None:
    """Units and capital by item and warehouse are the totals."""
    cells = pl.DataFrame(made["cells"], infer_schema_length=None)
    for row in made["replay"][:2]:
        own = cells.filter(pl.col("policy") == row["policy"])
        for name in ("avg_inventory", "sold_qty", "demand_qty", "units_written_off", "closing_value"):
            assert own[name].sum() == pytest.approx(row[name]), name


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_screen_says_it_in_a_sentence(book: Path, lang: str) -> None:
    """Policies side by side, and what it rests on."""
    done = cli("replay", book, *SHORT, "--no-curve", "--sku", "0101001", "--lang", lang)
    assert done.status == 0, done.err
    words = {
        "en": ("With the suggestions you would have held", "What this rests on"),
        "zh": ("如按建议补货", "计算依据与局限"),
    }
    assert all(word in done.out for word in words[lang])


def test_files(book: Path, tmp_path: Path) -> None:
    """A workbook with a sheet for every table, what-ifs among the rows; one table as CSV."""
    what_ifs = ("--demand-factor", 1.2, "--lead-time-factor", 1.5, "--warehouse", "Suzhou DC")
    done = cli("replay", book, *SHORT, "--no-curve", *what_ifs, "--out", tmp_path / "replay.xlsx")
    assert done.status == 0, done.err
    sheets = openpyxl.load_workbook(tmp_path / "replay.xlsx")
    assert sheets.sheetnames == ["replay", "curve", "orders", "transfers", "by_month", "cells"]
    policies = [row[0].value for row in sheets["replay"].iter_rows(min_row=2)]
    assert policies == ["actual", "suggested", "demand_1.2", "bought_demand_1.2", "lead_time_1.5"]
    narrow = ("--sku", "0101001", "--table", "orders", "--format", "csv", "--out", tmp_path / "orders.csv")
    assert cli("replay", book, *SHORT, "--no-curve", *narrow).status == 0
    assert set(pl.read_csv(tmp_path / "orders.csv")["sku"]) <= {101001}


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (("--from", "2030-01-01"), 2, "The replay cannot begin on 2030-01-01"),
        (("--from", "2023-07-10"), 2, "Choose --from 2023-08-30 or later"),
        (("--from", "yesterday"), 2, "yesterday"),
        (("--level", "1.5", *SPAN), 2, "service levels lie between 0 and 1"),
        (("--demand-factor", "0", *SPAN), 2, "replay.demand_factor"),
        (("--as-of", "2023-08-15"), 3, "too short for a replay"),
    ],
)
def test_refusals_say_what_to_do(book: Path, options: tuple[str, ...], status: int, said: str) -> None:
    """A day outside, too little before it, a wrong figure."""
    done = cli("replay", book, *options)
    assert done.status == status
    assert said in done.err


def test_sales_alone_cannot_be_replayed(tmp_path: Path) -> None:
    """Without receipts nobody knows what stock there was."""
    rows = "\n".join(f"2024-{month:02d}-{day:02d},A,2" for month in range(1, 7) for day in range(1, 28))
    (tmp_path / "sales.csv").write_text("date,sku,qty\n" + rows + "\n", encoding="utf-8")
    done = cli("replay", tmp_path)
    assert done.status == 3
    assert "no receipts" in done.err


def test_the_generated_company() -> None:
    """Its last weeks: what was done as turnover says, and every order arrives as one once did."""
    source = shared("data/ledgers/synthetic_60k")
    done = cli("replay", source, "--from", "2024-12-09", "--no-curve", "--format", "json", "--quiet")
    made = json.loads(done.out)
    (want,) = cli("turnover", source, "--period", "2024-12-09..2024-12-31", "--format", "json").json
    assert made["replay"][0]["avg_inventory"] == pytest.approx(want["avg_inventory"], rel=1e-6)
    assert made["replay"][0]["stockout_rate"] == pytest.approx(want["stockout_rate"])
    assert {row["lead_time_basis"] for row in made["orders"]} == {"observed_sku"}
