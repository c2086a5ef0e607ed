"""What to buy, move and change: the frames of ``reorder``, composed from the rooms of replenishment.

One pass, vectorised over all cells: facts on one row per cell -> levels by policy -> position and need -> transfers ->
rounding and caps -> plan -> minimum orders and budget -> dates, actions, reasons. Formulas stand in engine/levels,
engine/safety and engine/rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.config.reorder import ReorderSettings
from stockturn.engine.buying import cash, place, ration, supplier_orders
from stockturn.engine.calendars import Days, days_of
from stockturn.engine.levels import Levels, Spans, Terms, need_of, numbers, stocks_of, terms_of
from stockturn.engine.loss import Floats
from stockturn.engine.order_changes import changes_frame, order_changes, with_reasons
from stockturn.engine.outlook import HAIR, Ints, Outlook, outlook
from stockturn.engine.plan import Basis, plan_frame, time_phased
from stockturn.engine.projection import TINY, cover, run_down, scheduled
from stockturn.engine.rebalance import rebalance
from stockturn.engine.reorder_cells import Known, ReorderInputs, known
from stockturn.engine.reorder_frames import COLUMNS, Decision, left_out, overstock, reorder_terms
from stockturn.engine.rounding import Packs, cut_hard, round_need
from stockturn.engine.safety import Errors, errors
from stockturn.engine.supplier_sheets import purchase_requests, vmi_sheet
from stockturn.engine.suppliers import supplier_scorecard

__all__ = [
    "Decided",
    "Ground",
    "ReorderInputs",
    "ReorderResult",
    "decide",
    "ground",
    "reorder",
    "replenish",
    "scorecard",
]


@dataclass(frozen=True)
class ReorderResult:
    """The frames of one run. ``reorder`` has one row per cell, action ``none`` included; see reorder_frames for its
    columns, and order_changes, plan, rebalance, buying and supplier_sheets for the others'."""

    reorder: pl.DataFrame
    transfers: pl.DataFrame
    order_changes: pl.DataFrame
    plan: pl.DataFrame
    supplier_orders: pl.DataFrame
    cash: pl.DataFrame
    left_out: pl.DataFrame
    overstock: pl.DataFrame
    requests: pl.DataFrame
    vmi: pl.DataFrame


@dataclass(frozen=True)
class Ground:
    """What decisions stand on as long as nobody learns anything new: the cells and their terms, demand ahead and the
    errors of its forecast. Stock (``cells``: on_hand, reserved) and open lines (``facts``) may be put in anew."""

    facts: Known
    cells: pl.DataFrame
    calendars: dict[str, Days]
    outlook: Outlook
    errors: Errors
    inputs: ReorderInputs


@dataclass(frozen=True)
class Decided:
    """One run as arrays: what was known, what every decision rests on, and what was decided."""

    facts: Known
    basis: Basis
    decision: Decision


def reorder(inputs: ReorderInputs, settings: Settings) -> ReorderResult:
    """Suggestions, transfers, order changes, plan, orders per supplier, cash, what was left out, overstock: the frames
    of :func:`replenish`, whose main frame is cut to its columns.

    Deterministic and without a clock: everything dated later than ``inputs.as_of`` must have been cut before, except
    receipts, which tell what was open then.
    """
    made = replenish(inputs, settings)
    return replace(made, reorder=made.reorder.select(COLUMNS))


def replenish(inputs: ReorderInputs, settings: Settings) -> ReorderResult:
    """:func:`reorder` with the columns that the figures of its main frame are worked out from as well."""
    return _frames(decide(ground(inputs, settings), settings), inputs, settings)


def ground(inputs: ReorderInputs, settings: Settings) -> Ground:
    """What the inputs amount to, before any quantity is decided."""
    facts = known(inputs, settings)
    calendars = {
        name: days_of(calendar, inputs.as_of) for name, calendar in settings.reorder.calendars.items()
    }
    cells = _with_closures(facts.cells, calendars)
    curve = outlook(inputs.forecast, numbers(cells, "demand_per_day"), cells, inputs.as_of, inputs.bucket)
    return Ground(facts, cells, calendars, curve, errors(inputs.sums, cells), inputs)


def decide(base: Ground, settings: Settings) -> Decided:
    """What to order and to move, for every cell, before it is put into frames and words."""
    chosen, inputs, cells = settings.reorder, base.inputs, base.cells
    lines = scheduled(base.facts.lines, cells, inputs.as_of, chosen)
    terms = terms_of(cells, chosen)
    stocks, spans = stocks_of(terms, base.outlook, base.errors, inputs.bucket, chosen)
    packs = Packs(
        terms.moq, terms.multiple, terms.maximum, np.zeros(len(terms.lead)), chosen.rounding, chosen.max_stock
    )
    shelf = numbers(cells, "shelf_life_days", np.inf)
    shelf = np.where(shelf > 0, shelf * chosen.shelf_life_share, np.inf)
    basis = Basis(terms, stocks, base.outlook, lines, packs, shelf)
    return Decided(base.facts, basis, _decide(inputs, basis, spans, cells, base.calendars, chosen))


def _with_closures(cells: pl.DataFrame, calendars: dict[str, Days]) -> pl.DataFrame:
    """Lead times lengthened by the closures ahead; ``closed_days`` says by how much."""
    lead = numbers(cells, "lead_time_days")
    stretched = lead.copy()
    for name, days in calendars.items():
        mine = (cells["calendar"] == name).fill_null(False).to_numpy()
        stretched[mine] = days.stretched(lead[mine])
    return cells.with_columns(lead_time_days=pl.Series(stretched), closed_days=pl.Series(stretched - lead))


def _decide(
    inputs: ReorderInputs,
    basis: Basis,
    spans: Spans,
    cells: pl.DataFrame,
    calendars: dict[str, Days],
    chosen: ReorderSettings,
) -> Decision:
    """Everything that is decided, as arrays over the cells."""
    count = cells.height
    levels = basis.levels(0.0)
    packs = replace(basis.packs, trigger=levels.reorder_point)
    available = numbers(cells, "on_hand") - numbers(cells, "reserved")
    counted = basis.lines.due <= np.ceil(basis.terms.span - HAIR)[basis.lines.cell]
    on_order, seen = basis.lines.sums(count), basis.lines.sums(count, counted)
    position = np.round(available + seen, 6)
    transfers, moved = _transfers(cells, basis, levels, available, position, chosen)
    placed = np.round(position + moved, 6)
    need = need_of(basis.terms, basis.stocks, levels, placed)
    rounded = round_need(need, placed, packs)
    shelf_room = basis.shelf_room(0.0, placed)
    kept = cut_hard(rounded.qty, shelf_room, packs)
    floor = np.maximum(basis.stocks.safety - 2 * TINY, -2 * TINY)
    need_by = run_down(basis.outlook, available, floor, basis.lines)
    order_by = _order_by(cells, basis.terms, need_by, calendars)
    size, room = _space(cells, placed, inputs.warehouses, chosen)
    fitting, space = ration(kept, size, *room, order_by, packs)
    plan = time_phased(basis, available, fitting, moved, chosen)
    offer = _offer(cells, basis, calendars)
    ordered = place(offer, fitting, order_by, plan, packs, chosen)
    if (ordered.qty != fitting).any():
        plan = time_phased(basis, available, ordered.qty, moved, chosen)
    changes = order_changes(basis.outlook, available, basis.stocks.safety, basis.lines, chosen)
    return Decision(
        cells=offer, terms=basis.terms, stocks=basis.stocks, spans=spans, levels=levels, lines=basis.lines,
        available=available, on_order=on_order, counted=seen, position=position, moved=moved, placed=placed,
        need=need, rounded=rounded, shelf=basis.shelf, shelf_room=shelf_room, kept=kept, space=space,
        fitting=fitting, ordered=ordered, need_by=need_by, order_by=order_by,
        stockout=run_down(basis.outlook, available, np.zeros(count), basis.lines),
        cover=cover(basis.outlook, available), plan=plan, changes=changes, transfers=transfers,
    )  # fmt: skip


def _transfers(
    cells: pl.DataFrame,
    basis: Basis,
    levels: Levels,
    available: Floats,
    position: Floats,
    settings: ReorderSettings,
) -> tuple[pl.DataFrame, Floats]:
    """Moves before purchases, and what they add to (or take from) each cell.

    A giver keeps its order-up-to level, so that no move makes a new shortage; only what lies in stock can be moved.
    """
    short = need_of(basis.terms, basis.stocks, levels, position)
    spare = np.maximum(np.minimum(available, position) - np.maximum(levels.order_up_to, 0.0), 0.0)
    spare = np.where(basis.terms.stopped, np.maximum(available, 0.0), spare)
    spare = np.where(np.isfinite(spare), spare, 0.0)
    if settings.fixed_warehouses:
        fixed = cells["warehouse"].is_in(list(settings.fixed_warehouses)).to_numpy()
        short, spare = np.where(fixed, 0.0, short), np.where(fixed, 0.0, spare)
    if not settings.transfers:
        short = np.zeros_like(short)
    moves = rebalance(cells, short, spare)
    moves = moves.filter(pl.col("value").fill_null(np.inf) >= settings.transfer_min_value)
    sides = pl.concat(
        [
            moves.select("sku", warehouse="to_warehouse", qty=pl.col("qty")),
            moves.select("sku", warehouse="from_warehouse", qty=-pl.col("qty")),
        ]
    )
    sums = sides.group_by("sku", "warehouse").agg(pl.col("qty").sum())
    joined = cells.select("sku", "warehouse").join(
        sums, on=["sku", "warehouse"], how="left", maintain_order="left"
    )
    return moves, numbers(joined, "qty")


def _order_by(cells: pl.DataFrame, terms: Terms, need_by: Floats, calendars: dict[str, Days]) -> Floats:
    """Last day to order for the day of need: L days before, in the supplier's calendar where it has one."""
    day = np.where(np.isfinite(need_by), np.floor(need_by - terms.lead + HAIR), np.inf)
    known_need = np.isfinite(need_by)
    raw = numbers(cells, "lead_time_days") - numbers(cells, "closed_days")
    for name, days in calendars.items():
        mine = (cells["calendar"] == name).fill_null(False).to_numpy() & known_need
        day[mine] = days.latest_order(need_by[mine], raw[mine])
    return day


def _space(
    cells: pl.DataFrame, position: Floats, warehouses: pl.DataFrame, settings: ReorderSettings
) -> tuple[Floats, tuple[Ints, Floats]]:
    """What a unit of each cell takes up, its warehouse by number, and the room of each warehouse (inf: not known).

    The room is the capacity less everything in the positions, on hand and on order.
    """
    rooms = warehouses.select("warehouse", "capacity").drop_nulls().unique("warehouse", keep="last")
    if rooms.is_empty():
        return np.ones(cells.height), (np.zeros(cells.height, dtype=np.int64), np.array([np.inf]))
    size = {
        "units": np.ones(cells.height),
        "volume": numbers(cells, "volume"),
        "value": numbers(cells, "unit_cost"),
    }[settings.capacity_unit]
    frame = cells.select("warehouse").join(rooms, on="warehouse", how="left", maintain_order="left")
    group = frame["warehouse"].rank("dense").cast(pl.Int64).to_numpy() - 1
    limit = np.full(int(group.max(initial=0)) + 1, np.inf)
    limit[group] = numbers(frame, "capacity", np.inf)
    used = np.bincount(group, np.maximum(position, 0.0) * size, len(limit))
    free = np.where(np.isfinite(limit), np.maximum(limit - used, 0.0), np.inf)
    return size, (group, free)


def _offer(cells: pl.DataFrame, basis: Basis, calendars: dict[str, Days]) -> pl.DataFrame:
    """The cells with what an order to the supplier depends on: may_add, counts, order_day."""
    today = np.zeros(cells.height)
    for name, days in calendars.items():
        mine = (cells["calendar"] == name).fill_null(False).to_numpy()
        today[mine] = days.next_order(today[mine])
    return cells.with_columns(
        may_add=pl.Series(~np.isfinite(basis.shelf) & ~np.isfinite(basis.terms.maximum)),
        counts=pl.Series(basis.terms.policy != "vmi"),
        order_day=pl.Series(today),
    )


def _frames(decided: Decided, inputs: ReorderInputs, settings: Settings) -> ReorderResult:
    facts, basis, decision = decided.facts, decided.basis, decided.decision
    chosen, as_of, lang = settings.reorder, inputs.as_of, settings.lang
    changes = with_reasons(changes_frame(basis.lines, decision.changes, as_of), as_of, lang)
    main = reorder_terms(decision, changes, as_of, settings)
    payment = facts.terms.select("supplier", "payment_days")
    plan = plan_frame(decision.cells, decision.plan, as_of, chosen)
    return ReorderResult(
        reorder=main,
        transfers=decision.transfers,
        order_changes=changes.drop("cell"),
        plan=plan,
        supplier_orders=supplier_orders(decision.cells, decision.plan, as_of, chosen),
        cash=cash(decision.cells, decision.plan, basis.lines, payment, chosen, as_of),
        left_out=left_out(decision, main, as_of, settings),
        overstock=overstock(main),
        requests=purchase_requests(main, inputs.items, as_of),
        vmi=vmi_sheet(main, plan, inputs.items, as_of),
    )


def scorecard(inputs: ReorderInputs, settings: Settings) -> pl.DataFrame:
    """How each supplier has done: the columns of suppliers.supplier_scorecard."""
    facts = known(inputs, settings)
    rates = facts.cells.lazy().select("supplier", "demand_per_day", "unit_cost")
    return supplier_scorecard(
        facts.came, facts.lines.lazy(), facts.terms.lazy(), rates, inputs.as_of, settings.reorder
    ).collect()
