"""Shapes of sheets: wide ones, hand-made workbooks, one sheet per warehouse, units, currencies, tens of thousands."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import stockturn as st
from stockturn.config import Settings, load_settings
from stockturn.model import Ledger
from stockturn.sources import combine, read
from stockturn.sources.whole import settled


def csv_of(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def book_of(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for index, row in enumerate(rows):
                sheet.write_row(index, 0, row)
    return path


def counted(ledger: Ledger) -> None:
    for row in ledger.sheets.iter_rows(named=True):
        assert row["rows_read"] == row["accepted"] + row["refused"] + row["skipped"]


def test_months_side_by_side(tmp_path: Path) -> None:
    """A month's figure is dated its last day and marked; blanks are nothing; the total row is left out."""
    text = "2024年销售数量\n商品编码,商品名称,1月,2月,3月\nA1,甲,10,20,\nA2,乙,1,,3\n合计,,11,20,3\n"
    ledger = read([csv_of(tmp_path / "销售月报.csv", text)], Settings())
    moved = ledger.table("movements").sort("sku", "date").collect()
    assert [(r["sku"], str(r["date"]), r["qty"]) for r in moved.iter_rows(named=True)] == [
        ("A1", "2024-01-31", -10.0),
        ("A1", "2024-02-29", -20.0),
        ("A2", "2024-01-31", -1.0),
        ("A2", "2024-03-31", -3.0),
    ]
    assert moved["period_mark"].unique().to_list() == ["period"]
    assert ledger.sheets["accepted"][0] == 2
    assert "total_differs" not in {note.key for note in ledger.notes}
    counted(ledger)


def test_months_without_a_year_are_asked_for(tmp_path: Path) -> None:
    """1月, 2月, 3月 of which year?"""
    path = csv_of(tmp_path / "销售.csv", "商品编码,1月,2月,3月\nA1,1,2,3\n")
    assert read([path], Settings()).sheets["reason_code"][0] == "month_without_year"


def test_unreadable_month_refuses_its_row(tmp_path: Path) -> None:
    """A row of a wide sheet is taken whole or not at all."""
    text = "sku,2024-01,2024-02,2024-03\nA1,1,x,3\nA2,1,2,3\n"
    ledger = read([csv_of(tmp_path / "sales.csv", text)], Settings())
    assert (ledger.sheets["accepted"][0], ledger.sheets["refused"][0]) == (1, 1)
    assert ledger.table("movements").collect()["sku"].unique().to_list() == ["A2"]
    counted(ledger)


def test_warehouses_side_by_side(tmp_path: Path) -> None:
    """One column per warehouse becomes one stock row per warehouse; the day is in the file name."""
    path = csv_of(tmp_path / "库存_20240331.csv", "货号,品名,杭州仓,宁波仓\nA1,甲,10,20\nA2,乙,1,\n")
    stock = read([path], Settings()).table("stock").sort("sku", "warehouse").collect()
    assert stock.select("sku", "warehouse", "on_hand").rows() == [
        ("A1", "宁波仓", 20.0),
        ("A1", "杭州仓", 10.0),
        ("A2", "杭州仓", 1.0),
    ]
    assert str(stock["as_of"][0]) == "2024-03-31"


def test_hand_made_workbook(tmp_path: Path) -> None:
    """进, 销, 存: the names of the sheets say what they are; the list without a date takes the ledger's last day."""
    head = ["日期", "货号", "数量", "单价"]
    sheets: dict[str, list[list[Any]]] = {
        "进": [head, ["2024-01-05", "A1", 10, 2.5]],
        "销": [head, ["2024-01-15", "A1", 4, 5]],
        "存": [["货号", "数量"], ["A1", 6]],
    }
    ledger = settled(read([book_of(tmp_path / "手工账.xlsx", sheets)], Settings()), Settings())
    moved = ledger.table("movements").collect()
    assert moved.select("kind", "qty", "cost", "revenue").rows() == [
        ("purchase", 10.0, 25.0, None),
        ("sale", -4.0, None, 20.0),
    ]
    stock = ledger.table("stock").collect()
    assert (stock["on_hand"][0], str(stock["as_of"][0])) == (6.0, "2024-01-15")
    assert "stock_dated_by_ledger" in {note.key for note in ledger.notes}


def test_one_sheet_per_warehouse(tmp_path: Path) -> None:
    """The sheet's name is the warehouse where no column is; a title 仓库：… counts as well."""
    rows: list[list[Any]] = [["货号", "库存数量"], ["A1", 6]]
    path = book_of(tmp_path / "库存20240331.xlsx", {"杭州仓": rows, "宁波仓": [["仓库：宁波分仓"], *rows]})
    stock = read([path], Settings()).table("stock").collect()
    assert stock["warehouse"].to_list() == ["杭州仓", "宁波分仓"]


def test_amounts_in_ten_thousands(tmp_path: Path) -> None:
    """金额(万元) 1.5 is 15,000."""
    path = csv_of(tmp_path / "库存_20240331.csv", "货号,库存数量,库存金额(万元)\nA1,10,1.5\n")
    assert read([path], Settings()).table("stock").collect()["value"].to_list() == [15_000.0]


def test_amounts_in_ten_thousands_by_the_title(tmp_path: Path) -> None:
    """单位：万元 above the table holds for amounts, not for prices, and is said."""
    rows = "库存余额表\n单位：万元,日期：2024-03-31\n货号,库存数量,单位成本,库存金额\nA1,10,1500,1.5\n"
    ledger = read([csv_of(tmp_path / "库存.csv", rows)], Settings())
    stock = ledger.table("stock").collect()
    assert stock.select("value", "unit_cost").rows() == [(15_000.0, 1500.0)]
    assert "amounts_scaled" in {note.key for note in ledger.notes}


def test_units_are_converted_or_refused(tmp_path: Path) -> None:
    """Bought by the box of 12, sold by the piece: with the factor 2 箱 at 60 are 24 at 5; without it the row is refused."""
    csv_of(tmp_path / "items.csv", "sku,name,category,unit\nA1,甲,c,个\n")
    csv_of(
        tmp_path / "purchases.csv",
        "date,sku,qty,unit,unit_cost,supplier\n2024-01-05,A1,2,箱,60,S\n2024-01-06,A1,1,个,5,S\n",
    )
    whole = read([tmp_path], Settings())
    plain = combine(whole, Settings())
    refused = plain.refused.select("row", "column", "found", "reason_code").rows()
    assert refused == [(2, "unit", "箱", "unit_unknown")]
    assert plain.table("movements").collect()["qty"].to_list() == [1.0]
    counted(plain)
    told = combine(whole, load_settings(None, {"ingest.unit_factors": {"*": {"箱": 12}}}))
    moved = told.table("movements").collect()
    assert moved.select("qty", "unit_cost", "cost", "unit").rows() == [
        (24.0, 5.0, 120.0, "个"),
        (1.0, 5.0, 5.0, "个"),
    ]
    assert told.sheets.filter(pl.col("table") == "movements")["qty_sum"][0] == 25.0
    assert [note.params["rows"] for note in told.notes if note.key == "unit_converted"] == [1]
    counted(told)


def test_currencies_are_converted_or_refused(tmp_path: Path) -> None:
    """One ledger currency: 10 USD at 7 are 70 CNY; without a rate the row is refused."""
    text = "date,sku,qty,unit_cost,currency,supplier\n2024-01-05,A1,1,10,USD,S\n2024-01-06,A1,1,8,CNY,S\n"
    path = csv_of(tmp_path / "purchases.csv", text)
    refused = read([path], load_settings(None, {"ingest.currency": "CNY"}))
    assert refused.refused["reason_code"].to_list() == ["currency_other"]
    rated = read([path], load_settings(None, {"ingest.currency": "CNY", "ingest.rates": {"USD": 7.0}}))
    assert rated.table("movements").collect()["cost"].to_list() == [70.0, 8.0]


@pytest.mark.parametrize(
    ("quantities", "expected"),
    [
        (("60", "-5"), {"sale": -60.0, "sale_return": 5.0}),
        (("-60", "5"), {"sale": -60.0, "sale_return": 5.0}),
    ],
)
def test_sign_conventions_end_in_one(
    tmp_path: Path, quantities: tuple[str, str], expected: dict[str, float]
) -> None:
    """Unsigned lists with negative returns and signed ledgers give the same movements."""
    rows = "".join(
        f"2024-01-0{day + 1},A1,销售出库,{qty}\n" for day, qty in enumerate((*quantities, quantities[0]))
    )
    path = csv_of(tmp_path / "流水.csv", f"日期,商品编码,单据类型,数量\n{rows}2024-01-09,A1,采购入库,100\n")
    moved = read([path], Settings()).table("movements").group_by("kind").agg(pl.col("qty").sum()).collect()
    found = dict(moved.rows())
    assert found == {"purchase": 100.0, "sale": expected["sale"] * 2, "sale_return": expected["sale_return"]}


def test_transfer_line_is_two_legs(tmp_path: Path) -> None:
    """One source row, two movements that even out, counted once."""
    text = "日期,单据编号,调出仓库,调入仓库,商品编码,数量\n2024-01-05,T1,总仓,分仓,A1,5\n"
    ledger = read([csv_of(tmp_path / "调拨单.csv", text)], Settings())
    assert ledger.table("movements").select("kind", "warehouse", "qty").collect().rows() == [
        ("transfer_out", "总仓", -5.0),
        ("transfer_in", "分仓", 5.0),
    ]
    assert (ledger.sheets["accepted"][0], ledger.sheets["qty_sum"][0]) == (1, 0.0)


def test_blank_dates_are_filled_only_where_the_layout_says_so(tmp_path: Path) -> None:
    """A date written once per block holds below; among repeated dates a blank one is missing and refused."""
    block = "日期,货号,数量,客户\n2024-01-05,A1,1,甲\n,A2,2,\n,A3,3,\n2024-01-06,A1,4,乙\n,A2,5,\n"
    ledger = read([csv_of(tmp_path / "销售.csv", block)], Settings())
    assert ledger.sheets["accepted"][0] == 5
    assert "filled_down" in {note.key for note in ledger.notes}
    listed = "日期,货号,数量,客户\n2024-01-05,A1,1,甲\n2024-01-05,A2,2,甲\n,A3,3,甲\n2024-01-06,A1,4,乙\n"
    ledger = read([csv_of(tmp_path / "销售.csv", listed)], Settings())
    assert (ledger.sheets["accepted"][0], ledger.sheets["refused"][0]) == (3, 1)


def test_total_row_that_does_not_add_up_is_said(tmp_path: Path) -> None:
    """合计 says 9, the rows add up to 8."""
    ledger = read([csv_of(tmp_path / "库存_20240331.csv", "货号,库存数量\nA1,5\nA2,3\n合计,9\n")], Settings())
    (note,) = [note for note in ledger.notes if note.key == "total_differs"]
    assert (note.params["found"], note.params["expected"]) == ("9", "8")


def test_every_total_row_is_checked(tmp_path: Path) -> None:
    """Subtotals per document, a page total and the grand total may each be the sum of what stands above; the one that
    is not is named with its row. 累计 sums over more than the sheet and is not looked at."""
    head = "日期,单据号,货号,供应商,数量,成本金额"
    lines = ["2024-01-05,R1,A1,甲,5,1.00", "2024-01-05,R1,A2,甲,3,1.01", ",,小计,,8,2.01"]
    lines += ["2024-01-06,R2,A1,甲,2,1.00", ",,小计,,2,1.00", ",,合计,,10,3.01", ",,本年累计,,99,50"]
    good = "\n".join([head, *lines])
    assert "total_differs" not in {
        note.key for note in read([csv_of(tmp_path / "采购.csv", good)], Settings()).notes
    }
    bad = good.replace(",,小计,,2,1.00", ",,小计,,7,1.00")
    (note,) = [
        n for n in read([csv_of(tmp_path / "采购.csv", bad)], Settings()).notes if n.key == "total_differs"
    ]
    assert (note.params["row"], note.params["found"], note.params["expected"]) == (6, "7", "2")


def test_remarks_and_titles_are_no_goods(tmp_path: Path) -> None:
    """What stands in the column of codes under a list is not an item: a footer, the page's title again."""
    text = "库存表 2024年3月31日\n货号,品名,库存数量\nA1,甲,5\n库存表 2024年3月31日\n货号,品名,库存数量\nA2,乙,\n"
    text += "总条数：2\n制表人：张三,审核人：李四\n"
    ledger = read([csv_of(tmp_path / "库存.csv", text)], Settings())
    assert ledger.table("stock").collect()["sku"].to_list() == ["A1", "A2"]
    counted(ledger)


def test_title_with_a_day_is_no_level_of_the_header(tmp_path: Path) -> None:
    """A title above the first column is not a group over all columns, whatever months it names."""
    path = book_of(
        tmp_path / "店.xlsx",
        {
            "存": [
                ["2024年4月30日 盘存"],
                ["货号", "品名", "结存数量", "单价", "金额"],
                ["A1", "甲", 5, 2, 10],
            ]
        },
    )
    row = read([path], Settings()).sheets.row(0, named=True)
    assert (row["table"], row["accepted"], str(row["date_max"])) == ("stock", 1, "2024-04-30")


def test_report_paged_by_warehouse(tmp_path: Path) -> None:
    """仓库：X above each page is the warehouse of the rows below it."""
    head = ["存货编码", "存货名称", "期初数量", "入库数量", "出库数量", "结存数量"]
    pages = [
        line
        for place in ("总仓", "分仓")
        for line in (
            ["收发存汇总表"],
            [f"仓库：{place}", "", "", "2024年4月"],
            head,
            ["A1", "甲", 5, 2, 1, 6],
        )
    ]
    ledger = read([book_of(tmp_path / "t3.xlsx", {"汇总": pages})], Settings())
    points = ledger.table("stock").filter(~pl.col("at_start")).collect()
    assert points["warehouse"].to_list() == ["总仓", "分仓"]
    counted(ledger)


def test_summary_of_balances_alone(tmp_path: Path) -> None:
    """Opening and closing without what came between: two stock points and no movement."""
    text = "2024年1月\n商品编码,期初结存,期末结存\nA1,5,7\n"
    ledger = read([csv_of(tmp_path / "收发存.csv", text)], Settings())
    assert (ledger.table("stock").collect().height, ledger.table("movements").collect().height) == (2, 0)


def test_currencies_by_many_names(tmp_path: Path) -> None:
    """人民币, RMB and ¥ are one currency; signs in the amounts count like a column; several without a rate are said."""
    text = "入库日期,入库单号,供应商,商品编码,数量,金额\n2024-04-02,R1,甲,A1,1,¥10.00\n2024-04-03,R2,甲,A1,1,USD 2.00\n"
    path = csv_of(tmp_path / "入库.csv", text)
    mixed = read([path], Settings())
    assert [note.params["found"] for note in mixed.notes if note.key == "currencies_mixed"] == ["CNY, USD"]
    told = read([path], load_settings(None, {"ingest.currency": "人民币"}))
    assert (told.sheets["accepted"][0], told.refused["reason_code"].to_list()) == (1, ["currency_other"])
    rated = read([path], load_settings(None, {"ingest.currency": "RMB", "ingest.rates": {"usd": 7.0}}))
    assert rated.table("movements").collect()["cost"].to_list() == [10.0, 14.0]


def test_day_in_the_title_of_a_stock_list_beats_the_day_of_the_last_delivery(tmp_path: Path) -> None:
    """Stand: 31.03.2024 above a list of items, each with a day of its own; a history of balances keeps its days."""
    head = "Lagerliste;;;\nStand: 31.03.2024;;;\nArtikelnummer;Bestand;Lagerort;Datum\n"
    once = head + "A1;5;Köln;04.03.2024\nA2;3;Köln;15.03.2024\n"
    path = csv_of(tmp_path / "lager.csv", once)
    assert {str(day) for day in read([path], Settings()).table("stock").collect()["as_of"]} == {"2024-03-31"}
    path = csv_of(tmp_path / "lager.csv", once + "A1;7;Köln;20.03.2024\n")
    days = read([path], Settings()).table("stock").collect()["as_of"].cast(pl.String).to_list()
    assert days == ["2024-03-04", "2024-03-15", "2024-03-20"]


def test_gains_and_losses_in_two_columns(tmp_path: Path) -> None:
    """盘盈数量 comes in, 盘亏数量 goes out."""
    text = "日期,单据编号,商品编码,盘盈数量,盘亏数量\n2024-04-30,P1,A1,2,\n2024-04-30,P1,A2,,3\n"
    moved = read([csv_of(tmp_path / "盘点.csv", text)], Settings()).table("movements").collect()
    assert moved.select("kind", "qty").rows() == [("adjustment_in", 2.0), ("adjustment_out", -3.0)]


@pytest.mark.parametrize(
    ("name", "period"),
    [
        ("Balance April 2024", ("2024-04-01", "2024-04-30")),
        ("收发存2024年第2季度", ("2024-04-01", "2024-06-30")),
    ],
)
def test_period_in_words(tmp_path: Path, name: str, period: tuple[str, str]) -> None:
    """A month by its name, a quarter by its number."""
    text = f"{name}\nsku,opening qty,in qty,out qty,closing qty\nA1,1,2,1,2\n"
    row = read([csv_of(tmp_path / "summary.csv", text)], Settings()).sheets.row(0, named=True)
    assert (str(row["date_min"]), str(row["date_max"])) == period


def test_gross_amounts_beside_net_ones_are_no_doubt(tmp_path: Path) -> None:
    """价税合计 without a rate is asked about only where it is what costs are made of."""
    text = "入库日期,入库单号,供应商,商品编码,数量,无税金额,价税合计\n2024-04-02,R1,甲,A1,5,10,11.3\n"
    ledger = read([csv_of(tmp_path / "入库.csv", text)], Settings())
    assert (ledger.table("movements").collect()["cost"][0], ledger.notes) == (10.0, ())
    ledger = read([csv_of(tmp_path / "入库.csv", text.replace("无税金额", "x"))], Settings())
    assert "gross_without_rate" in {note.key for note in ledger.notes}


def test_two_tables_that_fit_equally_are_asked_for(tmp_path: Path) -> None:
    """Date, code, quantity, amount and a name that says nothing: purchases or sales? The config decides."""
    path = csv_of(tmp_path / "data.csv", "日期,商品编码,数量,金额\n2024-01-05,A1,3,9\n")
    assert read([path], Settings()).sheets["reason_code"][0] == "table_unclear"
    config = csv_of(tmp_path / "stockturn.toml", '[[ingest.files]]\nmatch = "data.csv"\ntable = "sales"\n')
    assert read([path], load_settings(config)).table("movements").collect()["kind"].to_list() == ["sale"]


def test_header_named_by_the_config_must_be_there(tmp_path: Path) -> None:
    """A spelling that is not in the file is named, with the file."""
    path = csv_of(tmp_path / "sales.csv", "date,sku,qty,customer\n2024-01-05,A1,3,C\n")
    config = csv_of(
        tmp_path / "stockturn.toml", '[[ingest.files]]\nmatch = "sales.csv"\ncolumns = { qty = "Menge" }\n'
    )
    row = read([path], load_settings(config)).sheets.row(0, named=True)
    assert row["reason_code"] == "header_missing"
    assert "Menge" in row["reason"]


def test_sheets_that_disagree_are_different_stock(tmp_path: Path) -> None:
    """Two unnamed warehouses on two sheets: nothing is taken for a repetition."""
    sheets: dict[str, list[list[Any]]] = {
        "a": [["货号", "库存数量"], ["A1", 6], ["A2", 3]],
        "b": [["货号", "库存数量"], ["A1", 6], ["A2", 4]],
    }
    stock = read([book_of(tmp_path / "库存20240331.xlsx", sheets)], Settings()).table("stock").collect()
    assert stock["on_hand"].sum() == 19


def test_summary_of_several_months(tmp_path: Path) -> None:
    """会计年度 and 会计期间 by row: each month is a period of its own, and the last one's closing is what is there."""
    rows = (
        "会计年度,会计期间,存货编码,期初数量,收入数量,发出数量,结存数量\n"
        "2024,04,A1,100,50,30,120\n2024,05,A1,120,50,40,130\n"
    )
    ledger = st.ingest(csv_of(tmp_path / "收发存汇总表.csv", rows), settings=Settings())
    points = ledger.table("stock").collect().sort("as_of").select("as_of", "on_hand").rows()
    assert points == [
        (date(2024, 4, 1), 100.0),
        (date(2024, 4, 30), 120.0),
        (date(2024, 5, 1), 120.0),
        (date(2024, 5, 31), 130.0),
    ]
    moved = ledger.table("movements").collect().sort("date", "qty").select("date", "qty").rows()
    assert moved == [
        (date(2024, 4, 30), -30.0),
        (date(2024, 4, 30), 50.0),
        (date(2024, 5, 31), -40.0),
        (date(2024, 5, 31), 50.0),
    ]


def test_undated_stock_list_is_of_its_own_workbook(tmp_path: Path) -> None:
    """A list without a date beside dated sheets is of their last day, also in a ledger that goes on."""
    head = ["日期", "存货编码", "数量", "客户名称"]
    book_of(
        tmp_path / "三月.xlsx",
        {"销售": [head, ["2024-03-28", "A1", 3, "甲"]], "现存量": [["存货编码", "现存数量"], ["A1", 7]]},
    )
    book_of(tmp_path / "四月.xlsx", {"销售": [head, ["2024-04-30", "A1", 2, "甲"]]})
    ledger = st.ingest(tmp_path, settings=Settings())
    assert ledger.table("stock").collect()["as_of"].to_list() == [date(2024, 3, 28)]
    assert "stock_dated_by_file" in {note.key for note in ledger.notes}
