"""Quantiles from past errors, pooled by demand pattern; and what to do where there are too few."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from stockturn.config.forecast import ForecastSettings
from stockturn.engine.forecast.pattern import Codes
from stockturn.engine.forecast.smoothing import Array, Ints

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.975, 0.99)
NAMES = ("q50", "q80", "q90", "q95", "q97_5", "q99")


def groups(pattern: Codes, signal: Array, bands: int) -> Codes:
    """Group of every series at every origin (rows; the newest last): its pattern and, inside it, a band of
    ``signal``, the forecast in units of the spread. An item that hardly sells errs in another shape than one with a
    high level and the same spread. Bands are cut at equal shares of the newest row; code = pattern x bands + band."""
    level = np.round(signal, 6)
    band = np.zeros(pattern.shape, dtype=np.int8)
    shares = np.arange(1, bands) / bands
    for kind in np.unique(pattern[-1]):
        cuts = np.quantile(level[-1, pattern[-1] == kind], shares, method="lower")
        here = pattern == kind
        band[here] = np.searchsorted(cuts, level[here], side="right")
    codes: Codes = (pattern * bands + band).astype(np.int8)
    return codes


class Pools:
    """Which past errors speak for which series: those made in the group that the series is in now."""

    def __init__(self, then: Codes, now: Codes, bands: int) -> None:
        """``then`` (origins, series): group at each origin, negative for none; ``now`` (series,)."""
        self.series = len(now)
        self.ranks = [
            (
                np.flatnonzero(now == code),
                np.flatnonzero(then == code),
                np.flatnonzero(then // bands == code // bands),
            )
            for code in np.unique(now)
        ]

    def quantiles(
        self, errors: Array, s: ForecastSettings, levels: tuple[float, ...] = LEVELS
    ) -> tuple[Array, Array]:
        """Quantiles of scaled errors for every series (levels, series), NaN where no pool is large enough, and the
        root mean square of the pool (series,).

        ``errors`` is (origins, series) in units of each series' scale, NaN where there is none. The pool is the group,
        its pattern where the group has fewer than ``pool_series`` series or ``pool_errors`` errors, else all errors.
        The k-th smallest of n with k = ceil((n + 1) level), as split conformal prediction has it.
        Source: Vovk, Gammerman & Shafer (2005); Lei et al. (2018).
        """
        flat = errors.ravel()
        out, rms = np.full((len(levels), self.series), np.nan), np.ones(self.series)
        everything = np.arange(flat.size)
        for mine, group, pattern in self.ranks:
            known = pattern[~np.isnan(flat[pattern])]
            if len(known):
                rms[mine] = np.sqrt(np.mean(flat[known].astype(float) ** 2))
            for members in (group, pattern, everything):
                pool = members[~np.isnan(flat[members])]
                if len(pool) >= s.pool_errors and self._distinct(pool) >= s.pool_series:
                    out[:, mine] = _ranked(flat[pool], levels)[:, None]
                    rms[mine] = np.sqrt(np.mean(flat[pool].astype(float) ** 2))
                    break
        return out, rms

    def _distinct(self, members: Ints) -> int:
        return int((np.bincount(members % self.series, minlength=self.series) > 0).sum())


def _ranked(values: Array, levels: tuple[float, ...]) -> Array:
    rank = np.ceil((len(values) + 1) * np.asarray(levels)).astype(int).clip(1, len(values)) - 1
    return np.asarray(np.partition(values, np.unique(rank))[rank], dtype=float)


def own_normal(sd: Array) -> Array:
    """Normal quantiles (levels, series) of errors with that standard deviation, for series outside every pool."""
    z = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
    return z[:, None] * sd


def counts_unit(y: Array) -> Array:
    """The smallest demand of each series where all its demands are whole multiples of it, else NaN."""
    sold = np.nan_to_num(y)
    least = np.where(sold > 0, sold, np.inf).min(axis=0, initial=np.inf)
    multiple = np.divide(sold, least, out=np.full_like(sold, np.nan), where=np.isfinite(least))
    whole = np.abs(multiple - np.round(multiple)) <= 1e-9 * np.maximum(multiple, 1)
    return np.where(whole.all(axis=0) & np.isfinite(least), least, np.nan)


def negative_binomial(mean: Array, variance: Array) -> Array:
    """Quantiles (levels, series) of a negative binomial with that mean and variance (at least the mean: with
    less, a Poisson in all but name). The smallest count whose cumulative probability reaches the level.

    Source: Syntetos & Boylan (2006) for its use on lead-time demand; p = mean / variance, r = mean p / (1 - p).

    >>> negative_binomial(np.array([2.0]), np.array([4.0])).ravel().tolist()
    [1.0, 3.0, 5.0, 6.0, 7.0, 9.0]
    """
    spread = np.maximum(variance, mean * (1 + 1e-6))
    p = np.divide(mean, spread, out=np.ones_like(mean), where=mean > 0)
    r = np.divide(mean * p, 1 - p, out=np.ones_like(mean), where=p < 1)
    out = np.zeros((len(LEVELS), len(mean)))
    probability = np.exp(r * np.log(p))
    cumulative = np.zeros_like(mean)
    open_levels: Ints = np.full(len(mean), len(LEVELS))
    levels = np.array(LEVELS)[:, None]
    k = 0
    while (open_levels > 0).any():
        cumulative = cumulative + probability
        reached = cumulative >= levels - 1e-12
        out = np.where(reached, out, k + 1.0)
        open_levels = (~reached).sum(axis=0)
        probability = probability * (k + r) / (k + 1) * (1 - p)
        if k > 50 * (1 + mean.max(initial=0.0)):
            break
        k += 1
    return out
