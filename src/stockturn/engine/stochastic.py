"""When and how much under uncertain demand: (r, Q) and (s, S) with costs. Textbook formulas, scalar.

Time unit is free (a year, a period); costs are per unit and time unit, K per order. Demand over the lead time
L has mean d L and sd sd sqrt(L).
Sources: Snyder & Shen, *Fundamentals of Supply Chain Theory*, 2nd ed., sections 4.4 and 5; Hadley & Whitin 1963;
Federgruen & Zheng 1992 ((r, Q)); Zheng & Federgruen 1991 ((s, S)); Ehrhardt & Mosier 1984 (power approximation).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stockturn.engine.loss import normal_loss, poisson_loss, poisson_pmf, second_loss, z_value
from stockturn.engine.lots import eoq, newsvendor_normal


@dataclass(frozen=True)
class Costs:
    """Holding and shortage cost per unit and time unit, fixed cost per order."""

    holding: float
    shortage: float
    order: float


@dataclass(frozen=True)
class Normal:
    """Demand per time unit (mean, sd) and the lead time in the same unit."""

    mean: float
    sd: float
    lead_time: float

    @property
    def lead_mean(self) -> float:
        """Mean demand over the lead time."""
        return self.mean * self.lead_time

    @property
    def lead_sd(self) -> float:
        """Its standard deviation."""
        return self.sd * math.sqrt(self.lead_time)


@dataclass(frozen=True)
class Levels:
    """A policy: (r, Q) holds r and Q, (s, S) holds s and S; ``cost`` per time unit, None where not computed."""

    low: float
    high: float
    cost: float | None = None


ROUNDS = 1000
CLOSE = 1e-10


def rq_cost(costs: Costs, demand: Normal, r: float, q: float) -> float:
    """Exact cost of (r, Q) under normal lead-time demand: (K d + the integral of g from r to r + Q) / Q."""
    mean, sd = demand.lead_mean, demand.lead_sd

    def short_until(level: float) -> float:
        return sd * sd * float(second_loss((level - mean) / sd))

    short = short_until(r) - short_until(r + q)  # integral of E[(X - y)+]
    over = q * (r + q / 2 - mean) + short  # integral of E[(y - X)+]
    return (costs.order * demand.mean + costs.holding * over + costs.shortage * short) / q


def rq_expected_shortage(costs: Costs, demand: Normal) -> Levels:
    """(r, Q) by the expected-inventory-level approximation (Hadley & Whitin), shortage cost per unit short.

    Q = sqrt(2 d (K + p n(r)) / h), P(X > r) = Q h / (p d), in turn until both stand still.
    """
    mean, sd, rate = demand.lead_mean, demand.lead_sd, demand.mean
    q = float(eoq(costs.order, costs.holding, rate))
    r = mean
    for _ in range(ROUNDS):
        r = mean - float(z_value(min(q * costs.holding / (costs.shortage * rate), 1 - CLOSE))) * sd
        short = float(normal_loss(r, mean, sd)[0])
        before, q = q, math.sqrt(2 * rate * (costs.order + costs.shortage * short) / costs.holding)
        if abs(q - before) < CLOSE:
            break
    cost = costs.holding * (r - mean + q / 2) + costs.order * rate / q + costs.shortage * rate * short / q
    return Levels(r, q, cost)


def rq_loss(costs: Costs, demand: Normal) -> Levels:
    """(r, Q) by the loss-function approximation: n(r) = h Q / (h + p), Q = sqrt(2 (K d + (h + p) n2(r)) / h).

    n is the expected shortage at r, n2 its integral from r on; shortage cost per unit and time unit.
    """
    mean, sd, both = demand.lead_mean, demand.lead_sd, costs.holding + costs.shortage
    q = float(eoq(costs.order, costs.holding, demand.mean))
    r = mean
    for _ in range(ROUNDS):
        r = mean + sd * _loss_inverse(costs.holding * q / both / sd)
        beyond = sd * sd * float(second_loss((r - mean) / sd))
        before, q = q, math.sqrt(2 * (costs.order * demand.mean + both * beyond) / costs.holding)
        if abs(q - before) < CLOSE:
            break
    return Levels(r, q)


def _loss_inverse(target: float) -> float:
    """z with G(z) = target, by halving."""
    low, high = -target - 10, 10.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if float(normal_loss(middle, 0, 1)[0]) > target else (low, middle)
    return (low + high) / 2


def rq_eoq(costs: Costs, demand: Normal) -> Levels:
    """(r, Q) with Q the EOQ and r the newsvendor level over the lead time: EOQ plus safety stock."""
    level = newsvendor_normal(costs.holding, costs.shortage, demand.lead_mean, demand.lead_sd)
    return Levels(level.quantity, float(eoq(costs.order, costs.holding, demand.mean)))


def rq_poisson(costs: Costs, mean: float, lead_time: float) -> Levels:
    """Exact best (r, Q) under Poisson demand (Federgruen & Zheng): widen the window while the next level pays."""
    holding_and_short = _poisson_cost(costs, mean * lead_time)
    base = _least(holding_and_short, int(mean * lead_time))
    low, high = base, base
    total = costs.order * mean + holding_and_short(base)
    while True:
        left, right = holding_and_short(low - 1), holding_and_short(high + 1)
        size = high - low + 1
        if min(left, right) >= total / size:
            return Levels(low - 1, size, total / size)
        total += min(left, right)
        low, high = (low - 1, high) if left <= right else (low, high + 1)


def _poisson_cost(costs: Costs, mean: float) -> Callable[[int], float]:
    """Expected holding and shortage cost of a stock level against Poisson demand."""

    def cost(level: int) -> float:
        short, over = poisson_loss(level, mean)
        return costs.holding * over + costs.shortage * short

    return cost


def _least(cost: Callable[[int], float], start: int) -> int:
    """The level of least cost of a function with one valley."""
    level = start
    while cost(level + 1) < cost(level):
        level += 1
    while cost(level - 1) < cost(level):
        level -= 1
    return level


def ss_power(costs: Costs, demand: Normal) -> Levels:
    """(s, S) by the power approximation for periodic review (Ehrhardt & Mosier), review period 1.

    Q = 1.30 m^.494 (K/h)^.506 (1 + v^2/m^2)^.116, z = sqrt(Q h / (p v)), s = .973 m_L + v (.183/z + 1.063 - 2.192 z),
    S = s + Q, with m_L and v the mean and sd of demand over lead time + 1. Snyder & Shen, example 4.8: s 40.19, S 74.29.
    """
    mean, ratio = demand.mean, costs.order / costs.holding
    span = demand.lead_time + 1
    lead_mean, lead_sd = span * mean, math.sqrt(span) * demand.sd
    q = 1.30 * mean**0.494 * ratio**0.506 * (1 + lead_sd**2 / mean**2) ** 0.116
    z = math.sqrt(q * costs.holding / (costs.shortage * lead_sd))
    s = 0.973 * lead_mean + lead_sd * (0.183 / z + 1.063 - 2.192 * z)
    return Levels(s, s + q)


def ss_exact(costs: Costs, mean: float, lead_time: int = 0) -> Levels:
    """Best (s, S) under Poisson demand per period (Zheng & Federgruen), cost per period.

    The cost of (s, S) is (K + sum of M'(j) G(S - j)) / M(S - s); s is moved up while that lowers the cost, then S is
    searched upwards as far as its own one-period cost stays below the best cost found.
    """
    one = _poisson_cost(costs, mean * (lead_time + 1))
    chances = poisson_pmf(int(mean + 12 * math.sqrt(mean) + 25), mean)
    renewal = _Renewal(chances)

    def cost(s: int, top: int) -> float:
        weights = renewal.upto(top - s)
        return (costs.order + sum(w * one(top - j) for j, w in enumerate(weights))) / sum(weights)

    start = _least(one, int(mean * (lead_time + 1)))
    s, top = start - 1, start
    while cost(s, top) > one(s):
        s -= 1
    best, best_top = cost(s, top), top
    top += 1
    while one(top) <= best:
        if cost(s, top) < best:
            best_top = top
            while cost(s, top) <= one(s + 1):
                s += 1
            best = cost(s, top)
        top += 1
    return Levels(s, best_top, best)


class _Renewal:
    """m(j): how often, on average, cumulative demand stands at j before it passes on; m = 1 + chances * m."""

    def __init__(self, chances: np.ndarray) -> None:
        self._chances = chances
        self._known = [1 / (1 - float(chances[0]))]

    def upto(self, count: int) -> list[float]:
        """m(0) to m(count - 1)."""
        while len(self._known) < count:
            j = len(self._known)
            reach = min(j, len(self._chances) - 1)
            past = sum(float(self._chances[k]) * self._known[j - k] for k in range(1, reach + 1))
            self._known.append(past * self._known[0])
        return self._known[:count]
