"""The sample exports of the systems, read with no config, against the answer key beside them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import polars as pl
import pytest

import stockturn as st
from stockturn.config import Settings, load_settings
from stockturn.model import Ledger
from stockturn.sources import read
from stockturn.sources.whole import settled
from tests.shared import SHARED, shared

TABLES = {
    "stock_summary": "summary",
    "stock_ledger": "movements",
    "stock_snapshot": "stock",
    "purchase_orders": "orders",
    "purchase_receipts": "movements",
    "sales_issues": "movements",
    "sales_orders": "sales_orders",
}
# the key counts issues as positive, the ledger as what they do to the stock
ISSUES = {"sales_issues"}


def entries() -> list[tuple[str, str | None, dict[str, Any]]]:
    """(file, sheet, expected) of every sheet of the key whose file is here."""
    key = SHARED / "export_samples" / "expected.json"
    if not key.exists():
        return []
    found: list[tuple[str, str | None, dict[str, Any]]] = []
    for name, expected in json.loads(key.read_text(encoding="utf-8"))["files"].items():
        if (key.parent / name).exists():
            found.append((name, expected.get("sheet"), expected))
            found += [(name, sheet, inner) for sheet, inner in expected.get("other_sheets", {}).items()]
    return found


@cache
def ledger_of(name: str) -> Ledger:
    """The file alone, read with the defaults."""
    return st.ingest(shared(f"export_samples/{name}"), settings=Settings())


@pytest.mark.parametrize(("name", "sheet", "expected"), entries())
def test_sheet_equals_the_answer_key(name: str, sheet: str | None, expected: dict[str, Any]) -> None:
    """Table kind, rows, quantity, amount, dates and codes are those of the key."""
    ledger = ledger_of(name)
    rows = ledger.sheets.filter(pl.col("sheet").eq_missing(pl.lit(sheet)))
    row = rows.row(0, named=True)
    counted = expected.get("accepted_under_spec", expected)
    assert row["table"] == TABLES[expected["kind"]], row["reason"]
    assert row["accepted"] == counted["data_rows"]
    assert row["rows_read"] == row["accepted"] + row["refused"] + row["skipped"]
    sign = -1 if expected["kind"] in ISSUES else 1
    qty = counted.get("sum_qty", expected.get("totals", {}).get("closing_qty"))
    assert row["qty_sum"] * sign == pytest.approx(qty)
    amount = counted.get("sum_amount", expected.get("totals", {}).get("closing_value"))
    if amount is not None:
        assert row["amount_sum"] == pytest.approx(amount, abs=0.005)
    if "date_range" in expected:
        assert [str(row["date_min"]), str(row["date_max"])] == expected["date_range"]
    if "skus" in expected:
        # a balance that another sheet of the file shows as well stands in the ledger once, under that sheet
        repeated = {n.params["sheet"] for n in ledger.notes if n.key == "stock_repeated"}
        here = pl.lit(True) if sheet in repeated else pl.col("source_sheet").eq_missing(pl.lit(sheet))
        found = [
            table.filter(here).collect()["sku"]
            for which, table in ledger.tables.items()
            if which in ("movements", "stock", "orders", "sales_orders")
        ]
        seen = set(pl.concat(found).to_list()) - set(expected.get("skus_with_balance_only", ()))
        codes = {str(code) for code in expected["skus"]}
        assert codes <= seen
        assert sheet in repeated or seen == codes


def test_opening_and_movements_make_the_closing_of_every_sku() -> None:
    """Ledgers with opening lines: opening + movements = closing, per sku, quantity and value."""
    for name in ("kingdee_物料收发明细.xlsx", "sapb1_inventory_audit.xlsx"):
        ledger = ledger_of(name)
        key = json.loads(shared("export_samples/expected.json").read_text(encoding="utf-8"))["files"][name]
        opening = ledger.table("stock").filter(pl.col("at_start")).select("sku", qty="on_hand", value="value")
        moved = ledger.table("movements").select("sku", "qty", value="cost")
        closing = pl.concat([opening, moved]).group_by("sku").agg(pl.col("qty", "value").sum()).collect()
        for sku, qty, value in closing.rows():
            assert qty == pytest.approx(key["closing_by_sku"][sku]["closing_qty"])
            assert value == pytest.approx(key["closing_by_sku"][sku]["closing_value"], abs=0.011)


def test_openings_of_one_balance_per_item_are_spread_and_said() -> None:
    """No warehouse goes below nothing, and the note says that the spread is an estimate."""
    ledger = ledger_of("kingdee_物料收发明细.xlsx")
    opening = ledger.table("stock").select("sku", "warehouse", qty="on_hand", day="as_of")
    moved = ledger.table("movements").select("sku", "warehouse", "qty", day="date")
    days = pl.concat([opening, moved]).sort("day", pl.col("qty") < 0).collect()
    running = days.with_columns(pl.col("qty").cum_sum().over("sku", "warehouse").alias("on_hand"))
    assert running["on_hand"].min() >= 0
    assert "opening_spread" in {note.key for note in ledger.notes}


def test_kinds_of_the_kingdee_ledger() -> None:
    """Signed quantities by movement text, returns shown as returns."""
    moved = (
        ledger_of("kingdee_物料收发明细.xlsx").table("movements").group_by("kind").agg(pl.col("qty").sum())
    )
    kinds = dict(moved.collect().rows())
    assert kinds == {
        "purchase": 4050,
        "sale": -2825,
        "purchase_return": -20,
        "transfer_out": -85,
        "transfer_in": 85,
        "assembly_out": -24,
        "assembly_in": 8,
        "sale_return": 5,
        "adjustment_in": 12,
        "adjustment_out": -6,
        "other_out": -3,  # 其他出库单: that it is scrap stands nowhere in the export
    }


def test_open_lines_of_the_purchase_order_list() -> None:
    """Open is approved, not closed, with a quantity left; a draft and a closed line are not."""
    orders = ledger_of("kingdee_采购订单.xlsx").table("orders").filter(~pl.col("closed")).collect()
    found = sorted(
        zip(
            orders["doc_no"],
            orders["sku"],
            orders["qty_open"],
            orders["promised_date"].cast(pl.String),
            strict=True,
        )
    )
    assert found == [
        ("CGDD000062", "03.01.008", 20.0, "2024-03-04"),
        ("CGDD000063", "02.01.005", 20.0, "2024-03-08"),
        ("CGDD000067", "01.01.002", 150.0, "2024-04-10"),
    ]


def test_net_quantity_by_document_type_of_b1() -> None:
    """DN -1185, PD 1250, PR -20, RE 5, SO -11, transfers even out."""
    moved = ledger_of("sapb1_inventory_audit.xlsx").table("movements").collect()
    by_type = moved.group_by(pl.col("doc_no").str.slice(0, 2)).agg(pl.col("qty").sum())
    assert dict(by_type.rows()) == {"DN": -1185, "IM": 0, "PD": 1250, "PR": -20, "RE": 5, "SO": -11}


def test_cost_and_revenue_are_never_mixed() -> None:
    """T+ shows cost in its issues, 管家婆 revenue: each lands in its own column."""
    tplus = ledger_of("chanjet_销售出库单明细_GBK.csv").table("movements").collect()
    assert tplus["cost"].sum() == pytest.approx(-35941.59)
    assert tplus["revenue"].null_count() == tplus.height
    guanjiapo = ledger_of("gjp_销售单明细_HTML伪装.xls").table("movements").collect()
    assert guanjiapo["revenue"].sum() == pytest.approx(58138)
    assert guanjiapo["cost"].null_count() == guanjiapo.height


def test_prices_with_tax_become_costs_without() -> None:
    """13 % taken out of 46,061.06 leaves 40,762."""
    moved = ledger_of("jiandaoyun_采购入库.csv").table("movements").collect()
    assert moved["cost"].sum() == pytest.approx(40762, abs=0.01)


def test_lot_in_inspection_and_lots_that_look_like_dates() -> None:
    """批号 20240318 stays text, 待检 is not available stock."""
    stock = ledger_of("kingdee_即时库存.xlsx").table("stock").collect()
    assert "20240318" in stock["batch"].to_list()
    assert stock.filter(pl.col("stock_status") == "inspection")["on_hand"].sum() == 4014 - 3994


def test_period_figures_yield_to_single_lines() -> None:
    """The U8 workbook shows one month four times; its goods move once. Its receipts have lost their leading zeros:
    they are the same goods only when the config says so."""
    path = shared("export_samples/u8_收发存汇总表.xlsx")
    told = load_settings(None, {"ingest.leading_zeros": "match"})
    ledger = settled(read([path], told), told)
    moved = ledger.table("movements").collect()
    assert moved.filter(pl.col("kind") == "purchase")["qty"].sum() == 4050
    assert moved.filter(pl.col("qty") < 0)["qty"].sum() == -2938
    assert "zeros_matched" in {note.key for note in ledger.notes}
    assert "zeros_lost" in {note.key for note in ledger_of(path.name).notes}


def test_one_balance_on_three_sheets_counts_once() -> None:
    """The closing of both summaries and the 现存量 of that day are one stock: 4,014 units."""
    stock = ledger_of("u8_收发存汇总表.xlsx").table("stock").filter(~pl.col("at_start")).collect()
    assert stock["on_hand"].sum() == 4014
    assert stock["value"].sum() == pytest.approx(43591.89)


def test_opening_of_erpnext_is_the_first_balance_less_its_line() -> None:
    """With the movements it makes the closing. 20 units of an item that did not move in its warehouse (at 24.20) are
    in the books and not in the export."""
    key = json.loads(shared("export_samples/expected.json").read_text(encoding="utf-8"))["files"]
    totals = key["erpnext_stock_ledger.csv"]["totals"]
    unseen = sum(pair[2] for pair in key["erpnext_stock_ledger.csv"]["pairs_without_movement"])
    ledger = ledger_of("erpnext_stock_ledger.csv")
    opening = ledger.table("stock").filter(pl.col("at_start")).collect()
    moved = ledger.table("movements").collect()
    assert opening["on_hand"].sum() == totals["opening_qty"] - unseen
    assert opening["on_hand"].sum() + moved["qty"].sum() == totals["closing_qty"] - unseen
    assert opening["value"].sum() == pytest.approx(totals["opening_value"] - unseen * 24.2, abs=0.05)
