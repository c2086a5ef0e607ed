"""Models that can be asked for by name, and who answers: our own vectorised ones or the statsforecast library."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stockturn.engine.forecast.blend import Task, believed, median
from stockturn.engine.forecast.damped import damped
from stockturn.engine.forecast.smoothing import (
    Array,
    at_origins,
    croston,
    moving_average,
    naive,
    seasonal_naive,
    ses,
    tsb,
)
from stockturn.engine.forecast.theta import theta

STRATEGIES = ("auto", "fast", "high")
Model = Callable[[Array, Task], Array]


def _flat(model: Callable[[Array, Task], Array]) -> Model:
    return lambda y, task: at_origins(model(y, task), task.origins, task.horizon)


def _alpha(task: Task) -> float:
    return task.settings.croston_alpha


def seasonal_theta(y: Array, task: Task) -> Array:
    """Theta on every series, its season taken out first as far as it is believed."""
    s = task.settings
    out = theta(y, task.origins, task.horizon, s.theta_alphas)
    for i, origin in enumerate(task.origins):
        seen = y[: origin + 1]
        on, season = believed(seen, s, task.bucket)
        if len(on):
            plain = theta(season.remove(seen[:, on]), np.array([origin]), task.horizon, s.theta_alphas)[0]
            out[i][:, on] = season.restore(plain, len(seen))
    return np.maximum(out, 0.0)


def _damped(y: Array, task: Task) -> Array:
    s = task.settings
    found = damped(y, task.origins, task.horizon, s.damped_alphas, s.damped_betas, s.damped_phis)
    return np.maximum(found, 0.0)


OWN: dict[str, Model] = {
    "naive": _flat(lambda y, task: naive(y)),
    "seasonal_naive": lambda y, task: seasonal_naive(y, task.origins, task.horizon, task.bucket.season),
    "mean": _flat(lambda y, task: moving_average(y, len(y))),
    "ma3": _flat(lambda y, task: moving_average(y, 3)),
    "ma6": _flat(lambda y, task: moving_average(y, 6)),
    "ma12": _flat(lambda y, task: moving_average(y, 12)),
    "ses_slow": _flat(lambda y, task: ses(y, task.settings.alphas[0], from_mean=True)),
    "ses_quick": _flat(lambda y, task: ses(y, task.settings.alphas[1])),
    "croston": _flat(lambda y, task: croston(y, _alpha(task))),
    "sba": _flat(lambda y, task: croston(y, _alpha(task), 1 - _alpha(task) / 2)),
    "tsb": _flat(lambda y, task: tsb(y, _alpha(task), _alpha(task))),
    "median": median,
    "damped": _damped,
    "theta": seasonal_theta,
}
"""Name -> forecasts of shape (origins, horizon, series), never negative."""
