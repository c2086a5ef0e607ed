"""Small random ledgers with everything that is awkward: negative stock, same-day receipts and issues, transfers
across days, returns, counts, revaluations, purchase returns, missing costs."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import polars as pl

from stockturn.model import Ledger
from tests.oracles import Row

START = date(2024, 1, 20)
HOUSES = ("A", "B", "C")


def random_ledger(seed: int, *, every_cost: bool = False) -> tuple[list[Row], dict, dict, Ledger]:
    """Rows, points and standards for the replay, and the same as canonical frames.

    ``every_cost``: each row carries a cost, as a ledger with its own costing does.
    """
    draw = Random(seed)
    skus = ["x", "y"][: draw.choice((1, 1, 2))]
    houses = HOUSES[: draw.choice((1, 2, 3))]
    span = draw.choice((4, 12, 45, 75))
    rows: list[Row] = []
    sales: list[Row] = []
    for number in range(draw.randint(1, 30)):
        day = START + timedelta(days=draw.randrange(span))
        sku, house = draw.choice(skus), draw.choice(houses)
        row = _row(draw, day, sku, house, number, sales, every_cost)
        rows.append(row)
        if row.kind == "sale":
            sales.append(row)
        if draw.random() < 0.18 and len(houses) > 1:
            rows += _transfer(draw, day, sku, houses, number, every_cost)
    if draw.random() < 0.2:
        first = {}
        for row in rows:
            first[row.cell] = min(first.get(row.cell, row.day), row.day)
        for cell, day in first.items():
            if draw.random() < 0.6:
                qty = _qty(draw)
                rows.append(
                    Row(day, *cell, qty, "opening", qty * _price(draw) if draw.random() < 0.8 else None)
                )
    points = _points(draw, skus, houses, span)
    standard = {sku: _price(draw) if draw.random() < 0.6 else None for sku in skus}
    return rows, points, standard, _frames(rows, points, standard)


def _qty(draw: Random) -> float:
    return round(draw.randint(1, 120) / 10, 1)


def _price(draw: Random) -> float:
    return round(draw.uniform(1, 9), 2)


def _row(draw: Random, day: date, sku: str, house: str, number: int, sales: list[Row], every: bool) -> Row:
    kind = draw.choices(
        (
            "purchase",
            "sale",
            "sale_return",
            "purchase_return",
            "adjustment_in",
            "adjustment_out",
            "scrap",
            "revaluation",
            "production_out",
            "other_in",
            "production_in",
        ),
        (8, 9, 2, 1, 1, 1, 1, 1, 1, 1, 1),
    )[0]
    qty = _qty(draw)
    if kind == "revaluation":
        return Row(day, sku, house, 0.0, kind, round(draw.uniform(-8, 12), 2))
    sign = 1 if kind in ("purchase", "sale_return", "adjustment_in", "other_in", "production_in") else -1
    price = _price(draw)
    likely = {
        "purchase": 0.95,
        "purchase_return": 0.8,
        "sale_return": 0.3,
        "other_in": 0.5,
        "production_in": 0.7,
    }
    costed = every or draw.random() < likely.get(kind, 0.0)
    doc = f"S{number}" if kind == "sale" else None
    order = draw.choice(sales).doc if kind == "sale_return" and sales and draw.random() < 0.6 else None
    return Row(day, sku, house, sign * qty, kind, sign * qty * price if costed else None, doc, order)


def _transfer(draw: Random, day: date, sku: str, houses: tuple, number: int, every: bool) -> list[Row]:
    source, target = draw.sample(houses, 2)
    qty, doc = _qty(draw), f"T{number}"
    arrived = round(qty - 0.1, 1) if qty > 0.1 and draw.random() < 0.15 else qty
    later = day + timedelta(days=draw.choice((0, 0, 0, 1, 5, 20)))
    price = _price(draw)

    def leg(when: date, house: str, units: float) -> Row:
        kind = "transfer_in" if units > 0 else "transfer_out"
        return Row(when, sku, house, units, kind, units * price if every else None, doc)

    arrival = leg(later, target, arrived)
    if qty > 1 and draw.random() < 0.2:
        # one document that leaves on two days
        rest = day + timedelta(days=draw.choice((1, 3)))
        return [leg(day, source, -1.0), leg(rest, source, -round(qty - 1.0, 1)), arrival]
    return [leg(day, source, -qty)] if draw.random() < 0.1 else [leg(day, source, -qty), arrival]


def _points(draw: Random, skus: list, houses: tuple, span: int) -> dict:
    points = {}
    if draw.random() < 0.7:
        for offset in draw.sample((-1, -1, 0, 3, 11, 31, 44), draw.choice((1, 1, 2))):
            if offset >= span:
                continue
            for sku in skus:
                for house in houses:
                    if draw.random() < 0.7:
                        qty = draw.choice((0.0, _qty(draw), _qty(draw), _qty(draw), -_qty(draw)))
                        value = round(qty * _price(draw), 2) if draw.random() < 0.7 else None
                        points[(sku, house), START + timedelta(days=offset)] = (qty, value)
    return points


def _frames(rows: list[Row], points: dict, standard: dict) -> Ledger:
    columns = ("date", "sku", "warehouse", "qty", "kind", "cost", "doc_no", "order_no")
    movements = pl.DataFrame(
        [(r.day, r.sku, r.house, r.qty, r.kind, r.cost, r.doc, r.order) for r in rows],
        schema=dict(
            zip(
                columns,
                (pl.Date, pl.String, pl.String, pl.Float64, pl.String, pl.Float64, pl.String, pl.String),
                strict=False,
            )
        ),
        orient="row",
    )
    stock = pl.DataFrame(
        [(day, *cell, qty, value) for (cell, day), (qty, value) in points.items()],
        schema={
            "as_of": pl.Date,
            "sku": pl.String,
            "warehouse": pl.String,
            "on_hand": pl.Float64,
            "value": pl.Float64,
        },
        orient="row",
    )
    items = pl.DataFrame(
        {"sku": list(standard), "unit_cost": list(standard.values())},
        schema={"sku": pl.String, "unit_cost": pl.Float64},
    )
    return Ledger.of(movements=movements, stock=stock, items=items)
