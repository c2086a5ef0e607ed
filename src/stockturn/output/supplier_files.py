"""One workbook per supplier: the purchase request, or the sheet of goods the supplier keeps in stock himself."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import polars as pl

from stockturn.config import Settings
from stockturn.errors import InputError
from stockturn.model import Block, Report, Sheet
from stockturn.output.formats import shown
from stockturn.output.phrases import Phrases, spoken, with_scopes
from stockturn.output.xlsx import write_report
from stockturn.schema import Unit

_UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')
_LONGEST = 80

REQUEST = (
    "sku", "name", "unit", "warehouse", "suggested_qty", "purchase_price", "order_value", "need_by", "expected_on",
)  # fmt: skip
VMI = (
    "sku", "name", "unit", "warehouse", "on_hand", "reserved", "on_order", "demand_per_day", "forecast_qty",
    "reorder_point", "order_up_to", "suggested_qty", "stockout_date",
)  # fmt: skip
"""Columns of the two sheets; who they are for, and of which day, stands above."""

_MAY_BE_BLANK = ("name", "unit", "warehouse")
"""Columns that are left away where nothing is known for any line."""


def write_supplier_files(
    requests: pl.DataFrame, vmi: pl.DataFrame, folder: Path, settings: Settings
) -> list[Path]:
    """Write ``<supplier>.xlsx`` for every supplier with something to order or to look after; gives the paths.

    A name that no file system takes is cleaned; two names that then are the same get a number. Raises InputError
    where the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("folder_not_made", folder=folder, detail=error.strerror) from None
    names = pl.concat([frame["supplier"] for frame in (requests, vmi)]).unique().sort().to_list()
    written: list[Path] = []
    for name in names:
        mine = pl.col("supplier") == name
        path = _free(folder, _file_name(name), written)
        write_report(supplier_report(requests.filter(mine), vmi.filter(mine), settings), path)
        written.append(path)
    return written


def supplier_report(requests: pl.DataFrame, vmi: pl.DataFrame, settings: Settings) -> Report:
    """The document for one supplier: whose it is, to whom, of which day, the lines, what they add up to.

    ``requests``, ``vmi``: the rows of one supplier, of the frames of engine/supplier_sheets; one of them may be empty.
    """
    say = Phrases(settings.lang)
    made_on = pl.concat([requests["order_date"], vmi["as_of"]]).max()
    if not isinstance(made_on, date):
        raise ValueError("a supplier without a line")
    sheets = []
    if requests.height:
        sheets.append(Sheet("requests", say.word("requests"), (_request(requests, settings, say),)))
    if vmi.height:
        sheets.append(Sheet("vmi", say.word("vmi"), (_vmi(vmi, settings, say),)))
    company = settings.report.company
    return Report(
        f"{sheets[0].title} – {company}" if company else sheets[0].title,
        say("request_date", date=made_on.isoformat()),
        settings.lang,
        settings.ingest.currency,
        made_on,
        tuple(sheets),
        properties={"company": company},
    )


def _request(lines: pl.DataFrame, settings: Settings, say: Phrases) -> Block:
    """What is asked for, with money to the cent, and the totals of lines, quantity (in one unit only) and value."""
    unpriced = lines["order_value"].null_count()
    total: dict[str, object] = {
        "sku": say.word("total"),
        "name": say("request_lines", n=shown(lines.height, Unit.COUNT)),
        "order_value": lines["order_value"].sum() if unpriced < lines.height else None,
    }
    if lines["unit"].n_unique() == 1:
        total["suggested_qty"] = lines["suggested_qty"].sum()
    currency = settings.ingest.currency
    notes = [say("request_money", currency=currency)] if currency else []
    notes += [say("request_unpriced", n=unpriced)] if unpriced else []
    return Block(
        _title("requests", settings, say),
        _shown(lines, REQUEST, say),
        "requests",
        notes=(_to(lines, say), *notes),
        total=total,
        labels={
            "sku": say("request_sku"),
            "suggested_qty": say("request_qty"),
            "order_value": say("request_value"),
            "need_by": say("request_needed"),
        },
        units={"order_value": Unit.UNIT_MONEY},
        detail=True,
    )


def _vmi(lines: pl.DataFrame, settings: Settings, say: Phrases) -> Block:
    """What the supplier has to look after."""
    days = settings.reorder.plan_buckets * settings.reorder.plan_bucket_days
    return Block(
        _title("vmi", settings, say),
        _shown(lines, VMI, say),
        "vmi",
        notes=(_to(lines, say), say("vmi_note", days=days)),
        labels={
            "sku": say("request_sku"),
            "forecast_qty": say("vmi_forecast", days=days),
            "reorder_point": say("vmi_least"),
            "order_up_to": say("vmi_most"),
            "suggested_qty": say("vmi_deliver"),
        },
        detail=True,
    )


def _title(what: str, settings: Settings, say: Phrases) -> str:
    company = settings.report.company
    return say("request_title", company=company, what=say.word(what)) if company else say.word(what)


def _to(lines: pl.DataFrame, say: Phrases) -> str:
    return say("request_to", supplier=with_scopes(lines.head(1), say)["supplier"][0])


def _shown(lines: pl.DataFrame, columns: tuple[str, ...], say: Phrases) -> pl.DataFrame:
    """The columns of a sheet in the reader's language, without those that know nothing of any line."""
    frame = spoken(lines, say)
    nothing = pl.col(*_MAY_BE_BLANK).is_null() | pl.col(*_MAY_BE_BLANK).eq(say.word("none"))
    blank = frame.select(nothing.all()).row(0, named=True)
    return frame.select(name for name in columns if not blank.get(name, False))


def _file_name(name: str) -> str:
    """The supplier's name as a file name.

    >>> _file_name('A/B: "Tools" Ltd.')
    'A_B_ _Tools_ Ltd'
    """
    return _UNSAFE.sub("_", name)[:_LONGEST].strip(" .") or "_"


def _free(folder: Path, stem: str, taken: list[Path]) -> Path:
    used = {path.name.casefold() for path in taken}
    number = 1
    while (
        path := folder / (f"{stem}.xlsx" if number == 1 else f"{stem} {number}.xlsx")
    ).name.casefold() in used:
        number += 1
    return path
