"""The forecast: demand series in, forecasts with quantiles, lead-time sums and their accuracy out."""

from stockturn.engine.forecast.accuracy import accuracy_by
from stockturn.engine.forecast.adjust import adjusted, apply_overrides, totals_by, with_open_orders
from stockturn.engine.forecast.newitems import with_new_items
from stockturn.engine.forecast.promotions import (
    promotion_days,
    promotion_table,
    with_promotions,
    without_promotions,
)
from stockturn.engine.forecast.review import misses, review
from stockturn.engine.forecast.run import ForecastResult, forecast
from stockturn.engine.forecast.words import remarks, verdict

__all__ = [
    "ForecastResult",
    "accuracy_by",
    "adjusted",
    "apply_overrides",
    "forecast",
    "misses",
    "promotion_days",
    "promotion_table",
    "remarks",
    "review",
    "totals_by",
    "verdict",
    "with_new_items",
    "with_open_orders",
    "with_promotions",
    "without_promotions",
]
