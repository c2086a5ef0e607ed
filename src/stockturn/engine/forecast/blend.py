"""Which model speaks for which series: the median of cheap models, Theta, the damped trend, and their shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stockturn.config.forecast import BucketSettings, ForecastSettings
from stockturn.engine.forecast.damped import damped
from stockturn.engine.forecast.pattern import ERRATIC, INTERMITTENT, Codes
from stockturn.engine.forecast.season import Seasonal, decompose, has_trend
from stockturn.engine.forecast.smoothing import (
    Array,
    Flags,
    Ints,
    at_origins,
    moving_average,
    seasonal_naive,
    ses,
)
from stockturn.engine.forecast.theta import theta

MODELS = ("median", "theta+median", "theta", "theta+damped")
MEDIAN, THETA_MEDIAN, THETA, THETA_DAMPED = range(4)


@dataclass(frozen=True)
class Task:
    """What a model is asked for: forecasts for 1..horizon buckets after each origin (a row of the panel)."""

    origins: Ints
    horizon: int
    settings: ForecastSettings
    bucket: BucketSettings

    def at(self, origin: int) -> Task:
        """The same for one origin."""
        return Task(np.array([origin]), self.horizon, self.settings, self.bucket)


def median(y: Array, task: Task, *, seasonal: bool = True) -> Array:
    """Median of a slow and a quick exponential smoothing, a short and a long moving average, and seasonal naive
    (the last value while there is no full season, and where ``seasonal`` is off).

    The median of four sorted values and a fifth is the fifth held between the middle two.
    """
    slow, quick = task.settings.alphas
    flats = (
        ses(y, slow, from_mean=True),
        ses(y, quick),
        moving_average(y, task.bucket.short_window),
        moving_average(y, task.bucket.long_window),
    )
    a, b, c, d = (flat[task.origins] for flat in flats)
    one = np.maximum(np.minimum(a, b), np.minimum(c, d))
    two = np.minimum(np.maximum(a, b), np.maximum(c, d))
    low, high = np.minimum(one, two)[:, None, :], np.maximum(one, two)[:, None, :]
    if seasonal:
        fifth = seasonal_naive(y, task.origins, task.horizon, task.bucket.season)
    else:
        fifth = at_origins(y, task.origins, task.horizon)
    return np.clip(fifth, low, high)


def blend(y: Array, task: Task, pattern: Codes, *, fast: bool = False) -> tuple[Array, Codes]:
    """The default strategy: forecasts of shape (origins, horizon, series), and the model used, by origin.

    Intermittent and lumpy series get the median. For the others the season is taken out as far as it is
    believed; then half Theta and half damped trend where a trend is believed, Theta where a season is (smooth)
    and a fixed share of Theta with the median elsewhere. ``fast``: Theta where a season or trend is believed,
    else the median. Which it is, is decided anew at every origin from what was known then.
    """
    means = median(y, task)
    models = np.full(pattern.shape, MEDIAN, dtype=np.int8)
    regular = pattern < INTERMITTENT
    some = np.flatnonzero(regular.any(axis=0))
    if len(some) == 0:
        return means, models
    mine = y[:, some]
    lines = np.maximum(theta(mine, task.origins, task.horizon, task.settings.theta_alphas), 0.0)
    for i, origin in enumerate(task.origins):
        here = np.flatnonzero(regular[i, some])
        at = some[here]
        views = _Views(lines[i][:, here], means[i][:, at])
        views.look(mine[: origin + 1, here], task.at(int(origin)), fast=fast)
        mixed = views.fast() if fast else views.mixed(pattern[i, at], task.settings)
        means[i][:, at], models[i, at] = mixed
    return means, models


class _Views:
    """What each model says about smooth and erratic series at one origin: (horizon, series) arrays."""

    def __init__(self, line: Array, middle: Array) -> None:
        self.line, self.middle, self.falling = line, middle, line.copy()
        self.trending = np.zeros(line.shape[1], dtype=bool)
        self.seasonal = np.zeros(line.shape[1], dtype=bool)

    def look(self, y: Array, task: Task, *, fast: bool) -> None:
        """Find trends and seasons, and let the models speak without the season."""
        s = task.settings
        self.trending = has_trend(y, s.trend_window, s.trend_t)
        damp = self.trending & (not fast)
        self.falling[:, damp] = np.maximum(_damped(y[:, damp], task), 0.0)
        on, season = believed(y, s, task.bucket)
        if len(on) == 0:
            return
        self.seasonal[on] = season.strength > s.season_gate
        plain, first = season.remove(y[:, on]), len(y)
        line = theta(plain, task.origins, task.horizon, s.theta_alphas)[0]
        middle = median(plain, task, seasonal=False)[0]
        self.line[:, on] = np.maximum(season.restore(line, first), 0.0)
        self.middle[:, on] = np.maximum(season.restore(middle, first), 0.0)
        both = np.flatnonzero(damp[on])
        falling = season.of(both).restore(_damped(plain[:, both], task), first)
        self.falling[:, on[both]] = np.maximum(falling, 0.0)

    def fast(self) -> tuple[Array, Codes]:
        """Theta through the gate, the median outside."""
        gate = self.trending | self.seasonal
        return np.where(gate, self.line, self.middle), np.where(gate, THETA, MEDIAN).astype(np.int8)

    def mixed(self, pattern: Codes, s: ForecastSettings) -> tuple[Array, Codes]:
        """Shares by pattern, season and trend, as :func:`blend` says."""
        smooth = np.where(self.seasonal, 1.0, s.smooth_theta)
        share = np.where(pattern == ERRATIC, s.erratic_theta, smooth)
        calm = share * self.line + (1 - share) * self.middle
        moving = (1 - s.trend_damped) * self.line + s.trend_damped * self.falling
        model = np.select([self.trending, share >= 1, share > 0], [THETA_DAMPED, THETA, THETA_MEDIAN], MEDIAN)
        return np.where(self.trending, moving, calm), model.astype(np.int8)


def believed(y: Array, s: ForecastSettings, bucket: BucketSettings) -> tuple[Ints, Seasonal]:
    """Series of which at least some season survives the shrinking, and their seasons."""
    long = np.flatnonzero((~np.isnan(y)).sum(axis=0) >= 2 * bucket.season)
    found = decompose(y[:, long], bucket.season, s.season_caution, s.season_caution_short)
    some = np.flatnonzero(found.strength > 0)
    return long[some], found.of(some)


def _damped(y: Array, task: Task) -> Array:
    s = task.settings
    if y.shape[1] == 0:
        return np.empty((task.horizon, 0))
    found: Array = damped(y, task.origins, task.horizon, s.damped_alphas, s.damped_betas, s.damped_phis)[0]
    return found


def gated(y: Array, s: ForecastSettings, bucket: BucketSettings, pattern: Codes) -> Flags:
    """Smooth and erratic series in which a trend or a season is believed, judged at the newest period."""
    out = has_trend(y, s.trend_window, s.trend_t)
    on, season = believed(y, s, bucket)
    out[on] |= season.strength > s.season_gate
    gate: Flags = out & (pattern < INTERMITTENT)
    return gate
