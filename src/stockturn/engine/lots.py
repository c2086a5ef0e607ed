"""How much at once: EOQ and its relatives, newsvendor, lot sizes over time. Textbook formulas, scalar.

Units: rates and holding costs of one and the same time unit (a year, say); money in one currency.
Sources: Harris 1913; Snyder & Shen, *Fundamentals of Supply Chain Theory*, ch. 3-4; Hillier & Lieberman, ch. 19.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stockturn.engine.loss import Floats, normal_loss, poisson_loss, poisson_pmf, z_value


@dataclass(frozen=True)
class Lot:
    """A quantity and what it costs: per time unit for lots, per season for a newsvendor."""

    quantity: float
    cost: float
    share_short: float = 0.0


def eoq(order_cost: ArrayLike, holding_cost: ArrayLike, demand: ArrayLike) -> Floats:
    """Economic order quantity sqrt(2 K D / h), vectorised; ``holding_cost`` per unit and the time unit of demand.

    >>> round(float(eoq(8, 0.225, 1300)), 4)
    304.0468
    """
    fixed, holding, rate = (
        np.asarray(value, dtype=np.float64) for value in (order_cost, holding_cost, demand)
    )
    return np.asarray(np.sqrt(2 * fixed * np.maximum(rate, 0) / np.where(holding > 0, holding, np.inf)))


def lot_cost(order_cost: float, holding_cost: float, demand: float, quantity: float) -> float:
    """Ordering and holding cost per time unit of a lot: K D / Q + h Q / 2.

    >>> lot_cost(8, 0.225, 1300, 250)
    69.725
    """
    return order_cost * demand / quantity + holding_cost * quantity / 2


def eoq_backorders(order_cost: float, holding_cost: float, backorder_cost: float, demand: float) -> Lot:
    """EOQ where shortages may wait at a cost per unit and time; ``share_short`` is the part of Q backordered.

    Q = sqrt(2 K D (h + p) / (h p)), share = h / (h + p), cost = K D / Q + h p Q / (2 (h + p)).
    """
    both = holding_cost + backorder_cost
    quantity = math.sqrt(2 * order_cost * demand * both / (holding_cost * backorder_cost))
    cost = order_cost * demand / quantity + holding_cost * backorder_cost * quantity / (2 * both)
    return Lot(quantity, cost, holding_cost / both)


def eoq_price_breaks(
    order_cost: float, holding_rate: float, demand: float, breaks: Sequence[float], prices: Sequence[float]
) -> Lot:
    """EOQ with all-units discounts: price ``prices[i]`` from ``breaks[i]`` on; cost includes the purchase.

    Each price's EOQ is moved to its own break where it lies below; the cheapest feasible one wins.
    """
    best: Lot | None = None
    ends = [*breaks[1:], math.inf]
    for start, end, price in zip(breaks, ends, prices, strict=True):
        quantity = max(float(eoq(order_cost, holding_rate * price, demand)), start)
        if quantity >= end:
            continue  # the next price is lower and begins there
        cost = price * demand + lot_cost(order_cost, holding_rate * price, demand, quantity)
        if best is None or cost < best.cost:
            best = Lot(quantity, cost)
    if best is None:
        raise ValueError("price breaks must begin at 0")
    return best


def newsvendor_normal(holding_cost: float, shortage_cost: float, mean: float, sd: float) -> Lot:
    """Stock that balances a unit left over against a unit short: P(demand <= S) = p / (p + h).

    With a price r, a cost c and a salvage value v: h = c - v, p = r - c; profit = p * mean - cost.
    """
    level = mean + float(z_value(shortage_cost / (shortage_cost + holding_cost))) * sd
    short, over = normal_loss(level, mean, sd)
    return Lot(level, holding_cost * float(over) + shortage_cost * float(short))


def newsvendor_poisson(holding_cost: float, shortage_cost: float, mean: float) -> Lot:
    """The same for Poisson demand: the least whole S with P(demand <= S) >= p / (p + h)."""
    most = int(mean + 12 * math.sqrt(mean) + 25)
    level = int(np.searchsorted(np.cumsum(poisson_pmf(most, mean)), _critical(holding_cost, shortage_cost)))
    short, over = poisson_loss(level, mean)
    return Lot(level, holding_cost * over + shortage_cost * short)


def newsvendor_discrete(holding_cost: float, shortage_cost: float, chances: Mapping[int, float]) -> Lot:
    """The same for demand with a table of chances."""
    demands = sorted(chances)
    running = np.cumsum([chances[demand] for demand in demands])
    level = demands[int(np.searchsorted(running, _critical(holding_cost, shortage_cost)))]
    cost = sum(
        chance * (holding_cost * max(level - demand, 0) + shortage_cost * max(demand - level, 0))
        for demand, chance in chances.items()
    )
    return Lot(level, cost)


def _critical(holding_cost: float, shortage_cost: float) -> float:
    """p / (p + h), less a hair, so that a chance that sums to it exactly is enough."""
    return shortage_cost / (shortage_cost + holding_cost) - 1e-12


def wagner_whitin(
    order_cost: float, holding_cost: float, demand: Sequence[float]
) -> tuple[list[float], float]:
    """Cheapest lots for known demand by bucket (holding cost per unit and bucket): quantities, total cost.

    Wagner & Whitin 1958: an order covers whole buckets, so the best plan from each bucket on is a shortest path.
    """
    count = len(demand)
    best, until = [0.0] * (count + 1), [0] * count
    for start in range(count - 1, -1, -1):
        held, options = 0.0, []
        for end in range(start + 1, count + 1):
            held += holding_cost * (end - 1 - start) * demand[end - 1]
            options.append((order_cost + held + best[end], end))
        best[start], until[start] = min(options)
    lots, start = [0.0] * count, 0
    while start < count:
        lots[start] = float(sum(demand[start : until[start]]))
        start = until[start]
    return lots, best[0]
