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
    lead_own = np.concatenate([part.lead_own for part in parts], axis=1)
    total_own = np.concatenate([part.total_own for part in parts], axis=1)
    single = _Errors([part.lead for part in parts], lead_scale, lead_own)
    summed = _Errors([part.total for part in parts], total_scale, total_own)
    lead, _ = _quantiles(y, means, single, pools, sparse, task)
    total, sd = _quantiles(y, sums, summed, pools, sparse, task)
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


@dataclass(frozen=True)
class _Errors:
    """Past errors of all chunks in units of their ``scale`` (leads, series), and each series' ``own`` root mean
    square in units of demand, NaN where it has too few."""

    parts: list[Array]
    scale: Array
    own: Array

    def at(self, lead: int) -> Array:
        """Errors (origins, series) of one lead."""
        return np.concatenate([part[:, lead] for part in self.parts], axis=1)

    def alone(self, lead: int) -> Array:
        """Spread of a series that no pool speaks for: its own errors; beyond the leads that past origins reach as
        large beside the scale as the last known; the scale where there are too few."""
        ratio = np.divide(self.own, self.scale, out=np.full_like(self.own, np.nan), where=self.scale > 0)
        known = np.where(np.isnan(ratio), -1, np.arange(len(ratio))[:, None])[: lead + 1].max(axis=0)
        beside = np.where(known >= 0, ratio[known, np.arange(ratio.shape[1])], 1.0)
        return np.asarray(beside * self.scale[lead])


def _quantiles(
    y: Array, means: Array, errors: _Errors, pools: Pools, sparse: Flags, task: Task
) -> tuple[Array, Array]:
    """Quantiles (levels, leads, series) around the means, and the root mean square errors (leads, series)."""
    s = task.settings
    out = np.empty((len(LEVELS), *means.shape))
    sd = np.empty(means.shape)
    counts = counts_unit(y)
    last: tuple[Array, Array] | None = None
    for lead in range(len(means)):
        mine = errors.at(lead)
        pool, rms = pools.quantiles(mine, s)
        if last is not None and lead >= s.origins and np.isnan(mine).all():
            pool, rms = last  # beyond the leads that past origins reach
        last = pool, rms
        lone = np.isnan(pool[0])
        sd[lead] = np.where(lone, errors.alone(lead), rms * errors.scale[lead])
        out[:, lead] = means[lead] + np.where(lone, own_normal(sd[lead]), pool * errors.scale[lead])
        few = lone & sparse & ~np.isnan(counts) & (sd[lead] > 0)
        few &= means[lead] <= s.count_limit * np.where(few, counts, 1.0)
        if few.any():
            unit = counts[few]
            out[:, lead, few] = unit * negative_binomial(means[lead, few] / unit, (sd[lead, few] / unit) ** 2)
    return np.maximum.accumulate(np.maximum(out, 0.0), axis=0), sd
