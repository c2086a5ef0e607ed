"""The edge of the house: names of files in, a ledger out. Nothing here raises for one bad file; it is named instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from stockturn.config import Settings
from stockturn.errors import InputError, StockturnError
from stockturn.i18n import error_text, has, text
from stockturn.model import Ledger, Note
from stockturn.sources.assemble import assemble
from stockturn.sources.body import Body, read_body
from stockturn.sources.captions import vocabulary
from stockturn.sources.context import context_of, rule_for
from stockturn.sources.documents import documents, transfers
from stockturn.sources.expand import Source, paths_of, sources_of
from stockturn.sources.flats import flat, orders, sales_orders
from stockturn.sources.grid import ROW, Grid, text_frame
from stockturn.sources.locate import Layout, locate
from stockturn.sources.mapping import Plan, choose
from stockturn.sources.parts import Context, Part, Said, said, total
from stockturn.sources.readers import read_grids
from stockturn.sources.stocks import stock, summary

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
"""One row per sheet, read or not: SPEC 14, and what telling two exports apart needs."""

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


@dataclass(frozen=True)
class SheetRead:
    """One sheet with all that came of it."""

    row: dict[str, object]
    part: Part | None = None
    refused: pl.DataFrame | None = None
    context: Context | None = None
    plan: Plan | None = None
    layout: Layout | None = None
    notes: tuple[Note, ...] = ()


def read(
    paths: Sequence[Path | str], settings: Settings, progress: Callable[[str], None] | None = None
) -> Ledger:
    """Reads files, folders (their own files), globs and archives into one ledger.

    Every sheet is listed in ``sheets``, also those that are not read, with the reason and what to do; for each
    rows_read = accepted + refused + skipped. Raises InputError only where a name matches nothing at all.
    """
    found, others = paths_of(paths, settings.ingest)
    sheets: list[SheetRead] = []
    for path in found:
        if progress is not None:
            progress(str(path))
        for source in sources_of(path, settings.ingest):
            sheets += read_source(source, settings)
    notes = (
        [
            Note(
                "files_not_tables",
                {"count": len(others), "files": ", ".join(Path(o).name for o in others[:5])},
            )
        ]
        if others
        else []
    )
    return _ledger(sheets, settings, notes)


def read_source(source: Source, settings: Settings) -> list[SheetRead]:
    """The sheets of one file; a file that cannot be read is one row with its reason."""
    try:
        if source.problem is not None:
            raise source.problem
        rule = rule_for(source, None, settings.ingest)
        if rule is not None and rule.ignore and rule.sheet is None:
            return []
        grids = read_grids(source, settings.ingest, rule.encoding if rule else None)
    except StockturnError as error:
        return [SheetRead(_not_read(source.name, None, error, settings))]
    except Exception as error:  # a reader's own surprise on a hostile file must not end the run
        wrapped = InputError("file_failed", file=source.name, detail=f"{type(error).__name__}: {error}"[:200])
        return [SheetRead(_not_read(source.name, None, wrapped, settings))]
    return [_read_sheet(grid, source, settings) for grid in grids if not _is_blank(grid) or len(grids) == 1]


def _is_blank(grid: Grid) -> bool:
    return grid.width < 1 or grid.height == 0


def _read_sheet(grid: Grid, source: Source, settings: Settings) -> SheetRead:
    rule = rule_for(source, grid.sheet, settings.ingest)
    if rule is not None and rule.ignore:
        return SheetRead(
            _not_read(source.name, grid.sheet, InputError("sheet_ignored", file=source.name), settings, grid)
        )
    words = vocabulary()
    try:
        if _is_blank(grid):
            raise InputError("file_empty", file=source.name)
        layout = locate(grid, words, tuple(rule.columns.values()) if rule else ())
        if layout is None:
            raise InputError("no_header", file=source.name, sheet=grid.sheet or "")
        names = [name for name in (grid.sheet, "  ".join(layout.titles), source.stem) if name]
        plan = choose(layout, words, names, rule, source.name, grid.sheet)
        context = context_of(grid, layout, source, rule, settings.ingest)
        body = read_body(grid, layout, plan, words, rule)
        part = _build(body, plan, context, layout, settings)
    except StockturnError as error:
        return SheetRead(_not_read(source.name, grid.sheet, error, settings, grid))
    refused = _refused_rows(part.refused, grid, layout, plan, context, settings)
    row = _account(grid, layout, plan, part, context)
    notes: list[Said] = [*_facts(grid), *body.notes, *part.notes]
    if plan.sku_from_name:
        notes.append(("sku_from_name", {}))
    return SheetRead(row, part, refused, context, plan, layout, said(context, notes))


def _build(body: Body, plan: Plan, context: Context, layout: Layout, settings: Settings) -> Part:
    body = _without_excluded(body, settings)
    words = vocabulary()
    match plan.spec.shape:
        case "document":
            return documents(body, plan, context, words)
        case "transfer":
            return transfers(body, plan, context)
        case "stock":
            return stock(body, plan, context, words)
        case "summary":
            return summary(body, plan, context, words)
        case "orders":
            return orders(body, plan, context, words)
        case "sales_orders":
            return sales_orders(body, plan, context, words)
        case _:
            return flat(body, plan, context, layout, words)


def _without_excluded(body: Body, settings: Settings) -> Body:
    codes = settings.ingest.exclude_skus
    if not codes or "sku" not in body.data.columns:
        return body
    mask = body.data["sku"].is_in(list(codes))
    if not mask.any():
        return body
    return replace(body, data=body.data.filter(~mask), skipped={**body.skipped, "excluded": int(mask.sum())})


def _account(grid: Grid, layout: Layout, plan: Plan, part: Part, context: Context) -> dict[str, object]:
    skipped = dict(part.skipped)
    above = layout.body - len(layout.header)
    blank = _blank_rows(grid, above)
    for name, count in (("title", above - blank), ("blank", blank), ("header", len(layout.header))):
        if count:
            skipped[name] = skipped.get(name, 0) + count
    mapping = {name: layout.caption(column) for name, column in plan.columns.items()}
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


def _blank_rows(grid: Grid, above: int) -> int:
    if not above:
        return 0
    head = text_frame(grid.frame.head(above)).drop(ROW)
    return int(head.select(pl.all_horizontal(pl.all().str.strip_chars().fill_null("").eq("")).sum()).item())


def _not_read(
    file: str, sheet: str | None, error: StockturnError, settings: Settings, grid: Grid | None = None
) -> dict[str, object]:
    message, hint = error_text(error, settings.lang)
    rows = grid.height if grid is not None else 0
    return {
        "file": file,
        "sheet": sheet,
        "rows_read": rows,
        "accepted": 0,
        "refused": 0,
        "skipped": rows,
        "skipped_by": json.dumps({error.key: rows} if rows else {}),
        "reason": f"{message} {hint}" if hint else message,
        "reason_code": error.key,
        "file_hash": grid.file_hash if grid is not None else None,
    }


def _refused_rows(
    rows: pl.DataFrame, grid: Grid, layout: Layout, plan: Plan, context: Context, settings: Settings
) -> pl.DataFrame:
    """Refused rows as they were, with the caption of the column, what was found, and the reason in words."""
    if rows.is_empty():
        return pl.DataFrame(schema=REFUSED)
    cells = text_frame(grid.frame.filter(pl.col(ROW).is_in(rows[ROW].to_list())))
    names = [name for name in cells.columns if name != ROW]
    captions = {name: layout.caption(column) for name, column in plan.columns.items()}
    columns = {name: f"c{column}" for name, column in plan.columns.items()}
    raw = cells.select(
        ROW,
        pl.concat_str([pl.col(name).fill_null("") for name in names], separator=" | ").alias("raw"),
        *names,
    )
    joined = rows.join(raw, on=ROW, how="left", maintain_order="left")
    present = [name for name in rows["column"].unique().to_list() if name in columns]
    cells_of: list[pl.Expr] = [
        pl.when(pl.col("column") == name).then(pl.col(columns[name])) for name in present
    ]
    found = pl.coalesce([*cells_of, pl.lit(None, pl.String)])
    codes = rows["reason_code"].unique().to_list()
    lang = settings.lang
    reasons = {code: text(f"ingest.{code}", lang) for code in codes}
    expected = {
        code: text(f"ingest.{code}_expected", lang) for code in codes if has(f"ingest.{code}_expected", lang)
    }
    code = pl.col("reason_code")
    return joined.select(
        pl.lit(context.file).alias("file"),
        pl.lit(context.sheet, pl.String).alias("sheet"),
        pl.col(ROW).alias("row"),
        pl.col("column").replace(captions).alias("column"),
        found.alias("found"),
        code.replace_strict(
            list(expected), list(expected.values()), default=None, return_dtype=pl.String
        ).alias("expected"),
        "reason_code",
        code.replace_strict(
            list(reasons), list(reasons.values()), default=None, return_dtype=pl.String
        ).alias("reason"),
        pl.col("raw").str.strip_chars_end(" |").alias("raw"),
    )


def _facts(grid: Grid) -> list[Said]:
    """What the reader would drop in silence: error cells, formulas without a value, hidden rows."""
    return [(f"cells_{fact}", {"count": count}) for fact, count in grid.facts.items() if count]


def _ledger(sheets: list[SheetRead], settings: Settings, notes: list[Note]) -> Ledger:
    rows = [{**dict.fromkeys(SHEETS), **sheet.row, "raw_order": order} for order, sheet in enumerate(sheets)]
    frame = pl.DataFrame(rows, schema=SHEETS, orient="row")
    refused = [sheet.refused for sheet in sheets if sheet.refused is not None]
    said = [note for sheet in sheets for note in sheet.notes]
    parts = [
        (sheet.part, sheet.context)
        for sheet in sheets
        if sheet.part is not None and sheet.context is not None
    ]
    tables, further = assemble(parts, settings)
    return Ledger(
        tables,
        frame,
        pl.concat([pl.DataFrame(schema=REFUSED), *refused]),
        (*notes, *said, *further),
    )
