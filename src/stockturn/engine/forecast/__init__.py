"""The forecast: demand series in, forecasts with quantiles, lead-time sums and their accuracy out."""

from stockturn.engine.forecast.accuracy import accuracy_by
from stockturn.engine.forecast.run import ForecastResult, forecast

__all__ = ["ForecastResult", "accuracy_by", "forecast"]
