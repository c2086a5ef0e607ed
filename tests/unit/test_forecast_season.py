"""Seasons and trends: what is believed, how much of it, and that taking out and putting back cancel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.config.forecast import ForecastSettings
from stockturn.engine.forecast.season import decompose, has_trend

S = ForecastSettings()


def series(seed: int, months: int, swing: float, noise: float, count: int = 30) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = np.arange(months)[:, None]
    shape = 1 + swing * np.sin(2 * np.pi * (t + rng.integers(0, 12, count)) / 12)
    return 100 * shape * np.exp(rng.normal(0, noise, (months, count)))


def test_a_clear_season_is_believed_and_recovered():
    y = series(1, 48, 0.4, 0.05)
    found = decompose(y, 12, S.season_caution, S.season_caution_short)
    assert (found.strength > 0.9).all()
    assert found.ratio.all()
    truth = series(1, 48, 0.4, 0.0)[:12] / 100
    assert np.abs(found.index - truth).mean() < 0.05


def test_noise_leaves_next_to_no_season():
    found = decompose(series(2, 48, 0.0, 0.3, 400), 12, S.season_caution, S.season_caution_short)
    assert (found.strength == 0).mean() > 0.6
    assert found.strength.mean() < 0.12


def test_less_than_two_seasons_tell_nothing():
    y = series(3, 23, 0.4, 0.05)
    assert (decompose(y, 12, S.season_caution, S.season_caution_short).strength == 0).all()


def test_zeros_make_the_season_additive():
    y = series(4, 48, 0.9, 0.2)
    y[5] = 0.0
    found = decompose(y, 12, S.season_caution, S.season_caution_short)
    assert not found.ratio.any()


@given(st.integers(0, 50), st.integers(24, 60), st.floats(0, 0.9), st.booleans())
def test_restore_undoes_remove(seed, months, swing, with_zero):
    y = series(seed, months, swing, 0.2, 4)
    if with_zero:
        y[seed % months] = 0.0
    found = decompose(y, 12, S.season_caution, S.season_caution_short)
    back = found.restore(found.remove(y), 0)
    assert back == pytest.approx(y, rel=1e-9, abs=1e-9)


def slow_indices(y: list[float], season: int) -> list[float]:
    """Ratio indices of one positive series by the book, the trend prolonged by its mean slope."""
    half, n = season // 2, len(y)
    trend: list[float | None] = [None] * n
    for t in range(half, n - half):
        window = y[t - half : t + half + 1]
        trend[t] = (sum(window) - (window[0] + window[-1]) / 2) / season
    first, last = half, n - half - 1
    a, b = trend[first], trend[last]
    assert a is not None
    assert b is not None
    step = (b - a) / max(last - first, 1)
    for t in range(n):
        if t < first:
            trend[t] = a + step * (t - first)
        elif t > last:
            trend[t] = b + step * (t - last)
    ratios = [value / line for value, line in zip(y, trend, strict=True)]  # type: ignore[operator]
    means = [sum(ratios[p::season]) / len(ratios[p::season]) for p in range(season)]
    return [m / (sum(means) / season) for m in means]


def test_unshrunk_indices_equal_the_textbook_computation():
    y = series(6, 50, 0.3, 0.1, 5)
    found = decompose(y, 12, 0.0, 0.0)
    for column in range(5):
        assert found.index[:, column] == pytest.approx(slow_indices(list(y[:, column]), 12), rel=1e-9)


@given(st.integers(0, 30), st.integers(3, 40))
def test_trend_test_is_the_t_value_of_the_slope(seed, months):
    rng = np.random.default_rng(seed)
    y = np.arange(months)[:, None] * rng.normal(0, 0.5, 20) + rng.normal(0, 3, (months, 20))
    found = has_trend(y, 24, 4.6)
    tail = y[-24:]
    n = len(tail)
    for column in range(20):
        if n < 6:
            assert not found[column]
            continue
        slope, intercept = np.polyfit(np.arange(n), tail[:, column], 1)
        rest = tail[:, column] - intercept - slope * np.arange(n)
        error = np.sqrt((rest**2).sum() / (n - 2) / ((np.arange(n) - (n - 1) / 2) ** 2).sum())
        assert found[column] == (abs(slope / error) > 4.6)


def test_a_constant_series_has_neither_trend_nor_season():
    y = np.full((48, 2), 5.0)
    assert not has_trend(y, 24, 4.6).any()
    assert (decompose(y, 12, S.season_caution, S.season_caution_short).strength == 0).all()
