"""Writing the exports: CSV in the dialects of three systems, workbooks with titles and totals, all byte-stable."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from stockturn.demo.tables import TOTAL, Export, Value
from stockturn.demo.warts import has_currency_sign

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

NEW_SYSTEM_ON = date(2024, 7, 1)
"""Until the day before, the sales system wrote GB18030 and unpadded dates."""


@dataclass(frozen=True)
class Dialect:
    """How one system writes text files."""

    encoding: str
    padded_dates: bool
    currency_sign: bool


def content(export: Export) -> bytes:
    """The bytes of that file; the same every time."""
    return _workbook(export) if export.file.endswith(".xlsx") else _text(export)


def dialect(export: Export) -> Dialect:
    """The dialect of a CSV export: the old system's, or the new one's with or without ¥."""
    old = export.exported_on < NEW_SYSTEM_ON
    return Dialect("gb18030" if old else "utf-8-sig", not old, has_currency_sign(export.file))


def _text(export: Export) -> bytes:
    how = dialect(export)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(export.header)
    writer.writerows([_shown(value, how) for value in row] for row in export.rows)
    return out.getvalue().encode(how.encoding)


def _shown(value: Value, how: Dialect) -> str:
    match value:
        case None:
            return ""
        case date():
            return f"{value:%Y-%m-%d}" if how.padded_dates else f"{value.year}/{value.month}/{value.day}"
        case float() if how.currency_sign:
            return f"{'-' if value < 0 else ''}¥{abs(value):,.2f}"
        case float():
            return f"{value:.2f}"
        case _:
            return str(value)


def _workbook(export: Export) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        made = datetime(export.exported_on.year, export.exported_on.month, export.exported_on.day, 18)
        book.set_properties({"created": made, "author": "ERP"})
        formats = {
            float: book.add_format({"num_format": "#,##0.00"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        sheet = book.add_worksheet(export.file.removesuffix(".xlsx").split("_")[0])
        bold = book.add_format({"bold": True})
        for number, line in enumerate(export.title):
            sheet.write_string(number, 0, line, bold)
        top = len(export.title)
        sheet.write_row(top, 0, export.header, bold)
        for number, row in enumerate(export.rows, start=top + 1):
            for column, value in enumerate(row):
                _put(sheet, number, column, value, formats)
        if export.sums:
            for column, value in enumerate(_totals(export)):
                _put(sheet, top + 1 + len(export.rows), column, value, formats)
        for column, name in enumerate(export.header):
            shown = max([len(name) * 2, *(_width(row[column]) for row in export.rows)], default=8)
            sheet.set_column(column, column, min(shown + 2, 40))
        sheet.freeze_panes(top + 1, 0)
    return out.getvalue()


def _put(sheet: Worksheet, row: int, column: int, value: Value, formats: dict[type, object]) -> None:
    match value:
        case None:
            return
        case date():
            sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), formats[date])
        case float():
            sheet.write_number(row, column, value, formats[float])
        case int():
            sheet.write_number(row, column, value)
        case _:
            sheet.write_string(row, column, value)


def _totals(export: Export) -> list[Value]:
    totals: list[Value] = [None] * len(export.header)
    totals[0] = TOTAL
    for column in export.sums:
        at = export.place(column)
        values = [row[at] for row in export.rows if isinstance(row[at], int | float)]
        money = any(isinstance(value, float) for value in values)
        total = sum(values)  # type: ignore[arg-type]
        totals[at] = round(total, 2) if money else total
    return totals


def _width(value: Value) -> int:
    """Columns a value takes on screen: Chinese characters take two."""
    if isinstance(value, date):
        return 10
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in str(value)) if value is not None else 0
