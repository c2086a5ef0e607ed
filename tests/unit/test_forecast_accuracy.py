"""Accuracy: every measure recomputed by hand, groups as ratios of sums, and nothing where nothing can be said."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from stockturn.engine.forecast import accuracy_by
from tests.unit.forecast_slow import moving_average
from tests.unit.test_forecast_engine import mixed, run

SPAN, ORIGINS = 2, 5


def by_hand(qty: list[float]) -> dict[str, float]:
    """Accuracy of the 3-month moving average as a model, from the definitions, one origin at a time."""
    first = next(at for at, v in enumerate(qty) if v > 0)
    qty = qty[min(first, max(len(qty) - 12, 0)) :]
    error = absolute = square = actual = sum_square = 0.0
    count = 0
    last = len(qty) - 1 - SPAN
    for origin in range(last - ORIGINS + 1, last + 1):
        said = moving_average(qty[: origin + 1], 3)
        came = qty[origin + 1 : origin + 1 + SPAN]
        error += sum(said - v for v in came)
        absolute += sum(abs(said - v) for v in came)
        square += sum((said - v) ** 2 for v in came)
        sum_square += (SPAN * said - sum(came)) ** 2
        actual += sum(came)
        count += SPAN
    steps = np.diff(qty[: last - ORIGINS + 2])
    return {
        "wape": absolute / actual,
        "bias": error / actual,
        "mase": absolute / count / np.abs(steps).mean(),
        "rmsse": (square / count / (steps**2).mean()) ** 0.5,
        "sum_rmsse": (sum_square / ORIGINS / (SPAN * (steps**2).mean())) ** 0.5,
    }


def test_measures_equal_the_definitions_one_origin_at_a_time():
    rows = {sku: qty for sku, qty in mixed(21).items() if sum(qty[-8:]) > 0}
    result = run(rows, strategy="ma3", span=SPAN, horizon=SPAN, scored_origins=ORIGINS)
    assert result.accuracy.height == len(rows)
    for row in result.accuracy.iter_rows(named=True):
        for name, value in by_hand(rows[row["sku"]]).items():
            assert row[name] == pytest.approx(value, rel=1e-9), (row["sku"], name)
        assert row["periods"] == ORIGINS


def test_the_habit_adds_no_value_to_itself():
    result = run(mixed(22), strategy="ma3")
    assert result.accuracy["fva"].drop_nulls().to_list() == pytest.approx(
        [0.0] * result.accuracy["fva"].count()
    )
    assert result.accuracy["habit_sum_rmsse"].equals(result.accuracy["sum_rmsse"])
    assert result.totals["pinball"].to_list() == pytest.approx(result.totals["habit_pinball"].to_list())


def test_groups_are_ratios_of_sums():
    result = run(mixed(23), span=SPAN, horizon=SPAN)
    scores = result.scores.with_columns(category=pl.col("sku").str.slice(3))
    table = accuracy_by(scores, ["category"], SPAN)
    for row in table.iter_rows(named=True):
        mine = scores.filter(pl.col("category") == row["category"])
        assert row["wape"] == pytest.approx(mine["abs_error"].sum() / mine["actual"].sum())
        assert row["fva"] == pytest.approx(1 - mine["abs_error"].sum() / mine["habit_abs_error"].sum())
        assert row["skus"] == mine.height
    total = result.totals.filter(pl.col("scope") == "total")
    assert total["wape"].item() == pytest.approx(scores["abs_error"].sum() / scores["actual"].sum())


def test_total_covers_patterns_and_models_once_each():
    totals = run(mixed(24)).totals
    for scope in ("pattern", "model"):
        assert totals.filter(pl.col("scope") == scope)["skus"].sum() == totals["skus"][0]


def test_without_a_past_forecast_there_is_no_accuracy():
    row = run({"a": [3.0, 4.0], "b": [5.0] * 20}).accuracy.row(0, named=True)
    assert row["periods"] == 0
    assert row["wape"] is None
    assert row["mase"] is None


def test_without_sales_there_is_no_wape():
    row = run({"a": [3.0] + [0.0] * 30}).accuracy.row(0, named=True)
    assert row["wape"] is None
    assert row["periods"] > 0


def test_pinball_punishes_the_quantile_that_was_passed_nineteen_times_as_hard():
    """Loss of one series recomputed from its own sums: 0.95 of what lay above, 0.05 of what lay below."""
    rows = mixed(25, 80)
    result = run(rows, span=1, horizon=1, pinball_origins=1)
    cut = run({sku: qty[:-1] for sku, qty in rows.items()}, span=1, horizon=1)
    then = cut.sums.select("sku", "q95").join(result.scores, on="sku")
    came = pl.DataFrame({"sku": list(rows), "came": [qty[-1] for qty in rows.values()]})
    told = then.join(came, on="sku").with_columns(above=pl.col("came") - pl.col("q95"))
    expected = told.select(pl.max_horizontal(0.95 * pl.col("above"), -0.05 * pl.col("above"))).to_series()
    # the pool then had one origin less than the command would have had: nearly the same, series by series
    assert told["pinball_loss"].to_numpy() == pytest.approx(expected.to_numpy(), rel=0.3, abs=0.5)
    assert told["pinball_loss"].sum() == pytest.approx(expected.sum(), rel=0.05)
