"""What the exports say of the item, and the alerts on it."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.engine.alerts import alert_frames, standing
from stockturn.engine.explain.registry import About, Area, Behind, Figure
from stockturn.engine.run import Run
from stockturn.schema import Unit

_STATED = (
    "name", "category", "brand", "supplier", "owner", "buyer", "seller", "team", "unit", "unit_cost", "unit_price",
    "lead_time_days", "moq", "order_multiple", "min_stock", "max_stock", "shelf_life_days", "item_status", "core",
    "launched_on",
)  # fmt: skip
_UNITS = {
    "min_stock": Unit.QTY, "max_stock": Unit.QTY, "shelf_life_days": Unit.DAYS, "core": Unit.FLAG,
    "launched_on": Unit.DATE, "item_status": Unit.TEXT,
}  # fmt: skip


def item(about: About) -> Area:
    """The item's row of the master list; what no export says of any of the skus is left out."""
    found = about.run.entries.items.filter(pl.col("sku").is_in(about.skus)).collect()
    frame = found.rename({"status": "item_status"}).with_columns(warehouse=pl.lit(None, pl.String))
    told = [name for name in _STATED if name == "name" or not _blank(frame[name])]
    figures = tuple(
        Figure(
            name,
            unit=_UNITS.get(name),
            formula="explain.formula_stated",
            missing="no_item_row" if name == "name" else "not_stated",
        )
        for name in told
    )
    return Area("item", frame, figures, (Behind("items"), Behind("prices")), "name")


def _blank(values: pl.Series) -> bool:
    known = values.drop_nulls()
    return known.is_empty() or bool(values.dtype == pl.String and (known == "(none)").all())


def alerts(about: About, run: Run, kept: tuple[date, pl.DataFrame] | None = None) -> pl.DataFrame:
    """The alerts on the skus as ``alerts`` gives them; ``run`` is the one they are about, ``kept`` its recorded past."""
    held, _ = standing(alert_frames(run), run.settings, run.entries.as_of, kept)
    return about.of(held)
