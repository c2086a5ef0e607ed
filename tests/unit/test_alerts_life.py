"""The life of an alert: what a run makes of it, given the run before."""

from __future__ import annotations

import importlib
from datetime import date

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.engine.alerts import ALERT, RULES, life, snoozed, standing

DAY = [date(2025, month, 28) for month in range(1, 8)]
EVERY = frozenset(RULES)


def alerts(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """Alerts of a run from (id, rule, level)."""
    made = pl.DataFrame(rows, schema={"id": pl.String, "rule": pl.String, "level": pl.String}, orient="row")
    return made.with_columns(
        value=pl.lit(1.0),
        **{n: pl.lit(None, t) for n, t in ALERT.items() if n not in ("id", "rule", "level", "value")},
    ).select(*ALERT)


def states(frame: pl.DataFrame) -> dict[str, str]:
    """State by id."""
    return dict(frame.select("id", "state").iter_rows())


A = ("a", "dead", "warning")


def test_new_ongoing_resolved_and_forgotten() -> None:
    """New at first, ongoing while it lasts, resolved once, then gone; a later one is new again."""
    shown, kept = life(alerts(A), None, DAY[0], EVERY)
    assert states(shown) == {"a": "new"}
    shown, kept = life(alerts(A), kept, DAY[1], EVERY)
    assert shown.select("state", "first_seen", "runs").row(0) == ("ongoing", DAY[0], 2)
    shown, kept = life(alerts(), kept, DAY[2], EVERY)
    assert states(shown) == {"a": "resolved"}
    shown, kept = life(alerts(), kept, DAY[3], EVERY)
    assert states(shown) == {}
    shown, kept = life(alerts(A), kept, DAY[4], EVERY)
    assert shown.select("state", "first_seen", "runs").row(0) == ("new", DAY[4], 1)


def test_resolved_then_back_in_the_next_run_is_new() -> None:
    """What was resolved is over."""
    _, kept = life(alerts(A), None, DAY[0], EVERY)
    _, kept = life(alerts(), kept, DAY[1], EVERY)
    assert states(life(alerts(A), kept, DAY[2], EVERY)[0]) == {"a": "new"}


def test_the_same_day_again_is_ongoing() -> None:
    """A second run of the same as_of finds nothing new."""
    _, kept = life(alerts(A), None, DAY[0], EVERY)
    assert states(life(alerts(A), kept, DAY[0], EVERY)[0]) == {"a": "ongoing"}


@pytest.mark.parametrize(
    ("before", "now", "state"),
    [
        (("dead", "warning"), ("dead", "critical"), "escalated"),
        (("dead", "critical"), ("dead", "warning"), "ongoing"),
        (("stagnant", "warning"), ("dead", "warning"), "escalated"),
        (("dead", "warning"), ("stagnant", "warning"), "ongoing"),
        (("slow", "critical"), ("dead", "warning"), "ongoing"),
    ],
)
def test_escalation(before: tuple[str, str], now: tuple[str, str], state: str) -> None:
    """A higher level escalates; at the same level a worse rule of the family does; a lower level never."""
    _, kept = life(alerts(("a", *before)), None, DAY[0], EVERY)
    shown, kept = life(alerts(("a", *now)), kept, DAY[1], EVERY)
    assert states(shown) == {"a": state}
    assert states(life(alerts(("a", *now)), kept, DAY[2], EVERY)[0]) == {"a": "ongoing"}


def test_a_rule_without_input_resolves_nothing() -> None:
    """An alert whose rule was not looked at is not evaluated, and ongoing when it is seen again."""
    _, kept = life(alerts(A), None, DAY[0], EVERY)
    shown, kept = life(alerts(), kept, DAY[1], EVERY - {"dead"})
    assert shown.select("state", "runs", "level").row(0) == ("not_evaluated", 1, "warning")
    shown, kept = life(alerts(), kept, DAY[2], EVERY - {"dead"})
    assert states(shown) == {"a": "not_evaluated"}
    shown, _ = life(alerts(A), kept, DAY[3], EVERY)
    assert shown.select("state", "first_seen", "runs").row(0) == ("ongoing", DAY[0], 2)
    assert states(life(alerts(), kept, DAY[3], EVERY)[0]) == {"a": "resolved"}


def test_what_could_not_be_judged_is_not_over() -> None:
    """The rule was looked at, but a figure of that row is not known this time: not evaluated, later ongoing or over."""
    other = ("b", "slow", "info")
    _, kept = life(alerts(A, other), None, DAY[0], EVERY)
    shown, kept = life(alerts(), kept, DAY[1], EVERY, {"a"})
    assert states(shown) == {"a": "not_evaluated", "b": "resolved"}
    assert states(life(alerts(A), kept, DAY[2], EVERY)[0]) == {"a": "ongoing"}
    assert states(life(alerts(), kept, DAY[2], EVERY)[0]) == {"a": "resolved"}


def test_snoozed_until_the_day_and_no_longer() -> None:
    """Asleep before the day, awake on it."""
    _, kept = life(alerts(A), None, DAY[0], EVERY)
    kept = snoozed(kept, "a", DAY[2])
    shown, kept = life(alerts(A), kept, DAY[1], EVERY)
    assert states(shown) == {"a": "snoozed"}
    shown, kept = life(alerts(A), kept, DAY[2], EVERY)
    assert states(shown) == {"a": "ongoing"}
    assert kept["snoozed_until"].to_list() == [None]


def test_a_snoozed_alert_that_gets_worse_wakes() -> None:
    """A level above that of the day it was put to sleep is told at once; what is over is resolved."""
    _, kept = life(alerts(A), None, DAY[0], EVERY)
    kept = snoozed(kept, "a", DAY[6])
    assert states(life(alerts(("a", "dead", "critical")), kept, DAY[1], EVERY)[0]) == {"a": "escalated"}
    assert states(life(alerts(), kept, DAY[1], EVERY)[0]) == {"a": "resolved"}


def test_what_is_new_comes_first_then_the_level() -> None:
    """Sorted by state, then level."""
    _, kept = life(alerts(("old", "dead", "critical"), ("gone", "dead", "critical")), None, DAY[0], EVERY)
    now = alerts(("old", "dead", "critical"), ("fresh", "slow", "info"), ("hot", "stockout", "critical"))
    assert life(now, kept, DAY[1], EVERY)[0]["id"].to_list() == ["hot", "fresh", "old", "gone"]


def _standing(
    monkeypatch: pytest.MonkeyPatch,
    found: pl.DataFrame,
    day: date,
    kept: tuple[date, pl.DataFrame] | None,
    **scope: object,
) -> tuple[dict[str, tuple[object, ...]], dict[str, str]]:
    """Life by id of what holds, and the state of what is over."""
    home = importlib.import_module("stockturn.engine.alerts.standing")
    monkeypatch.setattr(home, "evaluate", lambda frames, settings: (found, EVERY))
    monkeypatch.setattr(home, "undecided", lambda frames, settings: frozenset())
    held, gone = standing({}, Settings.model_validate({"scope": scope}), day, kept)
    rows = held.select("id", "state", "first_seen", "runs").iter_rows()
    return {name: tuple(rest) for name, *rest in rows}, states(gone)


def test_who_only_looks_sees_the_alerts_as_the_run_of_that_day_told_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """New stays new on the same day; a day later it is ongoing; what is over is told, but not in a narrow scope."""
    b, c = ("b", "stockout", "critical"), ("c", "dead", "info")
    _, kept = life(alerts(A, c), None, DAY[0], EVERY)
    _, kept = life(alerts(A, b), kept, DAY[1], EVERY)
    last = (DAY[1], kept)
    told = {"a": ("ongoing", DAY[0], 2), "b": ("new", DAY[1], 1)}
    assert _standing(monkeypatch, alerts(A, b), DAY[1], last) == (told, {"c": "resolved"})
    later = {"b": ("ongoing", DAY[1], 2)}
    assert _standing(monkeypatch, alerts(b), DAY[2], last) == (later, {"a": "resolved"})
    assert _standing(monkeypatch, alerts(b), DAY[2], last, sku=["b"]) == (later, {})
    assert _standing(monkeypatch, alerts(b), DAY[2], None) == ({"b": ("new", DAY[2], 1)}, {})
