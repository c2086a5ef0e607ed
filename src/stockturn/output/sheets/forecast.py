"""The sheet Forecast: whether it is worth following, what will sell, and how wrong it has been item by item."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from stockturn.i18n import note_text
from stockturn.model import Block, Chart, Note, Sheet, Supply
from stockturn.output.sheets.context import Context, capped, for_people, known, pick
from stockturn.schema import Unit

ACCURACY = ("wape", "bias", "fva", "sum_wape", "sum_fva", "mase", "periods")
"""How wrong past forecasts were, what people ask for first."""

SHORT_ACCURACY = ("wape", "bias", "fva", "periods")
_LIGHTS = {"fva": (0.0, 0.0), "sum_fva": (0.0, 0.0)}
"""Better than the moving average or not: there is nothing in between."""

_FAN = ("qty_adjusted", "mean", "q80", "q95")
_OF_BUCKETS = ("erratic", "intermittent", "lumpy", "smooth")


class _Ahead(NamedTuple):
    """The forecast beside its past, one row per sku: names of the columns of past and coming periods."""

    frame: pl.DataFrame
    past: tuple[str, ...]
    coming: tuple[str, ...]


def build(context: Context) -> Sheet | None:
    """Verdict, accuracy by group, categories, one row per item, and the items worth most as charts."""
    supply = context.analysis.supply
    if supply is None or supply.forecast.height == 0:
        return None
    ahead = _ahead(context, supply)
    blocks = [
        _categories(context, ahead),
        _groups(context, supply),
        _list(context, supply, ahead),
        _fans(context, supply, ahead),
    ]
    return Sheet(
        "forecast",
        context.say("sheet_forecast"),
        tuple(block for block in blocks if block is not None),
        notes=(*(_said(context, note) for note in supply.notes), context.say("forecast_note")),
    )


def _said(context: Context, note: Note) -> str:
    """A sentence of the engine; the groups it names are codes there and words here."""
    params = dict(note.params)
    if isinstance(groups := params.get("groups"), str):
        words = [context.say.code("pattern", code) for code in groups.split(", ")]
        params["groups"] = context.say("list_comma").join(words)
    return note_text(note.key, params, context.lang)


def _ahead(context: Context, supply: Supply) -> _Ahead:
    """Sold and forecast period by period, side by side; the forecast of the whole horizon in units and at cost."""
    shown = context.settings.report.list_periods
    sold = _last(_named(context, supply.demand), shown)
    mean = _named(context, supply.forecast)
    past, coming = _periods(sold), _periods(mean)
    whole = mean.group_by("sku", maintain_order=True).agg(pl.col("mean").sum().alias("forecast_qty"))
    cost = supply.reorder.group_by("sku", maintain_order=True).agg(pl.col("unit_cost").mean())
    frame = whole.join(cost, on="sku", how="left", maintain_order="left").with_columns(
        forecast_value=pl.col("forecast_qty") * pl.col("unit_cost")
    )
    for part, measure, periods in ((sold, "qty", past), (mean, "mean", coming[:shown])):
        wide = (
            part.filter(pl.col("period").is_in(periods))
            .group_by("sku")
            .agg(
                pl.col(measure).filter(pl.col("period") == period).sum().alias(_column(measure, period))
                for period in periods
            )
        )
        frame = frame.join(wide, on="sku", how="left", maintain_order="left")
    named = context.with_names(frame).sort(
        "forecast_value", "forecast_qty", descending=True, nulls_last=True, maintain_order=True
    )
    return _Ahead(named, _columns("qty", past), _columns("mean", coming[:shown]))


def _named(context: Context, frame: pl.DataFrame) -> pl.DataFrame:
    """Periods as people write them: months as 2024-03, weeks and days by their first day."""
    months = context.settings.forecast.bucket == "month"
    return frame.with_columns(pl.col("period").dt.strftime("%Y-%m" if months else "%Y-%m-%d"))


def _periods(frame: pl.DataFrame) -> list[str]:
    return sorted(frame["period"].unique().to_list())


def _last(frame: pl.DataFrame, count: int) -> pl.DataFrame:
    """The rows of the newest ``count`` periods."""
    newest = _periods(frame)[-count:]
    return frame.filter(pl.col("period").is_in(newest))


def _column(measure: str, period: str) -> str:
    return f"{measure}_{period}"


def _columns(measure: str, periods: list[str]) -> tuple[str, ...]:
    return tuple(_column(measure, period) for period in periods)


def _looks(context: Context, ahead: _Ahead) -> tuple[dict[str, str], dict[str, Unit]]:
    """Labels and units of columns that exist only on this sheet."""
    say = context.say
    labels = {name: say("sold_in", period=name.removeprefix("qty_")) for name in ahead.past}
    labels |= {name: say("forecast_in", period=name.removeprefix("mean_")) for name in ahead.coming}
    labels |= {
        "forecast_qty": say("forecast_qty", n=context.settings.forecast.horizon),
        "forecast_value": say("forecast_value"),
        "forecast_change": say("forecast_change"),
    }
    units = {**dict.fromkeys((*ahead.past, *ahead.coming, "forecast_qty"), Unit.QTY)}
    return labels, {**units, "forecast_value": Unit.MONEY, "forecast_change": Unit.CHANGE}


def _categories(context: Context, ahead: _Ahead) -> Block | None:
    """The same by category, in units; the change compares as many periods ahead as behind."""
    if "category" not in ahead.frame.columns:
        return None
    names = (*ahead.past, *ahead.coming, "forecast_qty", "forecast_value")
    frame = ahead.frame.with_columns(pl.col("category").fill_null(context.say.word("none")))
    sums = frame.group_by("category", maintain_order=True).agg(_sum(name) for name in names)
    total = frame.select(_sum(name) for name in names)
    if len(ahead.past) == len(ahead.coming):
        change = _ratio(pl.sum_horizontal(ahead.coming), pl.sum_horizontal(ahead.past)).alias(
            "forecast_change"
        )
        sums, total = sums.with_columns(change), total.with_columns(change)
    sums = sums.sort("forecast_value", "forecast_qty", descending=True, nulls_last=True, maintain_order=True)
    short, omitted = capped(sums, context.settings.report.dimension_rows)
    short, empty = known(_rounded(short), "category")
    labels, units = _looks(context, ahead)
    return Block(
        context.say("block_forecast_categories"),
        short,
        "forecast_categories",
        total={"category": context.say.word("total"), **_rounded(total.drop(empty)).row(0, named=True)},
        bars=("forecast_value",),
        labels=labels,
        units=units,
        omitted=omitted,
    )


def _sum(name: str) -> pl.Expr:
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name)


def _ratio(above: pl.Expr, below: pl.Expr) -> pl.Expr:
    return pl.when(below > 0).then(above / below - 1)


def _rounded(frame: pl.DataFrame) -> pl.DataFrame:
    """Forecasts in whole units where a reader sees them: parts of a unit are not what is known about the future."""
    names = [name for name in frame.columns if name.startswith("mean_") or name == "forecast_qty"]
    return frame.with_columns(pl.col(names).round(0))


def _groups(context: Context, supply: Supply) -> Block | None:
    """How wrong past forecasts were, in all, by pattern of demand and by model."""
    say, totals = context.say, supply.totals
    if totals.height == 0:
        return None
    models = totals.filter(pl.col("scope") == "model")["value_text"].unique().to_list()
    words = {code: say.code("pattern", code) for code in _OF_BUCKETS}
    words |= {code: say.code("model", code) for code in models} | {"total": say.word("total")}
    scopes = {"total": say.word("total"), "pattern": say.label("pattern"), "model": say.label("model")}
    frame = pick(totals, "scope", "value_text", "skus", *ACCURACY).with_columns(
        pl.col("scope").replace(scopes), pl.col("value_text").replace(words)
    )
    frame, _ = known(frame, "scope", "value_text")
    return Block(
        say("block_accuracy"),
        frame,
        "forecast_accuracy",
        notes=(say("accuracy_note"),),
        labels={"value_text": say("group")},
        lights=_LIGHTS,
    )


def _list(context: Context, supply: Supply, ahead: _Ahead) -> Block:
    """One row per item: sold, expected, the limit for safety, the model, and how wrong it was before."""
    mean = supply.forecast.group_by("sku").agg(
        pl.col("q95").first(), pl.col("model", "pattern", "reason_code").first()
    )
    scores = pick(supply.accuracy, "sku", *SHORT_ACCURACY)
    frame = ahead.frame.join(mean, on="sku", how="left", maintain_order="left").join(
        scores, on="sku", how="left", maintain_order="left"
    )
    order = ("sku", "name", "category", "pattern", *ahead.past, *ahead.coming, "q95", "forecast_qty")
    frame = pick(frame, *order, "forecast_value", "model", *SHORT_ACCURACY, "reason_code")
    listed, omitted = capped(
        _rounded(frame).with_columns(pl.col("q95").round(0)), context.settings.report.detail_rows
    )
    listed, _ = known(listed, "sku")
    drawn = tuple(name for name in (*ahead.past, *ahead.coming) if name in listed.columns)
    place = listed.columns.index(drawn[0])
    empty = pl.lit(None, pl.String).alias("course")
    listed = listed.select(*listed.columns[:place], empty, *listed.columns[place:])
    labels, units = _looks(context, ahead)
    return Block(
        context.say("block_forecast_items"),
        for_people(listed, context),
        "forecast_items",
        labels={
            **labels,
            "q95": context.say("limit_next"),
            "reason_code": context.say("remark"),
            "course": context.say("course"),
        },
        units={**units, "course": Unit.TEXT},
        sparks={"course": drawn},
        bars=("forecast_value",),
        scales=("wape",),
        lights=_LIGHTS,
        detail=True,
        omitted=omitted,
    )


def _fans(context: Context, supply: Supply, ahead: _Ahead) -> Block | None:
    """Past and forecast of the items worth most, one chart each, over one table."""
    report, say = context.settings.report, context.say
    top = ahead.frame.filter(pl.col("forecast_qty") > 0).head(report.chart_skus)
    if top.height == 0:
        return None
    skus = pl.DataFrame({"sku": top["sku"], "place": range(top.height)})
    past = _last(_named(context, supply.demand), report.chart_periods).select("sku", "period", "qty_adjusted")
    mean = _named(context, supply.forecast).select("sku", "period", *_FAN[1:])
    rows = pl.concat([past, mean], how="diagonal").join(skus, on="sku")
    rows = context.with_names(rows.sort("place", "period"))
    counts = rows.group_by("place").len().sort("place")["len"].to_list()
    names = top["name"].to_list() if "name" in top.columns else [None] * top.height
    charts, first = [], 0
    for sku, name, count in zip(top["sku"].to_list(), names, counts, strict=True):
        title = say("chart_forecast", item=context.item(sku, name))
        charts.append(Chart("lines", title, "period", _FAN, rows=count, first=first))
        first += count
    return Block(
        say("block_forecast_charts"),
        pick(rows, "sku", "name", "period", *_FAN).with_columns(pl.col(_FAN).round(0)),
        "forecast_charts",
        charts=tuple(charts),
        aside=True,
        labels={"q80": say("limit", share="80 %"), "q95": say("limit", share="95 %")},
    )
