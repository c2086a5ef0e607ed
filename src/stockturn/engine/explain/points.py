"""The balances that an average stock was taken from."""

from __future__ import annotations

import itertools
from datetime import date

import polars as pl

from stockturn.engine.explain.registry import CELL, About, summed
from stockturn.engine.explain.terms import exact
from stockturn.engine.sums import ends_of, month_shares

SHORT = 13
"""So many balances are written out in a formula; the sum of more is."""

_AMOUNTS = {"avg_value_sum": "value", "avg_qty_sum": "on_hand"}


def points(about: About) -> pl.DataFrame:
    """The balances averaged, by cell: sku, warehouse, start, end, on_hand, value, weight.

    ``weight``: the days that a balance stood within the period (daily), or how much a moment counts (half at both ends
    of ``monthly``).
    """
    basis = about.turnover["avg_basis"].first()
    return _daily(about) if basis == "daily" else _moments(about, str(basis))


def _balances(about: About) -> pl.LazyFrame:
    valued = about.run.valued
    cells = about.of(valued.cells).select("cell", *CELL).lazy()
    return (
        valued.balances.lazy()
        .join(cells, on="cell")
        .sort("cell", "day")
        .select("cell", *CELL, "day", pl.col("on_hand", "value").fill_nan(0.0))
    )


def _daily(about: About) -> pl.DataFrame:
    """Every stretch of days on which a balance stood."""
    valued, period = about.run.valued, about.run.period
    first, last = valued.day_of(period.start), valued.day_of(period.end)
    day = pl.col("day")
    zero = pl.lit(valued.origin)
    return (
        _balances(about)
        .with_columns(until=day.shift(-1, fill_value=last + 1).over("cell") - 1)
        .with_columns(
            day=pl.max_horizontal(day, pl.lit(first)), until=pl.min_horizontal("until", pl.lit(last))
        )
        .filter(pl.col("until") >= day)
        .group_by(*CELL, "cell", "day", "until", maintain_order=True)
        .agg(pl.col("on_hand", "value").sum())
        .select(
            *CELL,
            start=zero + pl.duration(days=day),
            end=zero + pl.duration(days=pl.col("until")),
            on_hand="on_hand",
            value="value",
            weight=(pl.col("until") - day + 1).cast(pl.Float64),
        )
        .collect()
    )


def _moments(about: About, basis: str) -> pl.DataFrame:
    """The balances at the opening, month-ends or both ends."""
    valued = about.run.valued
    ends = ends_of(about.run.period, basis)
    weights = _weights(ends, basis)
    cells = about.of(valued.cells).select("cell", *CELL).lazy()
    days = pl.LazyFrame(
        {"end": ends, "weight": weights, "day": [valued.day_of(one) for one in ends]},
        schema_overrides={"day": pl.Int32},
    )
    asked = cells.join(days, how="cross").sort("day")
    return (
        asked.join_asof(_balances(about).drop(*CELL).sort("day"), on="day", by="cell", check_sortedness=False)
        .group_by(*CELL, "end", "weight")
        .agg(pl.col("on_hand", "value").sum())
        .select(*CELL, start="end", end="end", on_hand="on_hand", value="value", weight="weight")
        .sort(*CELL, "end")
        .collect()
    )


def _weights(ends: list[date], basis: str) -> list[float]:
    """How much each moment counts.

    >>> _weights([date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)], "monthly")
    [0.5, 1.0, 0.5]
    """
    if basis != "monthly":
        return [1.0] * len(ends)
    shares = [0.0, *month_shares(ends), 0.0]
    return [(before + after) / 2 for before, after in itertools.pairwise(shares)]


def averaged(about: About) -> pl.DataFrame:
    """What averages are worked out from, by cell and by sku: avg_value_sum, avg_qty_sum (written out where there are few
    balances) and avg_weight."""
    found = points(about)
    sums = summed(
        found.group_by(CELL).agg(
            (pl.col(amount) * pl.col("weight")).sum().alias(name) for name, amount in _AMOUNTS.items()
        )
    )
    basis, period = str(about.turnover["avg_basis"].first()), about.run.period
    whole = float(period.days) if basis == "daily" else sum(_weights(ends_of(period, basis), basis))
    shown = sums.select(*CELL, *(exact(name, pl.Float64()) for name in _AMOUNTS), avg_weight=pl.lit(whole))
    return _written_out(found, shown)


def _written_out(found: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """Few balances in full: ``(12 × 10 + 8 × 21)``."""
    weight = exact("weight", pl.Float64())
    lines = found.group_by(CELL, maintain_order=True).agg(
        pl.format("({})", pl.format("{} × {}", exact(amount, pl.Float64()), weight).str.join(" + ")).alias(
            f"{name}_full"
        )
        for name, amount in _AMOUNTS.items()
    )
    few = found.group_by(CELL).agg(few=pl.len() <= SHORT)
    return (
        shown.join(lines, on=CELL, how="left")
        .join(few, on=CELL, how="left")
        .select(
            *CELL,
            *(pl.when("few").then(f"{name}_full").otherwise(name).alias(name) for name in _AMOUNTS),
            "avg_weight",
        )
    )
