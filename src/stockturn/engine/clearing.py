"""A way out for stock that lies too long: what to do with how many units, why, and the cash it brings."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.config import Settings
from stockturn.engine.expr import IN_TRANSIT, tidy
from stockturn.engine.ways_out import ACTIONS, ways_out, with_buyers
from stockturn.engine.wording import figure, sentence
from stockturn.i18n import text

IDLE = ("dead", "misplaced", "stagnant", "slow")


def with_action(cells: pl.LazyFrame, sellers: pl.LazyFrame, as_of: date, settings: Settings) -> pl.LazyFrame:
    """Adds action, action_qty, clear_weeks, cash_back, next_action, next_cash, reason and due_date.

    Needs sku, warehouse, category, supplier, takes_returns, status, on_hand, reserved, unit_cost, unit_price,
    last_demand, idle_days, cover_days, demand_per_day, yearly_per_day, next_expiry, expiring_qty, expired_qty.
    ``sellers``: sku, warehouse, demand_per_day, on_hand of every cell with demand, whatever it holds.

    The units in question are what is left of idle stock after reserved goods and ``keep_days`` of demand, and what
    will expire before it sells. Of the ways that are open, ``transfer`` (other warehouses sell it), ``return`` (the
    supplier takes goods back), ``promote`` (a price step, at the sales of the past year times its assumed uplift),
    ``bundle`` (with a fast mover of the category in the same warehouse) and ``dispose``, the one that nets most is
    proposed: cash, plus the scrap value of what is left, less the cost of the money that stays bound meanwhile
    (:mod:`stockturn.engine.ways_out`). A less sure way, later in that order, must net ``surer`` more than the one
    before it. Misplaced goods are always moved, expired ones disposed of; other stock has action ``none``.

    ``cash_back`` is what comes in, not what stands in the books: price after the reduction less selling cost, the
    supplier's credit, or the scrap value; transfers bring the full price (cost where no price is known). Null where
    what it depends on is unknown. ``next_action`` is the way that nets most of the others.
    """
    chosen = settings.deadstock.clearing
    ready = cells.with_columns(
        units=_units(settings), whole=pl.col("on_hand") == pl.col("on_hand").floor()
    ).pipe(with_buyers, sellers, settings)
    acts = pl.col("units") > 0
    first, second = (pl.col(name).struct for name in ("_first", "_second"))
    today = pl.lit(as_of)
    days = pl.when(pl.col("status") == "dead").then(chosen.dead_due_days).otherwise(chosen.due_days)
    planned = pl.min_horizontal(today + pl.duration(days=days), "next_expiry")
    return (
        ready.pipe(_with_choice, settings)
        .with_columns(
            action=pl.when(acts).then(first.field("action")).otherwise(pl.lit("none")),
            action_qty=pl.when(acts).then(first.field("qty")),
            clear_weeks=pl.when(acts).then(first.field("weeks")),
            cash_back=pl.when(acts).then(first.field("cash")),
            next_action=pl.when(acts).then(second.field("action")),
            next_cash=pl.when(acts).then(second.field("cash")),
            discount=first.field("discount"),
            uplift=first.field("uplift"),
        )
        .with_columns(
            reason=_reason(settings),
            due_date=pl.when(acts).then(pl.max_horizontal(planned, today)),
        )
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


def _with_choice(cells: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """Adds _first and _second, structs of :meth:`Way.valued`; _second is null where no other way is open."""
    for action, steps in ways_out(settings).items():
        valued = [step.valued(action, settings) for step in steps]
        cells = cells.with_columns(valued[0].alias(f"_{action}"))
        for step in valued[1:]:
            cells = cells.with_columns(_better(f"_{action}", step, 0.0).alias(f"_{action}"))
    cells = cells.with_columns(_first=pl.col(f"_{ACTIONS[0]}"))
    for action in ACTIONS[1:]:
        best = _better("_first", pl.col(f"_{action}"), settings.deadstock.clearing.surer)
        cells = cells.with_columns(_first=best)
    moved = (pl.col("status") == "misplaced") & _net("_transfer").is_not_null()
    expired = (pl.col("expired_qty") >= pl.col("units")).fill_null(False)
    cells = cells.with_columns(
        _first=pl.when(expired).then("_dispose").when(moved).then("_transfer").otherwise("_first")
    )
    for action in ACTIONS:
        other = pl.col("_first").struct.field("action") != action
        cells = cells.with_columns(
            pl.when(other & ~expired & _net(f"_{action}").is_not_null())
            .then(f"_{action}")
            .alias(f"_{action}")
        )
    rest = pl.max_horizontal(_net(f"_{action}") for action in ACTIONS)
    second = pl.coalesce(pl.when(_net(f"_{action}") == rest).then(f"_{action}") for action in ACTIONS)
    return cells.with_columns(_second=second)


def _net(way: str) -> pl.Expr:
    return pl.col(way).struct.field("net")


def _better(best: str, other: pl.Expr, margin: float) -> pl.Expr:
    """``other`` where it is open and nets more by that share, or nothing else is open; else ``best``."""
    have, net = _net(best), other.struct.field("net")
    wins = net.is_not_null() & (have.is_null() | (net > have + margin * have.abs()))
    return pl.when(wins).then(other).otherwise(pl.col(best))


def _reason(settings: Settings) -> pl.Expr:
    """Why the stock is in question, what the action is about and what the next best one would bring, in the language
    of the run."""
    lang, chosen = settings.lang, settings.deadstock.clearing
    left = pl.col("units") - pl.col("action_qty")
    fields = {
        "qty": figure(pl.col("action_qty"), 2),
        "target": _place(lang),
        "rate": figure(pl.col("elsewhere_per_day"), 2),
        "supplier": pl.col("supplier"),
        "credit": pl.lit(f"{chosen.return_credit:.0%}"),
        "discount": pl.concat_str(figure(pl.col("discount") * 100), pl.lit("%")),
        "uplift": figure(pl.col("uplift"), 2),
        "weeks": figure(pl.col("clear_weeks").ceil()),
        "partner": pl.col("partner"),
        "partner_rate": figure(pl.col("partner_per_day"), 2),
        "share": pl.lit(f"{chosen.bundle_share:.0%}"),
        "reduction": pl.lit(f"{chosen.bundle_discount:.0%}"),
        "scrap": pl.lit(f"{chosen.scrap_share:.0%}"),
    }
    how = pl.lit(None, pl.String)
    for action in ACTIONS:
        told = sentence(f"deadstock.how_{action}", lang, **fields)
        how = pl.when(pl.col("action") == action).then(told).otherwise(how)
    brings = sentence("deadstock.brings", lang, cash=figure(pl.col("cash_back"))).fill_null("")
    stays = pl.when(left > 0).then(sentence("deadstock.left", lang, left=figure(left, 2))).fill_null("")
    other = sentence(
        "deadstock.next", lang, way=said_action(pl.col("next_action"), lang), cash=figure(pl.col("next_cash"))
    )
    whole = sentence(
        "deadstock.why_and_how", lang, why=_why(settings), how=how, brings=brings, left=stays, next=other.fill_null("")
    )  # fmt: skip
    return pl.when(pl.col("action") != "none").then(whole)


def _place(lang: str) -> pl.Expr:
    """The warehouse that goods are moved to, and how many others take some."""
    several = sentence(
        "deadstock.several", lang, target=pl.col("target"), others=figure(pl.col("places") - 1)
    )
    return pl.when(pl.col("places") > 1).then(several).otherwise("target")


def _why(settings: Settings) -> pl.Expr:
    lang = settings.lang
    idle, rate = figure(pl.col("idle_days")), figure(pl.col("demand_per_day"), 2)
    expires = sentence(
        "deadstock.why_expiry",
        lang,
        qty=figure(pl.col("expiring_qty"), 2),
        date=pl.col("next_expiry").cast(pl.String),
    )
    return (
        pl.when(pl.col("expiring_qty").fill_null(0.0) >= pl.col("units")).then(expires)
        .when(pl.col("last_demand").is_null()).then(sentence("deadstock.why_never", lang, idle=idle))
        .when(pl.col("demand_per_day") > 0)
        .then(sentence("deadstock.why_cover", lang, cover=figure(pl.col("cover_days")), rate=rate))
        .otherwise(sentence("deadstock.why_idle", lang, idle=idle))
    )  # fmt: skip


def said_action(action: pl.Expr, lang: str) -> pl.Expr:
    """An action in the words of the language."""
    names = (*ACTIONS, "none")
    words = [text(f"codes.action_{name}", lang) for name in names]
    return action.replace_strict(list(names), words, default=None, return_dtype=pl.String)
