"""What being out of stock cost, what the book claims to have and nobody finds, and how true the book is.

lost_sales(valued, entries, settings, by, period)     lost_sales_qty, lost_sales_est per scope
phantom_stock(valued, entries, settings)              cells to count
accuracy(valued, entries, settings, period)           inventory_accuracy, count_error
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.arrays import leads, running
from stockturn.engine.entries import Entries
from stockturn.engine.expr import ratio
from stockturn.engine.onsale import SaleDays, on_sale
from stockturn.engine.postings import cell_day
from stockturn.engine.scopes import Scopes
from stockturn.engine.valued import ValuedDays
from stockturn.model import Period


def lost_sales(
    valued: ValuedDays, entries: Entries, settings: Settings, by: Sequence[str], period: Period
) -> pl.DataFrame:
    """Units and revenue missed on days out of stock: ``by``, lost_sales_qty, lost_sales_est, out_days, estimated.

    For each day out of stock: mean sales of the in-stock days within ``lost_sales_window_days`` on both sides (not
    after as_of; the whole span where there are fewer than ``lost_sales_min_days``), less what was sold that day,
    not below 0. Money at the cell's mean price. Always an estimate; null where the ledger has no receipts, or no
    cell of the scope has a known opening.
    """
    scopes = Scopes.of(valued, entries, by)
    sale = on_sale(valued, entries, settings)
    size = scopes.groups.height
    if sale is None:
        nothing = np.full(size, np.nan)
        qty, money, days = nothing, nothing, nothing
    else:
        cell, lost = _lost_by_day(valued, settings, sale, period)
        group = scopes.of_cell[cell]
        known = valued.cells["opening_basis"].to_numpy() != "estimated"
        blank = np.where(np.bincount(scopes.of_cell[known], minlength=size) > 0, 0.0, np.nan)
        qty = np.bincount(group, lost, size) + blank
        money = np.bincount(group, lost * _price(valued, entries)[cell], size) + blank
        days = np.bincount(group, minlength=size) + blank
    frame = scopes.groups.with_columns(
        lost_sales_qty=pl.Series(qty).fill_nan(None),
        lost_sales_est=pl.Series(money).fill_nan(None),
        out_days=pl.Series(days).fill_nan(None),
        estimated=pl.lit(True),
    ).drop("group")
    return frame.sort(by) if by else frame


def _lost_by_day(
    valued: ValuedDays, settings: Settings, sale: SaleDays, period: Period
) -> tuple[np.ndarray, np.ndarray]:
    """One entry per day out of stock within the period: its cell, and the units missed."""
    rows = valued.balances
    cell, day, demand = (rows[name].to_numpy() for name in ("cell", "day", "demand"))
    last = valued.day_of(valued.as_of)
    until = np.append(day[1:], last + 1)
    until[np.roll(leads(cell), -1)] = last + 1
    start = np.maximum(day, valued.day_of(period.start))
    stop = np.minimum(until, valued.day_of(period.end) + 1)
    out = np.flatnonzero((sale.out_days > 0) & (stop > start))
    length = (stop - start)[out]
    row = np.repeat(out, length)
    today = (
        np.repeat(start[out], length)
        + np.arange(length.sum())
        - np.repeat(np.cumsum(length) - length, length)
    )
    in_stock = (sale.sale_days - sale.out_days) > 0
    sold, days = _Prefix.of(cell, day, until, in_stock, demand).window(
        cell[row],
        today,
        settings.turnover.lost_sales_window_days,
        last,
        settings.turnover.lost_sales_min_days,
    )
    rate = np.where(days > 0, sold / np.maximum(days, 1), 0.0)
    sold_today = np.where(today == day[row], demand[row], 0.0)
    return cell[row], np.maximum(rate - sold_today, 0.0)


class _Prefix:
    """Sales on in-stock days, and in-stock days, summed up to any day of any cell."""

    def __init__(
        self, key: np.ndarray, day: np.ndarray, live: np.ndarray, sold: np.ndarray, days: np.ndarray
    ) -> None:
        self.key, self.day, self.live, self.sold, self.days = key, day, live, sold, days

    @classmethod
    def of(
        cls, cell: np.ndarray, day: np.ndarray, until: np.ndarray, in_stock: np.ndarray, demand: np.ndarray
    ) -> _Prefix:
        """Sums up to each row: its own sales included, its own days not."""
        span = np.where(in_stock, until - day, 0)
        sold = running(cell, np.where(in_stock, demand, 0.0))
        return cls(cell_day(cell, day), day, in_stock, sold, running(cell, span) - span)

    def window(
        self, cell: np.ndarray, today: np.ndarray, width: int, last: int, least: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Sales and in-stock days around each day, over the whole span where the window holds too few."""
        high = self._upto(cell, np.minimum(today + width, last))
        low = self._upto(cell, today - width - 1)
        whole = self._upto(cell, np.full(len(cell), last))
        sold, days = high[0] - low[0], high[1] - low[1]
        few = days < least
        return np.where(few, whole[0], sold), np.where(few, whole[1], days)

    def _upto(self, cell: np.ndarray, when: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        at = np.searchsorted(self.key, cell_day(cell, np.maximum(when, 0)), side="right") - 1
        days = self.days[at] + np.where(self.live[at], when - self.day[at] + 1, 0)
        before = when < 0
        return np.where(before, 0.0, self.sold[at]), np.where(before, 0, days)


def _price(valued: ValuedDays, entries: Entries) -> np.ndarray:
    """Mean price of each cell's sales, else the item's list price, else 0."""
    sold = valued.flows.filter((pl.col("kind") == "sale") & (pl.col("qty") < 0) & (pl.col("revenue") > 0))
    mean = sold.group_by("cell").agg(price=pl.col("revenue").sum() / -pl.col("qty").sum())
    listed = entries.items.select("sku", "unit_price").collect()
    return (
        valued.cells.join(mean, on="cell", how="left", maintain_order="left")
        .join(listed, on="sku", how="left", maintain_order="left")
        .select(pl.coalesce("price", "unit_price", pl.lit(0.0)))
        .to_series()
        .to_numpy()
    )


def phantom_stock(valued: ValuedDays, entries: Entries, settings: Settings) -> pl.DataFrame:
    """Cells whose book stock is above 0 and which have not sold for improbably long: sku, warehouse, on_hand,
    last_sale, phantom_days, expected_qty (what those days would have sold). A reason to count, not a stockout.

    With sales on a share p of the in-stock days before, a run of n days without any has a probability of about
    exp(-p n): listed where p n reaches ``phantom_factor``.
    """
    rows, last = valued.balances, valued.day_of(valued.as_of)
    cell, day = rows["cell"].to_numpy(), rows["day"].to_numpy()
    until = np.append(day[1:], last + 1)
    until[np.roll(leads(cell), -1)] = last + 1
    held = rows.with_columns(span=until - day, sold=pl.col("demand") > 0)
    final = pl.col("day").filter("sold").max().over("cell")
    before = (pl.col("day") <= final) & ((pl.col("on_hand") > 0) | pl.col("sold"))
    facts = (
        held.lazy()
        .filter(pl.col("sold").any().over("cell"))
        .with_columns(final=final, before=before)
        .group_by("cell")
        .agg(
            on_hand=pl.col("on_hand").last(),
            final=pl.col("final").first(),
            sale_days=pl.col("sold").sum(),
            # The row of the last sale counts for that one day.
            days=pl.when(pl.col("day") == pl.col("final")).then(1).otherwise("span").filter("before").sum(),
            sold=pl.col("demand").sum(),
        )
        .with_columns(phantom_days=last - pl.col("final"))
    )
    expected = ratio("sale_days", "days") * pl.col("phantom_days")
    return (
        facts.filter((pl.col("on_hand") > 0) & (expected >= settings.turnover.phantom_factor))
        .join(valued.cells.lazy(), on="cell")
        .select(
            "sku",
            "warehouse",
            "on_hand",
            last_sale=pl.lit(valued.origin) + pl.duration(days=pl.col("final")),
            phantom_days=pl.col("phantom_days").cast(pl.Int64),
            expected_qty=ratio("sold", "days") * pl.col("phantom_days"),
        )
        .sort("expected_qty", "sku", "warehouse", descending=[True, False, False])
        .collect()
    )


def accuracy(valued: ValuedDays, entries: Entries, settings: Settings, period: Period) -> pl.DataFrame:
    """How true the book was at the stock points of the period: cells (counted), inventory_accuracy, count_error.

    The first point of a cell opens the book and proves nothing. One row; null without later points.
    """
    cell = ["sku", "warehouse"]
    own = pl.col("opening_basis") == "stock_point"
    counts = (
        entries.points.join(valued.cells.lazy().select(*cell, own.alias("own")), on=cell)
        .filter(~pl.col("own") | (pl.col("as_of") > pl.col("as_of").min().over(cell)))
        .filter(pl.col("as_of").is_between(period.start, period.end))
        .join(
            valued.differences.lazy().select(*cell, "as_of", "difference_qty"),
            on=[*cell, "as_of"],
            how="left",
        )
        .select(counted_qty="on_hand", book_qty=pl.col("on_hand") - pl.col("difference_qty").fill_null(0.0))
        .collect()
    )
    return count_accuracy(counts, settings.turnover.count_tolerance)


def count_accuracy(counts: pl.DataFrame, tolerance: float) -> pl.DataFrame:
    """Counts against the book (book_qty, counted_qty): cells, inventory_accuracy (share within ``tolerance`` of the
    book), count_error (sum of |count - book| / sum of book). Plus and minus never cancel.

    >>> counts = pl.DataFrame({"book_qty": [100.0, 100.0], "counted_qty": [95.0, 105.0]})
    >>> count_accuracy(counts, 0.01).row(0)
    (2, 0.0, 0.05)
    """
    off = (pl.col("counted_qty") - pl.col("book_qty")).abs()
    within = off <= tolerance * pl.col("book_qty").abs() + 1e-9
    return counts.select(
        cells=pl.len().cast(pl.Int64),
        inventory_accuracy=ratio(within.sum(), pl.len()),
        count_error=ratio(off.sum(), pl.col("book_qty").abs().sum()),
    )
