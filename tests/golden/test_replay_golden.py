"""The replay screen as a reader sees it, from figures made by hand."""

from __future__ import annotations

import io
from datetime import date

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.engine.replay.outcome import CURVE, POLICY
from stockturn.i18n import LANGUAGES
from stockturn.model import Note, Period, Result
from stockturn.output.console import make_console, show
from tests.goldens import matches_golden

FIGURES = {
    "policy": ["actual", "suggested", "service_0.9", "demand_1.2", "lead_time_1.5"],
    "service_level": [None, None, 0.9, None, None],
    "demand_factor": [1.0, 1.0, 1.0, 1.2, 1.0],
    "lead_time_factor": [1.0, 1.0, 1.0, 1.0, 1.5],
    "turnover": [6.5, 9.1, 10.4, 9.6, 8.2],
    "dio_days": [56.15, 40.11, 35.1, 38.02, 44.51],
    "avg_inventory": [655_000.0, 412_000.0, 355_000.0, 455_000.0, 440_000.0],
    "opening_value": [600_000.0] * 5,
    "closing_value": [640_000.0, 420_000.0, 350_000.0, 470_000.0, 450_000.0],
    "stockout_rate": [0.066, 0.029, 0.041, 0.045, 0.052],
    "fill_rate": [1.0, 0.971, 0.955, 0.948, 0.94],
    "sold_qty": [10_000.0, 9_710.0, 9_550.0, 11_376.0, 9_400.0],
    "lost_qty": [0.0, 290.0, 450.0, 624.0, 600.0],
    "orders": [120, 310, 305, 340, 300],
    "purchase_orders": [60, 110, 110, 115, 108],
    "ordered_qty": [10_400.0, 9_300.0, 9_000.0, 11_200.0, 9_100.0],
    "transfers": [4, 12, 11, 15, 10],
    "units_written_off": [40.0, 12.0, 9.0, 14.0, 12.0],
    "written_off_value": [2_600.0, 780.0, 585.0, 910.0, 780.0],
}
NOTES = (
    Note("replay.equal_service", {"out": 0.066, "held": 300_000.0, "change": -0.542, "fill": 0.93}),
    Note("replay.days", {"start": date(2024, 7, 1), "end": date(2025, 6, 30), "days": 365}),
    Note("replay.demand_seen", {"out": 2_100.0, "days": 31_800.0, "share": 0.066}),
    Note("replay.lead_times", {"orders": 310, "own": 290, "supplier": 15, "planned": 5}),
    Note("replay.as_it_stands"),
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_replay_screen(lang: str) -> None:
    """Two policies side by side with their difference, then with what-ifs; the sentence, the curve, what it rests on."""
    table = pl.DataFrame({**FIGURES, **{name: [None] * 5 for name in POLICY if name not in FIGURES}}).select(
        POLICY
    )
    curve = table.filter(pl.col("policy") == "service_0.9").select(CURVE)
    said = {"held": 412_000.0, "held_actual": 655_000.0, "out": 0.029, "out_actual": 0.066, "fill": 0.971}
    period, stream = Period(date(2024, 7, 1), date(2025, 6, 30), 365), io.StringIO()
    console = make_console(file=stream, columns=100)
    others = {name: pl.DataFrame({"sku": ["A"]}) for name in ("orders", "transfers", "by_month", "cells")}
    for rows in (table.head(3), table):
        tables = {"replay": rows, "curve": curve, **others}
        made = Result("replay", tables, NOTES, period, headline=Note("replay.sentence", said))
        show(made, Settings.model_validate({"lang": lang}), console=console)
    lines = (line.rstrip() for line in stream.getvalue().splitlines())
    matches_golden(f"replay_{lang}.txt", "\n".join(lines) + "\n")
