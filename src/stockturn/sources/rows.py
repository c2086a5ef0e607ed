"""Rows that are not complete by themselves: labels, totals, groups, what is written once and holds below."""

from __future__ import annotations

import polars as pl

from stockturn.sources.captions import Vocabulary, norm, simplified
from stockturn.sources.fields import DATE_FILL_SHARE, DOCUMENT, ITEM, NUMBERS
from stockturn.sources.grid import ROW, text_frame
from stockturn.sources.locate import Layout
from stockturn.sources.mapping import Plan
from stockturn.sources.parts import Said

_TOTAL_AT_END = r"(小计|合计|总计|小計|合計|總計)$"
_TOTAL_TWICE = r"^(?:小计|合计|总计|小計|合計|總計)[/(（]?(?:grand|sub)?total[)）]?$"
"""A total in two languages, without its blanks: 合计 Total."""

_COUNTED_BY = r"\(\d+\)\s*$"

Required = tuple[tuple[str, ...], ...]


def is_complete(required: Required, columns: list[str]) -> pl.Expr:
    tests = [
        pl.any_horizontal(
            [pl.col(name).is_not_null() for name in choice if name in columns] or [pl.lit(False)]
        )
        for choice in required
    ]
    return pl.all_horizontal(tests)


def key_is_label(typed: pl.DataFrame, words: Vocabulary, titles: tuple[str, ...]) -> pl.Expr:
    """Whether the key itself is a total's label, as 合计 in the column of codes, a title of the page again, or a
    remark such as 制表人：张三."""
    if "sku" not in typed.columns:
        return pl.lit(False)
    keys = typed["sku"].unique()
    plain = keys.str.replace_all(r"[\s:：]", "").str.to_lowercase()
    totals = [label.replace(" ", "") for label in words.rows["total"]]
    labels = keys.filter(
        plain.is_in(totals) | plain.str.contains(f"{_TOTAL_AT_END}|{_TOTAL_TWICE}") | keys.is_in(list(titles))
    )
    remarks = keys.filter(keys.str.contains("[:：]"))
    # nearly every table has none: nothing is then looked for in its rows
    test = pl.col("sku").is_in(labels.to_list()) if len(labels) else pl.lit(False)
    if len(remarks):
        figures = [name for name in typed.columns if name.split("__")[0] in NUMBERS]
        bare = pl.all_horizontal([pl.col(name).is_null() for name in figures] or [pl.lit(True)])
        test |= bare & pl.col("sku").is_in(remarks.to_list())
    return test


def type_is_label(typed: pl.DataFrame, words: Vocabulary) -> pl.Expr:
    """Whether the movement text is a total's label: 本月合计 with a date and a code is a sum all the same."""
    test = pl.lit(False)
    for name in ("doc_type", "doc_class", "in_out_class", "reason"):
        if name in typed.columns:
            texts = typed[name].unique().drop_nulls().to_list()
            labels = [text for text in texts if norm(text).replace(" ", "") in words.rows["total"]]
            test = test | pl.col(name).is_in(labels).fill_null(False) if labels else test
    return test


def sorted_out(
    typed: pl.DataFrame,
    frame: pl.DataFrame,
    layout: Layout,
    plan: Plan,
    words: Vocabulary,
    required: Required,
) -> tuple[pl.DataFrame, list[Said]]:
    """Names what each incomplete row is, and fills down what a document or an item says once."""
    rest = typed.with_row_index("_at").filter(~pl.col("_ok"))["_at"]
    grouped = "grouped_rows" in plan.spec.options
    labels = labels_of(text_frame(frame.gather(rest)).drop(ROW), layout, words, grouped)
    typed = typed.with_columns(typed["_why"].scatter(rest, labels).alias("_why"))
    notes: list[Said] = []
    if plan.spec.shape in ("document", "transfer", "orders", "sales_orders"):
        typed, notes = _filled(typed, plan, required)
    complete = is_complete(required, typed.columns) & pl.col("_bad").is_null()
    typed = typed.with_columns(
        (pl.col("_ok") | (complete & pl.col("_why").is_null())).fill_null(False).alias("_ok")
    )
    return _leftovers(typed, frame, required), notes


def labels_of(cells: pl.DataFrame, layout: Layout, words: Vocabulary, grouped: bool = False) -> pl.Series:
    """blank, header, total, opening_balance, title, group, or null, for rows given as text. In a ``grouped`` export a
    line like ``Wrench (10)`` with sums behind it is the heading of a group."""
    names = cells.columns
    cells = cells.with_columns(simplified(pl.all()))
    plain = [
        pl.col(name).str.replace_all(r"[\s　]", "").str.strip_chars(":：*'\"").str.to_lowercase()
        for name in names
    ]
    total = [label.replace(" ", "") for label in words.rows["total"]]
    opening = [label.replace(" ", "") for label in words.rows["opening"]]
    captions = [_bare(norm(part)) for path in layout.paths if path for part in path]
    empty = pl.all_horizontal([pl.col(name).str.strip_chars().fill_null("").eq("") for name in names])
    filled = pl.sum_horizontal([pl.col(name).is_not_null().cast(pl.Int32) for name in names])
    again = [column.str.replace_all(r"[_.\-]", "").is_in(captions).fill_null(False) for column in plain]
    repeated = pl.sum_horizontal([test.cast(pl.Int32) for test in again])
    starts = [
        column.is_in(total)
        | pl.col(name).str.contains(
            r"^\s*(合\s*计|小\s*计|总\s*计|总条数|记录数|共\s*\d+\s*[条行])\s*[:：]?\s*[\d.,]*\s*$"
        )
        | pl.col(name).str.contains(r"(小计|合计|总计)[:：]?\s*$")
        | column.str.contains(_TOTAL_TWICE)
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
        .when(pl.lit(grouped) & pl.coalesce(names).str.contains(_COUNTED_BY).fill_null(False))
        .then(pl.lit("group"))
        .when(pl.any_horizontal([column.is_in(opening).fill_null(False) for column in plain]))
        .then(pl.lit("opening_balance"))
        .when(pl.all_horizontal([pl.col(name).str.contains("[:：]").fill_null(True) for name in names]))
        .then(pl.lit("title"))
        .when(
            (filled <= 2) & pl.any_horizontal([pl.col(name).is_in(titles).fill_null(False) for name in names])
        )
        .then(pl.lit("title"))
        .alias("_why")
    )["_why"]


def _bare(caption: str) -> str:
    return "".join(character for character in caption if character not in " _.-")


def _filled(typed: pl.DataFrame, plan: Plan, required: Required) -> tuple[pl.DataFrame, list[Said]]:
    day = required[0][0]
    amounts = [name for name in required[2] if name in typed.columns] if len(required) > 2 else []
    has_amount = pl.any_horizontal([pl.col(name).is_not_null() for name in amounts] or [pl.lit(False)])
    live = ~pl.col("_why").is_in(["total", "blank", "header", "title"]).fill_null(False)
    notes: list[Said] = []
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
) -> tuple[pl.DataFrame, list[Said]]:
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


def _leftovers(typed: pl.DataFrame, frame: pl.DataFrame, required: Required) -> pl.DataFrame:
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
    # a row with two of its keys is a row of the table that lacks the rest, not a heading or a remark
    keys = pl.sum_horizontal(
        [
            pl.any_horizontal(
                [pl.col(n).is_not_null() for n in choice if n in known] or [pl.lit(False)]
            ).cast(pl.Int32)
            for choice in required
        ]
    )
    behind = pl.col("_at") > (last if isinstance(last, int) else -1)
    why = open_rows.with_columns(filled.to_series().alias("_filled")).select(
        pl.when(no_text & any_figure & pl.col("_bad").is_null() & behind)
        .then(pl.lit("total"))
        .when(~any_figure & pl.col("_bad").is_null() & (pl.col("_filled") <= 2) & (keys < 2))
        .then(pl.when(behind).then(pl.lit("title")).otherwise(pl.lit("group")))
        .otherwise(pl.lit("refused:"))
        .alias("_why")
    )["_why"]
    return typed.with_columns(typed["_why"].scatter(at, why).alias("_why"))
