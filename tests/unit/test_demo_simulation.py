"""The example company: its books close, and its story is in its figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from stockturn.demo import DEFAULT_SEED, truth
from stockturn.demo.books import books
from stockturn.demo.company import company
from stockturn.demo.dice import Dice
from stockturn.demo.records import History, Line

END = date(2025, 6, 30)
SEEDS = (DEFAULT_SEED, 11)


def history() -> History:
    return books(DEFAULT_SEED).history


def balances(booked: History) -> dict[tuple[int, int], list[int]]:
    """End-of-day units of every cell, by a plain loop over days."""
    by_day: dict[date, list[Line]] = defaultdict(list)
    for line in booked.lines:
        by_day[line.date].append(line)
    on_hand = {cell: qty for cell, (qty, _) in booked.opening.items()}
    days: dict[tuple[int, int], list[int]] = defaultdict(list)
    day = booked.start
    while day <= booked.end:
        for line in by_day[day]:
            for cell, qty in line.moves():
                on_hand[cell] = on_hand.get(cell, 0) + qty
        for item in range(len(company().items)):
            for warehouse in range(2):
                days[item, warehouse].append(on_hand.get((item, warehouse), 0))
        day += timedelta(days=1)
    return days


def sales_of(sku: str, warehouse: int) -> list[date]:
    place = company().index_of(sku)
    return [
        line.date
        for line in history().lines
        if line.kind == "sale" and line.item == place and line.warehouse == warehouse
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_opening_and_movements_are_the_closing(seed: int) -> None:
    """Per cell: opening + movements = what is on the shelf; below zero only where a receipt was booked late."""
    booked = books(seed)
    days = balances(booked.history)
    assert {cell: units[-1] for cell, units in days.items()} == dict(np.ndenumerate(booked.history.closing))
    below = {
        (cell, booked.history.start + timedelta(days=place))
        for cell, units in days.items()
        for place, qty in enumerate(units)
        if qty < 0
    }
    assert booked.negative is not None
    cell, late = booked.negative
    assert len(late) == 2
    assert below == {(cell, day) for day in late}


@pytest.mark.parametrize("seed", SEEDS)
def test_value_is_conserved(seed: int) -> None:
    """Opening + purchases + counted + transfers + difference + variance - cogs = closing, in every cell."""
    known = truth(seed)
    sums = known.cells.group_by("sku", "warehouse").agg(
        pl.col("purchases", "counted", "transfers", "difference", "variance", "cogs").sum(),
        pl.col("closing_value").last(),
    )
    opening = {
        (company().items[i].sku, company().warehouses[w]): value
        for (i, w), (_, value) in books(seed).history.opening.items()
    }
    for row in sums.iter_rows(named=True):
        came = sum(row[part] for part in ("purchases", "counted", "transfers", "difference", "variance"))
        start = opening.get((row["sku"], row["warehouse"]), 0.0)
        assert start + came - row["cogs"] == pytest.approx(row["closing_value"], abs=1e-5)
    assert sums["transfers"].sum() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_company_is_of_a_believable_size(seed: int) -> None:
    """6 to 7 turns a year on 1.5 to 3 million CNY, with a gross margin between 25 and 35 %."""
    year = truth(seed).months.filter(pl.col("month") >= date(2024, 7, 1))
    days = year["month"].dt.days_in_month()
    average = (year["avg_inventory"] * days).sum() / days.sum()
    cogs, revenue = year["cogs"].sum(), year["revenue"].sum()
    assert 1.5e6 < average < 3e6
    assert 6 < cogs / average < 7
    assert 0.25 < 1 - cogs / revenue < 0.35


@pytest.mark.parametrize("seed", SEEDS)
def test_the_year_before_was_better(seed: int) -> None:
    """Above the target of 6.5 turns, and more margin; the last year is below the target."""
    before, last = turns_of_years(seed, [])
    assert last["turns"].item() < company().target < before["turns"].item()
    assert 0.01 < before["margin"].item() - last["margin"].item() < 0.03


@pytest.mark.parametrize("seed", SEEDS)
def test_two_categories_changed_their_ways(seed: int) -> None:
    """Lighting was near its target of 5 and fell below 2.5; cleaning, bought in smaller lots, turns faster."""
    before, last = (
        {row["code"]: row["turns"] for row in year.rows(named=True)}
        for year in turns_of_years(seed, ["code"])
    )
    assert 4.5 < before["07"] < 5.5
    assert last["07"] < 2.5
    assert last["04"] > before["04"] + 0.5


def turns_of_years(seed: int, by: list[str]) -> list[pl.DataFrame]:
    """Turnover and gross margin of the two years to June, by columns of the cells (or as a whole)."""
    cells = truth(seed).cells.with_columns(
        code=pl.col("sku").str.slice(0, 2),
        year=pl.when(pl.col("month") < date(2024, 7, 1)).then(2024).otherwise(2025),
        daily=pl.col("avg_inventory") * pl.col("month").dt.days_in_month(),
    )
    found = cells.group_by("year", *by).agg(
        turns=pl.col("cogs").sum() / pl.col("daily").sum() * 365,
        margin=1 - pl.col("cogs").sum() / pl.col("revenue").sum(),
    )
    return [found.filter(year=year) for year in (2024, 2025)]


def test_the_same_seed_gives_the_same_company() -> None:
    """Another seed gives another one."""
    books.cache_clear()
    first = truth(DEFAULT_SEED)
    books.cache_clear()
    assert truth(DEFAULT_SEED).cells.equals(first.cells)
    assert not truth(11).cells.equals(first.cells)


def test_best_wok_is_out_for_weeks() -> None:
    """Nothing comes in from 5 February to 19 May 2025, and the A item is out in both warehouses."""
    place = company().index_of("0201001")
    days = balances(history())
    first = (date(2025, 3, 1) - history().start).days
    last = (date(2025, 5, 20) - history().start).days
    for warehouse in range(2):
        out = sum(qty <= 0 for qty in days[place, warehouse][first:last])
        assert out >= 21
        receipts = [
            line.date
            for line in history().lines
            if line.kind == "purchase" and (line.item, line.warehouse) == (place, warehouse)
        ]
        assert not [day for day in receipts if date(2025, 2, 5) <= day < date(2025, 5, 20)]
    year = truth().cells.filter(pl.col("month") >= date(2024, 7, 1))
    ranked = year.group_by("sku").agg(pl.col("cogs").sum()).sort("cogs", descending=True)
    before = ranked.with_columns(share=pl.col("cogs").cum_sum().shift(1, fill_value=0) / pl.col("cogs").sum())
    assert before.filter(sku="0201001")["share"].item() < 0.8


@pytest.mark.parametrize("sku", ["0603001", "0506001", "0804001"])
def test_dead_goods_hold_money(sku: str) -> None:
    """No sale for more than 180 days in either warehouse, and more than 20,000 CNY on the shelves."""
    assert all((END - max(sales_of(sku, warehouse))).days > 180 for warehouse in range(2))
    closing = truth().cells.filter(sku=sku, month=date(2025, 6, 1))
    assert closing["closing_value"].sum() > 20_000


def test_nothing_else_is_dead() -> None:
    """Every other cell but the misplaced one sold something within 180 days."""
    told = {"0603001", "0506001", "0804001"}
    for item in company().items:
        for warehouse in range(2):
            if item.sku not in told and (item.sku, warehouse) != ("0806001", 1):
                assert (END - max(sales_of(item.sku, warehouse))).days < 180


def test_coffee_maker_stands_in_the_wrong_warehouse() -> None:
    """Dead in Suzhou, sold in Shanghai within the last 60 days."""
    assert (END - max(sales_of("0806001", 1))).days > 180
    assert (END - max(sales_of("0806001", 0))).days < 60
    assert history().closing[company().index_of("0806001"), 1] > 100


def test_lighting_is_overstocked() -> None:
    """Lighting turns less than half its target; no other category does."""
    year = truth().cells.filter(pl.col("month") >= date(2024, 7, 1))
    turns = (
        year.with_columns(
            code=pl.col("sku").str.slice(0, 2),
            days=pl.col("avg_inventory") * pl.col("month").dt.days_in_month() / 365,
        )
        .group_by("code")
        .agg(turns=pl.col("cogs").sum() / pl.col("days").sum())
    )
    slow = {
        group.code
        for group in company().categories
        if turns.filter(code=group.code)["turns"].item() < group.target / 2
    }
    assert slow == {"07"}


def test_launches_begin_when_they_are_launched() -> None:
    """The first movement is the receipt of the launch day; the later one is less than 30 days old."""
    for sku, day in (("0108001", date(2025, 3, 10)), ("0607001", date(2025, 6, 9))):
        place = company().index_of(sku)
        first = min((line for line in history().lines if line.item == place), key=lambda line: line.date)
        assert (first.kind, first.date) == ("purchase", day)
        assert not [cell for cell in history().opening if cell[0] == place]


def test_foshan_is_late_and_the_others_are_not() -> None:
    """Mean days between promise and first receipt, by supplier."""
    late: dict[str, list[int]] = defaultdict(list)
    seen = set()
    for line in history().lines:
        if line.order is not None and line.order not in seen:
            seen.add(line.order)
            late[line.partner].append((line.date - line.order.promised_on).days)
    mean = {supplier: sum(days) / len(days) for supplier, days in late.items()}
    assert len(mean) == 5
    assert {supplier for supplier, days in mean.items() if days > 5} == {"佛山南烽五金制品有限公司"}


def test_ningbo_raised_its_prices() -> None:
    """Orders from February 2025 on cost 6 to 10 % more than in January; other suppliers did not move."""
    change: dict[str, list[float]] = defaultdict(list)
    prices: dict[tuple[int, bool], list[float]] = defaultdict(list)
    for order in history().received:
        if order.ordered_on >= date(2025, 1, 1):
            prices[order.item, order.ordered_on >= date(2025, 2, 1)].append(order.price)
    for place, item in enumerate(company().items):
        if (place, True) in prices and (place, False) in prices:
            new, old = prices[place, True], prices[place, False]
            supplier = company().supplier_of(item).name
            change[supplier].append(sum(new) / len(new) / (sum(old) / len(old)) - 1)
    mean = {supplier: sum(shares) / len(shares) for supplier, shares in change.items()}
    assert 0.06 < mean.pop("宁波甬樾塑业有限公司") < 0.10
    assert all(abs(share) < 0.015 for share in mean.values())


def test_orders_come_whole_in_parts_or_are_open() -> None:
    """No order line receives more than was ordered; some come in two parts; some are open at the end."""
    parts = Counter(line.order for line in history().lines if line.order is not None)
    assert max(parts.values()) == 2
    assert all(0 <= came <= order.qty for order, came in history().received.items())
    assert any(came < order.qty for order, came in history().received.items())
    assert any(0 < came < order.qty for order, came in history().received.items())


def test_poisson_counts_have_their_mean_and_variance() -> None:
    """20,000 draws with mean 0.7: mean and variance within five standard errors."""
    drawn = Dice(5).poisson(np.full(20_000, 0.7))
    assert abs(drawn.mean() - 0.7) < 5 * (0.7 / 20_000) ** 0.5
    assert abs(drawn.var() - 0.7) < 0.05
