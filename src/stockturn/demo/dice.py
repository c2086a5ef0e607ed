"""Random numbers for the example company, all from one stream of uniform doubles.

Only ``Generator.random`` is asked: the doubles of PCG64 are the same in every release of numpy, while the
ready-made Poisson and normal draws may change. So one seed gives one company, byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")
_NORMAL = NormalDist()
_MOST_LINES = 12
"""No cell sells on more lines a day than this; with a mean near 1 more would be a miracle (p < 1e-9)."""


class Dice:
    """One stream of random numbers."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed))

    def uniform(self) -> float:
        """A number in [0, 1)."""
        return float(self._generator.random())

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return self.uniform() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self.uniform() * (high - low + 1))

    def normal(self) -> float:
        """A standard normal number."""
        return _NORMAL.inv_cdf(max(self.uniform(), 1e-12))

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[int(self.uniform() * len(choices))]

    def shuffled(self, choices: Sequence[T]) -> list[T]:
        """The choices in random order."""
        return [choices[place] for place in np.argsort(self._generator.random(len(choices)), kind="stable")]

    def poisson(self, mean: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Poisson counts, by inversion: the number of cumulated probabilities that the uniform exceeds."""
        drawn = self._generator.random(mean.shape)
        term = np.exp(-mean)
        reached = term.copy()
        count = np.zeros(mean.shape, dtype=np.int64)
        for step in range(1, _MOST_LINES + 1):
            count += drawn >= reached
            term = term * mean / step
            reached = reached + term
        return count
