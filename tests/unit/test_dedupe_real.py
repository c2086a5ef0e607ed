"""Never twice, on exports with logged dirt: what is left is what the clean books hold."""

from __future__ import annotations

import json
from functools import cache

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.model import Ledger
from stockturn.sources.dedupe import dedupe
from stockturn.sources.reading import read
from tests.shared import shared

BOOKS = "data/ledgers/synthetic_60k"


@cache
def messy() -> Ledger:
    """Both messy exports together, and once more under another path of the same file."""
    home = shared(f"{BOOKS}/messy")
    return dedupe(read([home, home / "../messy/sales.csv"], Settings()), Settings())


def of(file: str, column: str) -> object:
    rows = messy().sheets.filter(pl.col("file").str.ends_with(f"{file}.csv"), pl.col("accepted") > 0)
    return rows[column].item()


@pytest.mark.parametrize("file", ["sales", "purchases"])
def test_the_rows_of_the_messy_export_are_the_clean_ones(file: str) -> None:
    """63 and 7 lines were listed twice; the log says how many rows there were before."""
    truth = json.loads(shared(f"{BOOKS}/truth/messy.json").read_text(encoding="utf-8"))[file]
    assert of(file, "accepted") == truth["rows_clean"]
    assert json.loads(str(of(file, "skipped_by")))["duplicate"] == truth["exact_duplicate_rows_added"]


def test_the_sums_are_those_of_the_clean_books() -> None:
    sales = pl.read_csv(shared(f"{BOOKS}/sales.csv"))
    assert of("sales", "qty_sum") == -sales["qty"].sum()
    assert of("sales", "amount_sum") == pytest.approx(sales["amount"].sum(), abs=0.01)
    purchases = pl.read_csv(shared(f"{BOOKS}/purchases.csv"))
    assert of("purchases", "qty_sum") == purchases["qty_received"].sum()
    assert of("purchases", "amount_sum") == pytest.approx(purchases["amount"].sum(), abs=0.01)
