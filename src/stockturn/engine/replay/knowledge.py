"""What was known at a review, and nothing else: the ledger cut at that day, and what the engine makes of it.

The forecast, the classes and the costs are made anew whenever a bucket of demand has become complete (between two of
them a forecast cannot change); daily rates, new goods, prices paid and receipts are those of the day itself.
The item list, the suppliers and the warehouses are undated: they are used as they stand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from stockturn.config import Settings
from stockturn.config.settings import PeriodSettings, Scope
from stockturn.engine.demand import Demand, last_complete
from stockturn.engine.open_orders import open_lines
from stockturn.engine.outlook import Ints
from stockturn.engine.reordering import as_known
from stockturn.engine.replay.leadtimes import LeadTimes
from stockturn.engine.replenish import Ground, ReorderInputs, ground
from stockturn.engine.run import Run
from stockturn.model import Ledger

DATED = {
    "movements": "date",
    "stock": "as_of",
    "orders": "order_date",
    "sales_orders": "order_date",
    "prices": "valid_from",
    "counts": "date",
    "promotions": "start",
    "batches": "received_on",
}
"""Tables of things that happened, and the day on which they did. A promotion is known from its first day on: nobody can
say when it was planned."""

UNDATED_OPINIONS = ("overrides",)
"""Tables that do not say when they were written: in a replay nobody has written them yet."""


def known_at(ledger: Ledger, today: date) -> Ledger:
    """The ledger without anything that is dated after ``today``; rows without a date stay."""
    cut = {
        name: ledger.table(name).filter((pl.col(day) <= today).fill_null(True))
        for name, day in DATED.items()
        if ledger.has(name)
    }
    cut |= {name: ledger.table(name).head(0) for name in UNDATED_OPINIONS if ledger.has(name)}
    if "sales_orders" in cut:
        later = (pl.col("shipped_date") > today).fill_null(False)
        cut["sales_orders"] = cut["sales_orders"].with_columns(
            qty_shipped=pl.when(later).then(0.0).otherwise("qty_shipped"),
            shipped_date=pl.when(~later).then("shipped_date"),
        )
    return replace(ledger.with_tables(**cut), notes=())


def settings_at(settings: Settings, today: date) -> Settings:
    """The settings of a run on that day, for the whole company."""
    period = PeriodSettings(as_of=today, last=settings.period.last)
    return settings.model_copy(update={"period": period, "scope": Scope()})


@dataclass(frozen=True)
class Seen:
    """What is known on one evening. ``ground``: what the engine makes of it, all stock 0; ``cell``: the number in the world
    of each of its cells (-1: none); ``drawn``: sku, warehouse, cell, supplier, lead_time_days, lead_time_basis, promised
    (when an order of today would be expected), arrives (when it will have come): of the world, not shown to the engine."""

    today: date
    ground: Ground
    cell: Ints
    drawn: pl.DataFrame


@dataclass
class Knowledge:
    """The engine's view of the past from one review to the next.

    ``orders``: the canonical orders; what was ordered from ``start`` on tells lead times and prices and is open to
    nobody. ``waiting``: open lines that no order explains, with ``arrived``. ``cells``: cell, sku, warehouse of the world,
    ``leads`` its lead times.
    """

    ledger: Ledger
    settings: Settings
    start: date
    orders: pl.DataFrame
    waiting: pl.DataFrame
    cells: pl.DataFrame
    leads: LeadTimes
    _made_on: date | None = None
    _made: ReorderInputs | None = None

    def at(self, today: date, transit: pl.DataFrame) -> Seen:
        """What is known on that evening. ``transit``: sku, qty of the goods that were between warehouses when the replay
        began and still are; nobody is told where they go."""
        inputs = self._inputs(today, transit)
        base = ground(inputs, settings_at(self.settings, today))
        numbered = base.cells.select("sku", "warehouse").join(
            self.cells, on=["sku", "warehouse"], how="left", maintain_order="left"
        )
        cell = numbered["cell"].cast(pl.Int64).fill_null(-1)
        orders = base.cells.select(
            "sku", "warehouse", "supplier", planned_days="lead_time_days", order_date=pl.lit(today), cell=cell
        )
        day = pl.lit(today)
        planned = pl.col("planned_days").ceil().clip(lower_bound=1).cast(pl.Int64)
        drawn = self.leads.drawn(orders.filter(pl.col("cell") >= 0)).select(
            "sku", "warehouse", "cell", "supplier", "lead_time_basis", lead_time_days="days",
            promised=day + pl.duration(days=planned), arrives=day + pl.duration(days=pl.col("days")),
        )  # fmt: skip
        return Seen(today, base, cell.to_numpy(), drawn)

    def _inputs(self, today: date, transit: pl.DataFrame) -> ReorderInputs:
        """Everything that decides what to order, but the stock, which is each policy's own."""
        chosen = settings_at(self.settings, today)
        run = Run(known_at(self.ledger, today), chosen)
        factor = self.settings.replay.demand_factor
        if factor != 1.0:
            Demand.of(run.entries, chosen).scaled(self.start, factor).assumed(run.entries, chosen)
        if self._made is None or self._complete(today) != self._complete(self._made_on):
            self._made, self._made_on = run.supply, today
            inputs = self._made
        else:
            inputs = as_known(self._made, run.entries, chosen)
        nothing = pl.lit(0.0)
        closing = inputs.closing.with_columns(on_hand=nothing, reserved=pl.lit(None, pl.Float64))
        lines = self._open(inputs, today)
        return replace(inputs, closing=closing, orders=self.orders, lines=lines, transit=transit)

    def _complete(self, day: date | None) -> date | None:
        return last_complete(day, self.settings.forecast.bucket) if day is not None else None

    def _open(self, inputs: ReorderInputs, today: date) -> pl.DataFrame:
        """What was ordered before the replay began and has not come by ``today``."""
        before = self.orders.lazy().filter(pl.col("order_date") < self.start)
        lines = open_lines(before, inputs.items.lazy(), today).collect()
        waiting = self.waiting.filter(pl.col("arrived") > today).select(lines.columns)
        return pl.concat([lines, waiting], how="vertical_relaxed")


def delayed(orders: pl.LazyFrame, start: date, factor: float) -> pl.LazyFrame:
    """The orders as if those written from ``start`` on had taken so many times as long."""
    if factor == 1.0:
        return orders
    took = (pl.col("received_date") - pl.col("order_date")).dt.total_days() * factor
    later = pl.col("order_date") + pl.duration(days=took.round().cast(pl.Int64))
    return orders.with_columns(
        received_date=pl.when(pl.col("order_date") >= start).then(later).otherwise("received_date")
    )
