"""The figures of turnover, each as one expression over the sums of a scope and a period.

The sums they start from (made in ``turnover.py``): days, year_days, opening_value, closing_value, opening_qty,
received_qty, avg_inventory, avg_qty, cogs, usage, flow, revenue, sold_qty, scrap_value, count_loss_value,
out_days, sale_days, target. A ratio is made after summing, never before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from stockturn.engine.expr import ratio
from stockturn.schema import Unit


@dataclass(frozen=True)
class Metric:
    """A figure: its column name, its unit, and the function that gives its expression."""

    name: str
    unit: Unit
    expression: Callable[[], pl.Expr]

    @property
    def definition(self) -> str:
        """Formula, null cases, source and example, as the docstring says them."""
        return self.expression.__doc__ or ""

    @property
    def formula(self) -> str:
        """The arithmetic alone: column names, signs and numbers, as :mod:`stockturn.engine.explain.terms` fills them in.

        >>> METRICS["turnover"].formula
        'turnover_period x year_days / days'
        """
        line = self.definition.partition("Formula:")[2].splitlines()[0]
        return line.partition(";")[0].strip()


METRICS: dict[str, Metric] = {}
"""Every metric by name, in the order in which they are computed. Filled while this module is imported."""


def metric(unit: Unit) -> Callable[[Callable[[], pl.Expr]], Callable[[], pl.Expr]]:
    """Register a metric under the name of its function."""

    def register(function: Callable[[], pl.Expr]) -> Callable[[], pl.Expr]:
        METRICS[function.__name__] = Metric(function.__name__, unit, function)
        return function

    return register


def with_metrics(sums: pl.DataFrame) -> pl.DataFrame:
    """The sums with every metric as a further column."""
    for one in METRICS.values():
        sums = sums.with_columns(one.expression().alias(one.name))
    return sums


def issue_cost() -> pl.Expr:
    """The cost that turns the stock over: usage for scopes that only feed production, else cogs."""
    return pl.when(pl.col("flow") == "usage").then("usage").otherwise("cogs")


@metric(Unit.TIMES)
def turnover_period() -> pl.Expr:
    """How many times the average stock was sold within the period, both at cost.

    Formula:   cogs / avg_inventory; usage / avg_inventory where flow is usage
    Null when: avg_inventory <= 0, or cogs unknown; 0 when nothing was sold.
    Source:    Horngren, Datar, Rajan: Cost Accounting, inventory turnover ratio
    Example:   cogs 600,000 and avg_inventory 120,000 -> 5.0

    >>> pl.DataFrame({"cogs": [600e3], "usage": [0.0], "flow": ["cogs"], "avg_inventory": [120e3]}).select(
    ...     turnover_period()).item()
    5.0
    """
    return ratio(issue_cost(), "avg_inventory")


@metric(Unit.TIMES)
def turnover() -> pl.Expr:
    """How many times a year the average stock is sold, both at cost.

    Formula:   turnover_period x year_days / days; a whole year is never rescaled
    Null when: turnover_period is null.
    Source:    the same ratio at an annual rate
    Example:   turnover_period 1.25 in 91 of 365 days -> 5.0137
    """
    return pl.col("turnover_period") * (pl.col("year_days") / pl.col("days"))


@metric(Unit.DAYS)
def dio_days() -> pl.Expr:
    """Days of inventory outstanding: how many days the average stock lasts at the period's rate of sale.

    Formula:   days / turnover_period
    Null when: turnover_period is null, or nothing was sold (stock that does not move lasts for ever, not 0 days).
    Source:    DIO = 365 / turnover
    Example:   turnover 4.32, 365 days -> 84.49

    >>> pl.DataFrame({"days": [365], "turnover_period": [4.32]}).select(dio_days().round(2)).item()
    84.49
    """
    return ratio("days", "turnover_period")


@metric(Unit.TIMES)
def turnover_units() -> pl.Expr:
    """Turnover counted in units, a year; the only one where the ledger knows no cost.

    Formula:   sold_qty / avg_qty x year_days / days
    Null when: avg_qty <= 0. Meaningful within one unit of measure only.
    Source:    unit turn, "Inventory turnover: retail, cost or unit"
    Example:   180,000 units sold, 30,000 on average -> 6.0
    """
    return ratio("sold_qty", "avg_qty") * (pl.col("year_days") / pl.col("days"))


@metric(Unit.MONEY)
def gross_margin() -> pl.Expr:
    """Revenue without tax less cost of goods sold.

    Formula:   revenue - cogs
    Null when: revenue or cogs unknown.
    Source:    income statement
    Example:   revenue 150, cogs 100 -> 50
    """
    return pl.col("revenue") - pl.col("cogs")


@metric(Unit.TIMES)
def gmroi() -> pl.Expr:
    """Gross margin return on inventory: margin earned in a year per unit of money in stock at cost.

    Formula:   gross_margin x year_days / days / avg_inventory
    Null when: avg_inventory <= 0, or the margin is unknown.
    Source:    retail mathematics
    Example:   margin 50,000 in a year, avg_inventory 25,000 -> 2.0

    >>> pl.DataFrame({"gross_margin": [50e3], "year_days": [365], "days": [365], "avg_inventory": [25e3]}).select(
    ...     gmroi()).item()
    2.0
    """
    return ratio(pl.col("gross_margin") * (pl.col("year_days") / pl.col("days")), "avg_inventory")


@metric(Unit.SHARE)
def sell_through() -> pl.Expr:
    """Share of what could have been sold that was sold, in units.

    Formula:   sold_qty / (opening_qty + received_qty); received is net of returns to suppliers and of transfers
    Null when: nothing was there to sell.
    Source:    retail mathematics
    Example:   opening 20, received 80, sold net 60 -> 60 %
    """
    return ratio("sold_qty", pl.col("opening_qty") + pl.col("received_qty"))


@metric(Unit.TIMES)
def stock_to_sales() -> pl.Expr:
    """Months of cost of sales that stand in stock.

    Formula:   avg_inventory / (cogs / days x year_days / 12)
    Null when: nothing was sold.
    Source:    stock-to-sales ratio at cost
    Example:   avg_inventory 200, cogs 1,200 in a year -> 2.0
    """
    monthly = issue_cost() / pl.col("days") * (pl.col("year_days") / 12)
    return pl.when(pl.col("avg_inventory").is_not_null()).then(ratio("avg_inventory", monthly))


@metric(Unit.DAYS)
def cover_days() -> pl.Expr:
    """How many days the closing stock lasts at the period's rate of sale.

    Formula:   closing_value / (cogs / days)
    Null when: nothing was sold: dead stock has no cover in days, and never 0.
    Source:    weeks of supply
    Example:   closing stock 8,000, cost of sales 12,000 in 42 days -> 28 days

    >>> pl.DataFrame({"closing_value": [8e3], "cogs": [12e3], "usage": [0.0], "flow": ["cogs"], "days": [42]}).select(
    ...     cover_days()).item()
    28.0
    """
    return ratio(pl.col("closing_value") * pl.col("days"), issue_cost())


@metric(Unit.SHARE)
def stockout_rate() -> pl.Expr:
    """Share of the days on sale that ended without stock.

    Formula:   out_days / sale_days; both counted over cells
    Null when: no cell was on sale, or the opening stock or the receipts are not known.
    Source:    1 - in-stock rate
    Example:   3 of 300 cell-days -> 1 %
    """
    return ratio("out_days", "sale_days")


@metric(Unit.SHARE)
def in_stock_rate() -> pl.Expr:
    """Share of the days on sale that ended with stock.

    Formula:   1 - stockout_rate
    Null when: the stockout rate is null.
    Source:    in-stock rate (on-shelf availability) of retail
    Example:   stockout_rate 1 % -> 99 %
    """
    return 1 - pl.col("stockout_rate")


@metric(Unit.SHARE)
def loss_rate() -> pl.Expr:
    """Scrap and stock-take losses against the average stock.

    Formula:   (scrap_value + count_loss_value) / avg_inventory
    Null when: avg_inventory <= 0.
    Source:    shrinkage rate at cost
    Example:   scrap 30, losses 20, avg_inventory 1,000 -> 5 %
    """
    return ratio(pl.col("scrap_value") + pl.col("count_loss_value"), "avg_inventory")


@metric(Unit.SHARE)
def achievement() -> pl.Expr:
    """Turnover against its target.

    Formula:   turnover / target
    Null when: no target, or turnover is null.
    Source:    target of the settings or of the targets sheet
    Example:   turnover 4.5, target 6 -> 75 %
    """
    return ratio("turnover", "target")


@metric(Unit.MONEY)
def excess_capital() -> pl.Expr:
    """Average stock beyond what the target allows: what reaching the target would free.

    Formula:   max(0, avg_inventory - cogs x year_days / days / target); not additive over scopes
    Null when: no target, or avg_inventory unknown.
    Source:    capital = annual cogs / turns
    Example:   avg_inventory 300, cogs 1,200 a year, target 6 -> 100
    """
    allowed = ratio(issue_cost() * (pl.col("year_days") / pl.col("days")), "target")
    return pl.max_horizontal(pl.col("avg_inventory") - allowed, 0.0) * pl.when(
        allowed.is_not_null() & pl.col("avg_inventory").is_not_null()
    ).then(1.0)


@metric(Unit.MONEY)
def carrying_cost() -> pl.Expr:
    """Cost of the money that stood in stock over the period.

    Formula:   avg_inventory x capital_rate x days / year_days
    Null when: avg_inventory unknown.
    Source:    cost of capital
    Example:   avg_inventory 100,000, 8 % a year, half a year -> 4,000
    """
    return pl.col("avg_inventory") * pl.col("capital_rate") * (pl.col("days") / pl.col("year_days"))
