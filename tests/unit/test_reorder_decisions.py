"""What is ordered: policies, position by dates, caps, transfers, order changes, minimum orders, budget, plan."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from stockturn.engine.outlook import flat, outlook
from stockturn.engine.projection import Scheduled, run_down
from tests.unit.reorder_made import AS_OF, company, day, normal_sums, row, run, table

STEADY = {"sku": "A", "on_hand": 12, "rate": 6.2, "lead_time_days": 3, "order_multiple": 12, "moq": 24}


def order(qty: float, due: int | None, **more: Any) -> dict[str, Any]:
    """An open order line, due so many days after as_of."""
    return {
        "sku": "A", "warehouse": "W", "supplier": "S", "order_date": day(-10), "qty_ordered": qty, "unit_cost": 2.0,
        "promised_date": None if due is None else day(due), "doc_no": f"PO{qty}{due}", "line_no": "1", **more,
    }  # fmt: skip


def test_the_example_of_the_contract() -> None:
    """S 41 = 6.2/day x (3 + 2 days) + safety 10; position 12; need 29; MOQ 24 met; packs of 12 -> 36."""
    sd = 10 / 1.6448536269514722 / 5**0.5
    found = row(
        company(STEADY, sums=normal_sums(("A", "W", 6.2, sd)), bucket="day"),
        review_days=2,
        service_level=0.95,
    )
    assert found["order_up_to"] == pytest.approx(41)
    assert (found["position"], found["need_qty"], found["suggested_qty"]) == (12, 29, 36)
    assert found["action"] == "buy"
    for part in (
        "S 41 ",
        "3 d lead + 2 d review",
        "safety 10;",
        "= position 12",
        "need 29",
        "MOQ 24 met",
        "packs of 12 → 36",
    ):
        assert part in found["reason"]


@pytest.mark.parametrize(
    ("settings", "point", "up_to", "need"),
    [
        # demand 10 a day, L 4, R 6, sd 3 a day: SS(L) = 1.6449 * 6 = 9.869, SS(L+R) = 1.6449 * 3 * sqrt(10) = 15.604
        ({"policy": "rs"}, 49.869, 115.604, 85.6),
        ({"policy": "jit"}, 40, 100, 70),
        (
            {"policy": "sS"},
            115.604,
            115.604 + 191,
            276.6,
        ),  # EOQ sqrt(2 * 5 * 3650 / 1) = 191.05 -> 192 in packs
        ({"policy": "rop"}, 49.869, 49.869 + 192, 192),
    ],
)
def test_each_policy_by_hand(settings: dict[str, Any], point: float, up_to: float, need: float) -> None:
    """The levels of every policy from the same item."""
    cell = {"on_hand": 30, "rate": 10, "lead_time_days": 4, "cost": 5, "order_multiple": 1}
    if settings["policy"] in ("rop", "sS"):
        cell["order_multiple"] = 192 if settings["policy"] == "rop" else 1
    inputs = company(cell, sums=normal_sums(("A", "W", 10, 3)), bucket="day")
    found = row(inputs, review_days=6, service_level=0.95, order_cost=5, holding_rate=0.2, **settings)
    extra = 1 if settings["policy"] == "sS" else 0  # the lot is the EOQ rounded up to whole units
    assert found["reorder_point"] == pytest.approx(point, abs=1e-3)
    assert found["order_up_to"] == pytest.approx(up_to + extra, abs=1e-3)
    assert found["need_qty"] == pytest.approx(need + extra, abs=0.011)


def test_min_max_takes_the_item_and_triggers_at_the_minimum() -> None:
    """At the minimum itself it orders up to the maximum; above it nothing; without both numbers it is rs and says so."""
    cell = {"rate": 1, "min_stock": 10, "max_stock": 40, "lead_time_days": 5}
    assert row(company(cell | {"on_hand": 10}), policy="minmax")["suggested_qty"] == 30
    above = row(company(cell | {"on_hand": 11}), policy="minmax")
    assert (above["suggested_qty"], "position above 10" in above["reason"]) == (0, True)
    without = row(company({"rate": 1, "on_hand": 0}), policy="minmax")
    assert (without["policy"], "minimum or maximum missing" in without["reason"]) == ("rs", True)


def test_an_item_without_demand_is_not_ordered() -> None:
    """Not by its MOQ and not by any policy; a discontinued one neither, and that is said."""
    for policy in ("rs", "sS", "rop", "jit"):
        found = row(company({"on_hand": 0, "moq": 24}), policy=policy)
        assert (found["suggested_qty"], found["cover_days"], found["stockout_date"]) == (0, None, None)
        assert "no demand expected" in found["reason"]
    owed = row(company({"on_hand": 0, "reserved": 5.0}))
    assert (owed["suggested_qty"], owed["position"]) == (5, -5)  # promised goods are asked for
    gone = row(company(STEADY | {"status": "停产"}))
    assert (gone["suggested_qty"], "discontinued" in gone["reason"]) == (0, True)


def test_open_orders_count_by_their_dates() -> None:
    """Within L + R: in the position; later: in on_order alone, named; overdue: counted, to be pressed for."""
    lines = [order(20, 4), order(30, 60), order(10, -8)]
    found = row(company(STEADY, orders=table("orders", *lines)), review_days=2)
    assert (found["on_order"], found["position"]) == (60, 12 + 20 + 10)
    assert "30 on order due after 5 d" in found["reason"]
    assert "10 on order overdue, up to 8 d" in found["reason"]


def test_an_order_without_warehouse_counts_where_demand_is() -> None:
    """It is put on the warehouse that sells most, and said."""
    cells = [STEADY | {"warehouse": "W1", "rate": 1}, STEADY | {"warehouse": "W2", "rate": 5}]
    found = run(company(*cells, orders=table("orders", order(20, 4, warehouse=None)))).reorder
    assert dict(found.select("warehouse", "on_order").rows()) == {"W1": 0, "W2": 20}
    assert "orders without warehouse" in found["reason"][1]


def test_reserved_goods_are_not_available() -> None:
    """Ten of twelve are promised: the position is 2, and stock is out on the first day."""
    found = row(company(STEADY | {"reserved": 10.0}), review_days=2)
    assert (found["position"], found["stockout_date"]) == (2, day(1))


def test_dates_by_hand() -> None:
    """12 left at 6 a day: out at the end of day 2; below the safety stock of 5 on day 2; ordered 3 days before that.
    A receipt of 12 on day 2 comes before the day's demand: out on day 4."""
    cell = STEADY | {"rate": 6}
    sums = normal_sums(("A", "W", 6, 5 / 1.6448536269514722 / 5**0.5))
    found = row(company(cell, sums=sums, bucket="day"), review_days=2, service_level=0.95)
    assert found["safety_stock"] == pytest.approx(5)
    assert (found["stockout_date"], found["need_by"], found["order_by"]) == (day(2), day(2), day(-1))
    assert (found["cover_days"], found["late_days"]) == (2, 1)
    later = row(company(cell, sums=sums, bucket="day", orders=table("orders", order(12, 2))), review_days=2)
    assert (later["stockout_date"], later["cover_days"]) == (day(4), 2)


def slow_run_down(rate: float, available: float, floor: float, lines: list[tuple[int, float]]) -> float:
    """Day by day."""
    for number in range(2000):
        came = sum(qty for due, qty in lines if due <= number)
        if available + came - rate * number <= floor + 1e-6:
            return number
    return np.inf


def test_running_down_equals_walking_day_by_day() -> None:
    """Random cells and receipts, vectorised against a loop over days."""
    rng = np.random.default_rng(5)
    count = 60
    rate = np.where(rng.random(count) < 0.1, 0.0, rng.uniform(0.2, 9, count))
    available, floor = rng.uniform(-5, 80, count), rng.uniform(0, 10, count)
    cell = np.sort(rng.integers(0, count, 90))
    due = rng.integers(1, 30, 90).astype(float)
    order_ = np.lexsort((due, cell))
    cell, due, qty = cell[order_], due[order_], np.round(rng.uniform(1, 40, 90), 1)
    lines = Scheduled(pl.DataFrame(), cell, due, qty, np.zeros(90))
    found = run_down(flat(rate), available, floor, lines)
    for at in range(count):
        mine = [(int(d), q) for c, d, q in zip(cell, due, qty, strict=True) if c == at]
        assert found[at] == slow_run_down(rate[at], available[at], floor[at], mine), at


def test_the_forecast_is_read_by_its_buckets() -> None:
    """as_of in the middle of January: 17 of its 31 days are left; February as a whole; then the mean goes on."""
    forecast = pl.DataFrame(
        {
            "sku": ["A", "A"],
            "warehouse": ["W", "W"],
            "period": [date(2025, 1, 1), date(2025, 2, 1)],
            "mean": [31.0, 56.0],
        }
    )
    cells = pl.DataFrame({"sku": ["A", "B"], "warehouse": ["W", "W"]})
    curve = outlook(forecast, np.array([9.0, 2.0]), cells, date(2025, 1, 14), "month")
    assert curve.until(17)[0] == pytest.approx(17)
    assert curve.until(45)[0] == pytest.approx(17 + 56)
    assert curve.until(90)[0] == pytest.approx(73 + 45 * 73 / 45)
    assert curve.until(10)[1] == pytest.approx(20)  # no forecast: the daily rate
    assert curve.when(np.array([17 + 28.0, 5.0])).tolist() == [17 + 14, 2.5]


def test_surplus_is_moved_before_anything_is_bought() -> None:
    """W2 keeps its order-up-to level, W1 gets what it needs, and only the rest is bought."""
    cells = [
        {"sku": "A", "warehouse": "W1", "on_hand": 0, "rate": 4, "lead_time_days": 5},
        {"sku": "A", "warehouse": "W2", "on_hand": 60, "rate": 4, "lead_time_days": 5},
        {"sku": "B", "warehouse": "W1", "on_hand": 3, "rate": 4, "lead_time_days": 5},
    ]
    found = run(company(*cells), policy="jit", review_days=5)
    assert found.transfers.rows() == [("A", "W2", "W1", 20.0, 20.0)]
    one, two, other = found.reorder.to_dicts()
    assert (one["transfer_qty"], one["suggested_qty"], one["action"]) == (20, 20, "buy")
    assert (two["transfer_qty"], two["suggested_qty"]) == (-20, 0)
    assert other["transfer_qty"] == 0
    enough = run(company(cells[0], cells[1] | {"on_hand": 500}), policy="jit", review_days=5).reorder
    assert enough["action"].to_list() == ["transfer", "none"]
    assert run(company(*cells), policy="jit", review_days=5, transfers=False).transfers.is_empty()


def test_open_orders_are_hurried_put_off_or_cancelled() -> None:
    """Stock for 2 days and the first order due in 20: expedite; the second not needed for weeks: defer; the third not
    for a year: cancel; an order without any demand: cancel."""
    cell = {"on_hand": 12, "rate": 6, "lead_time_days": 3}
    lines = [order(240, 20), order(3000, 25), order(100, 30)]
    inputs = company(cell, {"sku": "B", "on_hand": 1}, orders=table("orders", *lines, order(5, 9, sku="B")))
    found = run(inputs, policy="jit").order_changes
    # 12 / 6: out on day 2; 252 / 6 = 42 and 3252 / 6 = 542: below nothing a day later
    assert found.select("sku", "qty_open", "action", "needed_on").rows() == [
        ("A", 240, "expedite", day(2)),
        ("A", 3000, "defer", day(43)),
        ("A", 100, "cancel", day(543)),
        ("B", 5, "cancel", None),
    ]
    assert "bring it forward by 18 d" in found["reason"][0]


def test_a_late_main_supplier_gets_the_backup_named() -> None:
    """Eight days overdue: named in the row; one day: not."""
    terms = {"suppliers": {"S": {"backup_supplier": "Other & Co"}}}
    late = row(company(STEADY, orders=table("orders", order(5, -8))), **terms)
    assert (late["backup_supplier"], "backup supplier: Other & Co" in late["reason"]) == ("Other & Co", True)
    assert row(company(STEADY, orders=table("orders", order(5, -1))), **terms)["backup_supplier"] is None


def test_shelf_life_and_space_are_hard() -> None:
    """Nothing is ordered that cannot be sold in time or stored, and the reason says which."""
    shelf = row(company(STEADY | {"shelf_life_days": 2, "moq": None}), review_days=30)
    assert shelf["suggested_qty"] == 12  # F(3 + 2) = 31 less position 12 leaves room for 19: one pack
    assert "shelf life 2 d leaves room for 19" in shelf["reason"]
    room = table("warehouses", {"warehouse": "W", "capacity": 40.0})
    space = row(company(STEADY, warehouses=room), review_days=30)
    assert (space["suggested_qty"], "room for 28" in space["reason"]) == (24, True)


def test_scarce_space_goes_to_the_most_urgent() -> None:
    """Room for 30: the one that is out gets its 20, the other what is left."""
    cells = [
        {"sku": "A", "on_hand": 5, "rate": 2, "lead_time_days": 5},
        {"sku": "B", "on_hand": 0, "rate": 2, "lead_time_days": 5},
    ]
    room = table("warehouses", {"warehouse": "W", "capacity": 30.0})
    found = run(company(*cells, warehouses=room), policy="jit", review_days=5).reorder
    assert found["suggested_qty"].to_list() == [5, 20]


def test_a_small_order_waits_or_is_filled_up() -> None:
    """Below the supplier's minimum: not urgent waits to the next review; urgent takes later orders of the plan with it."""
    minimum = {"S": {"min_order_value": 100.0}}
    calm = {"sku": "A", "on_hand": 49, "rate": 2, "lead_time_days": 5, "cost": 1.0}
    waits = run(company(calm), policy="jit", review_days=20, suppliers=minimum)
    assert waits.reorder["suggested_qty"].to_list() == [0]
    assert waits.left_out.select("qty", "reason_code").rows() == [(1.0, "min_order_value")]
    assert "minimum order of 100" in waits.reorder["reason"][0]
    pressing = run(company(calm | {"on_hand": 1}), policy="jit", review_days=20, suppliers=minimum).reorder
    assert pressing["order_value"][0] >= 100
    assert "brought forward" in pressing["reason"][0]


def test_the_budget_serves_the_most_urgent_first() -> None:
    """100 of money: the line that is late in full, the next in part, the rest listed."""
    cells = [
        {"sku": name, "on_hand": stock, "rate": 5, "lead_time_days": 5, "cost": 2.0}
        for name, stock in (("A", 20), ("B", 0), ("C", 40))
    ]
    found = run(company(*cells), policy="jit", review_days=5, budget=130)
    assert dict(found.reorder.select("sku", "suggested_qty").rows()) == {"A": 15, "B": 50, "C": 0}
    assert found.reorder["order_value"].sum() <= 130
    assert dict(found.left_out.select("sku", "qty").rows()) == {"A": 15, "C": 10}
    assert found.left_out["reason_code"].unique().to_list() == ["budget"]


def test_vmi_is_planned_and_not_paid_by_an_order() -> None:
    """The supplier's flag makes the policy; no supplier order, but a suggestion for his sheet: demand 62 in 10 days, Poisson
    safety 1.645 sqrt(62) = 12.95, position 12: need 62.95, packs of 12."""
    found = run(company(STEADY), suppliers={"S": {"vmi": True}}, budget=0)
    assert found.reorder.select("policy", "suggested_qty").row(0) == ("vmi", 72)
    assert found.supplier_orders.is_empty()


def test_a_calendar_moves_the_order_day_and_lengthens_the_lead_time() -> None:
    """Closed on days 1 to 10: three days of lead time take thirteen; the order day is a working day."""
    closed = {"closed": [f"{day(1)}..{day(10)}"], "weekdays": [1, 2, 3, 4, 5]}
    settings = {"suppliers": {"S": {"calendar": "holiday"}}, "calendars": {"holiday": closed}}
    found = row(company(STEADY | {"on_hand": 200, "rate": 5}), policy="jit", review_days=2, **settings)
    assert found["lead_time_days"] == 13
    assert "lead time includes 10 closed d" in found["reason"]
    assert found["order_by"].isoweekday() <= 5
    assert (found["need_by"] - found["order_by"]).days >= 3


def test_excess_has_one_definition() -> None:
    """On hand less reserved, beyond S and one review period; new goods have none; surplus on order stands apart."""
    cell = {"on_hand": 100, "rate": 2, "lead_time_days": 5, "cost": 3.0, "reserved": 10.0}
    found = row(company(cell, orders=table("orders", order(7, 3))), policy="jit", review_days=5)
    assert (found["excess_qty"], found["excess_value"]) == (90 - 20 - 10, 180)
    assert found["surplus_on_order"] == 7
    assert row(company(cell | {"launched_on": day(-5)}), policy="jit", review_days=5)["excess_qty"] == 0
    listed = run(company(cell), policy="jit", review_days=5).overstock.row(0, named=True)
    assert listed["excess_weeks"] == pytest.approx(60 / 14)


def test_the_service_level_follows_class_rule_and_core() -> None:
    """Class, category, sku, core pool; one level for the run goes before all."""
    cells = [
        {"sku": name, "rate": 1, "category": "food" if name == "C" else "x", "core": name == "B"}
        for name in "ABCD"
    ]
    classes = pl.DataFrame({"sku": list("ABCD"), "abc": ["A", "C", "C", None], "xyz": ["X", "Z", "Z", None]})
    settings = {
        "categories": {"food": {"service_level": 0.8, "target": "fill"}},
        "service_levels": {"A": 0.985},
    }
    found = run(company(*cells, classes=classes), **settings).reorder
    assert found["service_level"].to_list() == [0.985, 0.98, 0.8, 0.95]
    assert found["target_kind"].to_list() == ["cycle", "cycle", "fill", "cycle"]
    assert set(
        run(company(*cells, classes=classes), **settings, service_level=0.9).reorder["service_level"]
    ) == {0.9}


def test_a_fill_target_is_met_by_the_distribution_it_comes_from() -> None:
    """The expected fill rate is the one aimed at, for rs and for rop."""
    inputs = company(
        {"rate": 3, "lead_time_days": 6, "cost": 4.0}, sums=normal_sums(("A", "W", 3, 4)), bucket="day"
    )
    for policy in ("rs", "rop", "sS"):
        found = row(inputs, policy=policy, target="fill", service_level=0.97, review_days=4, order_cost=0.05)
        assert found["expected_fill"] == pytest.approx(0.97, abs=1e-4), policy


def slow_plan(
    first: float,
    start: float,
    rate: float,
    lead: int,
    review: int,
    due: dict[int, float],
    safety: float,
    moq: float,
    pack: float,
) -> list[tuple[float, ...]]:
    """Weekly (R, S) plan of one cell in plain Python, review every week, lead a whole number of weeks."""
    weeks, rows, stock, orders = 26, [], start, {}
    for week in range(weeks):
        opening = stock
        coming = sum(qty for at, qty in due.items() if week <= at < week + lead + review)
        waiting = sum(qty for at, qty in orders.items() if at >= week)
        need = round(rate * 7 * (lead + review) + safety - (stock + coming + waiting), 2)
        release = first if week == 0 else 0.0
        if week and need > 0:
            packs = -(-max(need, moq) // pack)
            release = packs * pack
        arrives = week + lead - 1
        if release:
            orders[arrives] = orders.get(arrives, 0) + release
        stock += due.get(week, 0) + orders.get(week, 0) - rate * 7
        rows.append((opening, rate * 7, due.get(week, 0.0), orders.get(week, 0.0), release, stock))
    return rows


def test_the_plan_equals_a_plain_walk() -> None:
    """Opening, forecast, scheduled, planned, released and projected stock of every week."""
    cells = [
        {"sku": "A", "on_hand": 60, "rate": 3, "lead_time_days": 21, "moq": 30, "order_multiple": 6},
        {"sku": "B", "on_hand": 10, "rate": 1.5, "lead_time_days": 7, "moq": 1, "order_multiple": 4},
    ]
    lines = table("orders", order(40, 10), order(25, 40), order(30, 3, sku="B"))
    found = run(company(*cells, orders=lines), review_days=7)
    for sku, due in (("A", {1: 40.0, 5: 25.0}), ("B", {0: 30.0})):
        cell = next(cell for cell in cells if cell["sku"] == sku)
        main = found.reorder.filter(pl.col("sku") == sku).row(0, named=True)
        expected = slow_plan(
            main["suggested_qty"], cell["on_hand"], cell["rate"], cell["lead_time_days"] // 7, 1, due,
            main["safety_stock"], cell["moq"], cell["order_multiple"],
        )  # fmt: skip
        plan = found.plan.filter(pl.col("sku") == sku)
        assert plan["period"][0] == day(1)
        names = [
            "opening_qty",
            "forecast_qty",
            "scheduled_qty",
            "planned_qty",
            "released_qty",
            "projected_qty",
        ]
        for week, (row_, wanted) in enumerate(zip(plan.select(names).rows(), expected, strict=True)):
            assert row_ == pytest.approx(wanted), (sku, week)


def test_orders_and_cash_add_up_to_the_plan() -> None:
    """Every release is in one supplier order and, with open orders, in one week of cash."""
    cells = [
        {"sku": name, "on_hand": 10, "rate": rate, "lead_time_days": 14, "cost": 2.5}
        for name, rate in (("A", 1), ("B", 4))
    ]
    found = run(
        company(*cells, orders=table("orders", order(40, 10, unit_cost=2.5))),
        suppliers={"S": {"payment_days": 30}},
    )
    released = found.plan["released_qty"].sum()
    assert found.supplier_orders["qty"].sum() == pytest.approx(released)
    assert found.cash["planned_value"].sum() == pytest.approx(released * 2.5)
    assert found.cash["open_value"].sum() == pytest.approx(40 * 2.5)
    assert found.cash.filter(pl.col("open_value") > 0)["week"].to_list() == [
        date(2025, 2, 3)
    ]  # day 40 is 2025-02-09


def test_nothing_at_all_is_no_error() -> None:
    """An empty company gives empty frames with all their columns."""
    found = run(company())
    assert found.reorder.is_empty()
    assert {"sku", "suggested_qty", "reason"} <= set(found.reorder.columns)
    assert found.plan.is_empty()


def test_goods_in_transit_are_in_the_position() -> None:
    """They come to their warehouse, and no supplier is asked to change them."""
    transit = pl.DataFrame({"sku": ["A"], "warehouse": ["W"], "qty": [15.0], "due_date": [day(2)]})
    found = run(company(STEADY, transit=transit), review_days=2)
    assert found.reorder["position"][0] == 27
    assert found.order_changes.is_empty()
    assert day(0) == AS_OF


def test_the_reason_names_the_orders_to_change() -> None:
    """Number, line, quantity and both dates of every open order that should come earlier, later or not at all."""
    base = {"supplier": "S", "warehouse": "W", "order_date": day(-9), "line_no": "2"}
    orders = table(
        "orders",
        base | {"sku": "A", "doc_no": "P7", "promised_date": day(20), "qty_ordered": 90.0},
        base | {"sku": "B", "doc_no": "P8", "promised_date": day(2), "qty_ordered": 500.0},
    )
    goods = ({"sku": "A", "on_hand": 30, "rate": 6.0}, {"sku": "B", "on_hand": 900, "rate": 6.0})
    hurried, later = run(company(*goods, orders=orders)).reorder.to_dicts()
    assert (
        "order P7 / 2 of 90: due 2025-01-20, stock runs out 2025-01-05: bring it forward" in hurried["reason"]
    )
    assert later["action"] == "defer"
    assert "order P8 / 2 of 500: due 2025-01-02, needed only" in later["reason"]


def test_what_a_minimum_makes_last_long_is_said() -> None:
    """MOQ 5,000 at 6 a day: stock and order for 835 days."""
    (found,) = run(company({"on_hand": 12, "rate": 6.0, "moq": 5000.0})).reorder.to_dicts()
    assert found["suggested_qty"] == 5000
    assert "stock and order last 835 d" in found["reason"]


def test_goods_first_received_lately_have_no_excess_yet() -> None:
    """1,000 on hand at 6 a day: too many, unless they came for the first time 20 days ago."""
    first = {"A": day(-20), "B": day(-40)}
    newness = pl.DataFrame({"sku": list(first), "first_received": list(first.values())})
    goods = [{"sku": sku, "on_hand": 1000, "rate": 6.0} for sku in (*first, "C")]
    found = run(company(*goods, newness=newness)).reorder
    assert [qty > 0 for qty in found["excess_qty"]] == [False, True, True]


def test_a_budget_of_cash_pays_what_falls_due_in_time() -> None:
    """S is paid 30 days after 3 days of lead, on day 33; T in advance: only T uses up the cash of 20 days."""
    cells = [
        {"sku": sku, "supplier": who, "on_hand": 0, "rate": 6.0, "cost": 10.0}
        for sku, who in (("A", "S"), ("B", "T"))
    ]
    terms = {"suppliers": {"T": {"payment_days": -10}}, "lead_time_days": 3, "budget": 0.0}
    bought = {
        days: run(company(*cells), **terms, budget_days=days).reorder["suggested_qty"].to_list()
        for days in (None, 20, 33)
    }
    assert bought[None] == [0, 0]
    assert bought[33] == [0, 0]
    assert bought[20][0] > 0
    assert bought[20][1] == 0
