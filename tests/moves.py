"""Small ledgers for tests: movements as short tuples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import polars as pl

from stockturn.config import Settings
from stockturn.engine.entries import Entries, entries
from stockturn.model import Ledger

DAY0 = date(2024, 1, 1)


def day(number: int) -> date:
    """Day ``number`` counted from 1 January 2024, which is day 0."""
    return DAY0 + timedelta(days=number)


def settings(**sections: object) -> Settings:
    """Settings with some sections given as mappings."""
    return Settings.model_validate(sections)


def movements(rows: Iterable[Sequence[object]], columns: str = "date sku qty kind warehouse") -> pl.DataFrame:
    """A movements frame; ``date`` may be a day number."""
    names = columns.split()
    plain = [
        [
            day(cell) if name == "date" and isinstance(cell, int) else cell
            for name, cell in zip(names, row, strict=True)
        ]
        for row in rows
    ]
    types = {
        name: {
            "date": pl.Date,
            "expiry": pl.Date,
            "qty": pl.Float64,
            "cost": pl.Float64,
            "unit_cost": pl.Float64,
            "revenue": pl.Float64,
        }.get(name, pl.String)
        for name in names
    }
    return pl.DataFrame(plain, schema=types, orient="row")


def entries_of(
    moves: pl.DataFrame, chosen: Settings | None = None, as_of: date | None = None, **tables: pl.DataFrame
) -> Entries:
    """Entries of a ledger that has these movements and tables."""
    chosen = chosen or Settings()
    if as_of is not None:
        chosen = chosen.model_copy(update={"period": chosen.period.model_copy(update={"as_of": as_of})})
    return entries(Ledger.of(movements=moves, **tables), chosen)


def closing_of(start: Entries, unit_cost: float = 1.0) -> pl.LazyFrame:
    """Closing stock as plain sums of the movements, at one unit cost: for ledgers without stock points."""
    on_hand = start.movements.group_by("sku", "warehouse").agg(pl.col("qty").sum().round(6).alias("on_hand"))
    return on_hand.with_columns(
        unit_cost=pl.lit(unit_cost), value=pl.col("on_hand") * unit_cost, reserved=pl.lit(None, pl.Float64)
    )
