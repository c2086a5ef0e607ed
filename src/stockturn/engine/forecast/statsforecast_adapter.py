"""The one door to statsforecast: arrays in, arrays out, its pitfalls handled here.

It wants frames of a polars or pandas kind with dates; one series that is too short, or a NaN, stops a whole call;
several models go below zero; models without a season length, a window or a smoothing constant of their own want
one given. None of that is seen outside.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from stockturn.config.forecast import ForecastSettings
from stockturn.engine.forecast.blend import Task
from stockturn.engine.forecast.models import OWN, STRATEGIES
from stockturn.engine.forecast.panel import STEP, Panel
from stockturn.engine.forecast.smoothing import Array, Flags
from stockturn.errors import UsageError

PANDAS_STEP = {"day": "D", "week": "W-MON", "month": "MS"}
NOMINAL_START = {"day": date(2000, 1, 1), "week": date(2000, 1, 3), "month": date(2000, 1, 1)}
"""Dates handed to the library: only their order and step matter to it."""


def ask(name: str, values: Array, panel: Panel, task: Task) -> Array:
    """Forecasts of one library model: (origins, horizon, series), never negative.

    The newest origin from the whole history; of the older ones the newest ``library_origins`` whose targets have
    all come, by refitting at each. NaN elsewhere, and for series too short for the model.
    """
    model = _model(name, task.settings, task.bucket.season)
    out = np.full((len(task.origins), task.horizon, values.shape[1]), np.nan)
    windows = min(task.settings.library_origins, max(len(task.origins) - task.horizon, 0))
    length = (~np.isnan(values)).sum(axis=0)
    enough = length >= task.settings.library_least
    tested = length >= task.settings.library_least + windows + task.horizon
    with _session(task.settings.dask) as client:
        if enough.any():
            told = _run(model, _long(values, enough, panel.bucket), panel.bucket, task.horizon, None, client)
            out[-1][:, enough] = _answers(told, int(enough.sum()), 1)[0]
        if windows and tested.any():
            told = _run(
                model, _long(values, tested, panel.bucket), panel.bucket, task.horizon, windows, client
            )
            last = len(task.origins) - 1 - task.horizon
            out[last - windows + 1 : last + 1][..., tested] = _answers(told, int(tested.sum()), windows)
    return out


def _model(name: str, s: ForecastSettings, season: int) -> Any:
    import statsforecast.models as library

    found = getattr(library, name, None)
    if not (inspect.isclass(found) and hasattr(found, "forecast") and "alias" in _wants(found)):
        known = [
            n for n in dir(library) if hasattr(getattr(library, n), "forecast") and not n.startswith("_")
        ]
        raise UsageError(
            "model_unknown", model=name, own=", ".join([*STRATEGIES, *OWN]), library=", ".join(known)
        )
    given = {
        "season_length": season,
        "window_size": s.library_window,
        "alpha": s.library_alpha,
        "alpha_d": s.library_alpha,
        "alpha_p": s.library_alpha,
        "alias": "answer",
    }
    parameters = _wants(found)
    wanted = {key: value for key, value in given.items() if key in parameters}
    try:
        return found(**wanted)
    except TypeError as error:
        raise UsageError("model_needs_more", model=name, detail=error) from None


def _wants(model: type) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(model.__init__).parameters)  # type: ignore[misc]


def _long(values: Array, chosen: Flags, bucket: str) -> pl.DataFrame:
    """The chosen series as unique_id, ds, y, without the periods before they begin."""
    some = values[:, chosen]
    dates = _dates(bucket, len(values))
    width = some.shape[1]
    return pl.DataFrame(
        {
            "unique_id": np.repeat(np.arange(width), len(values)),
            "ds": dates[np.tile(np.arange(len(values)), width)],
            "y": some.T.ravel(),
        }
    ).filter(pl.col("y").is_not_nan())


def _dates(bucket: str, count: int) -> pl.Series:
    start = pl.Series("ds", [NOMINAL_START[bucket]] * count)
    step = pl.int_range(count, eager=True).cast(pl.String) + STEP[bucket][1:]
    return pl.select(start.dt.offset_by(step)).to_series()


def _run(
    model: Any, frame: pl.DataFrame, bucket: str, horizon: int, windows: int | None, client: Any
) -> pl.DataFrame:
    """forecast, or cross_validation with so many windows: unique_id, ds, (cutoff), answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # divisions inside the library's fits, deprecations between its parts
        if client is None:
            told: pl.DataFrame = _call(model, frame, STEP[bucket], horizon, windows)
            return told
        import dask.dataframe

        parts = max(sum(client.nthreads().values()), 1)
        spread = dask.dataframe.from_pandas(frame.to_pandas(), npartitions=parts)
        lazy = _call(model, spread, PANDAS_STEP[bucket], horizon, windows)
        return pl.from_pandas(lazy.compute().reset_index(drop=True))


def _call(model: Any, data: Any, step: str, horizon: int, windows: int | None) -> Any:
    from statsforecast import StatsForecast
    from statsforecast.models import HistoricAverage

    engine = StatsForecast(models=[model], freq=step, fallback_model=HistoricAverage())
    if windows is None:
        return engine.forecast(df=data, h=horizon)
    return engine.cross_validation(df=data, h=horizon, n_windows=windows, step_size=1)


@contextmanager
def _session(address: str | None) -> Iterator[Any]:
    """The client of a Dask scheduler: the one this process already has, else one of its own, closed afterwards;
    None without an address."""
    if not address:
        yield None
        return
    try:
        import dask.dataframe  # noqa: F401
        from distributed import Client, get_client
    except ImportError:
        raise UsageError("dask_missing", address=address) from None
    try:
        there = get_client()
    except ValueError:
        there = None
    if there is not None:
        yield there
        return
    try:
        client = Client() if address == "local" else Client(address)
    except (OSError, TimeoutError, ValueError) as error:
        raise UsageError("dask_unreachable", address=address, detail=error) from None
    with client:
        yield client


def _answers(told: pl.DataFrame, series: int, windows: int) -> Array:
    """(windows, horizon, series), clipped at 0."""
    order = [name for name in ("unique_id", "cutoff", "ds") if name in told.columns]
    flat = told.sort(order)["answer"].to_numpy().astype(float)
    cube = flat.reshape(series, windows, -1)
    answers: Array = np.maximum(np.moveaxis(cube, 0, -1), 0.0)
    return answers
