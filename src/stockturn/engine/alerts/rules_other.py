"""Rules about suppliers, prices, forecasts, targets, counts, warehouses and files."""

from __future__ import annotations

import polars as pl

from stockturn.config import Settings
from stockturn.engine.alerts.registry import Check, rule
from stockturn.engine.expr import ratio
from stockturn.engine.wording import figure


def _percent(share: pl.Expr) -> pl.Expr:
    return pl.concat_str(figure(share * 100), pl.lit("%"))


def _signed(change: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.when(change > 0).then(pl.lit("+")).otherwise(pl.lit("")), _percent(change))


@rule("capacity", frame="rooms")
def capacity(settings: Settings) -> Check:
    """A warehouse is nearly full (爆仓).

    When:    its capacity is known and above 0
    Figure:  what stands there / capacity, both counted in reorder.capacity_unit
    Value:   value of what stands there
    Example: 900 of 1,000 units -> figure 0.9
    """
    return Check(
        pl.col("capacity") > 0,
        ratio("used", "capacity"),
        pl.col("value"),
        {"share": _percent(ratio("used", "capacity")), "capacity": figure(pl.col("capacity"))},
    )


@rule("late_order", frame="late_orders", to="buyer")
def late_order(settings: Settings) -> Check:
    """An open order line is past its promised day.

    When:    something is open that was promised before as_of
    Figure:  days since the oldest such promise
    Value:   open quantity that is late x its cost
    """
    return Check(
        pl.col("overdue_days") > 0,
        pl.col("overdue_days"),
        pl.col("overdue_value"),
        {
            "qty": figure(pl.col("overdue_qty"), 2),
            "days": figure(pl.col("overdue_days")),
            "supplier": pl.col("supplier"),
        },
    )


@rule("supplier_late", frame="suppliers", to="buyer", below=True)
def supplier_late(settings: Settings) -> Check:
    """A supplier's order lines do not come in full and on time.

    When:    at least alerts.min_lines order lines could be judged
    Figure:  on_time_rate; less is worse
    Value:   lateness_value, what the spread of its lead time costs in safety stock
    """
    return Check(
        pl.col("judged_lines") >= settings.alerts.min_lines,
        pl.col("on_time_rate"),
        pl.col("lateness_value"),
        {"share": _percent(pl.col("on_time_rate")), "lines": figure(pl.col("judged_lines"))},
    )


@rule("price_jump", frame="prices", to="buyer")
def price_jump(settings: Settings) -> Check:
    """The latest purchase cost clearly more or less than those before it.

    When:    it is at most alerts.recent_days old and there were purchases in the alerts.price_days before it
    Figure:  |latest unit cost / mean unit cost before - 1|, weighted by quantity
    Value:   (latest - before) x quantity of the latest purchase, without sign
    Example: 11 after a mean of 10 -> figure 0.1
    """
    change = ratio("last_cost", "mean_cost") - 1
    return Check(
        change.is_not_null(),
        change.abs(),
        (pl.col("last_cost") - pl.col("mean_cost")).abs() * pl.col("last_qty"),
        {
            "cost": figure(pl.col("last_cost"), 4),
            "before": figure(pl.col("mean_cost"), 4),
            "change": _signed(change),
        },
    )


@rule("forecast_bias", frame="biases", to="buyer")
def forecast_bias(settings: Settings) -> Check:
    """Forecasts of an item miss to the same side again and again.

    When:    at least alerts.min_periods past forecasts were measured, and the item is still asked for
    Figure:  |sum (forecast - actual) / sum actual| of the backtest
    Value:   figure x demand of alerts.bias_days at unit_cost
    """
    days = settings.alerts.bias_days
    return Check(
        (pl.col("periods") >= settings.alerts.min_periods) & (pl.col("demand_per_day") > 0),
        pl.col("bias").abs(),
        pl.col("bias").abs() * pl.col("demand_value") * days,
        {"bias": _signed(pl.col("bias")), "periods": figure(pl.col("periods"))},
    )


@rule("turnover_below_target", frame="targets", below=True)
def turnover_below_target(settings: Settings) -> Check:
    """A category turns over more slowly than it should.

    When:    the category has a target
    Figure:  achievement, turnover / target; less is worse
    Value:   excess_capital
    """
    return Check(
        pl.col("target") > 0,
        pl.col("achievement"),
        pl.col("excess_capital"),
        {
            "turnover": figure(pl.col("turnover"), 2),
            "target": figure(pl.col("target"), 2),
            "share": _percent(pl.col("achievement")),
        },
    )


@rule("reconcile_difference", frame="differences")
def reconcile_difference(settings: Settings) -> Check:
    """A count and the book disagree (账实差异).

    When:    the latest difference of the cell is at most alerts.recent_days old
    Figure:  |count - book| / the larger of the two
    Value:   what the difference is worth, without sign
    Example: book 100, counted 90 -> figure 0.1
    """
    larger = pl.max_horizontal(pl.col("book_qty").abs(), pl.col("counted_qty").abs())
    return Check(
        pl.col("difference_qty") != 0,
        ratio(pl.col("difference_qty").abs(), larger),
        pl.col("difference_value").abs(),
        {
            "book": figure(pl.col("book_qty"), 2),
            "counted": figure(pl.col("counted_qty"), 2),
            "date": pl.col("counted_on").cast(pl.String),
        },
    )


@rule("data_quality", frame="files")
def data_quality(settings: Settings) -> Check:
    """A file could not be read, or rows of it were refused.

    When:    at least one row was refused, or no sheet of it was read
    Figure:  refused rows / rows read; 1 where nothing could be read
    """
    return Check(
        pl.col("unread") | (pl.col("refused") > 0),
        pl.when("unread").then(1.0).otherwise(ratio("refused", "rows_read")),
        pl.lit(None, pl.Float64),
        {"refused": figure(pl.col("refused")), "rows": figure(pl.col("rows_read"))},
    )
