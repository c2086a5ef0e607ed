"""The past as a replay needs it: what stood where, what was asked for, what else came and went, what it cost.

Every flow of the ledger belongs to one of these, so that opening + all of them = the on-hand of every day:

    demand     what customers (or production) took: the same in every replay, as far as there is something to take
    others     returns, counts, production, returns to suppliers: no decision of replenishment, the same in every replay
    scrap      units scrapped; of goods with a shelf life it depends on the stock and is worked out anew
    arriving   what was on its way when the replay begins: open orders, goods between warehouses
    bought     what was decided since: orders placed and goods moved from the first day on; a replay decides anew
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.entries import Entries
from stockturn.engine.expr import IN_TRANSIT, ratio, tidy
from stockturn.engine.levels import numbers
from stockturn.engine.loss import Floats
from stockturn.engine.replay.costs import unit_costs
from stockturn.engine.replay.events import Events, summed
from stockturn.engine.transfers import LEGS
from stockturn.engine.valued import ValuedDays

CELL = ["sku", "warehouse"]
SCRAP = "scrap"


@dataclass(frozen=True)
class World:
    """The days from ``start`` to ``end``; arrays are by the cell numbers of ``valued``.

    ``mine``: cells that are replayed (not what others own or keep); ``scope``: those that are measured; ``opening``:
    units at the eve of the first day; ``sold_share``: of each event of demand the part whose cost is cogs; ``sales``: what was sold (or
    used) of the demand; ``book``: on-hand
    of the ledger where it changes; ``cost`` and ``issue_cost``: what a unit there and a unit sold is worth; ``shelf``: days that goods keep (inf).
    """

    start: date
    end: date
    valued: ValuedDays
    mine: np.ndarray
    scope: np.ndarray
    opening: Floats
    demand: Events
    sold_share: Floats
    sales: Events
    others: Events
    returned: Events
    scrap: Events
    arriving: Events
    bought: Events
    book: Events
    cost: Floats
    issue_cost: Floats
    shelf: Floats

    @property
    def days(self) -> int:
        """How many days are lived through."""
        return (self.end - self.start).days + 1

    @property
    def cells(self) -> pl.DataFrame:
        """Every cell: cell, sku, warehouse."""
        return self.valued.cells.select(pl.col("cell").cast(pl.Int64), *CELL)

    @property
    def own(self) -> pl.DataFrame:
        """Those that are replayed, one per sku and warehouse."""
        return self.cells.filter(pl.Series(self.mine))

    @property
    def eve(self) -> int:
        """The eve of the first day, in days of the valued ledger."""
        return self.valued.day_of(self.start) - 1

    def asked(self, day: int) -> tuple[Floats, Floats]:
        """What is asked for on a day, and the share of it whose cost is cogs, by cell."""
        cell, qty = self.demand.on(day)
        part = self.sold_share[self.demand.first[day] : self.demand.first[day + 1]]
        count = len(self.opening)
        share = np.ones(count)
        share[cell] = part
        return summed(cell, qty, count), share

    def on_the_way(self, on_hand: Floats) -> pl.DataFrame:
        """Goods of the past between two warehouses: sku, warehouse and due_date (null: not known), qty. The same under
        every policy."""
        left = self.cells.with_columns(qty=pl.Series(on_hand))
        return left.filter((pl.col("warehouse") == IN_TRANSIT) & (pl.col("qty") > 0)).select(
            "sku", pl.lit(None, pl.String).alias("warehouse"), "qty", pl.lit(None, pl.Date).alias("due_date")
        )


def world(
    entries: Entries,
    valued: ValuedDays,
    orders_before: pl.DataFrame,
    settings: Settings,
    start: date,
    lost: pl.DataFrame | None = None,
) -> World:
    """The days from ``start`` to as_of. ``orders_before``: cell, day (of the receipt), share of what came that was
    ordered before ``start``. ``lost``: cell, date, lost_sales_est: what days without stock missed, where it counts as
    demand."""
    days = (valued.as_of - start).days + 1
    mine = _mine(valued)
    parts = _parts(_flows(valued, mine, start), _moves(entries, valued, start, mine), orders_before, settings)
    demand, sold_share = _demand(parts.pop("asked"), valued.sold_kinds, lost, start)
    opening, book = _stock(valued, valued.day_of(start), days)
    cost, issue_cost = unit_costs(valued, entries, start, _costed(valued, settings))
    return World(
        start, valued.as_of, valued, mine, mine & _in_scope(valued, entries, settings), np.where(mine, opening, 0.0),
        demand=Events.of(demand, days), sold_share=sold_share,
        book=book, cost=cost, issue_cost=issue_cost, shelf=_shelf(valued, entries, settings),
        **{name: Events.of(frame, days) for name, frame in parts.items()},
    )  # fmt: skip


def _flows(valued: ValuedDays, mine: np.ndarray, start: date) -> pl.DataFrame:
    """Units that came and went since ``start``, transfers apart: cell, day (from 0), kind, qty."""
    day = pl.col("day").cast(pl.Int64) - valued.day_of(start)
    kind = pl.col("kind").cast(pl.String)
    rows = valued.flows.select(pl.col("cell").cast(pl.Int64), day=day, kind=kind, qty="qty")
    own = pl.Series("mine", mine).gather(rows["cell"])
    return rows.filter(own, pl.col("day") >= 0, pl.col("qty") != 0, ~pl.col("kind").is_in(LEGS))


def _parts(
    flows: pl.DataFrame, moves: pl.DataFrame, before: pl.DataFrame, settings: Settings
) -> dict[str, pl.DataFrame]:
    """Every flow in its place: cell, day, qty by the name it has in the world, and ``asked`` with its kind."""
    asked = pl.col("kind").is_in(list(settings.ingest.demand_kinds)) & (pl.col("qty") < 0)
    bought = (pl.col("kind") == "purchase") & (pl.col("qty") > 0)
    scrap = (pl.col("kind") == SCRAP) & (pl.col("qty") < 0)
    back = (pl.col("kind") == "sale_return") & (pl.col("qty") > 0)
    rest = flows.filter(~asked & ~bought & ~scrap)
    supply = _supply(flows.filter(bought), before)

    def both(frame: pl.DataFrame, role: str) -> pl.DataFrame:
        of_role = moves.filter(pl.col("role") == role)
        return pl.concat([one.select("cell", "day", "qty") for one in (frame, of_role)])

    return {
        "asked": flows.filter(asked),
        "sales": _out(flows.filter(asked)),
        "scrap": _out(flows.filter(scrap)),
        "returned": rest.filter(back),
        "others": both(rest, "others"),
        "arriving": both(supply.select("cell", "day", qty="before"), "arriving"),
        "bought": both(supply.select("cell", "day", qty="after"), "bought"),
    }


def _out(flows: pl.DataFrame) -> pl.DataFrame:
    """What went out as positive units."""
    return flows.with_columns(qty=-pl.col("qty"))


def _costed(valued: ValuedDays, settings: Settings) -> tuple[str, ...]:
    """Kinds whose cost is that of a unit sold: those of cogs, where none of them is there those of demand."""
    sold = valued.flows["kind"].cast(pl.String).is_in(list(valued.sold_kinds)).any()
    return valued.sold_kinds if sold else (*settings.ingest.demand_kinds, "sale_return")


def _mine(valued: ValuedDays) -> np.ndarray:
    if "ownership" not in valued.cells.columns:
        return np.ones(valued.cells.height, bool)
    return (valued.cells["ownership"].fill_null("own") == "own").to_numpy()


def _in_scope(valued: ValuedDays, entries: Entries, settings: Settings) -> np.ndarray:
    """The cells that the scope of the settings names."""
    scope = settings.scope
    about = valued.cells.join(
        entries.items.select("sku", "category").collect(), on="sku", how="left", maintain_order="left"
    )
    wanted = pl.lit(True)
    for name in ("warehouse", "category", "sku"):
        if chosen := getattr(scope, name):
            wanted &= pl.col(name).is_in(chosen)
    return about.select(pl.repeat(True, pl.len()) & wanted).to_series().to_numpy()


def _supply(bought: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Purchases by cell and day, told apart by when they were ordered: before, after."""
    joined = bought.join(before, on=["cell", "day"], how="left")
    early = tidy(pl.col("qty") * pl.col("share").fill_null(0.0))
    return joined.with_columns(before=early).with_columns(after=tidy(pl.col("qty") - pl.col("before")))


def _moves(entries: Entries, valued: ValuedDays, start: date, mine: np.ndarray) -> pl.DataFrame:
    """Legs of transfers by what they are to a replay: cell, day, qty, role.

    What left before the first day arrives as it did (both sides, the way between them included); what left later was a
    decision. A leg that nothing answers is one if goods came in (they came from somewhere), and goes its way if they left.
    """
    cells = valued.cells.filter(pl.Series(mine)).select(pl.col("cell").cast(pl.Int64), *CELL).lazy()
    legs = entries.movements.filter(pl.col("kind").is_in(LEGS), pl.col("qty") != 0)
    linked = pl.col("link") >= 0
    sent = pl.when(linked).then(pl.col("date").min().over("link")).otherwise("date")
    single = pl.when(pl.col("qty") > 0).then(pl.lit("bought")).otherwise(pl.lit("others"))
    both = pl.when(pl.col("sent") < start).then(pl.lit("arriving")).otherwise(pl.lit("bought"))
    return (
        legs.with_columns(sent=sent)
        .filter(pl.col("date") >= start)
        .with_columns(role=pl.when(linked).then(both).otherwise(single))
        .join(cells, on=CELL, how="inner")
        .group_by("cell", day=(pl.col("date") - pl.lit(start)).dt.total_days(), role="role")
        .agg(tidy(pl.col("qty").sum()))
        .filter(pl.col("qty") != 0)
        .sort("day", "cell")
        .collect()
    )


def _demand(
    asked: pl.DataFrame, sold_kinds: tuple[str, ...], lost: pl.DataFrame | None, start: date
) -> tuple[pl.DataFrame, Floats]:
    """What was asked for by cell and day, and the share of it whose cost is cogs; sorted as the events are.

    Where nothing is sold and all is used (raw material) usage counts."""
    counts = pl.col("kind").is_in(sold_kinds)
    rows = asked.select(
        "cell", "day", qty=-pl.col("qty"), sold=pl.when(counts).then(-pl.col("qty")).otherwise(0.0)
    )
    if lost is not None:
        more = lost.filter(pl.col("date") >= start, pl.col("lost_sales_est") > 0).select(
            "cell",
            day=(pl.col("date") - pl.lit(start)).dt.total_days(),
            qty="lost_sales_est",
            sold="lost_sales_est",
        )
        rows = pl.concat([rows, more.cast({"cell": pl.Int64})])
    found = rows.group_by("cell", "day").agg(tidy(pl.col("qty").sum()), tidy(pl.col("sold").sum()))
    found = found.sort("day", "cell")
    if found["sold"].sum() == 0:
        return found, np.ones(found.height)
    return found, found.select(ratio("sold", "qty").fill_null(1.0)).to_series().to_numpy()


def _stock(valued: ValuedDays, zero: int, days: int) -> tuple[Floats, Events]:
    """Units of every cell at the eve of the first day, and what the ledger says afterwards."""
    rows = valued.balances.select(
        pl.col("cell").cast(pl.Int64), "on_hand", day=pl.col("day").cast(pl.Int64) - zero
    )
    opening = np.zeros(valued.cells.height)
    before = rows.filter(pl.col("day") < 0).group_by("cell").agg(pl.col("on_hand").last())
    opening[before["cell"].to_numpy()] = before["on_hand"].to_numpy()
    return opening, Events.of(rows, days, "on_hand")


def _shelf(valued: ValuedDays, entries: Entries, settings: Settings) -> Floats:
    """Days that goods keep, inf where they keep for ever."""
    known = entries.items.select("sku", "shelf_life_days").collect()
    keeps = numbers(
        valued.cells.join(known, on="sku", how="left", maintain_order="left"), "shelf_life_days", np.inf
    )
    on_the_way = (valued.cells["warehouse"] == IN_TRANSIT).to_numpy()
    return np.where((keeps > 0) & ~on_the_way, keeps, np.inf)
