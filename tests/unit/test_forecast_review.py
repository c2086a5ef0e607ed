"""Forecasts kept from earlier runs against what came, and the sentences about the forecast."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from stockturn.engine.forecast import misses, remarks, review, verdict
from stockturn.i18n import LANGUAGES, text
from tests.unit.test_forecast_engine import mixed, run

MAY, JUNE, JULY, AUGUST = (date(2025, month, 1) for month in (5, 6, 7, 8))
KEPT = pl.DataFrame(
    [
        ("a", JUNE, 12.0, 14.0, MAY, 1),
        ("a", JULY, 10.0, 10.0, MAY, 2),
        ("a", JULY, 9.0, 8.0, JUNE, 1),
        ("b", JUNE, 5.0, 5.0, MAY, 1),
        ("a", AUGUST, 99.0, 99.0, JUNE, 2),
    ],
    schema=["sku", "period", "mean", "base_mean", "made_on", "horizon"],
    orient="row",
)
ACTUAL = pl.DataFrame({"sku": ["a", "a"], "period": [JUNE, JULY], "qty": [10.0, 7.0]})


def test_only_periods_that_are_over_are_compared_and_silence_is_zero():
    table = misses(KEPT, ACTUAL)
    assert table["actual"].to_list() == [10.0, 7.0, 7.0, 0.0]
    assert table["error"].to_list() == [2.0, 3.0, 2.0, 5.0]


def test_review_by_sku_worked_by_hand():
    """a: |2| + |3| + |2| = 7 of 24; changed were 14 -> 12 (error 4 -> 2) and 8 -> 9 (1 -> 2): 1 - 4 / 5 = 0.2."""
    rows = {row["sku"]: row for row in review(KEPT, ACTUAL).iter_rows(named=True)}
    assert rows["a"]["periods"] == 3
    assert rows["a"]["wape"] == pytest.approx(7 / 24)
    assert rows["a"]["bias"] == pytest.approx(7 / 24)
    assert rows["a"]["overrides"] == 2
    assert rows["a"]["override_fva"] == pytest.approx(0.2)
    assert rows["b"]["wape"] is None
    assert rows["b"]["override_fva"] is None
    assert rows["b"]["abs_error"] == 5.0


def test_review_by_horizon_and_by_category():
    about = pl.DataFrame({"sku": ["a", "b"], "category": ["tea", "cup"], "owner": ["Wu", "Li"]})
    by_lead = review(KEPT, ACTUAL, ["horizon"]).sort("horizon")
    assert by_lead.select("horizon", "abs_error").rows() == [(1, 9.0), (2, 3.0)]
    by_owner = review(KEPT, ACTUAL, ["category", "owner"], about)
    assert by_owner.select("category", "owner", "abs_error").rows() == [
        ("tea", "Wu", 7.0),
        ("cup", "Li", 5.0),
    ]
    whole = review(KEPT, ACTUAL, [])
    assert whole["abs_error"].to_list() == [12.0]


def test_forecasts_nobody_touched_have_no_override_value():
    table = review(KEPT.drop("base_mean"), ACTUAL, [])
    assert table["overrides"].item() == 0
    assert table["override_fva"].item() is None


def test_nothing_kept_nothing_said():
    assert review(KEPT.clear(), ACTUAL).is_empty()


def test_the_sentence_says_whether_to_follow_the_forecast():
    good = run(mixed(41, 80), strategy="auto")
    notes = verdict(good.scores, 2)
    fva = good.totals["fva"][0]
    assert notes[0].key == ("forecast_worth" if fva > 0 else "forecast_not_worth")
    assert notes[0].params["gain"] == f"{abs(fva) * 100:.0f} %"
    habit = verdict(run(mixed(41, 80), strategy="ma3").scores, 2)
    assert habit[0].key == "forecast_not_worth"
    assert verdict(run({"a": [5.0]}).scores, 2)[0].key == "forecast_no_past"


def test_groups_on_both_sides_cover_all_demand():
    scores = run(mixed(42, 80)).scores
    notes = {note.key: note.params for note in verdict(scores, 2)}
    sides = [notes[key]["groups"] for key in ("forecast_groups_worth", "forecast_groups_not") if key in notes]
    named = sorted(", ".join(map(str, sides)).split(", "))
    assert named == sorted(scores.drop_nulls("naive_mse")["pattern"].unique().to_list())


def test_special_series_are_counted_and_every_note_has_its_text():
    result = run({"never": [0.0] * 12, "one": [4.0], "two": [5.0]} | mixed(43))
    notes = {note.key: note.params for note in remarks(result)}
    assert notes["forecast_short_history"] == {"count": 2}
    assert notes["forecast_no_demand"] == {"count": 1}
    for note in (*remarks(result), *verdict(result.scores, 2)):
        for lang in LANGUAGES:
            assert text(f"notes.{note.key}", lang, **note.params)
