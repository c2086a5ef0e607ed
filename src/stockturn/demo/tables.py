"""The exports as clean tables: which files a small company's systems give, with which headers and rows."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from stockturn.demo.books import Books
from stockturn.demo.company import Item, company
from stockturn.demo.costing import cell_months
from stockturn.demo.records import Cell, History, Line

Value = str | int | float | date | None
"""A cell as the exporting system holds it; a float is money."""

Row = tuple[Value, ...]

ITEMS_FILE = "商品档案.xlsx"
TOTAL = "合计"

SALES = "单据编号 行号 单据日期 业务类型 客户名称 仓库 商品编码 商品名称 单位 数量 不含税单价 不含税金额"
PURCHASES = (
    "入库单号 行号 采购订单号 订单行号 订单日期 交货日期 入库日期 供应商 仓库 商品编码 商品名称 单位 "
    "订货数量 实收数量 采购单价 采购金额"
)
STOCK = "商品编码 商品名称 规格型号 单位 仓库 库存数量 成本单价 库存金额"
TRANSFERS = "单据编号 行号 单据日期 调出仓库 调入仓库 商品编码 商品名称 单位 数量"
COUNTS = "单据编号 行号 盘点日期 业务类型 仓库 商品编码 商品名称 单位 数量"
ORDERS = (
    "订单编号 行号 订单日期 交货日期 供应商 仓库 商品编码 商品名称 单位 订货数量 已入库数量 未交数量 采购单价"
)
ITEMS = (
    "商品编码 商品名称 规格型号 单位 商品分类 品牌 供应商 采购员 责任人 团队 提前期 最小起订量 订货倍数 参考售价 "
    "上市日期 商品状态"
)
SUPPLIERS = "供应商名称 提前期 最小订货金额 付款天数"


@dataclass(frozen=True)
class Export:
    """One file before it is written. ``table`` is the canonical table it becomes, ``exported_on`` the day it
    was made, ``sums`` the columns that its total row adds up (none: no total row)."""

    file: str
    table: str
    exported_on: date
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    title: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()

    def place(self, column: str) -> int:
        """The place of a column."""
        return self.header.index(column)


def exports(booked: Books) -> list[Export]:
    """Every file of the example company, clean, in the order of their names' meaning."""
    history = booked.history
    months = [
        date(year, month, 1)
        for year in range(history.start.year, history.end.year + 1)
        for month in range(1, 13)
        if history.start <= date(year, month, 1) <= history.end
    ]
    return [
        _items(history.end),
        _suppliers(history.end),
        _opening(history),
        _closing(booked),
        _open_orders(history),
        *(_purchases(history, month) for month in months),
        *(sales(history, month, month) for month in months),
        *(_transfers(history, year) for year in range(history.start.year, history.end.year + 1)),
        *(_counts(history, day) for day in company().story["counted_on"]),
    ]


def month_end(month: date) -> date:
    """The last day of that month.

    >>> month_end(date(2024, 2, 1))
    datetime.date(2024, 2, 29)
    """
    return month.replace(day=monthrange(month.year, month.month)[1])


def sales(history: History, month: date, first: date) -> Export:
    """Sales and returns of a month, from ``first`` on (an export that was begun too early overlaps)."""
    kinds = {"sale": "销售出库", "sale_return": "销售退货"}
    rows = []
    for line in _lines(history, kinds, first, month_end(month)):
        item = company().items[line.item]
        sign = -1 if line.kind == "sale_return" else 1
        rows.append(
            (
                line.doc_no, line.line_no, line.date, kinds[line.kind], line.partner, _warehouse(line.warehouse),
                item.sku, item.short_name, item.unit, sign * line.qty, line.price, sign * line.amount,
            )
        )  # fmt: skip
    return Export(
        f"销售出库明细_{month:%Y-%m}.csv", "movements", month_end(month), _header(SALES), tuple(rows)
    )


def _purchases(history: History, month: date) -> Export:
    rows = []
    for line in _lines(history, ("purchase",), month, month_end(month)):
        item, order = company().items[line.item], line.order
        assert order is not None
        rows.append(
            (
                line.doc_no, line.line_no, order.doc_no, order.line_no, order.ordered_on, order.promised_on, line.date,
                line.partner, _warehouse(line.warehouse), item.sku, item.name, item.unit, order.qty, line.qty,
                line.price, line.amount,
            )
        )  # fmt: skip
    title = ("采购入库明细表", f"期间：{month} 至 {month_end(month)}")
    return Export(
        f"采购入库明细_{month:%Y-%m}.xlsx", "movements", month_end(month), _header(PURCHASES), tuple(rows),
        _titled(*title), ("实收数量", "采购金额"),
    )  # fmt: skip


def _opening(history: History) -> Export:
    day = date.fromordinal(history.start.toordinal() - 1)
    return _stock(day, {cell: (qty, value) for cell, (qty, value) in history.opening.items()})


def _closing(booked: Books) -> Export:
    """The counted closing list: every cell that ever held something, empty ones with 0."""
    firm, history = company(), booked.history
    last = cell_months(history, booked.difference).filter(month=history.end.replace(day=1))
    wanted = set(history.opening) | {cell for line in history.lines for cell, _ in line.moves()}
    stock = {}
    for sku, warehouse, qty, value in last.select(
        "sku", "warehouse", "closing_qty", "closing_value"
    ).iter_rows():
        cell = (firm.index_of(sku), firm.warehouses.index(warehouse))
        if cell in wanted:
            stock[cell] = (qty, round(value, 2))
    return _stock(history.end, stock)


def _stock(day: date, stock: dict[Cell, tuple[int, float]]) -> Export:
    rows: list[Row] = []
    for (place, warehouse), (qty, value) in sorted(stock.items(), key=lambda entry: entry[0][::-1]):
        item = company().items[place]
        cost = round(value / qty, 2) if qty else None
        rows.append((*_named(item), _warehouse(warehouse), qty, cost, value))
    return Export(
        f"库存余额表_{day:%Y%m%d}.xlsx", "stock", day, _header(STOCK), tuple(rows),
        _titled("库存余额表", f"截止日期：{day}"), ("库存数量", "库存金额"),
    )  # fmt: skip


def _transfers(history: History, year: int) -> Export:
    rows: list[Row] = []
    for line in _lines(history, ("transfer_out",), date(year, 1, 1), date(year, 12, 31)):
        item = company().items[line.item]
        rows.append(
            (
                line.doc_no, line.line_no, line.date, _warehouse(line.warehouse), _warehouse(line.to_warehouse),
                item.sku, item.name, item.unit, line.qty,
            )
        )  # fmt: skip
    day = min(date(year, 12, 31), history.end)
    return Export(f"调拨单_{year}.xlsx", "movements", day, _header(TRANSFERS), tuple(rows))


def _counts(history: History, day: date) -> Export:
    kinds = {"adjustment_in": "盘盈入库", "adjustment_out": "盘亏出库"}
    rows: list[Row] = []
    for line in _lines(history, kinds, day, day):
        item = company().items[line.item]
        rows.append(
            (
                line.doc_no, line.line_no, line.date, kinds[line.kind], _warehouse(line.warehouse), item.sku,
                item.name, item.unit, line.qty,
            )
        )  # fmt: skip
    return Export(
        f"盘点盈亏单_{day:%Y-%m-%d}.xlsx",
        "movements",
        day,
        _header(COUNTS),
        tuple(rows),
        _titled("盘点盈亏单"),
    )


def _open_orders(history: History) -> Export:
    """Order lines that are not fully received on the last day."""
    rows: list[Row] = []
    for order, came in history.received.items():
        if came == order.qty:
            continue
        item = company().items[order.item]
        supplier = company().supplier_of(item).name
        rows.append(
            (
                order.doc_no, order.line_no, order.ordered_on, order.promised_on, supplier, _warehouse(order.warehouse),
                item.sku, item.name, item.unit, order.qty, came, order.qty - came, order.price,
            )
        )  # fmt: skip
    title = _titled("未完成采购订单", f"截止日期：{history.end}")
    return Export(
        f"未完成采购订单_{history.end:%Y%m%d}.xlsx", "orders", history.end, _header(ORDERS), tuple(rows), title,
        ("未交数量",),
    )  # fmt: skip


def _items(day: date) -> Export:
    firm = company()
    rows: list[Row] = []
    for item in firm.items:
        group, supplier = firm.categories[item.category], firm.supplier_of(item)
        rows.append(
            (
                *_named(item), group.name, firm.brand, supplier.name, group.buyer, group.owner, group.team,
                supplier.promised_days, item.moq, item.order_multiple, item.list_price, item.launched_on,
                "停产" if item.discontinued else "在售",
            )
        )  # fmt: skip
    return Export(ITEMS_FILE, "items", day, _header(ITEMS), tuple(rows))


def _suppliers(day: date) -> Export:
    rows = tuple(
        (supplier.name, supplier.promised_days, supplier.min_order_value, supplier.payment_days)
        for supplier in company().suppliers
    )
    return Export("供应商.csv", "suppliers", day, _header(SUPPLIERS), rows)


def _lines(history: History, kinds: Iterable[str], first: date, last: date) -> list[Line]:
    wanted = [line for line in history.lines if line.kind in kinds and first <= line.date <= last]
    return sorted(wanted, key=lambda line: (line.date, line.doc_no, line.line_no))


def _header(columns: str) -> tuple[str, ...]:
    return tuple(columns.split())


def _titled(*lines: str) -> tuple[str, ...]:
    return (company().names["zh"], *lines)


def _named(item: Item) -> tuple[str, str, str, str]:
    return item.sku, item.name, item.spec, item.unit


def _warehouse(place: int) -> str:
    return company().warehouses[place]
