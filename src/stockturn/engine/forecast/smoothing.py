"""Cheap models over all series at once: what each says after every period of the past, in one pass.

Every function takes ``y`` with one row per period and one column per series (newest period last, NaN before a
series begins) and gives an array of the same shape: row t holds the flat forecast made after seeing period t,
from nothing later than t. A backtest over any number of origins therefore costs nothing beyond the forecast.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def ages(y: Array) -> Ints:
    """Number of periods each series has had at the end of every period, that one included.

    >>> ages(np.array([[np.nan, 4.0], [7.0, 0.0]])).tolist()
    [[0, 1], [1, 2]]
    """
    before = np.isnan(y).sum(axis=0)
    counts: Ints = np.maximum(np.arange(1, len(y) + 1)[:, None] - before, 0)
    return counts


def ses(y: Array, alpha: float, *, from_mean: bool = False) -> Array:
    """Simple exponential smoothing, started at the first value: level += alpha * (y - level).

    ``from_mean`` starts as the plain mean of what there is (weight 1 / k for the k-th value) until that weight
    falls below alpha: a small alpha then does not cling to whatever the first period happened to be.
    Source: Brown (1959); Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 8.1.

    >>> ses(np.array([[10.0], [20.0], [10.0]]), 0.5).ravel().tolist()
    [10.0, 15.0, 12.5]
    >>> ses(np.array([[8.0], [4.0], [0.0], [4.0]]), 0.25, from_mean=True).ravel().tolist()
    [8.0, 6.0, 4.0, 4.0]
    """
    out = np.empty_like(y)
    level = np.full(y.shape[1], np.nan)
    seen = ages(y) if from_mean else None
    for t, now in enumerate(y):
        weight = alpha if seen is None else np.maximum(alpha, 1 / np.maximum(seen[t], 1))
        level = np.where(np.isnan(level), now, level + weight * (now - level))
        out[t] = level
    return out


def moving_average(y: Array, window: int) -> Array:
    """Mean of the last ``window`` periods, or of all there are while the series is shorter.

    >>> moving_average(np.array([[1.0], [3.0], [8.0]]), 2).ravel().tolist()
    [1.0, 2.0, 5.5]
    """
    total = np.zeros_like(y)
    filled = np.nan_to_num(y)
    for back in range(min(window, len(y))):
        total[back:] += filled[: len(y) - back]
    # added up afresh for every period: a running difference would leave dust on series that fell to zero
    known = np.minimum(ages(y), window)
    return np.divide(total, known, out=np.full_like(y, np.nan), where=known > 0)


def naive(y: Array) -> Array:
    """The last value."""
    return y.copy()


def croston(y: Array, alpha: float, debias: float = 1.0) -> Array:
    """Croston's method: smoothed size of a demand over smoothed interval between demands, times ``debias``.

    Starts with the first size and the first interval (leading zeros + 1); 0 before the first demand.
    ``debias`` = 1 - alpha / 2 is the Syntetos-Boylan approximation (SBA).
    Source: Croston (1972); Syntetos & Boylan (2005).

    >>> croston(np.array([[0.0], [0.0], [6.0], [0.0]]), 0.1).ravel().tolist()
    [0.0, 0.0, 2.0, 2.0]
    """
    out = np.full_like(y, np.nan)
    size = np.full(y.shape[1], np.nan)
    interval = np.full(y.shape[1], np.nan)
    since = np.zeros(y.shape[1])
    for t, now in enumerate(y):
        alive, sold = ~np.isnan(now), now > 0
        since += alive
        first = sold & np.isnan(size)
        size = np.where(sold, np.where(first, now, size + alpha * (now - size)), size)
        interval = np.where(sold, np.where(first, since, interval + alpha * (since - interval)), interval)
        since[sold] = 0.0
        rate = np.divide(size, interval, out=np.zeros_like(size), where=~np.isnan(size))
        out[t] = np.where(alive, debias * rate, np.nan)
    return out


def tsb(y: Array, alpha: float, beta: float) -> Array:
    """Teunter-Syntetos-Babai: smoothed probability of a demand (beta) times its smoothed size (alpha).

    Unlike Croston's, it falls while nothing is sold. Starts with the first size and the first period's 0 or 1.
    Source: Teunter, Syntetos & Babai (2011).
    """
    out = np.full_like(y, np.nan)
    size = np.full(y.shape[1], np.nan)
    chance = np.full(y.shape[1], np.nan)
    for t, now in enumerate(y):
        alive, sold = ~np.isnan(now), now > 0
        hit = sold.astype(float)
        chance = np.where(alive, np.where(np.isnan(chance), hit, chance + beta * (hit - chance)), chance)
        size = np.where(sold, np.where(np.isnan(size), now, size + alpha * (now - size)), size)
        out[t] = np.where(alive, np.nan_to_num(size) * chance, np.nan)
    return out


def seasonal_naive(y: Array, origins: Ints, horizon: int, season: int) -> Array:
    """The value one season before, for 1..horizon periods after each origin: shape (origins, horizon, series).

    The last value while the series has less than a season behind it.
    """
    ahead = np.arange(1, horizon + 1)
    back = season * ((ahead - 1) // season + 1)
    index = origins[:, None] + ahead[None, :] - back[None, :]
    seasonal = np.where((index >= 0)[..., None], y[np.maximum(index, 0)], np.nan)
    return np.where(np.isnan(seasonal), y[origins][:, None, :], seasonal)


def at_origins(flat: Array, origins: Ints, horizon: int) -> Array:
    """A flat model's forecasts as (origins, horizon, series), without copying."""
    rows = flat[origins]
    return np.broadcast_to(rows[:, None, :], (len(origins), horizon, flat.shape[1]))
