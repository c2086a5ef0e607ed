"""The yardstick of a replay: the same sums over the same cells and days, at the same costs, for every policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.arrays import leads
from stockturn.engine.expr import ratio
from stockturn.engine.loss import Floats
from stockturn.engine.onsale import sale_days
from stockturn.engine.outlook import Ints
from stockturn.engine.replay.events import summed
from stockturn.engine.replay.world import World

DAY_SUMS = ("value", "sold_qty", "demand_qty", "ordered_qty")


@dataclass(frozen=True)
class Day:
    """One day of one policy, by cell: ``held`` is what counts as capital (on hand and on its way between warehouses),
    ``for_cogs`` the part of ``sold`` whose cost is cogs, ``scrapped`` units written off."""

    on_hand: Floats
    held: Floats
    sold: Floats
    asked: Floats
    for_cogs: Floats
    scrapped: Floats


@dataclass
class Tally:
    """Sums by cell over the days lived through, and the days on which the stock of a cell changed."""

    world: World
    sums: dict[str, Floats] = field(default_factory=dict)
    by_day: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in DAY_SUMS[:3]})
    closing: Floats = field(default_factory=lambda: np.zeros(0))
    closing_value: Floats = field(default_factory=lambda: np.zeros(0))
    _rows: list[tuple[Ints, int, Floats, Floats]] = field(default_factory=list)
    _last: Floats | None = None

    def add(self, day: int, one: Day) -> None:
        """Count one day."""
        cost = self.world.cost
        value = one.held * cost
        parts = {
            "value": value,
            "sold_qty": one.sold,
            "demand_qty": one.asked,
            "cogs": one.for_cogs * self.world.issue_cost,
            "units_written_off": one.scrapped,
            "written_off_value": one.scrapped * cost,
        }
        for name, amount in parts.items():
            self.sums[name] = self.sums[name] + amount if name in self.sums else amount.copy()
        for name, total in self.by_day.items():
            total.append(float(parts[name][self.world.scope].sum()))
        self._note(day, one)
        self.closing, self.closing_value = one.on_hand, value

    def _note(self, day: int, one: Day) -> None:
        """Keep what the stockout rate is made of: the cells whose stock changed or that somebody asked for."""
        last = self.world.opening if self._last is None else self._last
        changed = np.flatnonzero((one.on_hand != last) | (one.asked > 0))
        self._rows.append((changed, day, one.on_hand[changed], one.asked[changed]))
        self._last = one.on_hand.copy()

    def stockouts(self, eligible: np.ndarray, settings: Settings) -> tuple[Floats, Floats]:
        """Days out of stock and days on sale, by cell, as turnover counts them; what was before the replay included."""
        eve, world = self.world.eve, self.world
        past = world.valued.balances.filter(pl.col("day") <= eve)
        cell = np.concatenate([past["cell"].to_numpy(), *(row[0] for row in self._rows)]).astype(np.int64)
        day = np.concatenate(
            [past["day"].to_numpy(), *(np.full(len(row[0]), eve + 1 + row[1]) for row in self._rows)]
        ).astype(np.int64)
        on_hand = np.concatenate([past["on_hand"].to_numpy(), *(row[2] for row in self._rows)])
        asked = np.concatenate([past["demand"].to_numpy(), *(row[3] for row in self._rows)])
        order = np.lexsort((day, cell))
        cell, day = cell[order], day[order]
        memory = settings.turnover.on_sale_memory_days
        found = sale_days(cell, day, on_hand[order], asked[order], eligible, memory)
        until = np.append(day[1:], eve + 1 + world.days)
        until[np.roll(leads(cell), -1)] = eve + 1 + world.days
        length = np.maximum(until - np.maximum(day, eve + 1), 0)
        count = world.valued.cells.height
        return (
            summed(cell, length * found.out_days, count),
            summed(cell, length * found.sale_days, count),
        )

    def by_month(self, start: date) -> pl.DataFrame:
        """Per month: avg_inventory (mean of its days), sold_qty, demand_qty, fill_rate."""
        days = [start + timedelta(days=number) for number in range(self.world.days)]
        frame = pl.DataFrame({"date": days, **self.by_day})
        sums = frame.group_by(month=pl.col("date").dt.strftime("%Y-%m")).agg(
            avg_inventory=pl.col("value").mean(), sold_qty=pl.col("sold_qty").sum(), demand_qty=pl.col("demand_qty").sum()
        )  # fmt: skip
        return sums.sort("month").with_columns(fill_rate=ratio("sold_qty", "demand_qty"))
