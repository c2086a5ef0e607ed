"""The digest on a terminal: what an alert is about, what is left out, and what was not looked at."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import polars as pl

from stockturn.config import Settings
from stockturn.engine.alerts import ALERT, RULES, life
from stockturn.output.console import make_console
from stockturn.output.console_alerts import show_alerts

AS_OF = date(2025, 3, 31)


def digest(
    *rows: dict[str, Any], top: int | None = None, said: tuple[str, ...] = (), lang: str = "en"
) -> str:
    """The screen for alerts of a first run, from what is not usual about them."""
    usual = {"level": "info", "rule": "slow", "owner": "Ann", "value": 100.0, "message": "Lies."}
    made = [usual | {"id": f"{place:012x}"} | row for place, row in enumerate(rows)]
    frame = pl.DataFrame(made, schema_overrides={"sku": pl.String}, infer_schema_length=None)
    blank = (pl.lit(None, dtype).alias(name) for name, dtype in ALERT.items() if name not in frame.columns)
    shown = life(frame.with_columns(blank).select(*ALERT), None, AS_OF, RULES)[0]
    stream = io.StringIO()
    console = make_console(file=stream, columns=140)
    show_alerts(shown, AS_OF, Settings.model_validate({"lang": lang}), console=console, top=top, said=said)
    return stream.getvalue()


def test_a_scope_is_named_with_its_kind() -> None:
    """A supplier is no sku; goods stand by their code, whatever supplier they have; a full warehouse by its name."""
    screen = digest(
        {"rule": "supplier_late", "supplier": "Acme"},
        {"rule": "turnover_below_target", "category": "(none)"},
        {"rule": "data_quality", "file": "sales.csv"},
        {"sku": "A-1", "warehouse": "W", "supplier": "Acme"},
        {"rule": "capacity", "warehouse": "Main"},
    )
    for words in ("About", "Supplier: Acme", "Category: (none)", "File: sales.csv", "A-1", "Main"):
        assert words in screen
    assert screen.count("Acme") == 1
    assert "供应商: Acme" in digest({"rule": "supplier_late", "supplier": "Acme"}, lang="zh")


def test_what_a_table_leaves_out_is_told_by_rule() -> None:
    """Two of four are shown, the worst first; the others by rule with their money."""
    rows = [
        {"sku": "A", "level": "critical", "rule": "stockout"},
        {"sku": "B", "level": "warning", "rule": "dead"},
        {"sku": "C"},
        {"sku": "D", "value": None},
    ]
    screen = digest(*rows, top=2)
    assert "Not shown here: slow 2 (100)." in screen
    assert "Not shown here" not in digest(*rows)


def test_what_was_not_looked_at_is_said_below() -> None:
    """Sentences of the run stand at the end."""
    assert (
        digest({"sku": "A"}, said=("Not looked at: expiring.",)).rstrip().endswith("Not looked at: expiring.")
    )
