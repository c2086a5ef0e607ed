"""Results as data: JSON, CSV, Parquet, written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.errors import UsageError
from stockturn.model import Result
from stockturn.output.files import replacing
from stockturn.output.plain import write_table

FRAME = pl.DataFrame(
    {
        "sku": ["=1+1", "-5", "库存", "plain"],
        "as_of": [date(2024, 1, 2), None, date(2024, 2, 29), date(2023, 12, 31)],
        "value": [-1.5, None, 0.0, 12.0],
        "estimated": [True, False, None, True],
    }
)


def _written(fmt: str, result: Result, table: str | None = None) -> str:
    stream = io.StringIO()
    write_table(result, fmt, stream, table=table)
    return stream.getvalue()


def test_json_is_an_array_of_rows_with_the_columns_of_the_frame() -> None:
    """Dates are ISO, what is not known is null, and nothing is renamed or left out."""
    rows = json.loads(_written("json", Result("turnover", {"turnover": FRAME})))
    assert [list(row) for row in rows] == [FRAME.columns] * 4
    assert rows[0] == {"sku": "=1+1", "as_of": "2024-01-02", "value": -1.5, "estimated": True}
    assert rows[1]["as_of"] is None
    assert rows[1]["value"] is None
    assert rows[2]["estimated"] is None


def test_json_of_several_tables_is_an_object_whose_first_array_is_the_command() -> None:
    """Whatever the order inside the result."""
    result = Result("ingest", {"refused": FRAME.head(1), "ingest": FRAME, "differences": FRAME.clear()})
    arrays = json.loads(_written("json", result))
    assert list(arrays) == ["ingest", "refused", "differences"]
    assert [len(rows) for rows in arrays.values()] == [4, 1, 0]
    assert len(json.loads(_written("json", result, "refused"))) == 1


def test_csv_guards_text_that_a_spreadsheet_would_run_and_never_a_number() -> None:
    """A sku '=1+1' or '-5' gets an apostrophe; the number -1.5 does not."""
    rows = list(csv.DictReader(io.StringIO(_written("csv", Result("abc", {"abc": FRAME})))))
    assert [row["sku"] for row in rows] == ["'=1+1", "'-5", "库存", "plain"]
    assert rows[0]["value"] == "-1.5"
    assert rows[1]["as_of"] == rows[1]["value"] == ""


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=5))
def test_csv_text_comes_back_as_it_was_but_for_the_guard(texts: list[str]) -> None:
    """Quotes, separators and line breaks survive."""
    written = _written(
        "csv", Result("abc", {"abc": pl.DataFrame({"sku": texts, "value": [1.0] * len(texts)})})
    )
    back = [row[0] for row in csv.reader(io.StringIO(written, newline=""))][1:]
    guarded = [
        f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and text else text for text in texts
    ]
    assert back == guarded


def test_a_csv_file_starts_with_a_mark_so_that_excel_reads_chinese(tmp_path: Path) -> None:
    """A pipe does not: other programs would read the mark as part of the first header."""
    write_table(Result("abc", {"abc": FRAME}), "csv", tmp_path / "abc.csv")
    assert (tmp_path / "abc.csv").read_bytes().startswith("\ufeffsku,".encode())
    assert _written("csv", Result("abc", {"abc": FRAME})).startswith("sku,")


def test_parquet_keeps_types_and_needs_a_file(tmp_path: Path) -> None:
    """Binary formats are not for a terminal."""
    result = Result("abc", {"abc": FRAME})
    write_table(result, "parquet", tmp_path / "abc.parquet")
    assert pl.read_parquet(tmp_path / "abc.parquet").equals(FRAME)
    with pytest.raises(UsageError, match="format_needs_out"):
        write_table(result, "parquet")
    with pytest.raises(UsageError, match="table_unknown"):
        write_table(result, "csv", io.StringIO(), table="nothing")


def test_a_figure_that_is_not_finite_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """JSON has no NaN, and a reader has no use for one."""
    frame = pl.DataFrame({"turnover": [float("nan")]})
    with pytest.raises(ValueError, match="turnover"):
        write_table(Result("turnover", {"turnover": frame}), "json", tmp_path / "t.json")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_in_the_middle_leaves_the_old_file_and_no_rubbish(tmp_path: Path) -> None:
    """Written beside it, then put in its place in one step."""
    target = tmp_path / "report.xlsx"
    target.write_text("old")

    def half() -> None:
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_workbook_that_is_open_elsewhere_is_a_clear_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Excel locks the file: Windows answers PermissionError when it would be replaced."""

    def locked(self: Path, target: Path) -> Path:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(Path, "replace", locked)
    with pytest.raises(UsageError, match="output_locked"), replacing(tmp_path / "report.xlsx") as temporary:
        temporary.write_text("new")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_or_a_folder_as_target_is_named(tmp_path: Path) -> None:
    """Nothing is created on the way."""
    with pytest.raises(UsageError, match="output_folder_missing"), replacing(tmp_path / "no" / "r.json"):
        pass
    with pytest.raises(UsageError, match="output_is_folder"), replacing(tmp_path):
        pass
