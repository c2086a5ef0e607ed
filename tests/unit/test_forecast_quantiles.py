"""Quantiles: the rank of split conformal prediction, pools and their fallbacks, the negative binomial."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.config import Settings
from stockturn.config.forecast import ForecastSettings
from stockturn.engine.forecast.backtest import own_error, scaled, spread
from stockturn.engine.forecast.quantiles import (
    LEVELS,
    Pools,
    counts_unit,
    groups,
    negative_binomial,
    own_normal,
)
from tests.unit.test_forecast_engine import frame, mixed, run

S = ForecastSettings(pool_series=2, pool_errors=20)


@given(st.lists(st.floats(-50, 50), min_size=20, max_size=80))
def test_pooled_quantiles_are_ranked_errors(errors):
    table = np.array(errors + [np.nan] * (len(errors) % 2)).reshape(-1, 2)
    codes = np.zeros(table.shape, dtype=np.int8)
    found = Pools(codes, codes[0], 3).quantiles(table, S)[0][:, 0]
    ordered = sorted(errors)
    for level, value in zip(LEVELS, found, strict=True):
        k = math.ceil((len(errors) + 1) * Fraction(str(level)))
        assert value == ordered[min(k, len(errors)) - 1]


def told(errors: np.ndarray, then: np.ndarray, now: np.ndarray, s: ForecastSettings) -> np.ndarray:
    return Pools(then.astype(np.int8), now.astype(np.int8), 3).quantiles(errors, s)[0]


def test_a_thin_group_borrows_from_its_pattern_and_a_thin_pattern_from_all():
    rng = np.random.default_rng(1)
    errors = rng.normal(size=(12, 20)) * np.repeat([100.0, 10.0, 1.0], [1, 7, 12])
    now = np.repeat([9, 0, 1], [1, 7, 12])  # pattern 3 alone, pattern 0 in two bands
    s = ForecastSettings(pool_series=10, pool_errors=20)
    found = told(errors, np.tile(now, (12, 1)), now, s)
    of_all = told(errors, np.zeros((12, 20)), np.zeros(20), s)
    of_pattern = told(errors[:, 1:], np.zeros((12, 19)), np.zeros(19), s)
    of_group = told(errors[:, 8:], np.zeros((12, 12)), np.zeros(12), s)
    assert found[:, 0].tolist() == of_all[:, 0].tolist()
    assert found[:, 1].tolist() == of_pattern[:, 0].tolist()
    assert found[:, 19].tolist() == of_group[:, 0].tolist()


def test_errors_count_for_the_group_they_were_made_in():
    """Two series that changed places halfway: each group's pool is the errors made while in it."""
    errors = np.array([[1.0, -5.0]] * 10 + [[-5.0, 1.0]] * 10)
    then = np.array([[0, 3]] * 10 + [[3, 0]] * 10)
    found = told(errors, then, np.array([3, 0]), S)
    assert found[:, 0].tolist() == [-5.0] * 6
    assert found[:, 1].tolist() == [1.0] * 6


def test_groups_are_patterns_cut_into_bands_of_the_newest_signal():
    pattern = np.array([[0, 0, 0, 2, 0, 0], [0, 0, 0, 0, 0, 0]], dtype=np.int8)
    signal = np.array([[9.0, 1.0, 1.0, 5.0, 3.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    assert groups(pattern, signal, 3).tolist() == [[2, 0, 0, 6, 1, 0], [0, 1, 1, 2, 2, 2]]


def test_no_pool_no_quantile():
    zeros = np.zeros((3, 2))
    assert np.isnan(told(np.ones((3, 2)), zeros, zeros[0], ForecastSettings())).all()


def test_pooled_quantiles_cover_what_they_promise():
    """95 % quantiles of 3-month sums, from 300 series of pure Poisson demand, hold in about 95 % of new sums."""
    rng = np.random.default_rng(11)
    means = rng.uniform(2, 60, 300)
    past = rng.poisson(means, (48, 300)).astype(float)
    future = rng.poisson(means, (200, 3, 300)).sum(axis=1)
    rows = {f"s{at:03d}": past[:, at].tolist() for at in range(300)}
    sums = run(rows, horizon=3, span=3).sums.filter(pl.col("span") == 3).sort("sku")
    for name, level in (("q80", 0.8), ("q95", 0.95), ("q99", 0.99)):
        covered = (future <= sums[name].to_numpy()).mean()
        assert covered == pytest.approx(level, abs=0.025), name


def slow_negative_binomial(mean: float, variance: float, level: float) -> int:
    p = mean / variance
    r = mean * p / (1 - p)
    total, k = 0.0, 0
    while True:
        total += math.exp(
            math.lgamma(k + r) - math.lgamma(r) - math.lgamma(k + 1) + r * math.log(p) + k * math.log(1 - p)
        )
        if total >= level - 1e-12:
            return k
        k += 1


@given(st.floats(0.05, 80), st.floats(1.05, 8))
def test_negative_binomial_quantiles_equal_the_distribution_function(mean, over):
    found = negative_binomial(np.array([mean]), np.array([mean * over]))[:, 0]
    assert found.tolist() == [slow_negative_binomial(mean, mean * over, level) for level in LEVELS]


def test_negative_binomial_without_excess_variance_is_poisson():
    found = negative_binomial(np.array([3.0, 0.0]), np.array([1.0, 0.0]))
    cumulative, expected = 0.0, []
    terms = [math.exp(-3) * 3**k / math.factorial(k) for k in range(40)]
    for level in LEVELS:
        cumulative, k = terms[0], 0
        while cumulative < level:
            k += 1
            cumulative += terms[k]
        expected.append(float(k))
    assert found[:, 0].tolist() == expected
    assert found[:, 1].tolist() == [0.0] * len(LEVELS)


def test_counts_come_in_multiples_of_the_smallest_sale():
    y = np.array([[0.0, 1.0, 0.0, 0.0], [6.0, 1.5, 0.0, 0.2], [12.0, 3.0, 0.0, 0.6]])
    unit = counts_unit(y)
    assert unit[0] == 6.0
    assert np.isnan(unit[[1, 2]]).all()
    assert unit[3] == pytest.approx(0.2)


def test_a_series_outside_every_pool_uses_its_own_errors_where_it_has_some():
    errors = np.full((8, 1, 2), np.nan)
    errors[:, 0, 0], errors[:3, 0, 1] = [2.0, -2.0] * 4, 1.0
    assert own_error(errors, 6).tolist() == [[2.0, pytest.approx(math.nan, nan_ok=True)]]
    assert own_normal(np.array([2.0]))[3] == pytest.approx([2 * 1.6448536], rel=1e-6)


def test_a_quiet_beginning_does_not_widen_the_quantiles_of_a_lone_series():
    """Three months alike make a spread of nearly nothing: errors beside it are huge, and no measure of today's."""
    qty = [41, 41, 42, 75, 57, 60, 32, 54, 32, 49, 41, 75]
    row = run({"a": [float(value) for value in qty]}, span=1).sums.row(0, named=True)
    assert row["error_sd"] < 25
    assert row["q95"] == pytest.approx(row["mean"] + 1.6448536 * row["error_sd"], rel=1e-6)


def test_one_smooth_series_alone_gets_normal_quantiles_of_its_own_sum_errors():
    rng = np.random.default_rng(2)
    qty = rng.normal(100, 10, 40).round(1).tolist()
    result = run({"a": qty}, span=3)
    row = result.sums.filter(pl.col("span") == 3).row(0, named=True)
    assert row["q95"] == pytest.approx(row["mean"] + 1.6448536 * row["error_sd"], rel=1e-6)
    assert row["q50"] == pytest.approx(row["mean"], rel=1e-9)
    assert row["error_sd"] == pytest.approx(10 * 3**0.5, rel=0.5)


def test_own_errors_move_the_scale_as_far_as_their_number_carries():
    errors = np.full((24, 1), 3.0)
    unit, rho = scaled(errors, np.ones((24, 1)), np.ones(1), 24.0)
    assert rho.tolist() == pytest.approx([((24 * 9 + 24) / 48) ** 0.5])
    assert unit[0, 0] == pytest.approx(3.0 / rho[0])


def test_a_jump_widens_the_scale_once():
    """An error ten times the spread of its day, five times today's, which has grown by it: 5 counts."""
    errors = np.array([[1.0], [-1.0], [10.0], [-2.0]])
    base = np.array([[1.0], [1.0], [1.0], [2.0]])
    unit, rho = scaled(errors, base, np.array([2.0]), 12.0)
    assert rho.tolist() == pytest.approx([((0.25 + 0.25 + 25 + 1 + 12) / 16) ** 0.5])
    assert (unit * rho).ravel().tolist() == pytest.approx([1, -1, 10, -1])


def test_spread_is_the_standard_deviation_up_to_the_origin():
    y = np.array([[np.nan, 1.0], [4.0, 5.0], [8.0, 6.0]])
    found = spread(y, np.array([1, 2]))
    assert found == pytest.approx(np.array([[0.0, 2.0], [2.0, np.std([1, 5, 6])]]))


def test_a_shorter_past_still_gives_quantiles_at_far_leads():
    result = run(mixed(1, 40, 30), horizon=24, span=3)
    wide = result.forecast.group_by("period", maintain_order=True).agg(
        (pl.col("q95") - pl.col("mean")).mean()
    )
    assert (wide["q95"] > 0).all()


def test_settings_of_pools_are_read():
    lone = Settings(forecast={"pool_series": 1000})
    assert lone.forecast.pool_series == 1000
    assert frame({"a": [1.0]}).height == 1
