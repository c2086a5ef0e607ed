"""One sheet: found, mapped, typed and built. Everything that can be wrong with it ends as a reason, not as an error."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from stockturn.config import Settings
from stockturn.config.ingest import FileRule
from stockturn.errors import InputError, StockturnError
from stockturn.schema import TABLES
from stockturn.sources.body import Body, read_body
from stockturn.sources.captions import vocabulary
from stockturn.sources.context import context_of, page_places, rule_for
from stockturn.sources.currencies import in_ledger_currency
from stockturn.sources.documents import documents, transfers
from stockturn.sources.expand import Source
from stockturn.sources.flats import flat, orders, sales_orders
from stockturn.sources.grid import ROW, Grid, text_frame
from stockturn.sources.locate import Layout, locate
from stockturn.sources.mapping import Plan, choose
from stockturn.sources.parts import Context, Part, Said, refusals
from stockturn.sources.readers import read_grids
from stockturn.sources.rows import labels_of
from stockturn.sources.stocks import stock, summary
from stockturn.sources.targets import targets
from stockturn.sources.wide import widened


@dataclass(frozen=True)
class SheetRead:
    """One sheet with all that came of it; ``problem`` instead of the rest where it could not be used.

    ``grid`` and ``layout`` are of the sheet as it stands, ``used`` of what was read (the same, or the long form of a
    wide sheet)."""

    source: Source
    grid: Grid | None = None
    layout: Layout | None = None
    used: Layout | None = None
    plan: Plan | None = None
    context: Context | None = None
    part: Part | None = None
    notes: tuple[Said, ...] = ()
    problem: StockturnError | None = None


def read_source(source: Source, settings: Settings) -> list[SheetRead]:
    """The sheets of one file; a file that cannot be read is one of them, with its reason."""
    try:
        if source.problem is not None:
            raise source.problem
        rule = rule_for(source, None, settings.ingest)
        if rule is not None and rule.ignore and rule.sheet is None:
            return []
        grids = read_grids(source, settings.ingest, _encoding(rule, settings))
    except InputError as error:  # a wrong setting is no matter of one file: it ends the run
        return [SheetRead(source, problem=error)]
    except Exception as error:  # a reader's own surprise on a hostile file must not end the run
        detail = f"{type(error).__name__}: {error}"[:200]
        return [SheetRead(source, problem=InputError("file_failed", file=source.name, detail=detail))]
    sheets: list[SheetRead] = []
    for grid in grids:
        if grid.height or len(grids) == 1:
            sheets.append(read_sheet(grid, source, settings, sheets[-1] if sheets else None))
    return sheets


def _encoding(rule: FileRule | None, settings: Settings) -> str | None:
    return (rule.encoding if rule is not None else None) or settings.ingest.encoding


def read_sheet(grid: Grid, source: Source, settings: Settings, before: SheetRead | None = None) -> SheetRead:
    """One sheet. ``before`` is the sheet in front of it: a table that went on over the row limit of a workbook has
    its header there."""
    rule = rule_for(source, grid.sheet, settings.ingest)
    try:
        if rule is not None and rule.ignore:
            raise InputError("sheet_ignored", file=source.name)
        return _read(grid, source, rule, settings, before)
    except InputError as error:  # a wrong setting is no matter of one file: it ends the run
        return SheetRead(source, grid, problem=error)


def _read(
    grid: Grid, source: Source, rule: FileRule | None, settings: Settings, before: SheetRead | None
) -> SheetRead:
    words = vocabulary()
    if not grid.height or grid.width < 1:
        raise InputError("file_empty", file=source.name)
    layout = locate(grid, words, tuple(rule.columns.values()) if rule else ())
    if layout is None:
        layout = _continued(grid, before)
    if layout is None:
        raise InputError("no_header", file=source.name, sheet=grid.sheet or "")
    names = [name for name in (grid.sheet, "  ".join(layout.titles), source.stem) if name]
    wide = None if rule is not None and rule.columns else widened(grid, layout, words, names)
    table, used = wide or (grid, layout)
    plan = choose(used, words, names, rule, source.name, grid.sheet)
    if wide:
        plan = replace(plan, spec=replace(plan.spec, options=plan.spec.options | {"period"}))
    context = context_of(grid, layout, source, rule, settings.ingest)
    body = _without_excluded(read_body(table, used, plan, words, rule), settings)
    body = _in_one_place(_in_one_currency(body, settings), context, table)
    part = _of_one_book(_build(body, plan, context, used), body, context)
    if wide:
        part = _by_source_row(part, body, grid, layout)
    notes: list[Said] = [(f"cells_{fact}", {"count": count}) for fact, count in grid.facts.items() if count]
    # in the long form of a wide sheet a total stands once per column, and says nothing about them all
    notes += [note for note in body.notes if not (wide and note[0] == "total_differs")]
    notes += [("sku_from_name", {})] if plan.sku_from_name else []
    return SheetRead(source, grid, layout, used, plan, context, part, tuple(notes))


def _continued(grid: Grid, before: SheetRead | None) -> Layout | None:
    """The header of the sheet before, for a sheet of the same width that has none."""
    if before is None or before.plan is None or before.grid is None or before.layout is None:
        return None
    if before.grid.width != grid.width:
        return None
    return Layout((), before.layout.paths, 0, before.layout.titles)


def _build(body: Body, plan: Plan, context: Context, layout: Layout) -> Part:
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
        case "targets":
            return targets(body, context, words)
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


def _in_one_place(body: Body, context: Context, grid: Grid) -> Body:
    """Rows without a column of warehouses belong to the one that the sheet or its title names; in a report that is
    paged by warehouse to the one of the last title above them."""
    places = {"warehouse", "warehouse_code", "from_warehouse"} & set(body.data.columns)
    if places or context.warehouse is None or "sku" not in body.data.columns:
        return body
    pages = page_places(grid, body.skipped_rows)

    def placed(frame: pl.DataFrame) -> pl.DataFrame:
        told = frame.select(ROW).with_row_index("_at").sort(ROW).join_asof(pages, on=ROW).sort("_at")
        return frame.with_columns(told["warehouse"].fill_null(context.warehouse))

    return replace(body, data=placed(body.data), openings=placed(body.openings))


def _in_one_currency(body: Body, settings: Settings) -> Body:
    data, other, notes = in_ledger_currency(body.data, settings.ingest, vocabulary())
    refused = pl.concat([body.refused, refusals(other, "currency", "currency_other")])
    return replace(body, data=data, refused=refused, notes=(*body.notes, *notes))


def _of_one_book(part: Part, body: Body, context: Context) -> Part:
    """Every row with its ``org``: what the config says, else the column of its own, else the title."""
    ruled = context.rule is not None and context.rule.org is not None
    if "org" in body.data.columns and not ruled:
        rows = pl.concat([body.data.select(ROW, "org"), body.openings.select(ROW, "org")])
        own = rows.unique(ROW).select(
            pl.col(ROW).alias("source_row"), pl.coalesce("org", pl.lit(context.org))
        )
    elif context.org is not None:
        own = None
    else:
        return part
    tables = {
        name: frame.join(own, on="source_row", how="left", maintain_order="left")
        if own is not None
        else frame.with_columns(org=pl.lit(context.org))
        for name, frame in part.tables.items()
        if "org" in TABLES[name].schema
    }
    return replace(part, tables={**part.tables, **tables})


def _by_source_row(part: Part, body: Body, grid: Grid, layout: Layout) -> Part:
    """The account of a wide sheet by its own rows, of which each stands once per column in the long form.

    A row with a figure that cannot be read is refused as a whole; else a row with a figure is accepted; what is left
    is skipped for what it is in the sheet (a total, a title), else for the first reason that any of its figures has,
    blank where it has none.
    """
    refused = part.refused.unique(ROW, keep="first", maintain_order=True)
    gone = refused[ROW].implode()
    tables = {name: frame.filter(~pl.col("source_row").is_in(gone)) for name, frame in part.tables.items()}
    account = part.account.filter(~pl.col(ROW).is_in(gone))
    account = account.group_by(ROW, maintain_order=True).agg(
        pl.col("qty").sum(), pl.when(pl.col("amount").count() > 0).then(pl.col("amount").sum())
    )
    taken = pl.concat([refused[ROW], account[ROW]]).implode()
    left = grid.frame.slice(layout.body).select(ROW).filter(~pl.col(ROW).is_in(taken))
    rows = grid.frame.join(left, on=ROW, how="semi", maintain_order="left")
    labels = labels_of(text_frame(rows).drop(ROW), layout, vocabulary())
    reasons = body.skipped_rows.unique(ROW, keep="first", maintain_order=True)
    named = left.join(reasons, on=ROW, how="left", maintain_order="left")["reason"]
    named = labels.rename("reason").to_frame().select(pl.coalesce("reason", named, pl.lit("blank")))["reason"]
    skipped = {str(reason): int(count) for reason, count in named.value_counts().rows()}
    return replace(part, tables=tables, account=account, refused=refused, skipped=skipped)
