"""All choices of a run: one frozen tree, one section per concern. Every default of the project lives here."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from pydantic import Field, field_validator

from stockturn.config.alerts import AlertSettings
from stockturn.config.base import Section
from stockturn.config.classes import AbcSettings
from stockturn.config.deadstock import DeadStockSettings
from stockturn.config.demand import DemandSettings
from stockturn.config.forecast import ForecastSettings
from stockturn.config.ingest import IngestSettings
from stockturn.config.reorder import ReorderSettings
from stockturn.config.replay import ReplaySettings
from stockturn.config.report import ReportSettings
from stockturn.config.turnover import TurnoverSettings


class Scope(Section):
    """Section ``[scope]``: which part of the ledger is looked at. Empty means everything."""

    warehouse: tuple[str, ...] = Field((), description="only these warehouses")
    category: tuple[str, ...] = Field((), description="only these categories")
    sku: tuple[str, ...] = Field((), description="only these skus")

    @property
    def narrow(self) -> bool:
        """Whether anything is left out."""
        return bool(self.warehouse or self.category or self.sku)


class PeriodSettings(Section):
    """Section ``[period]``."""

    as_of: date | None = Field(
        None, description="everything later is ignored; the latest date of the data when left out"
    )
    period: str | None = Field(
        None, description="'2025-01..2025-06', '2025-01-15..2025-03-31', '2025-03' or '2025'"
    )
    last: str = Field("12m", description="so many months (12m), weeks, days or years up to as_of")

    @field_validator("last")
    @classmethod
    def _span(cls, text: str) -> str:
        if not re.fullmatch(r"0*[1-9]\d{0,4}[mdwy]", text):
            raise ValueError("write it like 12m, 90d, 8w or 1y")
        return text


class Settings(Section):
    """Everything a run can be told (stockturn.toml and the options of the command line)."""

    lang: Literal["en", "zh"] = Field("en", description="language of screens and workbooks")
    scope: Scope = Field(default_factory=Scope, description="which part of the ledger is looked at")
    period: PeriodSettings = Field(default_factory=PeriodSettings, description="which days are looked at")
    ingest: IngestSettings = Field(default_factory=IngestSettings, description="how exports are read")
    turnover: TurnoverSettings = Field(default_factory=TurnoverSettings, description="turnover")
    demand: DemandSettings = Field(
        default_factory=DemandSettings, description="demand, and days without stock in it"
    )
    abc: AbcSettings = Field(default_factory=AbcSettings, description="ABC, XYZ, pattern, FSN")
    forecast: ForecastSettings = Field(default_factory=ForecastSettings, description="forecast")
    deadstock: DeadStockSettings = Field(
        default_factory=DeadStockSettings, description="dead stock and ageing"
    )
    reorder: ReorderSettings = Field(
        default_factory=ReorderSettings, description="replenishment: what to buy, move and change"
    )
    replay: ReplaySettings = Field(
        default_factory=ReplaySettings, description="the past once more, with the suggestions"
    )
    alerts: AlertSettings = Field(default_factory=AlertSettings, description="alerts and mail")
    report: ReportSettings = Field(default_factory=ReportSettings, description="the workbook")
