"""Formulas filled in: the line that is shown is the arithmetic that was done."""

from __future__ import annotations

import random
import re
from importlib import resources
from pathlib import Path

import polars as pl
import pytest

from stockturn.engine.explain import AREAS
from stockturn.engine.explain.terms import exact, filled, names
from stockturn.engine.metrics import METRICS, with_metrics
from stockturn.engine.postings import FLOWS
from stockturn.i18n import catalogue
from tests.explained import worked_out


def test_names_are_replaced_and_everything_else_stays() -> None:
    """Functions, numbers and brackets of a formula are no columns."""
    frame = pl.DataFrame({"need": [29.0], "moq": [24.0], "pack": [12.0]})
    line = frame.select(filled("ceil(max(need, moq) / pack) × pack", frame.schema)).item()
    assert line == "ceil(max(29, 24) / 12) × 12"
    assert worked_out(line) == 36


def test_what_is_below_zero_stands_in_brackets_and_null_fills_nothing() -> None:
    """Two signs never meet, and a formula with a hole is not shown."""
    frame = pl.DataFrame({"a": [10.0, 1.0], "b": [-5.0, None]})
    assert frame.select(filled("a - b", frame.schema)).to_series().to_list() == ["10 − (−5)", None]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (3.0, "3"),
        (0.00123456789, "0.001234568"),
        (98765.4321, "98765.43"),
        (1e9 / 7, "142857142.86"),
    ],
)
def test_figures_keep_seven_digits_or_two_decimals(value: float, shown: str) -> None:
    """Enough to work the line out again, few enough to read it; no sign between thousands."""
    assert pl.DataFrame({"x": [value]}).select(exact("x", pl.Float64())).item() == shown


def test_the_arithmetic_in_the_registry_of_metrics_is_what_the_metrics_compute() -> None:
    """Each formula, worked out by Python from the filled-in line, gives the figure that polars computed."""
    draw = random.Random(7)
    columns = {name for metric in METRICS.values() for name in names(metric.formula)} - METRICS.keys()
    sums = pl.DataFrame(
        {name: [round(draw.uniform(1, 900), 3) for _ in range(20)] for name in sorted(columns)}
    )
    usage = sums["cogs"].alias("usage")
    frame = with_metrics(sums.with_columns(usage, flow=pl.lit("cogs")))
    for name, metric in METRICS.items():
        lines = frame.select(filled(metric.formula, frame.schema)).to_series()
        for line, value in zip(lines, frame[name], strict=True):
            assert worked_out(line) == pytest.approx(value, rel=1e-5, abs=1e-3), name


def test_every_text_of_explain_is_of_a_figure_a_term_or_a_line_of_the_screen() -> None:
    """A name that no code speaks of is a text that nobody sees."""
    folder = Path(str(resources.files("stockturn")))
    files = [
        *folder.glob("engine/explain/*.py"),
        *folder.glob("output/console_explain*.py"),
        folder / "explaining.py",
    ]
    code = " ".join([*(file.read_text(encoding="utf-8") for file in files), *METRICS, *FLOWS])
    code += "".join(f" {metric.formula}" for metric in METRICS.values())
    kinds = r"(formula_moved|name|formula|why|absent|area|flow|unit|moved|past)_"
    owners = rf"({'|'.join(AREAS)})_"
    for key in (key.removeprefix("explain.") for key in catalogue("en") if key.startswith("explain.")):
        name = re.sub(f"^{kinds}", "", key)
        assert {key, name, re.sub(f"^{owners}", "", name)} & set(re.findall(r"[a-z][a-z_0-9]*", code)), key
