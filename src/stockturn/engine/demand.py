"""What was asked for: sales net of returns, by day, by bucket, and as a daily rate.

A *cell* is one sku in one warehouse. Returns are matched inside the cell that sold, at the grain of days, because
no bucket is finer than a day; coarser series are sums of these days, so that no two screens disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.arrays import leads, running
from stockturn.engine.entries import Entries
from stockturn.engine.expr import IN_TRANSIT, QTY_DECIMALS, tidy
from stockturn.engine.periods import ONE_DAY

Bucket = Literal["day", "week", "month"]

CELL = ("sku", "warehouse")
STEP: dict[Bucket, str] = {"day": "1d", "week": "1w", "month": "1mo"}
"""Polars' names of the buckets; a week begins on Monday (ISO), a month on its first day."""

UNITS = 10**QTY_DECIMALS
DAYS = 1 << 22
"""More days than any date counts from 1970."""


@dataclass(frozen=True)
class Demand:
    """Demand matched once, for everything that is made of it.

    ``days``: what :func:`demand_days` gives; ``active``: what :func:`activity` gives; both up to ``as_of``.
    """

    as_of: date
    days: pl.LazyFrame
    active: pl.LazyFrame

    @classmethod
    def of(cls, entries: Entries, settings: Settings) -> Demand:
        """The demand of a ledger, computed when it is first asked for and kept with the entries: classes, forecast,
        ages and alerts all begin with it."""
        kinds = tuple(sorted(settings.ingest.demand_kinds))
        if kinds not in entries.demand:
            days, active = pl.collect_all([demand_days(entries, settings), activity(entries)])
            entries.demand[kinds] = cls(entries.as_of, days.lazy(), active.lazy())
        found: Demand = entries.demand[kinds]
        return found

    def scaled(self, since: date, factor: float) -> Demand:
        """The same demand as if from that day on so many times as much had been asked for."""
        later = pl.when(pl.col("date") >= since).then(factor).otherwise(1.0)
        figures = pl.col("gross_qty", "returned_qty", "qty")
        return Demand(self.as_of, self.days.with_columns(tidy(figures * later)), self.active)

    def assumed(self, entries: Entries, settings: Settings) -> None:
        """Let everything that asks for the demand of these entries be answered with this one."""
        entries.demand[tuple(sorted(settings.ingest.demand_kinds))] = self


def demand_days(entries: Entries, settings: Settings) -> pl.LazyFrame:
    """Demand by cell and day, returns taken from the sales they belong to.

    Columns out: sku, warehouse, date, gross_qty (asked for that day), returned_qty (what of it came back later),
    qty = gross_qty - returned_qty >= 0; one row per cell and day with sales, in no special order.

    A return that names its sale (its ``order_no`` is the sale's ``doc_no`` or ``order_no``) reduces that sale;
    any other reduces the latest earlier sales of its cell, same day included. Sales of 5 (1 May) and 3 (2 May)
    and a return of 4 (3 May) give 4 and 0. What no sale can take is left out; :func:`surplus_returns` counts it.
    """
    matched = _matched(_sales_and_returns(entries, settings))
    return matched.filter(pl.col("gross_qty") > 0).select(*CELL, "date", "gross_qty", "returned_qty", "qty")


def surplus_returns(entries: Entries, settings: Settings) -> pl.LazyFrame:
    """Returned units that no sale in the ledger can explain, per cell: sku, warehouse, surplus_qty (> 0).

    They stay out of the demand series, because the sale they belong to lies before the ledger.
    """
    left = pl.col("pending").sort_by("date").first()
    return (
        _matched(_sales_and_returns(entries, settings))
        .group_by(CELL)
        .agg(tidy(left).alias("surplus_qty"))
        .filter(pl.col("surplus_qty") > 0)
    )


def demand_series(
    entries: Entries, settings: Settings, bucket: Bucket, by: tuple[str, ...] = ("sku",)
) -> pl.LazyFrame:
    """:func:`series_of` for the demand of a ledger."""
    return series_of(Demand(entries.as_of, demand_days(entries, settings), activity(entries)), bucket, by)


def series_of(demand: Demand, bucket: Bucket, by: tuple[str, ...] = ("sku",)) -> pl.LazyFrame:
    """Demand per bucket, zero-filled from the first activity of the cell to the last complete bucket.

    Columns out: the ``by`` columns (``sku`` or ``sku, warehouse``), period (first day of the bucket), qty,
    gross_qty, returned_qty; sorted. A bucket that ends after ``as_of`` is incomplete and left out. A cell whose
    first activity lies in that bucket has no rows.
    """
    last = last_complete(demand.as_of, bucket)
    step = STEP[bucket]
    starts = (
        demand.active.group_by(by)
        .agg(pl.col("first_active").min().dt.truncate(step).alias("start"))
        .filter(pl.col("start") <= last)
    )
    grid = (
        starts.with_columns(pl.date_ranges("start", pl.lit(last), interval=step).alias("period"))
        .drop("start")
        .explode("period")
    )
    sums = (
        demand.days.with_columns(pl.col("date").dt.truncate(step).alias("period"))
        .group_by(*by, "period")
        .agg(tidy(pl.col(name).sum()) for name in ("qty", "gross_qty", "returned_qty"))
    )
    return (
        grid.join(sums, on=[*by, "period"], how="left")
        .with_columns(pl.col("qty", "gross_qty", "returned_qty").fill_null(0.0))
        .sort(*by, "period")
    )


def daily_rate(entries: Entries, settings: Settings) -> pl.LazyFrame:
    """:func:`mean_rate` over the last ``deadstock.rate_days`` days: what a rate is until a forecast is there."""
    return mean_rate(Demand.of(entries, settings), settings.deadstock.rate_days)


def mean_rate(demand: Demand, window: int) -> pl.LazyFrame:
    """Mean daily demand of each cell over the last ``window`` days up to ``as_of``.

    Columns out: sku, warehouse, demand_per_day, rate_days, rate_basis (``mean_90d``). A cell that is younger is
    divided by the days since its first activity: 40 units in the 20 days since launch are 2 a day, not 0.44.
    """
    start = demand.as_of - timedelta(days=window - 1)
    sold = (
        demand.days.filter(pl.col("date") >= start)
        .group_by(CELL)
        .agg(tidy(pl.col("qty").sum()).alias("sold"))
    )
    alive = (pl.lit(demand.as_of) - pl.col("first_active")).dt.total_days() + 1
    return (
        demand.active.join(sold, on=CELL, how="left")
        .with_columns(rate_days=pl.min_horizontal(alive, pl.lit(window)))
        .select(
            *CELL,
            (pl.col("sold").fill_null(0.0) / pl.col("rate_days")).alias("demand_per_day"),
            "rate_days",
            pl.lit(f"mean_{window}d").alias("rate_basis"),
        )
    )


def returned_sales(entries: Entries, settings: Settings) -> pl.LazyFrame:
    """Which sale the returns name: sku, order_no, date (of the return), sale_warehouse, sale_date.

    One row per number, sku and day of return, only where such a sale is in the ledger and not later.
    """
    return _named(*_out_and_back(entries, settings))


def activity(entries: Entries) -> pl.LazyFrame:
    """First day on which anything happened to a cell: sku, warehouse, first_active.

    A movement of any kind, or the day after a stock point with something on hand. Goods on the way are no cell.
    """
    moved = entries.movements.select(*CELL, pl.col("date").alias("first_active"))
    counted = entries.points.filter(pl.col("on_hand") != 0).select(
        *CELL,
        pl.min_horizontal(pl.col("as_of") + pl.duration(days=1), pl.lit(entries.as_of)).alias("first_active"),
    )
    return (
        pl.concat([moved, counted])
        .filter(pl.col("warehouse") != IN_TRANSIT)
        .group_by(CELL)
        .agg(pl.col("first_active").min())
    )


def last_complete(as_of: date, bucket: Bucket) -> date:
    """First day of the last bucket that has ended by ``as_of`` (its last day included).

    >>> last_complete(date(2024, 3, 31), "month"), last_complete(date(2024, 3, 30), "month")
    (datetime.date(2024, 3, 1), datetime.date(2024, 2, 1))
    >>> last_complete(date(2024, 3, 30), "week")  # a Saturday
    datetime.date(2024, 3, 18)
    """
    return _first_of(_first_of(as_of + ONE_DAY, bucket) - ONE_DAY, bucket)


def left_out(as_of: date, bucket: Bucket) -> date | None:
    """First day of the incomplete bucket that a series leaves out at its end; None where there is none.

    >>> left_out(date(2024, 3, 30), "month"), left_out(date(2024, 3, 31), "month")
    (datetime.date(2024, 3, 1), None)
    """
    start = _first_of(as_of + ONE_DAY, bucket)
    return start if start <= as_of else None


def _first_of(day: date, bucket: Bucket) -> date:
    """First day of the bucket that holds ``day``."""
    if bucket == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if bucket == "week" else day


def _out_and_back(entries: Entries, settings: Settings) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Rows that make demand (qty < 0) and rows that take it back (qty > 0)."""
    kinds = {*settings.ingest.demand_kinds, "sale_return"}
    rows = entries.movements.filter(pl.col("kind").is_in(kinds))
    return rows.filter(pl.col("qty") < 0), rows.filter(pl.col("qty") > 0)


def _sales_and_returns(entries: Entries, settings: Settings) -> pl.LazyFrame:
    """Per cell and day: sold, linked (returns that name a sale of that day), returned (all other returns)."""
    sales, returns = _out_and_back(entries, settings)
    linked, loose = _linked(sales, returns)
    parts = [
        frame.select(*CELL, "date", pl.col("qty").alias(name))
        for name, frame in (
            ("sold", sales.with_columns(qty=-pl.col("qty"))),
            ("linked", linked),
            ("returned", loose),
        )
    ]
    return (
        pl.concat(parts, how="diagonal")
        .group_by(*CELL, "date")
        .agg(tidy(pl.col(name).sum()) for name in ("sold", "linked", "returned"))
    )


def _linked(sales: pl.LazyFrame, returns: pl.LazyFrame) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Returns that name their sale, moved to the cell and day of that sale; and the others as they are."""
    named, by = _named(sales, returns), ["sku", "order_no", "date"]
    linked = returns.join(named, on=by, how="inner").with_columns(
        warehouse=pl.col("sale_warehouse"), date=pl.col("sale_date")
    )
    return linked, returns.join(named, on=by, how="anti")


def _named(sales: pl.LazyFrame, returns: pl.LazyFrame) -> pl.LazyFrame:
    """The sale each return names: the latest of that number, not later than the return."""
    naming = returns.filter(pl.col("order_no").is_not_null()).select("sku", "order_no", "date").unique()
    by_number = [
        sales.filter(pl.col(key).is_not_null()).select(
            "sku",
            pl.col(key).alias("order_no"),
            pl.col("warehouse").alias("sale_warehouse"),
            pl.col("date").alias("sale_date"),
        )
        for key in ("doc_no", "order_no")
    ]
    return (
        naming.join(pl.concat(by_number), on=["sku", "order_no"], how="inner")
        .filter(pl.col("sale_date") <= pl.col("date"))
        .group_by("sku", "order_no", "date")
        .agg(pl.col("sale_warehouse", "sale_date").sort_by("sale_date", "sale_warehouse").last())
    )


def _matched(days: pl.LazyFrame) -> pl.LazyFrame:
    """Sales net of returns, all cells at once, without a loop: adds gross_qty, returned_qty, qty, pending."""
    out = {"gross_qty": pl.Float64, "returned_qty": pl.Float64, "qty": pl.Float64, "pending": pl.Float64}
    schema = {"sku": pl.String, "warehouse": pl.String, "date": pl.Date, **out}
    whole = {"predicate_pushdown": False, "projection_pushdown": False, "slice_pushdown": False}
    return days.map_batches(_match, schema=schema, **whole)


def _match(days: pl.DataFrame) -> pl.DataFrame:
    """Linked returns come first: they take from the sales of their own day. The rest is a stack: a return takes from
    the latest sales not yet taken.

    Seen backward in time, ``pending`` (returns still looking for a sale) is a sum that grows by returns, shrinks by
    sales and never falls below 0; such a reflected sum is the plain running sum minus its running minimum (where
    that is negative). Each day's sales lose by how much pending fell. Whole millionths keep it exact.
    """
    sku, house = (pl.col(name).cast(pl.Categorical).to_physical().cast(pl.Int64) for name in CELL)
    number = sku * (house.max() + 1) + house
    # One integer key sorts several times faster than two texts and a date; the texts stay where they are.
    coded = days.select(number=number, key=number * DAYS - pl.col("date").to_physical())
    order = coded["key"].arg_sort().to_numpy()
    cell = np.cumsum(leads(coded["number"].to_numpy()[order])) - 1
    sold, linked, returned = (
        (days[name] * UNITS).round().cast(pl.Int64).to_numpy()[order]
        for name in ("sold", "linked", "returned")
    )
    own = np.minimum(sold, linked)
    open_sales, loose = sold - own, returned + linked - own
    run = running(cell, loose - open_sales)
    pending = run - np.minimum(_lowest(cell, run), 0)
    before = np.where(leads(cell), 0, np.r_[0, pending[:-1]][: len(pending)])
    taken = before + loose - pending
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    found = {"gross_qty": sold, "returned_qty": own + taken, "qty": open_sales - taken, "pending": pending}
    return days.select(*CELL, "date").with_columns(
        pl.Series(name, units[back] / UNITS, dtype=pl.Float64) for name, units in found.items()
    )


def _lowest(cell: np.ndarray, run: np.ndarray) -> np.ndarray:
    """Running minimum within each cell: every cell is moved below the one before it, and back."""
    if not len(run):
        return run
    step = int(run.max() - run.min()) + 1
    lowest: np.ndarray = np.minimum.accumulate(run - cell * step) + cell * step
    return lowest
