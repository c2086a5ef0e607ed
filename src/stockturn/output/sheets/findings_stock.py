"""What the stock says: what lies dead, what is too much, what ran out, what changed, what does not agree."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from stockturn.model import Finding
from stockturn.output.sheets.context import NAMED, Context, sorted_by, total_of, value_of
from stockturn.schema import Unit


def _places(context: Context, count: int) -> str:
    return (
        context.say("places_one")
        if count == 1
        else context.say("places_many", n=context.figure(count, Unit.COUNT))
    )


def _with_status(context: Context, status: str) -> pl.DataFrame:
    stock = context.analysis.deadstock
    if stock.height == 0 or "value" not in stock.columns:
        return stock.clear()
    return sorted_by(stock.filter(pl.col("status") == status), "value")


def _dead(context: Context) -> Finding | None:
    dead = _with_status(context, "dead")
    value, held = total_of(dead, "value"), total_of(context.analysis.deadstock, "value")
    if dead.height == 0 or not value or not held:
        return None
    say = context.say
    sentence = say(
        "find_dead",
        skus=context.skus(dead),
        share=f"{value / held:.1%}",
        days=context.settings.deadstock.dead_days,
        money=context.money(value),
        items=context.items(dead),
    )
    cash = total_of(dead, "cash_back")
    if cash:
        sentence = say("sentence_join").join((sentence, say("find_cash", money=context.money(cash))))
    skus = dead.unique("sku", keep="first", maintain_order=True)["sku"].head(NAMED)
    first = context.money(total_of(dead.filter(pl.col("sku").is_in(skus.implode())), "value"))
    todo = say("todo_dead", items=context.items(dead), money=first)
    return Finding(sentence, value, "dead_items", "critical", todo)


def _misplaced(context: Context) -> Finding | None:
    """Goods that nobody asks for where they are, and that sell in another warehouse."""
    there = _with_status(context, "misplaced")
    value = total_of(there, "value")
    if not value:
        return None
    sentence = context.say(
        "find_misplaced",
        skus=context.skus(there),
        money=context.money(value),
        items=context.items(there),
    )
    todo = context.say("todo_misplaced", items=context.items(there))
    return Finding(sentence, value, "dead_items", "warning", todo)


def _stagnant(context: Context) -> Finding | None:
    stagnant = _with_status(context, "stagnant")
    value = total_of(stagnant, "value")
    if stagnant.height == 0 or not value:
        return None
    sentence = context.say(
        "find_stagnant",
        skus=context.skus(stagnant),
        days=context.settings.deadstock.stagnant_days,
        money=context.money(value),
        items=context.items(stagnant),
    )
    return Finding(
        sentence,
        value,
        "dead_items",
        "warning",
        context.say("todo_stagnant", items=context.items(stagnant)),
    )


def _category(context: Context) -> Finding | None:
    """The category with most capital above its target; without targets, above the pace of the whole scope."""
    by = context.analysis.by.get("category")
    if by is None or by.height < 2 or "category" not in by.columns:
        return None
    if "excess_capital" in by.columns and total_of(by, "excess_capital"):
        worst = sorted_by(by.filter(pl.col("turnover").is_not_null()), "excess_capital").head(1)
        key = "find_target"
    else:
        worst, key = _slowest(context, by), "find_slowest"
    money = value_of(worst, "excess_capital")
    if not money or money <= 0:
        return None
    name = context.quoted(str(worst["category"][0]))
    sentence = context.say(
        key,
        category=name,
        turnover=context.figure(value_of(worst, "turnover"), Unit.TIMES),
        target=context.figure(value_of(worst, "target"), Unit.TIMES),
        total=context.figure(value_of(context.analysis.total, "turnover"), Unit.TIMES),
        money=context.money(money),
    )
    return Finding(sentence, money, "by_category", "warning", context.say("todo_category", category=name))


def _slowest(context: Context, by: pl.DataFrame) -> pl.DataFrame:
    """Average stock beyond what the category would need at the turnover of the whole."""
    total = value_of(context.analysis.total, "turnover")
    if not total or not {"turnover", "avg_inventory"} <= set(by.columns):
        return by.clear()
    beyond = pl.col("avg_inventory") * (1 - pl.col("turnover") / total)
    slower = by.filter(pl.col("turnover").is_not_null() & (pl.col("turnover") < total))
    return sorted_by(slower.with_columns(beyond.alias("excess_capital")), "excess_capital").head(1)


def _overstock(context: Context) -> Finding | None:
    """Excess of the plan where it is known; until then what lies beyond the cover that counts as slow."""
    stock = context.analysis.deadstock
    if stock.height == 0 or "value" not in stock.columns:
        return None
    if total_of(stock, "excess_value"):
        over, key, link = stock.filter(pl.col("excess_value") > 0), "find_excess", "overstock"
    else:
        limit = context.settings.deadstock.slow_cover_days
        beyond = pl.col("value") * (1 - limit / pl.col("cover_days"))
        over = stock.filter((pl.col("cover_days") > limit) & (pl.col("value") > 0))
        over, key, link = over.with_columns(beyond.alias("excess_value")), "find_cover", "dead_items"
    over = sorted_by(over, "excess_value")
    money = total_of(over, "excess_value")
    if over.height == 0 or not money:
        return None
    sentence = context.say(
        key,
        skus=context.skus(over),
        days=context.settings.deadstock.slow_cover_days,
        money=context.money(money),
        items=context.items(over),
    )
    return Finding(sentence, money, link, "warning", context.say("todo_overstock", items=context.items(over)))


def _stockouts(context: Context) -> Finding | None:
    total = context.analysis.total
    rate = value_of(total, "stockout_rate")
    out = _out_now(context)
    if not rate and out.height == 0:
        return None
    say, lost = context.say, value_of(total, "lost_sales_value")
    parts = []
    if rate:
        limit = context.settings.report.stockout_limit
        parts.append(say("find_stockout", rate=f"{rate:.1%}", limit=f"{limit:.1%}"))
    if lost:
        parts.append(say("find_lost", money=context.money(lost)))
    if out.height:
        parts.append(
            say(
                "find_out_now",
                n=context.figure(out["sku"].n_unique(), Unit.COUNT),
                items=context.items(out),
            )
        )
    over = rate is not None and rate > context.settings.report.stockout_limit
    level = "critical" if over or out.height else "info"
    todo = say("todo_stockout", items=context.items(out)) if out.height else None
    return Finding(say("sentence_join").join(parts), lost, "turnover", level, todo)


def _out_now(context: Context) -> pl.DataFrame:
    """A items that were sold in the period and have nothing left at its end, the largest first."""
    abc, sold = context.analysis.abc, context.analysis.by.get("sku")
    if abc.height == 0 or sold is None or not {"closing_qty", "sold_qty"} <= set(sold.columns):
        return pl.DataFrame(schema={"sku": pl.String})
    held = sold.group_by("sku", maintain_order=True).agg(pl.col("closing_qty", "sold_qty").sum())
    ranked = abc.filter(pl.col("abc") == "A").group_by("sku").agg(pl.col("value").sum())
    out = ranked.join(held, on="sku").filter((pl.col("closing_qty") <= 0) & (pl.col("sold_qty") > 0))
    return out.sort("value", "sku", descending=[True, False])


def bridge(context: Context) -> Finding | None:
    """Why stock lasts longer or shorter than in the period before; its money is those days of cost of sales."""
    analysis, say = context.analysis, context.say
    before, after = value_of(analysis.previous, "dio_days"), value_of(analysis.total, "dio_days")
    cogs = value_of(analysis.total, "cogs")
    moved = analysis.bridge
    if before is None or after is None or cogs is None or total_of(moved, "change") is None:
        return None
    change = after - before
    parts = [(name, total_of(moved, name) or 0.0) for name in ("mix", "rate", "idle")]
    said = [_part(context, name, days) for name, days in parts if abs(days) >= _SMALLEST_DAYS]
    if abs(change) < _SMALLEST_DAYS and not said:
        return None
    sentence = say(
        "find_bridge_longer" if change >= 0 else "find_bridge_shorter",
        days=context.figure(abs(change), Unit.DAYS),
        before=context.figure(before, Unit.DAYS),
        after=context.figure(after, Unit.DAYS),
        parts=say("list_semicolon").join(said),
    )
    money = abs(change) * cogs / analysis.period.days
    todo = say("todo_bridge", category=context.quoted(_driver(moved, "change"))) if change > 0 else None
    return Finding(sentence, money, "bridge", "warning" if change > 0 else "good", todo)


_SMALLEST_DAYS = 0.05
"""A part that rounds to 0.0 days is not worth a clause."""

_PARTS = {"mix": "bridge_mix", "rate": "bridge_rate", "idle": "bridge_idle"}


def _part(context: Context, name: str, days: float) -> str:
    bridge = context.analysis.bridge
    return context.say(
        _PARTS[name],
        days=f"{days:+,.1f}",
        category=context.quoted(_driver(bridge.with_columns(pl.col(name) * (1 if days > 0 else -1)), name)),
    )


def _driver(bridge: pl.DataFrame, name: str) -> str:
    """The category that adds most."""
    return str(sorted_by(bridge, name)["category"][0])


def _differences(context: Context) -> Finding | None:
    differences = context.analysis.differences
    if differences.height == 0:
        return None
    say = context.say
    by_value = total_of(differences, "difference_value") is not None
    money = float(differences["difference_value"].abs().sum()) if by_value else None
    largest = differences.sort(
        pl.col("difference_value" if by_value else "difference_qty").abs(), descending=True, nulls_last=True
    )
    sentence = say(
        "find_differences" if by_value else "find_differences_units",
        places=_places(context, differences.height),
        money=context.money(money),
        net=context.money(total_of(differences, "difference_value")),
        items=context.items(largest),
    )
    return Finding(
        sentence, money, "differences", "warning", say("todo_differences", items=context.items(largest))
    )


def _refused(context: Context) -> Finding | None:
    refused = total_of(context.analysis.sheets, "refused") if context.analysis.sheets.height else None
    if not refused:
        return None
    read = total_of(context.analysis.sheets, "rows_read") or refused
    sentence = context.say(
        "find_refused",
        n=context.figure(int(refused), Unit.COUNT),
        read=context.figure(int(read), Unit.COUNT),
    )
    return Finding(sentence, None, "refused_rows", "warning", context.say("todo_refused"))


STOCK: tuple[tuple[str, Callable[[Context], Finding | None]], ...] = (
    ("dead", _dead),
    ("idle", _misplaced),
    ("idle", _stagnant),
    ("turnover", _category),
    ("excess", _overstock),
    ("supply", _stockouts),
    ("turnover", bridge),
    ("books", _differences),
    ("books", _refused),
)
"""Adding a finding is a function and its line here, with its subject."""
