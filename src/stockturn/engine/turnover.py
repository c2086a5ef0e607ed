"""Turnover of any set of scopes over a period: sums first, ratios after.

    turnover(valued, entries, settings, by=("category", "warehouse"), period=period)

Columns out: the ``by`` columns; days, cells, skus; cogs, usage, flow, avg_inventory, turnover, turnover_period,
dio_days, turnover_units, opening_value, closing_value, opening_qty, closing_qty, received_qty, sold_qty,
purchases_value, adjustments_value, transfers_value, revaluation_value, other_value, revenue, gross_margin, gmroi, sell_through, stock_to_sales, stockout_rate, scrap_value,
count_loss_value, loss_rate, variance, difference_value, target, achievement, excess_capital, carrying_cost,
cost_basis, avg_basis, estimated, reason_code (why turnover is null, else null).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stockturn.config import Settings
from stockturn.engine.entries import Entries
from stockturn.engine.metrics import with_metrics
from stockturn.engine.onsale import on_sale
from stockturn.engine.periods import SPANS, span_name, stretches
from stockturn.engine.scopes import Scopes
from stockturn.engine.sums import Parts, sums
from stockturn.engine.targets import Aims, cell_targets, with_targets
from stockturn.engine.valued import ValuedDays
from stockturn.model import Period

_FIRST = (
    "turnover",
    "dio_days",
    "cogs",
    "avg_inventory",
    "turnover_period",
    "opening_value",
    "closing_value",
    "revenue",
    "gross_margin",
    "gmroi",
    "sell_through",
    "stockout_rate",
    "loss_rate",
    "target",
    "achievement",
    "excess_capital",
    "cost_basis",
    "avg_basis",
    "estimated",
)
"""The figures people ask for stand first, behind the dimensions."""

TERMS = ("capital_rate", "year_days", "sale_days", "out_days")
"""What metrics are worked out from and nobody asks for by itself."""


def turnover(
    valued: ValuedDays,
    entries: Entries,
    settings: Settings,
    by: Sequence[str],
    period: Period,
    classes: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """One row per group of ``by`` (one row in all without it), sorted by the ``by`` columns.

    ``by``: sku, warehouse, category, brand, supplier, owner, buyer, seller, team; month, quarter, year; abc and xyz
    where ``classes`` (sku, abc, xyz) is given; bin and batch where ``valued`` was made with that grain.
    """
    spans, others = split_by(by)
    if not spans:
        return turnovers(valued, entries, settings, by, [period], classes)[0]
    parts = stretches(period, spans[0])
    frames = turnovers(valued, entries, settings, others, parts, classes)
    dated = [
        frame.with_columns(span_name(pl.lit(one.end), span).alias(span) for span in spans)
        for frame, one in zip(frames, parts, strict=True)
    ]
    return pl.concat(dated).select(*by, pl.exclude(*by)).sort(by)


def split_by(by: Sequence[str]) -> tuple[list[str], list[str]]:
    """Stretches of time among the dimensions, the shortest first, and the other dimensions in their order.

    >>> split_by(["year", "category", "month"])
    (['month', 'year'], ['category'])
    """
    return [span for span in SPANS if span in by], [name for name in by if name not in SPANS]


def turnovers(
    valued: ValuedDays,
    entries: Entries,
    settings: Settings,
    by: Sequence[str],
    periods: Sequence[Period],
    classes: pl.DataFrame | None = None,
    terms: bool = False,
) -> list[pl.DataFrame]:
    """One frame per period, as :func:`turnover` gives them, from one pass over the ledger; with ``terms`` also the
    columns that only the metrics need."""
    settings = _by_month_where_summed(valued, settings)
    scopes = Scopes.of(valued, entries, by, classes)
    aims = Aims.of(settings, entries)
    parts = Parts(on_sale(valued, entries, settings), cell_targets(valued, entries, aims))
    bases = sums(valued, settings, scopes, periods, parts)
    numbered = pl.concat([base.with_columns(period=pl.lit(at)) for at, base in enumerate(bases)])
    full = finish(with_targets(numbered, settings, aims, by), valued, settings, by, terms)
    return [full.filter(pl.col("period") == at).drop("period") for at in range(len(bases))]


def _by_month_where_summed(valued: ValuedDays, settings: Settings) -> Settings:
    """Where movements are sums of a period the days within it are not known: the daily average becomes monthly."""
    if not valued.by_period or settings.turnover.average != "daily":
        return settings
    monthly = settings.turnover.model_copy(update={"average": "monthly"})
    return settings.model_copy(update={"turnover": monthly})


def finish(
    base: pl.DataFrame, valued: ValuedDays, settings: Settings, by: Sequence[str], terms: bool = False
) -> pl.DataFrame:
    """Sums and targets with metrics and what each figure rests on."""
    full = with_metrics(base).with_columns(
        cost_basis=pl.lit(valued.cost_basis),
        avg_basis=pl.lit(settings.turnover.average),
        reason_code=_why_null(),
    )
    full = full.drop("group", "no_cost", "no_sales", *(() if terms else TERMS))
    full = full.select(*_FIRST, pl.exclude(*_FIRST))
    return full.select(*by, pl.exclude(*by)).sort(by) if by else full


def _why_null() -> pl.Expr:
    return (
        pl.when(pl.col("turnover").is_not_null() & (pl.col("turnover") != 0))
        .then(None)
        .when(pl.col("no_sales"))
        .then(pl.lit("no_sales"))
        .when(pl.col("no_cost"))
        .then(pl.lit("no_cost"))
        .when(pl.col("avg_inventory").is_null() | (pl.col("avg_inventory") <= 0))
        .then(pl.lit("average_not_positive"))
        .otherwise(pl.lit("nothing_sold"))
    )
