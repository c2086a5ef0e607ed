"""What being out of stock cost, what the book claims to have and nobody finds, and how true the book is.

lost = lost_days(valued, entries, settings, period)   one row per cell and day out of stock: units and money missed
with_lost_sales(frame, lost, valued, entries, by)     lost_sales_est, lost_sales_value per scope
with_accuracy(frame, counted, ...)                    inventory_accuracy, count_error per scope
counts(valued, entries, period)                       counts against the book
phantom_stock(valued, entries, settings)              cells to count
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
from stockturn.engine.scopes import with_scope
from stockturn.engine.valued import ValuedDays
from stockturn.model import Period


def lost_days(
    valued: ValuedDays, entries: Entries, settings: Settings, period: Period
) -> pl.DataFrame | None:
    """Days of the period out of stock: cell, date, lost_sales_est (units), lost_sales_value (at the mean price).

    Units: mean sales of the in-stock days within ``lost_sales_window_days`` on both sides (not after as_of; the
    whole span where there are fewer than ``lost_sales_min_days``), less what was sold that day, not below 0.
    None where the ledger has no receipts: nothing is known of its stock then.
    """
    sale = on_sale(valued, entries, settings)
    if sale is None:
        return None
    cell, day, lost = _lost_by_day(valued, settings, sale, period)
    value = lost * _price(valued, entries)[cell]
    return pl.DataFrame(
        {"cell": cell, "date": day, "lost_sales_est": lost, "lost_sales_value": value}
    ).with_columns(date=pl.lit(valued.origin) + pl.duration(days="date"))


def with_lost_sales(
    frame: pl.DataFrame,
    lost: pl.DataFrame | None,
    valued: ValuedDays,
    entries: Entries,
    by: Sequence[str],
    classes: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """A turnover frame with what its days out of stock missed: lost_sales_est (units), lost_sales_value (money).

    0 where nothing was missed, null where the stockout rate is not known. Always an estimate.
    """
    names = ["lost_sales_est", "lost_sales_value"]
    known = pl.col("stockout_rate").is_not_null()
    if lost is None:
        return frame.with_columns(pl.lit(None, pl.Float64).alias(name) for name in names)
    rows = with_scope(lost, valued, entries, by, classes)
    return _beside(frame, rows, by, [pl.col(names).sum()]).with_columns(
        pl.when(known).then(pl.col(name).fill_null(0.0)).alias(name) for name in names
    )


def _beside(
    frame: pl.DataFrame, rows: pl.DataFrame, by: Sequence[str], sums: Sequence[pl.Expr]
) -> pl.DataFrame:
    """The frame with sums of rows of the same scopes."""
    if not by:
        return pl.concat([frame, rows.select(sums)], how="horizontal")
    return frame.join(
        rows.group_by(by, maintain_order=True).agg(sums), on=list(by), how="left", maintain_order="left"
    )


def _lost_by_day(
    valued: ValuedDays, settings: Settings, sale: SaleDays, period: Period
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One entry per day out of stock within the period: its cell, the day, and the units missed."""
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
    return cell[row], today, np.maximum(rate - sold_today, 0.0)


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
        key = cell_day(cell, day)
        day = np.maximum(day, 1)  # the day before the ledger begins is no day on sale
        span = np.where(in_stock, until - day, 0)
        sold = running(cell, np.where(in_stock, demand, 0.0))
        return cls(key, day, in_stock, sold, running(cell, span) - span)

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
    mean = sold.group_by("cell", maintain_order=True).agg(
        price=pl.col("revenue").sum() / -pl.col("qty").sum()
    )
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
    held = rows.with_columns(span=until - np.maximum(day, 1), sold=pl.col("demand") > 0)
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


def counts(valued: ValuedDays, entries: Entries, period: Period) -> pl.DataFrame:
    """Counts of the period against the book: cell, date, book_qty, counted_qty.

    Lines of stock-take documents where the ledger has any; else its stock lists, of which the first of a cell opens
    the book and proves nothing. The closing balances of summaries are the book itself, and without receipts or sales
    there is none.
    """
    cell = ["sku", "warehouse"]
    cells = valued.cells.lazy().select("cell", *cell, "opening_basis").unique(cell, keep="first")
    takes = entries.counts.filter(pl.col("date").is_between(period.start, period.end))
    taken = takes.join(cells, on=cell).select("cell", "date", "book_qty", "counted_qty").collect()
    whole = valued.has_receipts and valued.has_sales and not valued.by_period
    if not whole or taken.height or entries.counts.head(1).collect().height:
        return taken
    own = pl.col("opening_basis") == "stock_point"
    differences = valued.differences.lazy().group_by(*cell, "as_of").agg(pl.col("difference_qty").sum())
    return (
        entries.points.join(cells, on=cell)
        .filter(~own | (pl.col("as_of") > pl.col("as_of").min().over(cell)))
        .filter(pl.col("as_of").is_between(period.start, period.end))
        .join(differences, on=[*cell, "as_of"], how="left")
        .select(
            "cell",
            date="as_of",
            book_qty=pl.col("on_hand") - pl.col("difference_qty").fill_null(0.0),
            counted_qty="on_hand",
        )
        .collect()
    )


def with_accuracy(
    frame: pl.DataFrame,
    counted: pl.DataFrame,
    valued: ValuedDays,
    entries: Entries,
    tolerance: float,
    by: Sequence[str],
    classes: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """A turnover frame with how true the book was: counted, inventory_accuracy, count_error (:func:`accuracy`)."""
    rows = with_scope(counted, valued, entries, by, classes)
    return _beside(frame, rows, by, accuracy(tolerance)).with_columns(pl.col("counted").fill_null(0))


def accuracy(tolerance: float) -> list[pl.Expr]:
    """Counts against the book (book_qty, counted_qty): counted (how many), inventory_accuracy (share within
    ``tolerance`` of the book), count_error (sum of |count - book| / sum of book). Plus and minus never cancel.

    >>> counts = pl.DataFrame({"book_qty": [100.0, 100.0], "counted_qty": [95.0, 105.0]})
    >>> counts.select(accuracy(0.01)).row(0)
    (2, 0.0, 0.05)
    """
    off = (pl.col("counted_qty") - pl.col("book_qty")).abs()
    within = off <= tolerance * pl.col("book_qty").abs() + 1e-9
    return [
        pl.len().cast(pl.Int64).alias("counted"),
        ratio(within.sum(), pl.len()).alias("inventory_accuracy"),
        ratio(off.sum(), pl.col("book_qty").abs().sum()).alias("count_error"),
    ]
