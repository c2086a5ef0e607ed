"""What the simulation leaves behind: document lines, order lines, and the stock at both ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

Cell = tuple[int, int]
"""An item and a warehouse, by their places in the company."""


@dataclass(frozen=True)
class OrderLine:
    """One line of a purchase order; ``price`` is the unit cost without tax."""

    doc_no: str
    line_no: int
    ordered_on: date
    promised_on: date
    item: int
    warehouse: int
    qty: int
    price: float


@dataclass(frozen=True)
class Line:
    """One line of a stock document.

    ``qty`` is positive, ``kind`` says the direction. ``price`` is the unit cost of a purchase and the selling
    price of a sale or return, without tax. A transfer is one line from ``warehouse`` to ``to_warehouse``.
    """

    date: date
    kind: str
    item: int
    warehouse: int
    qty: int
    doc_no: str
    line_no: int
    price: float = 0.0
    partner: str = ""
    to_warehouse: int = -1
    order: OrderLine | None = None

    @property
    def amount(self) -> float:
        """Quantity times price, to the cent (prices have two decimals, so this is exact)."""
        return round(self.qty * self.price, 2)

    def moves(self) -> tuple[tuple[Cell, int], ...]:
        """What the line does to the stock of each cell it touches."""
        here = (self.item, self.warehouse)
        if self.kind == "transfer_out":
            return (here, -self.qty), ((self.item, self.to_warehouse), self.qty)
        sign = 1 if self.kind in ("purchase", "sale_return", "adjustment_in") else -1
        return ((here, sign * self.qty),)


@dataclass(frozen=True)
class History:
    """The exported span: stock at its start (quantity, value) and every line in it.

    ``received`` maps every order line ever placed to the units of it that have come in by the end; ``closing``
    is what stands on the shelves then, by item and warehouse.
    """

    start: date
    end: date
    opening: dict[Cell, tuple[int, float]]
    lines: tuple[Line, ...]
    received: dict[OrderLine, int]
    closing: npt.NDArray[np.int64]
