"""Demand: how days without stock are told apart from days without buyers."""

from __future__ import annotations

from pydantic import Field

from stockturn.config.base import Section


class DemandSettings(Section):
    """Section ``[demand]``."""

    correct: bool = Field(
        True, description="add to a bucket what its stockout days hid, where the stock is known"
    )
    min_in_stock_days: int = Field(
        5, gt=0, description="in-stock days a bucket needs for its own rate to stand for its stockout days"
    )
    min_in_stock_share: float = Field(
        0.25, ge=0, le=1, description="and at least this share of its days; else the local rate is used"
    )
    local_buckets: int = Field(3, gt=0, description="buckets on each side that make the local rate")
    max_added: float = Field(
        2.0,
        ge=0,
        description="at most so many times the local mean is added to a bucket for its stockout days",
    )
