"""The days of a replay: the past bought again is the past, every unit is accounted for, and a case worked out on paper."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.engine.replay import Replayed, replay
from stockturn.engine.replay.knowledge import Knowledge
from stockturn.engine.replay.remarks import sentence
from stockturn.engine.replay.run import Stage, Variant, knowledge, live_through, prepare, shop_of
from stockturn.engine.replay.shelf import Shelf
from stockturn.engine.replay.shop import Shop
from stockturn.model import Ledger
from tests.moves import day
from tests.replayed import FROM, company, ledger, replayed, settings
from tests.unit import replay_slow


class Watched(Shop):
    """A shop that remembers its stock at the end of each day."""

    def live(self, day: int) -> None:
        super().live(day)
        self.__dict__.setdefault("seen", []).append(self.on_hand.copy())


def lived_as_bought(source: Ledger) -> tuple[Stage, np.ndarray]:
    """On-hand of every cell at the end of each day, what was bought coming as it came."""
    stage, bought = prepare(source, settings()), Variant("bought", settings(), as_bought=True)
    plain = shop_of(stage, bought)
    shop = Watched(plain.world, plain.settings, plain.leads, plain.shelf, as_bought=True)
    live_through(stage.world, [shop], knowledge(source, stage, bought), lambda _: None)
    return stage, np.array(shop.__dict__["seen"])


def kind(sku: str, old: str, new: str) -> pl.Expr:
    """One kind of movement of an item said to be another."""
    return (
        pl.when((pl.col("sku") == sku) & (pl.col("kind") == old))
        .then(pl.lit(new))
        .otherwise("kind")
        .alias("kind")
    )


OTHERS = {
    "production": [kind("B", "sale", "production_out"), kind("C", "purchase", "production_in")],
    "consigned": [pl.when(pl.col("sku") == "A").then(pl.lit("consigned_in")).alias("ownership")],
    "no orders": [],
    "no documents": [pl.lit(None, pl.String).alias("doc_no")],
}
"""The same days told otherwise."""


def told_otherwise(how: str) -> Ledger:
    """The small company as :data:`OTHERS` says."""
    tables = company(1)
    moves = tables["movements"]
    for change in OTHERS[how]:
        moves = moves.with_columns(change)
    orders = tables["orders"].head(0) if how in ("no orders", "no documents") else tables["orders"]
    return Ledger.of(**{**tables, "movements": moves, "orders": orders})


@pytest.mark.parametrize("source", [1, 2, 3, *OTHERS])
def test_buying_what_was_bought_gives_the_stock_that_was_there(source: int | str) -> None:
    """Cell by cell and day by day, goods between warehouses included; what others own is left out."""
    stage, rows = lived_as_bought(ledger(source) if isinstance(source, int) else told_otherwise(source))
    world, book = stage.world, stage.world.opening.copy()
    for number, row in enumerate(rows):
        cell, on_hand = world.book.on(number)
        book[cell] = on_hand
        assert row[world.mine] == pytest.approx(book[world.mine], abs=1e-6), number
    assert not row[~world.mine].any()
    assert world.mine.all() == (source != "consigned")


def test_no_flow_of_the_ledger_is_lost_or_doubled() -> None:
    """Demand, others, scrap, what was on its way and what was bought add up to every change of the book."""
    world = prepare(ledger(), settings()).world
    count = len(world.opening)
    total = world.opening.copy()
    for number in range(world.days):
        for sign, part in (
            (-1, world.demand),
            (1, world.others),
            (-1, world.scrap),
            (1, world.arriving),
            (1, world.bought),
        ):
            total += sign * part.sums(number, count)
    closing = world.opening.copy()
    for number in range(world.days):
        cell, on_hand = world.book.on(number)
        closing[cell] = on_hand
    assert total == pytest.approx(closing, abs=1e-6)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_days_equal_a_slow_walk_in_plain_python(seed: int) -> None:
    """Given the orders and transfers of the replay: units sold, asked for, written off, and the average stock."""
    made = replayed(seed)
    slow = replay_slow.days(company(seed), FROM, made.orders, made.transfers, {"P": 20})
    row = made.replay.row(1, named=True)
    assert row["policy"] == "suggested"
    assert row["sold_qty"] == pytest.approx(slow["sold"])
    assert row["demand_qty"] == pytest.approx(slow["asked"])
    assert row["units_written_off"] == pytest.approx(slow["written_off"])
    assert row["avg_inventory"] * row["days"] == pytest.approx(slow["value"])
    cells = made.cells.filter(pl.col("policy") == "suggested", pl.col("warehouse") != "(in transit)")
    closing = {(row["sku"], row["warehouse"]): row["closing_qty"] for row in cells.iter_rows(named=True)}
    last = max(when for *_, when in slow["on_hand"])
    assert closing == pytest.approx({key: slow["on_hand"][*key, last] for key in closing})
    assert len(closing) == 8
    assert made.orders.height > 5
    assert made.transfers.height > 0


def test_perishable_goods_leave_oldest_first_and_keep_their_age_when_moved() -> None:
    """Three cells of goods that keep 6, 4 and 9 days, against lots in plain Python."""
    dice, keep = random.Random(5), [6, 4, 9]
    shelf = Shelf.of(
        np.array([6.0, 4.0, 9.0, np.inf]),
        pl.DataFrame(schema={"cell": pl.Int64, "received_on": pl.Date, "qty": pl.Float64}),
        day(0),
    )
    lots: list[list[list[int]]] = [[], [], []]  # [age, units]
    landing: list[tuple[int, int, int, int]] = []  # day, cell, age on arrival, units
    for today in range(60):
        fresh = [dice.choice((0, 0, 5, 9)) for _ in keep]
        for cell, lot in enumerate(lots):
            lot[:] = [[age + 1, units] for age, units in lot] + [[0, fresh[cell]]]
            lot += [[age, units] for when, where, age, units in landing if (when, where) == (today, cell)]
            slow_take(lot, dice.choice((0, 1, 2, 3)))
        there = np.array([*(float(sum(units for _, units in lot)) for lot in lots), 3.0])
        over = shelf.end_of_day(today, np.array([*map(float, fresh), 0.0]), there)
        for cell, lot in enumerate(lots):
            assert over[cell] == sum(units for age, units in lot if age >= keep[cell]), today
            lot[:] = [piece for piece in lot if piece[0] < keep[cell]]
        giver, taker, days = dice.choice((0, 1, 2)), dice.choice((0, 1, 2)), dice.choice((1, 3))
        qty = min(4, sum(units for _, units in lots[giver]))
        if giver != taker and qty:
            moved = slow_take(lots[giver], qty)
            landing += [(today + days, taker, age + days, units) for age, units in moved]
            shelf.move(today, np.array([giver]), np.array([taker]), np.array([float(qty)]), np.array([days]))


def slow_take(lot: list[list[int]], qty: int) -> list[list[int]]:
    """Oldest first: what was taken."""
    taken = []
    for piece in sorted(lot, key=lambda piece: -piece[0]):
        part = min(piece[1], qty)
        piece[1] -= part
        qty -= part
        taken.append([piece[0], part])
    return taken


def test_units_of_the_replay_are_accounted_for() -> None:
    """Opening + all that came in - all that went out = closing, over all cells and what is between them."""
    made, stage = replayed(1), prepare(ledger(1), settings())
    world, row = stage.world, made.replay.row(1, named=True)
    end = world.end
    came = made.orders.filter(pl.col("arrives") <= end)["qty"].sum()
    early = sum(world.arriving.sums(number, len(world.opening)).sum() for number in range(world.days))
    others = sum(world.others.sums(number, len(world.opening)).sum() for number in range(world.days))
    closing = made.cells.filter(pl.col("policy") == "suggested")["closing_qty"].sum()
    going = made.transfers.filter(pl.col("arrives") > end)["qty"].sum()
    left = world.opening.sum() + came + early + others - row["sold_qty"] - row["units_written_off"]
    assert left == pytest.approx(closing + going, abs=1e-6)


def paper() -> Ledger:
    """One item, two a day; ten came in four days in January, forty in two in February."""
    rows: list[dict[str, Any]] = [
        {"date": day(n), "sku": "A", "warehouse": "W", "qty": -2.0, "kind": "sale"} for n in range(60)
    ]
    rows += [
        {"date": day(n), "sku": "A", "warehouse": "W", "qty": qty, "kind": "purchase"}
        for n, qty in ((14, 10.0), (33, 40.0))
    ]
    orders = [
        {"order_date": day(n), "received_date": day(m), "sku": "A", "warehouse": "W", "supplier": "S", "qty_ordered": qty,
         "qty_received": qty, "doc_no": f"PO{n}", "line_no": "1"}
        for n, m, qty in ((10, 14, 10.0), (31, 33, 40.0))
    ]  # fmt: skip
    return Ledger.of(
        movements=pl.DataFrame(rows),
        stock=pl.DataFrame(
            [{"as_of": day(-1), "sku": "A", "warehouse": "W", "on_hand": 70.0, "unit_cost": 5.0}]
        ),
        items=pl.DataFrame(
            [{"sku": "A", "supplier": "S", "unit_cost": 5.0, "min_stock": 5.0, "max_stock": 20.0}]
        ),
        orders=pl.DataFrame(orders),
    )


STOCK = [
    18,
    16,
    14,
    12,
    10,
    8,
    6,
    4,
    2,
    0,
    0,
    0,
    18,
    16,
    14,
    12,
    10,
    8,
    6,
    4,
    2,
    0,
    16,
    14,
    12,
    10,
    8,
    6,
    4,
    2,
]
"""On paper, from the 31st day: 20 left; looked at every fifth day, ordered up to 20 at 5 or below; on the tenth day
(position 0) 20 are ordered and on the twentieth (2) 18, each two days away because the nearer receipt took two."""


def test_a_case_worked_out_on_paper() -> None:
    """Minimum 5, maximum 20: the orders, their arrival, the stock, what was missed."""
    chosen = Settings.model_validate(
        {
            "replay": {"start": day(30), "least_history_days": 20, "service_levels": ()},
            "reorder": {"policy": "minmax", "review_days": 5},
            "turnover": {"cost": "standard"},
        }
    )
    made = replay(paper(), chosen)
    actual, suggested = made.replay.rows(named=True)
    assert made.orders.select("date", "qty", "arrives").rows() == [
        (day(40), 20.0, day(42)),
        (day(50), 18.0, day(52)),
    ]
    assert set(made.orders["lead_time_basis"]) == {"observed_sku"}
    assert suggested["avg_inventory"] == pytest.approx(5 * sum(STOCK) / 30)
    assert suggested["sold_qty"], suggested["demand_qty"] == (56.0, 60.0)
    assert suggested["fill_rate"] == pytest.approx(56 / 60)
    assert suggested["stockout_rate"] == pytest.approx(4 / 30)
    assert suggested["turnover_period"] == pytest.approx(56 / (sum(STOCK) / 30))
    assert suggested["orders"] == 2
    # What was done: 20 less 2 a day, and 40 on the fourth day, ordered on the second.
    was = [20 - 2 * (n + 1) + (40 if n >= 3 else 0) for n in range(30)]
    assert actual["avg_inventory"] == pytest.approx(5 * sum(was) / 30)
    assert (actual["fill_rate"], actual["stockout_rate"], actual["orders"]) == (1.0, 1 / 30, 1)
    assert (actual["purchase_orders"], suggested["purchase_orders"]) == (1, 2)


def launched(ordered: bool) -> tuple[Replayed, dict[str, Any]]:
    """The paper case with a second item that first comes on the eleventh day and sells from the next; and its row."""
    tables = {name: table.collect() for name, table in paper().tables.items()}
    new: list[dict[str, Any]] = [
        {"date": day(40), "sku": "B", "warehouse": "W", "qty": 30.0, "kind": "purchase"}
    ]
    new += [
        {"date": day(n), "sku": "B", "warehouse": "W", "qty": -1.0, "kind": "sale"} for n in range(41, 60)
    ]
    moves = pl.concat([tables["movements"], pl.DataFrame(new)], how="diagonal")
    order = {"order_date": day(36), "received_date": day(40), "sku": "B", "warehouse": "W", "supplier": "S",
             "qty_ordered": 30.0, "qty_received": 30.0, "doc_no": "PO36", "line_no": "1"}  # fmt: skip
    orders = pl.concat([tables["orders"], pl.DataFrame([order] * ordered)], how="diagonal")
    made = replay(Ledger.of(**{**tables, "movements": moves, "orders": orders}), settings(start=day(30)))
    return made, made.cells.filter(pl.col("policy") == "suggested", pl.col("sku") == "B").row(0, named=True)


def test_what_an_item_launched_meanwhile_misses_is_said() -> None:
    """Nobody orders before its first sale: what was asked for of it until the first order comes is told apart."""
    made, cell = launched(ordered=True)
    assert cell["demand_qty"] > cell["sold_qty"]
    (said,) = (note.params for note in made.notes if note.key == "replay.launched")
    assert said == {"skus": 1, "qty": cell["demand_qty"] - cell["sold_qty"]}


def test_an_item_that_only_an_open_order_knows_is_a_cell() -> None:
    """Its goods were on their way when the replay began: they come, and nothing of it is missed."""
    _, cell = launched(ordered=False)
    assert cell["demand_qty"] == cell["sold_qty"] == 19.0


def test_the_same_run_twice_is_the_same() -> None:
    """No chance in it."""
    again = replay(ledger(2), settings())
    for name in ("replay", "orders", "transfers", "cells", "by_month"):
        assert getattr(again, name).equals(getattr(replayed(2), name)), name


def test_a_receipt_without_an_order_was_ordered_a_lead_time_before() -> None:
    """Where nothing names an order the goods of the first days still come, and are known to be coming."""
    tables = {**company(1), "orders": company(1)["orders"].head(0)}
    stage = prepare(Ledger.of(**tables), settings())
    rows = company(1)["movements"].filter(
        pl.col("kind") == "purchase", pl.col("date").is_between(FROM, FROM + timedelta(days=8))
    )
    assert stage.waiting["qty_open"].sum() == rows["qty"].sum() > 0
    known: Knowledge = knowledge(Ledger.of(**tables), stage, Variant("suggested", settings()))
    lines = known.at(FROM, stage.world.on_the_way(stage.world.opening)).ground.facts.lines
    still = rows.filter(pl.col("date") > FROM)
    assert lines.filter(pl.col("supplier") != "(in transit)")["qty_open"].sum() == still["qty"].sum()


def test_scope_narrows_what_is_measured_and_not_what_happens() -> None:
    """The rows of one warehouse are the same within a replay of the whole."""
    whole = replayed(1)
    chosen = settings().model_copy(
        update={"scope": Settings.model_validate({"scope": {"warehouse": ["S"]}}).scope}
    )
    part = replay(ledger(1), chosen)
    want = whole.cells.filter(pl.col("warehouse") == "S")
    assert part.cells.equals(want)
    assert part.orders.equals(whole.orders.filter(pl.col("warehouse") == "S"))
    done = part.replay.row(0, named=True)
    assert done["sold_qty"] == want.filter(pl.col("policy") == "actual")["sold_qty"].sum()


def test_reviews_are_held_every_period_from_the_first_day() -> None:
    """Every fourteenth day here."""
    dates = set(replayed(1).orders["date"])
    assert dates <= {FROM + timedelta(days=14 * n) for n in range(6)}
    assert min(dates) == FROM
    assert isinstance(max(dates), date)


@pytest.mark.parametrize(("out", "key"), [(0.0121, "replay.sentence_same_out"), (0.02, "replay.sentence")])
def test_rates_that_look_the_same_are_not_said_to_differ(out: float, key: str) -> None:
    """1.21 % instead of 1.20 % reads as 1.2 % instead of 1.2 %: as many days."""
    rows = {
        "policy": ["actual", "suggested"],
        "avg_inventory": [100.0, 90.0],
        "fill_rate": [1.0, 0.99],
        "stockout_rate": [0.012, out],
    }
    assert sentence(pl.DataFrame(rows)).key == key
