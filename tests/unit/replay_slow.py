"""A replay's days once more in plain Python, from the ledger's rows and the orders it placed: one dictionary, one loop."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import polars as pl

DEMAND, KEPT = {"sale"}, {"sale_return", "adjustment_in", "adjustment_out"}


def days(
    tables: dict[str, pl.DataFrame],
    start: date,
    orders: pl.DataFrame,
    transfers: pl.DataFrame,
    keeps: dict[str, int],
) -> dict[str, Any]:
    """On-hand by (sku, warehouse, day), and the sums: sold, asked, written_off, value (units x cost, summed over days).

    Goods with a shelf life (``keeps``: days) leave oldest first; what was ordered or sent before ``start`` comes as it did.
    """
    moves = list(tables["movements"].iter_rows(named=True))
    cost = {row["sku"]: row["unit_cost"] for row in tables["items"].iter_rows(named=True)}
    lots: dict[tuple[str, str], list[list[Any]]] = defaultdict(list)  # [day it came, units], oldest first
    for row in tables["stock"].iter_rows(named=True):
        lots[row["sku"], row["warehouse"]].append([date.min, row["on_hand"]])
    before = [row for row in moves if row["date"] < start]
    sent_lots: dict[tuple[str, str], list[list[Any]]] = {}
    for row in sorted(before, key=lambda row: (row["date"], row["qty"] < 0)):
        lot, key = lots[row["sku"], row["warehouse"]], (row["sku"], row["doc_no"])
        if row["kind"] == "transfer_out":
            sent_lots[key] = _pieces(lot, -row["qty"])
        elif row["kind"] == "transfer_in":
            lot[:] = sorted([*lot, *sent_lots[key]], key=lambda piece: piece[0])
        else:
            _put(lot, row["date"], row["qty"])
    sent = {(row["sku"], row["doc_no"]) for row in before if row["kind"] == "transfer_out"}
    arrived = {(row["sku"], row["doc_no"]) for row in before if row["kind"] == "transfer_in"}
    early = {row["doc_no"] for row in tables["orders"].iter_rows(named=True) if row["order_date"] < start}
    way = {
        key: -row["qty"]
        for row in before
        if (key := (row["sku"], row["doc_no"])) in sent - arrived and row["qty"] < 0
    }
    out: dict[str, Any] = {"on_hand": {}, "sold": 0.0, "asked": 0.0, "written_off": 0.0, "value": 0.0}
    today, last = start, max(row["date"] for row in moves)
    going: list[tuple[date, str, str, list[list[Any]]]] = []
    while today <= last:
        rows = [row for row in moves if row["date"] == today]
        for row in rows:
            key = (row["sku"], row["doc_no"])
            old = (row["kind"] == "purchase" and row["doc_no"] in early) or (
                row["kind"] == "transfer_in" and key in way
            )
            if old or (row["kind"] in KEPT and row["qty"] > 0):
                _put(lots[row["sku"], row["warehouse"]], today, row["qty"])
                way.pop(key, None)
        for row in orders.filter(pl.col("arrives") == today).iter_rows(named=True):
            _put(lots[row["sku"], row["warehouse"]], today, row["qty"])
        for when, sku, house, pieces in going:
            if when == today:
                lots[sku, house][:] = sorted([*lots[sku, house], *pieces], key=lambda piece: piece[0])
        going = [one for one in going if one[0] > today]
        for row in rows:
            if row["kind"] in DEMAND:
                out["asked"] -= row["qty"]
                out["sold"] += _take(lots[row["sku"], row["warehouse"]], -row["qty"])
        for row in rows:
            if row["kind"] in KEPT and row["qty"] < 0:
                _take(lots[row["sku"], row["warehouse"]], -row["qty"])
        for row in rows:
            if row["kind"] == "scrap" and row["sku"] not in keeps:
                out["written_off"] += _take(lots[row["sku"], row["warehouse"]], -row["qty"])
        for (sku, _), lot in lots.items():
            if sku in keeps:
                old_units = sum(
                    units for came, units in lot if came == date.min or (today - came).days >= keeps[sku]
                )
                out["written_off"] += _take(lot, old_units)
        for (sku, house), lot in lots.items():
            out["on_hand"][sku, house, today] = sum(units for _, units in lot)
            out["value"] += sum(units for _, units in lot) * cost[sku]
        out["value"] += sum(qty * cost[sku] for (sku, _), qty in way.items())
        out["value"] += sum(units * cost[sku] for _, sku, _, pieces in going for _, units in pieces)
        for row in transfers.filter(pl.col("date") == today).iter_rows(
            named=True
        ):  # in the evening, after the count
            pieces = _pieces(lots[row["sku"], row["from_warehouse"]], row["qty"])
            going.append((row["arrives"], row["sku"], row["to_warehouse"], pieces))
        today += timedelta(days=1)
    return out


def _pieces(lot: list[list[Any]], qty: float) -> list[list[Any]]:
    """Take the oldest units and give them with the days they came."""
    was = [list(piece) for piece in lot]
    _take(lot, qty)
    left = dict(lot)  # type: ignore[arg-type]
    return [[came, units - left.get(came, 0.0)] for came, units in was if units > left.get(came, 0.0)]


def _put(lot: list[list[Any]], day: date, qty: float) -> None:
    if qty >= 0:
        lot.append([day, qty])
    else:
        _take(lot, -qty)


def _take(lot: list[list[Any]], qty: float) -> float:
    """Oldest first, at most what is there; gives what was taken."""
    lot[:] = [
        [came, sum(units for day, units in lot if day == came)] for came in sorted({came for came, _ in lot})
    ]
    left = qty
    for piece in lot:
        part = min(piece[1], left)
        piece[1] -= part
        left -= part
    lot[:] = [piece for piece in lot if piece[1] > 1e-9]
    return qty - left
