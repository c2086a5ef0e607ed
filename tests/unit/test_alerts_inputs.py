"""From a ledger to what the rules look at, and the causes beside it: figures worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.engine.alerts import RULES, alert_frames, evaluate
from stockturn.engine.alerts.causes import excess_cause, short_cause, with_suggestion
from stockturn.engine.reorder_cells import Known
from stockturn.engine.run import Run
from stockturn.model import Ledger
from tests.moves import day

AS_OF = date(2024, 6, 30)


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    """A frame from rows that name only what they know."""
    return pl.DataFrame(rows, infer_schema_length=None)


def move(
    when: date, sku: str, qty: float, kind: str, warehouse: str = "W", cost: float | None = None
) -> dict[str, Any]:
    """One movement."""
    return {"date": when, "sku": sku, "qty": qty, "kind": kind, "warehouse": warehouse, "unit_cost": cost}


def ledger() -> Ledger:
    """Half a year: A sells 2 a day and is nearly out, B lies, N is sold below zero, E will expire, P got dearer."""
    start = date(2024, 1, 1)
    days = [start + timedelta(days=n) for n in range(182)]
    moves = [
        move(start, sku, qty, "purchase", cost=10.0) for sku, qty in (("A", 370.0), ("B", 40.0), ("N", 5.0))
    ]
    moves += [move(start, "E", 100.0, "purchase", cost=2.0), move(start, "P", 100.0, "purchase", cost=10.0)]
    moves += [move(AS_OF - timedelta(days=3), "P", 20.0, "purchase", cost=12.0)]
    moves += [move(day, "A", -2.0, "sale") for day in days]
    moves += [move(date(2024, 6, 20), "N", -9.0, "sale"), move(date(2024, 6, 30), "P", -1.0, "sale")]
    moves += [move(AS_OF, "E", -1.0, "sale")]
    stock = [
        {"as_of": date(2023, 12, 31), "sku": sku, "on_hand": 0.0, "warehouse": "W"}
        for sku in ("A", "B", "N", "E", "P")
    ]
    stock.append({"as_of": AS_OF, "sku": "B", "on_hand": 38.0, "warehouse": "W"})
    orders = [
        {"order_date": date(2024, 5, 1), "sku": "A", "qty_ordered": 50.0, "qty_open": 50.0, "supplier": "S",
         "warehouse": "W", "promised_date": date(2024, 6, 20), "doc_no": "PO9", "line_no": "1", "unit_cost": 10.0},
    ]  # fmt: skip
    for number in range(6):
        came = date(2024, 2, 1) + timedelta(days=20 * number)
        orders.append(
            {"order_date": came - timedelta(days=10), "sku": "B", "qty_ordered": 1.0, "qty_received": 1.0, "supplier": "S",
             "warehouse": "W", "promised_date": came - timedelta(days=5 if number else 0), "received_date": came,
             "doc_no": f"PO{number}", "line_no": "1", "unit_cost": 10.0}
        )  # fmt: skip
    return Ledger.of(
        movements=table(*moves),
        stock=table(*stock),
        items=table(
            *({"sku": sku, "name": f"Item {sku}", "category": "Cups", "supplier": "S", "owner": "Ann", "buyer": "Bo",
               "lead_time_days": 7.0} for sku in ("A", "B", "N", "E", "P"))
        ),
        orders=table(*orders),
        batches=table(
            {"batch": "L1", "sku": "E", "warehouse": "W", "qty_left": 99.0, "expiry": date(2024, 7, 10)}
        ),
        warehouses=table({"warehouse": "W", "capacity": 250.0}),
    )  # fmt: skip


@pytest.fixture(scope="module")
def frames() -> dict[str, pl.DataFrame | None]:
    """The frames of that ledger, with a target."""
    return alert_frames(Run(ledger(), SETTINGS))


SETTINGS = Settings.model_validate({"turnover": {"targets": {"category": {"Cups": 50.0}}}})


def row(frame: pl.DataFrame | None, **key: str) -> dict[str, Any]:
    """The one row of that key."""
    assert frame is not None
    found = frame.filter(pl.col(name) == value for name, value in key.items())
    assert found.height == 1
    return found.row(0, named=True)


def test_cells(frames: dict[str, pl.DataFrame | None]) -> None:
    """Balances, days below zero, days until goods come, pace of sales."""
    a, n, b = (row(frames["cells"], sku=sku) for sku in "ANB")
    assert (a["book_qty"], a["available"], a["long_per_day"]) == (6.0, 6.0, pytest.approx(2.0))
    assert a["demand_per_day"] == pytest.approx(2.0, abs=0.1)  # the forecast's
    assert a["sale_rate"] == 1.0
    assert (
        a["wait_days"] == a["lead_time_days"]
    )  # its only order is past its promise: nobody knows when it comes
    assert (n["book_qty"], n["negative_days"]) == (-4.0, 11)  # 20 to 30 June, both counted
    assert (b["status"], b["idle_days"], b["negative_days"]) == ("dead", 181, None)
    assert (a["owner"], a["buyer"], a["category"]) == ("Ann", "Bo", "Cups")


def test_orders_suppliers_prices(frames: dict[str, pl.DataFrame | None]) -> None:
    """Ten days late, one of seven lines on time, twelve after ten."""
    late = row(frames["late_orders"], sku="A")
    assert (late["overdue_days"], late["overdue_qty"], late["overdue_value"]) == (10, 50.0, 500.0)
    supplier = row(frames["suppliers"], supplier="S")
    assert supplier["judged_lines"] == 7
    assert supplier["on_time_rate"] == pytest.approx(1 / 7)
    assert (supplier["owner"], supplier["buyer"]) == ("Ann", "Bo")
    price = row(frames["prices"], sku="P")
    assert (price["last_cost"], price["mean_cost"], price["last_qty"]) == (12.0, 10.0, 20.0)
    assert frames["prices"] is not None
    assert frames["prices"]["sku"].to_list() == ["P"]  # the others were bought longer ago than recent_days


def test_counts_rooms_expiry_targets(frames: dict[str, pl.DataFrame | None]) -> None:
    """A count two short, a warehouse nearly full, a batch that cannot sell, a target out of reach."""
    count = row(frames["differences"], sku="B")
    assert (count["book_qty"], count["counted_qty"], count["difference_value"]) == (
        40.0,
        38.0,
        pytest.approx(-20.0),
    )
    assert row(frames["rooms"], warehouse="W")["used"] == 6 + 38 + 99 + 119
    expiry = row(frames["expiries"], sku="E")
    assert expiry["days_to_expiry"] == 10
    assert expiry["expiring_qty"] == pytest.approx(99 - 10 * expiry["demand_per_day"], abs=1)
    assert row(frames["targets"], category="Cups")["target"] == 50.0


def test_the_alerts_of_the_ledger(frames: dict[str, pl.DataFrame | None]) -> None:
    """What a planner would say of that company, and nothing twice."""
    alerts, looked_at = evaluate(frames, SETTINGS)
    said = {
        (r["rule"], r["sku"] or r["supplier"] or r["category"] or r["warehouse"])
        for r in alerts.iter_rows(named=True)
    }
    for expected in [
        ("late_order", "A"), ("dead", "B"), ("negative_stock", "N"), ("expiring", "E"),
        ("price_jump", "P"), ("supplier_late", "S"), ("turnover_below_target", "Cups"), ("reconcile_difference", "B"),
        ("capacity", "W"),
    ]:  # fmt: skip
        assert expected in said
    assert alerts["id"].n_unique() == alerts.height
    assert looked_at == set(RULES) - {"data_quality"}  # frames in memory come from no file


def test_what_is_absent_is_not_looked_at() -> None:
    """Sales alone say nothing of stock, orders, expiry, capacity, targets."""
    sales = [move(date(2024, month, 5), "A", -1.0, "sale") for month in range(1, 7)]
    frames = alert_frames(Run(Ledger.of(movements=table(*sales)), Settings()))
    there = {name for name, frame in frames.items() if frame is not None}
    assert there <= {"biases"}
    _, looked_at = evaluate(frames, Settings())
    assert looked_at <= {"forecast_bias"}


SHORT: dict[str, Any] = {
    "overdue_qty": 0.0, "short_per_day": 2.0, "long_per_day": 2.0, "safety_stock": 5.0, "lead_time_source": "measured",
    "due_days": 4,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"overdue_qty": 5.0, "short_per_day": 9.0}, "supplier_late"),
        ({"short_per_day": 3.1}, "demand_spike"),
        ({"short_per_day": 3.0}, None),
        ({"safety_stock": 0.0}, "parameter"),
        ({"lead_time_source": "default"}, "parameter"),
        ({"due_days": None}, "ordered_late"),
    ],
)
def test_why_goods_are_short(change: dict[str, Any], expected: str | None) -> None:
    """Late supplier before spike before parameters before a late order; nothing where nothing points to a cause."""
    typed = {"due_days": pl.Int64}
    figures = pl.DataFrame([SHORT | change], schema_overrides=typed)
    assert figures.select(short_cause(Settings()).alias("cause")).item() == expected


EXCESS: dict[str, Any] = {
    "before_per_day": 1.0, "lead_time_days": 10.0, "review_days": 10.0, "last_in_qty": 40.0, "last_kind": "purchase",
    "moq": 1.0, "short_per_day": 1.0, "long_per_day": 1.0, "was_suggested": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"last_in_qty": 40.5}, "above_suggestion"),
        ({"moq": 40.0}, "moq"),
        ({"moq": 20.0, "last_in_qty": 20.0}, None),
        ({"last_kind": "sale_return"}, "return"),
        ({"short_per_day": 0.49}, "demand_drop"),
        ({"short_per_day": 0.5}, None),
        ({"was_suggested": 36.0}, "above_suggestion"),
        ({"was_suggested": 0.0, "moq": 40.0}, "above_suggestion"),
        ({"was_suggested": 37.0}, None),
        ({"was_suggested": 500.0, "last_in_qty": 500.0}, None),
        ({"was_suggested": 40.0, "moq": 40.0}, "moq"),
    ],
)
def test_why_too_much_is_there(change: dict[str, Any], expected: str | None) -> None:
    """What was suggested decides, with a tenth to spare; without it twice the need of lead time and review, 20."""
    figures = pl.DataFrame([EXCESS | change], schema_overrides={"was_suggested": pl.Float64})
    assert figures.select(excess_cause(Settings()).alias("cause")).item() == expected


def test_a_ledger_without_sales_calls_nothing_too_much_or_dead() -> None:
    """A stock list alone: rules that need demand are not looked at, a negative balance is told all the same."""
    stock = pl.DataFrame(
        {"as_of": [day(200)] * 2, "sku": ["A", "B"], "warehouse": "W", "on_hand": [10.0, -3.0]}
    )
    alerts, looked_at = evaluate(alert_frames(Run(Ledger.of(stock=stock), Settings())), Settings())
    assert alerts["rule"].to_list() == ["negative_stock"]
    assert not looked_at & {
        "stockout",
        "below_reorder",
        "overstock",
        "dead",
        "stagnant",
        "slow",
        "phantom_stock",
    }
    assert [note.key for note in Run(Ledger.of(stock=stock), Settings()).deadstock_notes()] == ["no_sales"]


def test_which_suggestion_was_in_force() -> None:
    """Runs of day 10 and 30; A was ordered on day 20 as its order says, B a lead time of 5 before day 40, C before any
    run. B had no suggestion on day 30: 0 was suggested."""
    cells = pl.LazyFrame(
        {
            "sku": ["A", "B", "C"],
            "warehouse": "W",
            "came_on": [day(40)] * 2 + [day(12)],
            "lead_time_days": 5.0,
        }
    )
    came = pl.LazyFrame(
        {"sku": ["A"], "warehouse": ["W"], "received_date": [day(40)], "order_date": [day(20)]}
    )
    kept = pl.DataFrame(
        {
            "made_on": [day(10), day(10), day(30)],
            "sku": ["A", "B", "A"],
            "warehouse": "W",
            "suggested_qty": [7.0, 8.0, 9.0],
        }
    )
    blank = pl.DataFrame()
    made = with_suggestion(cells, Known(blank, blank, came, blank), kept).sort("sku").collect()
    assert made["was_suggested"].to_list() == [7.0, 0.0, None]
    assert (
        with_suggestion(cells, Known(blank, blank, came, blank), None).collect()["was_suggested"].null_count()
        == 3
    )
