"""The document a supplier gets: what stands above, in and below the lines, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.output.supplier_files import supplier_report, write_supplier_files
from tests.unit.reorder_made import company, day, run, table

ITEMS = (
    {"sku": "A", "on_hand": 1, "rate": 2, "lead_time_days": 5, "name": "=Cup", "unit": "pc"},
    {
        "sku": "B",
        "on_hand": 1,
        "rate": 3,
        "lead_time_days": 5,
        "name": "Pot",
        "unit": "pc",
        "supplier": "V/1",
    },
    {"sku": "C", "on_hand": 1, "rate": 4, "lead_time_days": 5, "name": "Lid", "unit": "pc"},
)
PRICES = (
    {"sku": "A", "valid_from": day(-1), "unit_cost": 1.255},
    {"sku": "C", "valid_from": day(-1), "unit_cost": 2000.5},
)


def frames(
    lang: str = "en", prices: tuple[dict[str, Any], ...] = PRICES
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Requests to S (A and C), and B that V/1 looks after."""
    inputs = company(*ITEMS, prices=table("prices", *prices))
    found = run(inputs, lang=lang, suppliers={"V/1": {"vmi": True}})
    return found.requests, found.vmi


def settings(lang: str, owner: str = "Hexi & Co.") -> Settings:
    """A company with a name and a currency."""
    return Settings.model_validate(
        {"lang": lang, "report": {"company": owner}, "ingest": {"currency": "CNY"}}
    )


@pytest.mark.parametrize(
    ("lang", "title", "to", "codes", "total"),
    [
        ("en", "Hexi & Co. – Purchase request", "To: S", "Our code", ("Total", "Lines: 2")),
        ("zh", "Hexi & Co. – 采购申请", "供应商：S", "我方编码", ("合计", "共 2 行")),
    ],
)
def test_a_request_can_be_sent_as_it_is(
    tmp_path: Path, lang: str, title: str, to: str, codes: str, total: tuple[str, str]
) -> None:
    """Title, day, supplier, currency, lines with money to the cent, totals as values; printed one page wide."""
    paths = write_supplier_files(*frames(lang), tmp_path, settings(lang))
    assert [path.name for path in paths] == ["S.xlsx", "V_1.xlsx"]
    sheet = openpyxl.load_workbook(paths[0]).active
    rows = list(sheet.values)
    assert rows[0][0] == title
    assert to in [row[0] for row in rows]
    assert any("2024-12-31" in str(row[0]) for row in rows[:4])
    at = next(place for place, row in enumerate(rows) if row[0] == codes)
    lines, below = rows[at + 1 : -1], rows[-1]
    assert [line[:3] for line in lines] == [("A", "=Cup", "pc"), ("C", "Lid", "pc")]
    assert [line[5] for line in lines] == [1.255, 2000.5]
    assert [line[4] * line[5] for line in lines] == pytest.approx([line[6] for line in lines])
    assert below[:2] == total
    assert below[4] == sum(line[4] for line in lines)
    assert below[6] == pytest.approx(sum(line[6] for line in lines))
    assert {sheet.cell(at + 2, column).number_format for column in (6, 7)} == {"#,##0.00##"}
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.page_setup.fitToWidth in (None, 1)
    assert "2024-12-31" in sheet.oddFooter.right.text


def test_the_sheet_of_goods_the_supplier_keeps_says_between_which_levels() -> None:
    """Stock, demand, least and most, what to deliver; no money and no order."""
    requests, vmi = frames()
    report = supplier_report(requests.clear(), vmi, settings("en", ""))
    block = report.sheets[0].blocks[0]
    assert (report.title, block.title) == ("Supplier-managed stock", "Supplier-managed stock")
    assert block.notes[0] == "To: V/1"
    assert {"on_hand", "forecast_qty", "reorder_point", "order_up_to", "suggested_qty"} <= set(
        block.frame.columns
    )
    assert not {"purchase_price", "order_value"} & set(block.frame.columns)


def test_lines_without_a_price_are_told_and_quantities_of_two_units_not_added() -> None:
    """The total value is that of the priced lines, and a note counts the others; 2 pc + 3 kg is no quantity."""
    requests, vmi = frames()
    some = requests.with_columns(
        order_value=pl.when(pl.col("sku") == "A").then("order_value"),
        unit=pl.when(pl.col("sku") == "A").then(pl.lit("pc")).otherwise(pl.lit("kg")),
    )
    block = supplier_report(some, vmi.clear(), settings("en")).sheets[0].blocks[0]
    assert block.total is not None
    assert "suggested_qty" not in block.total
    assert block.total["order_value"] == some["order_value"][0]
    assert "Lines without a known price: 1. They are not in the total value." in block.notes
    none = supplier_report(
        some.with_columns(order_value=pl.lit(None, pl.Float64)), vmi.clear(), settings("en")
    )
    assert none.sheets[0].blocks[0].total == {"sku": "Total", "name": "Lines: 2", "order_value": None}
