"""``stockturn forecast``."""

from __future__ import annotations

import typer

from stockturn.cli.options import SHOW, TALK, WHEN, WHERE, Bucket, Option, Request, command

BY = Option("by", str | None, "sku (default) or sku,warehouse.")
MODEL = Option("model", str | None, "auto, fast, high, or the name of one model.", "forecast.strategy")
HORIZON = Option("horizon", int | None, "Buckets to forecast.", "forecast.horizon")
BUCKET = Option("bucket", Bucket | None, "Bucket of the demand series.", "forecast.bucket")
ACCURACY = Option(
    "accuracy", bool, "Also how wrong past forecasts were, and the demand they rest on.", default=False
)
PROMOTIONS = Option(
    "promotions", bool, "Also what promotions did: planned against measured uplift.", default=False
)
REVIEW = Option("review", bool, "Forecasts kept in the ledger folder against what came since.", default=False)
DASK = Option(
    "dask", str | None, "Address of a Dask scheduler for the models of statsforecast.", "forecast.dask"
)


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(
        app,
        "forecast",
        BY,
        MODEL,
        HORIZON,
        BUCKET,
        ACCURACY,
        PROMOTIONS,
        REVIEW,
        DASK,
        *WHEN,
        *WHERE,
        *SHOW,
        *TALK,
    )
    def forecast(request: Request) -> None:
        """What will sell, and how sure that is. Mean and quantiles per bucket, with the error of past forecasts beside it."""
        from stockturn import api
        from stockturn.cli.show import emit
        from stockturn.cli.show_sources import read_ledger
        from stockturn.errors import UsageError

        by = tuple(part.strip() for part in (request.by or "sku").split(","))
        if by not in (("sku",), ("sku", "warehouse")):
            raise UsageError("forecast_by", names=",".join(by))
        folder = (
            request.sources[0] if len(request.sources) == 1 and api.is_ledger(request.sources[0]) else None
        )
        if request.review:
            if folder is None:
                raise UsageError("review_needs_ledger")
            emit(api.review_result(folder, request.settings, by), request)
            return
        ledger = read_ledger(request)
        result = api.forecast_result(
            ledger, request.settings, by, accuracy=request.accuracy, promotions=request.promotions
        )
        if folder is not None and not request.settings.scope.narrow:
            api.keep_forecast(folder, result, request.settings)
        emit(result, request)
