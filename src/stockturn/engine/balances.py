"""What stood where on which day: openings, differences at counts, on-hand by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from stockturn.engine.arrays import leads, running
from stockturn.engine.entries import Entries
from stockturn.engine.expr import IN_TRANSIT
from stockturn.engine.postings import FLOW_CODE, UNITS, Postings, Role, cell_day, insert, located

_LAST_OF_DAY = 255


@dataclass(frozen=True)
class Balances:
    """Postings complete with openings and differences, and the on-hand they make.

    ``first`` holds the first posting of each cell-day, ``row`` the cell-day of each posting; ``cell``, ``day``
    and ``on_hand`` (millionths, end of day) have one entry per cell-day. ``openings``: cell, opening_basis,
    opening_qty, point_value (value of the opening where a stock list says it), point_cost (unit cost at the
    cell's first valued point). ``differences``: cell, day, book, counted (units) at every later stock point.
    """

    postings: Postings
    first: np.ndarray
    row: np.ndarray
    cell: np.ndarray
    day: np.ndarray
    on_hand: np.ndarray
    openings: pl.DataFrame
    differences: pl.DataFrame

    def before(self) -> np.ndarray:
        """On-hand at the start of each cell-day."""
        start = np.empty_like(self.on_hand)
        start[1:] = self.on_hand[:-1]
        start[leads(self.cell)] = 0
        return start


def balances(posted: Postings, entries: Entries, grain: Sequence[str], tolerance: float) -> Balances:
    """Openings by the rules of the contract, differences at stock points, on-hand at the end of each day.

    A cell with stock points opens with the first point less the movements up to it; at later points the
    difference is posted and reported. Without a point an ``opening`` movement is its opening. Else, where the
    warehouse has a stock list (or openings) and 0 never goes negative, 0 is known (``not_listed``); else the
    least opening that keeps on-hand at or above 0 (``estimated``).
    """
    points = _points(posted, entries, grain)
    total = running(posted.cell, posted.qty)
    has_opening = _with_opening_rows(posted)
    at = np.searchsorted(posted.day_key(), cell_day(points.cell, points.day) + _LAST_OF_DAY)
    booked = _up_to(total, posted.cell, at, points.cell)
    gap = points.qty - booked  # what the opening would have to be for this point to hold
    lead = leads(points.cell)
    step = np.where(
        lead, np.where(has_opening[points.cell], gap, 0), np.r_[0, gap[1:] - gap[:-1]][: len(gap)]
    )
    basis, opening = _openings(posted, total, points, lead, gap, has_opening)
    differs = np.abs(step) > tolerance * UNITS
    differences = pl.DataFrame(
        {
            "cell": points.cell[differs],
            "day": points.day[differs],
            "book_qty": (points.qty - step)[differs] / UNITS,
            "counted_qty": points.qty[differs] / UNITS,
            "difference_qty": step[differs] / UNITS,
        }
    )
    if differs.any():
        nothing = np.zeros(int(differs.sum()))
        found = points.cell[differs], points.day[differs], step[differs], nothing
        posted = insert(posted, "difference", Role.AVERAGE, *found)
        total = running(posted.cell, posted.qty)
    posted, openings = _post_openings(posted, basis, opening, points, lead)
    return _by_day(posted, total, opening, openings, differences)


@dataclass(frozen=True)
class _Points:
    """Stock points sorted by cell and day; value NaN where unknown."""

    cell: np.ndarray
    day: np.ndarray
    qty: np.ndarray
    value: np.ndarray


def _points(posted: Postings, entries: Entries, grain: Sequence[str]) -> _Points:
    keys = ["sku", "warehouse", *grain]
    frame = (
        located(entries, grain)
        .join(posted.cells.lazy(), on=keys, how="inner", nulls_equal=True)
        .select(
            "cell",
            day=(pl.col("as_of") - pl.lit(posted.origin)).dt.total_days().cast(pl.Int32),
            qty=(pl.col("on_hand") * UNITS).round().cast(pl.Int64),
            value=pl.col("value").fill_null(np.nan),
        )
        .sort("cell", "day")
        .collect()
    )
    return _Points(*(frame[name].to_numpy() for name in ("cell", "day", "qty", "value")))


def _up_to(total: np.ndarray, cell: np.ndarray, at: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The running sum just before position ``at``, 0 where the cell has nothing before it."""
    if not len(cell):
        return np.zeros(len(at), np.int64)
    before = np.maximum(at - 1, 0)
    return np.where((at > 0) & (cell[before] == wanted), total[before], 0)


def _with_opening_rows(posted: Postings) -> np.ndarray:
    """Cells that have ``opening`` rows of their own, besides the empty posting kept for each."""
    rows = np.flatnonzero(posted.kind == FLOW_CODE["opening"])
    kept = leads(posted.cell)[rows] & (posted.qty[rows] == 0) & (posted.role[rows] == Role.AVERAGE)
    has = np.zeros(posted.cells.height, bool)
    has[posted.cell[rows[~kept]]] = True
    return has


def _openings(
    posted: Postings,
    total: np.ndarray,
    points: _Points,
    lead: np.ndarray,
    gap: np.ndarray,
    has_opening: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Basis and quantity of what is posted on day 0, per cell."""
    count = posted.cells.height
    listed = np.zeros(count, bool)
    listed[points.cell] = True
    lowest = np.zeros(count, np.int64)
    if len(total):
        ends = np.r_[posted.day_key()[1:] != posted.day_key()[:-1], True]
        owner = posted.cell[ends]
        first = np.flatnonzero(leads(owner))
        lowest[owner[first]] = np.minimum(np.minimum.reduceat(total[ends], first), 0)
    house = posted.cells["warehouse"].rank("dense").to_numpy().astype(np.int64) - 1
    covered = np.zeros(house.max(initial=0) + 1, bool)
    covered[house[listed | has_opening]] = True
    on_the_way = (posted.cells["warehouse"] == IN_TRANSIT).to_numpy()
    basis = np.select(
        [has_opening, listed, on_the_way | (covered[house] & (lowest >= 0))],
        ["opening", "stock_point", "not_listed"],
        "estimated",
    )
    opening = np.where(basis == "estimated", -lowest, 0)
    own = lead & (basis[points.cell] == "stock_point")
    opening[points.cell[own]] = gap[own]
    return basis, opening


def _post_openings(
    posted: Postings, basis: np.ndarray, opening: np.ndarray, points: _Points, lead: np.ndarray
) -> tuple[Postings, pl.DataFrame]:
    """The opening of every cell in the posting that was kept for it, and where it came from."""
    count = len(basis)
    point_value = np.full(count, np.nan)
    point_cost = np.full(count, np.nan)
    first_day = np.full(count, np.iinfo(np.int32).max)
    first = np.flatnonzero(leads(posted.cell))
    moved = first[np.append(np.diff(first), len(posted.cell) - first[-1:]) > 1] + 1
    first_day[posted.cell[moved]] = posted.day[moved]
    still = lead & (points.day < first_day[points.cell]) & (basis[points.cell] == "stock_point")
    point_value[points.cell[still]] = points.value[still]
    priced = np.flatnonzero((points.qty > 0) & (points.value >= 0))[::-1]
    point_cost[points.cell[priced]] = points.value[priced] / points.qty[priced] * UNITS
    known = ~np.isnan(point_value)
    qty, cost, role = posted.qty.copy(), posted.cost.copy(), posted.role.copy()
    qty[first] += opening
    cost[first] += np.where(known & (opening != 0), point_value, 0.0)
    role[first] = np.where(known, Role.COSTED_IN, role[first])
    openings = pl.DataFrame(
        {
            "cell": np.arange(count, dtype=np.int32),
            "opening_basis": basis,
            "opening_qty": opening / UNITS,
            "point_value": point_value,
            "point_cost": point_cost,
        }
    )
    return replace(posted, qty=qty, cost=cost, role=role), openings


def _by_day(
    posted: Postings,
    total: np.ndarray,
    opening: np.ndarray,
    openings: pl.DataFrame,
    differences: pl.DataFrame,
) -> Balances:
    starts = leads(posted.day_key())
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(starts)) - 1
    cell = posted.cell[first]
    on_hand = total[last] + opening[cell]
    return Balances(
        posted, first, np.cumsum(starts) - 1, cell, posted.day[first], on_hand, openings, differences
    )
