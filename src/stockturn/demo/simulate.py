"""Two years in the life of the example company, day by day: demand, fallible buyers, late suppliers.

The days before the exported span warm the company up, so that on its first day there are orders on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from stockturn.demo.company import Category, Company, Item, company
from stockturn.demo.dice import Dice
from stockturn.demo.records import Cell, History, Line, OrderLine

WARM_UP_DAYS = 120
WEEKDAY = (1.1, 1.15, 1.1, 1.15, 1.2, 0.85, 0.3)
"""How busy the days of a week are, Monday first."""
GROWTH = 0.06
"""Demand grows by so much a year."""
INFLATION = 0.02
"""Suppliers ask so much more with every new year; the company's list prices stay."""
MEMORY_DAYS = 50
"""How long the buyers remember: their daily rate is an exponential mean over about so many days."""
SAFETY_DAYS = 18
REVIEW_DAYS = 7
FORGOTTEN = 0.06
"""Share of the weekly looks at an item that a busy buyer skips."""
NERVES = 0.28
"""Spread (of the logarithm) of a buyer's order around what the rule says."""
PARTIAL = 0.12
"""Share of order lines that arrive in two parts."""
RETURNED = 0.022
"""Share of sales lines of which something comes back."""
TRANSFER_WEEKDAY = 2
SHORT_COVER_DAYS, LONG_COVER_DAYS = 5.0, 40.0
"""A warehouse with less cover than the first is helped by one with more than the second."""
COUNTED_CELLS = 9
"""Cells of a warehouse in which the stock-take finds a difference."""


@dataclass(frozen=True)
class Arrival:
    """Units of an order line that come in on a day."""

    order: OrderLine
    qty: int


@dataclass(frozen=True)
class Comeback:
    """Units of a sales line that a customer sends back."""

    sold: Line
    qty: int


def simulate(seed: int) -> History:
    """The company's documents from ``story.starts_on`` to ``story.ends_on`` for that seed."""
    return _Simulation(company(), Dice(seed)).run()


def next_workday(day: date) -> date:
    """The day itself, or the Monday after a weekend.

    >>> next_workday(date(2025, 6, 28))
    datetime.date(2025, 6, 30)
    """
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day


class _Simulation:
    """The state of the company on one day; ``run`` lets the days pass."""

    def __init__(self, firm: Company, dice: Dice) -> None:
        self.firm, self.dice, self.story = firm, dice, firm.story
        shape = (len(firm.items), len(firm.warehouses))
        share = np.array(firm.warehouse_share)
        self.lines_a_day = np.array([item.rate for item in firm.items])[:, None] * share
        self.rate = self.lines_a_day * np.array([item.lot for item in firm.items])[:, None]
        self.on_hand = np.zeros(shape, dtype=np.int64)
        self.on_order = np.zeros(shape, dtype=np.int64)
        self.arrivals: dict[date, list[Arrival]] = {}
        self.comebacks: dict[date, list[Comeback]] = {}
        self.lines: list[Line] = []
        self.received: dict[OrderLine, int] = {}
        self.numbers: dict[str, int] = {}
        self.today = self.story["starts_on"] - timedelta(days=WARM_UP_DAYS)

    def run(self) -> History:
        """Every day in its order: goods in, returns, transfers, sales, stock-take, orders."""
        start, end = self.story["starts_on"], self.story["ends_on"]
        opening: dict[Cell, tuple[int, float]] = {}
        self._first_stock()
        while self.today <= end:
            if self.today == start:
                opening = self._opening()
            busy = self._receive()
            busy |= self._take_back(busy)
            self._transfer(busy)
            self._sell()
            if self.today in self.story["counted_on"]:
                self._count()
            self._tell_story()
            self._order()
            self.today += timedelta(days=1)
        lines = tuple(line for line in self.lines if line.date >= start)
        return History(start, end, opening, lines, self.received, self.on_hand)

    def _known(self, item: Item) -> bool:
        return item.launched_on is None or self.today >= item.launched_on

    def _first_stock(self) -> None:
        for place, item in enumerate(self.firm.items):
            if item.launched_on is None:
                days = self.firm.categories[item.category].cover_days * 0.6 + 25
                self.on_hand[place] = np.ceil(self.rate[place] * days)

    def _opening(self) -> dict[Cell, tuple[int, float]]:
        """Stock on the eve of the span, at a cost near the price list, rounded to the cent like the list."""
        opening = {}
        for place, item in enumerate(self.firm.items):
            for warehouse in range(len(self.firm.warehouses)):
                if self._known(item):
                    units = int(self.on_hand[place, warehouse])
                    cost = item.cost * (1 + 0.015 * self.dice.normal())
                    opening[place, warehouse] = (units, round(units * cost, 2))
        return opening

    def _number(self, prefix: str) -> str:
        stem = f"{prefix}{self.today:%Y%m%d}"
        self.numbers[stem] = self.numbers.get(stem, 0) + 1
        return f"{stem}{self.numbers[stem]:03d}"

    def _receive(self) -> set[Cell]:
        """Goods in, one document per order; the cells that received something."""
        documents: dict[str, list[Arrival]] = {}
        for arrival in self.arrivals.pop(self.today, []):
            documents.setdefault(arrival.order.doc_no, []).append(arrival)
        touched: set[Cell] = set()
        for arrivals in documents.values():
            doc_no = self._number("RK")
            for line_no, arrival in enumerate(arrivals, start=1):
                order = arrival.order
                cell = (order.item, order.warehouse)
                supplier = self.firm.supplier_of(self.firm.items[order.item]).name
                self.lines.append(
                    Line(
                        self.today,
                        "purchase",
                        *cell,
                        arrival.qty,
                        doc_no,
                        line_no,
                        order.price,
                        supplier,
                        -1,
                        order,
                    )
                )
                self.on_hand[cell] += arrival.qty
                self.on_order[cell] -= arrival.qty
                self.received[order] += arrival.qty
                touched.add(cell)
        return touched

    def _take_back(self, busy: set[Cell]) -> set[Cell]:
        """Customers' returns; one that meets a receipt of the same cell waits a day (its cost stays plain)."""
        touched: set[Cell] = set()
        for comeback in self.comebacks.pop(self.today, []):
            sold = comeback.sold
            cell = (sold.item, sold.warehouse)
            if cell in busy:
                self.comebacks.setdefault(self.today + timedelta(days=1), []).append(comeback)
                continue
            self.lines.append(
                Line(
                    self.today,
                    "sale_return",
                    *cell,
                    comeback.qty,
                    self._number("XT"),
                    1,
                    sold.price,
                    sold.partner,
                )
            )
            self.on_hand[cell] += comeback.qty
            touched.add(cell)
        return touched

    def _transfer(self, busy: set[Cell]) -> None:
        """Once a week the fuller warehouse helps the emptier one; nobody looks at the misplaced item."""
        if self.today.weekday() != TRANSFER_WEEKDAY:
            return
        cover = self.on_hand / self.rate
        overlooked = {
            self.firm.index_of(entry["sku"]) for entry in (*self.story["dead"], self.story["misplaced"])
        }
        for source, target in ((0, 1), (1, 0)):
            doc_no, line_no = "", 0
            for place in np.flatnonzero(
                (cover[:, target] < SHORT_COVER_DAYS) & (cover[:, source] > LONG_COVER_DAYS)
            ):
                item = int(place)
                if item in overlooked or busy & {(item, source), (item, target)}:
                    continue
                units = int(min(self.rate[item, target] * 14, self.on_hand[item, source] / 3))
                if units < 2:
                    continue
                doc_no, line_no = doc_no or self._number("DB"), line_no + 1
                self.lines.append(
                    Line(
                        self.today, "transfer_out", item, source, units, doc_no, line_no, to_warehouse=target
                    )
                )
                self.on_hand[item, source] -= units
                self.on_hand[item, target] += units

    def _sell(self) -> None:
        """Customers' orders, one to four lines each, as far as the stock goes."""
        asked = self.dice.poisson(self._mean_lines())
        sold = np.zeros_like(self.on_hand)
        stocked = self.on_hand > 0
        for warehouse in range(len(self.firm.warehouses)):
            wanted = np.repeat(np.arange(len(self.firm.items)), asked[:, warehouse]).tolist()
            queue = self.dice.shuffled(wanted)
            while queue:
                size = self.dice.between(1, 4)
                self._sell_basket(warehouse, queue[:size], sold)
                queue = queue[size:]
        self.rate = np.where(stocked, self.rate + (sold - self.rate) / MEMORY_DAYS, self.rate).clip(1e-3)

    def _sell_basket(self, warehouse: int, basket: list[int], sold: npt.NDArray[np.int64]) -> None:
        customer = self.dice.between(0, len(self.firm.customers) - 1)
        discount = 0.02 + 0.08 * ((customer * 7) % 11) / 10
        doc_no, line_no = "", 0
        for place in basket:
            item = self.firm.items[place]
            units = max(1, round(item.lot * (0.4 + 1.2 * self.dice.uniform())))
            units = min(units, int(self.on_hand[place, warehouse]))
            if units == 0:
                continue
            doc_no, line_no = doc_no or self._number("XS"), line_no + 1
            price = round(item.list_price * (1 - discount), 2)
            line = Line(
                self.today,
                "sale",
                place,
                warehouse,
                units,
                doc_no,
                line_no,
                price,
                self.firm.customers[customer],
            )
            self.lines.append(line)
            self.on_hand[place, warehouse] -= units
            sold[place, warehouse] += units
            if self.dice.chance(RETURNED):
                back = max(1, round(units * 0.5 * self.dice.uniform()))
                due = self.today + timedelta(days=self.dice.between(4, 18))
                self.comebacks.setdefault(due, []).append(Comeback(line, back))

    def _mean_lines(self) -> npt.NDArray[np.float64]:
        """Expected sales lines per cell today: season, weekday, growth, and what the story switches off."""
        years = (self.today - self.story["starts_on"]).days / 365
        season: npt.NDArray[np.float64] = np.array(
            [self.firm.categories[i.category].season[self.today.month - 1] for i in self.firm.items]
        )
        mean: npt.NDArray[np.float64] = (
            self.lines_a_day * season[:, None] * WEEKDAY[self.today.weekday()] * (1 + GROWTH * years)
        )
        for place, item in enumerate(self.firm.items):
            if not self._known(item):
                mean[place] = 0.0
        for entry in self.story["dead"]:
            if self.today > entry["last_demand"]:
                mean[self.firm.index_of(entry["sku"])] = 0.0
        entry = self.story["misplaced"]
        if self.today > entry["last_demand"]:
            mean[self.firm.index_of(entry["sku"]), entry["warehouse"]] = 0.0
        return mean

    def _count(self) -> None:
        """The year-end stock-take: small gains and losses in a few cells of each warehouse."""
        for warehouse in range(len(self.firm.warehouses)):
            stocked = np.flatnonzero(self.on_hand[:, warehouse] > 20).tolist()
            for kind, prefix, sign in (("adjustment_in", "PY", 1), ("adjustment_out", "PK", -1)):
                doc_no = self._number(prefix)
                share = COUNTED_CELLS // 3 if sign > 0 else COUNTED_CELLS - COUNTED_CELLS // 3
                found = self.dice.shuffled(stocked)[:share]
                stocked = [place for place in stocked if place not in found]
                for line_no, place in enumerate(sorted(found), start=1):
                    units = max(1, round(self.on_hand[place, warehouse] * 0.04 * self.dice.uniform()))
                    self.lines.append(Line(self.today, kind, place, warehouse, units, doc_no, line_no))
                    self.on_hand[place, warehouse] += sign * units

    def _tell_story(self) -> None:
        """Purchases that no rule asked for: the lots that went dead, the trade fair offer, the launches."""
        for entry in (*self.story["dead"], self.story["misplaced"]):
            if self.today == entry["bought_on"]:
                place = self.firm.index_of(entry["sku"])
                self._place_order([(place, w, units) for w, units in enumerate(entry["units"]) if units])
        bulk = self.story["bulk"]
        if self.today == bulk["on"]:
            group = [p for p, i in enumerate(self.firm.items) if i.sku.startswith(bulk["category"])]
            for warehouse in range(len(self.firm.warehouses)):
                self._place_order(
                    [(p, warehouse, self._lot(p, self.rate[p, warehouse] * bulk["days"])) for p in group]
                )
        for entry in self.story["launches"]:
            place = self.firm.index_of(entry["sku"])
            promised = self.firm.supplier_of(self.firm.items[place]).promised_days
            if self.today == entry["on"] - timedelta(days=promised):
                self._place_order([(place, w, u) for w, u in enumerate(entry["units"])], arrives=entry["on"])

    def _order(self) -> None:
        """Each supplier has its weekday; the buyers look at every cell and order up to a level, more or less."""
        for number, supplier in enumerate(self.firm.suppliers):
            if self.today.weekday() != number % 5:
                continue
            for warehouse in range(len(self.firm.warehouses)):
                wanted = []
                for place, item in enumerate(self.firm.items):
                    group = self.firm.categories[item.category]
                    if group.supplier != number or not self._known(item) or self.dice.chance(FORGOTTEN):
                        continue
                    cover = self._cover_days(group)
                    lead = (supplier.promised_days + supplier.mean_days) / 2
                    rate = float(self.rate[place, warehouse])
                    position = int(self.on_hand[place, warehouse] + self.on_order[place, warehouse])
                    level = rate * (lead + REVIEW_DAYS / 2 + SAFETY_DAYS)
                    nerves = float(np.exp(NERVES * self.dice.normal()))
                    if position <= level:
                        need = level + rate * cover * nerves - position
                        wanted.append((place, warehouse, self._lot(place, need)))
                self._place_order(wanted)

    def _cover_days(self, group: Category) -> int:
        """Days of sales that the buyer of that category likes to order at once today."""
        days = group.cover_days
        for way in self.story["buying"]:
            if way["category"] == group.code and way["from"] <= self.today:
                days = way["days"]
        return days

    def _lot(self, place: int, need: float) -> int:
        item = self.firm.items[place]
        return max(item.moq, int(-(-need // item.order_multiple)) * item.order_multiple)

    def _place_order(self, wanted: list[tuple[int, int, int]], arrives: date | None = None) -> None:
        """One order document; its lines come on the same day unless they slip or come in two parts."""
        if not wanted:
            return
        supplier = self.firm.supplier_of(self.firm.items[wanted[0][0]])
        doc_no = self._number("CG")
        days = max(2, round(supplier.mean_days + supplier.sd_days * self.dice.normal()))
        promised = next_workday(self.today + timedelta(days=supplier.promised_days))
        for line_no, (place, warehouse, units) in enumerate(wanted, start=1):
            price = self._price(place)
            order = OrderLine(doc_no, line_no, self.today, promised, place, warehouse, units, price)
            self.received[order] = 0
            self.on_order[place, warehouse] += units
            day = arrives or next_workday(self.today + timedelta(days=days))
            slipped = self.story["slipped"]
            if self.firm.items[place].sku == slipped["sku"] and slipped["from"] <= day <= slipped["to"]:
                day = slipped["to"]
            first = round(units * 0.6) if arrives is None and self.dice.chance(PARTIAL) else units
            self.arrivals.setdefault(day, []).append(Arrival(order, first))
            if first < units:
                later = next_workday(day + timedelta(days=self.dice.between(4, 12)))
                self.arrivals.setdefault(later, []).append(Arrival(order, units - first))

    def _price(self, place: int) -> float:
        """Unit cost of an order placed today: the list, dearer with every new year, and the supplier's rise."""
        item = self.firm.items[place]
        rise: float = (1 + INFLATION) ** max(0, self.today.year - self.story["starts_on"].year)
        if self.today >= self.story["price_rise_on"]:
            rise *= 1 + self.firm.supplier_of(item).rise
        return round(item.cost * rise * (1 + 0.01 * self.dice.normal()), 2)
