"""The account of what was read: one row per sheet, one row per refused source row."""

from __future__ import annotations

import json

import polars as pl

from stockturn.errors import StockturnError
from stockturn.i18n import error_text, has, text
from stockturn.sources.grid import ROW, Grid, text_frame
from stockturn.sources.parts import total
from stockturn.sources.sheet import SheetRead

SHEETS: dict[str, pl.DataType] = {
    "file": pl.String(),
    "sheet": pl.String(),
    "table": pl.String(),
    "profile": pl.String(),
    "confidence": pl.Float64(),
    "rows_read": pl.Int64(),
    "accepted": pl.Int64(),
    "refused": pl.Int64(),
    "skipped": pl.Int64(),
    "skipped_by": pl.String(),
    "date_min": pl.Date(),
    "date_max": pl.Date(),
    "qty_sum": pl.Float64(),
    "amount_sum": pl.Float64(),
    "reason": pl.String(),
    "reason_code": pl.String(),
    "exported_at": pl.Datetime("us"),
    "file_hash": pl.String(),
    "raw_order": pl.Int64(),
    "encoding": pl.String(),
    "mapping": pl.String(),
}
"""One row per sheet, read or not: SPEC 14, and what telling two exports apart needs. ``skipped_by`` and ``mapping``
are JSON objects: reason = rows, field = caption."""

REFUSED: dict[str, pl.DataType] = {
    "file": pl.String(),
    "sheet": pl.String(),
    "row": pl.Int64(),
    "column": pl.String(),
    "found": pl.String(),
    "expected": pl.String(),
    "reason_code": pl.String(),
    "reason": pl.String(),
    "raw": pl.String(),
}


def sheet_rows(sheets: list[SheetRead], lang: str) -> pl.DataFrame:
    """The frame ``Ledger.sheets``. For every row rows_read = accepted + refused + skipped."""
    rows = [_row(sheet, lang) | {"raw_order": order} for order, sheet in enumerate(sheets)]
    return pl.DataFrame([dict.fromkeys(SHEETS) | row for row in rows], schema=SHEETS, orient="row")


def refused_rows(sheets: list[SheetRead], lang: str) -> pl.DataFrame:
    """The frame ``Ledger.refused``: the rows as they were, with file, sheet, row, column and the reason in words."""
    frames = [
        _refused(sheet, lang) for sheet in sheets if sheet.part is not None and sheet.part.refused.height
    ]
    return pl.concat([pl.DataFrame(schema=REFUSED), *frames])


def _row(sheet: SheetRead, lang: str) -> dict[str, object]:
    grid, plan, part, context = sheet.grid, sheet.plan, sheet.part, sheet.context
    if sheet.problem is not None or grid is None or plan is None or part is None or context is None:
        return _not_read(sheet, lang)
    skipped = dict(part.skipped)
    for name, count in _above(grid, sheet).items():
        if count:
            skipped[name] = skipped.get(name, 0) + count
    used = sheet.used
    mapping = {name: used.caption(column) for name, column in plan.columns.items()} if used else {}
    return {
        "file": context.file,
        "sheet": context.sheet,
        "table": "orders" if plan.orders_only else plan.spec.table,
        "profile": plan.spec.profile,
        "confidence": plan.confidence,
        "rows_read": grid.height,
        "accepted": part.account.height,
        "refused": part.refused.height,
        "skipped": sum(skipped.values()),
        "skipped_by": json.dumps(skipped, ensure_ascii=False, sort_keys=True),
        "date_min": part.dates[0],
        "date_max": part.dates[1],
        "qty_sum": total(part.account["qty"]),
        "amount_sum": total(part.account["amount"]),
        "exported_at": context.exported_at,
        "file_hash": grid.file_hash,
        "encoding": grid.encoding,
        "mapping": json.dumps(mapping, ensure_ascii=False),
    }


def _above(grid: Grid, sheet: SheetRead) -> dict[str, int]:
    """Rows above the data, by what they are."""
    if sheet.layout is None:
        return {}
    titles = sheet.layout.body - len(sheet.layout.header)
    blank = 0
    if titles:
        head = text_frame(grid.frame.head(titles)).drop(ROW)
        empty = pl.all_horizontal(pl.all().str.strip_chars().fill_null("").eq(""))
        blank = int(head.select(empty.sum()).item())
    return {"title": titles - blank, "blank": blank, "header": len(sheet.layout.header)}


def _not_read(sheet: SheetRead, lang: str) -> dict[str, object]:
    error = sheet.problem or StockturnError("file_failed", file=sheet.source.name, detail="")
    message, hint = error_text(error, lang)
    rows = sheet.grid.height if sheet.grid is not None else 0
    return {
        "file": sheet.source.name,
        "sheet": sheet.grid.sheet if sheet.grid is not None else None,
        "rows_read": rows,
        "accepted": 0,
        "refused": 0,
        "skipped": rows,
        "skipped_by": json.dumps({error.key: rows} if rows else {}),
        "reason": f"{message} {hint}" if hint else message,
        "reason_code": error.key,
        "file_hash": sheet.grid.file_hash if sheet.grid is not None else None,
    }


def _refused(sheet: SheetRead, lang: str) -> pl.DataFrame:
    part, grid, plan, used, context = sheet.part, sheet.grid, sheet.plan, sheet.used, sheet.context
    if part is None or grid is None or plan is None or used is None or context is None:
        return pl.DataFrame(schema=REFUSED)
    rows = part.refused
    cells = text_frame(grid.frame.filter(pl.col(ROW).is_in(rows[ROW].implode())))
    names = [name for name in cells.columns if name != ROW]
    whole = pl.concat_str([pl.col(name).fill_null("") for name in names], separator=" | ")
    joined = rows.join(cells.with_columns(whole.alias("raw")), on=ROW, how="left", maintain_order="left")
    captions = {name: used.caption(column) for name, column in plan.columns.items()}
    # a wide sheet has no single column behind a field
    same = used is sheet.layout
    places = {name: f"c{column}" for name, column in plan.columns.items() if same}
    present = [name for name in rows["column"].unique().to_list() if name in places]
    by_field: list[pl.Expr] = [
        pl.when(pl.col("column") == name).then(pl.col(places[name])) for name in present
    ]
    return joined.select(
        pl.lit(context.file).alias("file"),
        pl.lit(context.sheet, pl.String).alias("sheet"),
        pl.col(ROW).alias("row"),
        pl.col("column").replace(captions).alias("column"),
        pl.coalesce([*by_field, pl.lit(None, pl.String)]).alias("found"),
        _said("expected", rows, "_expected", lang),
        "reason_code",
        _said("reason", rows, "", lang),
        pl.col("raw").str.strip_chars_end(" |").alias("raw"),
    )


def _said(name: str, rows: pl.DataFrame, suffix: str, lang: str) -> pl.Expr:
    keys = {code: f"ingest.{code}{suffix}" for code in rows["reason_code"].unique().to_list()}
    texts = {code: text(key, lang) for code, key in keys.items() if has(key, lang)}
    told = pl.col("reason_code").replace_strict(
        list(texts), list(texts.values()), default=None, return_dtype=pl.String
    )
    return told.alias(name)
