"""The supplier scorecard and the sheets that are sent: figures by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.engine.replenish import scorecard
from tests.unit.reorder_made import AS_OF, company, day, run, table


def received(
    no: str, ordered: int, promised: int, came: int, qty: float = 10.0, **more: Any
) -> dict[str, Any]:
    """A line of ten units, in one receipt."""
    return {
        "sku": "A", "supplier": "S", "warehouse": "W", "doc_no": no, "line_no": "1", "order_date": day(ordered),
        "promised_date": day(promised), "received_date": day(came), "qty_ordered": 10.0, "qty_received": qty,
        "unit_cost": 2.0, **more,
    }  # fmt: skip


def card(*orders: dict[str, Any], **settings: Any) -> dict[str, dict[str, Any]]:
    """The scorecard of a company that sells 4 A and 1 B a day at 2 and 5 a piece."""
    cells = [{"sku": "A", "rate": 4, "cost": 2.0}, {"sku": "B", "rate": 1, "cost": 5.0, "supplier": "T"}]
    chosen = Settings.model_validate({"reorder": settings})
    found = scorecard(company(*cells, orders=table("orders", *orders)), chosen)
    return {row["supplier"]: row for row in found.to_dicts()}


def test_a_scorecard_by_hand() -> None:
    """Three receipts of S (10, 12 and 20 days, one short and late), one of T; an open order of S."""
    found = card(
        received("1", -60, -50, -50),
        received("2", -50, -38, -38, unit_cost=2.2),
        received("3", -40, -30, -20, qty=6.0, unit_cost=2.4),
        received("4", -40, -35, -34, sku="B", supplier="T", unit_cost=5.0),
        received("5", -5, 9, 0) | {"received_date": None, "qty_received": None, "qty_open": 10.0},
    )
    s = found["S"]
    assert (s["receipts"], s["lead_time_days"], s["min_days"], s["max_days"]) == (3, 14, 10, 20)
    assert s["lead_time_sd"] == pytest.approx(28**0.5)
    assert (s["closed_lines"], s["on_time_lines"], s["open_lines"]) == (3, 2, 1)
    assert (s["on_time_rate"], s["late_receipts"]) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert (s["late_days"], s["full_rate"]) == (pytest.approx(10 / 3), pytest.approx(2 / 3))
    assert s["qty_accuracy"] == pytest.approx(1 - 4 / 30)
    assert s["spend"] == pytest.approx(20 + 22 + 14.4)
    assert s["price_change"] == pytest.approx(0.2)
    assert s["open_value"] == 20
    assert found["T"]["price_change"] is None


def test_each_day_of_lateness_costs_safety_stock() -> None:
    """1.645 x 4 units a day at 2 for S; times the spread there is."""
    found = card(received("1", -60, -50, -50), received("2", -50, -38, -36))["S"]
    assert found["stock_per_late_day"] == pytest.approx(1.6448536 * 4)
    assert found["value_per_late_day"] == pytest.approx(1.6448536 * 8)
    assert found["lateness_value"] == pytest.approx(1.6448536 * 8 * 8**0.5)


def test_a_supplier_with_open_orders_alone_is_on_the_card() -> None:
    """No receipt yet: no lead time, and no division by nothing."""
    line = received("5", -5, -1, 0) | {"received_date": None, "qty_received": None, "qty_open": 10.0}
    found = card(line)["S"]
    assert (found["receipts"], found["lead_time_days"], found["on_time_rate"]) == (0, None, 0)


def test_receipts_without_a_promise_say_nothing_about_punctuality() -> None:
    """Two closed lines that promised nothing and an old open one: no rate, where the open one alone would say 0."""
    closed = [received(no, -60, -50, -50) | {"promised_date": None} for no in ("1", "2")]
    old = received("3", -50, 0, 0) | {"received_date": None, "qty_received": None, "qty_open": 10.0}
    s = card(*closed, old | {"promised_date": None})["S"]
    assert (s["closed_lines"], s["old_lines"], s["on_time_rate"]) == (2, 1, None)


def test_what_is_sent_to_suppliers() -> None:
    """Requests hold what is to order now, the VMI sheet the goods the supplier looks after; nothing in both."""
    cells = [
        {"sku": "A", "name": "Bowl", "unit": "pcs", "rate": 4, "cost": 2.0},
        {"sku": "B", "rate": 1, "supplier": "T"},
        {"sku": "C", "rate": 1, "on_hand": 900},
    ]
    found = run(company(*cells), suppliers={"T": {"vmi": True}})
    line = found.requests.row(0, named=True)
    assert found.requests["sku"].to_list() == ["A"]
    assert (line["name"], line["unit"], line["supplier"]) == ("Bowl", "pcs", "S")
    assert line["order_value"] == line["suggested_qty"] * 2
    assert line["expected_on"] == day(14)
    assert found.vmi["sku"].to_list() == ["B"]
    ahead = found.plan.filter(pl.col("sku") == "B")["forecast_qty"].sum()
    assert found.vmi["forecast_qty"][0] == pytest.approx(ahead)
    assert found.requests["order_value"].sum() == found.supplier_orders.filter("now")["order_value"].sum()
    assert line["order_date"] == AS_OF
