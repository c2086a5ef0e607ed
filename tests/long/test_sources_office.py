"""One workbook saved by an office suite in its other formats is read as the same table."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from stockturn import api

pytestmark = pytest.mark.long

ROWS = [
    ("日期", "单据编号", "业务类型", "商品编码", "仓库", "数量", "成本金额"),
    (date(2024, 3, 1), "R-1", "采购入库", "00100", "总仓", 10, 20.5),
    (date(2024, 3, 2), "S-1", "销售出库", "00100", "总仓", -4, -8.2),
    (date(2024, 3, 2), "S-2", "销售出库", "1E5", "分仓", -0.25, -1),
]


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "出入库.xlsx"
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("明细")
        for number, row in enumerate(ROWS):
            sheet.write_row(number, 0, row)
    return path


def rows_of(path: Path) -> pl.DataFrame:
    return api.ingest(path).table("movements").collect().drop("source_file")


@pytest.mark.parametrize("suffix", ["xls", "ods"])
def test_other_formats_of_one_workbook_read_equal(tmp_path: Path, workbook: Path, suffix: str) -> None:
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("no soffice on this machine: it is what writes .xls and .ods here")
    home = (tmp_path / "profile").as_uri()
    subprocess.run(
        [office, f"-env:UserInstallation={home}", "--headless", "--convert-to", suffix, "--outdir", tmp_path, workbook],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    was, now = rows_of(workbook), rows_of(workbook.with_suffix(f".{suffix}"))
    assert was.select("date", "doc_no", "kind", "sku", "warehouse", "qty", "cost").rows() == [
        (date(2024, 3, 1), "R-1", "purchase", "00100", "总仓", 10.0, 20.5),
        (date(2024, 3, 2), "S-1", "sale", "00100", "总仓", -4.0, -8.2),
        (date(2024, 3, 2), "S-2", "sale", "1E5", "分仓", -0.25, -1.0),
    ]
    assert now.equals(was)
