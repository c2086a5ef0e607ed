"""One good file among broken ones: the good one is used, the others are named with what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.cli import cli

GOOD = "date,sku,type,qty,unit_price\n" + "".join(
    f"2025-{m:02}-10,A-{m % 3},sale,{m},9.5\n" for m in range(1, 13)
)
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as people have it."""
    import xlsxwriter

    (tmp_path / "sales.csv").write_text(GOOD, encoding="utf-8")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "picture.xlsx").write_bytes(PNG)
    with xlsxwriter.Workbook(str(tmp_path / "whole.xlsx")) as book:
        book.add_worksheet().write_row(0, 0, ["date", "sku", "qty"])
    whole = (tmp_path / "whole.xlsx").read_bytes()
    (tmp_path / "whole.xlsx").unlink()
    (tmp_path / "truncated.xlsx").write_bytes(whole[: len(whole) // 2])
    return tmp_path


def test_the_good_file_is_used_and_the_others_are_named(folder: Path) -> None:
    """Status 0, the figures of the good file, and a line on stderr for each of the others."""
    done = cli("turnover", folder, "--format", "json")
    assert len(done.json) == 1
    for name in ("empty.csv", "picture.xlsx", "truncated.xlsx"):
        assert name in done.err
    listed = {
        row["file"].rsplit("/")[-1]: row for row in cli("ingest", folder, "--format", "json").json["sheets"]
    }
    assert listed["sales.csv"]["accepted"] == 12
    for name in ("empty.csv", "picture.xlsx", "truncated.xlsx"):
        assert listed[name]["table"] is None
        assert listed[name]["reason"]


def test_strict_refuses_a_folder_with_broken_files(folder: Path) -> None:
    """With --strict anything that could not be read is status 3; what was read is shown all the same."""
    done = cli("ingest", folder, "--strict", "--format", "json")
    assert done.status == 3
    assert len(json.loads(done.out)["sheets"]) == 4


def test_nothing_usable_is_status_3(folder: Path) -> None:
    """Without the good file there is nothing to compute from."""
    (folder / "sales.csv").unlink()
    done = cli("turnover", folder)
    assert done.status == 3
    assert "Traceback" not in done.err
    assert cli("ingest", folder).status == 3
    (folder / "none").mkdir()
    assert cli("ingest", folder / "none").status == 3


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    """The path is named."""
    done = cli("turnover", tmp_path / "nowhere")
    assert done.status == 3
    assert "nowhere" in done.err
