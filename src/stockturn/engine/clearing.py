"""A way out for stock that lies too long: what to do with how many units, why, and the cash it brings."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.config import Settings
from stockturn.engine.expr import IN_TRANSIT, NONE, ratio, tidy
from stockturn.engine.wording import number, sentence

CELL = ["sku", "warehouse"]
ACTIONS = ("transfer", "return", "promote", "bundle", "dispose")
"""What is proposed, in the order in which the ways are tried; ``none`` where nothing is in question."""

IDLE = ("dead", "misplaced", "stagnant", "slow")
DAYS_PER_WEEK = 7


def with_action(cells: pl.LazyFrame, sellers: pl.LazyFrame, as_of: date, settings: Settings) -> pl.LazyFrame:
    """Adds action, action_qty, cash_back, reason and due_date to cells that have a status.

    Needs sku, warehouse, category, supplier, takes_returns, status, on_hand, reserved, unit_cost, unit_price,
    last_demand, idle_days, cover_days, demand_per_day, yearly_per_day, next_expiry, expiring_qty, expired_qty.
    ``sellers``: sku, warehouse, demand_per_day, on_hand of every cell with demand, whatever it holds.

    The units in question are what is left of idle stock after reserved goods and ``keep_days`` of demand, and what
    will expire before it sells. The first way that is open: ``transfer`` (another warehouse sells it), ``return``
    (the supplier takes goods back), ``promote`` (a price step clears it in time at the sales of the past year),
    ``bundle`` (with the best seller of its category in the same warehouse), ``dispose``; expired goods are disposed
    of, other stock has action ``none``. ``cash_back`` is what comes in, not what stands in the books: price after
    the reduction less selling cost, the supplier's credit, or the scrap value; transfers bring the full price (cost
    where no price is known). Null where what it depends on is unknown.
    """
    chosen = settings.deadstock.clearing
    ready = (
        cells.join(_targets(cells, sellers, settings), on=CELL, how="left")
        .join(_partners(cells), on=["warehouse", "category"], how="left")
        .with_columns(units=_units(settings))
        .with_columns(weeks=ratio("units", pl.col("yearly_per_day") * chosen.uplift * DAYS_PER_WEEK))
        .with_columns(action=_action(settings))
        .with_columns(action_qty=_quantity(settings))
    )
    today = pl.lit(as_of)
    days = pl.when(pl.col("status") == "dead").then(chosen.dead_due_days).otherwise(chosen.due_days)
    planned = pl.min_horizontal(today + pl.duration(days=days), "next_expiry")
    return ready.with_columns(cash_back=_cash(settings)).with_columns(
        reason=_reason(settings),
        due_date=pl.when(pl.col("action") != "none").then(pl.max_horizontal(planned, today)),
    )


def _units(settings: Settings) -> pl.Expr:
    """Units that are in question: free stock of idle cells beyond ``keep_days`` of demand, whole where the stock is;
    and at least what will expire unsold."""
    keep = pl.col("demand_per_day") * settings.deadstock.clearing.keep_days
    free = tidy((pl.col("on_hand") - pl.col("reserved").fill_null(0.0) - keep).clip(lower_bound=0.0))
    whole = pl.col("on_hand") == pl.col("on_hand").floor()
    idle = pl.col("status").is_in(IDLE)
    lying = pl.when(idle & whole).then(free.floor()).when(idle).then(free).otherwise(0.0)
    here = pl.col("warehouse") != IN_TRANSIT
    return pl.when(here).then(pl.max_horizontal(lying, "expiring_qty")).otherwise(0.0)


def _targets(cells: pl.LazyFrame, sellers: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """Per cell: the other warehouse that needs the sku most (target), what all others need and sell."""
    days = settings.deadstock.clearing.transfer_days
    need = (pl.col("demand_per_day") * days - pl.col("on_hand")).clip(lower_bound=0.0)
    buyers = sellers.select(
        "sku",
        pl.col("warehouse").alias("target"),
        pl.col("demand_per_day").alias("target_per_day"),
        need.alias("need"),
    )
    return (
        cells.select(CELL)
        .join(buyers, on="sku")
        .filter(pl.col("target") != pl.col("warehouse"))
        .sort("need", "target_per_day", "target", descending=[True, True, False])
        .group_by(CELL, maintain_order=True)
        .agg(
            pl.col("target", "target_per_day").first(),
            elsewhere_need=pl.col("need").sum(),
            elsewhere_sells=pl.col("target_per_day").sum() * days,
        )
    )


def _partners(cells: pl.LazyFrame) -> pl.LazyFrame:
    """Per warehouse and category: the active item that sells most a day."""
    named = (pl.col("status") == "active") & (pl.col("demand_per_day") > 0) & (pl.col("category") != NONE)
    return (
        cells.filter(named)
        .sort("demand_per_day", "sku", descending=[True, False])
        .group_by("warehouse", "category", maintain_order=True)
        .agg(partner=pl.col("sku").first(), partner_per_day=pl.col("demand_per_day").first())
    )


def _action(settings: Settings) -> pl.Expr:
    chosen = settings.deadstock.clearing
    wanted = (pl.col("elsewhere_need") > 0) | (pl.col("status") == "misplaced")
    priced = pl.col("unit_price").is_not_null()
    in_time = (pl.col("weeks") <= chosen.promote_weeks).fill_null(False)
    open_ways = {
        "transfer": wanted & pl.col("target").is_not_null(),
        "return": pl.col("takes_returns").fill_null(False),
        "promote": priced & in_time,
        "bundle": priced & pl.col("partner").is_not_null(),
        "dispose": pl.lit(True),
    }
    way = pl.lit("none")
    for action in reversed(ACTIONS):
        way = pl.when(open_ways[action]).then(pl.lit(action)).otherwise(way)
    expired = (pl.col("expired_qty") >= pl.col("units")).fill_null(False)
    way = pl.when(expired).then(pl.lit("dispose")).otherwise(way)
    return pl.when(pl.col("units") > 0).then(way).otherwise(pl.lit("none"))


def _quantity(settings: Settings) -> pl.Expr:
    """Units the action is for: what other warehouses take, what the partner's sales carry, else all in question."""
    chosen = settings.deadstock.clearing
    taken = pl.when(pl.col("elsewhere_need") > 0).then("elsewhere_need").otherwise("elsewhere_sells")
    carried = pl.col("partner_per_day") * chosen.promote_weeks * DAYS_PER_WEEK
    limit = (
        pl.when(pl.col("action") == "transfer")
        .then(taken.ceil())
        .when(pl.col("action") == "bundle")
        .then(carried.ceil())
    )
    return pl.when(pl.col("action") != "none").then(pl.min_horizontal("units", limit))


def _cash(settings: Settings) -> pl.Expr:
    chosen = settings.deadstock.clearing
    sold = pl.col("unit_price") * (1 - settings.deadstock.selling_cost)
    action = pl.col("action")
    each = (
        pl.when(action == "transfer").then(pl.coalesce(sold, "unit_cost"))
        .when(action == "return").then(pl.col("unit_cost") * chosen.return_credit)
        .when(action == "promote").then(sold * (1 - chosen.discount))
        .when(action == "bundle").then(sold * (1 - chosen.bundle_discount))
        .when(action == "dispose").then(pl.col("unit_cost") * chosen.scrap_share)
    )  # fmt: skip
    return each * pl.col("action_qty")


def _reason(settings: Settings) -> pl.Expr:
    """Why the stock is in question, and what the action is about, in the language of the run."""
    lang, chosen = settings.lang, settings.deadstock.clearing
    idle = number(pl.col("idle_days"))
    rate = number(pl.col("demand_per_day"), 2)
    expires = sentence(
        "deadstock.why_expiry",
        lang,
        qty=number(pl.col("expiring_qty"), 2),
        date=pl.col("next_expiry").cast(pl.String),
    )
    why = (
        pl.when(pl.col("expiring_qty").fill_null(0.0) >= pl.col("units")).then(expires)
        .when(pl.col("last_demand").is_null()).then(sentence("deadstock.why_never", lang, idle=idle))
        .when(pl.col("demand_per_day") > 0)
        .then(sentence("deadstock.why_cover", lang, cover=number(pl.col("cover_days")), rate=rate))
        .otherwise(sentence("deadstock.why_idle", lang, idle=idle))
    )  # fmt: skip
    fields = {
        "qty": number(pl.col("action_qty"), 2),
        "target": pl.col("target"),
        "rate": number(pl.col("target_per_day"), 2),
        "supplier": pl.col("supplier"),
        "credit": pl.lit(f"{chosen.return_credit:.0%}"),
        "discount": pl.lit(f"{chosen.discount:.0%}"),
        "uplift": pl.lit(f"{chosen.uplift:g}"),
        "weeks": number(pl.col("weeks").ceil()),
        "partner": pl.col("partner"),
        "reduction": pl.lit(f"{chosen.bundle_discount:.0%}"),
    }
    how = pl.lit(None, pl.String)
    for action in ACTIONS:
        told = sentence(f"deadstock.how_{action}", lang, **fields)
        how = pl.when(pl.col("action") == action).then(told).otherwise(how)
    brings = sentence("deadstock.brings", lang, cash=number(pl.col("cash_back"))).fill_null("")
    whole = sentence("deadstock.why_and_how", lang, why=why, how=how, brings=brings)
    return pl.when(pl.col("action") != "none").then(whole)
