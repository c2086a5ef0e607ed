"""What has to be said about single series: too short, never sold, sold once, over."""

from __future__ import annotations

import numpy as np
import polars as pl

from stockturn.config.forecast import BucketSettings, ForecastSettings
from stockturn.engine.forecast.smoothing import Array, ages

CODES = ("", "no_demand", "short_history", "one_sale", "demand_ended")


def reasons(y: Array, s: ForecastSettings, bucket: BucketSettings) -> pl.Series:
    """Column ``reason_code``, one per series; null where nothing is special. The first that holds of:

    no_demand: never sold. short_history: fewer than ``short_history`` periods. one_sale: one period with demand.
    demand_ended: nothing for at least the long window and for ``ended_intervals`` times the usual interval
    between demands; the forecast has followed it down to (nearly) zero.
    """
    sold = np.nan_to_num(y) > 0
    hits, n = sold.sum(axis=0), ages(y)[-1]
    run = np.where(hits > 0, sold[::-1].argmax(axis=0), n)
    usual = (n - run) / np.maximum(hits, 1)
    ended = (run >= bucket.long_window) & (run >= s.ended_intervals * usual)
    code = np.select([hits == 0, n < s.short_history, hits == 1, ended], [1, 2, 3, 4], 0)
    names = pl.Series(CODES).replace("", None)
    return names[code].rename("reason_code")
