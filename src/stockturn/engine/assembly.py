"""From valued arrays to frames: balances by cell and day, flows by cell, day and kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.engine.arrays import leads, running
from stockturn.engine.balances import Balances
from stockturn.engine.costgroups import CostGroups
from stockturn.engine.postings import FLOW_CODE, FLOW_TYPE, UNITS, cell_day
from stockturn.engine.valuation import CostSteps, Valuation, cost_at

_NOTHING = 1e-12
"""Value that is left by the arithmetic alone, per unit of money that moved."""

_DUST = 1e-9
"""Flows of less money than this are the arithmetic's own."""


@dataclass(frozen=True)
class Rows:
    """One row per cell and day on which quantity or unit cost changes, sorted."""

    cell: np.ndarray
    day: np.ndarray
    on_hand: np.ndarray
    unit_cost: np.ndarray
    value: np.ndarray


def assemble(
    held: Balances, groups: CostGroups, worth: Valuation, seed: np.ndarray
) -> tuple[Rows, pl.DataFrame]:
    """Balances and flows. Where several cells share an average, or it changes between postings, the value that
    moves without goods is a flow of its own (``average_shift``); value left (in transit) without goods is a
    ``rounding_difference``."""
    made = [(one.kind, groups.cell[one.at], groups.day[one.at], one.value) for one in worth.variances]
    flows = pl.concat([_posted(held, worth), *(_flow(*part) for part in made)])
    steps = worth.steps
    rows = _plain(held, groups, worth) if steps is None else _stepped(held, groups, steps, seed)
    rows, residue = _transit(rows, held, groups, worth)
    flows = pl.concat([flows, residue])
    if steps is not None:
        flows = pl.concat([flows, _shifts(rows, flows)])
    return rows, flows.with_columns(pl.col("kind").cat.to(FLOW_TYPE))


def _posted(held: Balances, worth: Valuation) -> pl.DataFrame:
    posted = held.postings
    return pl.DataFrame(
        {
            "cell": posted.cell,
            "day": posted.day,
            "kind": posted.kind.view(np.uint8),
            "qty": posted.qty / UNITS,
            "value": worth.post_value,
            "revenue": posted.revenue,
            "row_cost": np.where(posted.costed, posted.cost, np.nan),
        }
    )


def _flow(kind: str, cell: np.ndarray, day: np.ndarray, value: np.ndarray) -> pl.DataFrame:
    """Flows of value without goods; nothing where there is none."""
    keep = np.abs(np.nan_to_num(value)) > _DUST
    rows = int(keep.sum())
    return pl.DataFrame(
        {
            "cell": cell[keep].astype(np.int32),
            "day": day[keep].astype(np.int32),
            "kind": np.full(rows, FLOW_CODE[kind], np.uint8),
            "qty": np.zeros(rows),
            "value": value[keep].astype(float),
            "revenue": np.zeros(rows),
            "row_cost": np.full(rows, np.nan),
        }
    )


def _plain(held: Balances, groups: CostGroups, worth: Valuation) -> Rows:
    """Every change of value falls on a posting."""
    on_hand = held.on_hand / UNITS
    unit_cost = worth.unit_cost if not groups.shared else worth.unit_cost[_group_rows(held, groups)]
    if worth.running:
        value = running(held.cell, np.add.reduceat(worth.post_value, held.first))
    else:
        value = np.where(held.on_hand == 0, 0.0, on_hand * unit_cost)
    return Rows(held.cell, held.day, on_hand, unit_cost, value)


def _group_rows(held: Balances, groups: CostGroups) -> np.ndarray:
    return groups.row_of(groups.of_cell[held.cell], held.day)


def _stepped(held: Balances, groups: CostGroups, steps: CostSteps, seed: np.ndarray) -> Rows:
    """Rows for the postings and for every cell of a group on the days on which its cost changes."""
    by_group = np.argsort(groups.of_cell, kind="stable")
    bounds = np.searchsorted(groups.of_cell[by_group], np.arange(len(groups.transit) + 1))
    size = np.diff(bounds)[steps.group]
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    member = by_group[np.repeat(bounds[steps.group], size) + within]
    own = cell_day(held.cell, held.day)
    key = np.union1d(own, cell_day(member, np.repeat(steps.day, size)))
    at = np.searchsorted(own, key, side="right") - 1
    cell = held.cell[at]
    day = ((key - cell_day(cell, 0)) // int(cell_day(np.zeros(1), 1)[0])).astype(np.int32)
    unit_cost = cost_at(steps, groups.of_cell[cell], day, seed)
    on_hand = held.on_hand[at] / UNITS
    return Rows(cell, day, on_hand, unit_cost, np.where(on_hand == 0, 0.0, on_hand * unit_cost))


def _transit(rows: Rows, held: Balances, groups: CostGroups, worth: Valuation) -> tuple[Rows, pl.DataFrame]:
    """Goods on the way are worth what was sent, leg by leg, not an average of it."""
    nothing = np.zeros(0)
    on_the_way = groups.transit[groups.of_cell[rows.cell]]
    if not on_the_way.any():
        return rows, _flow("rounding_difference", nothing, nothing, nothing)
    sent = np.add.reduceat(np.nan_to_num(worth.post_value), held.first)
    at = np.searchsorted(cell_day(rows.cell, rows.day), cell_day(held.cell, held.day))
    raw = running(rows.cell, np.where(on_the_way, np.bincount(at, sent, len(rows.cell)), 0.0))
    # Legs of one link at different costs can leave value behind when the last unit has arrived.
    empty = on_the_way & (rows.on_hand == 0)
    order = np.arange(len(raw))
    start = np.maximum.accumulate(np.where(leads(rows.cell), order, 0))
    last_empty = np.maximum.accumulate(np.where(empty, order, -1))
    off = np.where(last_empty >= start, raw[np.maximum(last_empty, 0)], 0.0)
    off_before = np.where(leads(rows.cell), 0.0, np.roll(off, 1))
    residue = np.where(empty, off_before - off, 0.0)
    residue[np.abs(residue) <= _NOTHING * (1 + np.abs(off))] = 0.0
    value = np.where(on_the_way, raw - off, rows.value)
    with np.errstate(divide="ignore", invalid="ignore"):
        unit_cost = np.where(on_the_way & (rows.on_hand != 0), value / rows.on_hand, rows.unit_cost)
    return (
        Rows(rows.cell, rows.day, rows.on_hand, unit_cost, value),
        _flow("rounding_difference", rows.cell, rows.day, residue),
    )


def _shifts(rows: Rows, flows: pl.DataFrame) -> pl.DataFrame:
    """Change of each balance that no flow explains: value moving with a shared or a later average."""
    key = cell_day(rows.cell, rows.day)
    at = np.searchsorted(key, cell_day(flows["cell"].to_numpy(), flows["day"].to_numpy()))
    explained = np.bincount(at, np.nan_to_num(flows["value"].to_numpy()), len(key))
    moved = np.bincount(at, np.abs(np.nan_to_num(flows["value"].to_numpy())), len(key))
    value = np.nan_to_num(rows.value)
    before = np.where(leads(rows.cell), 0.0, np.roll(value, 1))
    shift = value - before - explained
    scale = 1 + np.abs(value) + np.abs(before) + moved
    return _flow("average_shift", rows.cell, rows.day, np.where(np.abs(shift) > _NOTHING * scale, shift, 0.0))
