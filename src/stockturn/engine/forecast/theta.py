"""The standard Theta model over all series and all origins at once.

Theta (Assimakopoulos & Nikolopoulos 2000) is exponential smoothing with half the slope of the straight line
through the data (Hyndman & Billah 2003). In the state form of Fiorucci et al. (2016), with theta = 2, k values
seen before the period, q = 1 - alpha, A + B x the least-squares line:

    fitted = level + (A q^k + B (1 - q^(k+1)) / alpha) / 2

Level is linear in its start l0, and l0 and A enter only as (l0 + A/2) q^k. So for one alpha the best start is a
regression on one column, and the squared error up to *every* origin follows from running sums: no optimiser,
and no refit per origin. Alpha is the best of a grid.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stockturn.engine.forecast.smoothing import Array, Ints, ages


def theta(y: Array, origins: Ints, horizon: int, grid: Sequence[float]) -> Array:
    """Standard Theta without seasons: forecasts of shape (origins, horizon, series), from each origin's past alone.

    ``y``: one row per period, NaN before a series begins. Not clipped: a steep fall goes below zero.
    NaN where a series has no value yet; with one or two values the last level, without slope.
    """
    alphas = np.asarray(grid)[:, None]
    wanted = set(origins.tolist())
    age = ages(y)
    state = _State(len(grid), y.shape[1])
    found: dict[int, Array] = {}
    for t in range(int(origins.max()) + 1 if len(origins) else 0):
        state.step(y[t], age[t], alphas)
        if t in wanted:
            found[t] = state.forecast(age[t], alphas, horizon)
    return np.stack([found[int(t)] for t in origins]) if len(origins) else np.empty((0, horizon, y.shape[1]))


class _State:
    """Running sums per alpha and series: enough to fit at any moment."""

    def __init__(self, alphas: int, series: int) -> None:
        self.level, self.uu, self.ug, self.uh = (np.zeros((alphas, series)) for _ in range(4))
        self.gg, self.gh, self.hh = (np.zeros((alphas, series)) for _ in range(3))
        self.power = np.ones((alphas, series))  # q^k, k = values seen
        self.y_sum, self.ky_sum = np.zeros(series), np.zeros(series)

    def step(self, now: Array, age: Ints, alphas: Array) -> None:
        alive = ~np.isnan(now)
        value = np.where(alive, now, 0.0)
        u = np.where(alive, value - self.level, 0.0)
        g = np.where(alive, self.power, 0.0)
        h = np.where(alive, (1 - self.power * (1 - alphas)) / alphas, 0.0)
        self.uu += u * u
        self.ug += u * g
        self.uh += u * h
        self.gg += g * g
        self.gh += g * h
        self.hh += h * h
        self.level += alphas * u
        self.power *= np.where(alive, 1 - alphas, 1.0)
        self.y_sum += value
        self.ky_sum += age * value

    def forecast(self, age: Ints, alphas: Array, horizon: int) -> Array:
        half_slope = slope(self.y_sum, self.ky_sum, age) / 2
        gg = np.maximum(self.gg, np.finfo(float).tiny)
        start = (self.ug - half_slope * self.gh) / gg
        sse = self.uu - 2 * half_slope * self.uh + half_slope**2 * self.hh - start**2 * gg
        best = first_best(sse)[None, :]
        level, c, power = (
            np.take_along_axis(each, best, axis=0)[0] for each in (self.level, start, self.power)
        )
        alpha = alphas[best[0], 0]
        one: Array = level + c * power + half_slope * (1 - power * (1 - alpha)) / alpha
        ahead = np.arange(horizon, dtype=float)[:, None]
        return np.where(age > 0, one + half_slope * ahead, np.nan)


def slope(y_sum: Array, ky_sum: Array, age: Ints) -> Array:
    """Least-squares slope over positions 1..age; 0 below three values, where a slope is only noise."""
    n = age.astype(float)
    centred = ky_sum - (n + 1) / 2 * y_sum
    found: Array = np.divide(12 * centred, n * (n * n - 1), out=np.zeros_like(y_sum), where=age >= 3)
    return found


def first_best(sse: Array) -> Ints:
    """Row of the least error per column; of rows that differ by rounding only, the first (the calmest alpha)."""
    least = sse.min(axis=0)
    near = sse <= least + 1e-9 * np.abs(sse).max(axis=0)
    first: Ints = near.argmax(axis=0)
    return first
