"""Rules about what a cell holds: too little, too much, too long, below zero."""

from __future__ import annotations

import polars as pl

from stockturn.config import Settings
from stockturn.engine.alerts.registry import Check, rule
from stockturn.engine.clearing import said_action
from stockturn.engine.expr import ratio
from stockturn.engine.wording import figure

IDLE = ("dead", "stagnant", "misplaced")
ASKED = "demand_known"
"""What rules about too little, too much and too long need: a ledger without any sale cannot tell."""

_asked = (pl.col("demand_per_day") > 0) & ~pl.col("stopped").fill_null(False)
_demand_value = pl.col("demand_per_day") * pl.col("unit_cost")


@rule("stockout", family="availability", frame="cells", to="buyer", needs=ASKED)
def stockout(settings: Settings) -> Check:
    """Nothing is available, and goods are asked for.

    When:    on_hand - reserved <= 0, demand_per_day > 0, the item is not stopped
    Figure:  wait_days, until the next open order is due, else the lead time
    Value:   demand_per_day x wait_days x unit_cost
    Example: 2 a day at cost 10, the next order due in 5 days -> figure 5, value 100
    """
    return Check(
        _asked & (pl.col("available") <= 0),
        pl.col("wait_days"),
        _demand_value * pl.col("wait_days"),
        {"rate": figure(pl.col("demand_per_day"), 2), "days": figure(pl.col("wait_days"))},
        pl.col("short_cause"),
    )


@rule("projected_stockout", family="availability", frame="cells", to="buyer", needs=ASKED)
def projected_stockout(settings: Settings) -> Check:
    """Stock will run out before an order placed now could come, with what is on order counted.

    When:    available > 0 and there is a stockout_date
    Figure:  lead_time_days - days until stockout_date: 0 where an order placed now comes on that very day
    Value:   demand_per_day x figure x unit_cost
    Example: lead time 10, stockout in 7 days, 2 a day at cost 10 -> figure 3, value 60
    """
    short = pl.col("lead_time_days") - pl.col("days_to_stockout")
    return Check(
        _asked & (pl.col("available") > 0) & pl.col("stockout_date").is_not_null(),
        short,
        _demand_value * short.clip(lower_bound=0.0),
        {"date": pl.col("stockout_date").cast(pl.String), "lead": figure(pl.col("lead_time_days"))},
        pl.col("short_cause"),
    )


@rule("below_safety", family="availability", frame="cells", to="buyer", needs=ASKED)
def below_safety(settings: Settings) -> Check:
    """Less is available than the safety stock.

    When:    0 < available < safety_stock
    Figure:  1 - available / safety_stock
    Value:   (safety_stock - available) x unit_cost
    Example: 4 available, safety stock 10, cost 5 -> figure 0.6, value 30
    """
    gap = pl.col("safety_stock") - pl.col("available")
    return Check(
        _asked & (pl.col("available") > 0) & (gap > 0),
        ratio(gap, "safety_stock"),
        gap * pl.col("unit_cost"),
        {"qty": figure(pl.col("available"), 2), "safety": figure(pl.col("safety_stock"), 2)},
        pl.col("short_cause"),
    )


@rule("below_reorder", family="availability", frame="cells", to="buyer", needs=ASKED)
def below_reorder(settings: Settings) -> Check:
    """The position (stock and what is on order) is at or below the reorder point.

    When:    position <= reorder_point, reorder_point > 0
    Figure:  1 - position / reorder_point: 0 at the reorder point itself
    Value:   (order_up_to - position) x unit_cost
    Example: position 8, reorder point 10 -> figure 0.2
    """
    return Check(
        _asked & (pl.col("reorder_point") > 0) & (pl.col("position") <= pl.col("reorder_point")),
        1 - ratio("position", "reorder_point"),
        (pl.col("order_up_to") - pl.col("position")).clip(lower_bound=0.0) * pl.col("unit_cost"),
        {"qty": figure(pl.col("position"), 2), "point": figure(pl.col("reorder_point"), 2)},
    )


@rule("overstock", frame="cells", to="buyer", needs=ASKED)
def overstock(settings: Settings) -> Check:
    """More is on hand than will be needed, of goods that sell (idle ones have rules of their own).

    When:    excess_qty > 0, status not dead, stagnant or misplaced
    Figure:  excess_qty / on_hand
    Value:   excess_value
    Example: 100 on hand of which 60 are excess -> figure 0.6
    """
    idle = pl.col("status").is_in(IDLE).fill_null(False)
    return Check(
        (pl.col("excess_qty") > 0) & ~idle,
        ratio("excess_qty", "on_hand"),
        pl.col("excess_value"),
        {"qty": figure(pl.col("excess_qty"), 2), "on_hand": figure(pl.col("on_hand"), 2)},
        pl.col("excess_cause"),
    )


def _idle(status: str, settings: Settings) -> Check:
    return Check(
        pl.col("status") == status,
        pl.col("idle_days"),
        pl.col("value"),
        {
            "days": figure(pl.col("idle_days")),
            "qty": figure(pl.col("book_qty"), 2),
            "way": said_action(pl.col("action"), settings.lang),
            "cash": figure(pl.col("cash_back")),
        },
        pl.col("excess_cause"),
    )


@rule("dead", family="idle", frame="cells", needs=ASKED)
def dead(settings: Settings) -> Check:
    """The cell's status is dead (section deadstock of the settings says from when on).

    Figure:  idle_days, days without demand
    Value:   value of what is on hand
    """
    return _idle("dead", settings)


@rule("stagnant", family="idle", frame="cells", needs=ASKED)
def stagnant(settings: Settings) -> Check:
    """The cell's status is stagnant (section deadstock of the settings says from when on).

    Figure:  idle_days, days without demand
    Value:   value of what is on hand
    """
    return _idle("stagnant", settings)


@rule("slow", family="idle", frame="cells", needs=ASKED)
def slow(settings: Settings) -> Check:
    """The cell's status is slow (section deadstock of the settings says from when on).

    Figure:  idle_days, days without demand
    Value:   value of what is on hand
    """
    return _idle("slow", settings)


@rule("expiring", frame="expiries", below=True)
def expiring(settings: Settings) -> Check:
    """Units will not sell before they expire (first expiry first, at the recent rate).

    When:    expiring_qty > 0
    Figure:  days to the first expiry, 0 or less: expired; less is worse
    Value:   expiring_value
    """
    return Check(
        pl.col("expiring_qty") > 0,
        pl.col("days_to_expiry"),
        pl.col("expiring_value"),
        {"qty": figure(pl.col("expiring_qty"), 2), "date": pl.col("next_expiry").cast(pl.String)},
    )


@rule("negative_stock", frame="cells")
def negative_stock(settings: Settings) -> Check:
    """The book says less than nothing is there.

    When:    the balance at as_of is below 0
    Figure:  days since it went below 0, the first one counted
    Value:   what is lacking x unit_cost
    """
    return Check(
        pl.col("book_qty") < 0,
        pl.col("negative_days"),
        -pl.col("book_qty") * pl.col("unit_cost"),
        {"qty": figure(pl.col("book_qty"), 2), "days": figure(pl.col("negative_days"))},
    )


@rule("phantom_stock", frame="cells", needs=ASKED)
def phantom_stock(settings: Settings) -> Check:
    """The book says goods are there, and sales stopped improbably long ago: a reason to count.

    When:    on hand > 0, not dead, figure >= turnover.phantom_factor
    Figure:  days with a sale per day (up to the last one) x days since: -ln of the probability of no sale at all
    Value:   value of what is on hand
    Example: a sale on every second day, none for 50 days -> figure 25
    """
    missed = pl.col("sale_rate") * pl.col("idle_days")
    gone = pl.col("status").is_in(("dead", "misplaced")).fill_null(False)
    return Check(
        (pl.col("book_qty") > 0) & ~gone & (missed >= settings.turnover.phantom_factor),
        missed,
        pl.col("value"),
        {"days": figure(pl.col("idle_days")), "qty": figure(pl.col("book_qty"), 2)},
    )
