"""The replenishment plan of the example company, through the command line."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.e2e.cli import cli

pytestmark = pytest.mark.usefixtures("read_once")

NEEDED = [
    "sku",
    "warehouse",
    "on_hand",
    "reserved",
    "on_order",
    "position",
    "demand_per_day",
    "lead_time_days",
    "lead_time_sd",
    "service_level",
    "safety_stock",
    "reorder_point",
    "order_up_to",
    "suggested_qty",
    "order_value",
    "supplier",
    "order_by",
    "need_by",
    "stockout_date",
    "cover_days",
    "action",
    "reason",
]


@pytest.fixture(scope="module")
def result(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """All tables of the plan, and the folder of the suppliers' workbooks."""
    sheets = tmp_path_factory.mktemp("suppliers")
    return cli("reorder", demo, "--format", "json", "--per-supplier", sheets).json, sheets


def test_one_row_per_cell_with_a_reason(result: tuple[dict[str, Any], Path]) -> None:
    """Every sku and warehouse has its row, its action and its reason; the columns of the contract are there."""
    rows = result[0]["reorder"]
    assert set(NEEDED) <= set(rows[0])
    assert len({(row["sku"], row["warehouse"]) for row in rows}) == len(rows) > 150
    assert {row["action"] for row in rows} <= {"buy", "transfer", "expedite", "defer", "cancel", "none"}
    assert all(row["reason"] for row in rows)


def test_quantities_respect_moq_and_packs(result: tuple[dict[str, Any], Path], demo: Path) -> None:
    """What is suggested is what the item master lets one order."""
    book = openpyxl.load_workbook(demo / "商品档案.xlsx").active
    table = list(book.values)
    head = next(i for i, row in enumerate(table) if "商品编码" in row)
    names = table[head]
    items = {row[names.index("商品编码")]: row for row in table[head + 1 :]}
    moq, pack = names.index("最小起订量"), names.index("订货倍数")
    bought = [row for row in result[0]["reorder"] if row["suggested_qty"] > 0]
    assert bought
    for row in bought:
        item = items[row["sku"]]
        assert row["suggested_qty"] >= float(item[moq] or 0)
        assert row["suggested_qty"] % float(item[pack] or 1) == pytest.approx(0)


def test_supplier_workbooks_hold_the_orders(result: tuple[dict[str, Any], Path]) -> None:
    """One workbook per supplier with whose it is, to whom and of which day; together they ask for what is to be bought,
    at the money of the plan, and the totals below the lines are their sums."""
    tables, folder = result
    asked = worth = 0.0
    for path in folder.glob("*.xlsx"):
        sheet = openpyxl.load_workbook(path).active
        rows = list(sheet.values)
        above = [row[0] for row in rows[:5]]
        assert above[0] == "Hexi Homeware (Shanghai) Co., Ltd. – Purchase request"
        assert {"Date: 2025-06-30", f"To: {path.stem}"} <= set(above)
        at = next(place for place, row in enumerate(rows) if row[0] == "Our code")
        head, lines, total = rows[at], rows[at + 1 : -1], rows[-1]
        qty, value = head.index("Quantity"), head.index("Value")
        assert total[:2] == ("Total", f"Lines: {len(lines)}")
        assert total[value] == pytest.approx(sum(row[value] for row in lines))
        assert "2025-06-30" in sheet.oddFooter.right.text
        asked += sum(row[qty] for row in lines)
        worth += total[value]
    assert asked == pytest.approx(sum(row["suggested_qty"] for row in tables["reorder"]))
    assert worth == pytest.approx(sum(row["order_value"] for row in tables["reorder"]))


SENTENCES = {
    "en": {
        "levels": r"S ([\d.]+) = demand ([\d.]+) \(([\d.]+)/day × \(([\d.]+) d lead \+ ([\d.]+) d review\)\) \+ safety ([\d.]+)",
        "position": r"on hand (-?[\d.]+) − reserved ([\d.]+) \+ on order ([\d.]+) = position (-?[\d.]+)(?:; ([+−]) ([\d.]+) by)?",
        "need": r"; need ([\d.]+)",
        "moq": r"MOQ ([\d.]+)",
        "packs": r"packs of ([\d.]+) →",
    },
    "zh": {
        "levels": r"S ([\d.]+) = 需求 ([\d.]+)（([\d.]+)/天 ×（交期 ([\d.]+) 天 \+ 检查周期 ([\d.]+) 天））\+ 安全库存 ([\d.]+)",
        "position": r"在库 (-?[\d.]+) − 预留 ([\d.]+) \+ 在途订单 ([\d.]+) = 库存位置 (-?[\d.]+)(?:；([+−]) ([\d.]+)（调拨）)?",
        "need": r"；缺口 ([\d.]+)",
        "moq": r"起订量 ([\d.]+)",
        "packs": r"包装量 ([\d.]+) 取整 →",
    },
}


@pytest.mark.parametrize("lang", SENTENCES)
def test_every_quantity_can_be_worked_out_from_its_reason(demo: Path, lang: str) -> None:
    """With the sentence alone, in either language: levels add up, position, need, minimum, packs lead to the order."""

    def figure(name: str, reason: str) -> float:
        found = re.search(SENTENCES[lang][name], reason)
        return float(found.group(1)) if found else 0.0

    rows = cli("reorder", demo, "--format", "json", "--lang", lang).json["reorder"]
    for row in rows:
        said = row["reason"]
        levels, position = (re.search(SENTENCES[lang][name], said) for name in ("levels", "position"))
        assert levels, said
        assert position, said
        top, demand, rate, lead, review, safety = map(float, levels.groups())
        assert top == pytest.approx(demand + safety, abs=0.011)
        assert demand == pytest.approx(
            rate * (lead + review), abs=0.02 + 0.0006 * (lead + review) + 0.01 * rate
        )
        on_hand, reserved, on_order, there = map(float, position.groups()[:4])
        assert there == pytest.approx(on_hand - reserved + on_order)
        if position.group(5):
            there += float(position.group(6)) * (1 if position.group(5) == "+" else -1)
        need = figure("need", said)
        assert need == pytest.approx(max(top - there, 0), abs=0.011), said
        pack = figure("packs", said)
        ordered = math.ceil(max(need, figure("moq", said)) / pack - 1e-9) * pack if need else 0.0
        assert row["suggested_qty"] == pytest.approx(ordered), said
    assert sum(row["suggested_qty"] > 0 for row in rows) > 50


def test_a_higher_service_level_never_asks_for_less(demo: Path) -> None:
    """--service-level overrides every class; safety stock rises with it in every cell."""
    low, high = (
        {
            (r["sku"], r["warehouse"]): r["safety_stock"]
            for r in cli("reorder", demo, "--service-level", level, "--format", "json").json["reorder"]
        }
        for level in ("0.9", "0.98")
    )
    assert low.keys() == high.keys()
    assert all(high[cell] >= low[cell] - 1e-9 for cell in low)
    assert sum(high.values()) > sum(low.values())


def test_suppliers_shows_the_late_one(demo: Path) -> None:
    """The supplier of cookware is the one that delivers late."""
    rows = cli("suppliers", demo, "--format", "json").json
    worst = min(rows, key=lambda row: row["on_time_rate"])
    assert worst["supplier"].startswith("佛山")


SOLD = "date,sku,warehouse,quantity,document\n" + "".join(
    f"2024-{month:02d}-{day:02d},{sku},W1,{2 + day % 3},{sku}{month}{day}\n"
    for sku in "AB"
    for month in range(1, 13)
    for day in (3, 9, 15, 22, 28)
)
STOCK = "as of,sku,warehouse,on hand\n2024-12-31,A,W1,1\n2024-12-31,B,W1,-3\n2024-12-31,C,W1,9\n"
ITEMS = "sku,name,supplier,moq,lead time days\nA,a,S,90000,0\nB,b,S,0,3\n"


@pytest.mark.parametrize(
    ("files", "said", "actions"),
    [
        ({"sales": SOLD}, ["stand on no stock list", "no lead time: 14 days", "no supplier", "open orders"], "buy buy"),
        ({"sales": SOLD, "stock": STOCK}, ["no lead time: 14 days", "open orders"], "buy buy none"),
        ({"stock": STOCK}, ["Add the sales export"], "none none none"),
        ({"sales": SOLD, "stock": STOCK, "items": ITEMS}, ["open orders"], "buy buy none"),
    ],
)  # fmt: skip
def test_a_poor_ledger_gives_a_plan_and_says_which_export_would_help(
    tmp_path: Path, files: dict[str, str], said: list[str], actions: str
) -> None:
    """Sales alone, stock alone, no lead times, no orders, negative stock, a lead time of 0 and a huge minimum."""
    for name, content in files.items():
        (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")
    done = cli("reorder", tmp_path, "--format", "json")
    rows = done.json["reorder"]
    assert " ".join(row["action"] for row in rows) == actions
    assert all(row["reason"] for row in rows)
    assert all(part in done.err for part in said), done.err
    if "items" in files:
        assert "no lead time" not in done.err
        assert rows[0]["suggested_qty"] == 90000
        assert "MOQ 90000 lifts it" in rows[0]["reason"]
        assert "stock and order last" in rows[0]["reason"]
