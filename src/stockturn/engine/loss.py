"""Normal and Poisson distribution: quantile, probability, expected shortage. Vectorised, without scipy.

Notation: G(z) = E[(Z - z)+] is the standard normal loss; the shortage of a stock level S against demand X is
E[(X - S)+], what is left over is E[(S - X)+] = S - E[X] + shortage.
Sources: Silver, Pyke & Thomas, *Inventory and Production Management in Supply Chains*, app. II; Snyder & Shen,
*Fundamentals of Supply Chain Theory*, app. C. Probability: Hart's rational approximation in double precision
(West, "Better approximations to cumulative normal functions", 2005); quantile: Acklam's rational start, one Halley
step against that probability (error below 1e-12).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_SQRT_2PI = math.sqrt(2 * math.pi)
_FAR = 7.07106781186547  # where Hart's fraction hands over to a continued fraction
_TOP = (
    3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383,
    112.079291497871, 221.213596169931, 220.206867912376,
)  # fmt: skip
_BASE = (
    8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461,
    296.564248779674, 637.333633378831, 793.826512519948, 440.413735824752,
)  # fmt: skip
_A = (
    -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2,
    1.383577518672690e2, -3.066479806614716e1, 2.506628277459239,
)  # fmt: skip
_B = (
    -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2,
    6.680131188771972e1, -1.328068155288572e1, 1.0,
)  # fmt: skip
_C = (
    -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838,
    -2.549732539343734, 4.374664141464968, 2.938163982698783,
)  # fmt: skip
_D = (7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1.0)
_TAIL = 0.02425  # Acklam's border between the centre and the tails


def normal_pdf(z: ArrayLike) -> Floats:
    """Density of the standard normal."""
    x = np.asarray(z, dtype=np.float64)
    return np.asarray(np.exp(-0.5 * x * x) / _SQRT_2PI)


def normal_cdf(z: ArrayLike) -> Floats:
    """Probability that a standard normal is at most z, to 1e-15.

    >>> round(float(normal_cdf(1.6448536269514722)), 12)
    0.95
    """
    x = np.asarray(z, dtype=np.float64)
    size = np.abs(x)
    near = np.minimum(size, _FAR)
    bell = np.exp(-0.5 * size * size)
    tail = bell * np.polyval(_TOP, near) / np.polyval(_BASE, near)
    far = size >= _FAR
    if far.any():
        deep = np.maximum(size, _FAR)
        fraction = deep + 1 / (deep + 2 / (deep + 3 / (deep + 4 / (deep + 0.65))))
        tail = np.where(far, bell / fraction / _SQRT_2PI, tail)
    return np.asarray(np.where(x > 0, 1 - tail, tail))


def z_value(p: ArrayLike) -> Floats:
    """The safety factor z of a cycle service level p: the standard normal quantile, 0 < p < 1.

    >>> round(float(z_value(0.95)), 9)
    1.644853627
    """
    level = np.asarray(p, dtype=np.float64)
    low = np.minimum(level, 1 - level)  # symmetric: work in the lower half, where nothing cancels
    centre = low - 0.5
    r = centre * centre
    start = np.polyval(_A, r) * centre / np.polyval(_B, r)
    q = np.sqrt(-2 * np.log(np.clip(low, 1e-300, 0.5)))
    start = np.where(low < _TAIL, np.polyval(_C, q) / np.polyval(_D, q), start)
    error = (normal_cdf(start) - low) * _SQRT_2PI * np.exp(0.5 * start * start)
    z = start - error / (1 + 0.5 * start * error)
    return np.asarray(np.where(level > 0.5, -z, z))


def standard_loss(z: ArrayLike) -> Floats:
    """G(z) = pdf(z) - z (1 - cdf(z)): units short per unit of sd.

    >>> round(float(standard_loss(0)), 9)
    0.39894228
    """
    x = np.asarray(z, dtype=np.float64)
    return np.asarray(normal_pdf(x) - x * normal_cdf(-x))


def normal_loss(level: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> tuple[Floats, Floats]:
    """Expected shortage and expected left-over of a stock level against normal demand; sd 0 is certain demand.

    >>> [round(float(side), 9) for side in normal_loss(56.6, 50, 8)]
    [0.920006179, 7.520006179]
    """
    gap = np.asarray(level, dtype=np.float64) - np.asarray(mean, dtype=np.float64)
    spread = np.asarray(sd, dtype=np.float64)
    some = np.where(spread > 0, spread, 1.0)
    short = np.where(spread > 0, some * standard_loss(gap / some), np.maximum(-gap, 0.0))
    return np.asarray(short), np.asarray(short + gap)


def second_loss(z: ArrayLike) -> Floats:
    """E[((Z - z)+)^2] / 2 of the standard normal: the integral of G from z on (Snyder & Shen, C.3)."""
    x = np.asarray(z, dtype=np.float64)
    return np.asarray(0.5 * ((x * x + 1) * normal_cdf(-x) - x * normal_pdf(x)))


def poisson_pmf(count: int, mean: float) -> Floats:
    """Probabilities of 0, 1, ... count for a Poisson of that mean, by logarithms so that none underflows."""
    k = np.arange(count + 1)
    if mean <= 0:
        return np.asarray(np.where(k == 0, 1.0, 0.0))
    steps = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, count + 1)))))
    return np.asarray(np.exp(k * math.log(mean) - mean - steps))


def poisson_loss(level: int, mean: float) -> tuple[float, float]:
    """Expected shortage and left-over of a whole stock level against Poisson demand.

    >>> [round(side, 9) for side in poisson_loss(18, 15)]
    [0.517609528, 3.517609528]
    """
    if level < 0:
        return mean - level, 0.0
    over = float(np.cumsum(poisson_pmf(level, mean))[:level].sum())
    return over - level + mean, over
