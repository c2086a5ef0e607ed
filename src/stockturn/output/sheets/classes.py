"""The sheet ABC-XYZ: which few items make the value, how steady they are, and who changed class."""

from __future__ import annotations

import polars as pl

from stockturn.model import Block, Chart, Sheet
from stockturn.output.sheets.context import Context, capped, for_people, known, pick, sorted_by
from stockturn.schema import Unit

LIST = (
    "warehouse",
    "sku",
    "name",
    "category",
    "value",
    "share",
    "cum_share",
    "abc",
    "previous_abc",
    "xyz",
    "cv",
    "pattern",
    "adi",
    "cv2",
    "fsn",
)
BANDS = 20
"""Points of the Pareto chart: more would not be seen, and 30,000 items must fit as well as 30."""

UNKNOWN = "–"


def build(context: Context) -> Sheet:
    """Heat maps of count and value, Pareto, changes of class, and the whole list."""
    say = context.say
    frame = context.with_names(context.analysis.abc)
    blocks: list[Block] = []
    if frame.height:
        blocks = [
            _matrix(context, frame, "matrix_skus", say("block_matrix_skus"), pl.len(), Unit.COUNT),
            _matrix(
                context, frame, "matrix_value", say("block_matrix_value"), pl.col("value").sum(), Unit.MONEY
            ),
            _summary(context, frame),
            *_moves(context, frame),
            _pareto(context, frame),
            _list(context, frame),
        ]
    cuts = context.settings.abc
    note = say(
        "classes_note",
        by=say.code("value_basis", _basis(context)),
        a=f"{cuts.a:.0%}",
        b=f"{cuts.b:.0%}",
        x=f"{cuts.x:g}",
        y=f"{cuts.y:g}",
    )
    return Sheet("classes", say("sheet_classes"), tuple(blocks), notes=(note,))


def _basis(context: Context) -> str:
    """What was really ranked: the ledger may not know what was asked for."""
    frame = context.analysis.abc
    used = (
        frame["value_basis"].drop_nulls()
        if "value_basis" in frame.columns
        else pl.Series([], dtype=pl.String)
    )
    return str(used[0]) if len(used) else context.settings.abc.by


def _matrix(context: Context, frame: pl.DataFrame, key: str, title: str, what: pl.Expr, unit: Unit) -> Block:
    """A, B, C down and X, Y, Z across; items without enough history in a column of their own."""
    say = context.say
    counted = (
        frame.with_columns(pl.col("xyz").fill_null(UNKNOWN))
        .group_by("abc", "xyz", maintain_order=True)
        .agg(what.alias("figure"))
        .pivot("xyz", index="abc", values="figure", on_columns=["X", "Y", "Z", UNKNOWN])
    )
    columns = [
        name
        for name in ("X", "Y", "Z", UNKNOWN)
        if name != UNKNOWN or counted[name].null_count() < counted.height
    ]
    rows = pl.DataFrame({"abc": ["A", "B", "C"]}).join(counted, on="abc", how="left", maintain_order="left")
    rows = rows.select("abc", pl.col(columns).fill_null(0)).with_columns(
        pl.sum_horizontal(columns).alias("total")
    )
    total = {name: rows[name].sum() for name in (*columns, "total")}
    notes = (say("xyz_unknown", periods=context.settings.abc.min_buckets),) if UNKNOWN in columns else ()
    return Block(
        title,
        rows,
        key,
        notes=notes,
        total={"abc": say.word("total"), **total},
        labels={**{name: name for name in columns}, "total": say.word("total")},
        units=dict.fromkeys((*columns, "total"), unit),
        heat=True,
    )


def _summary(context: Context, frame: pl.DataFrame) -> Block:
    grouped = (
        frame.group_by("abc", maintain_order=True)
        .agg(pl.len().alias("skus"), pl.col("value").sum(), pl.col("share").sum())
        .sort("abc")
    )
    stock = context.analysis.deadstock
    if "value" in stock.columns and "warehouse" not in frame.columns:
        held = stock.group_by("sku", maintain_order=True).agg(pl.col("value").sum().alias("stock_value"))
        by_class = frame.select("sku", "abc").join(held, on="sku", how="left").group_by("abc")
        grouped = grouped.join(
            by_class.agg(pl.col("stock_value").sum()), on="abc", how="left", maintain_order="left"
        )
        grouped = grouped.with_columns(_share_of("stock_value", "stock_share"))
    say = context.say
    return Block(
        say("block_classes"),
        grouped,
        "class_summary",
        bars=("share", "stock_share"),
        labels={
            "value": say("ranked_value"),
            "stock_value": say("stock_value"),
            "stock_share": say("stock_share"),
        },
        units={"stock_value": Unit.MONEY, "stock_share": Unit.SHARE},
    )


def _share_of(name: str, alias: str) -> pl.Expr:
    total = pl.col(name).sum()
    return pl.when(total > 0).then(pl.col(name) / total).alias(alias)


def _pareto(context: Context, frame: pl.DataFrame) -> Block:
    """Items in bands of equal number, largest first: how much of the value each band makes."""
    say = context.say
    ranked = frame.sort("value", descending=True, nulls_last=True).select("value", "share")
    bands = min(BANDS, ranked.height)
    banded = (
        ranked.with_row_index("rank")
        .with_columns((pl.col("rank") * bands // ranked.height).alias("band"))
        .group_by("band", maintain_order=True)
        .agg(pl.len().alias("skus"), pl.col("value").sum(), pl.col("share").sum())
        .sort("band")
        .with_columns(
            pl.col("share").cum_sum().clip(0, 1).alias("cum_share"),
            (pl.col("skus").cum_sum() / ranked.height).alias("item_share"),
        )
        .select("item_share", "skus", "value", "share", "cum_share")
    )
    banded = banded.with_columns((pl.col("item_share") * 100).round(0).cast(pl.Int64).cast(pl.String) + "%")
    chart = Chart("pareto", say("chart_pareto"), "item_share", ("value",), ("cum_share",))
    return Block(
        say("block_pareto"),
        banded,
        "pareto",
        charts=(chart,),
        labels={"item_share": say("item_share"), "value": say("ranked_value")},
        units={"item_share": Unit.TEXT},
        aside=True,
    )


def _moves(context: Context, frame: pl.DataFrame) -> list[Block]:
    """Who changed class against the period before, the largest value first."""
    if "previous_abc" not in frame.columns:
        return []
    moved = frame.filter(pl.col("previous_abc").is_not_null() & (pl.col("abc") != pl.col("previous_abc")))
    if moved.height == 0:
        return []
    columns = ("sku", "previous_abc", "abc", "value", "share", "cum_share", "name", "category", "warehouse")
    short, omitted = capped(sorted_by(pick(moved, *columns), "value"), context.settings.report.short_rows)
    say = context.say
    return [
        Block(
            say("block_moves", n=moved.height),
            short,
            "moves",
            omitted=omitted,
            labels={"value": say("ranked_value")},
        )
    ]


def _list(context: Context, frame: pl.DataFrame) -> Block:
    listed, omitted = capped(sorted_by(pick(frame, *LIST), "value"), context.settings.report.detail_rows)
    listed, _ = known(listed, "sku", "abc", "xyz")
    return Block(
        context.say("block_class_items"),
        for_people(listed, context),
        "class_items",
        bars=("value",),
        scales=("cv",),
        marks={"abc": {"A": "good", "C": "info"}, "xyz": {"Z": "warning"}},
        labels={"value": context.say("ranked_value")},
        detail=True,
        omitted=omitted,
    )
