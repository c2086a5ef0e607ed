"""Status: the first rung that fits, at its limits; what sells elsewhere is misplaced; categories have their own limits."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.config.deadstock import DeadStockSettings
from stockturn.engine.ageing import ageing
from stockturn.engine.deadstock import deadstock, with_status
from stockturn.engine.entries import entries
from stockturn.model import Ledger
from tests.moves import closing_of, day, movements, settings

NEVER, LONG = None, date(2020, 1, 1)


def status(chosen: DeadStockSettings | None = None, **facts: object) -> str:
    """Status of one cell; by default it sold today and holds ten days of cover."""
    row = {
        "idle_days": 0, "last_demand": LONG, "launched_days": None, "received_days": None, "cover_days": 10.0,
        "elsewhere_per_day": 0.0, "category": "Toys", **facts,
    }  # fmt: skip
    types = {
        "launched_days": pl.Int64,
        "received_days": pl.Int64,
        "cover_days": pl.Float64,
        "last_demand": pl.Date,
    }
    frame = pl.LazyFrame({name: [value] for name, value in row.items()}, schema_overrides=types)
    return str(with_status(frame, chosen or DeadStockSettings()).collect()["status"].item())


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, "active"),
        (59, "active"),
        (60, "slow"),
        (89, "slow"),
        (90, "stagnant"),
        (179, "stagnant"),
        (180, "dead"),
    ],
)
def test_limits_in_days_are_inclusive(days: int, expected: str) -> None:
    """60 slow, 90 stagnant, 180 dead."""
    assert status(idle_days=days) == expected


@pytest.mark.parametrize(("days", "expected"), [(59, "active"), (60, "slow"), (89, "slow"), (90, "dead")])
def test_never_sold_is_dead_after_ninety_days(days: int, expected: str) -> None:
    """Goods nobody ever asked for die sooner."""
    assert status(idle_days=days, last_demand=NEVER, cover_days=None) == expected


def test_much_cover_is_slow() -> None:
    """More than 180 days of cover; exactly 180 is active; no cover known is no reason."""
    assert status(cover_days=180.1) == "slow"
    assert status(cover_days=180.0) == "active"
    assert status(cover_days=None) == "active"


def test_new_comes_before_everything() -> None:
    """Launched or first received 29 days ago, whatever else is true; 30 days are no longer new."""
    assert status(launched_days=29, idle_days=400) == "new"
    assert status(received_days=29, cover_days=999.0) == "new"
    assert status(launched_days=30, received_days=30, idle_days=400) == "dead"


def test_demand_elsewhere_keeps_it_from_dead() -> None:
    """Misplaced instead of dead; slower rungs keep their name."""
    assert status(idle_days=400, elsewhere_per_day=0.1) == "misplaced"
    assert status(idle_days=100, elsewhere_per_day=0.1) == "stagnant"


def test_a_category_has_its_own_limits_and_the_general_ones_elsewhere() -> None:
    """Pharma dies after 60 days; what its section leaves out is as for all goods."""
    chosen = DeadStockSettings.model_validate({"slow_days": 20, "categories": {"Pharma": {"dead_days": 60}}})
    assert status(chosen, idle_days=60, category="Pharma") == "dead"
    assert status(chosen, idle_days=60, category="Toys") == "slow"
    assert status(chosen, idle_days=20, category="Pharma") == "slow"


def run(
    rows: list[tuple[object, ...]], columns: str, as_of: date, **tables: pl.DataFrame
) -> dict[tuple[str, str], dict[str, object]]:
    """Dead stock of a small ledger by (sku, warehouse)."""
    chosen: Settings = settings(period={"as_of": as_of})
    ledger = Ledger.of(movements=movements(rows, columns), **tables)
    start = entries(ledger, chosen)
    stock = closing_of(start)
    found = deadstock(ledger, start, stock, ageing(start, stock, chosen), chosen).collect()
    return {(row["sku"], row["warehouse"]): row for row in found.iter_rows(named=True)}


SHORT = "date sku qty kind warehouse"


def test_returns_are_no_demand() -> None:
    """Days run from the last sale, not from what came back."""
    rows = [(0, "A", 9.0, "purchase", "W"), (10, "A", -1.0, "sale", "W"), (190, "A", 1.0, "sale_return", "W")]
    found = run(rows, SHORT, day(200))["A", "W"]
    assert (found["last_sale"], found["days_since_sale"], found["status"]) == (day(10), 190, "dead")


def test_never_sold_runs_from_the_first_receipt() -> None:
    """A later receipt does not make it young again."""
    rows = [(0, "A", 9.0, "purchase", "W"), (95, "A", 9.0, "purchase", "W")]
    found = run(rows, SHORT, day(100))["A", "W"]
    assert (found["days_since_sale"], found["idle_days"], found["days_since_receipt"]) == (None, 100, 5)
    assert found["status"] == "dead"


def test_a_transfer_does_not_wake_the_dead() -> None:
    """Moved ten days ago after 200 days without demand anywhere: still dead in its new place."""
    columns = f"{SHORT} doc_no"
    rows = [
        (0, "A", 9.0, "purchase", "V", "P"),
        (5, "A", -1.0, "sale", "V", "S"),
        (195, "A", -4.0, "transfer_out", "V", "T"),
        (195, "A", 4.0, "transfer_in", "W", "T"),
    ]
    found = run(rows, columns, day(205))
    assert found["A", "W"]["status"] == "dead"
    assert found["A", "W"]["idle_days"] == 205
    assert found["A", "W"]["age_181_365"] == 4.0


def test_stock_that_sells_in_another_warehouse_is_moved_there() -> None:
    """Misplaced, action transfer, to the warehouse that needs it most, even where that has run out."""
    rows = [(0, "A", 50.0, "purchase", "V"), (0, "A", 90.0, "purchase", "W"), (1, "A", -1.0, "sale", "V")]
    rows += [(n, "A", -1.0, "sale", "W") for n in range(110, 200)]
    found = run(rows, SHORT, day(199))
    assert list(found) == [("A", "V")]
    cell = found["A", "V"]
    assert (cell["status"], cell["action"], cell["action_qty"]) == ("misplaced", "transfer", 49.0)
    assert "W" in str(cell["reason"])


def test_a_warehouse_that_only_sends_on_lives_by_what_it_sends() -> None:
    """A distribution centre without sales of its own is not dead while goods leave it."""
    columns = f"{SHORT} doc_no"
    rows = [(0, "A", 500.0, "purchase", "DC", "P")]
    rows += [
        (195, "A", -9.0, "transfer_out", "DC", "T"),
        (195, "A", 9.0, "transfer_in", "W", "T"),
        (196, "A", -9.0, "sale", "W", "S"),
    ]
    found = run(rows, columns, day(200))["A", "DC"]
    assert (found["status"], found["idle_days"], found["days_since_sale"]) == ("active", 5, None)


def test_opening_stock_that_never_sold_is_as_old_as_the_ledger() -> None:
    """Idle since the day before the ledger, at least; and not new."""
    stock = pl.DataFrame({"as_of": [day(-1)], "sku": ["A"], "on_hand": [9.0], "warehouse": ["W"]})
    rows = [
        (0, "B", 5.0, "purchase", "W"),
        (0, "A", 0.5, "adjustment_in", "W"),
        (0, "A", -0.5, "adjustment_out", "W"),
    ]
    chosen = settings(period={"as_of": day(100)})
    ledger = Ledger.of(movements=movements(rows), stock=stock)
    start = entries(ledger, chosen)
    closing = pl.LazyFrame({"sku": ["A"], "warehouse": ["W"], "on_hand": [9.0], "value": [9.0]})
    found = (
        deadstock(ledger, start, closing, ageing(start, closing, chosen), chosen).collect().row(0, named=True)
    )
    assert (found["idle_days"], found["status"]) == (101, "dead")


def test_first_received_lately_is_new_only_where_nothing_was_there_before() -> None:
    """B came for the first time ten days ago; C had been sold before its first receipt, so it is not new."""
    rows = [
        (0, "A", 5.0, "purchase", "W"), (90, "B", 5.0, "purchase", "W"),
        (3, "C", -1.0, "sale", "W"), (90, "C", 5.0, "purchase", "W"),
    ]  # fmt: skip
    found = run(rows, SHORT, day(100))
    assert found["B", "W"]["status"] == "new"
    assert found["C", "W"]["status"] == "stagnant"


def test_cover_counts_free_stock_and_says_why_it_is_unknown() -> None:
    """On hand 90 less 10 reserved at 1 a day cover 80 days; without demand there is none, never 0."""
    rows = [(0, "A", 180.0, "purchase", "W"), (0, "B", 5.0, "purchase", "W")]
    rows += [(n, "A", -1.0, "sale", "W") for n in range(1, 91)]
    stock = pl.DataFrame(
        {"as_of": [day(90)], "sku": ["A"], "on_hand": [90.0], "warehouse": ["W"], "reserved": [10.0]}
    )
    found = run(rows, SHORT, day(90), stock=stock)
    assert found["A", "W"]["cover_days"] == pytest.approx(80.0)
    assert (found["B", "W"]["cover_days"], found["B", "W"]["cover_reason"]) == (None, "no_demand")


def test_rows_are_narrowed_to_the_scope_but_judged_by_the_whole_company() -> None:
    """Asked for warehouse V alone, its stock is still misplaced because W sells it."""
    rows = [(0, "A", 50.0, "purchase", "V"), (0, "A", 900.0, "purchase", "W"), (1, "A", -1.0, "sale", "V")]
    rows += [(199, "A", -9.0, "sale", "W")]
    whole, scoped = settings(), settings(scope={"warehouse": ["V"]})
    ledger = Ledger.of(movements=movements(rows))
    start = entries(ledger, whole)
    stock = closing_of(start)
    found = deadstock(ledger, start, stock, ageing(start, stock, whole), scoped).collect()
    assert found.select("warehouse", "status").rows() == [("V", "misplaced")]


def test_adding_an_empty_warehouse_changes_nothing() -> None:
    """A warehouse with no stock and no demand alters no figure."""
    rows = [(0, "A", 50.0, "purchase", "V"), (1, "A", -1.0, "sale", "V")]
    more = [*rows, (2, "A", 5.0, "purchase", "X"), (2, "A", -5.0, "purchase_return", "X")]
    assert run(rows, SHORT, day(300))["A", "V"] == run(more, SHORT, day(300))["A", "V"]
