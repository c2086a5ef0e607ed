"""What each way out for idle stock takes, brings and costs in time: the figures that a proposal is chosen by."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from stockturn.config import Settings
from stockturn.engine.expr import NONE, ratio, tidy

CELL = ["sku", "warehouse"]
ACTIONS = ("transfer", "return", "promote", "bundle", "dispose")
"""The ways out, the surest first."""

DAYS_PER_WEEK = 7
WEEKS_PER_YEAR = 52


@dataclass(frozen=True)
class Way:
    """One way out as expressions over a cell: whether it is ``open``, the units it takes, the cash each brings, the
    weeks until they are gone; and the price step of a promotion."""

    open: pl.Expr
    qty: pl.Expr
    each: pl.Expr
    weeks: pl.Expr
    discount: float | None = None
    uplift: float | None = None

    def valued(self, action: str, settings: Settings) -> pl.Expr:
        """The way as a struct: action, qty, weeks, cash, net, discount, uplift; net is null where it is not open.

        net = cash + scrap value of the units left - cost of the money that stays bound until they are gone (half of
        it on average while they sell) or, for what is left, as long as a promotion may run. Costs that are not
        known count as 0 here, so that they close no way.
        """
        chosen = settings.deadstock.clearing
        cost = pl.col("unit_cost").fill_null(0.0)
        left = pl.col("units") - self.qty
        bound = self.qty * self.weeks / 2 + left * chosen.promote_weeks
        net = (
            (self.each * self.qty).fill_null(0.0)
            + left * cost * chosen.scrap_share
            - bound * cost * settings.turnover.capital_rate / WEEKS_PER_YEAR
        )
        possible = (self.open & (self.qty > 0)).fill_null(False)
        return pl.struct(
            action=pl.lit(action),
            qty=self.qty,
            weeks=self.weeks,
            cash=self.each * self.qty,
            net=pl.when(possible).then(net),
            discount=pl.lit(self.discount, pl.Float64),
            uplift=pl.lit(self.uplift, pl.Float64),
        )


def ways_out(settings: Settings) -> dict[str, list[Way]]:
    """Every way by its action, a promotion with one per price step.

    Needs units, whole, unit_cost, unit_price, yearly_per_day, takes_returns and the columns of :func:`with_buyers`.
    """
    chosen = settings.deadstock.clearing
    units = pl.col("units")
    price = pl.col("unit_price") * (1 - settings.deadstock.selling_cost)
    yearly = pl.col("yearly_per_day").fill_null(0.0) * DAYS_PER_WEEK
    carried = pl.col("partner_per_day") * chosen.bundle_share * DAYS_PER_WEEK
    moved = pl.min_horizontal(units, pl.col("elsewhere_takes"))
    steps = [
        Way(
            price.is_not_null() & (yearly > 0),
            _within(yearly * uplift, chosen.promote_weeks),
            price * (1 - discount),
            ratio(_within(yearly * uplift, chosen.promote_weeks), yearly * uplift),
            discount,
            uplift,
        )
        for discount, uplift in zip(chosen.discounts, chosen.uplifts, strict=True)
    ]
    return {
        "transfer": [
            Way(
                pl.col("target").is_not_null(),
                moved,
                pl.coalesce(price, "unit_cost"),
                ratio(moved, pl.col("elsewhere_per_day") * DAYS_PER_WEEK),
            )
        ],
        "return": [
            Way(
                pl.col("takes_returns").fill_null(False),
                units,
                pl.col("unit_cost") * chosen.return_credit,
                pl.lit(float(chosen.return_weeks)),
            )
        ],
        "promote": steps,
        "bundle": [
            Way(
                price.is_not_null() & pl.col("partner").is_not_null(),
                _within(carried, chosen.promote_weeks),
                price * (1 - chosen.bundle_discount),
                ratio(_within(carried, chosen.promote_weeks), carried),
            )
        ],
        "dispose": [Way(pl.lit(True), units, pl.col("unit_cost") * chosen.scrap_share, pl.lit(0.0))],
    }


def _within(per_week: pl.Expr, weeks: int) -> pl.Expr:
    """Units that go in so many weeks, whole where the stock is."""
    reach = per_week * weeks
    return pl.min_horizontal("units", pl.when("whole").then(reach.floor()).otherwise(reach))


def with_buyers(cells: pl.LazyFrame, sellers: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """Adds who else could take the units of a cell.

    target (the other warehouse that needs the sku most), places (how many others sell it), elsewhere_per_day (what
    they sell a day), elsewhere_takes (units they take: what they lack for transfer_days of their demand; all of that
    demand where goods are misplaced and nobody lacks any; shared among the cells of the sku by their units), partner
    and partner_per_day (the active item of the same category and warehouse that sells most, of those that cost no
    less than the reduced price: nobody buys a kettle for the tent that comes along).
    """
    return (
        cells.join(_others(cells, sellers, settings), on=CELL, how="left")
        .with_columns(_sharing=ratio("units", pl.col("units").sum().over("sku")))
        .with_columns(elsewhere_takes=tidy(pl.col("elsewhere_takes") * pl.col("_sharing")).ceil())
        .drop("_sharing")
        .join(_partners(cells, settings), on=CELL, how="left")
    )


def _others(cells: pl.LazyFrame, sellers: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    days = settings.deadstock.clearing.transfer_days
    need = (pl.col("demand_per_day") * days - pl.col("on_hand")).clip(lower_bound=0.0)
    buyers = sellers.select("sku", target="warehouse", per_day="demand_per_day", need=need)
    lacking, sold = pl.col("need").sum(), pl.col("per_day").sum() * days
    return (
        cells.filter(pl.col("units") > 0)
        .select(*CELL, "status")
        .join(buyers, on="sku")
        .filter(pl.col("target") != pl.col("warehouse"))
        .sort("need", "per_day", "target", descending=[True, True, False])
        .group_by(CELL, maintain_order=True)
        .agg(
            pl.col("target").first(),
            places=pl.len(),
            elsewhere_per_day=pl.col("per_day").sum(),
            elsewhere_takes=pl.when((lacking <= 0) & (pl.col("status").first() == "misplaced"))
            .then(sold)
            .otherwise(lacking),
        )
    )


def _partners(cells: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """Per cell with units in question: partner, partner_per_day."""
    group = ["warehouse", "category"]
    rate = pl.col("demand_per_day")
    movers = (
        cells.filter(
            (pl.col("status") == "active")
            & (rate > 0)
            & (pl.col("category") != NONE)
            & pl.col("unit_price").is_not_null()
        )
        .sort("unit_price", "demand_per_day", "sku", descending=[True, True, False])
        .with_columns(partner_per_day=rate.cum_max().over(group))
        .with_columns(
            partner=pl.when(rate >= pl.col("partner_per_day")).then("sku").forward_fill().over(group)
        )
        .select(*group, "partner", "partner_per_day", asked=pl.col("unit_price"))
        .sort("asked", maintain_order=True)
    )
    reduced = pl.col("unit_price") * (1 - settings.deadstock.clearing.bundle_discount)
    wanted = (
        cells.filter((pl.col("units") > 0) & pl.col("unit_price").is_not_null())
        .select(*CELL, "category", reduced=reduced)
        .sort("reduced")
    )
    found = wanted.join_asof(
        movers, left_on="reduced", right_on="asked", by=group, strategy="forward", check_sortedness=False
    )
    # An item is no partner of itself: what sells well has no units in question, but for those about to expire.
    return found.filter(pl.col("partner") != pl.col("sku")).select(*CELL, "partner", "partner_per_day")
