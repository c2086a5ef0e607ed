"""The honest dirt of real exports, put on the clean tables one by one and counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from stockturn.demo.records import History
from stockturn.demo.tables import Export, Row, Value, sales

OVERLAP = (date(2025, 3, 1), date(2025, 2, 26))
"""The export of this month was begun on this earlier day: its first lines stand in two files."""

FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True)
class Wart:
    """One kind of dirt in one file, and how many rows (or cells) of it there are."""

    kind: str
    file: str
    count: int


Change = Callable[[Export], Export]


def with_warts(clean: list[Export], history: History) -> tuple[list[Export], list[Wart]]:
    """The exports as they are written, and what is wrong with them.

    Kinds: ``bad_date`` and ``missing_quantity`` rows must be refused (they were entered twice: the right row is
    there too), ``duplicate`` lines stand in two files, ``full_width`` digits and ``trailing_space`` codes are
    to be read as what they mean, ``currency_sign`` cells carry ¥ and thousands separators.
    """
    exports = {export.file: export for export in clean}
    warts: list[Wart] = []
    month, first = OVERLAP
    overlapping = sales(history, month, first)
    twice = len(overlapping.rows) - len(exports[overlapping.file].rows)
    exports[overlapping.file] = overlapping
    warts.append(Wart("duplicate", overlapping.file, twice))
    for kind, file, change in _changes():
        exports[file] = change(exports[file])
        warts.append(Wart(kind, file, 1))
    for file, export in exports.items():
        if has_currency_sign(file):
            money = sum(isinstance(value, float) for row in export.rows for value in row)
            warts.append(Wart("currency_sign", file, money))
    return list(exports.values()), warts


def has_currency_sign(file: str) -> bool:
    """Whether the money of that file is written like ¥1,234.50.

    >>> has_currency_sign("销售出库明细_2025-02.csv")
    True
    """
    return any(month in file and file.endswith(".csv") for month in ("2025-01", "2025-02", "2025-03"))


def _changes() -> list[tuple[str, str, Change]]:
    def name(month: str) -> str:
        return f"销售出库明细_{month}.csv"

    bought = "采购入库明细_2024-10.xlsx"
    return [
        ("bad_date", name("2024-04"), _extra(201, {"单据日期": "2024/4/31"})),
        ("bad_date", name("2024-09"), _extra(333, {"单据日期": "待补"})),
        ("missing_quantity", name("2024-08"), _extra(88, {"数量": None})),
        ("missing_quantity", name("2024-11"), _extra(412, {"数量": None})),
        ("missing_quantity", bought, _extra(17, {"实收数量": None, "采购金额": None})),
        ("full_width", name("2024-06"), _edited(150, "数量", lambda value: str(value).translate(FULL_WIDTH))),
        ("trailing_space", name("2024-03"), _edited(60, "商品编码", lambda value: f"{value} ")),
        ("trailing_space", name("2025-05"), _edited(240, "商品编码", lambda value: f"{value} ")),
        ("trailing_space", "采购入库明细_2024-07.xlsx", _edited(9, "商品编码", lambda value: f"{value} ")),
    ]


def _extra(after: int, values: dict[str, Value]) -> Change:
    """A spoiled copy of a row right after it, under a document number of its own."""

    def change(export: Export) -> Export:
        row: list[Value] = list(export.rows[after])
        row[0], row[1] = f"{str(row[0])[:-3]}901", 1
        for column, value in values.items():
            row[export.place(column)] = value
        return replace(export, rows=(*export.rows[: after + 1], tuple(row), *export.rows[after + 1 :]))

    return change


def _edited(place: int, column: str, how: Callable[[Value], Value]) -> Change:
    """One cell written differently, meaning the same."""

    def change(export: Export) -> Export:
        at = export.place(column)
        row: Row = export.rows[place]
        edited = (*row[:at], how(row[at]), *row[at + 1 :])
        return replace(export, rows=(*export.rows[:place], edited, *export.rows[place + 1 :]))

    return change
