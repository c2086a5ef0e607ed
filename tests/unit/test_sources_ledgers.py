"""Whole companies read from their plain files."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest

from stockturn.config import Settings, load_settings
from stockturn.sources import combine, dedupe, read
from stockturn.sources.whole import settled
from tests.shared import shared

OPENBRAVO = """
[[ingest.files]]
match = "movements.csv"
table = "ledger"
columns = { doc_no = "shipment_line_id" }
[[ingest.files]]
match = "stock.csv"
as_of = 2013-07-21
[[ingest.files]]
match = "purchases.csv"
table = "orders"
[[ingest.files]]
match = "sales.csv"
ignore = true
[[ingest.files]]
match = "stock_counts.csv"
ignore = true
[[ingest.files]]
match = "conversion_rates.csv"
ignore = true
"""


def plain_rows(path: Path) -> list[dict[str, str]]:
    """The file through the csv module: a second reading that shares nothing with the first."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_synthetic_company_needs_no_config() -> None:
    """Every plain file is the table that it is, all rows are accepted, and per cell
    opening + movements = closing."""
    home = shared("data/ledgers/synthetic_60k")
    ledger = read([home], Settings())
    tables = {Path(row["file"]).stem: row["table"] for row in ledger.sheets.iter_rows(named=True)}
    assert tables == {
        "adjustments": "movements",
        "batches": "batches",
        "items": "items",
        "open_orders": "orders",
        "prices": "prices",
        "promotions": "promotions",
        "purchases": "movements",
        "sales": "movements",
        "stock": "stock",
        "suppliers": "suppliers",
        "transfers": "movements",
    }
    assert ledger.sheets["refused"].sum() == 0
    balance: dict[tuple[str, str], float] = defaultdict(float)
    for row in plain_rows(home / "stock.csv"):
        if row["date"] == "2022-12-31":
            balance[row["warehouse"], row["sku"]] += float(row["qty_on_hand"])
    moved = ledger.table("movements").group_by("warehouse", "sku").agg(pl.col("qty").sum()).collect()
    for warehouse, sku, qty in moved.rows():
        balance[warehouse, sku] += qty
    for row in plain_rows(home / "stock.csv"):
        if row["date"] == "2024-12-31":
            assert balance[row["warehouse"], row["sku"]] == float(row["qty_on_hand"])


def test_synthetic_kinds_orders_and_items() -> None:
    """Reasons decide the kind of adjustments, receipts close their order lines, open lines stay open."""
    home = shared("data/ledgers/synthetic_60k")
    ledger = combine(read([home], Settings()), Settings())
    counted = defaultdict(float)
    for row in plain_rows(home / "adjustments.csv"):
        sign = "in" if float(row["qty"]) > 0 else "out"
        counted[f"adjustment_{sign}" if row["reason"] == "stock_take" else "scrap"] += float(row["qty"])
    kinds = ledger.table("movements").group_by("kind").agg(pl.col("qty").sum()).collect()
    found = dict(kinds.rows())
    assert {name: found[name] for name in counted} == dict(counted)
    orders = ledger.table("orders").collect()
    assert orders.filter("closed").height == len(plain_rows(home / "purchases.csv"))
    open_rows = plain_rows(home / "open_orders.csv")
    assert orders.filter(~pl.col("closed"))["qty_open"].sum() == sum(float(r["qty_open"]) for r in open_rows)
    items = ledger.table("items").collect()
    first = items.filter(pl.col("sku") == "A1-000001").row(0, named=True)
    assert (first["unit"], first["order_multiple"], first["moq"], first["unit_cost"]) == (
        "pcs",
        12,
        60,
        10.74,
    )


def test_messy_files_lose_nothing() -> None:
    """Every dirty cell of truth/messy.json is repaired: the sums are those of the clean files once the exact repeats
    are taken out, and codes in lower case are said."""
    home = shared("data/ledgers/synthetic_60k")
    log = json.loads((home / "truth/messy.json").read_text(encoding="utf-8"))
    clean, messy = read([home], Settings()), settled(read([home / "messy"], Settings()), Settings())
    assert messy.sheets["refused"].sum() == 0
    for row in messy.sheets.iter_rows(named=True):
        truth = log[Path(row["file"]).stem]
        assert row["accepted"] == truth["rows_clean"] + truth["exact_duplicate_rows_added"]
    once = dedupe(messy, Settings()).table("movements").collect()
    sold = clean.table("movements").filter(pl.col("source_file").str.contains("sales|purchases")).collect()
    for kind in ("sale", "sale_return", "purchase"):
        a, b = once.filter(pl.col("kind") == kind), sold.filter(pl.col("kind") == kind)
        assert (a.height, a["qty"].sum()) == (b.height, b["qty"].sum())
        assert a["revenue"].sum() == pytest.approx(b["revenue"].sum())
        assert a["cost"].sum() == pytest.approx(b["cost"].sum())
        days = [frame.group_by("date").agg(pl.col("qty").sum()).sort("date") for frame in (a, b)]
        assert days[0].equals(days[1])
    assert "sku_case_kept" in {note.key for note in messy.notes}
    told = load_settings(None, {"ingest.sku_case": "upper"})
    upper = settled(read([home / "messy"], told), told)
    assert set(upper.table("movements").collect()["sku"]) == set(sold["sku"])


def test_openbravo_with_a_short_config(tmp_path: Path) -> None:
    """157 of 157 locator-SKUs reconcile; the cost of US sales in 2012 is 4,711,284.32, signed like the quantity."""
    config = tmp_path / "stockturn.toml"
    config.write_text(OPENBRAVO, encoding="utf-8")
    assert len(OPENBRAVO.splitlines()) <= 30
    ledger = read([shared("data/ledgers/openbravo_fnb")], load_settings(config))
    assert ledger.sheets["refused"].sum() == 0
    moved = ledger.table("movements").collect()
    by_place = moved.group_by("warehouse", "bin", "sku").agg(pl.col("qty").sum())
    stock = ledger.table("stock").group_by("warehouse", "bin", "sku").agg(pl.col("on_hand").sum()).collect()
    both = by_place.join(stock, on=["warehouse", "bin", "sku"], how="full", coalesce=True).fill_null(0.0)
    assert both.filter(pl.col("qty") != pl.col("on_hand")).is_empty()
    us = moved.filter(pl.col("warehouse").str.starts_with("US") & (pl.col("date").dt.year() == 2012))
    cogs = -us.filter(pl.col("kind").is_in(["sale", "sale_return"]))["cost"].sum()
    assert cogs == pytest.approx(4_711_284.32, abs=0.005)
    assert ledger.table("orders").collect().height == 634
    assert str(ledger.table("stock").collect()["as_of"][0]) == "2013-07-21"


def test_online_retail_accounts_for_every_row() -> None:
    """525,461 rows: what is negative is a return, no code is dropped, 151 codes that differ by case are reported."""
    ledger = settled(read([shared("data/ledgers/online_retail_ii_2009_2010")], Settings()), Settings())
    row = ledger.sheets.row(0, named=True)
    assert (row["rows_read"], row["accepted"], row["refused"], row["skipped"]) == (525_461, 525_461, 0, 0)
    raw = pl.read_parquet(
        shared("data/ledgers/online_retail_ii_2009_2010/online_retail_ii_2009_2010.parquet")
    )
    moved = ledger.table("movements").collect()
    assert moved["qty"].sum() == -raw["Quantity"].sum()
    assert moved.filter(pl.col("kind") == "sale_return").height == raw.filter(pl.col("Quantity") < 0).height
    # one code stands with and without a blank behind it: that is one code
    assert moved["sku"].n_unique() == raw["StockCode"].str.strip_chars().n_unique()
    (note,) = [note for note in ledger.notes if note.key == "sku_case_kept"]
    assert note.params["count"] == 151


def test_codes_that_are_no_goods_are_skipped_when_told() -> None:
    """exclude_skus leaves rows out and counts them."""
    home = shared("data/ledgers/online_retail_ii_2009_2010")
    ledger = read([home], load_settings(None, {"ingest.exclude_skus": ("POST", "DOT", "M")}))
    row = ledger.sheets.row(0, named=True)
    raw = pl.read_parquet(home / "online_retail_ii_2009_2010.parquet")
    left_out = raw.filter(pl.col("StockCode").is_in(["POST", "DOT", "M"])).height
    assert json.loads(row["skipped_by"]) == {"excluded": left_out}
    assert row["accepted"] == 525_461 - left_out


def test_adventureworks_dates_are_month_first() -> None:
    """Days above 12 settle the order of the whole column: 01/02/2017 is the second of January."""
    ledger = read([shared("data/ledgers/adventureworks_sales")], Settings())
    sales = ledger.sheets.filter(pl.col("table") == "movements").sort("file")
    assert sales["accepted"].sum() == 56_046
    assert [str(day) for day in sales["date_min"]] == ["2017-01-01", "2018-01-01", "2019-01-01"]
    assert [str(day) for day in sales["date_max"]] == ["2017-12-31", "2018-12-31", "2019-06-30"]


def test_mangled_order_dates_are_not_believed(tmp_path: Path) -> None:
    """SCMS: ISO dates among M/D/YY are a tool's misreading; the lead times that remain are those of the repaired set
    (105.6 days on direct drops), not 784."""
    config = tmp_path / "stockturn.toml"
    rule = 'match = "SCMS*"\ntable = "purchases"\ncolumns = { sku = "Item Description", doc_type = "Fulfill Via" }\n'
    config.write_text(f'[[ingest.files]]\n{rule}kind = "purchase"\n', encoding="utf-8")
    ledger = read([shared("data/ledgers/scms_delivery_history")], load_settings(config))
    row = ledger.sheets.row(0, named=True)
    assert row["rows_read"] == 10_325
    assert row["accepted"] + row["refused"] == 10_324
    (note,) = [n for n in ledger.notes if n.key == "cells_unreadable" and n.params["column"] == "order_date"]
    assert note.level == "warning"
    orders = ledger.table("orders").collect()
    days = (orders["received_date"] - orders["order_date"]).dt.total_days()
    assert 90 < days.mean() < 125  # type: ignore[operator]


def test_one_bad_file_does_not_hide_the_good_one(tmp_path: Path) -> None:
    """An empty file, a picture named .xlsx and a cut workbook are named with what to do; the good one is read."""
    good = shared("export_samples/kingdee_即时库存.xlsx").read_bytes()
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "picture.xlsx").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 100)
    (tmp_path / "cut.xlsx").write_bytes(good[:3000])
    (tmp_path / "good.xlsx").write_bytes(good)
    ledger = read([tmp_path], Settings())
    rows = {Path(row["file"]).name: row for row in ledger.sheets.iter_rows(named=True)}
    assert {name: row["reason_code"] for name, row in rows.items()} == {
        "empty.csv": "file_empty",
        "picture.xlsx": "file_is_other",
        "cut.xlsx": "workbook_broken",
        "good.xlsx": None,
    }
    assert all(
        "xport it" in row["reason"] or "xport the" in row["reason"]
        for n, row in rows.items()
        if n != "good.xlsx"
    )
    assert rows["good.xlsx"]["accepted"] == 18


def test_archives_and_globs(tmp_path: Path) -> None:
    """Files inside a zip are named a.zip!b.csv; a pattern takes what it matches; nothing is read twice."""
    import zipfile

    text = "date,sku,qty,customer\n2024-01-09,A,3,C\n"
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("2024/sales_1.csv", text)
        archive.writestr("readme.md", "no table")
    (tmp_path / "sales_2.csv").write_text(text, encoding="utf-8")
    ledger = read([tmp_path / "*.zip", tmp_path / "sales_2.csv", tmp_path / "sales_*.csv"], Settings())
    names = [Path(name).name for name in ledger.sheets["file"].to_list()]
    assert names == ["sales_1.csv", "sales_2.csv"]
    assert "all.zip!2024/sales_1.csv" in ledger.sheets["file"][0]
