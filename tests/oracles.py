"""A slow replay of a ledger, document by document, in plain Python: what the engine's arrays must agree with.

Nothing here is shared with the engine. Rules are those of the contract: receipts before issues within a day, all
receipts of a day as one; one cost per day and group; a transfer carries its source's cost.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

TRANSIT = "(in transit)"
RECEIPTS = {"purchase", "production_in", "assembly_in", "other_in", "sale_return", "transfer_in", "opening"}
Cell = tuple[str, str]


@dataclass
class Row:
    """One movement; ``cost`` signed like the quantity or None; ``link`` joins legs of a transfer."""

    day: date
    sku: str
    house: str
    qty: float
    kind: str
    cost: float | None = None
    doc: str | None = None
    order: str | None = None
    link: object = None

    @property
    def cell(self) -> Cell:
        """Sku and warehouse."""
        return self.sku, self.house


@dataclass
class Replay:
    """What the replay found: end-of-day ``on_hand`` and ``value`` by (cell, day), ``flows`` by (cell, day, kind)."""

    on_hand: dict = field(default_factory=dict)
    value: dict = field(default_factory=dict)
    flows: dict = field(default_factory=lambda: defaultdict(float))
    openings: dict = field(default_factory=dict)
    differences: list = field(default_factory=list)


def pair_transfers(rows: list[Row], as_of: date, transit_days: int) -> list[Row]:
    """Legs of one document belong together; what is under way stands in (in transit)."""
    legs = defaultdict(list)
    for row in rows:
        if row.kind in ("transfer_in", "transfer_out"):
            legs[row.sku, row.doc].append(row)
    complete = {key for key, group in legs.items() if len({leg.qty > 0 for leg in group}) == 2}
    extra = []
    for key, group in legs.items():
        if key not in complete and all(leg.qty > 0 for leg in group):
            continue
        for number, leg in enumerate(group):
            leg.link = key if key in complete else (key, number)
        batches = [group] if key in complete else [[leg] for leg in group]
        for batch in batches:
            total = round(sum(leg.qty for leg in batch), 6)
            if len({leg.day for leg in batch}) == 1 and total == 0:
                continue
            for leg in batch:
                kind = "transfer_in" if leg.qty < 0 else "transfer_out"
                cost = None if leg.cost is None else -leg.cost
                extra.append(Row(leg.day, leg.sku, TRANSIT, -leg.qty, kind, cost, leg.doc, None, leg.link))
            if total:
                last = max(leg.day for leg in batch)
                day = last + timedelta(days=transit_days) if total < 0 else last
                if day <= as_of:
                    kind = "transfer_out" if total < 0 else "transfer_in"
                    extra.append(
                        Row(day, batch[0].sku, TRANSIT, total, kind, None, None, None, batch[0].link)
                    )
    return rows + extra


def returns_of(rows: list[Row]) -> dict[int, tuple[Cell, date]]:
    """The sale (cell and day) that each uncosted return with an order number refers to: the latest one before the
    first return of that order."""
    found = {}
    named = [row for row in rows if row.kind == "sale_return" and row.order and row.cost is None]
    for row in named:
        first = min(other.day for other in named if (other.sku, other.order) == (row.sku, row.order))
        sales = [
            (sale.day, sale.house)
            for sale in rows
            if sale.kind == "sale"
            and sale.qty < 0
            and sale.sku == row.sku
            and row.order in (sale.order, sale.doc)
            and sale.day < first
        ]
        if sales:
            day, house = max(sales)
            found[id(row)] = ((row.sku, house), day)
    return found


def carried_forward(rows: list[Row], points: dict) -> tuple[list[Row], dict]:
    """Opening rows after a cell's first movement or count are counts of the day before."""
    kept, said = [], defaultdict(list)
    for row in rows:
        earlier = [other for other in rows if other.cell == row.cell and other.kind != "opening"]
        counts = [day for cell, day in points if cell == row.cell]
        the_day_before = row.day - timedelta(days=1)
        late = any(other.day < row.day for other in earlier) or any(day < the_day_before for day in counts)
        if row.kind == "opening" and late:
            said[row.cell, the_day_before].append(row)
        else:
            kept.append(row)
    extra = {}
    for key, group in said.items():
        costs = [row.cost for row in group]
        extra[key] = (sum(row.qty for row in group), None if None in costs else sum(costs))
    return kept, {**extra, **points}


class Ledger:
    """Rows and points of a ledger, opened and completed with differences."""

    def __init__(self, rows: list[Row], points: dict, standard: dict, as_of: date, transit_days: int) -> None:
        rows = [row for row in rows if row.day <= as_of]
        points = {key: point for key, point in points.items() if key[1] <= as_of}
        rows, points = carried_forward(rows, points)
        self.first = min(
            [row.day for row in rows] + [min(day + timedelta(days=1), as_of) for _, day in points]
        )
        self.origin = self.first - timedelta(days=1)
        self.standard, self.as_of = standard, as_of
        for row in rows:
            row.link = None
        self.rows = pair_transfers(rows, as_of, transit_days)
        self.returns = returns_of(self.rows)
        for row in self.rows:
            if row.kind == "opening":
                row.day -= timedelta(days=1)
        self.points = points
        self.cells = sorted({row.cell for row in self.rows} | {cell for cell, _ in points})
        self.by_cell = defaultdict(list)
        for row in self.rows:
            self.by_cell[row.cell].append(row)
        self.opening, self.basis, self.point_value, self.point_cost = {}, {}, {}, {}
        self.differences = []
        listed = {cell[1] for cell, _ in points} | {row.house for row in self.rows if row.kind == "opening"}
        for cell in self.cells:
            self._open(cell, listed)

    def _open(self, cell: Cell, listed: set) -> None:
        rows = sorted(self.by_cell[cell], key=lambda row: row.day)
        own = sorted((day, point) for (where, day), point in self.points.items() if where == cell)
        has_opening = any(row.kind == "opening" for row in rows)

        def book(day: date) -> float:
            return sum(row.qty for row in rows if row.day <= day)

        opening = 0.0
        if has_opening:
            basis = "opening"
        elif own:
            basis = "stock_point"
            day, (qty, value) = own[0]
            opening = round(qty - book(day), 6)
            if value is not None and all(row.day > day for row in rows):
                self.point_value[cell] = value
        else:
            level, lowest = 0.0, 0.0
            for day in sorted({row.day for row in rows}):
                level = book(day)
                lowest = min(lowest, round(level, 6))
            known = cell[1] == TRANSIT or (cell[1] in listed and lowest >= 0)
            basis = "not_listed" if known else "estimated"
            opening = 0.0 if known else -lowest
        for _, (qty, value) in own:
            if qty and value is not None and value / qty >= 0:
                self.point_cost.setdefault(cell, value / qty)
        posted = 0.0
        for day, (qty, _) in own:
            gap = round(qty - opening - posted - book(day), 6)
            if gap:
                posted += gap
                self.differences.append((cell, day, gap))
                self.by_cell[cell].append(Row(day, *cell, gap, "difference"))
        self.opening[cell], self.basis[cell] = opening, basis

    def role(self, row: Row) -> str:
        """in: at its own cost; back: a return to the supplier; reval; link; neutral: at the cost of the day."""
        if row.kind == "revaluation" or (row.qty == 0 and row.kind in ("purchase", "purchase_return")):
            return "reval"
        if row.link is not None and row.kind != "sale_return":
            return "link" if row.qty > 0 or row.house == TRANSIT else "neutral"
        if id(row) in self.returns:
            return "link"
        if row.cost is not None and row.kind in RECEIPTS and row.qty > 0:
            return "in"
        if row.cost is not None and row.kind in ("purchase", "purchase_return", "opening") and row.qty < 0:
            return "back"
        return "neutral"

    def seed(self, cells: list[Cell], *, by_row: bool = False) -> float | None:
        """Unit cost of a group before anything costed has come in."""
        for cell in cells:
            if cell in self.point_cost:
                return self.point_cost[cell]
        ins = self._first_price([row for cell in cells for row in self.by_cell[cell]], by_row)
        if ins is not None:
            return ins
        if self.standard.get(cells[0][0]) is not None:
            return self.standard[cells[0][0]]
        opened = [
            Row(self.origin, *cell, self.opening[cell], "opening", self.point_value[cell])
            for cell in self.point_value
            if self.opening[cell]
        ]
        return self._first_price([row for row in opened + self.rows if row.sku == cells[0][0]], by_row)

    def _first_price(self, rows: list[Row], by_row: bool) -> float | None:
        def costs(row: Row) -> bool:
            return row.cost is not None and row.qty > 0 if by_row else self.role(row) == "in"

        costed = [row for row in rows if costs(row)]
        if not costed:
            return None
        first = min(row.day for row in costed)
        cell = min(row.cell for row in costed if row.day == first)
        # The receipts of one kind and day are one posting; kinds come in the order of the contract.
        kinds = [row.kind for row in costed if row.day == first and row.cell == cell]
        kind = min(kinds, key=KIND_ORDER.index)
        same = [row for row in costed if (row.day, row.cell, row.kind) == (first, cell, kind)]
        return sum(row.cost for row in same) / sum(row.qty for row in same)


KIND_ORDER = [
    "opening",
    "purchase",
    "purchase_return",
    "sale",
    "sale_return",
    "transfer_in",
    "transfer_out",
    "production_in",
    "production_out",
    "adjustment_in",
    "adjustment_out",
    "scrap",
    "assembly_in",
    "assembly_out",
    "other_in",
    "other_out",
    "revaluation",
]


def renewed(
    average: float | None, before: float, iq: float, iv: float, bq: float, bv: float, reval: float
) -> tuple[float | None, dict]:
    """The average after goods in, then returns to suppliers and revaluations; and what that leaves over."""
    over: dict = {}
    if iq > 0:
        if before <= 0 or average is None:
            old = iv / iq if average is None else average
            over["negative_stock_variance"] = before * (iv / iq - old)
            average = iv / iq
        else:
            average = (before * average + iv) / (before + iq)
    if bq or reval:
        qty = before + iq - bq
        worth = (before + iq) * (average or 0.0) - bv + reval
        name = "price_variance" if bq > 0 else "rounding_difference"
        if qty <= 0:
            over[name] = qty * (average or 0.0) - worth
        elif worth < 0:
            average, over[name] = 0.0, -worth
        else:
            average = worth / qty
    return average, over


class Walk:
    """Day by day through a ledger under a perpetual method; ``by`` is sku_warehouse or sku."""

    def __init__(self, ledger: Ledger, by: str) -> None:
        self.ledger, self.by = ledger, by
        self.out = Replay()
        self.groups = defaultdict(list)
        for cell in ledger.cells:
            self.groups[self.group(cell)].append(cell)
        self.carried: dict = defaultdict(lambda: [0.0, 0.0])
        self.held: dict = defaultdict(float)
        self.transit_value: dict = defaultdict(float)
        self.state = {group: self.fresh(group) for group in self.groups}
        self.run()

    def group(self, cell: Cell) -> object:
        """What shares a cost with this cell."""
        return cell if self.by == "sku_warehouse" else cell[0]

    def role(self, row: Row) -> str:
        """Under one average for all warehouses a transfer moves goods and no cost."""
        if self.by == "sku" and row.link is not None and row.kind in ("transfer_in", "transfer_out"):
            return "neutral"
        return self.ledger.role(row)

    def run(self) -> None:
        """Post day after day; the opening stands on the origin."""
        ledger = self.ledger
        day = ledger.origin
        while day <= ledger.as_of:
            rows = [row for cell in ledger.cells for row in ledger.by_cell[cell] if row.day == day]
            if day == ledger.origin:
                rows += [
                    Row(day, *cell, ledger.opening[cell], "opening", ledger.point_value.get(cell))
                    for cell in ledger.cells
                    if ledger.opening[cell]
                ]
            self.one_day(day, rows)
            for cell in ledger.cells:
                self.out.on_hand[cell, day] = round(self.held[cell], 6)
                self.out.value[cell, day] = self.worth(cell)
            day += timedelta(days=1)

    def one_day(self, day: date, rows: list[Row]) -> None:
        """Settle the day: repeat it until what transfers bring no longer changes."""
        brought = {id(row): 0.0 for row in rows if self.role(row) == "link"}
        start = {group: self.copy(group) for group in self.groups}
        for _ in range(300):
            self.state = {group: self.copied(state) for group, state in start.items()}
            over = {
                group: self.arrive(group, [row for row in rows if self.group(row.cell) == group], brought)
                for group in self.groups
                if self.group_is_real(group)
            }
            now = self.link_values(day, rows)
            if all(abs(now[key] - brought[key]) <= 1e-12 * (1 + abs(now[key])) for key in brought):
                break
            brought = now
        self.post(day, rows, brought, over)

    def group_is_real(self, group: object) -> bool:
        """Goods on the way have no average of their own, unless the sku shares one everywhere."""
        return self.by == "sku" or group[1] != TRANSIT

    def sources(self, day: date, rows: list[Row]) -> dict:
        """Legs that leave today under each link: quantity and value."""
        left: dict = defaultdict(lambda: [0.0, 0.0])
        for row in rows:
            if row.link is not None and row.qty < 0 and row.house != TRANSIT and self.by == "sku_warehouse":
                left[row.link][0] += -row.qty
                left[row.link][1] += -row.qty * (self.cost(self.group(row.cell)) or 0.0)
        for cell, sold in set(self.ledger.returns.values()):
            if sold == day:
                left["sale", cell, sold] = [1.0, self.cost(self.group(cell)) or 0.0]
        return left

    def link_values(self, day: date, rows: list[Row]) -> dict:
        """Value of each linked arrival at the costs of this moment."""
        left = self.sources(day, rows)
        found = {}
        for row in rows:
            if self.role(row) != "link":
                continue
            link = ("sale", *self.ledger.returns[id(row)]) if id(row) in self.ledger.returns else row.link
            qty, value = left.get(link, (0.0, 0.0))
            if not (row.house == TRANSIT and row.qty > 0 and qty > 0):
                qty, value = qty + self.carried[link][0], value + self.carried[link][1]
            cost = value / qty if qty > 0 else (self.cost(self.group(row.cell)) or 0.0)
            found[id(row)] = row.qty * cost
        return found

    def post(self, day: date, rows: list[Row], brought: dict, over: dict) -> None:
        """Book the settled day."""
        left = self.sources(day, rows)
        for link, (qty, value) in left.items():
            self.carried[link][0] += qty
            self.carried[link][1] += value
        flows = self.out.flows
        for row in rows:
            role = self.role(row)
            value = brought[id(row)] if role == "link" else row.cost
            if role == "neutral":
                value = row.qty * (self.cost(self.group(row.cell)) or 0.0)
            flows[row.cell, day, row.kind] += value or 0.0
            self.held[row.cell] += row.qty
            if row.house == TRANSIT:
                self.transit_value[row.cell] += value or 0.0
        for group, parts in over.items():
            for name, value in parts.items():
                flows[self.groups[group][0], day, name] += value
        if self.by == "sku_warehouse":
            for cell in self.ledger.cells:
                if cell[1] == TRANSIT and round(self.held[cell], 6) == 0 and self.transit_value[cell]:
                    flows[cell, day, "rounding_difference"] -= self.transit_value[cell]
                    self.transit_value[cell] = 0.0

    def worth(self, cell: Cell) -> float:
        """Value of a cell's balance."""
        if cell[1] == TRANSIT and self.by == "sku_warehouse":
            return self.transit_value[cell]
        held = round(self.held[cell], 6)
        return held * (self.unit_worth(self.group(cell)) or 0.0) if held else 0.0


class MovingAverage(Walk):
    """Perpetual moving average: the state of a group is its average."""

    def fresh(self, group: object) -> list:
        """The average before anything has come."""
        return [self.ledger.seed(self.groups[group])]

    def copy(self, group: object) -> list:
        """The state at the start of the day."""
        return list(self.state[group])

    copied = staticmethod(list)

    def cost(self, group: object) -> float | None:
        """Cost of what leaves today."""
        return self.state[group][0]

    unit_worth = cost

    def arrive(self, group: object, rows: list[Row], brought: dict) -> dict:
        """Renew the average by the day's arrivals."""
        before = round(sum(self.held[cell] for cell in self.groups[group]), 6)
        iq = iv = bq = bv = reval = 0.0
        for row in rows:
            role = self.role(row)
            if role == "in" or role == "link":
                iq += row.qty
                iv += row.cost if role == "in" else brought[id(row)]
            elif role == "back":
                bq -= row.qty
                bv -= row.cost
            elif role == "reval":
                reval += row.cost or 0.0
        self.state[group][0], over = renewed(self.state[group][0], before, iq, iv, bq, bv, reval)
        return over


class Fifo(Walk):
    """First in, first out with real layers.

    State: layers [qty, cost, touched] oldest first; used [qty, cost] in the order of use; debt (units sold that
    were not there); the latest cost; the day's issue cost; the value held.
    """

    def fresh(self, group: object) -> dict:
        """No layers yet."""
        seed = self.ledger.seed(self.groups[group]) or 0.0
        return {
            "layers": [],
            "used": [],
            "debt": 0.0,
            "latest": seed,
            "seed": seed,
            "cost": seed,
            "value": 0.0,
        }

    def role(self, row: Row) -> str:
        """An opening without a value is a layer like any other, at the seed."""
        if row.kind == "opening" and row.cost is None and row.qty > 0:
            row.cost = row.qty * self.state[self.group(row.cell)]["seed"]
        return super().role(row)

    def copy(self, group: object) -> dict:
        """The state at the start of the day."""
        return self.copied(self.state[group])

    @staticmethod
    def copied(state: dict) -> dict:
        """A deep copy."""
        fresh = dict(state)
        fresh["layers"] = [list(layer) for layer in state["layers"]]
        fresh["used"] = [list(used) for used in state["used"]]
        return fresh

    def cost(self, group: object) -> float | None:
        """Cost of what leaves today."""
        return self.state[group]["cost"]

    def unit_worth(self, group: object) -> float | None:
        """Value held over quantity held."""
        held = round(sum(self.held[cell] for cell in self.groups[group]), 6)
        return self.state[group]["value"] / held if held else self.state[group]["cost"]

    def arrive(self, group: object, rows: list[Row], brought: dict) -> dict:
        """Lay the day's receipts, revalue, then let the net of everything else leave (or come back)."""
        state, over = self.state[group], defaultdict(float)
        if not rows:
            return over
        iq = iv = net = reval = 0.0
        back = []
        for row in rows:
            role = self.role(row)
            if role in ("in", "link"):
                iq += row.qty
                iv += row.cost if role == "in" else brought[id(row)]
            elif role == "reval":
                reval += row.cost or 0.0
            else:
                net -= row.qty
                if role == "back":
                    back.append(row)
        net = round(net, 6)
        if iq > 0:
            self._lay(state, iq, iv / iq, over)
        state["value"] += iv + over["negative_stock_variance"]
        if net:
            gone = self._take(state, net) if net > 0 else -self._restore(state, -net)
            state["cost"] = gone / net
            state["value"] -= gone
        if reval:
            over["rounding_difference"] += self._revalue(state, reval)
        if not net:
            held = round(sum(self.held[cell] for cell in self.groups[group]) + iq, 6)
            state["cost"] = state["value"] / held if held > 0 else state["latest"]
        for row in back:
            over["price_variance"] += row.qty * state["cost"] - row.cost
        return over

    @staticmethod
    def _lay(state: dict, qty: float, cost: float, over: dict) -> None:
        debt = state["debt"]
        charged = debt * state["latest"]
        fill = min(debt, qty)
        state["latest"] = cost
        if debt:
            over["negative_stock_variance"] += charged - debt * cost
            state["debt"] = round(debt - fill, 6)
            state["used"].append([fill, cost])
        if round(qty - fill, 6) > 0:
            state["layers"].append([round(qty - fill, 6), cost, False])

    @staticmethod
    def _take(state: dict, qty: float) -> float:
        worth = 0.0
        while qty > 1e-9 and state["layers"]:
            layer = state["layers"][0]
            part = min(qty, layer[0])
            worth += part * layer[1]
            state["used"].append([part, layer[1]])
            layer[0] = round(layer[0] - part, 6)
            qty = round(qty - part, 6)
            if layer[0] <= 0:
                state["layers"].pop(0)
        state["debt"] = round(state["debt"] + qty, 6)
        return worth + qty * state["latest"]

    @staticmethod
    def _restore(state: dict, qty: float) -> float:
        part = min(qty, state["debt"])
        state["debt"] = round(state["debt"] - part, 6)
        worth, qty = part * state["latest"], round(qty - part, 6)
        while qty > 1e-9 and state["used"]:
            used = state["used"][-1]
            part = min(qty, used[0])
            worth += part * used[1]
            state["layers"].insert(0, [part, used[1], True])
            used[0] = round(used[0] - part, 6)
            qty = round(qty - part, 6)
            if used[0] <= 0:
                state["used"].pop()
        if qty > 0:
            state["layers"].insert(0, [qty, state["seed"], True])
        return worth + qty * state["seed"]

    @staticmethod
    def _revalue(state: dict, amount: float) -> float:
        whole = [layer for layer in state["layers"] if not layer[2]]
        qty = sum(layer[0] for layer in whole)
        if qty <= 0:
            return -amount
        for layer in whole:
            layer[1] += amount / qty
        state["latest"] = state["layers"][-1][1]
        state["value"] += amount
        return 0.0


class Monthly(Walk):
    """Month-end weighted average: a month is settled as a whole, transfers at the opening average of the source."""

    def fresh(self, group: object) -> list:
        """The average before anything has come."""
        return [self.ledger.seed(self.groups[group])]

    def run(self) -> None:
        """Post month after month; the origin is a month of its own."""
        ledger = self.ledger
        months = [[ledger.origin]]
        day = ledger.first
        while day <= ledger.as_of:
            if day == ledger.first or day.day == 1:
                months.append([])
            months[-1].append(day)
            day += timedelta(days=1)
        for days in months:
            if days:
                self.one_month(days)

    def unit_worth(self, group: object) -> float | None:
        """The month's average."""
        return self.state[group][0]

    def one_month(self, days: list[date]) -> None:
        """Average first, then the days at that average."""
        ledger, old = self.ledger, {group: state[0] for group, state in self.state.items()}
        rows = [row for cell in ledger.cells for row in ledger.by_cell[cell] if row.day in days]
        if days == [ledger.origin]:
            rows += [
                Row(days[0], *cell, ledger.opening[cell], "opening", ledger.point_value.get(cell))
                for cell in ledger.cells
                if ledger.opening[cell]
            ]
        value, same_month = self.legs(rows, old)
        overs = {group: {} for group in self.groups}
        for group in self.groups:
            if not self.group_is_real(group):
                continue
            before = round(sum(self.held[cell] for cell in self.groups[group]), 6)
            iq = iv = bq = bv = reval = 0.0
            for row in rows:
                if self.group(row.cell) != group or id(row) in same_month:
                    continue
                role = self.role(row)
                if role in ("in", "link"):
                    iq, iv = iq + row.qty, iv + (row.cost if role == "in" else value[id(row)])
                elif role == "back":
                    bq, bv = bq - row.qty, bv - row.cost
                elif role == "reval":
                    reval += row.cost or 0.0
                elif id(row) in value:
                    bq, bv = bq - row.qty, bv - value[id(row)]
            self.state[group][0], overs[group] = renewed(old[group], before, iq, iv, bq, bv, reval)
        for cell, sold in set(ledger.returns.values()):
            if sold in days:
                carried = self.carried["sale", cell, sold]
                carried[0], carried[1] = 1.0, self.state[self.group(cell)][0] or 0.0
        self.settle(days, rows, value, same_month, overs)

    def legs(self, rows: list[Row], old: dict) -> tuple[dict, set]:
        """Values of the month's legs at opening averages, and the arrivals with nothing behind them."""
        value, same_month = {}, set()
        by_day: dict = defaultdict(float)
        linked = [row for row in rows if row.link is not None and row.kind != "sale_return"]
        if self.by == "sku":
            linked = []
        for row in linked:
            if self.role(row) == "neutral":
                worth = row.qty * (old[self.group(row.cell)] or 0.0)
                value[id(row)] = worth
                self.carried[row.link][0] -= row.qty
                self.carried[row.link][1] -= worth
                by_day[row.link, row.day] -= worth
        for row in rows:
            if self.role(row) != "link":
                continue
            link = ("sale", *self.ledger.returns[id(row)]) if id(row) in self.ledger.returns else row.link
            qty, worth = self.carried[link]
            if row.house == TRANSIT and row.qty > 0:
                value[id(row)] = by_day[link, row.day]
            elif qty > 0:
                value[id(row)] = row.qty * worth / qty
            else:
                same_month.add(id(row))
        return value, same_month

    def settle(self, days: list[date], rows: list[Row], value: dict, same_month: set, overs: dict) -> None:
        """Book every row of the month at its end-of-month cost."""
        for day in days:
            for row in rows:
                if row.day != day:
                    continue
                average = self.state[self.group(row.cell)][0] or 0.0
                role = self.role(row)
                if id(row) in value:
                    worth = value[id(row)]
                elif role == "neutral" or id(row) in same_month:
                    worth = row.qty * average
                else:
                    worth = row.cost or 0.0
                self.out.flows[row.cell, day, row.kind] += worth
                self.held[row.cell] += row.qty
                if row.house == TRANSIT:
                    self.transit_value[row.cell] += worth
            if self.by == "sku_warehouse":
                for cell in self.ledger.cells:
                    if cell[1] == TRANSIT and round(self.held[cell], 6) == 0 and self.transit_value[cell]:
                        self.out.flows[cell, day, "rounding_difference"] -= self.transit_value[cell]
                        self.transit_value[cell] = 0.0
            for cell in self.ledger.cells:
                self.out.on_hand[cell, day] = round(self.held[cell], 6)
                self.out.value[cell, day] = self.worth(cell)
        for group, over in overs.items():
            for name, amount in over.items():
                self.out.flows[self.groups[group][0], days[-1], name] += amount


class Standard(Walk):
    """Everything at one price; a costed row at another price leaves a price variance."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger, "sku")

    def group(self, cell: Cell) -> object:
        """Each cell for itself."""
        return cell

    def role(self, row: Row) -> str:
        """A transfer moves at the standard like everything else."""
        role = self.ledger.role(row)
        return "neutral" if role == "link" else role

    def fresh(self, group: object) -> float | None:
        """The price of the item, else the first that would seed an average in one of its warehouses."""
        own = self.ledger.standard.get(group[0])
        if own is not None:
            return own
        seeds = (self.ledger.seed([cell]) for cell in sorted(self.ledger.by_cell) if cell[0] == group[0])
        return next((price for price in seeds if price is not None), None)

    def copy(self, group: object) -> float | None:
        """Prices do not change."""
        return self.state[group]

    @staticmethod
    def copied(state: float | None) -> float | None:
        """Prices do not change."""
        return state

    def cost(self, group: object) -> float | None:
        """The price."""
        return self.state[group]

    unit_worth = cost

    def arrive(self, group: object, rows: list[Row], brought: dict) -> dict:
        """Difference between what a row says and what the standard says."""
        off = 0.0
        for row in rows:
            if self.role(row) in ("in", "back", "reval"):
                off += row.qty * (self.state[group] or 0.0) - (row.cost or 0.0)
        return {"price_variance": off} if off else {}


class LedgerCost:
    """Every row at the cost it carries, one without at the cost per unit of the costed rows up to that day."""

    def __init__(self, ledger: Ledger) -> None:
        self.out = Replay()
        for cell in ledger.cells:
            cost, worth, held = ledger.seed([cell], by_row=True) or 0.0, 0.0, 0.0
            day = ledger.origin
            while day <= ledger.as_of:
                rows = [row for row in ledger.by_cell[cell] if row.day == day]
                if day == ledger.origin and ledger.opening[cell]:
                    rows.append(
                        Row(day, *cell, ledger.opening[cell], "opening", ledger.point_value.get(cell))
                    )
                costed = [row for row in rows if row.cost is not None and row.qty]
                if costed:
                    cost = sum(abs(row.cost) for row in costed) / sum(abs(row.qty) for row in costed)
                for row in rows:
                    value = row.cost if row.cost is not None else row.qty * cost if row.qty else 0.0
                    self.out.flows[cell, day, row.kind] += value
                    worth, held = worth + value, held + row.qty
                self.out.on_hand[cell, day] = round(held, 6)
                self.out.value[cell, day] = worth
                day += timedelta(days=1)
