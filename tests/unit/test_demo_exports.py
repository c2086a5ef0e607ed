"""The written files of the example company, read back by plain Python: same bytes, same books, the told warts."""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from collections import Counter, defaultdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from stockturn.config import load_settings
from stockturn.demo import DemoSummary, truth, write_demo
from stockturn.demo.write import config_text
from stockturn.errors import UsageError
from stockturn.i18n import error_text

Record = dict[str, Any]
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    return write_demo(tmp_path_factory.mktemp("demo"))


def read(path: Path) -> tuple[list[Record], Record | None]:
    """The records under the header, and the total row (workbooks only)."""
    if path.suffix == ".csv":
        data = path.read_bytes()
        encoding = "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "gb18030"
        return list(csv.DictReader(io.StringIO(data.decode(encoding), newline=""))), None
    grid = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    top = next(place for place, row in enumerate(grid) if "商品编码" in row)
    records = [dict(zip(map(str, grid[top]), row, strict=True)) for row in grid[top + 1 :]]
    total = records.pop() if records[-1][str(grid[top][0])] == "合计" else None
    return records, total


def number(value: object) -> Decimal | None:
    """A quantity or an amount, whatever it is written like."""
    text = unicodedata.normalize("NFKC", str(value)).replace("¥", "").replace(",", "").strip()
    return Decimal(text) if text else None


def day(value: object) -> date | None:
    """A date cell or its text; None where it is no date."""
    if isinstance(value, date):
        return value
    found = re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", str(value))
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def records_of(demo: DemoSummary, start: str) -> list[Record]:
    return [
        row for file in demo.files if file.name.startswith(start) for row in read(demo.folder / file.name)[0]
    ]


Movement = tuple[date, int, str, str, Decimal, Decimal]
"""Date, posting order, warehouse, sku, signed quantity, money of a purchase."""


def movements(demo: DemoSummary) -> tuple[list[Movement], Counter[str]]:
    """Every believable document line once, and how many lines were refused or met twice."""
    lines: list[Movement] = []
    seen: dict[tuple[str, str], Record] = {}
    odd: Counter[str] = Counter()
    for row in records_of(demo, "销售"):
        key = (row["单据编号"], row["行号"])
        when, qty = day(row["单据日期"]), number(row["数量"])
        if when is None or qty is None:
            odd["bad_date" if when is None else "missing_quantity"] += 1
        elif key in seen:
            assert (when, qty) == (day(seen[key]["单据日期"]), number(seen[key]["数量"]))
            odd["duplicate"] += 1
        else:
            seen[key] = row
            back = row["业务类型"] == "销售退货"
            assert (qty < 0) == back
            lines.append((when, 2 if back else 4, row["仓库"], row["商品编码"].strip(), -qty, Decimal(0)))
    for row in records_of(demo, "采购"):
        qty, amount = number(row["实收数量"]), number(row["采购金额"])
        if qty is None or amount is None:
            odd["missing_quantity"] += 1
            continue
        lines.append((row["入库日期"], 0, row["仓库"], row["商品编码"].strip(), qty, amount))
    for row in records_of(demo, "调拨"):
        qty, sku = Decimal(row["数量"]), row["商品编码"]
        lines.append((row["单据日期"], 1, row["调出仓库"], sku, -qty, Decimal(0)))
        lines.append((row["单据日期"], 1, row["调入仓库"], sku, qty, Decimal(0)))
    for row in records_of(demo, "盘点"):
        gain = row["业务类型"] == "盘盈入库"
        qty = Decimal(row["数量"]) * (1 if gain else -1)
        lines.append((row["盘点日期"], 3 if gain else 5, row["仓库"], row["商品编码"], qty, Decimal(0)))
    return lines, odd


def stock(demo: DemoSummary, file: str) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    rows, _ = read(demo.folder / file)
    return {(r["仓库"], r["商品编码"]): (Decimal(r["库存数量"]), Decimal(str(r["库存金额"]))) for r in rows}


def test_same_seed_same_bytes(demo: DemoSummary, tmp_path: Path) -> None:
    """Every file, workbooks included, is the same byte for byte; another seed differs."""
    again = write_demo(tmp_path / "again")
    other = write_demo(tmp_path / "other", seed=11)
    for file in again.files:
        assert (again.folder / file.name).read_bytes() == (demo.folder / file.name).read_bytes()
    assert {file.name for file in other.files} == {file.name for file in again.files}
    changed = [
        f.name
        for f in other.files
        if (other.folder / f.name).read_bytes() != (again.folder / f.name).read_bytes()
    ]
    assert len(changed) == len(other.files) - 2  # items and suppliers are the company, not its luck


def test_summary_says_what_is_there(demo: DemoSummary) -> None:
    """Rows and bytes per file as found on disk; less than 3.5 MB in all."""
    written = {path.name for path in demo.folder.iterdir()}
    assert written == {file.name for file in demo.files} | {"stockturn.toml"}
    for file in demo.files:
        path = demo.folder / file.name
        assert file.bytes == path.stat().st_size
        if path.name != "供应商.csv":
            assert file.rows == len(read(path)[0])
    assert sum(file.bytes for file in demo.files) < 3_500_000
    assert (demo.start, demo.end, demo.skus) == (date(2023, 7, 1), date(2025, 6, 30), 97)


def test_a_file_per_month_and_per_stock_take(demo: DemoSummary) -> None:
    """Sales and receipts of 24 months, transfers of three years, counts at both year ends, each with its own days."""
    names = [file.name for file in demo.files]
    months = [f"{2023 + n // 12}-{n % 12 + 1:02d}" for n in range(6, 30)]
    for start, suffix in (("销售出库明细", "csv"), ("采购入库明细", "xlsx")):
        assert sorted(name for name in names if name.startswith(start)) == [
            f"{start}_{month}.{suffix}" for month in months
        ]
    transfers = {f"调拨单_{year}.xlsx" for year in (2023, 2024, 2025)}
    assert {name for name in names if name.startswith("调拨")} == transfers
    counted = {name: {row["盘点日期"] for row in records_of(demo, name)} for name in names if "盘点" in name}
    assert counted == {f"盘点盈亏单_{year}-12-31.xlsx": {date(year, 12, 31)} for year in (2023, 2024)}


def test_warts_are_those_that_are_told(demo: DemoSummary) -> None:
    """Refused rows, duplicates, ¥, full-width digits and trailing spaces, counted in the files."""
    _, odd = movements(demo)
    texts = [row for file in ("销售", "采购") for row in records_of(demo, file)]
    values = [str(value) for row in texts for value in row.values()]
    assert odd["bad_date"] == demo.count("bad_date") == 2
    assert odd["missing_quantity"] == demo.count("missing_quantity") == 3
    assert odd["duplicate"] == demo.count("duplicate") > 50
    assert sum("¥" in value for value in values) == demo.count("currency_sign") > 1000
    assert any(re.search(r"¥\d,\d{3}\.\d\d", value) for value in values)
    assert sum(bool(re.fullmatch("[０-９]+", value)) for value in values) == demo.count("full_width") == 1
    spaced = [row["商品编码"] for row in texts if row["商品编码"] != row["商品编码"].strip()]
    assert len(spaced) == demo.count("trailing_space") == 3
    assert sum(file.refused for file in demo.files) == 5
    assert sum(file.duplicates for file in demo.files) == demo.count("duplicate")


def test_encodings_and_codes(demo: DemoSummary) -> None:
    """The first year is GB18030, the rest UTF-8 with BOM; every code keeps its leading zero."""
    for file in demo.files:
        if file.name.startswith("销售"):
            bom = (demo.folder / file.name).read_bytes().startswith(b"\xef\xbb\xbf")
            assert bom == (file.name >= "销售出库明细_2024-07")
    for row in records_of(demo, "商品") + records_of(demo, "库存"):
        assert re.fullmatch(r"0\d{6}", row["商品编码"])


def test_total_rows_add_up(demo: DemoSummary) -> None:
    """The 合计 rows of receipts, stock lists and open orders are the sums of the rows above them."""
    for file in demo.files:
        rows, total = read(demo.folder / file.name)
        expected = file.name.startswith(("采购", "库存", "未完成"))
        assert (total is not None) == expected
        for column, value in (total or {}).items():
            if isinstance(value, float):
                found = sum((number(row[column]) or Decimal(0) for row in rows), Decimal(0))
                assert found == number(value)


def test_files_reconcile_but_for_one_count(demo: DemoSummary) -> None:
    """Opening list + documents = closing list per warehouse and sku, except the told difference."""
    book: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for cell, (qty, _) in stock(demo, "库存余额表_20230630.xlsx").items():
        book[cell] += qty
    for _, _, warehouse, sku, qty, _ in movements(demo)[0]:
        book[warehouse, sku] += qty
    closing = stock(demo, "库存余额表_20250630.xlsx")
    assert set(closing) == set(book)
    differences = {cell: qty - book[cell] for cell, (qty, _) in closing.items() if qty != book[cell]}
    sku, warehouse, units = demo.difference
    assert differences == {(warehouse, sku): units}


def test_moving_average_from_the_files_is_the_truth(demo: DemoSummary) -> None:
    """Costing the files in exact decimals gives the closing list to the cent and the truth's monthly cogs."""
    state = {
        cell: [qty, value, value / qty if qty else Decimal(0)]
        for cell, (qty, value) in stock(demo, "库存余额表_20230630.xlsx").items()
    }
    cogs: dict[date, Decimal] = defaultdict(Decimal)
    cost_of_move = Decimal(0)
    for when, order, warehouse, sku, qty, money in sorted(movements(demo)[0], key=lambda line: line[:2]):
        cell = state.setdefault((warehouse, sku), [Decimal(0)] * 3)
        if order == 0 or (order == 1 and qty > 0):
            cost = money if order == 0 else cost_of_move
            fresh = cell[0] <= 0
            cell[0] += qty
            cell[1] = cell[0] * cost / qty if fresh else cell[1] + cost
            cell[2] = cell[1] / cell[0]
            continue
        cost_of_move = -qty * cell[2]
        cell[0] += qty
        cell[1] = cell[0] * cell[2]
        if order in (2, 4):
            cogs[when.replace(day=1)] += cost_of_move
    sku, warehouse, units = demo.difference
    for key, (qty, value) in stock(demo, "库存余额表_20250630.xlsx").items():
        short = units if key == (warehouse, sku) else 0
        assert qty == state[key][0] + short
        assert abs(qty * state[key][2] - value) < Decimal("0.006")
    known = truth().months
    assert [float(cogs[month]) for month in known["month"]] == pytest.approx(
        known["cogs"].to_list(), rel=1e-9
    )
    closing = sum(value for _, value in stock(demo, "库存余额表_20250630.xlsx").values())
    assert float(closing) == pytest.approx(known["closing_value"][-1], abs=1)


def test_amounts_are_quantity_times_price(demo: DemoSummary) -> None:
    """To the cent, in every believable row; the months of sales add up to the truth's revenue."""
    revenue: dict[date, Decimal] = defaultdict(Decimal)
    seen = set()
    for row in records_of(demo, "销售"):
        when, qty, amount = day(row["单据日期"]), number(row["数量"]), number(row["不含税金额"])
        if when is None or qty is None or (row["单据编号"], row["行号"]) in seen:
            continue
        assert amount == qty * (number(row["不含税单价"]) or 0)
        seen.add((row["单据编号"], row["行号"]))
        revenue[when.replace(day=1)] += amount
    for row in records_of(demo, "采购"):
        if row["实收数量"] != "":
            price, qty = Decimal(str(row["采购单价"])), Decimal(row["实收数量"])
            assert Decimal(str(row["采购金额"])) == price * qty
    known = truth().months
    assert [float(revenue[month]) for month in known["month"]] == pytest.approx(known["revenue"].to_list())


def test_open_orders_are_what_has_not_come(demo: DemoSummary) -> None:
    """Ordered - received = open; what came of an open line stands in the receipts; some are overdue."""
    came: Counter[tuple[str, str]] = Counter()
    for row in records_of(demo, "采购"):
        if row["实收数量"] != "":
            came[row["采购订单号"], str(row["订单行号"])] += int(row["实收数量"])
    rows = records_of(demo, "未完成")
    for row in rows:
        assert row["订货数量"] - row["已入库数量"] == row["未交数量"] > 0
        assert came[row["订单编号"], str(row["行号"])] == row["已入库数量"]
    assert any(row["已入库数量"] for row in rows)
    assert any(row["交货日期"] < demo.end for row in rows)


def test_workbooks_say_when_they_were_made(demo: DemoSummary) -> None:
    """The property `created` is the export's day, not the day of the run."""
    from openpyxl import load_workbook

    book = load_workbook(demo.folder / "采购入库明细_2024-02.xlsx")
    assert book.properties.created == datetime(2024, 2, 29, 18)


def test_example_config_is_the_one_that_is_written(demo: DemoSummary) -> None:
    """examples/stockturn.toml is the demo's; both languages give settings that load, with the same targets."""
    written = (demo.folder / "stockturn.toml").read_text(encoding="utf-8")
    assert written == config_text("en") == (EXAMPLES / "stockturn.toml").read_text(encoding="utf-8")
    settings = load_settings(demo.folder / "stockturn.toml")
    assert settings.ingest.currency == "CNY"
    categories = {row["商品分类"] for row in records_of(demo, "商品")}
    assert set(settings.turnover.targets.category) == categories


def test_config_in_chinese(tmp_path: Path) -> None:
    """The comments and the company's name follow the language; the targets are the same."""
    summary = write_demo(tmp_path, lang="zh")
    settings = load_settings(tmp_path / "stockturn.toml")
    assert settings.report.company == summary.company == "禾溪家居用品（上海）有限公司"
    assert settings.turnover == load_settings(EXAMPLES / "stockturn.toml").turnover


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    """Somebody's own exports are not mixed with the example; nothing is written, and the message names it."""
    (tmp_path / "sales.csv").write_text("sku,qty\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        write_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["sales.csv"]
    for lang in ("en", "zh"):
        message, hint = error_text(caught.value, lang)
        assert str(tmp_path) in message
        assert hint


def test_the_demo_is_written_over_itself(tmp_path: Path) -> None:
    """A second run into the same folder resets the exports and leaves a report beside them alone."""
    write_demo(tmp_path)
    (tmp_path / "report-en.xlsx").write_bytes(b"x")
    (tmp_path / "供应商.csv").write_text("changed", encoding="utf-8")
    summary = write_demo(tmp_path)
    assert (tmp_path / "供应商.csv").stat().st_size == next(
        f.bytes for f in summary.files if f.name == "供应商.csv"
    )
    assert (tmp_path / "report-en.xlsx").read_bytes() == b"x"


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    """A path that is a file gives an error with its name, no traceback."""
    target = tmp_path / "demo"
    target.write_text("", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        write_demo(target)
    assert os.fspath(target) in error_text(caught.value, "en")[0]
