"""The forecast of all series: chunk by chunk through numpy, quantiles from all chunks together, frames out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.config.forecast import Bucket
from stockturn.engine.forecast.accuracy import SCORES, accuracy_frame, scope_totals, scores_frame
from stockturn.engine.forecast.backtest import Backtest, backtest, past_origins
from stockturn.engine.forecast.bias import Tally, correction, tally
from stockturn.engine.forecast.blend import Task, blend
from stockturn.engine.forecast.choice import Choice, choose
from stockturn.engine.forecast.models import OWN
from stockturn.engine.forecast.notes import reasons
from stockturn.engine.forecast.panel import Panel, build_panel, normalised, repeated
from stockturn.engine.forecast.pattern import INTERMITTENT, PATTERNS, Codes, patterns
from stockturn.engine.forecast.quantiles import NAMES, groups
from stockturn.engine.forecast.shapes import shapes
from stockturn.engine.forecast.smoothing import Array


@dataclass(frozen=True)
class ForecastResult:
    """What a forecast run gives; ``scores`` are the sums per series that any grouping of accuracy is made of.

    forecast: sku, (warehouse), period, mean, q50 ... q99, model, pattern, reason_code.
    sums: sku, (warehouse), span (1, 2, ... buckets), mean, error_sd, q50 ... q99: demand over the whole span.
    accuracy: sku, (warehouse), pattern, model, wape ... (see accuracy); totals: the same by scope and value.
    """

    forecast: pl.DataFrame
    sums: pl.DataFrame
    accuracy: pl.DataFrame
    totals: pl.DataFrame
    scores: pl.DataFrame
    bucket: str


def forecast(
    series: pl.DataFrame | pl.LazyFrame,
    settings: Settings,
    bucket: Bucket | None = None,
    horizon: int | None = None,
    span: int | None = None,
) -> ForecastResult:
    """Forecast every series, with quantiles, lead-time sums and accuracy.

    Columns in: sku, (warehouse), period (first day of the bucket), qty (>= 0, zero-filled; see build_panel).
    ``horizon`` buckets are forecast; accuracy is of the sum over ``span`` buckets and of the buckets in it.
    Both, and the bucket, default to the settings. Every forecast of a past origin, and every choice in it, rests
    on data up to that origin alone; quantiles rest on the errors made there.
    """
    s = settings.forecast
    bucket = bucket or s.bucket
    horizon, span = horizon or s.horizon, span or s.span
    panel = build_panel(series, bucket, s.of(bucket).history, s.of(bucket).long_window)
    leads = max(horizon, span)
    if panel.series == 0:
        return _nothing(panel)
    values, unit = normalised(panel.values)
    cuts = (settings.abc.adi, settings.abc.cv2)
    task = Task(past_origins(len(values), leads, s), leads, s, s.of(bucket))
    pattern = patterns(values, task.origins, *cuts)
    choice = choose(panel, unit, task, pattern[-1])
    factor = _bias(values, panel, task, span, cuts)
    parts = [
        _chunk(values[:, piece], task, pattern[:, piece], choice.of(piece), factor, span)
        for piece in panel.chunks(s.chunk)
    ]
    group = groups(pattern, np.concatenate([part.signal for part in parts], axis=1), s.pool_bands)
    return _frames(_Made(panel, values, unit, group, choice, parts, task), horizon, span)


def _bias(values: Array, panel: Panel, task: Task, span: int, cuts: tuple[float, float]) -> Array:
    total = Tally.none(len(task.origins))
    if task.settings.bias_origins:
        for piece in panel.chunks(task.settings.chunk):
            total = total + tally(values[:, piece], task, span, cuts)
    return correction(total, task.settings)


def _chunk(y: Array, task: Task, pattern: Codes, choice: Choice, factor: Array, span: int) -> Backtest:
    def forecaster(y: Array, task: Task, pattern: Codes) -> tuple[Array, Codes]:
        return _speak(y, task, pattern, choice, factor)

    return backtest(y, task, pattern, forecaster, span)


def _speak(y: Array, task: Task, pattern: Codes, choice: Choice, factor: Array) -> tuple[Array, Codes]:
    """Every series by the strategy chosen for it."""
    means = np.empty((len(task.origins), task.horizon, y.shape[1]))
    models = np.zeros(pattern.shape, dtype=np.int8)
    for name, mine in choice.groups():
        if name in OWN:
            means[..., mine] = OWN[name](y[:, mine], task)
            continue
        # also for models of the library: our own answer stands where a series is too short for them
        said, used = blend(y[:, mine], task, pattern[:, mine], fast=name == "fast")
        sparse = pattern[:, mine] >= INTERMITTENT
        said *= np.where(sparse, factor[:, None], 1.0)[:, None, :]
        means[..., mine], models[:, mine] = said, used
    return choice.with_library(means), models


@dataclass(frozen=True)
class _Made:
    """A finished run, before it is put into frames; ``values`` in units of ``unit``, ``group`` by origin."""

    panel: Panel
    values: Array
    unit: Array
    group: Codes
    choice: Choice
    parts: list[Backtest]
    task: Task


def _frames(made: _Made, horizon: int, span: int) -> ForecastResult:
    panel, task, unit = made.panel, made.task, made.unit
    means = np.concatenate([part.means for part in made.parts], axis=1)
    found = shapes(made.values, means, made.group, made.parts, task)
    about = pl.DataFrame(
        {
            "model": made.choice.labels(np.concatenate([part.model for part in made.parts])),
            "pattern": pl.Series(PATTERNS)[made.group[-1].astype(np.int64) // task.settings.pool_bands],
            "reason_code": reasons(made.values, task.settings, task.bucket),
        }
    )
    out = repeated(panel, horizon).with_columns(
        panel.periods(horizon)[np.tile(np.arange(horizon), panel.series)],
        *_figures(means[:horizon] * unit, found.lead[:, :horizon] * unit),
    )
    sums = repeated(panel, task.horizon).with_columns(
        pl.Series("span", np.tile(np.arange(1, task.horizon + 1), panel.series)),
        *_figures(np.cumsum(means, axis=0) * unit, found.total * unit),
        pl.Series("error_sd", (found.error_sd * unit).T.ravel()),
    )
    index = np.repeat(np.arange(panel.series), horizon)
    scores = scores_frame(panel.keys, about, made.parts, made.group, unit, span, task.settings)
    return ForecastResult(
        forecast=pl.concat([out, about[index]], how="horizontal"),
        sums=sums,
        accuracy=accuracy_frame(scores, span),
        totals=scope_totals(scores, span),
        scores=scores,
        bucket=panel.bucket,
    )


def _figures(mean: Array, quantiles: Array) -> list[pl.Series]:
    """mean and q50 ... q99 as columns, series by series; (steps, series) and (levels, steps, series) in."""
    named = {"mean": mean, **dict(zip(NAMES, quantiles, strict=True))}
    return [pl.Series(name, values.T.ravel()) for name, values in named.items()]


def _nothing(panel: Panel) -> ForecastResult:
    """The same frames, without rows."""
    text, number = pl.String, pl.Float64
    figures = dict.fromkeys(("mean", *NAMES), number)
    about = {"model": text, "pattern": text, "reason_code": text}
    keys = panel.keys.schema
    scores = pl.DataFrame(schema={**keys, "pattern": text, "model": text, **dict.fromkeys(SCORES, number)})
    return ForecastResult(
        forecast=pl.DataFrame(schema={**keys, "period": pl.Date, **figures, **about}),
        sums=pl.DataFrame(schema={**keys, "span": pl.Int64, **figures, "error_sd": number}),
        accuracy=accuracy_frame(scores, 1),
        totals=scope_totals(scores, 1),
        scores=scores,
        bucket=panel.bucket,
    )
