"""The rows under a header: typed, and each one put where it belongs (data, refused, skipped and why)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from stockturn.config.ingest import FileRule
from stockturn.sources.captions import Vocabulary, norm
from stockturn.sources.cells import Typed, clean, decimal_of, identifiers, numbers, text_of
from stockturn.sources.dates import dates, order_of, title_order
from stockturn.sources.grid import ROW, Grid, text_frame
from stockturn.sources.locate import Layout
from stockturn.sources.mapping import Plan

DATES = frozenset(
    [
        "date",
        "receipt_date",
        "ship_date",
        "order_date",
        "promised_date",
        "requested_date",
        "cancelled_on",
        "fulfilled_on",
        "valid_from",
        "start",
        "end",
        "as_of",
        "updated_at",
        "launched_on",
        "expiry",
        "received_on",
    ]
)
NUMBERS = frozenset(
    [
        "qty",
        "qty_received",
        "qty_returned",
        "qty_ordered",
        "qty_open",
        "qty_shipped",
        "qty_left",
        "in_qty",
        "in_value",
        "out_qty",
        "out_value",
        "opening_qty",
        "opening_value",
        "closing_qty",
        "closing_value",
        "on_hand",
        "reserved",
        "available",
        "book_qty",
        "counted_qty",
        "diff_qty",
        "unit_cost",
        "cost",
        "unit_price",
        "price_gross",
        "revenue",
        "amount_gross",
        "price",
        "amount",
        "tax_rate",
        "value",
        "lead_time_days",
        "lead_time_sd",
        "review_days",
        "min_order_value",
        "payment_days",
        "moq",
        "order_multiple",
        "min_stock",
        "max_stock",
        "shelf_life_days",
        "volume",
        "uplift",
        "discount",
        "factor",
        "capacity",
    ]
)
CODES = frozenset(
    [
        "sku",
        "doc_no",
        "line_no",
        "order_no",
        "order_line",
        "part",
        "batch",
        "bin",
        "warehouse_code",
        "supplier_code",
        "year",
        "month",
    ]
)
HARD = frozenset(
    [
        "qty",
        "in_qty",
        "out_qty",
        "qty_received",
        "qty_ordered",
        "qty_open",
        "qty_left",
        "on_hand",
        "counted_qty",
        "diff_qty",
        "opening_qty",
        "closing_qty",
        "cost",
        "amount",
        "revenue",
        "amount_gross",
        "in_value",
        "out_value",
        "value",
        "opening_value",
        "closing_value",
    ]
)
"""Fields whose unreadable cell refuses the row: a quantity or an amount that is left out would change a sum.
Elsewhere the cell becomes empty, is counted and said."""

ITEM = ("sku", "name", "spec", "category", "brand", "unit")
DOCUMENT = [
    "doc_no",
    "date",
    "receipt_date",
    "ship_date",
    "order_date",
    "promised_date",
    "supplier",
    "supplier_code",
    "customer",
    "partner",
    "warehouse",
    "warehouse_code",
    "from_warehouse",
    "to_warehouse",
    "status",
    "close_status",
    "doc_type",
    "reason",
    "currency",
    "buyer",
    "seller",
    "order_no",
    "cancelled_on",
    "fulfilled_on",
    "as_of",
]
DATE_FILL_SHARE = 0.2
"""Where there are no document numbers: blank dates on at least this share of rows, and no date repeated on the next
line, are a date written once per block; else they are missing dates."""


@dataclass(frozen=True)
class Body:
    """``data`` has ``row`` and one typed column per mapped field; ``refused`` has row, column, reason_code;
    ``openings`` are balance lines inside a ledger; ``totals`` the typed total rows, for the check of the sums."""

    data: pl.DataFrame
    refused: pl.DataFrame
    openings: pl.DataFrame
    totals: pl.DataFrame
    skipped: Mapping[str, int]
    notes: tuple[tuple[str, dict[str, object]], ...]


def required_of(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """Fields that a row must have, alternatives in one tuple."""
    spec = plan.spec
    has = plan.columns
    day = next((name for name in ("receipt_date", "ship_date", "date", "order_date") if name in has), "date")
    amounts = (
        "qty",
        "in_qty",
        "out_qty",
        "diff_qty",
        "counted_qty",
        "cost",
        "amount",
        "in_value",
        "out_value",
    )
    order_day = "order_date" if "order_date" in has else "date"
    flat = {
        "items": (("sku",),),
        "suppliers": (("supplier",),),
        "warehouses": (("warehouse",),),
        "batches": (("batch",), ("sku",), ("qty_left",)),
        "prices": (("sku",), ("valid_from",)),
        "promotions": (("start",), ("end",), ("sku", "category")),
        "overrides": (("sku",), ("month",), ("qty", "factor")),
    }
    by_shape = {
        "document": ((day,), ("sku",), tuple(name for name in amounts if name in has)),
        "transfer": (
            ("date" if "date" in has else "ship_date",),
            ("sku",),
            ("qty",),
            ("from_warehouse", "to_warehouse"),
        ),
        "stock": (("sku",),),
        "summary": (("sku",),),
        "orders": ((order_day,), ("sku",), ("qty_ordered", "qty_open")),
        "sales_orders": ((order_day,), ("sku",), ("qty_ordered",)),
    }
    return by_shape.get(spec.shape) or flat[spec.table]


def read_body(grid: Grid, layout: Layout, plan: Plan, words: Vocabulary, rule: FileRule | None) -> Body:
    """Types every mapped column once and sorts the rows. Σ of data, refused, openings and skipped = all rows below
    the header."""
    frame = grid.frame.slice(layout.body)
    typed, problems, notes = _typed(frame, grid, layout, plan, rule)
    required = required_of(plan)
    complete = _complete(required, typed.columns) & pl.col("_bad").is_null()
    typed = typed.with_columns(_bad(problems, required).alias("_bad"))
    label = _key_label(typed, words)
    typed = typed.with_columns(
        (complete & ~label).fill_null(False).alias("_ok"), pl.lit(None, pl.String).alias("_why")
    )
    if not typed["_ok"].all():
        typed, filled = _sorted_out(typed, frame, layout, plan, words, required)
        notes += filled
    overflow = _overflow(grid, frame, layout)
    if overflow is not None:
        typed = _turned(typed, overflow & typed["_ok"], "refused:ragged")
    if plan.spec.shape not in ("orders", "flat", "stock", "summary"):
        typed = _by_status(typed, plan, words)
    return _split(typed, problems, required, notes)


def _turned(typed: pl.DataFrame, where: pl.Series, why: str) -> pl.DataFrame:
    return typed.with_columns(
        (typed["_ok"] & ~where).alias("_ok"),
        pl.when(where).then(pl.lit(why)).otherwise(pl.col("_why")).alias("_why"),
    )


def _by_status(typed: pl.DataFrame, plan: Plan, words: Vocabulary) -> pl.DataFrame:
    """Lines of drafts, cancelled, rejected and refunded documents did not happen: skipped, not refused.

    Order columns that a shop writes on the first line of an order only hold for all its lines.
    """
    tests = [pl.lit(False)]
    number = next((name for name in ("doc_no", "order_no") if name in typed.columns), None)
    spread = number is not None and "per_document" in plan.spec.options
    for name in ("status", "refund_status", "cancelled_on"):
        if name not in typed.columns:
            continue
        column = pl.col(name)
        if spread:
            column = pl.coalesce(column, column.drop_nulls().first().over(number))
        if name == "cancelled_on":
            tests.append(column.is_not_null())
        else:
            skip = words.status["skip"] | words.status["refunded"] | set(plan.spec.status.get("skip", ()))
            keep = set(plan.spec.status.get("keep", ()))
            tests.append(_normal(column).is_in(sorted(skip - keep)))
    open_to_it = ~pl.col("_why").is_in(
        ["total", "blank", "header", "title", "group", "opening_balance"]
    ).fill_null(False)
    mask = typed.select((pl.any_horizontal(tests).fill_null(False) & open_to_it).alias("m"))["m"]
    return _turned(typed, mask, "status") if mask.any() else typed


def _normal(column: pl.Expr) -> pl.Expr:
    """A status text as the vocabulary spells it."""
    return column.str.strip_chars().str.to_lowercase().str.replace_all(r"[_\-.\s]+", " ")


def _typed(
    frame: pl.DataFrame, grid: Grid, layout: Layout, plan: Plan, rule: FileRule | None
) -> tuple[pl.DataFrame, dict[str, pl.Series], list[tuple[str, dict[str, object]]]]:
    notes: list[tuple[str, dict[str, object]]] = []
    problems: dict[str, pl.Series] = {}
    values: list[pl.Series] = [frame[ROW]]
    cells = {name: frame[f"c{column}"] for name, column in plan.columns.items()}
    decimal = (rule.decimal if rule is not None else None) or decimal_of(
        [cells[name] for name in cells if name.split("__")[0] in NUMBERS], grid.separator
    )
    orders = {found for name in cells if name in DATES and (found := order_of(cells[name]))}
    order = (rule.date_order if rule is not None else None) or title_order(" ".join(layout.titles))
    shared = order or (next(iter(orders)) if len(orders) == 1 else None)
    units: pl.Series | None = None
    for name, series in cells.items():
        if name in DATES:
            result = dates(series, shared)
        elif name.split("__")[0] in NUMBERS:
            result = numbers(series, decimal)
            if name in ("qty", "on_hand", "in_qty", "qty_ordered") and result.unit is not None:
                units = result.unit
        elif name in CODES:
            result = identifiers(series)
        else:
            result = Typed(text_of(series), pl.repeat(None, len(series), dtype=pl.String, eager=True))
        values.append(result.values.alias(name))
        if result.problem.null_count() < len(result.problem):
            problems[name] = result.problem
        if result.note:
            notes.append((result.note, {"column": layout.caption(plan.columns[name])}))
    if units is not None and "unit" not in cells:
        values.append(units.alias("unit"))
    return pl.DataFrame(values), problems, notes


def _complete(required: tuple[tuple[str, ...], ...], columns: list[str]) -> pl.Expr:
    tests = [
        pl.any_horizontal(
            [pl.col(name).is_not_null() for name in choice if name in columns] or [pl.lit(False)]
        )
        for choice in required
    ]
    return pl.all_horizontal(tests)


def _bad(problems: Mapping[str, pl.Series], required: tuple[tuple[str, ...], ...]) -> pl.Series | pl.Expr:
    """The first field of a row whose cell cannot be read and must be; null where there is none."""
    keys = {name for choice in required for name in choice} | HARD
    telling = [
        pl.select(pl.when(problem.is_not_null()).then(pl.lit(name))).to_series()
        for name, problem in problems.items()
        if name in keys
    ]
    if not telling:
        return pl.lit(None, pl.String)
    return pl.select(pl.coalesce([pl.lit(series) for series in telling])).to_series()


def _key_label(typed: pl.DataFrame, words: Vocabulary) -> pl.Expr:
    """Whether the key itself is a total's label, as 合计 in the column of codes."""
    if "sku" not in typed.columns:
        return pl.lit(False)
    key = pl.col("sku").str.replace_all(r"[\s:：]", "").str.to_lowercase()
    labels = [label.replace(" ", "") for label in words.rows["total"]]
    return key.is_in(labels) | key.str.contains(r"(小计|合计|总计)$")


def _sorted_out(
    typed: pl.DataFrame,
    frame: pl.DataFrame,
    layout: Layout,
    plan: Plan,
    words: Vocabulary,
    required: tuple[tuple[str, ...], ...],
) -> tuple[pl.DataFrame, list[tuple[str, dict[str, object]]]]:
    """Names what each incomplete row is, and fills down what a document or an item says once."""
    rest = typed.with_row_index("_at").filter(~pl.col("_ok"))["_at"]
    labels = _labels(text_frame(frame.gather(rest)).drop(ROW), layout, words)
    typed = typed.with_columns(typed["_why"].scatter(rest, labels).alias("_why"))
    notes: list[tuple[str, dict[str, object]]] = []
    if plan.spec.shape not in ("stock", "summary", "flat"):
        typed, notes = _filled(typed, plan, required)
    complete = _complete(required, typed.columns) & pl.col("_bad").is_null()
    typed = typed.with_columns(
        (pl.col("_ok") | (complete & pl.col("_why").is_null())).fill_null(False).alias("_ok")
    )
    return _leftovers(typed, frame, plan), notes


def _labels(cells: pl.DataFrame, layout: Layout, words: Vocabulary) -> pl.Series:
    """blank, header, total, opening_balance, title, or null, for rows given as text."""
    names = cells.columns
    plain = [
        pl.col(name).str.replace_all(r"[\s　]", "").str.strip_chars(":：*").str.to_lowercase()
        for name in names
    ]
    total = [label.replace(" ", "") for label in words.rows["total"]]
    opening = [label.replace(" ", "") for label in words.rows["opening"]]
    captions = [norm(part).replace(" ", "") for path in layout.paths if path for part in path]
    empty = pl.all_horizontal([pl.col(name).str.strip_chars().fill_null("").eq("") for name in names])
    filled = pl.sum_horizontal([pl.col(name).is_not_null().cast(pl.Int32) for name in names])
    repeated = pl.sum_horizontal([column.is_in(captions).cast(pl.Int32).fill_null(0) for column in plain])
    starts = [
        column.is_in(total)
        | pl.col(name).str.contains(
            r"^\s*(合\s*计|小\s*计|总\s*计|总条数|共\s*\d+\s*[条行])\s*[:：]?\s*[\d.,]*\s*$"
        )
        | pl.col(name).str.contains(r"(小计|合计|总计)[:：]?\s*$")
        for column, name in zip(plain, names, strict=True)
    ]
    titles = list(layout.titles)
    return cells.select(
        pl.when(empty)
        .then(pl.lit("blank"))
        .when((repeated >= 2) & (repeated * 2 > filled))
        .then(pl.lit("header"))
        .when(pl.any_horizontal([test.fill_null(False) for test in starts]))
        .then(pl.lit("total"))
        .when(pl.any_horizontal([column.is_in(opening).fill_null(False) for column in plain]))
        .then(pl.lit("opening_balance"))
        .when(
            (filled <= 2) & pl.any_horizontal([pl.col(name).is_in(titles).fill_null(False) for name in names])
        )
        .then(pl.lit("title"))
        .alias("_why")
    )["_why"]


def _filled(
    typed: pl.DataFrame, plan: Plan, required: tuple[tuple[str, ...], ...]
) -> tuple[pl.DataFrame, list[tuple[str, dict[str, object]]]]:
    day = required[0][0]
    amounts = [name for name in required[2] if name in typed.columns] if len(required) > 2 else []
    has_amount = pl.any_horizontal([pl.col(name).is_not_null() for name in amounts] or [pl.lit(False)])
    live = ~pl.col("_why").is_in(["total", "blank", "header", "title"]).fill_null(False)
    notes: list[tuple[str, dict[str, object]]] = []
    orphan = typed.select(
        (live & pl.col("sku").is_null() & pl.col(day).is_not_null() & has_amount).sum()
    ).item()
    groups = typed.select((live & pl.col("sku").is_not_null() & pl.col(day).is_null()).sum()).item()
    if orphan and groups:
        source = pl.when(live & pl.col("sku").is_not_null()).then(pl.int_range(pl.len())).forward_fill()
        names = [name for name in ITEM if name in typed.columns]
        typed = _from(typed, source, names, live & pl.col("sku").is_null())
        typed = typed.with_columns(
            pl.when(live & pl.col(day).is_null() & ~has_amount & pl.col("_why").is_null())
            .then(pl.lit("group"))
            .otherwise(pl.col("_why"))
            .alias("_why")
        )
    typed, doc_notes = _documents_filled(typed, day, has_amount, live)
    return typed, notes + doc_notes


def _documents_filled(
    typed: pl.DataFrame, day: str, has_amount: pl.Expr, live: pl.Expr
) -> tuple[pl.DataFrame, list[tuple[str, dict[str, object]]]]:
    number = next((name for name in ("doc_no", "order_no") if name in typed.columns), None)
    lines = live & pl.col("sku").is_not_null() & has_amount & pl.col("_why").is_null()
    head = live & pl.col(day).is_not_null()
    if number is not None:
        head &= pl.col(number).is_not_null()
    source = pl.when(head).then(pl.int_range(pl.len())).forward_fill()
    wanting = lines & pl.col(day).is_null() & ~pl.col("_bad").eq(day).fill_null(False)
    if number is not None:
        wanting &= pl.col(number).is_null() | (pl.col(number) == pl.col(number).gather(source))
    counted = typed.select(wanting.sum().alias("blank"), lines.sum().alias("lines")).row(0)
    if not counted[0]:
        return typed, []
    if number is None and (counted[0] < DATE_FILL_SHARE * counted[1] or _on_each_line(typed, day, lines)):
        return typed, []
    names = [name for name in DOCUMENT if name in typed.columns]
    typed = _from(typed, source, names, wanting & source.is_not_null())
    return typed, [("filled_down", {"rows": counted[0]})]


def _on_each_line(typed: pl.DataFrame, day: str, lines: pl.Expr) -> bool:
    """Whether neighbouring lines repeat a date: then a blank one is missing, not implied by the line above."""
    days = typed.filter(lines)[day]
    return bool((days == days.shift(1)).any())


def _from(typed: pl.DataFrame, source: pl.Expr, names: list[str], where: pl.Expr) -> pl.DataFrame:
    """Empty cells of ``names`` take the value of the row ``source`` where ``where`` holds."""
    frame = typed.with_columns(source.alias("_source"), where.fill_null(False).alias("_where"))
    return frame.with_columns(
        pl.when(pl.col("_where") & pl.col(name).is_null())
        .then(pl.col(name).gather(pl.col("_source")))
        .otherwise(pl.col(name))
        .alias(name)
        for name in names
    ).drop("_source", "_where")


def _leftovers(typed: pl.DataFrame, frame: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Rows that are still incomplete and without a name: a group line, an unlabelled total, a footer, or refused."""
    open_rows = typed.with_row_index("_at").filter(~pl.col("_ok") & pl.col("_why").is_null())
    if open_rows.is_empty():
        return typed
    at = open_rows["_at"]
    cells = text_frame(frame.gather(at)).drop(ROW)
    filled = cells.select(pl.sum_horizontal(pl.all().is_not_null().cast(pl.Int32)))
    last = typed.with_row_index("_at").filter(pl.col("_ok"))["_at"].max()
    known = [name for name in typed.columns if not name.startswith("_") and name != ROW]
    figures = [name for name in known if name.split("__")[0] in NUMBERS]
    texts = [name for name in known if name not in figures and name not in ("unit", "currency")]
    no_text = pl.all_horizontal([pl.col(name).is_null() for name in texts] or [pl.lit(False)])
    any_figure = pl.any_horizontal([pl.col(name).is_not_null() for name in figures] or [pl.lit(False)])
    behind = pl.col("_at") > (last if isinstance(last, int) else -1)
    why = open_rows.with_columns(filled.to_series().alias("_filled")).select(
        pl.when(no_text & any_figure & pl.col("_bad").is_null() & behind)
        .then(pl.lit("total"))
        .when(~any_figure & pl.col("_bad").is_null() & (pl.col("_filled") <= 2))
        .then(pl.when(behind).then(pl.lit("title")).otherwise(pl.lit("group")))
        .otherwise(pl.lit("refused:"))
        .alias("_why")
    )["_why"]
    return typed.with_columns(typed["_why"].scatter(at, why).alias("_why"))


def _overflow(grid: Grid, frame: pl.DataFrame, layout: Layout) -> pl.Series | None:
    """Rows of a text file with more cells than the header: the cells have slipped, nothing in them is sure."""
    if grid.separator is None:
        return None
    last = max((column for column, path in enumerate(layout.paths) if path), default=0)
    beyond = [name for name in frame.columns if name != ROW and int(name[1:]) > last]
    if not beyond:
        return None
    mask = frame.select(pl.any_horizontal([clean_expr(name).is_not_null() for name in beyond])).to_series()
    # a column of remarks without a caption is not a slip
    return mask if mask.any() and mask.mean() < 0.3 else None  # type: ignore[operator]


def clean_expr(name: str) -> pl.Expr:
    """A text cell, empty where it holds only space."""
    stripped = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def _split(
    typed: pl.DataFrame,
    problems: Mapping[str, pl.Series],
    required: tuple[tuple[str, ...], ...],
    notes: list[tuple[str, dict[str, object]]],
) -> Body:
    why = typed["_why"]
    refused = typed.filter(~pl.col("_ok") & (why.is_null() | why.str.starts_with("refused:")))
    with_codes = _refusals(refused, typed, problems, required)
    skipped_rows = typed.filter(~pl.col("_ok") & why.is_not_null() & ~why.str.starts_with("refused:"))
    # by row of the sheet: in the long form of a wide sheet a row stands once per column
    per_reason = skipped_rows.group_by("_why").agg(pl.col(ROW).n_unique())
    skipped = {str(name): int(count) for name, count in per_reason.rows()}
    hidden = ["_ok", "_why", "_bad"]
    data = typed.filter(pl.col("_ok"))
    soft = _unreadable(typed, problems, required)
    return Body(
        data=data.drop(hidden),
        refused=with_codes,
        openings=typed.filter(~pl.col("_ok") & (why == "opening_balance")).drop(hidden),
        totals=typed.filter(~pl.col("_ok") & (why == "total")).drop(hidden),
        skipped=skipped,
        notes=(*notes, *soft),
    )


def _refusals(
    refused: pl.DataFrame,
    typed: pl.DataFrame,
    problems: Mapping[str, pl.Series],
    required: tuple[tuple[str, ...], ...],
) -> pl.DataFrame:
    """Field and reason of each refused row: an unreadable cell, else the first required field that is empty."""
    coded = pl.DataFrame({ROW: typed[ROW], **{f"_p_{name}": series for name, series in problems.items()}})
    rows = refused.join(coded, on=ROW, how="left", maintain_order="left")
    missing = [
        pl.when(
            pl.all_horizontal([pl.col(n).is_null() for n in choice if n in rows.columns] or [pl.lit(True)])
        ).then(pl.lit(choice[0] if choice else ""))
        for choice in required
    ]
    field = pl.coalesce(pl.col("_bad"), *missing)
    code = pl.coalesce(
        *[pl.when(pl.col("_bad") == name).then(pl.col(f"_p_{name}")) for name in problems],
        pl.lit("cell_missing"),
    )
    ragged = pl.col("_why") == "refused:ragged"
    return rows.select(
        ROW,
        pl.when(ragged).then(pl.lit("")).otherwise(field.fill_null("")).alias("column"),
        pl.when(ragged).then(pl.lit("ragged")).otherwise(code).alias("reason_code"),
    )


def _unreadable(
    typed: pl.DataFrame, problems: Mapping[str, pl.Series], required: tuple[tuple[str, ...], ...]
) -> list[tuple[str, dict[str, object]]]:
    keys = {name for choice in required for name in choice} | HARD
    ok = typed["_ok"]
    counts = {
        name: int((problem.is_not_null() & ok).sum())
        for name, problem in problems.items()
        if name not in keys
    }
    return [("cells_unreadable", {"column": name, "rows": count}) for name, count in counts.items() if count]


__all__ = ["Body", "clean", "read_body", "required_of"]
