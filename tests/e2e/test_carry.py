"""What people write into a workbook comes back next month, in either language."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from tests.e2e.cli import cli

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*extension is not supported"),
    pytest.mark.usefixtures("read_once"),
]

LABELS = {"en": ("SKU", "Warehouse", "Handler", "Done on"), "zh": ("SKU", "仓库", "处理人", "完成日期")}


def rows(path: Path, lang: str) -> dict[tuple[str, str], tuple[object, object]]:
    """Handler and day of every row of the list to reorder."""
    book = openpyxl.load_workbook(path)
    (sheet,) = [sheet for sheet in book if "list_to_do_all" in sheet.tables]
    head, *body = sheet[sheet.tables["list_to_do_all"].ref]
    at = [[cell.value for cell in head].index(label) for label in LABELS[lang]]
    return {(row[at[0]].value, row[at[1]].value): (row[at[2]].value, row[at[3]].value) for row in body}


def test_filled_in_columns_survive_the_next_report(demo: Path, tmp_path: Path) -> None:
    """Handler and date of two rows are in the next workbook at the same sku and warehouse, and nowhere else."""
    first, second = tmp_path / "may.xlsx", tmp_path / "june.xlsx"
    assert cli("report", demo, "--out", first, "--quiet").status == 0
    book = openpyxl.load_workbook(first)
    (sheet,) = [sheet for sheet in book if "list_to_do_all" in sheet.tables]
    head, *body = sheet[sheet.tables["list_to_do_all"].ref]
    at = [[cell.value for cell in head].index(label) for label in LABELS["en"]]
    filled = {}
    for number, row in enumerate(body[:2]):
        row[at[2]].value, row[at[3]].value = f"王芳 {number}", datetime(2025, 7, 1 + number)
        filled[row[at[0]].value, row[at[1]].value] = (f"王芳 {number}", datetime(2025, 7, 1 + number))
    book.save(first)
    done = cli("report", demo, "--out", second, "--carry", first, "--lang", "zh", "--quiet")
    assert done.status == 0, done.err
    found = rows(second, "zh")
    assert {key: value for key, value in found.items() if value != (None, None)} == filled


def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    """The file is named, and what to give instead; status 3."""
    (tmp_path / "last.xlsx").write_text("no workbook", encoding="utf-8")
    (tmp_path / "sales.csv").write_text("date,sku,qty\n2025-01-01,A,1\n", encoding="utf-8")
    done = cli(
        "report", tmp_path / "sales.csv", "--carry", tmp_path / "last.xlsx", "--out", tmp_path / "r.xlsx"
    )
    assert done.status == 3
    assert "last.xlsx" in done.err
