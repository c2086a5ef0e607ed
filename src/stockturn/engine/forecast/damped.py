"""Damped trend (Gardner & McKenzie 1985) over all series and all origins at once, parameters from a grid."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from stockturn.engine.forecast.smoothing import Array, Ints, ages
from stockturn.engine.forecast.theta import first_best


def damped(
    y: Array,
    origins: Ints,
    horizon: int,
    alphas: Sequence[float],
    betas: Sequence[float],
    phis: Sequence[float],
) -> Array:
    """Damped-trend smoothing: forecasts of shape (origins, horizon, series), from each origin's past alone.

        fitted = level + phi trend;  e = y - fitted
        level = fitted + alpha e;    trend = phi trend + alpha beta e
        h ahead: level + (phi + phi^2 + ... + phi^h) trend

    Level starts at the first value and as a plain mean (weight 1 / k while that is above alpha), trend at 0. Of
    all combinations the one with the least squared one-step error up to the origin. Not clipped.
    """
    grid = np.array(list(product(alphas, betas, phis)))
    alpha, beta, phi = grid[:, 0:1], grid[:, 1:2], grid[:, 2:3]
    steps = np.arange(1, horizon + 1)
    reach = np.cumsum(grid[:, 2][:, None] ** steps, axis=1)
    level = np.full((len(grid), y.shape[1]), np.nan)
    trend, sse = np.zeros_like(level), np.zeros_like(level)
    seen = ages(y)
    wanted, found = set(origins.tolist()), {}
    for t in range(int(origins.max()) + 1):
        started = ~np.isnan(level)
        fitted = np.where(started, level + phi * trend, y[t])
        error = np.where(started, y[t] - fitted, 0.0)
        weight = np.maximum(alpha, 1 / np.maximum(seen[t], 1))
        level = fitted + weight * error
        trend = phi * trend + weight * beta * error
        sse += error * error
        if t in wanted:
            best = first_best(sse)
            at = best[None, :]
            found[t] = np.take_along_axis(level, at, axis=0) + reach[best].T * np.take_along_axis(
                trend, at, axis=0
            )
    return np.stack([found[int(t)] for t in origins])
