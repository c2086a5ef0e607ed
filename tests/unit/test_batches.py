"""What is left of each batch, whoever tells it: batch list, stock list, receipts, shelf life."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from stockturn import api
from stockturn.engine.batches import expiry_told
from stockturn.engine.run import Run
from stockturn.model import Ledger
from tests.moves import day, movements, settings

MOVES = "date sku qty kind warehouse batch expiry"
Listed = tuple[int, str | None, float, int | None, int | None]


def moves(*rows: tuple[int, float, str, str | None, int | None]) -> pl.DataFrame:
    """Movements of sku A in W: day, quantity, kind, batch, day of expiry."""
    made = [
        (when, "A", qty, kind, "W", batch, None if expiry is None else day(expiry))
        for when, qty, kind, batch, expiry in rows
    ]
    return movements(made, MOVES)


def stock(*rows: Listed) -> pl.DataFrame:
    """A stock list of A in W: day, batch, on hand, day of receipt, day of expiry."""
    made = [
        {
            "as_of": day(when), "sku": "A", "warehouse": "W", "batch": batch, "on_hand": qty,
            "received_on": None if came is None else day(came), "expiry": None if expiry is None else day(expiry),
        }
        for when, batch, qty, came, expiry in rows
    ]  # fmt: skip
    dates = dict.fromkeys(("as_of", "received_on", "expiry"), pl.Date)
    return pl.DataFrame(made, schema_overrides={**dates, "batch": pl.String})


def left(ledger: Ledger, as_of: date | None = None) -> list[tuple[str | None, date, float, str]]:
    """batch, expiry, units left and what told it, the first to expire first."""
    run = Run(ledger, settings(period={"as_of": as_of} if as_of else {}))
    return run.ages()["expiring"].select("batch", "expiry", "qty_left", "expiry_basis").rows()


def ages(ledger: Ledger) -> dict[str, Any]:
    """The row of A in W."""
    return api.deadstock(ledger).row(0, named=True)


def test_a_stock_list_by_batch_says_what_expires_and_how_old_it_is() -> None:
    """30 of B1 (70 days old) and 70 of B2 (10 days old), whatever the receipts of that cell were."""
    ledger = Ledger.of(
        movements=moves((0, 200.0, "purchase", None, None), (50, -100.0, "sale", None, None)),
        stock=stock((100, "B1", 30.0, 30, 110), (100, "B2", 70.0, 90, 400)),
    )
    assert left(ledger) == [("B1", day(110), 30.0, "stock_list"), ("B2", day(400), 70.0, "stock_list")]
    found = ages(ledger)
    assert (found["age_0_30"], found["age_61_90"], found["next_expiry"]) == (70.0, 30.0, day(110))


def test_what_moves_after_the_list_is_counted_by_its_batch() -> None:
    """10 of B1 are sold and B3 comes in after the list: 20 and 15; the list dates no layers any more."""
    ledger = Ledger.of(
        movements=moves(
            (0, 100.0, "purchase", None, None), (101, -10.0, "sale", "B1", None), (102, 15.0, "purchase", "B3", 300)
        ),
        stock=stock((100, "B1", 30.0, 30, 120), (100, "B2", 70.0, 90, 400)),
    )  # fmt: skip
    assert left(ledger) == [
        ("B1", day(120), 20.0, "stock_list"),
        ("B3", day(300), 15.0, "receipts"),
        ("B2", day(400), 70.0, "stock_list"),
    ]
    assert ages(ledger)["age_0_30"] == 15.0


def test_an_earlier_day_sees_the_list_of_its_time() -> None:
    """As of day 50 the list of day 40 counts, not the one of day 100."""
    ledger = Ledger.of(
        movements=moves((0, 100.0, "purchase", None, None), (60, -40.0, "sale", None, None)),
        stock=stock((40, "B1", 100.0, 0, 90), (100, "B1", 60.0, 0, 90)),
    )
    assert left(ledger, day(50)) == [("B1", day(90), 100.0, "stock_list")]


def test_receipts_with_an_expiry_where_nobody_lists_batches() -> None:
    """Sales that name no batch take the first to expire: of 30 and 50, 60 left are 10 and 50."""
    ledger = Ledger.of(
        movements=moves(
            (0, 30.0, "purchase", "B1", 100), (5, 50.0, "purchase", "B2", 200), (9, -20.0, "sale", None, None)
        )
    )
    assert left(ledger) == [("B1", day(100), 10.0, "receipts"), ("B2", day(200), 50.0, "receipts")]


def test_a_batch_list_goes_before_everything_else() -> None:
    """The list says 5 of B1; receipts and stock list of the same sku are not added to it."""
    listed = pl.DataFrame(
        {"batch": ["B1"], "sku": ["A"], "warehouse": ["W"], "qty_left": [5.0], "expiry": [day(99)]}
    )
    ledger = Ledger.of(
        movements=moves((0, 30.0, "purchase", "B1", 100)),
        stock=stock((9, "B1", 30.0, 0, 100)),
        batches=listed,
    )
    assert left(ledger) == [("B1", day(99), 5.0, "batch_list")]


def test_shelf_life_says_it_where_no_batch_does() -> None:
    """Goods that keep 90 days: layers of day 0 and day 60 expire on day 90 and day 150."""
    items = pl.DataFrame({"sku": ["A"], "shelf_life_days": [90.0]})
    bought = moves(
        (0, 20.0, "purchase", None, None), (60, 30.0, "purchase", None, None), (70, -5.0, "sale", None, None)
    )
    ledger = Ledger.of(movements=bought, items=items)
    assert left(ledger) == [(None, day(90), 15.0, "shelf_life"), (None, day(150), 30.0, "shelf_life")]


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({}, False),
        ({"items": pl.DataFrame({"sku": ["A"], "shelf_life_days": [9.0]})}, True),
        ({"items": pl.DataFrame({"sku": ["A"], "category": ["x"]})}, False),
        ({"stock": stock((9, "B1", 30.0, None, None))}, False),
        ({"stock": stock((9, "B1", 30.0, None, 40))}, True),
    ],
)
def test_whether_anything_could_say_when_goods_expire(tables: dict[str, pl.DataFrame], told: bool) -> None:
    """The alert about expiry is looked at only then."""
    ledger = Ledger.of(movements=moves((0, 30.0, "purchase", None, None)), **tables)
    assert expiry_told(ledger) is told


def test_expired_goods_of_a_stock_list_are_to_be_disposed_of() -> None:
    """Expired a week ago: all of it is lost, and due today."""
    ledger = Ledger.of(
        movements=moves((0, 40.0, "purchase", None, None), (99, -10.0, "sale", None, None)),
        stock=stock((100, "B1", 30.0, 0, 93)),
    )
    found = ages(ledger)
    assert (found["expiring_qty"], found["action"], found["action_qty"]) == (30.0, "dispose", 30.0)
    assert found["due_date"] == day(93) + timedelta(days=7)
