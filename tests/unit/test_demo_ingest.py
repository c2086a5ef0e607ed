"""The example company's folder through the readers, with no config: everything is understood, the told dirt is found."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.demo import DemoSummary, truth, write_demo
from stockturn.engine.entries import entries
from stockturn.engine.turnover import turnover
from stockturn.engine.valued import valued_days
from stockturn.model import Ledger, Period
from stockturn.sources import dedupe, read

SETTINGS = Settings()
END = date(2025, 6, 30)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    return write_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def ledger(demo: DemoSummary) -> Ledger:
    return dedupe(read([demo.folder], SETTINGS), SETTINGS)


def test_every_file_is_taken_for_what_it_is(demo: DemoSummary, ledger: Ledger) -> None:
    """One sheet per file, the right table, every row accounted for."""
    found = {Path(file).name: table for file, table in ledger.sheets.select("file", "table").iter_rows()}
    assert found == {file.name: file.table for file in demo.files}
    counts = ledger.sheets.select("rows_read", "accepted", "refused", "skipped")
    assert all(read == good + bad + left for read, good, bad, left in counts.iter_rows())


def test_refused_rows_are_those_that_are_told(demo: DemoSummary, ledger: Ledger) -> None:
    """Each of the five rows, by file and column."""
    refused = ledger.refused.select("file", "column").rows()
    dates = sorted(Path(file).name for file, column in refused if column == "单据日期")
    amounts = sorted(Path(file).name for file, column in refused if column in ("数量", "实收数量"))
    assert dates == sorted(wart.file for wart in demo.warts if wart.kind == "bad_date")
    assert amounts == sorted(wart.file for wart in demo.warts if wart.kind == "missing_quantity")
    assert len(refused) == 5


def test_every_document_line_counts_once(demo: DemoSummary, ledger: Ledger) -> None:
    """Rows written - refused - duplicates; a transfer line makes two movements."""
    lines = sum(f.rows - f.refused - f.duplicates for f in demo.files if f.table == "movements")
    moved = sum(f.rows for f in demo.files if f.name.startswith("调拨"))
    movements = ledger.table("movements").collect()
    assert movements.height == lines + moved
    assert movements["sku"].str.contains(r"^0\d{6}$").all()


def test_masters_and_orders_are_complete(demo: DemoSummary, ledger: Ledger) -> None:
    """97 items with all their attributes, five suppliers, the open orders as listed."""
    items = ledger.table("items").collect()
    assert items.height == demo.skus
    wanted = ["name", "category", "brand", "unit", "supplier", "owner", "buyer", "team", "spec"]
    numbers = ["unit_price", "lead_time_days", "moq", "order_multiple"]
    assert sum(items.select(pl.col(wanted + numbers).null_count()).row(0)) == 0
    assert items["launched_on"].drop_nulls().sort().to_list() == [date(2025, 3, 10), date(2025, 6, 9)]
    suppliers = ledger.table("suppliers").collect()
    assert suppliers.select("lead_time_days", "min_order_value", "payment_days").drop_nulls().height == 5
    orders = ledger.table("orders").filter(~pl.col("closed")).collect()
    listed = next(file for file in demo.files if file.table == "orders")
    assert orders.height == listed.rows
    assert (orders["qty_ordered"] - orders["qty_received"]).to_list() == orders["qty_open"].to_list()


def test_turnover_from_the_files_is_the_truth(ledger: Ledger) -> None:
    """From raw exports without a config to the company's own figures, month by month."""
    entered = entries(ledger, SETTINGS)
    days = valued_days(entered, SETTINGS)
    found = turnover(days, entered, SETTINGS, ("month",), Period(date(2023, 7, 1), END, 365))
    expected = truth().months
    for column in ("cogs", "revenue", "avg_inventory", "closing_value"):
        assert found[column].to_list() == pytest.approx(expected[column].to_list(), rel=1e-6)
    (difference,) = days.differences.select("sku", "warehouse", "difference_qty").rows()
    assert difference == truth().difference[:3]
