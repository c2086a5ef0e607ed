"""From a need to an order: minimum, packs, caps. Checked against a plain-Python search over all quantities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.engine.rounding import Packs, cut_hard, packs_up, plain_need, round_need


def one(
    need: float, position: float, moq: float, multiple: float, most: float, trigger: float, **how: str
) -> float:
    packs = Packs(*(np.array([float(x)]) for x in (moq, multiple, most, trigger)), **how)  # type: ignore[arg-type]
    return float(round_need(np.array([need]), np.array([position]), packs).qty[0])


def by_search(need: int, position: int, moq: int, multiple: int, most: float, trigger: int) -> int:
    """The same rule by trying every whole number of packs."""
    if need <= 0:
        return 0
    able = [qty for qty in range(multiple, 4000, multiple) if qty >= moq]
    covering = next(qty for qty in able if qty >= need)
    if position + covering <= most:
        return covering
    inside = [qty for qty in able if position + qty <= most and position + qty > trigger]
    if inside:
        return inside[-1]
    return min(covering, next(qty for qty in able if position + qty > trigger))


@given(
    need=st.integers(0, 200),
    position=st.integers(-100, 300),
    moq=st.integers(0, 120),
    multiple=st.integers(1, 60),
    most=st.one_of(st.just(math.inf), st.integers(1, 400)),
    trigger=st.integers(0, 300),
)
def test_rounding_is_what_a_search_finds(
    need: int, position: int, moq: int, multiple: int, most: float, trigger: int
) -> None:
    """Vectorised rounding equals trying every quantity, soft cap included."""
    assert one(need, position, moq, multiple, most, trigger) == by_search(
        need, position, moq, multiple, most, trigger
    )


@given(
    need=st.floats(0.01, 1e4),
    moq=st.floats(0, 1e3),
    multiple=st.sampled_from([0.1, 0.5, 1, 6, 12, 100]),
    most=st.one_of(st.just(math.inf), st.floats(1, 1e4)),
    rounding=st.sampled_from(["up", "nearest"]),
)
def test_a_need_is_never_rounded_to_nothing(
    need: float, moq: float, multiple: float, most: float, rounding: str
) -> None:
    """Whatever the pack and the soft maximum: at least the moq, whole packs, and more than zero."""
    qty = one(need, 0.0, moq, multiple, most, 0.0, rounding=rounding)
    assert qty > 0
    assert qty >= moq - 1e-6
    assert qty / multiple == pytest.approx(round(qty / multiple), abs=1e-6)


def test_nearest_rounds_both_ways_but_never_to_zero() -> None:
    """Packs of 10: 14 is 10, 15 is 20, 3 is 10 and not nothing."""
    assert [one(need, 0, 0, 10, math.inf, 0, rounding="nearest") for need in (14, 15, 3)] == [10, 20, 10]


def test_a_hard_maximum_orders_nothing_rather_than_too_much() -> None:
    """Room for 7 and a moq of 12: nothing; a soft maximum orders the 12."""
    assert one(9, 3, 12, 1, 10, 0, cap="hard") == 0
    assert one(9, 3, 12, 1, 10, 0) == 12


def test_hard_room_cuts_to_whole_packs_or_nothing() -> None:
    """Room for 29 in packs of 12 is 24; with a moq of 30 nothing fits."""
    packs = Packs(np.array([0.0, 30.0]), np.array([12.0, 12.0]), np.full(2, np.inf), np.zeros(2))
    assert cut_hard(np.array([36.0, 36.0]), np.array([29.0, 29.0]), packs).tolist() == [24.0, 0.0]


def test_tenths_are_packed_without_float_dust() -> None:
    """0.3 kg in packs of 0.1 kg is 3 packs, although 0.3 / 0.1 is 2.9999999999999996."""
    assert packs_up(np.array([0.1 + 0.2]), np.array([0.1])).tolist() == [0.3]


def test_a_need_is_used_as_it_is_printed() -> None:
    """Two digits, four below 1, and what is smaller is no need yet."""
    assert plain_need(np.array([24.004, 0.12344, 0.00001, -3.0])).tolist() == [24.0, 0.1234, 0.0, 0.0]
