"""Classes of goods: ABC by what they are worth, XYZ and pattern by how demand comes, FSN by how often."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.config import Settings
from stockturn.config.classes import AbcSettings
from stockturn.engine.demand import Demand, left_out, series_of
from stockturn.engine.entries import Entries
from stockturn.engine.expr import ratio, reaches
from stockturn.model import Note, Period

MEASURES = {"cogs": "cogs", "revenue": "revenue", "margin": "gross_margin", "units": "units"}
"""What ``abc.by`` may name, and the column of the values frame that holds it."""

INSTEAD = ("revenue", "units")
"""Ranked instead, in this order, where the ledger does not know what was asked for."""

SHAPE_DECIMALS = 12
"""Statistics are rounded here: the digits beyond depend on the order in which buckets are added."""

MONEY_DECIMALS = 6
"""Values are compared after this rounding, so that two equal sums in another order are a tie."""


def abc(
    entries: Entries,
    values: pl.LazyFrame,
    settings: Settings,
    period: Period,
    previous: pl.LazyFrame | None = None,
) -> pl.LazyFrame:
    """One row per sku (per sku and warehouse with ``grain`` or ``within`` set so), the most valuable first.

    ``values``: sku (and warehouse), with any of cogs, revenue, gross_margin, units of the period;
    ``previous``: the same of the period before, for ``previous_abc`` (null without it, and for new goods).
    Columns out: (warehouse), sku, name, category, value, share, cum_share, abc, cv, xyz, adi, cv2, pattern, fsn,
    previous_abc, value_basis, demand_buckets, days_with_demand.
    """
    chosen = settings.abc
    by = _grain(chosen)
    ranked = with_abc(_at_grain(values, entries, chosen), chosen)
    before = (
        with_abc(_at_grain(previous, entries, chosen), chosen).select(
            *by, pl.col("abc").alias("previous_abc")
        )
        if previous is not None
        else ranked.select(*by, pl.lit(None, pl.String).alias("previous_abc"))
    )
    demand = Demand.of(entries, settings)
    shape = with_shape(series_of(demand, chosen.bucket, by), chosen, by)
    names = entries.items.select("sku", "name")
    return (
        ranked.join(names, on="sku", how="left")
        .join(shape, on=by, how="left")
        .join(moving(demand, settings, period, by).drop("days_on_sale"), on=by, how="left")
        .join(before, on=by, how="left")
        .sort(*([chosen.within] if chosen.within != "company" else []), "rank")
        .select(
            *by[1:], "sku", "name", "category", "value", "share", "cum_share", "abc", "cv", "xyz", "adi", "cv2",
            "pattern", pl.col("fsn").fill_null("N"), "previous_abc", "value_basis",
            pl.col("demand_buckets").fill_null(0), pl.col("days_with_demand").fill_null(0),
        )
    )  # fmt: skip


def with_abc(values: pl.LazyFrame, settings: AbcSettings) -> pl.LazyFrame:
    """Adds value, value_basis, share, cum_share, abc and rank.

    share = value / sum of positive values of the group; A while the cumulative share *before* the item is below
    ``a``, B while it is below ``b``, else C, so that one item with 96 % of the value is A. Equal values share the
    class of the first of them; sku decides their order on the page only. A value of 0 or less, or unknown, has
    share 0 and class C. ``cum_share`` includes the item. With ``cut = "items"`` the share before the item is
    that of the number of items that have a positive value.

    Values 60, 25, 10, 5: before the items stand 0, 60, 85, 95 % -> A, A, B, C.
    """
    group = pl.lit("all") if settings.within == "company" else pl.col(settings.within)
    keys = ["group", "tie", *_grain(settings)]
    ordered = (
        _with_value(values, settings)
        .with_columns(group=group, tie=pl.col("value").round(MONEY_DECIMALS))
        .sort(keys, descending=[key == "tie" for key in keys], nulls_last=True)
        .with_columns(part=pl.col("tie").fill_null(0.0).clip(lower_bound=0.0))
        .with_columns(counted=(pl.col("part") > 0).cast(pl.Float64))
    )
    measure = "part" if settings.cut == "value" else "counted"
    sums = ordered.with_columns(
        rank=pl.int_range(pl.len()).over("group"),
        reached=pl.col("part").cum_sum().over("group"),
        whole=pl.col(measure).sum().over("group"),
        before=pl.col(measure).cum_sum().over("group") - pl.col(measure),
    ).with_columns(
        total=pl.col("reached").max().over("group"), before=pl.col("before").min().over("group", "tie")
    )
    letter = (
        pl.when(pl.col("part") <= 0).then(pl.lit("C"))
        .when(~reaches("before", "whole", settings.a)).then(pl.lit("A"))
        .when(~reaches("before", "whole", settings.b)).then(pl.lit("B"))
        .otherwise(pl.lit("C"))
    )  # fmt: skip
    all_of_it = (pl.col("total") > 0).cast(pl.Float64)  # dividing a total by itself can miss 1 by a hair
    return sums.with_columns(
        share=ratio("part", "total").fill_null(0.0),
        cum_share=pl.when(pl.col("reached") < pl.col("total"))
        .then(ratio("reached", "total"))
        .otherwise(all_of_it),
        abc=letter,
    ).drop("group", "part", "tie", "counted", "total", "reached", "whole", "before")


def with_shape(series: pl.LazyFrame, settings: AbcSettings, by: tuple[str, ...]) -> pl.LazyFrame:
    """How demand comes, one row per ``by``: demand_buckets, cv, xyz, adi, cv2, pattern.

    cv = standard deviation (ddof 1) / mean over all buckets, zeros included; null below ``min_buckets`` or without
    demand. adi = buckets / buckets with demand. cv2 = squared cv (ddof 1) of the buckets with demand, null below two
    of them. Demand 0 4 0 8: mean 3, sd 3.83, cv 1.28 (Z); adi 2; cv2 of (4, 8) = 8 / 36 = 0.22 (intermittent).
    """
    return with_shape_of(shape_terms(series, by), settings).select(
        *by, "demand_buckets", "cv", "xyz", "adi", "cv2", "pattern"
    )


def shape_terms(series: pl.LazyFrame, by: tuple[str, ...]) -> pl.LazyFrame:
    """What the shape of demand is worked out from: demand_buckets, mean and sd of all buckets; hits, hit_mean and
    hit_var of those with demand."""
    sold = pl.col("qty").filter(pl.col("qty") > 0)
    return series.group_by(by).agg(
        pl.len().alias("demand_buckets"),
        pl.col("qty").mean().alias("mean"),
        pl.col("qty").std(ddof=1).alias("sd"),
        sold.len().alias("hits"),
        sold.mean().alias("hit_mean"),
        sold.var(ddof=1).alias("hit_var"),
    )


def with_shape_of(terms: pl.LazyFrame, settings: AbcSettings) -> pl.LazyFrame:
    """Adds cv, adi, cv2, xyz and pattern to the terms."""
    cv = pl.when(pl.col("demand_buckets") >= settings.min_buckets).then(ratio("sd", "mean"))
    return (
        terms.with_columns(
            cv=cv,
            adi=ratio("demand_buckets", "hits"),
            cv2=pl.when(pl.col("hits") >= 2).then(ratio("hit_var", pl.col("hit_mean") ** 2)),
        )
        .with_columns(pl.col("cv", "adi", "cv2").round(SHAPE_DECIMALS))
        .with_columns(xyz=xyz_of(settings), pattern=pattern_of(settings))
    )


def xyz_of(settings: AbcSettings) -> pl.Expr:
    """X up to ``x``, Y up to ``y``, else Z, by the column cv; null where cv is null."""
    cv = pl.col("cv")
    return (
        pl.when(cv <= settings.x).then(pl.lit("X"))
        .when(cv <= settings.y).then(pl.lit("Y"))
        .when(cv.is_not_null()).then(pl.lit("Z"))
    )  # fmt: skip


def pattern_of(settings: AbcSettings) -> pl.Expr:
    """Demand pattern by the columns adi and cv2, both cuts strict; null where either is null.

    Source: Syntetos, Boylan & Croston 2005, JORS 56:495-503, cuts 1.32 and 0.49.
    """
    often, even = pl.col("adi") < settings.adi, pl.col("cv2") < settings.cv2
    known = pl.col("adi").is_not_null() & pl.col("cv2").is_not_null()
    return (
        pl.when(known & often & even).then(pl.lit("smooth"))
        .when(known & often).then(pl.lit("erratic"))
        .when(known & even).then(pl.lit("intermittent"))
        .when(known).then(pl.lit("lumpy"))
    )  # fmt: skip


def abc_notes(classes: pl.DataFrame, settings: Settings, as_of: date) -> tuple[Note, ...]:
    """The conventions in force, and what could not be done as asked, from the finished frame of :func:`abc`."""
    chosen = settings.abc
    notes = [
        Note(f"classes.abc_rule_{chosen.cut}", {"a": _percent(chosen.a), "b": _percent(chosen.b)}),
        Note("classes.xyz_rule", {"x": chosen.x, "y": chosen.y, "buckets": chosen.min_buckets}),
        Note("classes.pattern_rule", {"adi": chosen.adi, "cv2": chosen.cv2}),
        Note("classes.fsn_rule", {"share": _percent(chosen.fast_share)}),
    ]
    incomplete = left_out(as_of, chosen.bucket)
    if incomplete is not None:
        notes.append(Note("classes.bucket_left_out", {"start": incomplete, "as_of": as_of}))
    used = classes["value_basis"].drop_nulls().unique().to_list()
    if used and used != [chosen.by]:
        notes.append(Note("classes.value_fallback", {"wanted": chosen.by, "used": used[0]}, "warning"))
    unknown = classes["value"].null_count()
    if unknown:
        notes.append(Note("classes.value_unknown", {"n": unknown, "by": used[0]}, "warning"))
    return tuple(notes)


def _percent(share: float) -> str:
    return f"{share * 100:g}"


def _grain(settings: AbcSettings) -> tuple[str, ...]:
    by_warehouse = "warehouse" in (settings.grain.removeprefix("sku_"), settings.within)
    return ("sku", "warehouse") if by_warehouse else ("sku",)


def _at_grain(values: pl.LazyFrame, entries: Entries, settings: AbcSettings) -> pl.LazyFrame:
    """The measures summed to one row per class member, null where nothing of a measure is known; and its category."""
    have = [name for name in MEASURES.values() if name in values.collect_schema().names()]
    by = _grain(settings)
    sums = values.group_by(by).agg(
        pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name) for name in have
    )
    absent = [pl.lit(None, pl.Float64).alias(name) for name in MEASURES.values() if name not in have]
    return sums.with_columns(absent).join(entries.items.select("sku", "category"), on="sku", how="left")


def _with_value(values: pl.LazyFrame, settings: AbcSettings) -> pl.LazyFrame:
    """Adds value and value_basis: what was asked for, or the next measure that the ledger knows anything of."""
    value, basis = pl.col(MEASURES[settings.by]), pl.lit(settings.by)
    for name in reversed([settings.by, *INSTEAD]):
        column = pl.col(MEASURES[name])
        known = (column.is_not_null() & (column != 0)).any()
        value = pl.when(known).then(column).otherwise(value)
        basis = pl.when(known).then(pl.lit(name)).otherwise(basis)
    return values.with_columns(value=value, value_basis=basis)


def moving(demand: Demand, settings: Settings, period: Period, by: tuple[str, ...]) -> pl.LazyFrame:
    """FSN: days_with_demand in the period, days_on_sale in it, and F, S or N by the share of the one in the other."""
    sold = (
        demand.days.filter(pl.col("date").is_between(period.start, period.end) & (pl.col("qty") > 0))
        .group_by(by)
        .agg(pl.col("date").n_unique().alias("days_with_demand"))
    )
    since = pl.max_horizontal(pl.col("first_active").min(), pl.lit(period.start))
    alive = demand.active.group_by(by).agg(
        ((pl.lit(period.end) - since).dt.total_days() + 1).alias("days_on_sale")
    )
    hits = pl.col("days_with_demand")
    return (
        alive.join(sold, on=by, how="left")
        .with_columns(hits.fill_null(0))
        .select(
            *by,
            "days_with_demand",
            "days_on_sale",
            pl.when(hits == 0).then(pl.lit("N"))
            .when(reaches(hits, "days_on_sale", settings.abc.fast_share)).then(pl.lit("F"))
            .otherwise(pl.lit("S"))
            .alias("fsn"),
        )
    )  # fmt: skip
