"""Every rule: a case in which it speaks, one in which it does not, its levels at the boundary, nulls, owners, ids."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.config import Settings
from stockturn.config.alerts import RULES as LEVELS
from stockturn.engine.alerts import RULES, evaluate, undecided
from stockturn.engine.alerts.evaluate import stable_ids
from stockturn.engine.alerts.registry import KEYS
from stockturn.i18n import LANGUAGES, has

CELL: dict[str, Any] = {
    "sku": "A", "warehouse": "W", "name": "Cup", "category": "Mugs", "supplier": "S", "owner": "Ann", "buyer": "Bo",
    "abc": "B", "on_hand": 50.0, "available": 50.0, "book_qty": 50.0, "position": 50.0, "demand_per_day": 2.0,
    "stopped": False, "lead_time_days": 10.0, "wait_days": 10.0, "safety_stock": 10.0, "reorder_point": 30.0,
    "order_up_to": 60.0, "unit_cost": 5.0, "stockout_date": date(2025, 3, 31), "days_to_stockout": 31,
    "excess_qty": 0.0, "excess_value": 0.0, "status": "active", "idle_days": 3, "value": 250.0, "negative_days": None,
    "sale_rate": 0.5, "short_cause": "demand_spike", "excess_cause": "moq",
    "action": "promote", "cash_back": 100.0,
}  # fmt: skip
CELL_TYPES = {
    name: pl.Float64 if isinstance(value, float) else pl.Int64 if name == "negative_days" else None
    for name, value in CELL.items()
}
EXPIRY = CELL | {
    "expiring_qty": 5.0,
    "expiring_value": 25.0,
    "next_expiry": date(2025, 3, 10),
    "days_to_expiry": 9,
}
ROWS: dict[str, dict[str, Any]] = {
    "cells": CELL,
    "expiries": EXPIRY,
    "late_orders": {
        "sku": "A", "warehouse": "W", "supplier": "S", "overdue_days": 3, "overdue_qty": 20.0, "overdue_value": 100.0,
    },
    "suppliers": {"supplier": "S", "on_time_rate": 0.7, "lateness_value": 900.0, "judged_lines": 10},
    "prices": {"sku": "A", "last_cost": 12.0, "mean_cost": 10.0, "last_qty": 7.0},
    "biases": {"sku": "A", "bias": -0.4, "periods": 6, "demand_value": 10.0, "demand_per_day": 2.0},
    "targets": {"category": "Mugs", "turnover": 4.0, "target": 8.0, "achievement": 0.5, "excess_capital": 70.0},
    "differences": {
        "sku": "A", "warehouse": "W", "book_qty": 100.0, "counted_qty": 90.0, "difference_qty": -10.0,
        "difference_value": -50.0, "counted_on": date(2025, 2, 28),
    },
    "rooms": {"warehouse": "W", "capacity": 1000.0, "used": 900.0, "value": 4500.0},
    "files": {"file": "sales.csv", "rows_read": 200, "refused": 2, "unread": False},
}  # fmt: skip


def found(frame: str, settings: dict[str, Any] | None = None, *changes: dict[str, Any]) -> pl.DataFrame:
    """Alerts of a frame with one row per dict of changes to its usual row."""
    rows = [ROWS[frame] | change for change in changes or ({},)]
    types = {name: dtype for name, dtype in CELL_TYPES.items() if dtype and name in ROWS[frame]}
    made = pl.DataFrame(rows, schema_overrides=types, infer_schema_length=None)
    chosen = Settings.model_validate({"alerts": settings or {}})
    return evaluate({frame: made}, chosen)[0]


def said(frame: str, rule: str, **change: Any) -> dict[str, Any] | None:
    """The alert of that rule for the usual row with these changes, None where it is silent."""
    rows = found(frame, None, change).filter(pl.col("rule") == rule)
    assert rows.height <= 1
    return rows.row(0, named=True) if rows.height else None


CASES: list[tuple[str, str, dict[str, Any], dict[str, Any], float | None]] = [
    # rule, frame, changes with which it speaks, changes with which it does not, the money worked out by hand
    ("stockout", "cells", {"available": 0.0, "wait_days": 5.0}, {"available": 0.5}, 2 * 5 * 5.0),
    ("stockout", "cells", {"available": -3.0}, {"available": 0.0, "demand_per_day": 0.0}, 2 * 10 * 5.0),
    ("stockout", "cells", {"available": 0.0}, {"available": 0.0, "stopped": True}, 100.0),
    ("projected_stockout", "cells", {"days_to_stockout": 7}, {"days_to_stockout": 11}, 2 * 3 * 5.0),
    ("below_safety", "cells", {"available": 4.0}, {"available": 10.0}, 6 * 5.0),
    ("below_reorder", "cells", {"position": 24.0}, {"position": 30.5}, 36 * 5.0),
    ("overstock", "cells", {"excess_qty": 30.0, "excess_value": 150.0}, {"excess_qty": 9.9}, 150.0),
    ("overstock", "cells", {"excess_qty": 30.0}, {"excess_qty": 30.0, "status": "dead"}, 0.0),
    ("dead", "cells", {"status": "dead", "idle_days": 200}, {"status": "stagnant"}, 250.0),
    ("stagnant", "cells", {"status": "stagnant", "idle_days": 100}, {"status": "misplaced"}, 250.0),
    ("slow", "cells", {"status": "slow", "idle_days": 70}, {"status": "active"}, 250.0),
    ("expiring", "expiries", {}, {"expiring_qty": 0.0}, 25.0),
    ("negative_stock", "cells", {"book_qty": -4.0, "negative_days": 2}, {"book_qty": 0.0}, 20.0),
    ("phantom_stock", "cells", {"idle_days": 40}, {"idle_days": 39}, 250.0),
    ("phantom_stock", "cells", {"idle_days": 400}, {"idle_days": 400, "status": "dead"}, 250.0),
    ("late_order", "late_orders", {}, {"overdue_days": 0}, 100.0),
    ("supplier_late", "suppliers", {}, {"on_time_rate": 0.81}, 900.0),
    ("supplier_late", "suppliers", {"judged_lines": 5}, {"judged_lines": 4}, 900.0),
    ("price_jump", "prices", {}, {"last_cost": 10.9}, 14.0),
    ("price_jump", "prices", {"last_cost": 8.0}, {"last_cost": 9.1}, 14.0),
    ("forecast_bias", "biases", {}, {"bias": 0.29}, 0.4 * 10 * 30),
    ("forecast_bias", "biases", {"periods": 3}, {"periods": 2}, 0.4 * 10 * 30),
    ("forecast_bias", "biases", {}, {"demand_per_day": 0.0}, 0.4 * 10 * 30),
    ("turnover_below_target", "targets", {}, {"achievement": 0.86}, 70.0),
    ("reconcile_difference", "differences", {}, {"difference_qty": 0.0}, 50.0),
    ("capacity", "rooms", {}, {"used": 849.0}, 4500.0),
    ("data_quality", "files", {}, {"refused": 0}, None),
    ("data_quality", "files", {"refused": 0, "unread": True}, {"refused": 0}, None),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "frame", "speaks", "silent", "money"), CASES)
def test_a_rule_speaks_and_is_silent(
    rule: str, frame: str, speaks: dict[str, Any], silent: dict[str, Any], money: float | None
) -> None:
    """Each rule speaks in one case with the money worked out by hand, and is silent in the other."""
    alert = said(frame, rule, **speaks)
    assert alert is not None
    assert alert["value"] == (pytest.approx(money) if money is not None else None)
    assert "{" not in alert["message"]
    assert "–" not in alert["message"]
    assert said(frame, rule, **silent) is None


def test_every_rule_has_a_case_levels_and_texts() -> None:
    """No rule without a test, a level, a message and a subject in every language."""
    assert {case[0] for case in CASES} == set(RULES) == set(LEVELS)
    for name, rule in RULES.items():
        assert LEVELS[name].limits(), name
        assert rule.frame in KEYS
        assert "Figure:" in rule.definition
        for lang in LANGUAGES:
            assert has(f"alerts.{name}", lang)
            assert has(f"alerts.subject_{name}", lang)
            assert has(f"codes.rule_{name}", lang)


BOUNDARIES: list[tuple[str, str, dict[str, Any], dict[str, Any], str, str | None]] = [
    # rule, frame, on the limit, just before it, level on it, level before it
    ("projected_stockout", "cells", {"days_to_stockout": 10}, {"days_to_stockout": 11}, "warning", None),
    ("below_safety", "cells", {"available": 5.0}, {"available": 5.1}, "warning", "info"),
    ("below_reorder", "cells", {"position": 30.0}, {"position": 30.1}, "info", None),
    ("overstock", "cells", {"excess_qty": 25.0}, {"excess_qty": 24.9}, "warning", "info"),
    ("overstock", "cells", {"excess_qty": 10.0}, {"excess_qty": 9.9}, "info", None),
    ("dead", "cells", {"status": "dead", "idle_days": 365}, {"status": "dead", "idle_days": 364}, "critical", "warning"),
    ("expiring", "expiries", {"days_to_expiry": 0}, {"days_to_expiry": 1}, "critical", "warning"),
    ("expiring", "expiries", {"days_to_expiry": 30}, {"days_to_expiry": 31}, "warning", "info"),
    ("expiring", "expiries", {"days_to_expiry": 90}, {"days_to_expiry": 91}, "info", None),
    ("negative_stock", "cells", {"book_qty": -1.0, "negative_days": 7}, {"book_qty": -1.0, "negative_days": 6},
     "critical", "warning"),
    ("late_order", "late_orders", {"overdue_days": 7}, {"overdue_days": 6}, "critical", "warning"),
    ("supplier_late", "suppliers", {"on_time_rate": 0.8}, {"on_time_rate": 0.801}, "warning", None),
    ("supplier_late", "suppliers", {"on_time_rate": 0.5}, {"on_time_rate": 0.501}, "critical", "warning"),
    ("price_jump", "prices", {"last_cost": 11.0}, {"last_cost": 10.99}, "warning", None),
    ("price_jump", "prices", {"last_cost": 13.0}, {"last_cost": 12.99}, "critical", "warning"),
    ("forecast_bias", "biases", {"bias": 0.3}, {"bias": 0.299}, "warning", None),
    ("turnover_below_target", "targets", {"achievement": 0.85}, {"achievement": 0.851}, "warning", None),
    ("capacity", "rooms", {"used": 1000.0}, {"used": 999.0}, "critical", "warning"),
    ("reconcile_difference", "differences", {"counted_qty": 95.0, "difference_qty": -5.0},
     {"counted_qty": 96.0, "difference_qty": -4.0}, "warning", "info"),
    ("data_quality", "files", {"refused": 2}, {"refused": 1}, "warning", "info"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "frame", "on", "before", "level", "below"), BOUNDARIES)
def test_a_limit_counts_from_itself_on(
    rule: str, frame: str, on: dict[str, Any], before: dict[str, Any], level: str, below: str | None
) -> None:
    """On the limit the level holds, just before it the one below."""
    alert, weaker = said(frame, rule, **on), said(frame, rule, **before)
    assert alert is not None
    assert alert["level"] == level
    assert (weaker["level"] if weaker else None) == below


@pytest.mark.parametrize("frame", sorted(ROWS))
def test_nulls_raise_no_alert(frame: str) -> None:
    """A row of which nothing is known but its name is no alert."""
    keys = KEYS[frame]
    blank = {name: None for name in ROWS[frame] if name not in keys}
    made = pl.DataFrame([ROWS[frame], ROWS[frame] | blank], infer_schema_length=None).tail(1)
    alerts, looked_at = evaluate({frame: made}, Settings())
    assert alerts.height == 0
    assert looked_at == {rule.name for rule in RULES.values() if rule.frame == frame}


@pytest.mark.parametrize(
    "name", ["available", "position", "status", "demand_per_day", "safety_stock", "unit_cost"]
)
def test_one_null_silences_only_what_needs_it(name: str) -> None:
    """A missing figure never becomes an alert of its own, and a missing cost never hides one."""
    bad = {"available": 0.0, "position": 0.0, "status": "dead", "idle_days": 200}
    rules = set(found("cells", None, bad | {name: None})["rule"])
    expected = {
        "available": {"below_reorder", "dead"},
        "position": {"stockout", "dead"},
        "status": {"stockout", "phantom_stock"},
        "demand_per_day": {"dead"},
        "safety_stock": {"stockout", "dead"},
        "unit_cost": {"stockout", "dead"},
    }
    assert rules == expected[name]


def test_the_worst_of_a_family_alone_is_shown() -> None:
    """stockout > projected_stockout > below_safety > below_reorder: each cell shows the first that holds."""
    low = {"position": 0.0, "days_to_stockout": 1}
    rows = [
        low | {"sku": "out", "available": 0.0},
        low | {"sku": "soon", "available": 1.0},
        low | {"sku": "safety", "available": 1.0, "days_to_stockout": 40},
        low | {"sku": "point", "available": 40.0, "days_to_stockout": 40},
    ]
    alerts = found("cells", None, *rows).sort("sku")
    assert dict(alerts.select("sku", "rule").iter_rows()) == {
        "out": "stockout",
        "soon": "projected_stockout",
        "safety": "below_safety",
        "point": "below_reorder",
    }


def test_a_level_that_is_off_lets_the_next_of_the_family_speak() -> None:
    """A rule that gives no level to a cell does not hide the next one."""
    never = {"rules": {"stockout": {"critical": "never", "classes": {}}}}
    rules = found("cells", never, {"available": 0.0, "position": 0.0})["rule"].to_list()
    assert rules == ["below_reorder"]
    off = {"rules": {"stockout": {"on": False}}}
    assert found("cells", off, {"available": 0.0, "position": 0.0})["rule"].to_list() == ["below_reorder"]


def test_levels_by_category_before_class_before_all() -> None:
    """Class C gets a warning for a stockout by default; a category of one's own goes before its class."""
    rows = [{"sku": abc, "available": 0.0, "abc": abc} for abc in ("A", "C")]
    rows.append({"sku": "own", "available": 0.0, "abc": "C", "category": "Fresh"})
    config = {"rules": {"stockout": {"categories": {"Fresh": {"critical": 4}}}}}
    levels = dict(found("cells", config, *rows).select("sku", "level").iter_rows())
    assert levels == {"A": "critical", "C": "warning", "own": "critical"}


def test_owners() -> None:
    """Stock short goes to the buyer, stock too old to the owner, then to the other, then to the default."""
    short, old = {"available": 0.0}, {"status": "dead", "sku": "B", "idle_days": 200}
    owners = dict(found("cells", None, short, old).select("rule", "owner").iter_rows())
    assert owners == {"stockout": "Bo", "dead": "Ann"}
    nobody = {"buyer": "(none)", "available": 0.0}
    assert found("cells", None, nobody)["owner"].to_list() == ["Ann"]
    nobody |= {"owner": None}
    assert found("cells", None, nobody)["owner"].to_list() == ["(none)"]
    assert found("cells", {"default_owner": "Cy"}, nobody)["owner"].to_list() == ["Cy"]
    assert found("cells", {"rules": {"stockout": {"owner": "Di"}}}, short)["owner"].to_list() == ["Di"]


def test_causes_stand_beside_stock_alerts() -> None:
    """Short stock carries the cause of shortage, old stock that of excess, others none."""
    assert (said("cells", "stockout", available=0.0) or {})["root_cause"] == "demand_spike"
    assert (said("cells", "dead", status="dead", idle_days=200) or {})["root_cause"] == "moq"
    assert (said("late_orders", "late_order") or {})["root_cause"] is None


def test_an_absent_input_is_not_looked_at() -> None:
    """Rules without their input are not among those looked at, and raise nothing."""
    alerts, looked_at = evaluate({"cells": None}, Settings())
    assert (alerts.height, looked_at) == (0, frozenset())


@pytest.mark.parametrize(
    ("frame", "change", "rules"),
    [
        ("cells", {}, set()),
        ("cells", {"available": None}, {"availability"}),
        ("cells", {"demand_per_day": 0.0, "available": None}, set()),
        ("cells", {"demand_per_day": None, "position": None}, {"availability"}),
        ("cells", {"status": None}, {"idle"}),
        ("cells", {"status": "dead", "idle_days": None}, {"idle"}),
        ("cells", {"excess_qty": None}, {"overstock"}),
        ("cells", {"book_qty": None}, {"negative_stock"}),
        ("cells", {"book_qty": 0.0, "idle_days": None, "sale_rate": None}, set()),
        ("expiries", {"expiring_qty": None}, {"expiring"}),
        ("suppliers", {"on_time_rate": None}, {"supplier_late"}),
        ("suppliers", {"on_time_rate": None, "judged_lines": 1}, set()),
        ("targets", {"achievement": None}, {"turnover_below_target"}),
        ("rooms", {"used": None}, {"capacity"}),
    ],
)
def test_what_is_not_known_is_not_judged(frame: str, change: dict[str, Any], rules: set[str]) -> None:
    """The rows that a rule could not judge, by the families that miss a figure; known to be false is judged."""
    row = ROWS[frame] | change
    types = {name: dtype for name, dtype in CELL_TYPES.items() if dtype and name in row}
    made = pl.DataFrame([row], schema_overrides=types, infer_schema_length=None)
    keys = {
        name: row.get(name) if name in KEYS[frame] else None
        for name in ("sku", "warehouse", "supplier", "category")
    }
    families = [{"family": rule, **keys, "file": None} for rule in sorted(rules)]
    texts = dict.fromkeys(("family", *keys, "file"), pl.String)
    assert undecided({frame: made}, Settings()) == frozenset(stable_ids(pl.DataFrame(families, schema=texts)))
    assert undecided({frame: None}, Settings()) == frozenset()


def test_ids_know_the_family_and_the_scope_only() -> None:
    """Neither level nor value nor rule within the family changes an id; sku, warehouse and family do."""
    mild = said("cells", "below_safety", available=9.0)
    grave = said("cells", "stockout", available=0.0, value=9e9, supplier="T", category="Other")
    assert mild is not None
    assert grave is not None
    assert mild["id"] == grave["id"]
    others = found(
        "cells",
        None,
        {"available": 0.0},
        {"available": 0.0, "sku": "B"},
        {"available": 0.0, "warehouse": "V"},
    )
    assert others["id"].n_unique() == 3
    both = found("cells", None, {"available": 0.0, "status": "dead", "idle_days": 200})
    assert both["id"].n_unique() == 2


def slow_id(parts: list[str | None]) -> str:
    """The id in plain Python: FNV-1a over code points, MurmurHash3's finish, the first 12 digits."""
    mask = (1 << 64) - 1
    mixed = 0xCBF29CE484222325
    for sign in "\x1f".join("\x1e" if part is None else part for part in parts):
        mixed = ((mixed ^ ord(sign)) * 0x100000001B3) & mask
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        mixed = ((mixed ^ (mixed >> 33)) * factor) & mask
    mixed ^= mixed >> 33
    return f"{mixed:016x}"[:12]


plain = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs",)), max_size=8)


@given(st.lists(st.tuples(plain, st.none() | plain), min_size=1, max_size=8))
def test_ids_equal_the_plain_ones(rows: list[tuple[str, str | None]]) -> None:
    """All rows at once give what one row at a time gives, in any script."""
    frame = pl.DataFrame(rows, schema={"sku": pl.String, "warehouse": pl.String}, orient="row")
    assert stable_ids(frame).to_list() == [slow_id(list(row)) for row in rows]


def test_ids_of_a_hundred_thousand_cells_differ() -> None:
    """Short ids are long enough."""
    skus = [f"{number:06}" for number in range(50_000)]
    frame = pl.DataFrame({"sku": skus * 2, "warehouse": ["上海"] * 50_000 + ["Wien"] * 50_000})
    assert stable_ids(frame).n_unique() == 100_000
    spread = hashlib.sha256("".join(stable_ids(frame.head(10))).encode()).hexdigest()
    assert (
        spread
        == hashlib.sha256("".join(slow_id(list(r)) for r in frame.head(10).iter_rows()).encode()).hexdigest()
    )


def test_messages_in_both_languages() -> None:
    """The language changes the message and nothing else."""
    frames = {name: pl.DataFrame([row]) for name, row in ROWS.items() if name != "cells"}
    english, chinese = (evaluate(frames, Settings.model_validate({"lang": lang}))[0] for lang in LANGUAGES)
    assert english.drop("message").equals(chinese.drop("message"))
    assert not set(english["message"]) & set(chinese["message"])
