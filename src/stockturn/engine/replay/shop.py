"""One world under one policy, day by day: goods come in, customers take what is there, and now and then it is reviewed.

Within a day goods come in first, then customers are served, then counts, returns to suppliers and scrap take what is
left, and what has outlived its shelf life is written off; in the evening new orders go out. What customers asked for
and did not get is lost: nobody waits. Nothing that leaves is more than what is there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.expr import IN_TRANSIT, ratio
from stockturn.engine.levels import numbers
from stockturn.engine.loss import Floats
from stockturn.engine.policies import served_at
from stockturn.engine.replay.events import summed
from stockturn.engine.replay.knowledge import Seen
from stockturn.engine.replay.leadtimes import LeadTimes
from stockturn.engine.replay.shelf import Shelf
from stockturn.engine.replay.tally import Day, Tally
from stockturn.engine.replay.world import CELL, World
from stockturn.engine.replenish import Ground, decide

ORDER = {
    "date": pl.Date, "sku": pl.String, "warehouse": pl.String, "supplier": pl.String, "qty": pl.Float64,
    "order_value": pl.Float64, "lead_time_days": pl.Int64, "lead_time_basis": pl.String, "arrives": pl.Date,
    "promised": pl.Date, "cell": pl.Int64,
}  # fmt: skip
"""Columns of an order of the replay; ``promised`` is when it was expected."""
MOVE = {
    "date": pl.Date, "sku": pl.String, "from_warehouse": pl.String, "to_warehouse": pl.String, "qty": pl.Float64,
    "arrives": pl.Date, "cell": pl.Int64,
}  # fmt: skip


@dataclass
class Shop:
    """The stock and the open orders of one policy.

    ``as_bought``: what was bought and moved in the past comes as it came, and what was scrapped is scrapped, instead of
    reviews. ``moving``: units between two warehouses, by the cell they go to. ``factor``: so many times the demand.
    """

    world: World
    settings: Settings
    leads: LeadTimes
    shelf: Shelf | None = None
    as_bought: bool = False
    factor: float = 1.0
    on_hand: Floats = field(init=False)
    moving: Floats = field(init=False)
    tally: Tally = field(init=False)
    orders: list[pl.DataFrame] = field(default_factory=list)
    moves: list[pl.DataFrame] = field(default_factory=list)
    not_taken: float = 0.0
    reviews: set[float] = field(default_factory=set)
    _waiting: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ORDER))
    _sent: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=MOVE))
    _due: dict[int, Floats] = field(default_factory=dict)
    _landing: dict[int, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.world.opening)
        self.on_hand = self.world.opening.copy()
        self.moving = np.zeros(count)
        self.tally = Tally(self.world)

    def live(self, day: int) -> None:
        """One day from morning to evening."""
        world, count = self.world, len(self.on_hand)
        flows = [world.arriving.sums(day, count), world.others.sums(day, count)]
        if self.as_bought:
            flows.append(world.bought.sums(day, count))
        landed = self._landing.pop(day, None)
        flows += [part for part in (self._due.pop(day, None), landed) if part is not None]
        if landed is not None:
            self.moving = self.moving - landed
        came = sum((np.maximum(flow, 0.0) for flow in flows), np.zeros(count))
        leave = sum((np.maximum(-flow, 0.0) for flow in flows), np.zeros(count))
        stock = self.on_hand + came
        asked, share = world.asked(day)
        asked = asked * self.factor
        sold = np.minimum(asked, np.maximum(stock, 0.0))
        stock = stock - sold
        out, scrapped = self._leave(day, leave, stock)
        stock = np.round(stock - out - scrapped, 6) + 0.0
        if self.shelf is not None and not self.as_bought:
            fresh = came if landed is None else came - landed
            over = self.shelf.end_of_day(day, fresh, stock)
            stock[self.shelf.cell] -= over
            scrapped[self.shelf.cell] += over
        self.on_hand = stock
        back = world.returned.sums(day, count)
        self.tally.add(day, Day(stock, stock + self.moving, sold, asked, sold * share - back, scrapped))

    def _leave(self, day: int, leave: Floats, stock: Floats) -> tuple[Floats, Floats]:
        """What else goes out, and what is scrapped: never more than is there. Scrap of perishable goods is that of the
        past only where the past is played as it was."""
        count = len(stock)
        out = np.minimum(leave, np.maximum(stock, 0.0))
        wanted = self.world.scrap.sums(day, count)
        if self.shelf is not None and not self.as_bought:
            wanted[self.shelf.cell] = 0.0
        scrapped = np.minimum(wanted, np.maximum(stock - out, 0.0))
        self.not_taken += float((leave - out + wanted - scrapped)[self.world.scope].sum())
        return out, scrapped

    def review(self, day: int, seen: Seen) -> None:
        """Order and move what the engine says on the evening of that day, for the cells whose review is due."""
        found = decide(self._with_stock(seen), self.settings).decision
        period = np.maximum(np.ceil(numbers(found.cells, "review_days")), 1.0)
        self.reviews = set(np.unique(period).tolist())
        turn = day % period == 0
        wanted = found.cells.select(*CELL, price="purchase_price").with_columns(
            qty=pl.Series(np.where(turn, found.ordered.qty, 0.0)), turn=pl.Series(turn)
        )
        self._order(day, seen, wanted.filter(pl.col("qty") > 0).drop("turn"))
        takers = wanted.filter("turn").select("sku", to_warehouse="warehouse")
        moves = found.transfers.join(takers, on=["sku", "to_warehouse"], how="semi", maintain_order="left")
        if moves.height:
            self._move(day, seen.today, moves)

    def _with_stock(self, seen: Seen) -> Ground:
        """What the engine stands on, with this shop's own stock, open orders and goods on their way."""
        base = seen.ground
        held = np.append(self.on_hand, 0.0)[seen.cell]
        cells = base.cells.with_columns(on_hand=pl.Series(held))
        lines = base.facts.lines
        own = pl.concat([self._open(seen.today), self._going(seen.today)])
        facts = replace(
            base.facts, lines=pl.concat([lines, own.select(lines.columns)], how="vertical_relaxed")
        )
        return replace(base, facts=facts, cells=served_at(cells, self.settings.reorder.service_level))

    def _open(self, today: date) -> pl.DataFrame:
        """Own orders that have not come, as open order lines."""
        self._waiting = self._waiting.filter(pl.col("arrives") > today)
        number = pl.concat_str(pl.lit("replay "), pl.col("date").cast(pl.String))
        return self._waiting.select(
            "supplier", "sku", "warehouse", doc_no=number, line_no=pl.lit(None, pl.String), order_date="date",
            promised_date="promised", qty_open="qty", unit_cost=ratio("order_value", "qty"),
            placed=pl.lit(False),
        )  # fmt: skip

    def _going(self, today: date) -> pl.DataFrame:
        """Goods of the own transfers that have not arrived, as lines to the warehouse they go to."""
        self._sent = self._sent.filter(pl.col("arrives") > today)
        return self._sent.select(
            pl.lit(IN_TRANSIT).alias("supplier"), "sku", warehouse="to_warehouse", doc_no=pl.lit(None, pl.String),
            line_no=pl.lit(None, pl.String), order_date="date", promised_date="arrives", qty_open="qty",
            unit_cost=pl.lit(None, pl.Float64), placed=pl.lit(False),
        )  # fmt: skip

    def _order(self, day: int, seen: Seen, wanted: pl.DataFrame) -> None:
        """Orders go out; they come when the lead time drawn for their cell and day says."""
        frame = (
            wanted.join(seen.drawn, on=CELL, how="inner", maintain_order="left")
            .with_columns(date=pl.lit(seen.today), order_value=pl.col("qty") * pl.col("price"))
            .select(*ORDER)
        )
        self.orders.append(frame)
        self._waiting = pl.concat([self._waiting, frame])
        self._schedule(self._due, day, frame)

    def _move(self, day: int, today: date, wanted: pl.DataFrame) -> None:
        """Goods leave the giver at once and are on their way until they arrive."""
        cells = self.world.own
        frame = wanted.join(
            cells.select("sku", from_warehouse="warehouse", giver="cell"),
            on=["sku", "from_warehouse"],
            maintain_order="left",
        ).join(
            cells.select("sku", to_warehouse="warehouse", cell="cell"),
            on=["sku", "to_warehouse"],
            maintain_order="left",
        )
        days = self.leads.moved(frame)
        arrives = pl.lit(today) + pl.duration(days=pl.col("days"))
        frame = frame.with_columns(date=pl.lit(today), days=pl.Series(days)).with_columns(arrives=arrives)
        np.subtract.at(self.on_hand, frame["giver"].to_numpy(), frame["qty"].to_numpy())
        np.add.at(self.moving, frame["cell"].to_numpy(), frame["qty"].to_numpy())
        if self.shelf is not None:
            giver, taker, qty = (frame[name].to_numpy() for name in ("giver", "cell", "qty"))
            self.shelf.move(day, giver, taker, qty, days)
        self.moves.append(frame.select(*MOVE))
        self._sent = pl.concat([self._sent, self.moves[-1]])
        self._schedule(self._landing, day, frame)

    def _schedule(self, book: dict[int, Floats], day: int, frame: pl.DataFrame) -> None:
        """Put arrivals into the days to come."""
        start = self.world.start + timedelta(days=day)
        after = (frame["arrives"] - start).dt.total_days().to_numpy()
        cell, qty = frame["cell"].to_numpy(), frame["qty"].to_numpy()
        for days in np.unique(after):
            here = after == days
            found = summed(cell[here], qty[here], len(self.on_hand))
            before = book.get(day + int(days))
            book[day + int(days)] = found if before is None else before + found
