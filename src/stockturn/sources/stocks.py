"""Stock lists to stock points, and 收发存 summaries to two stock points and the movements of a period."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.sources.body import Body
from stockturn.sources.captions import Vocabulary
from stockturn.sources.grid import ROW
from stockturn.sources.kinds import DIRECTION, kind_of
from stockturn.sources.mapping import Plan
from stockturn.sources.parts import (
    Context,
    Part,
    Said,
    account,
    attributes,
    first,
    lineage,
    mostly_negative,
    number,
    refusals,
    span,
)
from stockturn.sources.places import codes_in_brackets, houses_of_places

_PLAIN = ("sku", "bin", "batch", "expiry", "received_on", "reserved")
_RED = {"purchase": "purchase_return", "sale": "sale_return"}


def stock(body: Body, plan: Plan, context: Context, words: Vocabulary) -> Part:
    """Balances at a moment. The date is the row's, else the config's, the title's or the file name's; where there is
    none it stays empty here and is settled when the whole ledger is known."""
    frame = codes_in_brackets(body.data) if "code_in_brackets" in plan.spec.options else body.data
    frame = houses_of_places(frame) if "house_of_place" in plan.spec.options else frame
    notes: list[Said] = []
    own = {"as_of", "updated_at"} & set(frame.columns)
    if context.as_of is not None and (not own or ("as_of" in own and _of_one_day(frame, context))):
        where = {"date": context.as_of, "where": context.as_of_from or ""}
        notes.append(("as_of_used", where))
    points = frame.select(
        ROW,
        _moment(frame, context).alias("as_of"),
        *(name for name in _PLAIN if name in frame.columns),
        pl.col("on_hand").fill_null(0.0).alias("on_hand"),
        first(frame, "warehouse", "warehouse_code").alias("warehouse"),
        number(frame, "value").alias("value"),
        number(frame, "unit_cost", "price").alias("unit_cost"),
        _state(frame, words).alias("stock_status"),
        _ownership(frame, words).alias("ownership"),
        pl.lit(False).alias("at_start"),
    ).with_columns(
        pl.coalesce("value", pl.col("on_hand") * pl.col("unit_cost")).alias("value"),
        pl.coalesce(
            "unit_cost", pl.when(pl.col("on_hand") != 0).then(pl.col("value") / pl.col("on_hand"))
        ).alias("unit_cost"),
    )
    return Part(
        tables={"stock": lineage(points, context)},
        account=account(points, pl.col("on_hand"), pl.col("value")),
        refused=body.refused,
        skipped=body.skipped,
        attributes=attributes(frame, context, with_supplier=True),
        dates=span(points["as_of"]),
        notes=tuple(notes),
    )


def _moment(frame: pl.DataFrame, context: Context) -> pl.Expr:
    """A column of snapshot days counts by row; a time of last update is when the list was made: its latest value."""
    if context.rule is not None and context.rule.as_of is not None:
        return pl.lit(context.rule.as_of)
    if "as_of" in frame.columns and not _of_one_day(frame, context):
        return pl.coalesce(pl.col("as_of"), pl.lit(context.as_of, pl.Date))
    if "updated_at" in frame.columns and frame["updated_at"].null_count() < len(frame):
        return pl.lit(frame["updated_at"].max())
    return pl.lit(context.as_of, pl.Date)


def _of_one_day(frame: pl.DataFrame, context: Context) -> bool:
    """Whether the title names the day of the list and the days of its rows are something else (the last delivery): they
    differ, none is later, and no item stands there twice. A history of balances has its items on every day."""
    days = frame["as_of"].drop_nulls()
    if context.as_of is None or context.as_of_from != "title" or days.n_unique() < 2:
        return False
    place = [name for name in ("sku", "warehouse", "warehouse_code", "bin", "batch") if name in frame.columns]
    latest = days.max()
    return (
        isinstance(latest, date) and latest <= context.as_of and not frame.select(place).is_duplicated().any()
    )


def _state(frame: pl.DataFrame, words: Vocabulary) -> pl.Expr:
    if "stock_status" not in frame.columns:
        return pl.lit("available")
    text = pl.col("stock_status").str.to_lowercase()
    return (
        pl.when(text.is_in(sorted(words.status["inspection"])) | text.str.contains("检|inspect"))
        .then(pl.lit("inspection"))
        .when(text.is_in(sorted(words.status["blocked"])) | text.str.contains("冻结|不良|block"))
        .then(pl.lit("blocked"))
        .otherwise(pl.lit("available"))
    )


def _ownership(frame: pl.DataFrame, words: Vocabulary) -> pl.Expr:
    if "ownership_text" not in frame.columns:
        return pl.lit("own")
    text = pl.col("ownership_text").str.to_lowercase()
    return (
        pl.when(text.is_in(sorted(words.status["consigned_in"])))
        .then(pl.lit("consigned_in"))
        .when(text.is_in(sorted(words.status["consigned_out"])))
        .then(pl.lit("consigned_out"))
        .otherwise(pl.lit("own"))
    )


def summary(body: Body, plan: Plan, context: Context, words: Vocabulary) -> Part:
    """Opening, in, out and closing of a period: a point at its start, a point at its end, and what moved between,
    dated the last day and marked ``period``. An empty cell is nothing.

    Columns by reason (采购类, 销售类) give the kinds. Where there are none the sheet does not say why goods moved:
    in is read as purchase and out as sale unless the config says otherwise (``kinds`` with in and out), and that
    is said.
    """
    frame = body.data
    if context.period is None:
        refused = pl.concat([body.refused, refusals(frame, "", "period_missing")])
        return Part({}, account(frame.clear()), refused, body.skipped)
    start, end = _days_of_rows(frame, context.period)
    place = [first(frame, "warehouse", "warehouse_code").alias("warehouse")]
    place += [pl.col(name) for name in ("batch",) if name in frame.columns]
    closing = _point(frame, "closing", end, False, place)
    points = [closing]
    if {"opening_qty", "opening_value"} & set(frame.columns):
        points.append(_point(frame, "opening", start, True, place))
    flows, notes = _flows(frame, plan, words)
    tables = {"stock": lineage(pl.concat(points), context)}
    if flows:
        moved = pl.concat([_move(frame, *flow, end, place) for flow in flows])
        moved = moved.filter((pl.col("qty") != 0) | (pl.col("cost").fill_null(0.0) != 0))
        tables["movements"] = lineage(moved, context)
    return Part(
        tables=tables,
        account=account(closing, pl.col("on_hand"), pl.col("value")),
        refused=body.refused,
        skipped=body.skipped,
        attributes=attributes(frame, context),
        dates=context.period,
        notes=tuple(notes),
    )


def _days_of_rows(frame: pl.DataFrame, period: tuple[date, date]) -> tuple[pl.Expr, pl.Expr]:
    """First and last day of each row: its own month where columns such as 会计年度 and 会计期间 name several, else the
    period of the sheet."""
    start, end = pl.lit(period[0]), pl.lit(period[1])
    if "month" not in frame.columns:
        return start, end
    written = pl.col("month").cast(pl.String)
    stated = pl.col("year").cast(pl.String) if "year" in frame.columns else written
    year = pl.coalesce(stated, written).str.extract(r"((?:19|20)\d{2})").cast(pl.Int32)
    month = written.str.extract(r"(\d{1,2})(?:\.0)?\D*$").cast(pl.Int8)
    first_day = pl.when(month.is_between(1, 12)).then(pl.date(year, month, 1))
    if frame.select(first_day.n_unique()).item() < 2:
        return start, end
    return pl.coalesce(first_day, start), pl.coalesce(first_day.dt.month_end(), end)


Flow = tuple[str, str, str]
"""Side (in, out), kind, the suffix of its columns ("" for the side as a whole)."""


def _flows(frame: pl.DataFrame, plan: Plan, words: Vocabulary) -> tuple[list[Flow], list[Said]]:
    """Which columns of a summary move goods, and as what."""
    flows: list[Flow] = []
    asked: dict[str, str] = {}
    for side, usual in (("in", "purchase"), ("out", "sale")):
        parts = [name.split("__")[1] for name in frame.columns if name.startswith(f"{side}_qty__")]
        if parts:
            for part in parts:
                kind = kind_of(part, words, plan.kinds) or _by_class(part, side)
                flows.append((side, _directed(kind, side), f"__{part}"))
        elif f"{side}_qty" in frame.columns:
            asked[side] = plan.kinds.get(side, usual)
            flows.append((side, asked[side], ""))
    chosen = {side for side in asked if side not in plan.kinds}
    if not chosen:
        return flows, []
    return flows, [("summary_kinds", {"into": asked.get("in", "-"), "out": asked.get("out", "-")})]


def _by_class(text: str, side: str) -> str:
    """采购类, 销售类, 生产类 of a three-level header."""
    for word, kinds in {
        "采购": ("purchase", "purchase_return"),
        "销售": ("sale_return", "sale"),
        "生产": ("production_in", "production_out"),
        "调拨": ("transfer_in", "transfer_out"),
    }.items():
        if word in text:
            return kinds[0 if side == "in" else 1]
    return f"other_{side}"


def _directed(kind: str, side: str) -> str:
    """A kind that fits the side: 其他 under 收入 comes in whatever its text says."""
    natural = DIRECTION.get(kind)
    if natural is None or (natural > 0) != (side == "in"):
        pairs = {"transfer": "transfer", "count": "adjustment", "assembly": "assembly"}
        return f"{pairs.get(kind, 'other')}_{side}"
    return kind


def _point(
    frame: pl.DataFrame, which: str, day: pl.Expr, at_start: bool, place: list[pl.Expr]
) -> pl.DataFrame:
    return frame.select(
        ROW,
        day.alias("as_of"),
        "sku",
        number(frame, f"{which}_qty").fill_null(0.0).alias("on_hand"),
        *place,
        number(frame, f"{which}_value").alias("value"),
        pl.lit(at_start).alias("at_start"),
    )


def _move(
    frame: pl.DataFrame, side: str, kind: str, part: str, day: pl.Expr, place: list[pl.Expr]
) -> pl.DataFrame:
    name = f"{side}_qty{part}"
    # a column of issues that is negative by itself is not turned twice
    turn = -1.0 if side == "out" and mostly_negative(frame[name]) else 1.0
    sign = (1.0 if side == "in" else -1.0) * turn
    net = frame.select(
        ROW,
        day.alias("date"),
        "sku",
        (pl.col(name).fill_null(0.0) * sign).alias("qty"),
        *place,
        (number(frame, f"{side}_value{part}") * sign).alias("cost"),
        pl.lit("period").alias("period_mark"),
    )
    against = pl.col("qty") < 0 if side == "in" else pl.col("qty") > 0
    flipped = pl.when(against).then(pl.lit(_RED.get(kind, kind))).otherwise(pl.lit(kind))
    return net.with_columns(
        pl.when(pl.col("qty") == 0).then(pl.lit("revaluation")).otherwise(flipped).alias("kind")
    )
