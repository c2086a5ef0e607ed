"""Sheets of targets (目标拆解) and of counts, read like any other export."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import stockturn as st
from stockturn import api
from stockturn.config import Settings

LEDGER = {
    "purchases.csv": "date,sku,warehouse,quantity received,unit price\n2024-01-01,F,A,200,1\n2024-01-01,T,B,100,1\n",
    "sales.csv": "date,sku,warehouse,qty,unit_price\n2024-01-31,F,A,120,2\n2024-12-31,T,B,20,2\n",
    "items.csv": "sku,name,category,owner,team\nF,Food,food,Ann,T1\nT,Toy,toys,Bob,T1\n",
}


def _ledger(folder: Path, **files: str) -> st.Ledger:
    for name, text in {**LEDGER, **files}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return st.ingest(folder)


@pytest.mark.parametrize(
    "sheet",
    [
        "维度,范围,目标周转率\n公司,,6\n类别,food,9\n负责人,Bob,2\n",
        "dimension,scope,target\ncompany,,6\ncategory,food,9\nowner,Bob,2\n",
        "类别,负责人,目标周转率\n,,6\nfood,,9\n,Bob,2\n",
        "category,owner,target dio\nall,,60.8333333333\nfood,,40.5555555556\n,Bob,182.5\n",
    ],
)
def test_a_sheet_of_targets_in_any_of_its_forms(tmp_path: Path, sheet: str) -> None:
    """One column that names the dimension, or a column per dimension; turns a year, or days of stock."""
    ledger = _ledger(tmp_path, **{"targets.csv": sheet})
    found = st.turnover(ledger, by=["category"]).select("category", pl.col("target").round(6)).rows()
    assert found == [("food", 9.0), ("toys", 2.0)]
    assert st.turnover(ledger)["target"].round(6).to_list() == [6.0]
    # the team makes both: 120 at 9 turns and 20 at 2 turns
    team = st.turnover(ledger, by=["team"])["target"].item()
    assert team == pytest.approx(140 / (120 / 9 + 20 / 2))


def test_targets_stand_on_the_method_sheet_with_where_they_come_from(tmp_path: Path) -> None:
    """One of the settings names its key, one of a sheet its row; for one scope the sheet wins."""
    ledger = _ledger(tmp_path, **{"targets.csv": "category,owner,target\nfood,,9\n,Bob,2\n"})
    settings = Settings.model_validate({"turnover": {"targets": {"category": {"food": 5, "toys": 4}}}})
    report = api.build_report(api.analyse(ledger, settings), settings)
    block = report.block("parameters")
    assert block is not None
    rows = block.frame.tail(3).select("parameter", "in_force", "key").rows()
    file = str(tmp_path / "targets.csv")
    assert sorted(rows) == [
        ("Target of Bob, turns a year", "2", f"{file}, row 3"),
        ("Target of food, turns a year", "9", f"{file}, row 2"),
        ("Target of toys, turns a year", "4", "turnover.targets.category"),
    ]


def test_a_target_that_means_nothing_is_refused_and_listed(tmp_path: Path) -> None:
    """A dimension that has no targets, a scope left out, a target of zero; the account still closes."""
    sheet = "维度,范围,目标周转率\n月球,x,3\n仓库,,4\n仓库,A,0\n仓库,B,5\n"
    ledger = _ledger(tmp_path, **{"targets.csv": sheet})
    assert sorted(ledger.refused["reason_code"]) == [
        "dimension_unknown",
        "dimension_unknown",
        "target_not_positive",
    ]
    row = ledger.sheets.filter(pl.col("file").str.ends_with("targets.csv")).row(0, named=True)
    assert row["rows_read"] == row["accepted"] + row["refused"] + row["skipped"]
    assert row["accepted"] == 1
    assert st.turnover(ledger, by=["warehouse"])["target"].to_list() == [None, 5.0]


def test_counts_that_agree_are_counts_too(tmp_path: Path) -> None:
    """Two lines of a stock-take, one 5 short of 100: half the counts are right, 5 of 180 units are wrong."""
    take = "盘点日期,仓库,商品编码,账面数量,盘点数量\n2024-06-30,A,F,80,80\n2024-06-30,B,T,100,95\n"
    ledger = _ledger(tmp_path, **{"盘点单.csv": take, "again.csv": take})
    total = st.turnover(ledger).row(0, named=True)
    assert (total["counted"], total["inventory_accuracy"]) == (2, 0.5)
    assert total["count_error"] == pytest.approx(5 / 180)
    assert st.turnover(ledger, by=["quarter", "category"]).filter(pl.col("counted") > 0)[
        "inventory_accuracy"
    ].to_list() == [1.0, 0.0]
    loose = st.Settings.model_validate({"turnover": {"count_tolerance": 0.05}})
    assert st.turnover(ledger, settings=loose)["inventory_accuracy"].item() == 1.0
