"""ABC, XYZ, demand pattern and FSN: the cuts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from stockturn.config.base import Section


class AbcSettings(Section):
    """Section ``[abc]``."""

    by: Literal["cogs", "revenue", "margin", "units"] = Field("cogs", description="what is ranked")
    cut: Literal["value", "items"] = Field(
        "value", description="cut by share of value, or by share of the number of items that have a value"
    )
    a: float = Field(
        0.80, gt=0, lt=1, description="A while the cumulative share before the item is below this"
    )
    b: float = Field(0.95, gt=0, le=1, description="B while it is below this, else C")
    grain: Literal["sku", "sku_warehouse"] = Field(
        "sku", description="what is classed: each sku, or each sku in each warehouse"
    )
    within: Literal["company", "warehouse", "category"] = Field(
        "company", description="classes are made inside each of these"
    )
    x: float = Field(0.5, gt=0, description="X up to this coefficient of variation")
    y: float = Field(1.0, gt=0, description="Y up to this, else Z")
    min_buckets: int = Field(3, ge=2, description="buckets that XYZ needs")
    bucket: Literal["day", "week", "month"] = Field(
        "month", description="bucket of demand for XYZ and the pattern"
    )
    adi: float = Field(1.32, gt=1, description="below: smooth or erratic, else intermittent or lumpy")
    cv2: float = Field(0.49, gt=0, description="below: smooth or intermittent, else erratic or lumpy")
    fast_share: float = Field(
        0.2, gt=0, le=1, description="F (fast): demand on at least this share of the days of the period"
    )

    @model_validator(mode="after")
    def _ordered(self) -> AbcSettings:
        if self.a >= self.b:
            raise ValueError("a must be below b")
        if self.x >= self.y:
            raise ValueError("x must be below y")
        return self
