"""The sums behind every turnover figure: stock at the ends of periods and flows within them, per group."""

from __future__ import annotations

import calendar
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.onsale import SaleDays
from stockturn.engine.periods import month_ends
from stockturn.engine.postings import FLOW_CODE, FLOWS
from stockturn.engine.scopes import Scopes
from stockturn.engine.targets import CellTargets
from stockturn.engine.timeline import Timeline
from stockturn.engine.valued import ValuedDays
from stockturn.model import Period

RECEIVED = ("purchase", "purchase_return", "production_in", "assembly_in", "transfer_in", "transfer_out")
"""Kinds whose net units count as received: what was bought or made here, less what was sent on."""

BOOKED = {
    "purchases_value": ("purchase", "purchase_return"),
    "adjustments_value": ("adjustment_in", "adjustment_out", "scrap"),
    "transfers_value": ("transfer_in", "transfer_out", "average_shift"),
    "revaluation_value": ("revaluation",),
    "difference_value": ("difference",),
    "variance": ("price_variance", "negative_stock_variance", "rounding_difference"),
}
"""Signed flows of value by the kinds they are made of. With ``other_value`` (all other kinds but those whose cost is
cogs) they lead from the opening to the closing value: opening + all of these - cogs = closing, for every scope."""


@dataclass(frozen=True)
class Parts:
    """What the sums may need besides stock and flows; each may be absent."""

    sale: SaleDays | None = None
    targets: CellTargets | None = None


def sums(
    valued: ValuedDays, settings: Settings, scopes: Scopes, periods: Sequence[Period], parts: Parts
) -> list[pl.DataFrame]:
    """Stock and flow sums of every group, one frame per period: the base of every metric.

    Columns: the ``by`` columns, days, year_days, cells, opening_value, closing_value, avg_inventory, the same in
    units (opening_qty, closing_qty, avg_qty), out_days and sale_days, and the flows of :func:`_figures`. All
    periods are read in one pass; they may overlap.
    """
    stock = _Stock.of(valued, settings, scopes, periods, parts.sale)
    flows = _flows(valued, settings, scopes, periods, parts.targets)
    frames = []
    for number, period in enumerate(periods):
        columns = {**stock.columns(period), **{name: table[number] for name, table in flows.items()}}
        # Whole columns, not literals: polars divides by a literal through its reciprocal, which is another last bit.
        columns["days"] = np.full(scopes.groups.height, period.days, np.int32)
        columns["year_days"] = np.full(scopes.groups.height, period.year_days, np.int32)
        frame = scopes.groups.with_columns(pl.Series(name, values) for name, values in columns.items())
        frames.append(_known(frame, valued))
    return frames


@dataclass(frozen=True)
class _Stock:
    """State of each group at the bounds of all periods: ``points`` and ``areas`` map a name to [bound, group]."""

    bounds: tuple[date, ...]
    points: dict[str, np.ndarray]
    areas: dict[str, np.ndarray]
    counts: dict[str, np.ndarray]
    average: str

    @classmethod
    def of(
        cls,
        valued: ValuedDays,
        settings: Settings,
        scopes: Scopes,
        periods: Sequence[Period],
        sale: SaleDays | None,
    ) -> _Stock:
        average = settings.turnover.average
        bounds = sorted({day for period in periods for day in ends_of(period, average)})
        timeline, size = Timeline.of(valued, bounds), scopes.groups.height

        def grouped(matrix: np.ndarray) -> np.ndarray:
            return np.stack([np.bincount(scopes.of_cell, column, size) for column in matrix.T])

        amounts = {name: _known_only(valued.balances[name].to_numpy()) for name in ("value", "on_hand")}
        states = {**amounts, "sale_days": sale.sale_days, "out_days": sale.out_days} if sale else amounts
        flags = {
            name: valued.cells[name].to_numpy().astype(float) for name in ("estimated", "no_cost", "bare")
        }
        counts = {name: np.bincount(scopes.of_cell, flag, size) for name, flag in flags.items()}
        counts["cells"] = np.bincount(scopes.of_cell, minlength=size).astype(float)
        return cls(
            tuple(bounds),
            {name: grouped(timeline.read(amount)) for name, amount in amounts.items()},
            {name: grouped(timeline.integral(amount)) for name, amount in states.items()},
            counts,
            average,
        )

    def columns(self, period: Period) -> dict[str, np.ndarray]:
        """Opening, closing and average stock, days on sale, and what is known of the cells."""
        first, last = self.bounds.index(period.start - timedelta(days=1)), self.bounds.index(period.end)
        nothing = np.full(len(self.counts["cells"]), np.nan)
        spans = {
            name: self.areas[name][last] - self.areas[name][first] if name in self.areas else nothing
            for name in ("out_days", "sale_days")
        }
        return {
            "opening_value": self.points["value"][first],
            "closing_value": self.points["value"][last],
            "avg_inventory": self._average("value", period),
            "opening_qty": self.points["on_hand"][first],
            "closing_qty": self.points["on_hand"][last],
            "avg_qty": self._average("on_hand", period),
            **spans,
            **self.counts,
        }

    def _average(self, name: str, period: Period) -> np.ndarray:
        """daily, monthly (a part month by its share of the month), month_points or two_point."""
        ends = ends_of(period, self.average)
        rows = [self.bounds.index(day) for day in ends]
        if self.average == "daily":
            area = self.areas[name]
            return np.asarray((area[rows[-1]] - area[rows[0]]) / period.days)
        points = self.points[name][rows]
        if self.average != "monthly":
            return np.asarray(points.mean(axis=0))
        return np.asarray(np.average((points[1:] + points[:-1]) / 2, axis=0, weights=month_shares(ends)))


def _known_only(amount: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(amount), 0.0, amount)


def month_shares(ends: Sequence[date]) -> list[float]:
    """How much of its month each stretch between two days is.

    >>> month_shares([date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 10)])
    [1.0, 0.3225806451612903]
    """
    months = itertools.pairwise(ends)
    return [(end - start).days / calendar.monthrange(end.year, end.month)[1] for start, end in months]


def ends_of(period: Period, average: str) -> list[date]:
    """The days whose closing stock an average needs, the day before the period first."""
    before = period.start - timedelta(days=1)
    if average in ("daily", "two_point"):
        return [before, period.end]
    return [before, *month_ends(period.start, period.end)]


def _flows(
    valued: ValuedDays,
    settings: Settings,
    scopes: Scopes,
    periods: Sequence[Period],
    targets: CellTargets | None,
) -> dict[str, np.ndarray]:
    """The named flows as arrays [period, group]: summed over stretches between the periods' ends, then put
    together, so that overlapping periods cost one pass."""
    edges = sorted(
        {valued.day_of(day) for one in periods for day in (one.start - timedelta(days=1), one.end)}
    )
    stretch = np.zeros(edges[-1] + 1, np.int64)
    for number, (start, end) in enumerate(itertools.pairwise(edges)):
        stretch[start + 1 : end + 1] = number
    count = len(edges) - 1
    flows = _Flows.of(valued, (edges[0] + 1, edges[-1]), scopes, stretch, count)
    tables = _figures(valued, settings, flows, targets)
    spans = [
        (edges.index(valued.day_of(one.start) - 1), edges.index(valued.day_of(one.end))) for one in periods
    ]
    found = {}
    for name, flat in tables.items():
        table = flat.reshape(-1, count)
        found[name] = np.stack([table[:, first:last].sum(axis=1) for first, last in spans]) + 0.0
    return found


@dataclass(frozen=True)
class _Flows:
    """The flows of some days: ``slot`` is group and stretch in one number, below ``size``. Sums go row by row, in
    the order of the ledger, so that a figure is the same to the last bit in every run."""

    cell: np.ndarray
    slot: np.ndarray
    kind: np.ndarray
    measures: dict[str, np.ndarray]
    size: int

    @classmethod
    def of(
        cls, valued: ValuedDays, days: tuple[int, int], scopes: Scopes, stretch: np.ndarray, count: int
    ) -> _Flows:
        frame = valued.flows
        day = frame["day"].to_numpy()
        rows = np.flatnonzero((day >= days[0]) & (day <= days[1]))
        cell = frame["cell"].to_numpy()[rows]
        slot = scopes.of_cell[cell] * count + stretch[day[rows]]
        kind = frame["kind"].to_physical().to_numpy()[rows]
        measures = {name: frame[name].to_numpy()[rows] for name in ("qty", "value", "revenue")}
        measures["value"][np.isnan(measures["value"])] = 0.0
        return cls(cell, slot, kind, measures, scopes.groups.height * count)

    def total(self, measure: str, kinds: Iterable[str], weight: np.ndarray | None = None) -> np.ndarray:
        """Sum of a measure per slot over some kinds, weighted by cell where a weight is given."""
        wanted = np.zeros(len(FLOWS), bool)
        wanted[[FLOW_CODE[kind] for kind in kinds]] = True
        rows = np.flatnonzero(wanted[self.kind])
        amount = self.measures[measure][rows]
        if weight is not None:
            amount = amount * weight[self.cell[rows]]
        return np.bincount(self.slot[rows], amount, self.size)


def _figures(
    valued: ValuedDays, settings: Settings, flows: _Flows, targets: CellTargets | None
) -> dict[str, np.ndarray]:
    """The named flows per slot; what goes out is positive."""
    sold = valued.sold_kinds
    asked = {*settings.ingest.demand_kinds, "sale_return"}
    rest = set(FLOWS) - {*sold, *(kind for kinds in BOOKED.values() for kind in kinds)}
    figures = {
        "cogs": -flows.total("value", sold),
        "usage": -flows.total("value", asked),
        "sold_qty": -flows.total("qty", sold),
        "used_qty": -flows.total("qty", asked),
        "received_qty": flows.total("qty", RECEIVED),
        "revenue": flows.total("revenue", sold),
        "scrap_value": -flows.total("value", ("scrap",)),
        "count_loss_value": -flows.total("value", ("adjustment_out",)),
        **{name: flows.total("value", kinds) for name, kinds in BOOKED.items()},
        "other_value": flows.total("value", rest),
        "negative_stock_variance": flows.total("value", ("negative_stock_variance",)),
    }
    if targets is not None:
        aimed = (targets.inverse > 0).astype(float)
        for name, kinds in (("cogs", sold), ("usage", asked)):
            figures[f"needed_{name}"] = -flows.total("value", kinds, targets.inverse)
            figures[f"aimed_{name}"] = -flows.total("value", kinds, aimed)
    return figures


_MONEY = [
    "opening_value",
    "closing_value",
    "avg_inventory",
    "cogs",
    "usage",
    *BOOKED,
    "other_value",
    "scrap_value",
    "count_loss_value",
    "negative_stock_variance",
]


def _known(frame: pl.DataFrame, valued: ValuedDays) -> pl.DataFrame:
    """Null for what is not known: no cost in any cell, no sales or revenue in the ledger; and what is estimated."""
    # A cell that never held anything says nothing of what the others cost.
    no_cost = (pl.col("no_cost") > 0) & (pl.col("no_cost") + pl.col("bare") >= pl.col("cells"))
    revenue = pl.col("revenue") if valued.has_revenue else pl.lit(None, pl.Float64)
    # Raw material is never sold: it turns over on what production takes.
    only_used = (pl.col("sold_qty") == 0) & (pl.col("used_qty") != 0)
    if not valued.has_sales:
        unknown = pl.lit(None, pl.Float64)
        frame = frame.with_columns(unknown.alias(name) for name in ("cogs", "usage", "sold_qty"))
    return frame.with_columns(
        *(pl.when(~no_cost).then(pl.col(name)).alias(name) for name in _MONEY),
        revenue.alias("revenue"),
        pl.col("out_days", "sale_days").fill_nan(None),
        no_cost=no_cost,
        estimated=(pl.col("estimated") > 0) | (pl.col("no_cost") > 0),
        no_sales=pl.lit(not valued.has_sales),
        flow=pl.when(only_used).then(pl.lit("usage")).otherwise(pl.lit("cogs")),
        cells=pl.col("cells").cast(pl.Int64),
    ).drop("used_qty", "bare")
