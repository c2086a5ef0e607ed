"""Replay: which part of the past is walked through again, and what else is tried out on it."""

from __future__ import annotations

from datetime import date

from pydantic import Field, field_validator

from stockturn.config.base import Section


class ReplaySettings(Section):
    """Section ``[replay]``."""

    start: date | None = Field(
        None,
        description="first day that is lived through again; the last 12 months, or the later half of a shorter ledger, when left out",
    )
    months: int = Field(
        12,
        ge=1,
        le=120,
        description="months that are replayed where no first day is given and as many lie before",
    )
    least_history_days: int = Field(
        60,
        ge=1,
        description="days that the ledger must hold before the first day: the engine learns from them",
    )
    service_levels: tuple[float, ...] = Field(
        (0.8, 0.9, 0.95, 0.98, 0.99),
        description="service levels that make the curve of capital against service; empty for no curve",
    )
    demand_factor: float = Field(
        1.0, gt=0, description="what if so many times as much had been asked for, from the first day on"
    )
    lead_time_factor: float = Field(
        1.0, gt=0, description="what if orders placed from the first day on had taken so many times as long"
    )
    lost_sales: bool = Field(
        False,
        description="demand is what was sold and the estimate of what days without stock missed; else what was sold alone",
    )

    @field_validator("service_levels")
    @classmethod
    def _levels(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < level < 1 for level in value):
            raise ValueError("service levels lie between 0 and 1")
        return tuple(sorted(set(value)))
