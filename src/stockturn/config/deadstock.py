"""Dead stock: thresholds, age buckets, provisions, and what is proposed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from stockturn.config.base import Section


class Thresholds(Section):
    """Days (and cover) at which stock changes its status."""

    new_days: int = Field(30, ge=0, description="launched or first received less than so many days ago: new")
    dead_days: int = Field(180, gt=0, description="so many days without demand: dead")
    never_sold_days: int = Field(90, gt=0, description="never sold and so many days on hand: dead")
    stagnant_days: int = Field(90, gt=0, description="so many days without demand: stagnant")
    slow_days: int = Field(60, gt=0, description="so many days without demand: slow")
    slow_cover_days: int = Field(180, gt=0, description="more days of cover than this: slow")


class ClearingSettings(Section):
    """Section ``[deadstock.clearing]``: what is assumed when a way out is proposed."""

    keep_days: int = Field(
        90,
        ge=0,
        description="days of demand that stay; an action is proposed for what is on hand beyond them",
    )
    transfer_days: int = Field(
        90, gt=0, description="other warehouses take at most what they sell in so many days"
    )
    return_credit: float = Field(
        0.8, ge=0, le=1, description="share of the cost that a supplier who takes returns pays back"
    )
    return_weeks: int = Field(4, ge=0, description="weeks until a supplier's credit is there")
    discounts: tuple[float, ...] = Field(
        (0.1, 0.3, 0.5), min_length=1, description="price steps of a promotion, 0.3 = 30 % off"
    )
    uplifts: tuple[float, ...] = Field(
        (1.3, 2.0, 3.0),
        min_length=1,
        description="sales at each price step as a multiple of sales at the full price",
    )
    promote_rate_days: int = Field(
        365, gt=0, description="days of past demand from which sales during a promotion are judged"
    )
    promote_weeks: int = Field(26, gt=0, description="most weeks that a promotion or a bundle may run")
    bundle_discount: float = Field(
        0.5, ge=0, lt=1, description="price reduction of goods bundled with a fast mover"
    )
    bundle_share: float = Field(
        0.1, gt=0, le=1, description="share of the fast mover's sales that take the bundled goods along"
    )
    surer: float = Field(
        0.25,
        ge=0,
        description="how much more a less sure way (transfer, return, promote, bundle, dispose) must bring",
    )
    scrap_share: float = Field(0.05, ge=0, le=1, description="share of the cost that disposal brings in")
    due_days: int = Field(30, gt=0, description="days to carry an action out")
    dead_due_days: int = Field(14, gt=0, description="days to carry it out where the stock is dead")

    @model_validator(mode="after")
    def _ordered(self) -> ClearingSettings:
        if self.dead_due_days > self.due_days:
            raise ValueError("dead_due_days must not be more than due_days")
        if len(self.discounts) != len(self.uplifts):
            raise ValueError("discounts and uplifts belong together: one uplift per price step")
        if list(self.discounts) != sorted(set(self.discounts)) or not all(0 <= d < 1 for d in self.discounts):
            raise ValueError("discounts must rise, from 0 to below 1")
        if list(self.uplifts) != sorted(self.uplifts) or self.uplifts[0] <= 0:
            raise ValueError("uplifts must be above 0 and not fall: a lower price sells no less")
        return self


class DeadStockSettings(Thresholds):
    """Section ``[deadstock]``."""

    age_layers: Literal["inflows", "receipts"] = Field(
        "inflows", description="which inflows make a layer of age"
    )
    age_buckets: tuple[int, ...] = Field(
        (30, 60, 90, 180, 365), min_length=1, description="upper ends of the age buckets, in days"
    )
    categories: dict[str, Thresholds] = Field(
        default_factory=dict,
        description="category = its own thresholds; what is left out there is as for all goods",
    )
    provision: tuple[float, ...] = Field(
        (0.0, 0.0, 0.0, 0.25, 0.5, 1.0),
        description="share written off by age bucket; the last is for older than the last bucket",
    )
    selling_cost: float = Field(
        0.1, ge=0, lt=1, description="cost of selling as a share of the price, for net realisable value"
    )
    rate_days: int = Field(
        90, gt=0, description="days of demand behind a daily rate, until a forecast is there"
    )
    clearing: ClearingSettings = Field(
        default_factory=ClearingSettings, description="what is assumed when a way out is proposed"
    )

    @model_validator(mode="after")
    def _consistent(self) -> DeadStockSettings:
        if list(self.age_buckets) != sorted(set(self.age_buckets)) or self.age_buckets[0] <= 0:
            raise ValueError("age_buckets must rise from above 0")
        if len(self.provision) != len(self.age_buckets) + 1:
            raise ValueError("provision needs one share per age bucket and one for what is older")
        if not all(0 <= share <= 1 for share in self.provision):
            raise ValueError("provision shares lie between 0 and 1")
        return self
