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
NO_XYZ = "Y"
"""Goods with an ABC class and too few buckets for XYZ are served like the middle of their class."""


def with_policy(cells: pl.LazyFrame, settings: ReorderSettings) -> pl.LazyFrame:
    """Adds policy, service_level, target, review_days; replaces lead_time_days and lead_time_sd where a rule does.

    ``cells`` has sku, category, core, abc, xyz, vmi, supplier_review_days, lead_time_days, lead_time_sd,
    lead_time_source. Order of precedence: sku, category, class (``AX`` before ``A``), supplier, default. The one
    service level of a run (``service_level``) goes before all of them; the core pool never gets less than its own.
    """
    letters = pl.col("abc") + pl.col("xyz").fill_null(NO_XYZ)
    ruled = cells.with_columns(class_pair=letters)
    for key, rules in (
        ("sku", settings.skus), ("category", settings.categories),
        ("class_pair", settings.classes), ("abc", settings.classes),
    ):  # fmt: skip
        ruled = ruled.join(_rules(rules, key), on=key, how="left")
    by_class = pl.col("class_pair").replace_strict(
        settings.service_levels, default=None, return_dtype=pl.Float64
    )
    floor = pl.when(pl.col("core").fill_null(False)).then(settings.core_service_level)
    level = pl.max_horizontal(by_class.fill_null(settings.default_service_level), floor)
    chosen = {
        "policy": pl.coalesce(
            _ruled("policy"),
            pl.when(pl.col("vmi").fill_null(False)).then(pl.lit("vmi")),
            pl.lit(settings.policy),
        ),
        "service_level": pl.coalesce(
            pl.lit(settings.service_level, pl.Float64), _ruled("service_level"), level
        ),
        "target": pl.coalesce(_ruled("target"), pl.lit(settings.target)),
        "review_days": pl.coalesce(
            _ruled("review_days"),
            pl.col("supplier_review_days").clip(lower_bound=0.0),
            pl.lit(float(settings.review_days)),
        ),
        "lead_time_source": pl.when(_ruled("lead_time_days").is_not_null())
        .then(pl.lit("rule"))
        .otherwise("lead_time_source"),
        "lead_time_days": pl.coalesce(_ruled("lead_time_days"), "lead_time_days"),
        "lead_time_sd": pl.coalesce(_ruled("lead_time_sd"), "lead_time_sd"),
    }
    keep = [name for name in cells.collect_schema().names() if name not in chosen]
    return ruled.select(*keep, **chosen)


def _rules(rules: Mapping[str, Rule], key: str) -> pl.LazyFrame:
    rows = [{key: name, **rule.model_dump()} for name, rule in rules.items()]
    return pl.LazyFrame(rows, schema={key: pl.String, **RULE}).rename(
        {name: f"{name}_by_{key}" for name in RULE}
    )


def _ruled(name: str) -> pl.Expr:
    return pl.coalesce(f"{name}_by_{key}" for key in ("sku", "category", "class_pair", "abc"))
