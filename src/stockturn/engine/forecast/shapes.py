"""From scaled past errors to quantiles of every bucket and of every sum of buckets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stockturn.engine.forecast.backtest import Backtest, spread
from stockturn.engine.forecast.blend import Task
from stockturn.engine.forecast.pattern import INTERMITTENT, Codes
from stockturn.engine.forecast.quantiles import LEVELS, Pools, counts_unit, negative_binomial, own_normal
from stockturn.engine.forecast.smoothing import Array, Flags, ages


@dataclass(frozen=True)
class Shapes:
    """``lead`` and ``total``: quantiles (levels, leads, series) of single buckets and of sums of 1, 2 ... buckets;
    ``error_sd`` (leads, series): root mean square error of those sums."""

    lead: Array
    total: Array
    error_sd: Array


def shapes(y: Array, means: Array, group: Codes, parts: list[Backtest], task: Task) -> Shapes:
    """Quantiles of the forecast, from errors pooled by ``group`` (origins and now, series); never negative, never crossing, and of sums never
    falling with the span."""
    young = _young_scale(y, means, task)
    grow = np.sqrt(np.arange(1, task.horizon + 1))
    lead_scale = _scale([part.lead_scale for part in parts], young, np.ones(task.horizon))
    total_scale = _scale([part.total_scale for part in parts], young, grow)
    sums = np.cumsum(means, axis=0)
    pools = Pools(group[:-1], group[-1], task.settings.pool_bands)
    sparse = group[-1] // task.settings.pool_bands >= INTERMITTENT
    lead, _ = _quantiles(y, means, lead_scale, [part.lead for part in parts], pools, sparse, task)
    total, sd = _quantiles(y, sums, total_scale, [part.total for part in parts], pools, sparse, task)
    return Shapes(lead, np.maximum.accumulate(total, axis=1), sd)


def _scale(parts: list[Array], young: Array, grow: Array) -> Array:
    scale = np.concatenate(parts, axis=1)
    return np.where(np.isnan(young), scale, young * grow[:, None])


def _young_scale(y: Array, means: Array, task: Task) -> Array:
    """Spread of series with fewer than ``short_history`` periods: their mean times the usual coefficient of
    variation of the longer ones; NaN for series that have a spread of their own."""
    s = task.settings
    n = ages(y)[-1]
    mean = np.nan_to_num(y).sum(axis=0) / np.maximum(n, 1)
    longer = (n >= task.bucket.short_window) & (mean > 0)
    sd = spread(y, task.origins[-1:])[0]
    usual = float(np.median(sd[longer] / mean[longer])) if longer.any() else s.new_series_cv
    return np.where(n < s.short_history, usual * means[0], np.nan)


def _quantiles(
    y: Array, means: Array, scale: Array, errors: list[Array], pools: Pools, sparse: Flags, task: Task
) -> tuple[Array, Array]:
    s = task.settings
    out = np.empty((len(LEVELS), *means.shape))
    sd = np.empty(means.shape)
    counts = counts_unit(y)
    last: tuple[Array, Array] | None = None
    for lead in range(len(means)):
        mine = np.concatenate([part[:, lead] for part in errors], axis=1)
        pool, rms = pools.quantiles(mine, s)
        if last is not None and lead >= s.origins and np.isnan(mine).all():
            pool, rms = last  # beyond the leads that past origins reach
        last = pool, rms
        alone = np.isnan(pool[0])
        shape = np.where(alone, own_normal(mine, scale[lead], s), pool) if alone.any() else pool
        out[:, lead] = means[lead] + shape * scale[lead]
        sd[lead] = rms * scale[lead]
        lone = alone & sparse & ~np.isnan(counts) & (sd[lead] > 0)
        lone &= means[lead] <= s.count_limit * np.where(lone, counts, 1.0)
        if lone.any():
            unit = counts[lone]
            out[:, lead, lone] = unit * negative_binomial(
                means[lead, lone] / unit, (sd[lead, lone] / unit) ** 2
            )
    return np.maximum.accumulate(np.maximum(out, 0.0), axis=0), sd
