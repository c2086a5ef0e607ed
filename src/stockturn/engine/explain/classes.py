"""ABC, XYZ, demand pattern and FSN of the skus, with what the whole assortment is worth."""

from __future__ import annotations

import polars as pl

from stockturn.config import Settings
from stockturn.engine.classify import MONEY_DECIMALS, moving, shape_terms
from stockturn.engine.demand import Demand, series_of
from stockturn.engine.explain.registry import CELL, About, Area, Behind, Figure
from stockturn.engine.expr import ratio
from stockturn.schema import Unit

_ABC = {
    "none": "value ≤ 0",
    "A": "share_before < cut_a",
    "B": "share_before ≥ cut_a, share_before < cut_b",
    "C": "share_before ≥ cut_b",
}
_XYZ = {"X": "cv ≤ cut_x", "Y": "cv > cut_x, cv ≤ cut_y", "Z": "cv > cut_y"}
_PATTERN = {
    "smooth": "adi < cut_adi, cv2 < cut_cv2",
    "erratic": "adi < cut_adi, cv2 ≥ cut_cv2",
    "intermittent": "adi ≥ cut_adi, cv2 < cut_cv2",
    "lumpy": "adi ≥ cut_adi, cv2 ≥ cut_cv2",
}
_FSN = {
    "F": "days_with_demand ≥ fast_share × days_on_sale",
    "S": "days_with_demand > 0, days_with_demand < fast_share × days_on_sale",
    "N": "days_with_demand ≤ 0",
}


def classes(about: About) -> Area:
    """The classes as ``abc`` gives them, over everything."""
    run, settings = about.run, about.settings
    by = tuple(name for name in CELL if name in run.classes.columns)
    demand = Demand.of(run.entries, settings)
    mine = pl.col("sku").is_in(about.skus)
    shape = shape_terms(series_of(demand, settings.abc.bucket, by).filter(mine), by).drop("demand_buckets")
    days = moving(demand, settings, run.period, by).filter(mine).select(*by, "days_on_sale")
    frame = (
        about.of(_ranked(run.classes, settings))
        .lazy()
        .join(shape, on=by, how="left")
        .join(days, on=by, how="left")
        .with_columns(_cuts(settings))
        .collect()
    )
    if "warehouse" not in by:
        frame = frame.with_columns(warehouse=pl.lit(None, pl.String))
    return Area("classes", frame, _figures(about.demanded), (Behind("movements"),), "abc")


def _figures(buckets: tuple[Behind, ...]) -> tuple[Figure, ...]:
    """The figures; ``buckets`` are the rows that those of the demand series rest on."""
    return (
        Figure("value", missing="no_cost"),
        Figure("value_basis"),
        Figure("share", {"worth": "value / total_value", "none": ""}, by="worth"),
        Figure("cum_share", {"some": "value_reached / total_value", "": ""}, by="any_worth"),
        Figure("share_before", "part_before / part_total", unit=Unit.SHARE),
        Figure("abc", _ABC, by="abc_case"),
        Figure("previous_abc", missing="no_period"),
        Figure("demand_buckets", behind=buckets),
        Figure("cv", "sd / mean", behind=buckets, missing="few_buckets"),
        Figure("xyz", _XYZ, by="xyz", behind=buckets, missing="few_buckets"),
        Figure("adi", "demand_buckets / hits", behind=buckets, missing="no_demand"),
        Figure("cv2", "hit_var / hit_mean²", behind=buckets, missing="few_hits"),
        Figure("pattern", _PATTERN, by="pattern", behind=buckets, missing="few_hits"),
        Figure("days_with_demand"),
        Figure("fsn", _FSN, by="fsn"),
    )


def _cuts(settings: Settings) -> list[pl.Expr]:
    chosen = settings.abc
    cuts = {
        "cut_a": chosen.a,
        "cut_b": chosen.b,
        "cut_x": chosen.x,
        "cut_y": chosen.y,
        "cut_adi": chosen.adi,
        "cut_cv2": chosen.cv2,
        "fast_share": chosen.fast_share,
    }
    return [pl.lit(float(value)).alias(name) for name, value in cuts.items()]


def _ranked(found: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """The frame of ``abc``, which stands in the order of its ranks, with the sums that shares are made of: total_value,
    value_reached, part_before (before the first of equal values) and part_total, by value or by number of items."""
    within = settings.abc.within
    group = pl.lit("all") if within == "company" else pl.col(within)
    part = pl.col("value").fill_null(0.0).clip(lower_bound=0.0)
    counted = part if settings.abc.cut == "value" else (part > 0).cast(pl.Float64)
    return (
        found.with_columns(group=group, part=part, counted=counted, tie=pl.col("value").round(MONEY_DECIMALS))
        .with_columns(
            total_value=pl.col("part").sum().over("group"),
            value_reached=pl.col("part").cum_sum().over("group"),
            part_total=pl.col("counted").sum().over("group"),
            before=pl.col("counted").cum_sum().over("group") - pl.col("counted"),
        )
        .with_columns(part_before=pl.col("before").min().over("group", "tie"))
        .with_columns(
            share_before=ratio("part_before", "part_total"),
            worth=pl.when(pl.col("part") > 0).then(pl.lit("worth")).otherwise(pl.lit("none")),
            any_worth=pl.when(pl.col("total_value") > 0).then(pl.lit("some")).otherwise(pl.lit("")),
            abc_case=pl.when(pl.col("part") > 0).then("abc").otherwise(pl.lit("none")),
        )
        .drop("group", "part", "counted", "tie", "before")
    )
