"""Small companies for the tests of replenishment."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from stockturn.config import Settings
from stockturn.engine.replenish import ReorderInputs, ReorderResult, reorder
from stockturn.schema import TABLES

AS_OF = date(2024, 12, 31)


def day(number: int) -> date:
    """So many days after as_of."""
    return AS_OF + timedelta(days=number)


def table(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    """A canonical table from rows that name only what they know."""
    fields = TABLES[name].fields
    return pl.DataFrame(
        [{field.name: row.get(field.name) for field in fields} for row in rows],
        schema={field.name: field.dtype for field in fields},
    )


def company(*cells: dict[str, Any], **more: Any) -> ReorderInputs:
    """Inputs from one dict per cell: sku, warehouse, on_hand, reserved, rate, cost, and any column of items."""
    closing = pl.DataFrame(
        [
            (
                cell.get("sku", "A"), cell.get("warehouse", "W"), float(cell.get("on_hand", 0)),
                float(cell.get("on_hand", 0)) * cell.get("cost", 1.0), cell.get("cost", 1.0), cell.get("reserved"),
            )
            for cell in cells
        ],
        schema={
            "sku": pl.String, "warehouse": pl.String, "on_hand": pl.Float64, "value": pl.Float64,
            "unit_cost": pl.Float64, "reserved": pl.Float64,
        },
        orient="row",
    )  # fmt: skip
    rates = closing.select("sku", "warehouse").with_columns(
        demand_per_day=pl.Series([float(cell.get("rate", 0)) for cell in cells], dtype=pl.Float64)
    )
    items = {cell.get("sku", "A"): {"supplier": "S", **cell, "sku": cell.get("sku", "A")} for cell in cells}
    made: dict[str, Any] = {"items": table("items", *items.values())}
    return ReorderInputs(AS_OF, closing, rates, **(made | more))


def normal_sums(*cells: tuple[str, str, float, float], spans: int = 60) -> pl.DataFrame:
    """Daily sums with normal errors: (sku, warehouse, rate a day, sd a day), the sd growing with the root."""
    from statistics import NormalDist

    levels = {"q50": 0.5, "q80": 0.8, "q90": 0.9, "q95": 0.95, "q97_5": 0.975, "q99": 0.99}
    return pl.DataFrame(
        [
            {
                "sku": sku,
                "warehouse": warehouse,
                "span": span,
                "mean": rate * span,
                "error_sd": sd * span**0.5,
            }
            | {
                name: rate * span + NormalDist().inv_cdf(level) * sd * span**0.5
                for name, level in levels.items()
            }
            for sku, warehouse, rate, sd in cells
            for span in range(1, spans + 1)
        ]
    )


def run(inputs: ReorderInputs, **settings: Any) -> ReorderResult:
    """The result under these settings of the section reorder (``lang`` apart)."""
    lang = settings.pop("lang", "en")
    return reorder(inputs, Settings.model_validate({"lang": lang, "reorder": settings}))


def row(inputs: ReorderInputs, **settings: Any) -> dict[str, Any]:
    """The first row of the main frame."""
    return run(inputs, **settings).reorder.row(0, named=True)
