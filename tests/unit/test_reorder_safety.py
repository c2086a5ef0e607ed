"""Demand over a span as a distribution: quantiles, shortage, safety stock by cycle service and by fill rate."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.engine.loss import normal_cdf, normal_loss, second_loss, standard_loss, z_value
from stockturn.engine.safety import (
    LEVELS,
    QUANTILES,
    Errors,
    chance_short,
    errors,
    level_for_fill,
    over_span,
    shortage,
    spread,
)


@given(st.floats(1e-9, 1 - 1e-9))
def test_the_normal_quantile_is_right_to_nine_digits(p: float) -> None:
    """Against the standard library."""
    assert float(z_value(p)) == pytest.approx(NormalDist().inv_cdf(p), abs=1e-9)


@given(st.floats(-30, 30))
def test_the_normal_probability_is_right(z: float) -> None:
    """Against the complementary error function of the standard library, far tails included."""
    assert float(normal_cdf(z)) == pytest.approx(0.5 * math.erfc(-z / math.sqrt(2)), rel=1e-8, abs=1e-300)


def test_the_second_loss_is_the_integral_of_the_first() -> None:
    """Trapezoid rule from 0.3 on."""
    z = np.linspace(0.3, 12, 200_001)
    loss = standard_loss(z)
    area = float(((loss[1:] + loss[:-1]) / 2 * np.diff(z)).sum())
    assert float(second_loss(0.3)) == pytest.approx(area, abs=1e-8)


def normal_errors(sd: float, spans: int = 4) -> Errors:
    """Errors as a normal with sd growing by the square root of the span would leave them."""
    span = np.arange(1, spans + 1)
    sds = sd * np.sqrt(span)[None, :]
    return Errors(sds[:, :, None] * z_value(np.array(LEVELS)), sds, np.array([True]))


@pytest.mark.parametrize("level", [0.5, 0.8, 0.93, 0.95, 0.99, 0.997])
def test_with_normal_errors_the_textbook_comes_out(level: float) -> None:
    """z sqrt(s^2 + d^2 s_L^2) for any level, between the known quantiles too."""
    found = spread(np.array([20.0]), normal_errors(3.0), np.array([2.0]), np.array([10.0]), np.array([1.5]))
    expected = NormalDist().inv_cdf(level) * math.hypot(3 * math.sqrt(2), 10 * 1.5)
    assert found.safety(np.array([level]))[0] == pytest.approx(expected, abs=1e-9)


@given(
    st.lists(st.floats(0, 50), min_size=6, max_size=6),
    st.floats(0, 20),
    st.floats(0.5, 0.99),
    st.floats(0, 0.009),
)
def test_more_service_never_needs_less_safety(
    steps: list[float], lead_sd: float, level: float, more: float
) -> None:
    """Whatever the error quantiles, and also with lead-time spread."""
    quantiles = np.cumsum(steps)[None, None, :] - 40.0
    known = Errors(quantiles, np.array([[5.0]]), np.array([True]))
    found = spread(np.array([60.0]), known, np.array([1.0]), np.array([2.0]), np.array([lead_sd]))
    low, high = (found.safety(np.array([p]))[0] for p in (level, level + more))
    assert 0 <= low <= high + 1e-9


def test_broken_spans_lie_between_whole_ones() -> None:
    """1.5 buckets: half way; a quarter of a bucket: half of one; beyond the last by the square root."""
    known = np.array([[2.0, 3.0]])
    assert over_span(known, np.array([1.5]))[0] == pytest.approx(2.5)
    assert over_span(known, np.array([0.25]))[0] == pytest.approx(1.0)
    assert over_span(known, np.array([8.0]))[0] == pytest.approx(6.0)


def test_sums_of_a_forecast_become_errors() -> None:
    """Quantile less mean; a cell without rows is not measured; a lacking span is grown from the one before."""
    sums = pl.DataFrame(
        {"sku": ["A"], "warehouse": ["W"], "span": [1], "mean": [10.0], "error_sd": [4.0]}
        | {name: [10.0 + step] for step, name in enumerate(QUANTILES)}
    )
    cells = pl.DataFrame({"sku": ["A", "B"], "warehouse": ["W", "W"]})
    found = errors(sums, cells)
    assert found.measured.tolist() == [True, False]
    assert found.quantiles[0, 0].tolist() == [0, 1, 2, 3, 4, 5]


def sampled(mean: float, sd: float) -> np.ndarray:
    """Knots of a demand that is normal."""
    found = spread(np.array([mean]), normal_errors(sd), np.array([1.0]), np.array([1.0]), np.array([0.0]))
    return found.knots()


@pytest.mark.parametrize("level", [80.0, 100.0, 110.0, 116.0, 125.0])
def test_shortage_from_knots_is_near_the_normal_one(level: float) -> None:
    """Eight knots are a coarse normal: within 2 % of the sd."""
    short = shortage(sampled(100, 10), np.array([level]))[0]
    assert short == pytest.approx(float(normal_loss(level, 100, 10)[0]), abs=0.2)


def test_shortage_from_knots_is_that_of_even_pieces() -> None:
    """By hand: demand 0..100 in even pieces of the stated chances, drawn densely."""
    knots = np.array([[0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 100.0]])
    grid = (np.arange(200_000) + 0.5) / 200_000
    draws = np.interp(grid, (0.0, *LEVELS, 1.0), knots[0])
    for level in (0.0, 5.0, 25.0, 70.0, 120.0):
        expected = np.maximum(draws - level, 0).mean()
        assert shortage(knots, np.array([level]))[0] == pytest.approx(expected, abs=1e-3)
        assert chance_short(knots, np.array([level]))[0] == pytest.approx((draws > level).mean(), abs=1e-3)


def test_the_fill_level_is_the_least_that_serves() -> None:
    """At the level found unmet demand is what was allowed; a little less would miss it."""
    knots = sampled(100, 10)
    found = level_for_fill(knots, None, np.array([0.5]))
    assert shortage(knots, found)[0] == pytest.approx(0.5, abs=1e-6)
    assert shortage(knots, found - 0.1)[0] > 0.5


def test_demand_is_never_below_zero_and_keeps_its_mean() -> None:
    """Skewed errors of a rare item: no negative demand; counted in units, the pieces bring what is forecast."""
    quantiles = np.array([[[-1.0, 0.0, 2.0, 8.0, 14.0, 20.0]]])
    known = Errors(quantiles, np.array([[4.0]]), np.array([True]))
    found = spread(np.array([1.0]), known, np.array([1.0]), np.array([0.1]), np.array([0.0]))
    knots = found.knots()
    assert (knots >= 0).all()
    assert (np.diff(knots, axis=1) >= 0).all()
    assert shortage(knots, np.zeros(1))[0] > 1.4  # straight lines above a thin tail
    assert shortage(found.around_mean(knots), np.zeros(1))[0] == pytest.approx(1.0)
    assert found.around_mean(sampled(1.0, 0.1))[0, 4] == pytest.approx(1.1645, abs=1e-3)
