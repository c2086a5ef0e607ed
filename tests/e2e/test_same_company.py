"""One company as two systems export it: the same closing stock in units and money, returns booked in two ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from stockturn import api
from stockturn.config import load_settings
from tests.e2e.cli import cli
from tests.shared import shared

KINGDEE, U8, SHEET = "kingdee_物料收发明细.xlsx", "u8_收发存汇总表.xlsx", "收发存汇总表"
A_CENT_A_LINE = 0.05
"""The exports carry amounts to a cent and average costs to four places; a sku has up to six issues."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Cost over all warehouses, as both systems reckon; of the U8 workbook the one sheet only."""
    others = ("存货收发存*", "现存量*", "采购入库单*")
    rules = [f'[[ingest.files]]\nmatch = "{U8}"\nsheet = "{sheet}"\nignore = true\n' for sheet in others]
    path = tmp_path / "stockturn.toml"
    path.write_text("\n".join(['[turnover]\ncost_scope = "sku"\n', *rules]), encoding="utf-8")
    return path


def answers() -> dict[str, Any]:
    key: dict[str, Any] = json.loads(shared("export_samples/expected.json").read_text(encoding="utf-8"))
    return key


@pytest.mark.parametrize("name", [KINGDEE, U8])
def test_closing_units_and_value_of_every_sku_are_those_of_the_books(name: str, config: Path) -> None:
    """4,014 units worth 43,591.89 by the month's average, from the ledger of one system and the summary of another."""
    file = shared(f"export_samples/{name}")
    arguments = (file, "--cost", "monthly_average", "--config", config, "--format", "json")
    (total,) = cli("turnover", *arguments).json
    books = answers()["shared_ledger"]["totals_returns_on_opposite_side"]
    assert (total["opening_qty"], total["closing_qty"]) == (books["opening_qty"], books["closing_qty"])
    assert total["opening_value"] == pytest.approx(books["opening_value"])
    assert total["closing_value"] == pytest.approx(books["closing_value"], abs=A_CENT_A_LINE)
    closing = answers()["files"][name]["closing_by_sku"]
    rows = {row["sku"]: row for row in cli("turnover", *arguments, "--by", "sku").json}
    assert rows.keys() == closing.keys()
    for sku, row in rows.items():
        assert row["closing_qty"] == closing[sku]["closing_qty"]
        assert row["closing_value"] == pytest.approx(closing[sku]["closing_value"], abs=A_CENT_A_LINE)


def test_returns_on_the_other_side_and_red_on_their_own(config: Path) -> None:
    """The ledger has 4,160 in and 2,963 out with 25 units of returns that stand as such; the summary, where returns are
    red on their own side, 4,135 and 2,938, and says that it does not tell why goods moved."""
    settings = load_settings(config)
    ledger = api.ingest(shared(f"export_samples/{KINGDEE}"), settings=settings)
    summary = api.ingest(shared(f"export_samples/{U8}"), settings=settings)
    books = answers()["shared_ledger"]
    crossed, red = books["totals_returns_on_opposite_side"], books["totals_returns_red_on_own_side"]
    moved, netted = (read.table("movements").collect() for read in (ledger, summary))
    came, left, back = moved.select(
        pl.col("qty").filter(pl.col("qty") > 0).sum().alias("came"),
        -pl.col("qty").filter(pl.col("qty") < 0).sum().alias("left"),
        pl.col("qty")
        .filter(pl.col("kind").is_in(["sale_return", "purchase_return"]))
        .abs()
        .sum()
        .alias("back"),
    ).row(0)
    assert (came, left) == (crossed["in_qty"], crossed["out_qty"])
    assert (came - back, left - back) == (red["in_qty"], red["out_qty"])
    by_kind = dict(netted.group_by("kind").agg(pl.col("qty").sum()).iter_rows())
    assert by_kind == {"purchase": red["in_qty"], "sale": -red["out_qty"]}
    assert "summary_kinds" in {note.key for note in summary.notes}
    assert "summary_kinds" not in {note.key for note in ledger.notes}
    said = cli("ingest", shared(f"export_samples/{KINGDEE}")).err
    for figure in ("4,160", "2,963", "4,135", "2,938"):
        assert figure in said
