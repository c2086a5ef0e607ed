"""Never twice, on exports with logged dirt: what is left is what the clean books hold."""

from __future__ import annotations

import json
from functools import cache, partial
from pathlib import Path

import polars as pl
import pytest

from stockturn import store
from stockturn.config import Settings
from stockturn.model import Ledger
from stockturn.sources.dedupe import dedupe
from stockturn.sources.reading import read
from tests.shared import shared
from tests.unit.exports_by_hand import NOW, contents

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


@pytest.mark.parametrize("numbers", [["doc", "line"], ["doc"], []])
def test_a_quarter_in_any_cut_and_order_is_the_same_ledger(tmp_path: Path, numbers: list[str]) -> None:
    """One file; three; three that overlap by half a month, last first, one by one into a folder, and all of them."""
    sales = pl.read_csv(shared(f"{BOOKS}/sales.csv"), infer_schema=False).drop({"doc", "line"} - set(numbers))
    month, day = pl.col("date").str.slice(0, 7), pl.col("date").str.slice(8).cast(pl.Int8)
    names = [f"2023-{number:02}" for number in range(1, 4)]
    folder = tmp_path / "exports"
    folder.mkdir()
    sales.filter(month.is_in(names)).write_csv(folder / "quarter.csv")
    for this, following in zip(names, [*names[1:], ""], strict=True):
        own = month == this
        sales.filter(own).write_csv(folder / f"month {this}.csv")
        sales.filter(own | ((month == following) & (day <= 15))).write_csv(folder / f"wide {this}.csv")
    whole = contents(read_once(folder / "quarter.csv"), "movements")
    assert contents(read_once(folder / "month*.csv"), "movements").equals(whole)
    assert contents(read_once(folder), "movements").equals(whole)
    count = partial(dedupe, settings=Settings())
    for file in sorted(folder.glob("wide*.csv"), reverse=True):
        store.merge(read([file], Settings()), tmp_path / "ledger", count, now=NOW)
    assert contents(store.load(tmp_path / "ledger"), "movements").equals(whole)


def read_once(path: Path) -> Ledger:
    return dedupe(read([path], Settings()), Settings())
