"""Seasons and trends that are really there: how much of them to believe, taking a season out, putting it back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stockturn.engine.forecast.smoothing import Array, Flags, Ints, ages

LEAST = np.finfo(float).tiny
ADDITIVE_BELOW = 0.01
"""A seasonal factor below this cannot be divided by: such series get their season subtracted instead."""


@dataclass(frozen=True)
class Seasonal:
    """Seasonal indices by place in the season (row p holds periods t with t % season == p).

    ``ratio`` says which series are divided by their index; the others have it subtracted. ``strength`` is the
    share of the raw indices that survived the shrinking, 0 (no season is believed) to 1.
    """

    index: Array
    ratio: Flags
    strength: Array

    def of(self, series: Ints) -> Seasonal:
        """The same for some of the series."""
        return Seasonal(self.index[:, series], self.ratio[series], self.strength[series])

    def remove(self, y: Array) -> Array:
        """The series without its season."""
        pattern = self.index[np.arange(len(y)) % len(self.index)]
        return np.where(self.ratio, y / np.where(self.ratio, pattern, 1.0), y - pattern)

    def restore(self, forecast: Array, first: int) -> Array:
        """The season put back on rows that stand for periods ``first``, ``first`` + 1 ..."""
        pattern = self.index[(first + np.arange(len(forecast))) % len(self.index)]
        return np.where(self.ratio, forecast * pattern, forecast + pattern)


def decompose(y: Array, season: int, caution: float, caution_short: float) -> Seasonal:
    """Classical decomposition whose indices are shrunk by how much of them is noise.

    The trend is the centred moving average over one season, prolonged by its mean slope to both ends so that no
    period is lost. Index = mean ratio to it (difference, where a value or an index is not positive), by place.
    With d degrees of freedom left, v the variance of what the indices leave unexplained over the periods per
    place (the variance of an index that is only noise), and s the variance of the indices:

        strength = max(0, 1 - (caution + caution_short / d) v / s)

    which is James and Stein's positive-part estimator with room for a variance that few data underrate. Below
    two full seasons strength is 0. It replaces a yes-or-no test: a weak season counts a little.
    Source: Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3.4; Miller & Williams (2003).
    """
    trend = _extended(_centred_average(y, season), y)
    usable = trend > 0
    ratios = np.divide(y, trend, out=np.full_like(y, np.nan), where=usable)
    factor = _by_place(ratios, season)
    factor /= np.maximum(factor.mean(axis=0), LEAST)
    offset = _by_place(y - trend, season)
    offset -= offset.mean(axis=0)
    known = ~np.isnan(y)
    positive = (np.where(known, y, 1.0).min(axis=0) > 0) & (usable | ~known).all(axis=0)
    ratio = positive & (factor.min(axis=0) > ADDITIVE_BELOW)
    index = np.where(ratio, factor, offset)
    strength = _strength(np.where(ratio, ratios, y - trend), index, ratio, caution, caution_short)
    strength = np.where(ages(y)[-1] >= 2 * season, strength, 0.0)
    neutral = np.where(ratio, 1.0, 0.0)
    return Seasonal(neutral + strength * (index - neutral), ratio, strength)


def _strength(values: Array, index: Array, ratio: Flags, caution: float, caution_short: float) -> Array:
    season = len(index)
    rest = values - index[np.arange(len(values)) % season]
    known = np.isfinite(rest)
    count = known.sum(axis=0)
    free = np.maximum(count - season, 1)
    noise = (np.where(known, rest, 0.0) ** 2).sum(axis=0) / free / np.maximum(count / season, 1)
    signal = ((index - np.where(ratio, 1.0, 0.0)) ** 2).sum(axis=0) / (season - 1)
    share = np.divide(noise, signal, out=np.full_like(noise, np.inf), where=signal > LEAST)
    return np.where(count > season, np.clip(1 - (caution + caution_short / free) * share, 0.0, 1.0), 0.0)


def _centred_average(y: Array, season: int) -> Array:
    """Centred moving average over one season (2 x m for an even m); NaN where the window is not full."""
    half = season // 2
    weights = np.ones(2 * half + 1)
    if season % 2 == 0:
        weights[0] = weights[-1] = 0.5
    out = np.full_like(y, np.nan)
    inner = len(y) - 2 * half
    if inner > 0:
        middle = np.zeros((inner, y.shape[1]))
        for k, weight in enumerate(weights):
            middle += weight * y[k : k + inner]
        out[half : half + inner] = middle / season
    return out


def _extended(trend: Array, y: Array) -> Array:
    """The trend prolonged to the ends of each series along its mean slope."""
    known = np.isfinite(trend)
    first = known.argmax(axis=0)
    last = len(y) - 1 - known[::-1].argmax(axis=0)
    series = np.arange(y.shape[1])
    start, end = trend[first, series], trend[last, series]
    step = (end - start) / np.maximum(last - first, 1)
    t = np.arange(len(y))[:, None]
    out = np.where(t < first, start + step * (t - first), np.where(t > last, end + step * (t - last), trend))
    return np.where(np.isnan(y), np.nan, out)


def _by_place(values: Array, season: int) -> Array:
    rows = []
    for place in range(season):
        mine = values[place::season]
        known = np.isfinite(mine)
        count = known.sum(axis=0)
        total = np.where(known, mine, 0.0).sum(axis=0)
        rows.append(np.divide(total, count, out=np.zeros(values.shape[1]), where=count > 0))
    return np.stack(rows)


def has_trend(y: Array, window: int, least_t: float) -> Flags:
    """Whether the last ``window`` periods rise or fall along a straight line beyond doubt.

    t = r sqrt((n - 2) / (1 - r^2)) of the correlation r with time, over the n periods there are, above
    ``least_t``: the shorter the series, the straighter it has to be. Never below six periods.
    """
    tail = y[-window:]
    known = ~np.isnan(tail)
    n = known.sum(axis=0)
    count = np.maximum(n, 1)
    value = np.where(known, tail, 0.0)
    value = np.where(known, value - value.sum(axis=0) / count, 0.0)
    time = np.where(known, np.arange(len(tail), dtype=float)[:, None], 0.0)
    time = np.where(known, time - time.sum(axis=0) / count, 0.0)
    both = (time**2).sum(axis=0) * (value**2).sum(axis=0)
    r2 = np.divide((time * value).sum(axis=0) ** 2, both, out=np.zeros_like(both), where=both > LEAST)
    r2 = np.minimum(r2, 1.0)
    trending: Flags = (n >= 6) & (r2 * np.maximum(n - 2, 0) > least_t**2 * (1 - r2)) & (r2 > 0)
    return trending
