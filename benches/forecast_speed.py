"""How long the default forecast takes, and the same models at the same origins through statsforecast.

    python benches/forecast_speed.py [--series 30000] [--sample 300] [--large 100000]

Series are monthly Poisson demand with gamma-distributed means (most of them small), 36 months. The library is timed
on a sample and scaled to the number of series; it runs what the default runs: the five models of the median for all
series, Theta for the smooth and erratic ones, the damped trend for the trending ones, once for the forecast and once
for each past origin (cross-validation). All seconds are processor seconds of one process, so that other work on the
machine does not count. Peak memory of the large run is that of a process of its own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import subprocess
import sys
import time

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.forecast import forecast

MONTHS, HORIZON = 36, 3


def demand(series: int) -> pl.DataFrame:
    """sku, period, qty of so many series."""
    rng = np.random.default_rng(0)
    qty = rng.poisson(rng.gamma(0.6, 5, series)[:, None], (series, MONTHS)).astype(float)
    months = pl.date_range(dt.date(2022, 1, 1), dt.date(2030, 1, 1), "1mo", eager=True)[:MONTHS]
    names = np.char.add("s", np.arange(series).astype(str))
    return pl.DataFrame(
        {
            "sku": np.repeat(names, MONTHS),
            "period": months[np.tile(np.arange(MONTHS), series)],
            "qty": qty.ravel(),
        }
    )


def ours(rows: pl.DataFrame) -> tuple[float, pl.DataFrame]:
    """Seconds of forecast, backtest, quantiles and accuracy; the forecast."""
    start = time.process_time()
    result = forecast(rows, Settings(), "month", HORIZON, HORIZON)
    return time.process_time() - start, result.forecast


def library(rows: pl.DataFrame, models: pl.DataFrame, sample: int) -> dict[str, float]:
    """Seconds per series through statsforecast, forecast and all origins, by group of models."""
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS, SeasonalNaive, SimpleExponentialSmoothing, Theta, WindowAverage

    cheap = [
        SimpleExponentialSmoothing(0.1, alias="slow"),
        SimpleExponentialSmoothing(0.3, alias="quick"),
        WindowAverage(6, alias="short"),
        WindowAverage(12, alias="long"),
        SeasonalNaive(12),
    ]
    groups = {
        "median": (cheap, pl.col("model").is_not_null()),
        "theta": ([Theta(season_length=12)], pl.col("model") != "median"),
        "damped": ([AutoETS(season_length=12, model="AAN", damped=True)], pl.col("model") == "theta+damped"),
    }
    seconds = {}
    for name, (used, which) in groups.items():
        skus = models.filter(which)["sku"]
        some = skus.head(sample if name == "theta" else 20 * sample)
        if not len(some):
            continue
        frame = rows.filter(pl.col("sku").is_in(some.implode())).rename(
            {"sku": "unique_id", "period": "ds", "qty": "y"}
        )
        engine = StatsForecast(models=used, freq="1mo")
        engine.forecast(df=frame.head(MONTHS * 20), h=HORIZON)  # the first call pays for loading
        start = time.process_time()
        engine.forecast(df=frame, h=HORIZON)
        engine.cross_validation(df=frame, h=HORIZON, n_windows=Settings().forecast.origins, step_size=1)
        seconds[name] = (time.process_time() - start) / len(some) * len(skus)
    return seconds


def main() -> None:
    """Print seconds and memory."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--series", type=int, default=30_000)
    options.add_argument("--sample", type=int, default=200)
    options.add_argument("--large", type=int, default=100_000)
    options.add_argument("--alone", type=int, default=0, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.alone:
        seconds, _ = ours(demand(chosen.alone))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{chosen.alone} series: {seconds:.1f} s, peak {peak:.0f} MB")
        return
    rows = demand(chosen.series)
    seconds, told = min((ours(rows) for _ in range(3)), key=lambda run: run[0])
    models = told.unique("sku", keep="first", maintain_order=True).select("sku", "model")
    print(
        f"stockturn: {chosen.series} series x {MONTHS} months, {Settings().forecast.origins} origins: {seconds:.2f} s"
    )
    theirs = library(rows, models, chosen.sample)
    parts = ", ".join(f"{name} {value:.0f} s" for name, value in theirs.items())
    print(f"statsforecast, scaled from a sample: {sum(theirs.values()):.0f} s ({parts})")
    print(
        f"times faster: {sum(theirs.values()) / seconds:.0f} (median alone: {theirs['median'] / seconds:.1f})"
    )
    alone = [sys.executable, __file__, "--alone", str(chosen.large)]
    print(subprocess.run(alone, capture_output=True, text=True, check=True).stdout.strip())


if __name__ == "__main__":
    main()
