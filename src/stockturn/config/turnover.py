"""Turnover: how cost and average stock are taken, and what is aimed at."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stockturn.config.base import Section

Average = Literal["daily", "monthly", "month_points", "two_point"]
Cost = Literal["auto", "moving_average", "monthly_average", "fifo", "standard", "ledger"]


class Targets(Section):
    """Turns a year to reach, by scope; the most specific one given counts."""

    company: float | None = Field(None, gt=0, description="turns a year of the whole company")
    category: dict[str, float] = Field(default_factory=dict, description="category = turns a year")
    warehouse: dict[str, float] = Field(default_factory=dict, description="warehouse = turns a year")
    supplier: dict[str, float] = Field(default_factory=dict, description="supplier = turns a year")
    owner: dict[str, float] = Field(default_factory=dict, description="owner = turns a year")
    team: dict[str, float] = Field(default_factory=dict, description="team = turns a year")
    brand: dict[str, float] = Field(default_factory=dict, description="brand = turns a year")


class TurnoverSettings(Section):
    """Section ``[turnover]``."""

    average: Average = Field("daily", description="how the average stock is taken")
    cost: Cost = Field("auto", description="cost method; 'auto' chooses by what the ledger holds and says so")
    cost_scope: Literal["auto", "sku_warehouse", "sku"] = Field(
        "auto", description="what one average cost is kept for"
    )
    targets: Targets = Field(default_factory=Targets, description="turns a year to reach, by scope")
    capital_rate: float = Field(0.08, ge=0, le=1, description="yearly cost of the money in stock, 0.08 = 8 %")
    count_tolerance: float = Field(
        0.0, ge=0, le=1, description="a count within this share of the book is accurate"
    )
    transit_days: int = Field(
        60,
        gt=0,
        description="goods that left and did not arrive within so many days are no longer in transit",
    )
    lost_sales_window_days: int = Field(
        28, gt=0, description="days on each side that make the local rate of sale"
    )
    lost_sales_min_days: int = Field(5, gt=0, description="in-stock days that a local rate needs")
    on_sale_memory_days: int = Field(
        90, gt=0, description="out of stock counts only with demand in so many days before"
    )
    phantom_factor: float = Field(
        20.0,
        gt=1,
        description="phantom stock: mean sales that the days without a sale would have brought, in Poisson terms -ln(p)",
    )
