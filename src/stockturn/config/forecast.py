"""Forecast: which models speak, what they look at, and how their errors become quantiles."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from stockturn.config.base import Section

Bucket = Literal["day", "week", "month"]


class BucketSettings(Section):
    """What depends on the length of a bucket."""

    season: int = Field(gt=1, description="buckets in one season")
    history: int = Field(gt=2, description="newest buckets that are looked at; older ones are left out")
    short_window: int = Field(gt=0, description="buckets of the short moving average in the median")
    long_window: int = Field(gt=0, description="buckets of the long moving average in the median")
    habit_window: int = Field(gt=0, description="buckets of the moving average that people use today")


class ForecastSettings(Section):
    """Section ``[forecast]``."""

    strategy: str = Field(
        "auto", description="auto, fast, high, or the name of one model (docs/forecast.md lists them)"
    )
    patterns: dict[str, str] = Field(
        default_factory=dict, description="smooth, erratic, intermittent or lumpy = strategy or model for it"
    )
    skus: dict[str, str] = Field(default_factory=dict, description="sku = strategy or model for it")
    bucket: Bucket = Field("month", description="bucket of the demand series")
    horizon: int = Field(3, ge=1, le=60, description="buckets to forecast")
    span: int = Field(3, ge=1, le=60, description="buckets of the lead-time sum that accuracy is judged by")
    month: BucketSettings = Field(
        BucketSettings(season=12, history=60, short_window=6, long_window=12, habit_window=3),
        description="monthly series",
    )
    week: BucketSettings = Field(
        BucketSettings(season=52, history=208, short_window=6, long_window=12, habit_window=3),
        description="weekly series",
    )
    day: BucketSettings = Field(
        BucketSettings(season=7, history=400, short_window=14, long_window=28, habit_window=3),
        description="daily series",
    )
    alphas: tuple[float, float] = Field(
        (0.1, 0.3), description="slow and quick smoothing constant in the median"
    )
    theta_alphas: tuple[float, ...] = Field(
        (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99),
        description="smoothing constants that Theta chooses from",
    )
    damped_alphas: tuple[float, ...] = Field(
        (0.1, 0.2, 0.35, 0.5, 0.7, 0.9), description="level constants the damped trend chooses from"
    )
    damped_betas: tuple[float, ...] = Field(
        (0.05, 0.15, 0.3), description="trend constants the damped trend chooses from"
    )
    damped_phis: tuple[float, ...] = Field((0.8, 0.9, 0.97), description="dampings it chooses from")
    croston_alpha: float = Field(0.1, gt=0, le=1, description="smoothing constant of Croston, SBA and TSB")
    trend_window: int = Field(24, ge=6, description="newest buckets that the test for a trend looks at")
    trend_t: float = Field(4.6, gt=0, description="t value of the slope from which a trend is believed")
    season_caution: float = Field(
        1.2, ge=0, description="seasonal indices shrink by so many times their share of noise"
    )
    season_caution_short: float = Field(
        12.0, ge=0, description="further caution, divided by the degrees of freedom: for short histories"
    )
    season_gate: float = Field(
        0.3, ge=0, le=1, description="a season counts as real when this share of it survives the shrinking"
    )
    smooth_theta: float = Field(
        0.6, ge=0, le=1, description="share of Theta for smooth series without season or trend"
    )
    erratic_theta: float = Field(0.25, ge=0, le=1, description="share of Theta for erratic series")
    trend_damped: float = Field(
        0.5, ge=0, le=1, description="share of the damped trend where a trend is believed, Theta has the rest"
    )
    bias_origins: int = Field(
        12, ge=0, description="past origins whose pooled bias is taken out of the median; 0 switches it off"
    )
    bias_power: float = Field(0.75, ge=0, le=1, description="share of the pooled bias that is taken out")
    bias_limit: float = Field(0.3, ge=0, lt=1, description="most that this changes a forecast")
    bias_prior: float = Field(
        100.0,
        ge=0,
        description="sums without bias that are thought to be there already: few data change little",
    )
    bias_window: int = Field(24, gt=0, description="buckets whose mean puts series on one scale for it")
    origins: int = Field(16, ge=12, le=104, description="past origins whose errors are used")
    scored_origins: int = Field(12, ge=1, description="newest past origins that accuracy is measured at")
    pinball_origins: int = Field(4, ge=1, description="newest origins whose quantiles are scored")
    pool_series: int = Field(30, ge=2, description="series that a class needs for quantiles of its own")
    pool_errors: int = Field(200, ge=20, description="errors that a class needs for quantiles of its own")
    pool_bands: int = Field(
        3, ge=1, description="bands of forecast over spread that each pattern is cut into for its quantiles"
    )
    own_errors: int = Field(6, ge=2, description="past errors of its own a series needs for the fallback")
    own_weight: float = Field(
        12.0, gt=0, description="errors the spread of demand counts for beside a series' own past errors"
    )
    count_limit: float = Field(
        100.0, gt=0, description="negative binomial fallback for count series up to this mean"
    )
    ended_intervals: float = Field(
        3.0, gt=0, description="no demand for so many usual intervals (and the long window): demand has ended"
    )
    library_origins: int = Field(
        8, ge=1, le=104, description="past origins at which models of statsforecast are asked again"
    )
    library_least: int = Field(12, ge=4, description="periods a series needs for a model of statsforecast")
    library_alpha: float = Field(
        0.1, gt=0, lt=1, description="smoothing constant for models of statsforecast that want one"
    )
    library_window: int = Field(6, ge=1, description="window for models of statsforecast that want one")
    dask: str | None = Field(
        None,
        description="address of a Dask scheduler that runs the models of statsforecast, 'local' for one here",
    )
    new_series_cv: float = Field(
        1.0, ge=0, description="spread of a new item over its mean, where no longer series tell it"
    )
    like: dict[str, str] = Field(
        default_factory=dict, description="new sku = reference sku whose demand it is expected to follow"
    )
    ramp_buckets: int = Field(
        6, ge=1, description="up to so many periods of its own a new item follows its reference"
    )
    ramp_items: int = Field(5, ge=1, description="items of a category that its ramp needs at an age")
    promotion_window_days: int = Field(
        28, ge=1, description="days before and after a promotion that its uplift is measured against"
    )
    short_history: int = Field(3, ge=1, description="with fewer periods than this the forecast says so")
    chunk: int = Field(4096, ge=64, description="series worked on at once")

    @model_validator(mode="after")
    def _sensible(self) -> ForecastSettings:
        for alpha in (*self.alphas, *self.theta_alphas, *self.damped_alphas):
            if not 0 < alpha <= 1:
                raise ValueError(f"smoothing constants lie in (0, 1]: {alpha}")
        unknown = set(self.patterns) - {"smooth", "erratic", "intermittent", "lumpy"}
        if unknown:
            raise ValueError(f"no such pattern: {', '.join(sorted(unknown))}")
        return self

    def of(self, bucket: Bucket) -> BucketSettings:
        """The settings of that bucket."""
        return {"day": self.day, "week": self.week, "month": self.month}[bucket]
