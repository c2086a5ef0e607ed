"""Which policy, service level, review period and lead time each cell gets: the most specific rule given counts."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from stockturn.config.reorder import ReorderSettings, Rule

RULE = {
    "policy": pl.String,
    "service_level": pl.Float64,
    "target": pl.String,
    "review_days": pl.Float64,
    "lead_time_days": pl.Float64,
    "lead_time_sd": pl.Float64,
}
PAIR = "class_pair"
NO_XYZ = "Y"
"""Goods with an ABC class and too few buckets for XYZ are served like the middle of their class."""


def with_policy(cells: pl.LazyFrame, settings: ReorderSettings) -> pl.LazyFrame:
    """Adds policy, service_level, target, review_days; replaces lead_time_days and lead_time_sd where a rule does.

    ``cells`` has sku, category, core, abc, xyz, vmi, supplier_review_days, lead_time_days, lead_time_sd,
    lead_time_source. Order of precedence: sku, category, class (``AX`` before ``A``), supplier, default. The one
    service level of a run (``service_level``) goes before all of them; the core pool never gets less than its own.
    """
    letters = pl.col("abc") + pl.col("xyz").fill_null(NO_XYZ)
    ruled = cells.with_columns(letters.alias(PAIR))
    given = {
        "sku": settings.skus,
        "category": settings.categories,
        PAIR: settings.classes,
        "abc": settings.classes,
    }
    keys = [key for key, rules in given.items() if rules]
    for key in keys:
        ruled = ruled.join(_rules(given[key], key), on=key, how="left")

    def by_rule(name: str, *otherwise: pl.Expr) -> pl.Expr:
        return pl.coalesce(*(pl.col(f"{name}_by_{key}") for key in keys), *otherwise)

    length = by_rule("lead_time_days", pl.lit(None, pl.Float64))
    chosen = {
        "policy": by_rule(
            "policy", pl.when(pl.col("vmi").fill_null(False)).then(pl.lit("vmi")), pl.lit(settings.policy)
        ),
        "service_level": pl.coalesce(
            pl.lit(settings.service_level, pl.Float64), by_rule("service_level", _by_class(settings))
        ),
        "target": by_rule("target", pl.lit(settings.target)),
        "review_days": by_rule(
            "review_days",
            pl.col("supplier_review_days").clip(lower_bound=0.0),
            pl.lit(float(settings.review_days)),
        ),
        "lead_time_source": pl.when(length.is_not_null()).then(pl.lit("rule")).otherwise("lead_time_source"),
        "lead_time_days": pl.coalesce(length, "lead_time_days"),
        "lead_time_sd": by_rule("lead_time_sd", pl.col("lead_time_sd")),
    }
    keep = [name for name in cells.collect_schema().names() if name not in chosen]
    return ruled.select(*keep, **chosen)


def served_at(cells: pl.DataFrame, level: float | None) -> pl.DataFrame:
    """Cells that have their policy, with the one service level of a run (None: as they are)."""
    return cells if level is None else cells.with_columns(service_level=pl.lit(float(level)))


def _by_class(settings: ReorderSettings) -> pl.Expr:
    """Service level of the class, at least that of the core pool for goods in it."""
    by_class = pl.col(PAIR).replace_strict(settings.service_levels, default=None, return_dtype=pl.Float64)
    floor = pl.when(pl.col("core").fill_null(False)).then(settings.core_service_level)
    return pl.max_horizontal(by_class.fill_null(settings.default_service_level), floor)


def _rules(rules: Mapping[str, Rule], key: str) -> pl.LazyFrame:
    rows = [{key: name, **rule.model_dump()} for name, rule in rules.items()]
    return pl.LazyFrame(rows, schema={key: pl.String, **RULE}).rename(
        {name: f"{name}_by_{key}" for name in RULE}
    )
