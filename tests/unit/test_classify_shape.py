"""XYZ and pattern: when they speak and when they stay silent."""

from __future__ import annotations

from statistics import mean, stdev

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.config.classes import AbcSettings
from stockturn.engine.classify import pattern_of, with_shape, xyz_of


def shape(*demand: float) -> dict[str, object]:
    """The figures of one series."""
    series = pl.DataFrame({"sku": "A", "qty": [float(qty) for qty in demand]})
    return with_shape(series.lazy(), AbcSettings(), ("sku",)).collect().row(0, named=True)


def test_the_worked_series_of_the_docstring() -> None:
    """0 4 0 8: cv 1.28, ADI 2, CV squared 8 / 36."""
    found = shape(0, 4, 0, 8)
    assert (found["xyz"], found["pattern"], found["adi"]) == ("Z", "intermittent", 2.0)
    assert found["cv"] == pytest.approx(3.829708 / 3)
    assert found["cv2"] == pytest.approx(8 / 36)


@pytest.mark.parametrize(("cv", "letter"), [(0.5, "X"), (0.501, "Y"), (1.0, "Y"), (1.001, "Z"), (None, None)])
def test_xyz_cuts_are_inclusive(cv: float | None, letter: str | None) -> None:
    """X up to and including 0.5, Y up to and including 1."""
    frame = pl.DataFrame({"cv": [cv]}, schema={"cv": pl.Float64})
    assert frame.select(xyz_of(AbcSettings())).item() == letter


@pytest.mark.parametrize(
    ("adi", "cv2", "pattern"),
    [
        (1.0, 0.0, "smooth"),
        (1.0, 0.5, "erratic"),
        (2.0, 0.1, "intermittent"),
        (2.0, 0.9, "lumpy"),
        (3.0, None, None),
    ],
)
def test_the_four_patterns(adi: float, cv2: float | None, pattern: str | None) -> None:
    """Each quarter of the plane, and unknown where the size of demand has no spread."""
    frame = pl.DataFrame({"adi": [adi], "cv2": [cv2]}, schema={"adi": pl.Float64, "cv2": pl.Float64})
    assert frame.select(pattern_of(AbcSettings())).item() == pattern


def test_two_buckets_are_too_few_for_xyz() -> None:
    """Null, not X."""
    found = shape(5, 5)
    assert (found["cv"], found["xyz"], found["pattern"]) == (None, None, "smooth")


def test_no_demand_has_no_shape() -> None:
    """All zeros: nothing is known, and nothing is NaN."""
    found = shape(0, 0, 0, 0)
    assert [found[name] for name in ("cv", "xyz", "adi", "cv2", "pattern")] == [None] * 5


def test_one_bucket_with_demand_has_no_pattern() -> None:
    """ADI is known, the spread of its size is not."""
    found = shape(0, 0, 0, 7)
    assert (found["adi"], found["cv2"], found["pattern"], found["xyz"]) == (4.0, None, None, "Z")


@given(st.lists(st.integers(0, 9), min_size=3, max_size=24))
def test_figures_agree_with_the_statistics_module(demand: list[int]) -> None:
    """Same cv, ADI and CV squared by other code."""
    found, hits = shape(*demand), [qty for qty in demand if qty]
    assert found["cv"] == (pytest.approx(stdev(demand) / mean(demand)) if hits else None)
    assert found["adi"] == (pytest.approx(len(demand) / len(hits)) if hits else None)
    assert found["cv2"] == (pytest.approx((stdev(hits) / mean(hits)) ** 2) if len(hits) > 1 else None)
