"""Demand by bucket, the forecast, and how wrong forecasts have been."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from stockturn.engine.explain.registry import CELL, About, Area, Behind, Figure, both
from stockturn.engine.forecasting import Forecasts
from stockturn.schema import Unit

_AHEAD = (Behind("promotions"), Behind("sales_orders"), Behind("overrides"))
_QUANTILES = ("q50", "q80", "q90", "q95", "q97_5", "q99")


def demand(about: About) -> Area:
    """The series that is forecast, bucket by bucket."""
    return Area(
        "demand",
        _both(about, lambda made: made.demand),
        (
            Figure("qty", "gross_qty - returned_qty - promotion_qty"),
            Figure("qty_adjusted"),
            Figure("censored_days"),
        ),
        about.demanded,
        "qty",
    )


def forecast(about: About) -> Area:
    """The forecast as ``forecast`` gives it, by sku and by cell."""
    frame = _both(about, lambda made: made.result.forecast)
    corrected = tuple(name for name in ("base_mean", "who", "override_reason") if name in frame.columns)
    return Area(
        "forecast",
        frame,
        (
            Figure("mean"),
            *(Figure(name, formula="explain.formula_quantile") for name in _QUANTILES),
            Figure("model"),
            *(Figure(name, behind=(Behind("overrides"),), missing="no_override") for name in corrected),
        ),
        (*about.demanded, *_AHEAD),
        "mean",
    )


def accuracy(about: About) -> Area:
    """Errors of the backtest, with the sums they are made of."""
    span = about.settings.forecast.span
    whole = _both(about, lambda made: made.result.accuracy)
    scores = _both(about, lambda made: made.result.scores).drop("model", "pattern")
    frame = whole.join(scores, on=CELL, how="left", nulls_equal=True).with_columns(
        span=pl.lit(float(span)), judged_buckets=pl.col("origins") * span
    )
    return Area("accuracy", frame, _ACCURACY, about.demanded, "wape")


_MEASURES = {
    "wape": "abs_error / actual",
    "bias": "error / actual",
    "mase": "abs_error / judged_buckets / naive_mae",
    "rmsse": "√(sq_error / judged_buckets / naive_mse)",
    "fva": "1 - abs_error / habit_abs_error",
    "fva_seasonal": "1 - abs_error / seasonal_abs_error",
    "sum_wape": "sum_abs_error / actual",
    "sum_rmsse": "√(sum_sq_error / origins / (naive_mse × span))",
    "sum_fva": "1 - sum_abs_error / habit_sum_abs_error",
    "pinball": "pinball_loss / judged",
}
_ACCURACY = (
    *(Figure(name, terms, missing="no_backtest") for name, terms in _MEASURES.items()),
    Figure("periods", unit=Unit.COUNT),
)


def _both(about: About, frame_of: Callable[[Forecasts], pl.DataFrame]) -> pl.DataFrame:
    """A frame of the forecast by cell and by sku."""
    whole, cells = (about.of(frame_of(made)) for made in (about.by_sku, about.by_cell))
    return both(cells, whole)
