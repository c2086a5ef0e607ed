"""From a need to a quantity that can be ordered: minimum, whole packs, caps. Vectorised over cells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from stockturn.engine.loss import Floats

Flags = np.ndarray
HAIR = 1e-9
NEED_DECIMALS = 2
"""A need is looked at to the hundredth (below 1: to the ten-thousandth), so that it can be printed as it was used."""


@dataclass(frozen=True)
class Packs:
    """What binds an order, per cell. ``moq`` 0 and ``max_stock`` inf where there is none; ``trigger`` is the
    position at or below which a round-down would not be enough."""

    moq: Floats
    multiple: Floats
    max_stock: Floats
    trigger: Floats
    rounding: Literal["up", "nearest"] = "up"
    cap: Literal["soft", "hard", "ignore"] = "soft"

    def take(self, rows: np.ndarray) -> Packs:
        """The packs of some cells."""
        return replace(
            self,
            moq=self.moq[rows],
            multiple=self.multiple[rows],
            max_stock=self.max_stock[rows],
            trigger=self.trigger[rows],
        )


@dataclass(frozen=True)
class Rounded:
    """The quantity, and what was done to it: ``at_max`` rounded down to max_stock, ``cap_exceeded`` above it all
    the same."""

    qty: Floats
    at_max: Flags
    cap_exceeded: Flags


def plain_need(need: Floats) -> Floats:
    """The need as it is printed and used: to 0.01, below 1 to 0.0001, never below 0."""
    raw = np.maximum(need, 0.0)
    return np.asarray(np.where(raw < 1, np.round(raw, 2 * NEED_DECIMALS), np.round(raw, NEED_DECIMALS)))


def packs_up(qty: Floats, multiple: Floats) -> Floats:
    """The least multiple that is at least ``qty``.

    >>> packs_up(np.array([11.11, 12.0]), np.array([1.0, 6.0])).tolist()
    [12.0, 12.0]
    """
    return np.asarray(np.round(np.ceil(qty / multiple - HAIR) * multiple, 6) + 0.0)


def packs_down(qty: Floats, multiple: Floats) -> Floats:
    """The largest multiple that is at most ``qty``, at least 0."""
    return np.asarray(np.round(np.maximum(np.floor(qty / multiple + HAIR), 0.0) * multiple, 6) + 0.0)


def round_need(need: Floats, position: Floats, packs: Packs) -> Rounded:
    """The order for a need: 0 for none, else at least moq and a whole number of packs, and never 0.

    ``up``: the least multiple that covers the need; ``nearest``: the nearest one, at least one. Where that lifts
    the position above max_stock, a soft cap rounds down as far as the cap, unless that falls below the moq or leaves
    the position at or below its trigger: then the least quantity that avoids both (cap_exceeded). A hard cap rounds
    down whatever happens, to 0 where even the moq is too much.

    Position 194, trigger 200, maximum 250, packs of 100: need 56 -> 100 -> cap -> 0 would stay below 200 -> 100.
    """
    least = packs_up(np.maximum(packs.moq, packs.multiple), packs.multiple)
    if packs.rounding == "nearest":
        near = np.floor(need / packs.multiple + 0.5 + HAIR) * packs.multiple
        covering = np.maximum(np.round(near, 6), least)
    else:
        covering = np.maximum(packs_up(need, packs.multiple), least)
    wanted = need > HAIR
    if packs.cap == "ignore" or not np.isfinite(packs.max_stock).any():
        return Rounded(np.where(wanted, covering, 0.0), np.zeros_like(wanted), np.zeros_like(wanted))
    over = wanted & (position + covering > packs.max_stock + HAIR)
    room = np.where(np.isfinite(packs.max_stock), packs.max_stock - position, 0.0)
    down = packs_down(room, packs.multiple)
    fits = down >= least - HAIR
    if packs.cap == "hard":
        qty = np.where(over, np.where(fits, down, 0.0), covering)
        return Rounded(np.where(wanted, qty, 0.0), over, np.zeros_like(over))
    fits &= position + down > packs.trigger + HAIR
    past = (np.floor((packs.trigger - position) / packs.multiple + HAIR) + 1) * packs.multiple
    enough = np.minimum(covering, np.maximum(np.round(past, 6), least))
    qty = np.where(over, np.where(fits, down, enough), covering)
    exceeded = over & ~fits & (position + enough > packs.max_stock + HAIR)
    return Rounded(np.where(wanted, qty, 0.0), over & fits, exceeded)


def cut_hard(qty: Floats, room: Floats, packs: Packs) -> Floats:
    """The quantity held within hard room (space, shelf life): whole packs, 0 where the moq does not fit."""
    least = packs_up(np.maximum(packs.moq, packs.multiple), packs.multiple)
    inside = packs_down(np.where(np.isfinite(room), room, 0.0), packs.multiple)
    held = np.where(inside >= least - HAIR, inside, 0.0)
    return np.where(qty > room + HAIR, held, qty)
