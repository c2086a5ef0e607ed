"""The past once more: what would have happened, had the suggestions been followed (SPEC 11).

    made = replay(ledger, settings)
    made.replay      one row per policy: actual, suggested, and what else was asked for
    made.orders      every order that the replay placed under the settings in force

All policies live through the same days in one pass; what was known at a review is worked out once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from stockturn.config import Settings
from stockturn.config.settings import Scope
from stockturn.engine.demand import Demand
from stockturn.engine.expr import NONE
from stockturn.engine.layers import layers
from stockturn.engine.leadtime import lead_times
from stockturn.engine.open_orders import receipts
from stockturn.engine.periods import ONE_DAY, add_months, period_of
from stockturn.engine.replay.knowledge import Knowledge, delayed, known_at, settings_at
from stockturn.engine.replay.leadtimes import LeadTimes, came_after, ordered_before
from stockturn.engine.replay.shelf import Shelf
from stockturn.engine.replay.shop import Shop
from stockturn.engine.replay.tally import Day, Tally
from stockturn.engine.replay.world import World, world
from stockturn.engine.run import Run
from stockturn.engine.stockouts import lost_days
from stockturn.engine.suppliers import terms
from stockturn.errors import InputError, UsageError
from stockturn.model import Ledger

ACTUAL, SUGGESTED, BOUGHT = "actual", "suggested", "bought"


@dataclass(frozen=True)
class Variant:
    """One policy of a replay and what is different in it."""

    name: str
    settings: Settings
    demand_factor: float = 1.0
    lead_time_factor: float = 1.0
    as_bought: bool = False

    @property
    def service_level(self) -> float | None:
        """The one service level that it is run with, if any."""
        return self.settings.reorder.service_level


@dataclass(frozen=True)
class Lived:
    """What became of a policy."""

    variant: Variant
    tally: Tally
    shop: Shop | None = None


@dataclass(frozen=True)
class Stage:
    """What every policy starts from: the whole ledger valued, the days, what was on its way, observed lead times."""

    run: Run
    world: World
    orders: pl.DataFrame
    came: pl.DataFrame
    purchases: pl.DataFrame
    waiting: pl.DataFrame
    leads: LeadTimes
    chosen: bool


def play(
    ledger: Ledger, settings: Settings, say: Callable[[str], None] | None = None
) -> tuple[Stage, list[Lived]]:
    """Live through the days of the settings under every policy; the first is what was done.

    Raises InputError where the ledger cannot tell (no sales by day, no receipts, too short), UsageError where the first
    day lies outside.
    """
    stage = prepare(ledger, settings)
    tell = say or (lambda _: None)
    found = [Lived(Variant(ACTUAL, settings), lived_actually(stage.world))]
    for variants in _passes(settings):
        shops = [shop_of(stage, variant) for variant in variants]
        known = knowledge(ledger, stage, variants[0])
        live_through(stage.world, shops, known, tell)
        found += [Lived(one, shop.tally, shop) for one, shop in zip(variants, shops, strict=True)]
    return stage, found


def prepare(ledger: Ledger, settings: Settings) -> Stage:
    """Value the ledger and find the days, the demand and what was on its way."""
    as_of = settings.period.as_of
    if as_of is not None:
        ledger = ledger.with_tables(orders=ledger.table("orders").filter(pl.col("order_date") <= as_of))
    period = settings.period.model_copy(update={"period": None})
    whole = settings.model_copy(update={"scope": Scope(), "period": period})
    run = Run(ledger, whole)
    valued, entries = run.valued, run.entries
    if not valued.has_sales:
        raise InputError("replay_no_sales")
    if not valued.has_receipts:
        raise InputError("replay_no_receipts")
    if valued.only_periods:
        raise InputError("replay_by_period")
    start, chosen = first_day(settings, run)
    orders = ledger.table("orders").collect()
    came = came_after(orders.lazy(), entries)
    planned = _planned(run, orders, start - ONE_DAY)
    cells = valued.cells.select("cell", "sku", "warehouse").with_columns(pl.col("cell").cast(pl.Int64))
    bought = _bought(run, cells, start)
    before = ordered_before(came, bought, start, planned)
    lost = (
        lost_days(valued, entries, whole, period_of(start, entries.as_of))
        if settings.replay.lost_sales
        else None
    )
    made = world(entries, valued, before.select("cell", "day", "share"), settings, start, lost)
    if not made.scope.any():
        raise InputError("nothing_before", as_of=valued.as_of)
    waiting = _waiting(before, bought, planned, start)
    return Stage(run, made, orders, came, bought, waiting, LeadTimes.of(came, entries), chosen)


def first_day(settings: Settings, run: Run) -> tuple[date, bool]:
    """The first day to live through, and whether it was chosen here: the last ``months`` where as many lie before, else
    the later half. What the engine learns from begins with the first sale."""
    chosen, as_of = settings.replay, run.entries.as_of
    sold = Demand.of(run.entries, run.settings).days.select(pl.col("date").min()).collect().item()
    if sold is None:
        raise InputError("replay_no_sales")
    least = sold + timedelta(days=chosen.least_history_days)
    if chosen.start is not None:
        if not run.entries.first_day <= chosen.start < as_of:
            raise UsageError("replay_outside", start=chosen.start, first=least, last=as_of - ONE_DAY)
        if chosen.start < least:
            raise UsageError(
                "replay_little_history",
                start=chosen.start,
                sold=sold,
                first=least,
                days=chosen.least_history_days,
            )
        return chosen.start, False
    start = add_months(as_of + ONE_DAY, -chosen.months)
    if add_months(start, -chosen.months) < sold:
        start = sold + timedelta(days=((as_of - sold).days + 1) // 2)
    if start < least:
        raise InputError("replay_short", sold=sold, last=as_of, days=2 * chosen.least_history_days)
    return start, True


def _planned(run: Run, orders: pl.DataFrame, eve: date) -> pl.DataFrame:
    """The lead times that were planned with at the eve: sku, supplier, lead_time_days."""
    chosen, items = run.settings.reorder, run.entries.items
    came = receipts(orders.lazy(), items, eve)
    stated = terms(run.ledger.table("suppliers"), chosen)
    return lead_times(came, items, stated, chosen).select("sku", "supplier", "lead_time_days").collect()


def _bought(run: Run, cells: pl.DataFrame, start: date) -> pl.DataFrame:
    """Purchases since the first day: cell, sku, warehouse, day, qty."""
    day = pl.col("day").cast(pl.Int64) - run.valued.day_of(start)
    kind = pl.col("kind").cast(pl.String)
    flows = run.valued.flows.select(pl.col("cell").cast(pl.Int64), "qty", day=day, kind=kind)
    return flows.filter(pl.col("kind") == "purchase", pl.col("qty") > 0, pl.col("day") >= 0).join(
        cells, on="cell"
    )


def _waiting(before: pl.DataFrame, bought: pl.DataFrame, planned: pl.DataFrame, start: date) -> pl.DataFrame:
    """Purchases that no order explains and that were on their way, as open order lines with the day they came."""
    arrived = pl.lit(start) + pl.duration(days=pl.col("day"))
    ordered = arrived - pl.duration(days=pl.col("lead_time_days").ceil().cast(pl.Int64))
    return (
        before.filter(pl.col("guessed") & (pl.col("share") > 0))
        .join(bought, on=["cell", "day"])
        .join(planned, on="sku")
        .select(
            pl.col("supplier").fill_null(NONE), "sku", "warehouse", doc_no=pl.lit(None, pl.String),
            line_no=pl.lit(None, pl.String), order_date=ordered, promised_date=pl.lit(None, pl.Date), qty_open="qty",
            unit_cost=pl.lit(None, pl.Float64), arrived=arrived,
        )
        .sort("arrived", "sku", "warehouse")
    )  # fmt: skip


def _passes(settings: Settings) -> list[list[Variant]]:
    """The policies, those together that know the same: the suggestions and the curve, a demand shock, longer lead times."""
    asked = settings.replay
    plain = settings.model_copy(update={"replay": asked.model_copy(update={"demand_factor": 1.0})})

    def served(level: float) -> Settings:
        return plain.model_copy(update={"reorder": plain.reorder.model_copy(update={"service_level": level})})

    first = [Variant(SUGGESTED, plain)]
    first += [Variant(f"service_{level:g}", served(level)) for level in asked.service_levels]
    found = [first]
    if (factor := asked.demand_factor) != 1.0:
        found.append([
            Variant(f"demand_{factor:g}", settings, demand_factor=factor),
            Variant(f"{BOUGHT}_demand_{factor:g}", settings, demand_factor=factor, as_bought=True),
        ])  # fmt: skip
    if (factor := asked.lead_time_factor) != 1.0:
        found.append([Variant(f"lead_time_{factor:g}", plain, lead_time_factor=factor)])
    return found


def shop_of(stage: Stage, variant: Variant) -> Shop:
    """A policy at the eve of the first day: the stock of the ledger, nothing ordered yet."""
    made, start = stage.world, stage.world.start
    leads = replace(stage.leads, factor=variant.lead_time_factor)
    shelf = None
    if (made.shelf < float("inf")).any():
        shelf = Shelf.of(made.shelf, _layers(stage, start - ONE_DAY), start)
    return Shop(made, _short_plan(variant.settings), leads, shelf, variant.as_bought, variant.demand_factor)


def _short_plan(settings: Settings) -> Settings:
    """The settings with a plan no longer than decisions look into it: orders brought forward to reach a minimum value."""
    chosen = settings.reorder
    buckets = min(chosen.plan_buckets, chosen.bring_forward_days // chosen.plan_bucket_days + 1)
    return settings.model_copy(update={"reorder": chosen.model_copy(update={"plan_buckets": buckets})})


def _layers(stage: Stage, eve: date) -> pl.DataFrame:
    """What lay there at the eve by the day it came in: cell, received_on, qty."""
    run = stage.run
    cut = Run(known_at(run.ledger, eve), settings_at(run.settings, eve))
    world = stage.world
    eve_stock = (
        world.cells.with_columns(on_hand=pl.Series(world.opening)).filter(pl.Series(world.mine)).lazy()
    )
    found = layers(cut.entries, eve_stock, run.settings)
    return found.collect().join(world.own, on=["sku", "warehouse"]).select("cell", "received_on", "qty")


def knowledge(ledger: Ledger, stage: Stage, variant: Variant) -> Knowledge:
    """What is known at the reviews of a pass."""
    start = stage.world.start
    orders = delayed(stage.orders.lazy(), start, variant.lead_time_factor).collect()
    leads = replace(stage.leads, factor=variant.lead_time_factor)
    return Knowledge(ledger, variant.settings, start, orders, stage.waiting, stage.world.own, leads)


def live_through(made: World, shops: list[Shop], known: Knowledge, say: Callable[[str], None]) -> None:
    """All days under all policies; a review is held on the first day and whenever one is due."""
    for day in range(made.days):
        for shop in shops:
            shop.live(day)
        acting = [shop for shop in shops if not shop.as_bought]
        due = [shop for shop in acting if any(day % period == 0 for period in shop.reviews or {1.0})]
        if not due or day == made.days - 1:
            continue
        today = made.start + timedelta(days=day)
        say(str(today))
        seen = known.at(today, made.on_the_way(due[0].on_hand))
        for shop in due:
            shop.review(day, seen)


def lived_actually(made: World) -> Tally:
    """The ledger itself under the yardstick: its on-hand, sales, returns and scrap, day by day."""
    tally, count = Tally(made), len(made.opening)
    on_hand = made.opening.copy()
    for day in range(made.days):
        cell, there = made.book.on(day)
        on_hand[cell] = there
        stock = on_hand * made.mine
        asked, share = made.asked(day)
        sold = made.sales.sums(day, count)
        of_sales = sold * share - made.returned.sums(day, count)
        tally.add(day, Day(stock, stock, sold, asked, of_sales, made.scrap.sums(day, count)))
    return tally
