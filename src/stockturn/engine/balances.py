"""What stood where on which day: openings, differences at counts, on-hand by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.engine.arrays import leads, running
from stockturn.engine.entries import Entries
from stockturn.engine.expr import IN_TRANSIT
from stockturn.engine.postings import UNITS, Added, Postings, Role, cell_day, insert, located

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
    count = posted.cells.height
    total = running(posted.cell, posted.qty)
    opened, has_opening = _opening_rows(posted, count)
    at = np.searchsorted(posted.day_key(), cell_day(points.cell, points.day) + _LAST_OF_DAY)
    booked = _up_to(total, posted.cell, at, points.cell)
    gap = points.qty - booked  # what the opening would have to be for this point to hold
    lead = leads(points.cell)
    step = np.where(
        lead, np.where(has_opening[points.cell], gap, 0), np.r_[0, gap[1:] - gap[:-1]][: len(gap)]
    )
    basis, opening = _openings(posted, total, points, lead, gap, has_opening, opened)
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
    counted = Added(
        "difference",
        Role.AVERAGE,
        points.cell[differs],
        points.day[differs],
        step[differs],
        np.zeros(int(differs.sum())),
    )
    added, openings = _post_openings(posted, basis, opening, points, lead)
    return _by_day(insert(posted, [counted, *added]), openings, differences)


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


def _opening_rows(posted: Postings, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Units of ``opening`` rows per cell, and which cells have any."""
    rows = posted.kind == 0
    opened = np.zeros(count, np.int64)
    np.add.at(opened, posted.cell[rows], posted.qty[rows])
    has = np.zeros(count, bool)
    has[posted.cell[rows]] = True
    return opened, has


def _openings(
    posted: Postings,
    total: np.ndarray,
    points: _Points,
    lead: np.ndarray,
    gap: np.ndarray,
    has_opening: np.ndarray,
    opened: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Basis and quantity of what is posted on day 0, per cell."""
    count = posted.cells.height
    listed = np.zeros(count, bool)
    listed[points.cell] = True
    lowest = np.zeros(count, np.int64)
    if len(total):
        ends = np.roll(leads(posted.cell) | leads(posted.day), -1)
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
) -> tuple[list[Added], pl.DataFrame]:
    """An opening on day 0 for every cell, and where it came from."""
    count = len(basis)
    point_value = np.full(count, np.nan)
    point_cost = np.full(count, np.nan)
    first_day = np.full(count, np.iinfo(np.int32).max)
    first = np.flatnonzero(leads(posted.cell))
    first_day[posted.cell[first]] = posted.day[first]
    still = lead & (points.day < first_day[points.cell]) & (basis[points.cell] == "stock_point")
    point_value[points.cell[still]] = points.value[still]
    # What is owed has its own cost, like what is there; owing goods of a positive value says nothing.
    point_value[(opening < 0) & (point_value > 0)] = np.nan
    priced = np.flatnonzero((points.qty != 0) & (points.value * np.sign(points.qty) >= 0))[::-1]
    point_cost[points.cell[priced]] = points.value[priced] / points.qty[priced] * UNITS
    cell = np.arange(count, dtype=np.int32)
    value = np.where(np.isnan(point_value) | (opening == 0), 0.0, point_value)
    known, zero = ~np.isnan(point_value), np.zeros(count, np.int32)
    added = [
        Added("opening", role, cell[where], zero[where], opening[where], value[where])
        for role, where in (
            (Role.COSTED_IN, known & (opening >= 0)),
            (Role.COSTED_OUT, known & (opening < 0)),
            (Role.AVERAGE, ~known),
        )
    ]
    openings = pl.DataFrame(
        {
            "cell": cell,
            "opening_basis": basis,
            "opening_qty": opening / UNITS,
            "point_value": point_value,
            "point_cost": point_cost,
        }
    )
    return added, openings


def _by_day(posted: Postings, openings: pl.DataFrame, differences: pl.DataFrame) -> Balances:
    starts = leads(posted.cell) | leads(posted.day)
    row = np.cumsum(starts, dtype=np.int32)
    row -= 1
    return Balances(
        posted,
        np.flatnonzero(starts),
        row,
        posted.cell[starts],
        posted.day[starts],
        running(posted.cell, posted.qty)[np.roll(starts, -1)],
        openings,
        differences,
    )
