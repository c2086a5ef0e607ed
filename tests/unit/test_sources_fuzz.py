"""Whatever stands in a grid: every row is accounted for, and nothing is a traceback."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from stockturn.config import Settings
from stockturn.sources.expand import Source
from stockturn.sources.reading import ledger_of
from stockturn.sources.sheet import read_source

CAPTIONS = [
    "日期",
    "单据日期",
    "商品编码",
    "物料编码",
    "数量",
    "金额",
    "单价",
    "仓库",
    "供应商",
    "客户",
    "单据编号",
    "单据状态",
    "业务类型",
    "期初结存",
    "本期收入",
    "本期发出",
    "期末结存",
    "库存",
    "现存量",
    "sku",
    "date",
    "qty",
    "warehouse",
    "amount",
    "supplier",
    "customer",
    "order_date",
    "qty_ordered",
    "qty_open",
    "batch",
    "qty_left",
    "valid_from",
    "from",
    "to",
    "uplift",
    "入库数量",
    "出库数量",
    "1月",
    "2月",
    "3月",
    "杭州仓",
    "宁波仓",
    "备注",
    "name",
    "收发类别",
    "调出仓库",
    "调入仓库",
]
DIRT = [
    "2024-01-05",
    "2024/1/5",
    "2024年1月5日",
    "45296",
    "05/01/2024",
    "13/01/2024",
    "1/13/24",
    "x",
    "-",
    "#N/A",
    "12",
    "1,234.50",
    "1.234,50",
    "(12)",
    "12-",
    "¥3",
    "12箱",
    "合计",
    "小计",
    "总计",
    "期初结存",
    "草稿",
    "已审核",
    "销售出库",
    "退货",
    "=1",
    "'",
    "A-1",
    "00123",
    "1E+05",
    "100.0",
    "１２",
    "nan",
    "inf",
    "9999999999999999999",
    "2024-02-30",
    "采购入库",
    "调拨",
    "\t",
    '"',
]
cell = st.one_of(st.sampled_from(DIRT), st.sampled_from(CAPTIONS), st.text(max_size=6), st.just(""))
good = st.tuples(
    st.sampled_from(["2024-01-05", "2024/2/9", "20240311"]),
    st.sampled_from(["A1", "00123", "B-2"]),
    st.integers(-20, 20).map(str),
    st.sampled_from(["", "10.5", "¥3", "x"]),
).map(list)
tables = st.builds(
    lambda titles, header, rows: [*titles, header, *rows],
    st.lists(st.lists(cell, min_size=1, max_size=4), max_size=3),
    st.lists(st.sampled_from(CAPTIONS), min_size=2, max_size=8),
    st.lists(st.one_of(good, st.lists(cell, max_size=8)), max_size=12),
)


def account_holds(data: bytes, name: str) -> None:
    sheets = read_source(Source(name, data), Settings())
    ledger = ledger_of(sheets, Settings())
    for row in ledger.sheets.iter_rows(named=True):
        assert row["rows_read"] == row["accepted"] + row["refused"] + row["skipped"], row
        assert (row["table"] is None) == (row["reason"] is not None)
        assert sum(json.loads(row["skipped_by"]).values()) == row["skipped"]
    assert ledger.refused.height == ledger.sheets["refused"].sum()
    for table in ledger.tables.values():
        frame = table.collect()
        figures = frame.select(pl.col(pl.Float64))
        assert figures.select((pl.all().is_nan() | pl.all().is_infinite()).any()).row(0).count(True) == 0
    moved = ledger.table("movements").filter(pl.col("period_mark").is_null()).collect()
    source = ledger.sheets.filter(pl.col("table") == "movements")
    if source.height and moved.height and not ledger.has("sales_orders"):
        assert abs((source["qty_sum"].sum() or 0.0) - moved["qty"].sum()) < 1e-6 * max(
            1, moved["qty"].abs().sum()
        )


@given(
    tables,
    st.sampled_from(
        ["销售出库.csv", "采购入库.csv", "库存_20240131.csv", "x.csv", "调拨.csv", "进销存_2024年1月.csv"]
    ),
)
def test_any_grid_is_accounted_for(rows: list[list[str]], name: str) -> None:
    """Random titles, headers, dirt: rows read = accepted + refused + skipped, and no error."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    account_holds(text.getvalue().encode("utf-8", errors="replace"), name)


wide_rows = st.lists(st.lists(st.one_of(cell, st.sampled_from(["A1", "5", "2.5"])), max_size=5), max_size=10)


@given(wide_rows, st.sampled_from([["商品编码", "1月", "2月", "3月"], ["货号", "杭州仓", "宁波仓"]]))
def test_any_wide_sheet_is_accounted_for(rows: list[list[str]], header: list[str]) -> None:
    """Months or warehouses side by side: each row of the sheet counts once."""
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    account_holds(text.getvalue().encode("utf-8", errors="replace"), "销售_2024.csv")


@given(st.binary(max_size=400), st.sampled_from(["a.xlsx", "a.csv", "a.xls", "a.parquet", "a.zip"]))
def test_any_bytes_are_named_and_not_a_traceback(data: bytes, name: str) -> None:
    """A file of noise is listed with a reason."""
    account_holds(data, name)


@given(st.integers(0, 2000), st.sampled_from(["PK\x03\x04", "\x89PNG", "<html><table><tr><td>", "PAR1"]))
def test_cut_and_faked_files_are_named(length: int, magic: str) -> None:
    """Magic bytes without the rest behind them."""
    account_holds(magic.encode("latin-1") + b"\x00" * length, "f.xlsx")


def test_workbook_cut_anywhere_is_named(tmp_path: Path) -> None:
    """Half a workbook is no workbook, wherever it is cut."""
    import xlsxwriter

    path = tmp_path / "good.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("销售")
        for column, caption in enumerate(["日期", "商品编码", "数量"]):
            sheet.write(0, column, caption)
        sheet.write_row(1, 0, ["2024-01-05", "A1", 3])
    whole = path.read_bytes()
    for cut in range(0, len(whole), 97):
        account_holds(whole[:cut], "cut.xlsx")
    account_holds(whole, "good.xlsx")
