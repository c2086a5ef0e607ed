"""How good the forecast was: the same sums of errors, read per series, per pattern, per category, in total."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from stockturn.config.forecast import ForecastSettings
from stockturn.engine.expr import ratio
from stockturn.engine.forecast.backtest import Backtest, complete_by
from stockturn.engine.forecast.pattern import Codes
from stockturn.engine.forecast.quantiles import Pools
from stockturn.engine.forecast.smoothing import Array

RIVALS = ("", "habit_", "seasonal_")
"""Prefixes: our forecast, the moving average people use today, seasonal naive."""

PINBALL_LEVEL = 0.95

SCORES = (
    "origins", "actual", "naive_mae", "naive_mse", "pinball_loss", "habit_pinball_loss", "judged",
    *(f"{rival}{kind}" for rival in RIVALS
      for kind in ("abs_error", "error", "sq_error", "sum_abs_error", "sum_sq_error")),
)  # fmt: skip
"""Columns of the scores frame beside keys, pattern and model."""

MEASURES = (
    "wape", "mase", "rmsse", "bias", "fva", "fva_seasonal", "pinball", "habit_pinball",
    "sum_wape", "sum_rmsse", "habit_sum_rmsse", "seasonal_sum_rmsse", "sum_fva",
)  # fmt: skip


def scores_frame(
    keys: pl.DataFrame,
    about: pl.DataFrame,
    parts: list[Backtest],
    group: Codes,
    unit: Array,
    span: int,
    s: ForecastSettings,
) -> pl.DataFrame:
    """One row per series: its keys, model, pattern, and sums of errors in its own units (squares: squared)."""
    columns = {}
    with np.errstate(over="ignore"):  # squares of quantities beyond 1e150: null below
        for name in parts[0].scores:
            values = np.concatenate([part.scores[name] for part in parts])
            power = 0 if name == "origins" else 2 if name.endswith(("sq_error", "mse")) else 1
            columns[name] = values * unit**power
    for name, values in _pinballs(parts, group, span, s).items():
        columns[name] = values * unit
    frame = pl.DataFrame(columns).with_columns(pl.when(pl.all().is_finite()).then(pl.all()))
    return pl.concat([keys, about.select("pattern", "model"), frame], how="horizontal")


def _pinballs(parts: list[Backtest], group: Codes, span: int, s: ForecastSettings) -> dict[str, Array]:
    """Sum over the scored origins of the pinball loss of the 95 % quantile of the lead-time sum, ours and the
    habit's, each with the quantile that pooled errors gave at that origin; and of what came."""

    def join(name: str) -> Array:
        return np.concatenate([getattr(part.judged, name) for part in parts], axis=-1)

    came, said, scale, errors = join("came"), join("said"), join("scale"), join("errors")
    habit = join("habit_said"), join("habit_scale"), join("habit_errors")
    out = {name: np.zeros(came.shape[1]) for name in ("pinball_loss", "habit_pinball_loss", "judged")}
    for at, row in enumerate(parts[0].judged.rows):
        then = np.full(errors[at].shape, -1, dtype=np.int8)
        before = group[:-1][complete_by(int(row), span, s)]
        then[: len(before)] = before
        pools = Pools(then, group[row], s.pool_bands)
        mine = _loss(came[at], said[at], scale[at], pools.quantiles(errors[at], s, (PINBALL_LEVEL,))[0][0])
        theirs = _loss(
            came[at], habit[0][at], habit[1][at], pools.quantiles(habit[2][at], s, (PINBALL_LEVEL,))[0][0]
        )
        known = ~np.isnan(mine + theirs)
        for name, values in (("pinball_loss", mine), ("habit_pinball_loss", theirs), ("judged", came[at])):
            out[name] += np.where(known, values, 0.0)
    return out


def _loss(came: Array, said: Array, scale: Array, shape: Array) -> Array:
    """Pinball loss of a quantile that lies ``shape`` scales above the forecast."""
    short = came - np.maximum(said + scale * shape, 0.0)
    return np.maximum(PINBALL_LEVEL * short, (PINBALL_LEVEL - 1) * short)


def accuracy_frame(scores: pl.DataFrame, span: int) -> pl.DataFrame:
    """One row per series: sku, (warehouse), pattern, model, the MEASURES, periods (past origins measured).

    wape = sum |forecast - actual| / sum actual over the buckets of the span; mase, rmsse = mean absolute / root
    mean squared error over that of the one-step naive forecast in sample (Hyndman & Koehler 2006); bias = sum
    (forecast - actual) / sum actual, positive when too much was forecast; fva = 1 - wape / wape of the moving
    average people use today (fva_seasonal: of seasonal naive). ``sum_`` measures are of the sum over the span,
    sum_rmsse scaled by span x the naive mean squared error. pinball = loss of the 95 % quantile of the sum / what
    came. Null where the divisor is 0: nothing sold, or a constant past.

    actual 10, 10; forecast 8, 14: wape 6 / 20 = 0.3, bias 2 / 20 = 0.1.
    """
    keys = [name for name in ("sku", "warehouse") if name in scores.columns]
    return scores.select(
        *keys, "pattern", "model", *_measures(span), pl.col("origins").cast(pl.Int64).alias("periods")
    )


def _measures(span: int) -> list[pl.Expr]:
    buckets = pl.col("origins") * span
    expressions = {
        "wape": ratio("abs_error", "actual"),
        "mase": ratio(ratio("abs_error", buckets), "naive_mae"),
        "rmsse": ratio(ratio("sq_error", buckets), "naive_mse").sqrt(),
        "bias": ratio("error", "actual"),
        "fva": 1 - ratio("abs_error", "habit_abs_error"),
        "fva_seasonal": 1 - ratio("abs_error", "seasonal_abs_error"),
        "pinball": ratio("pinball_loss", "judged"),
        "habit_pinball": ratio("habit_pinball_loss", "judged"),
        "sum_wape": ratio("sum_abs_error", "actual"),
        **{
            f"{rival}sum_rmsse": ratio(
                ratio(f"{rival}sum_sq_error", "origins"), pl.col("naive_mse") * span
            ).sqrt()
            for rival in RIVALS
        },
        "sum_fva": 1 - ratio("sum_abs_error", "habit_sum_abs_error"),
    }
    return [expressions[name].alias(name) for name in MEASURES]


def accuracy_by(scores: pl.DataFrame, by: Sequence[str], span: int) -> pl.DataFrame:
    """Accuracy of groups: the ``by`` columns, skus (series), the MEASURES, periods.

    Ratios of sums for wape, bias, fva and pinball; means over the series that have one for mase, rmsse and
    sum_rmsse, which are scaled per series. ``scores`` may carry more columns to group by (category, owner).
    """
    scaled = ("mase", "rmsse", *(f"{rival}sum_rmsse" for rival in RIVALS))
    own = scores.with_columns(_m for _m in _measures(span) if _m.meta.output_name() in scaled)
    sums = ["actual", "judged", "pinball_loss", "habit_pinball_loss", "origins"]
    sums += [f"{rival}{kind}" for rival in RIVALS for kind in ("abs_error", "error", "sum_abs_error")]
    measured = pl.col("origins") > 0
    groups = (
        own.filter(measured).group_by(*by, maintain_order=True)
        if by
        else own.filter(measured).group_by(pl.lit(0).alias("_all"))
    )
    total = groups.agg(pl.len().cast(pl.Int64).alias("skus"), pl.col(scaled).mean(), pl.col(sums).sum())
    ratios = [expression for expression in _measures(span) if expression.meta.output_name() not in scaled]
    return total.with_columns(ratios).select(
        *by, "skus", *MEASURES, pl.col("origins").cast(pl.Int64).alias("periods")
    )


def scope_totals(scores: pl.DataFrame, span: int) -> pl.DataFrame:
    """Accuracy in total, by pattern and by model in one frame: scope (total, pattern, model), value_text, then as
    :func:`accuracy_by`."""
    frames = [
        _scoped(
            "total",
            accuracy_by(scores.with_columns(pl.lit("total").alias("value_text")), ["value_text"], span),
        )
    ]
    for scope in ("pattern", "model"):
        frames.append(
            _scoped(
                scope, accuracy_by(scores, [scope], span).rename({scope: "value_text"}).sort("value_text")
            )
        )
    return pl.concat(frames)


def _scoped(scope: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.lit(scope).alias("scope"), pl.all())
