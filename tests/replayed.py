"""A small company that buys, moves, sells, takes back, counts and scraps, day by day, and never sells what it has not."""

from __future__ import annotations

import random
from datetime import date, timedelta
from functools import cache
from typing import Any

import polars as pl

from stockturn.config import Settings
from stockturn.engine.replay import Replayed, replay
from stockturn.model import Ledger

START, DAYS = date(2024, 1, 1), 210
FROM = date(2024, 5, 20)
SKUS = {"A": 4.0, "B": 2.5, "C": 10.0, "P": 3.0}
"""Items and what one costs; P keeps for 20 days."""
HOUSES = ("N", "S")


def when(number: int) -> date:
    """That day of the company."""
    return START + timedelta(days=number)


@cache
def company(seed: int = 1) -> dict[str, pl.DataFrame]:
    """Its canonical tables."""
    return _Days(seed).run()


def ledger(seed: int = 1, **other: pl.DataFrame) -> Ledger:
    """The company as a ledger; tables given replace its own."""
    return Ledger.of(**{**company(seed), **other})


def settings(**replayed: object) -> Settings:
    """Settings of a short replay of it, looked at every second week."""
    chosen = {"start": FROM, "least_history_days": 20, "service_levels": (), **replayed}
    return Settings.model_validate(
        {"replay": chosen, "turnover": {"cost": "standard"}, "reorder": {"review_days": 14}}
    )


@cache
def replayed(seed: int = 1) -> Replayed:
    """It with the suggestions."""
    return replay(ledger(seed), settings())


class _Days:
    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.stock = {(sku, house): float(self.dice.randint(30, 90)) for sku in SKUS for house in HOUSES}
        self.opening = dict(self.stock)
        self.moves: list[dict[str, Any]] = []
        self.orders: list[dict[str, Any]] = []
        self.coming: dict[int, list[tuple[str, str, float, str, str]]] = {}

    def run(self) -> dict[str, pl.DataFrame]:
        for day in range(DAYS):
            for sku, house, qty, kind, doc in self.coming.pop(day, []):
                self._post(day, sku, house, qty, kind, doc)
            for sku in SKUS:
                for house in HOUSES:
                    self._trade(day, sku, house)
            if day % 7 == 3:
                self._buy(day)
            if day % 30 == 11:
                self._move(day)
        lists = [
            {"as_of": when(-1), "sku": sku, "warehouse": house, "on_hand": qty, "unit_cost": SKUS[sku]}
            for (sku, house), qty in self.opening.items()
        ]
        items = [
            {"sku": sku, "unit_cost": cost, "supplier": "X" if sku in "AB" else "Y", "moq": 6.0, "order_multiple": 3.0,
             "shelf_life_days": 20.0 if sku == "P" else None, "lead_time_days": 9.0}
            for sku, cost in SKUS.items()
        ]  # fmt: skip
        frames = {"movements": self.moves, "stock": lists, "items": items, "orders": self.orders}
        return {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in frames.items()}

    def _post(self, day: int, sku: str, house: str, qty: float, kind: str, doc: str) -> None:
        self.stock[sku, house] += qty
        self.moves.append(
            {"date": when(day), "sku": sku, "warehouse": house, "qty": qty, "kind": kind, "doc_no": doc,
             "unit_cost": SKUS[sku]}
        )  # fmt: skip

    def _trade(self, day: int, sku: str, house: str) -> None:
        """Sell, take back, count, scrap."""
        dice, have = self.dice, self.stock[sku, house]
        sold = min(have, float(dice.choice((0, 0, 1, 2, 3, 5))) * (2 if house == "N" else 1))
        if sold:
            self._post(day, sku, house, -sold, "sale", f"S{day}")
        if dice.random() < 0.02:
            self._post(day, sku, house, 1.0, "sale_return", f"R{day}")
        for kind, chance in (("adjustment_out", 0.01), ("scrap", 0.02 if sku == "P" else 0.005)):
            if dice.random() < chance and self.stock[sku, house] >= 2:
                self._post(day, sku, house, -2.0, kind, f"C{day}")

    def _buy(self, day: int) -> None:
        for sku in SKUS:
            for house in HOUSES:
                waiting = sum(
                    q for rows in self.coming.values() for s, h, q, *_ in rows if (s, h) == (sku, house)
                )
                if self.stock[sku, house] + waiting < 60:
                    self._order(day, sku, house, 3.0 * self.dice.randint(8, 18))

    def _order(self, day: int, sku: str, house: str, qty: float) -> None:
        """An order, in one or two parts; what comes after the last day stays open."""
        number, took = f"PO{len(self.orders)}", self.dice.randint(5, 14)
        parts = [(took, qty)] if self.dice.random() < 0.8 else [(took, qty - 3.0), (took + 4, 3.0)]
        for place, (days, units) in enumerate(parts):
            here = day + days < DAYS
            self.orders.append(
                {"order_date": when(day), "sku": sku, "warehouse": house, "supplier": "X" if sku in "AB" else "Y",
                 "doc_no": number, "line_no": "1", "part": str(place + 1), "qty_ordered": qty, "promised_date": when(day + 9),
                 "qty_received": units if here else None, "qty_open": None if here else units,
                 "received_date": when(day + days) if here else None, "unit_cost": SKUS[sku]}
            )  # fmt: skip
            if here:
                self.coming.setdefault(day + days, []).append((sku, house, units, "purchase", number))

    def _move(self, day: int) -> None:
        """From N to S, two days on the way."""
        for sku in SKUS:
            qty = self.stock[sku, "N"] // 4
            if qty and day + 2 < DAYS:
                self._post(day, sku, "N", -qty, "transfer_out", f"T{day}")
                self.coming.setdefault(day + 2, []).append((sku, "S", qty, "transfer_in", f"T{day}"))
