"""Dead stock: thresholds, age buckets, provisions."""

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


class DeadStockSettings(Thresholds):
    """Section ``[deadstock]``."""

    age_layers: Literal["inflows", "receipts"] = Field(
        "inflows", description="which inflows make a layer of age"
    )
    age_buckets: tuple[int, ...] = Field(
        (30, 60, 90, 180, 365), description="upper ends of the age buckets, in days"
    )
    categories: dict[str, Thresholds] = Field(
        default_factory=dict, description="category = its own thresholds"
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

    @model_validator(mode="after")
    def _consistent(self) -> DeadStockSettings:
        if list(self.age_buckets) != sorted(set(self.age_buckets)):
            raise ValueError("age_buckets must rise")
        if len(self.provision) != len(self.age_buckets) + 1:
            raise ValueError("provision needs one share per age bucket and one for what is older")
        return self
