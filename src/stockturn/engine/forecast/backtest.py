"""One chunk of series: the forecast, and what the same rule said at every past origin and how wrong it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stockturn.config.forecast import ForecastSettings
from stockturn.engine.forecast.blend import Task
from stockturn.engine.forecast.pattern import Codes
from stockturn.engine.forecast.smoothing import Array, Ints, ages, at_origins, moving_average, seasonal_naive

Forecaster = Callable[[Array, Task, Codes], tuple[Array, Codes]]


@dataclass(frozen=True)
class Backtest:
    """Results of one chunk; n series, H leads, P past origins, S scored origins.

    ``means`` (H, n): the forecast. ``lead`` and ``total`` (P, H, n): past errors (came - said) of single buckets
    and of the sums over 1..H buckets, in units of ``lead_scale`` and ``total_scale`` (H, n). ``lead_own`` and
    ``total_own`` (H, n): root mean square of the same errors in units of demand, NaN where they are few. ``model`` (n,).
    ``signal`` (P + 1, n): forecast over spread at every origin. ``scores``: name -> (n,) sums of errors that
    accuracy is made of. ``judged``: what scoring quantiles needs.
    """

    means: Array
    model: Codes
    lead: Array
    total: Array
    lead_scale: Array
    total_scale: Array
    lead_own: Array
    total_own: Array
    signal: Array
    scores: dict[str, Array]
    judged: Judged


@dataclass(frozen=True)
class Judged:
    """What scoring a quantile of the lead-time sum at the newest origins needs: per scored origin the forecast
    sum, what came, the scale then, and the scaled errors complete by then; for the forecast and the habit. ``rows``:
    which of the past origins these are."""

    rows: Ints
    came: Array
    said: Array
    scale: Array
    errors: Array
    habit_said: Array
    habit_scale: Array
    habit_errors: Array


def spread(y: Array, origins: Ints) -> Array:
    """Standard deviation of each series up to each origin (ddof 0), shape (origins, series)."""
    n = np.maximum(ages(y), 1)
    value = np.nan_to_num(y)
    mean = np.cumsum(value, axis=0) / n
    return np.sqrt(np.maximum(np.cumsum(value**2, axis=0) / n - mean**2, 0.0))[origins]


def scaled(errors: Array, base: Array, newest: Array, weight: float) -> tuple[Array, Array]:
    """Errors (origins, series) in units of a scale, and the newest scale in units of ``newest``.

    The scale is ``base`` (the spread known at that origin) times how large the series' own errors were beside the
    spread known now: rho^2 = (sum (e / newest)^2 + weight) / (count + weight), so that few errors change little.
    Beside the spread of their own day a jump in demand would count twice: it has widened the spread since.
    """
    usable = ~np.isnan(errors) & (base > 0)
    unit = np.divide(errors, base, out=np.full_like(errors, np.nan), where=usable)
    beside = np.divide(errors, newest, out=np.zeros_like(errors), where=usable & (newest > 0))
    rho = np.sqrt((beside**2).sum(axis=0) + weight) / np.sqrt(usable.sum(axis=0) + weight)
    return unit / rho, rho


def own_error(errors: Array, least: int) -> Array:
    """Root mean square of errors (origins, H, series) over the origins, NaN with fewer than ``least`` of them."""
    count = (~np.isnan(errors)).sum(axis=0)
    square = np.where(count >= least, np.nansum(errors**2, axis=0), np.nan)
    return np.asarray(np.sqrt(square / np.maximum(count, 1)))


def past_origins(length: int, horizon: int, s: ForecastSettings) -> Ints:
    """Rows after which the forecast is made again: enough for ``origins`` errors at every lead (for leads beyond
    that number fewer), and the newest row last."""
    extra = min(horizon - 1, s.origins)
    return np.arange(max(length - 1 - s.origins - extra, 0), length)


def backtest(y: Array, task: Task, pattern: Codes, forecaster: Forecaster, span: int) -> Backtest:
    """Forecast, errors and scores of one chunk. The last origin of the task is the newest period."""
    said, models = forecaster(y, task, pattern)
    past, horizon = task.origins[:-1], task.horizon
    came = np.stack([_ahead(y, past, lead) for lead in range(1, horizon + 1)], axis=1)
    old = (ages(y)[past] < task.settings.short_history)[:, None, :]
    errors = np.where(old, np.nan, came - said[:-1])
    sums = np.where(old, np.nan, np.cumsum(came, axis=1) - np.cumsum(said[:-1], axis=1))
    base = spread(y, task.origins)
    lead, lead_scale = _scaled_all(errors, base, np.ones(horizon), task.settings.own_weight)
    total, total_scale = _scaled_all(sums, base, np.sqrt(np.arange(1, horizon + 1)), task.settings.own_weight)
    habit = moving_average(y, task.bucket.habit_window)
    habits = at_origins(habit, past, span)
    seasonal = seasonal_naive(y, past, span, task.bucket.season)
    rivals = {"": said[:-1, :span], "habit_": habits, "seasonal_": seasonal}
    return Backtest(
        means=said[-1],
        model=models[-1],
        lead=lead.astype(np.float32),
        total=total.astype(np.float32),
        lead_scale=lead_scale,
        total_scale=total_scale,
        lead_own=own_error(errors, task.settings.own_errors),
        total_own=own_error(sums, task.settings.own_errors),
        signal=_over(said[:, :span].mean(axis=1), base).astype(np.float32),
        scores=_scores(y, past, np.where(old, np.nan, came)[:, :span], rivals, task.settings.scored_origins),
        judged=_judged(
            base[:-1],
            np.where(old[:, 0], np.nan, came[:, :span].sum(axis=1)),
            said[:-1, :span].sum(axis=1),
            habits.sum(axis=1),
            np.flatnonzero(past + span < len(y))[-task.settings.pinball_origins :],
            span,
            task.settings,
        ),
    )


def _over(said: Array, base: Array) -> Array:
    return np.divide(said, base, out=np.zeros_like(said), where=(base > 0) & ~np.isnan(said))


def _ahead(y: Array, origins: Ints, lead: int) -> Array:
    """What came ``lead`` periods after each origin; NaN where it has not come yet."""
    at = origins + lead
    out = y[np.minimum(at, len(y) - 1)]
    return np.where((at < len(y))[:, None], out, np.nan)


def _scaled_all(errors: Array, base: Array, grow: Array, weight: float) -> tuple[Array, Array]:
    """:func:`scaled` for every lead; the scale of each lead at the newest origin."""
    out, scale = np.empty_like(errors), np.empty(errors.shape[1:])
    for lead in range(errors.shape[1]):
        unit = base * grow[lead]
        out[:, lead], rho = scaled(errors[:, lead], unit[:-1], unit[-1], weight)
        scale[lead] = unit[-1] * rho
    return out, scale


def _scores(y: Array, past: Ints, came: Array, rivals: dict[str, Array], scored: int) -> dict[str, Array]:
    """Sums per series over the newest ``scored`` origins whose ``span`` targets have all come."""
    whole = ~np.isnan(came + rivals[""]).any(axis=1)
    span = came.shape[1]
    complete = np.flatnonzero(past + span < len(y))[-scored:]
    keep = np.zeros(len(past), dtype=bool)
    keep[complete] = True
    whole &= keep[:, None]
    out = {"origins": whole.sum(axis=0).astype(float)}
    mask = whole[:, None, :]
    out["actual"] = np.where(mask, came, 0.0).sum(axis=(0, 1))
    for name, said in rivals.items():
        wrong = np.where(mask, said - came, 0.0)
        total = wrong.sum(axis=1)
        out[name + "abs_error"] = np.abs(wrong).sum(axis=(0, 1))
        out[name + "error"] = wrong.sum(axis=(0, 1))
        out[name + "sq_error"] = (wrong**2).sum(axis=(0, 1))
        out[name + "sum_abs_error"] = np.abs(total).sum(axis=0)
        out[name + "sum_sq_error"] = (total**2).sum(axis=0)
    out["naive_mae"], out["naive_mse"] = _in_sample(y, int(past[complete[0]]) if len(complete) else -1)
    return out


def _in_sample(y: Array, last: int) -> tuple[Array, Array]:
    """Mean absolute and mean squared one-step error of the naive forecast up to a row; NaN where there is none."""
    step = np.diff(y[: last + 1], axis=0) if last > 0 else np.empty((0, y.shape[1]))
    known = (~np.isnan(step)).sum(axis=0)
    none = np.full(y.shape[1], np.nan)
    mae = np.divide(np.nansum(np.abs(step), axis=0), known, out=none.copy(), where=known > 0)
    mse = np.divide(np.nansum(step**2, axis=0), known, out=none.copy(), where=known > 0)
    return mae, mse


def _judged(
    base: Array, came: Array, said: Array, habit: Array, at: Ints, span: int, s: ForecastSettings
) -> Judged:
    """``came``, ``said``, ``habit``: sums over the span at every past origin; ``at``: which of these are scored."""
    grown = base * np.sqrt(span)
    mine = [_then(came - said, grown, i, span, s) for i in at]
    theirs = [_then(came - habit, grown, i, span, s) for i in at]
    return Judged(
        rows=at,
        came=came[at],
        said=said[at],
        habit_said=habit[at],
        scale=_stacked([scale for scale, _ in mine], base.shape[1]),
        errors=_stacked([errors for _, errors in mine], s.origins, base.shape[1]),
        habit_scale=_stacked([scale for scale, _ in theirs], base.shape[1]),
        habit_errors=_stacked([errors for _, errors in theirs], s.origins, base.shape[1]),
    )


def _stacked(rows: list[Array], *shape: int) -> Array:
    return np.stack(rows) if rows else np.empty((0, *shape))


def complete_by(at: int, span: int, s: ForecastSettings) -> slice:
    """The newest past origins whose sums over ``span`` were complete when the ``at``-th past origin was the newest."""
    return slice(max(at - span - s.origins + 1, 0), max(at - span + 1, 0))


def _then(sums: Array, base: Array, at: int, span: int, s: ForecastSettings) -> tuple[Array, Array]:
    """Scale at one past origin, and the scaled errors that were complete by then, padded to ``origins`` rows."""
    complete = complete_by(at, span, s)
    errors, rho = scaled(sums[complete], base[complete], base[at], s.own_weight)
    padded = np.full((s.origins, sums.shape[1]), np.nan)
    padded[: len(errors)] = errors
    return base[at] * rho, padded
