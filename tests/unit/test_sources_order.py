"""What a ledger holds depends on its files, not on the runs that they were read in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest

from stockturn import api
from stockturn.config import Settings
from stockturn.model import Ledger
from stockturn.schema import TABLES

NOW = datetime(2025, 1, 2, tzinfo=UTC)
LAST_DAY = date(2024, 12, 23)


@pytest.fixture
def exports(tmp_path: Path) -> list[Path]:
    """Twelve months of documents that name items, an undated stock list, an item list with gaps, an undated order
    list. Months overlap by one document; code 00100 has lost its zeros in one of them, B1 is b1 in another."""
    home = tmp_path / "exports"
    home.mkdir()
    head = "日期,单据编号,行号,业务类型,商品编码,商品名称,类别,仓库,数量,成本金额"
    texts: dict[str, str] = {}
    for month in range(1, 13):
        wide, other = ("100" if month == 5 else "00100"), ("b1" if month == 8 else "B1")
        lines = [
            f"2024-{month:02}-03,R{month},1,采购入库,{wide},扳手,工具,总仓,10,20",
            f"2024-{month:02}-03,R{month},2,采购入库,{other},钳子,工具{month % 2},总仓,8,24",
            f"2024-{month:02}-23,S{month},1,销售出库,{wide},扳手,工具,总仓,-4,-8",
        ]
        if month > 1:
            lines.append(f"2024-{month - 1:02}-03,R{month - 1},2,采购入库,B1,钳子,,总仓,8,24")
        texts[f"出入库-{month}.csv"] = "\n".join([head, *lines])
    texts["库存表.csv"] = (
        "商品编码,商品名称,仓库,库存数量,库存金额\n00100,扳手,总仓,72,144\nB1,钳子,总仓,96,288\nC7,锤子,总仓,5,50"
    )
    texts["商品档案.csv"] = (
        "商品编码,商品名称,类别,规格型号,单位,供应商\n00100,活动扳手,,10寸,把,甲厂\nC7,锤子,工具,,把,乙厂"
    )
    texts["采购订单.csv"] = (
        "订单日期,订单编号,行号,供应商,商品编码,订货数量,已入库数量\n2024-12-01,P1,1,甲厂,00100,30,10\n2024-12-05,P2,1,乙厂,C7,6,0"
    )
    paths = []
    for name, text in texts.items():
        (home / name).write_text(text + "\n", encoding="utf-8")
        paths.append(home / name)
    return paths


def holds(ledger: Ledger) -> dict[str, pl.DataFrame]:
    """Every table and list of a ledger with lineage, in an order of its own."""
    tables = {name: ledger.table(name).collect() for name in TABLES if ledger.has(name)}
    lists = {"sheets": ledger.sheets.drop("raw_order", strict=False), "refused": ledger.refused}
    return {
        name: frame.sort(pl.all())
        for name, frame in {**tables, **lists, "replaced": ledger.replaced}.items()
        if frame.width
    }


def equal(one: dict[str, pl.DataFrame], two: dict[str, pl.DataFrame]) -> list[str]:
    """Names of the frames that differ."""
    return [
        name
        for name in sorted({*one, *two})
        if name not in one or name not in two or not one[name].equals(two[name])
    ]


def one_by_one(folder: Path, files: Iterable[Path]) -> Ledger:
    for file in files:
        ledger = api.keep(file, into=folder, now=NOW)
    return ledger


def test_one_run_or_fifteen_in_any_order_make_one_ledger(tmp_path: Path, exports: list[Path]) -> None:
    """Read in one go without a folder, in one go into a folder, one by one forwards and backwards."""
    whole = holds(api.ingest(*exports))
    assert equal(whole, holds(api.keep(*exports, into=tmp_path / "at_once", now=NOW))) == []
    assert equal(whole, holds(one_by_one(tmp_path / "forwards", exports))) == []
    assert equal(whole, holds(one_by_one(tmp_path / "backwards", reversed(exports)))) == []
    # by hand: 12 months of 3 lines; line R8-2 is b1 in August and B1 in September's copy, which no time decides
    assert (whole["movements"].height, whole["refused"].height) == (12 * 3 - 1, 2)
    assert whole["movements"]["qty"].sum() == 12 * (10 + 8 - 4) - 8
    assert set(whole["stock"]["as_of"]) == {LAST_DAY}
    assert set(whole["orders"]["listed_on"]) == {LAST_DAY}
    item = whole["items"].filter(pl.col("sku") == "00100").row(0, named=True)
    assert (item["name"], item["category"], item["spec"]) == ("活动扳手", "工具", "10寸")


def test_a_file_that_came_and_went_leaves_nothing(tmp_path: Path, exports: list[Path]) -> None:
    """A later month moves the day of undated lists; when it is forgotten, the day moves back."""
    later = exports[0].with_name("later.csv")
    later.write_text(
        exports[11].read_text(encoding="utf-8").replace("2024-12", "2025-01").replace("12,", "13,"), "utf-8"
    )
    folder = tmp_path / "ledger"
    before = holds(one_by_one(folder, exports[6:] + exports[:6]))
    added = holds(api.keep(later, into=folder, now=NOW))
    assert set(added["stock"]["as_of"]) == {date(2025, 1, 23)}
    api.forget(folder, "later.csv", now=NOW)
    after = holds(api.ingest(folder))
    assert equal(before, after) == []
    assert set(after["stock"]["as_of"]) == {LAST_DAY}


def test_forgetting_counts_by_the_settings_of_the_folder(tmp_path: Path) -> None:
    """The config lay beside the exports: the day that two files tell differently stays kept from both."""
    home = tmp_path / "exports"
    home.mkdir()
    head = "日期,业务类型,商品编码,仓库,数量\n"
    days = {
        "a.csv": "2024-01-05,销售出库,A1,总仓,3",
        "b.csv": "2024-01-05,销售出库,A1,总仓,4",
        "c.csv": "2024-01-06,销售出库,A1,总仓,5",
    }
    for name, line in days.items():
        (home / name).write_text(head + line + "\n", encoding="utf-8")
    (home / "stockturn.toml").write_text('[ingest]\noverlap = "keep_all"\n', encoding="utf-8")
    folder = tmp_path / "ledger"
    assert api.keep(home, into=folder, now=NOW).table("movements").collect()["qty"].sum() == -12
    api.forget(folder, "c.csv", now=NOW)
    assert api.ingest(folder).table("movements").collect()["qty"].sum() == -7


def test_units_do_not_depend_on_the_runs(tmp_path: Path) -> None:
    """The item list comes last, and decides that the boxes of the first month are not counted in boxes."""
    texts = {
        "1月入库.csv": "日期,单据编号,供应商,商品编码,仓库,单位,数量\n2024-01-05,R1,甲厂,A1,总仓,箱,2\n",
        "2月入库.csv": "日期,单据编号,供应商,商品编码,仓库,单位,数量\n2024-02-05,R2,甲厂,A1,总仓,个,7\n",
        "商品档案.csv": "商品编码,商品名称,类别,单位\nA1,扳手,工具,个\n",
    }
    paths = [tmp_path / name for name in texts]
    for path in paths:
        path.write_text(texts[path.name], encoding="utf-8")
    settings = Settings.model_validate({"ingest": {"unit_factors": {"*": {"箱": 12}}}})
    whole = api.ingest(*paths, settings=settings)
    assert whole.table("movements").collect()["qty"].sum() == 31
    for number, order in enumerate(permutations(paths)):
        for path in order:
            kept = api.keep(path, into=tmp_path / f"ledger{number}", settings=settings, now=NOW)
        assert equal(holds(whole), holds(kept)) == []
