"""The workbook, the page and the screen: how much they show, and when a light changes."""

from __future__ import annotations

from pydantic import Field, model_validator

from stockturn.config.base import Section


class ReportSettings(Section):
    """Section ``[report]``."""

    title: str | None = Field(None, description="title of the workbook")
    company: str = Field("", description="name of the company, shown in the title")
    detail_rows: int = Field(
        30_000,
        gt=0,
        le=1_000_000,
        description="most rows of a detail list on a sheet; more are said to be left out",
    )
    html_rows: int = Field(500, gt=0, description="most rows of a list on the page; more are said")
    screen_rows: int = Field(40, gt=0, description="most rows of a table on the terminal; more are said")
    short_rows: int = Field(15, gt=0, description="rows of the short lists on overview sheets")
    dimension_rows: int = Field(60, gt=0, description="rows of a table by category, warehouse, ...")
    list_periods: int = Field(3, gt=0, le=24, description="periods back and ahead in the list of forecasts")
    chart_periods: int = Field(24, gt=1, description="past periods in a chart of a forecast")
    chart_skus: int = Field(
        4, ge=0, le=20, description="items whose forecast is drawn, the most valuable first"
    )
    findings: int = Field(5, gt=0, description="findings in words on the summary")
    todos: int = Field(8, gt=0, description="things to do this week on the summary")
    by: tuple[str, ...] = Field(
        ("category", "warehouse", "supplier", "owner", "team", "buyer", "seller"),
        description="dimensions on the turnover sheet; people and teams among them have a scorecard",
    )
    green: float = Field(1.0, gt=0, description="light is green from this share of the target on")
    amber: float = Field(0.85, gt=0, description="light is amber from this share of the target on, else red")
    stockout_limit: float = Field(
        0.05, ge=0, le=1, description="turnover is green only while the stockout rate is within this"
    )

    dead_limit: float = Field(
        0.05, ge=0, le=1, description="share of the stock's value that may be dead before the light changes"
    )

    @model_validator(mode="after")
    def _ordered(self) -> ReportSettings:
        if self.amber > self.green:
            raise ValueError("amber must not be above green")
        return self
