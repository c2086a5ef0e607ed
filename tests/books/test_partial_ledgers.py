"""Ledgers without some of the tables: what can be known, what it rests on, and which export would settle it.

One item at 2 a piece: 80 at the start of January, 30 sold on the 11th, 20 on the 21st; every figure here was worked
out on paper.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import stockturn as st
from stockturn.api import turnover_result

SALES = "date,sku,warehouse,qty,unit_price\n2024-01-11,X,A,30,5\n2024-01-21,X,A,20,5\n"
CLOSING = "sku,warehouse,on hand,value\nX,A,50,100\n"
OPENING = "sku,warehouse,on hand,value\nX,A,80,160\n"
PURCHASES = "date,sku,warehouse,quantity received,unit price\n2024-01-05,X,A,40,2\n"
MOVES = (
    "date,type,sku,warehouse,in qty,out qty,unit cost\n"
    "2024-01-01,purchase,X,A,80,,2\n2024-01-11,sale,X,A,,30,\n2024-01-21,sale,X,A,,20,\n"
)
HEAD = "商品编码,商品名称,期初数量,期初金额,收入数量,收入金额,发出数量,发出金额,结存数量,结存金额\n"
SUMMARIES = {
    "收发存汇总表_202401.csv": HEAD + "X,甲,80,160,20,40,50,100,50,100\n",
    "收发存汇总表_202402.csv": HEAD + "X,甲,50,100,0,0,30,60,20,40\n",
}

CASES = {
    # 140 on 10 days and 100 on 11, counted back from the list
    "sales and one list": (
        {"sales.csv": SALES, "stock_20240131.csv": CLOSING},
        {"cogs": 100, "avg_inventory": 2500 / 21, "opening_value": 200, "closing_value": 100},
        {"sources_opening_value", "sources_receipts"},
    ),
    # 160, 100 and 60 on ten days each, then the list of the last day: 20 came in, nobody knows when
    "sales, opening and closing": (
        {"sales.csv": SALES, "stock_20231231.csv": OPENING, "stock_20240131.csv": CLOSING},
        {"cogs": 100, "avg_inventory": 3300 / 31, "opening_value": 160, "difference_value": 40},
        {"sources_receipts"},
    ),
    # 160 and 100 on ten days each, 60 on the last
    "movements only": (
        {"ledger.csv": MOVES},
        {"cogs": 100, "avg_inventory": 2660 / 21, "opening_value": 0, "closing_value": 60},
        {"sources_stock"},
    ),
    # the least opening is 10: 100 on 6 days, 40 on ten, 0 on the last
    "purchases and sales": (
        {"purchases.csv": PURCHASES, "sales.csv": SALES},
        {"cogs": 100, "avg_inventory": 1000 / 17, "opening_value": 20, "closing_value": 0},
        {"sources_stock"},
    ),
    # month by month: (160 + 100) / 2 and (100 + 40) / 2
    "summaries": (
        SUMMARIES,
        {"cogs": 160, "avg_inventory": 100, "opening_value": 160, "turnover": 1.6 * 366 / 60},
        {"sources_period"},
    ),
    "stock lists only": (
        {"stock_20231231.csv": OPENING, "stock_20240131.csv": CLOSING},
        {"cogs": None, "turnover": None, "avg_inventory": 4900 / 31, "sold_qty": None},
        {"sources_sales", "sources_receipts"},
    ),
    # the least opening is 50: 40 on ten days, then nothing
    "sales and item costs": (
        {"sales.csv": SALES, "items.csv": "sku,name,category,unit cost\nX,Ex,c1,2\n"},
        {"cogs": 100, "avg_inventory": 400 / 11, "gross_margin": 150},
        {"sources_stock", "sources_receipts"},
    ),
    # no cost anywhere: 50 sold of 200 / 11 on average, in units
    "sales only": (
        {"sales.csv": SALES},
        {"cogs": None, "turnover": None, "turnover_units": 2.75 * 365 / 11, "revenue": 250},
        {"sources_stock", "sources_receipts", "sources_cost"},
    ),
}
REASONS = {"stock lists only": "no_sales", "sales only": "no_cost"}


@pytest.mark.parametrize("case", CASES)
def test_a_ledger_without_some_tables_says_what_can_be_known(case: str, tmp_path: Path) -> None:
    """The figures, the mark ``estimated``, and the export that would remove it."""
    files, figures, keys = CASES[case]
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    result = turnover_result(st.ingest(tmp_path))
    row = result.frame.row(0, named=True)
    for name, value in figures.items():
        assert row[name] == (None if value is None else pytest.approx(value)), name
    assert row["estimated"] == (case != "summaries")
    assert row["reason_code"] == REASONS.get(case)
    assert row["stockout_rate"] is None
    assert row["lost_sales_est"] is None
    assert row["inventory_accuracy"] is None
    said = {note.key.removeprefix("turnover.") for note in result.notes if note.key.startswith("turnover.")}
    assert said == keys


def test_summaries_turn_over_month_by_month(tmp_path: Path) -> None:
    """The closing of January and the opening of February are one list: 130 and 70 on average."""
    for name, text in SUMMARIES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    ledger = st.ingest(tmp_path)
    months = st.turnover(ledger, by=["month"])
    assert months["avg_inventory"].to_list() == [130.0, 70.0]
    assert months["cogs"].to_list() == [100.0, 60.0]
    assert months["difference_value"].to_list() == [0.0, 0.0]
    assert months["avg_basis"].unique().to_list() == ["monthly"]
