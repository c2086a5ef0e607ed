"""First in, first out on arrays: what is left of each inflow, and the age of goods that were moved.

What is on hand is what came in last: of each inflow there is left ``clip(on hand - received later, 0, qty)``.
Goods that were moved keep their age: an inflow that is *linked* to an outflow (the other leg of a transfer, the
sale that a return belongs to, the document that repacked them) takes the layers which that outflow issued first
in, first out. Quantities are whole millionths here, so that sums are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.engine.arrays import running

BEFORE = np.iinfo(np.int32).min
"""The day of what stood there before the ledger began."""

MAX_HOPS = 100
"""Passes after which ages stop travelling: more hops in a row than goods ever make."""

Ints = np.ndarray


@dataclass(frozen=True)
class Inflows:
    """Goods in, sorted by cell and order of arrival; ``cost`` per unit, NaN where unknown."""

    cell: Ints
    day: Ints
    qty: Ints
    cost: np.ndarray


@dataclass(frozen=True)
class Pieces:
    """Parts of inflows: ``layer`` (index of the inflow, ascending), ``day`` they first came in, ``qty``, ``cost``."""

    layer: Ints
    day: Ints
    qty: Ints
    cost: np.ndarray


@dataclass(frozen=True)
class Sources:
    """Where linked inflows came from: ``qty`` units of ``layer`` left ``cell`` on ``day`` as its units ``start`` and
    following, counted from the first unit that ever came into that cell (negative: from before the ledger)."""

    layer: Ints
    cell: Ints
    day: Ints
    start: Ints
    qty: Ints


def meet(a0: Ints, a1: Ints, b0: Ints, b1: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Overlaps of the intervals ``a`` with the sorted, disjoint intervals ``b``.

    Gives the index in a, the index in b, the start and the end of each overlap, by a then b.

    >>> [part.tolist() for part in meet(*map(np.array, ([0], [5], [0, 3, 8], [3, 8, 9])))]
    [[0, 0], [0, 1], [0, 3], [3, 5]]
    """
    first = np.searchsorted(b1, a0, side="right")
    count = np.maximum(np.searchsorted(b0, a1, side="left") - first, 0)
    ia = np.repeat(np.arange(len(a0)), count)
    ib = np.arange(count.sum()) + np.repeat(first - (np.cumsum(count) - count), count)
    start, end = np.maximum(a0[ia], b0[ib]), np.minimum(a1[ia], b1[ib])
    real = end > start
    return ia[real], ib[real], start[real], end[real]


def linked(link_in: Ints, qty_in: Ints, link_out: Ints, qty_out: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Which unit of which outflow each linked inflow is, in the order both stand within their link.

    Rows sorted by link (0, 1, ...). Gives inflow row, outflow row, first unit of the outflow, units.
    """
    width = np.zeros(int(max(link_in.max(initial=-1), link_out.max(initial=-1))) + 1, np.int64)
    for link, qty in ((link_in, qty_in), (link_out, qty_out)):
        sums = np.zeros_like(width)
        np.add.at(sums, link, qty)
        width = np.maximum(width, sums)
    base = np.cumsum(width) - width
    in1, out1 = base[link_in] + running(link_in, qty_in), base[link_out] + running(link_out, qty_out)
    out0 = out1 - qty_out
    ia, ib, start, end = meet(in1 - qty_in, in1, out0, out1)
    return ia, ib, start - out0[ib], end - start


def with_ages(inflows: Inflows, sources: Sources, cells: int) -> Pieces:
    """Every inflow in pieces of one age each: linked ones by what their source issued, the others as they came.

    Ages travel one hop a pass, until nothing changes.
    """
    own = Pieces(np.arange(len(inflows.qty)), inflows.day, inflows.qty, inflows.cost)
    if not len(sources.layer):
        return own
    pieces = own
    for _ in range(MAX_HOPS):
        moved = _one_hop(inflows, sources, pieces, cells)
        if _same(moved, pieces):
            return moved
        pieces = moved
    return pieces


def _one_hop(inflows: Inflows, sources: Sources, known: Pieces, cells: int) -> Pieces:
    """Goods are never younger than the day they left their source: what left before it was booked in is that old."""
    total = np.zeros(cells, np.int64)
    np.add.at(total, inflows.cell, inflows.qty)
    offset = np.cumsum(total) - total
    end = np.cumsum(known.qty)
    stop, there = sources.start + sources.qty, total[sources.cell]
    a0, a1 = np.clip(sources.start, 0, there), np.clip(stop, 0, there)
    base = offset[sources.cell]
    ia, ib, p0, p1 = meet(a0 + base, a1 + base, end - known.qty, end)
    early = np.clip(np.minimum(stop, 0) - sources.start, 0, None)
    unbooked = sources.qty - early - (a1 - a0)
    rest = inflows.qty.copy()
    np.subtract.at(rest, sources.layer, sources.qty)
    nan = np.full(len(early), np.nan)
    return _merged(
        np.r_[sources.layer, sources.layer, sources.layer[ia], np.arange(len(rest))],
        np.r_[
            np.full(len(early), BEFORE), sources.day, np.minimum(known.day[ib], sources.day[ia]), inflows.day
        ],
        np.r_[early, unbooked, p1 - p0, rest],
        np.r_[nan, nan, known.cost[ib], inflows.cost],
    )


def _merged(layer: Ints, day: Ints, qty: Ints, cost: np.ndarray) -> Pieces:
    """Pieces of one layer, age and cost together, oldest first."""
    some = qty > 0
    layer, day, qty, cost = layer[some], day[some], qty[some], cost[some]
    order = np.lexsort((cost, day, layer))
    layer, day, qty, cost = layer[order], day[order], qty[order], cost[order]
    if not len(layer):
        return Pieces(layer, day, qty, cost)
    equal_cost = (cost[1:] == cost[:-1]) | (np.isnan(cost[1:]) & np.isnan(cost[:-1]))
    lead = np.flatnonzero(np.r_[True, (layer[1:] != layer[:-1]) | (day[1:] != day[:-1]) | ~equal_cost])
    return Pieces(layer[lead], day[lead], np.add.reduceat(qty, lead), cost[lead])


def _same(one: Pieces, other: Pieces) -> bool:
    return (
        len(one.layer) == len(other.layer)
        and np.array_equal(one.layer, other.layer)
        and np.array_equal(one.day, other.day)
        and np.array_equal(one.qty, other.qty)
    )


def left_of(inflows: Inflows, pieces: Pieces, on_hand: Ints) -> pl.DataFrame:
    """What is left of each piece, and what is older than every inflow: cell, day, qty, cost (millionths).

    ``on_hand`` by cell; where it is 0 or less there are no layers.
    """
    cell = inflows.cell[pieces.layer]
    stock = np.maximum(on_hand, 0)
    total = np.zeros(len(stock), np.int64)
    np.add.at(total, cell, pieces.qty)
    later = total[cell] - running(cell, pieces.qty)
    left = np.clip(stock[cell] - later, 0, pieces.qty)
    rest = stock.copy()
    np.subtract.at(rest, cell, left)
    every = np.arange(len(stock))
    return pl.DataFrame(
        {
            "cell": np.r_[cell, every],
            "day": np.r_[pieces.day, np.full(len(every), BEFORE)].astype(np.int32),
            "qty": np.r_[left, rest],
            "cost": np.r_[pieces.cost, np.full(len(every), np.nan)],
        }
    ).filter(pl.col("qty") > 0)
