"""Every profile reads its example exports: the files here say rows in, and what must come out."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.sources import read
from stockturn.sources.profiles import profile_names

HERE = Path(__file__).parent


def cases() -> list[Any]:
    """One per export of every example file."""
    found = []
    for file in sorted(HERE.glob("*.toml")):
        for export in tomllib.loads(file.read_text(encoding="utf-8"))["export"]:
            found.append(pytest.param(file.stem, export, id=f"{file.stem}-{export['file']}"))
    return found


def write(export: dict[str, Any], folder: Path) -> Path:
    """The export as a file."""
    path = folder / export["file"]
    if path.suffix == ".xlsx":
        import xlsxwriter

        with xlsxwriter.Workbook(str(path)) as book:
            sheet = book.add_worksheet()
            for top, left, bottom, right in export.get("merges", ()):
                sheet.merge_range(top, left, bottom, right, "")
            for row, cells in enumerate(export["rows"]):
                for column, cell in enumerate(cells):
                    if cell != "":
                        sheet.write(row, column, cell)
        return path
    text = io.StringIO()
    csv.writer(text, delimiter=export.get("separator", ",")).writerows(export["rows"])
    path.write_bytes(text.getvalue().encode(export.get("encoding", "utf-8")))
    return path


@pytest.mark.parametrize(("profile", "export"), cases())
def test_profile_reads_its_example(profile: str, export: dict[str, Any], tmp_path: Path) -> None:
    """Table, rows, sums, dates and kinds of the example are as written beside it."""
    ledger = read([write(export, tmp_path)], Settings())
    assert ledger.sheets.height == 1
    sheet = ledger.sheets.row(0, named=True)
    assert (sheet["profile"], sheet["table"]) == (profile, export["table"]), sheet["reason"]
    assert sheet["rows_read"] == len(export["rows"])
    assert sheet["rows_read"] == sheet["accepted"] + sheet["refused"] + sheet["skipped"]
    assert (sheet["accepted"], sheet["refused"]) == (export["accepted"], export.get("refused", 0))
    assert json.loads(sheet["skipped_by"]) == export["skipped"]
    assert sheet["qty_sum"] == (pytest.approx(export["qty_sum"]) if "qty_sum" in export else None)
    if "amount_sum" in export:
        assert sheet["amount_sum"] == pytest.approx(export["amount_sum"])
    if "date_max" in export:
        assert sheet["date_max"] == export["date_max"]
    movements = ledger.table("movements").collect()
    if "kinds" in export:
        kinds = movements.group_by("kind").agg(pl.col("qty").sum())
        assert dict(kinds.rows()) == pytest.approx(export["kinds"])
    if "cost" in export:
        assert movements["cost"].sum() == pytest.approx(export["cost"])
    if "opening" in export:
        points = ledger.table("stock").filter(pl.col("at_start")).collect()
        assert points["on_hand"].sum() == pytest.approx(export["opening"])
    if "skus" in export:
        codes = [
            frame.collect()["sku"] for frame in ledger.tables.values() if "sku" in frame.collect_schema()
        ]
        assert sorted(set(pl.concat(codes).to_list())) == export["skus"]


def test_every_profile_has_an_example() -> None:
    """A profile without an example export is not known to work."""
    assert {file.stem for file in HERE.glob("*.toml")} == set(profile_names())
