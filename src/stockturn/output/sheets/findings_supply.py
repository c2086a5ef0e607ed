"""What the outlook says: what to order, what runs out first, which orders and suppliers are late, where forecasts lean."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from stockturn.model import Finding
from stockturn.output.sheets.context import NAMED, Context, sorted_by, total_of
from stockturn.schema import Unit

_OUT = ("stockout", "projected_stockout")
_SINGLE = ("expiring", "price_jump", "capacity", "negative_stock", "phantom_stock")
"""Rules that no other finding tells about; the one with most money behind it is told."""


def _orders_due(context: Context) -> Finding | None:
    """What should be ordered today, supplier by supplier."""
    supply = context.analysis.supply
    if supply is None or supply.supplier_orders.height == 0:
        return None
    due = supply.supplier_orders.filter("now")
    money = total_of(due, "order_value")
    if due.height == 0 or not money:
        return None
    by_value = sorted_by(due.group_by("supplier").agg(pl.col("order_value", "lines").sum()), "order_value")
    first = [
        context.say("supplier_worth", supplier=_supplier_name(context, str(name)), money=context.money(value))
        for name, value in by_value.select("supplier", "order_value").head(NAMED).rows()
    ]
    sentence = context.say(
        "find_orders_due",
        lines=_lines(context, int(due["lines"].sum())),
        money=context.money(money),
        suppliers=context.listed(first),
    )
    todo = context.say("todo_orders_due", suppliers=context.listed(first))
    return Finding(sentence, money, "due_now", "warning", todo)


def _supplier_name(context: Context, name: str) -> str:
    """A supplier inside a sentence, also one that the data do not name."""
    return context.say("no_supplier") if name == context.say.word("none") else context.quoted(name)


def _running_out(context: Context) -> Finding | None:
    """What is gone, or will be before an order placed today arrives; money is the demand missed until then."""
    out = sorted_by(_alerts(context, *_OUT), "value")
    if out.height == 0:
        return None
    gone = out.filter(pl.col("rule") == "stockout")
    sentence = context.say(
        "find_running_out" if gone.height else "find_will_run_out",
        skus=context.skus(out),
        gone=context.figure(gone["sku"].n_unique(), Unit.COUNT),
        money=context.money(total_of(out, "value")),
        items=context.items(out),
    )
    todo = context.say("todo_running_out", items=context.items(out))
    return Finding(sentence, total_of(out, "value"), "alerts", "critical", todo)


def _late_orders(context: Context) -> Finding | None:
    """Open lines past their date."""
    changes = _changes(context)
    late = changes.filter((pl.col("overdue_days") > 0) & (pl.col("action") == "expedite"))
    money = total_of(late, "value")
    if late.height == 0 or not money:
        return None
    worst = (
        late.group_by("supplier")
        .agg(pl.col("value").sum())
        .sort("value", "supplier", descending=[True, False])
    )
    supplier = context.quoted(str(worst["supplier"][0]))
    sentence = context.say(
        "find_late_orders",
        lines=_lines(context, late.height),
        money=context.money(money),
        days=context.figure(int(late.select(pl.col("overdue_days").max()).item()), Unit.COUNT),
        supplier=supplier,
        items=context.items(sorted_by(late, "value")),
    )
    todo = context.say("todo_late_orders", supplier=supplier, items=context.items(sorted_by(late, "value")))
    return Finding(sentence, money, "order_changes", "critical", todo)


def _not_needed(context: Context) -> Finding | None:
    """Open orders that can be cancelled or put off."""
    changes = _changes(context)
    idle = sorted_by(changes.filter(pl.col("action").is_in(["cancel", "defer"])), "value")
    money = total_of(idle, "value")
    if not money:
        return None
    cancel = idle.filter(pl.col("action") == "cancel").height
    sentence = context.say(
        "find_not_needed" if cancel else "find_too_early",
        lines=_lines(context, idle.height),
        money=context.money(money),
        cancel=context.figure(cancel, Unit.COUNT),
        items=context.items(idle),
    )
    todo = context.say("todo_not_needed", items=context.items(idle))
    return Finding(sentence, money, "order_changes", "warning", todo)


def _supplier(context: Context) -> Finding | None:
    """The supplier whose lateness costs most; money is the safety stock held against it."""
    supply = context.analysis.supply
    wanted = {"supplier", "on_time_rate", "lateness_value"}
    if supply is None or not wanted <= set(supply.suppliers.columns):
        return None
    unreliable = supply.suppliers.filter((pl.col("on_time_rate") < 1) & (pl.col("lateness_value") > 0))
    worst = sorted_by(unreliable, "lateness_value").head(1)
    if worst.height == 0:
        return None
    row, name = worst.row(0, named=True), context.quoted(str(worst["supplier"][0]))
    sentence = context.say(
        "find_supplier",
        supplier=name,
        share=context.figure(row["on_time_rate"], Unit.SHARE),
        money=context.money(row["lateness_value"]),
    )
    todo = context.say("todo_supplier", supplier=name)
    return Finding(sentence, row["lateness_value"], "score_suppliers", "warning", todo)


def _leaning(context: Context) -> Finding | None:
    """Forecasts that miss to one side again and again."""
    leaning = sorted_by(_alerts(context, "forecast_bias"), "value")
    money = total_of(leaning, "value") if leaning.height else None
    if not money:
        return None
    sentence = context.say(
        "find_leaning",
        skus=context.skus(leaning),
        money=context.money(money),
        items=context.items(leaning),
    )
    todo = context.say("todo_leaning", items=context.items(leaning))
    return Finding(sentence, money, "forecast_items", "warning", todo)


def _single(context: Context) -> Finding | None:
    """The costliest of the rules that have no sentence of their own, told by its worst alert."""
    alerts = _alerts(context, *_SINGLE)
    if alerts.height == 0:
        return None
    rules = (
        alerts.group_by("rule")
        .agg(pl.len(), pl.col("value").sum())
        .sort("value", "rule", descending=[True, False])
    )
    rule, count, money = rules.row(0)
    worst = sorted_by(alerts.filter(pl.col("rule") == rule), "value").row(0, named=True)
    of = (
        context.item(worst["sku"], worst["name"]) if worst["sku"] else context.quoted(str(worst["warehouse"]))
    )
    words = context.say.code("rule", rule)
    sentence = context.say(
        "find_alert",
        rule=words[:1].upper() + words[1:],
        n=context.figure(count, Unit.COUNT),
        money=context.money(money),
        of=of,
        message=worst["message"],
    )
    return Finding(sentence, money, "alerts", "warning", context.say("todo_alert", rule=words))


def _alerts(context: Context, *rules: str) -> pl.DataFrame:
    alerts = context.analysis.alerts
    return alerts.filter(pl.col("rule").is_in(rules)) if alerts.height else alerts


def _changes(context: Context) -> pl.DataFrame:
    """Open orders that should change, or no rows at all."""
    supply = context.analysis.supply
    empty = {"action": pl.String, "overdue_days": pl.Float64, "value": pl.Float64, "supplier": pl.String}
    return (
        supply.order_changes
        if supply is not None and supply.order_changes.height
        else pl.DataFrame(schema=empty)
    )


def _lines(context: Context, count: int) -> str:
    return (
        context.say("lines_one")
        if count == 1
        else context.say("lines_many", n=context.figure(count, Unit.COUNT))
    )


SUPPLY: tuple[tuple[str, Callable[[Context], Finding | None]], ...] = (
    ("supply", _orders_due),
    ("supply", _running_out),
    ("suppliers", _late_orders),
    ("on_order", _not_needed),
    ("suppliers", _supplier),
    ("forecast", _leaning),
    ("other", _single),
)
"""Adding a finding is a function and its line here, with its subject."""
