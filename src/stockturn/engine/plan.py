"""The plan bucket by bucket: what comes, what goes, what is ordered when. A loop over buckets, all cells at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import polars as pl

from stockturn.config.reorder import ReorderSettings
from stockturn.engine.expr import QTY_DECIMALS
from stockturn.engine.levels import Levels, Stocks, Terms, levels_of, need_of
from stockturn.engine.loss import Floats
from stockturn.engine.outlook import HAIR, Ints, Outlook
from stockturn.engine.projection import Scheduled
from stockturn.engine.rounding import Packs, cut_hard, round_need

BLOCK = 2048
PLAN_FIGURES = (
    "opening_qty", "forecast_qty", "scheduled_qty", "planned_qty", "transfer_qty", "released_qty", "projected_qty",
)  # fmt: skip


@dataclass(frozen=True)
class Basis:
    """What every decision about the cells rests on. ``shelf`` is the days within which stock must be sold (inf)."""

    terms: Terms
    stocks: Stocks
    outlook: Outlook
    lines: Scheduled
    packs: Packs
    shelf: Floats

    def levels(self, day: float, least_review: float = 0.0) -> Levels:
        """Levels as they will be at a review on that day after as_of; a plan that looks once a bucket has to cover
        at least that (``least_review`` days)."""
        terms, ahead = self.terms, self.outlook.until
        period = np.maximum(terms.review, least_review)
        now = ahead(day)
        lead = ahead(day + terms.lead) - now
        whole = ahead(day + terms.lead + period) - now
        review = ahead(day + period) - now if (terms.policy == "sS").any() else lead
        return levels_of(terms, self.stocks, lead, whole, review)

    def shelf_room(self, day: float, position: Floats) -> Floats:
        """Units that can be added and still be sold within their shelf life: F(L + shelf) - position."""
        until = np.where(np.isfinite(self.shelf), day + self.terms.lead + self.shelf, day)
        room = self.outlook.until(until) - self.outlook.until(day) - position
        return np.where(np.isfinite(self.shelf), np.maximum(room, 0.0), np.inf)


@dataclass(frozen=True)
class Plan:
    """Matrices buckets x cells, and ``moved`` by transfer in the first bucket, by cell. ``released`` is ordered at the
    start of a bucket, ``planned`` is what arrives of it; ``projected`` = opening + scheduled + planned + moved -
    forecast, below 0 where demand would wait."""

    moved: Floats
    opening: Floats
    forecast: Floats
    scheduled: Floats
    planned: Floats
    released: Floats
    projected: Floats


def time_phased(basis: Basis, start: Floats, first: Floats, moved: Floats, settings: ReorderSettings) -> Plan:
    """The plan from ``start`` (on hand less reserved) with ``first`` ordered now and ``moved`` by transfer.

    At each review (every R days, in the bucket it falls in) the policy is applied to the position expected then, with
    the demand expected from there on; a release arrives L days later. Bucket k covers the days k w + 1 ... (k + 1) w
    after as_of, w = plan_bucket_days.
    """
    count, width, terms = settings.plan_buckets, float(settings.plan_bucket_days), basis.terms
    due = by_bucket(basis.lines, len(start), settings)
    passed = np.concatenate([np.zeros((1, len(start))), np.cumsum(due, axis=0)])
    edges = [basis.outlook.until(width * k) for k in range(count + 1)]
    lag = np.maximum(np.ceil(terms.lead / width - HAIR) - 1, 0).astype(np.int64)
    reach = np.ceil(terms.span / width - HAIR).astype(np.int64)
    rows, stock, ordered = np.arange(len(start)), start + moved, np.zeros(len(start))
    demand, planned, released, opening, projected = (np.zeros((count, len(start))) for _ in range(5))
    for k in range(count):
        opening[k] = stock if k else start
        released[k] = first
        if k:
            seen = passed[np.minimum(k + reach, count + 1), rows] - passed[k]
            release = _release(basis, k, width, stock + seen + ordered)
            released[k] = np.where(reviewed(terms.review, k, width), release, 0.0)
        inside = np.flatnonzero((released[k] > 0) & (lag + k < count))
        planned[lag[inside] + k, inside] += released[k][inside]
        ordered += released[k] - planned[k]
        demand[k] = edges[k + 1] - edges[k]
        stock = stock + due[k] + planned[k] - demand[k]
        projected[k] = stock
    return Plan(moved, opening, demand, due[:count], planned, released, projected)


def _release(basis: Basis, bucket: int, width: float, position: Floats) -> Floats:
    """The order of one review, at the start of a bucket."""
    day = bucket * width
    levels = basis.levels(day, width)
    need = need_of(basis.terms, basis.stocks, levels, position)
    packs = replace(basis.packs, trigger=levels.reorder_point)
    qty = round_need(need, position, packs).qty
    if np.isfinite(basis.shelf).any():
        qty = cut_hard(qty, basis.shelf_room(day, position), packs)
    return qty


def reviewed(review: Floats, bucket: int, width: float) -> np.ndarray:
    """Whether a review day (0, R, 2R, ...) lies after the start of the bucket before and up to that of this one."""
    period = np.where(review > 0, review, width)
    return np.asarray(
        np.floor(bucket * width / period + HAIR) > np.floor((bucket - 1) * width / period + HAIR)
    )


def by_bucket(lines: Scheduled, count: int, settings: ReorderSettings) -> Floats:
    """Scheduled receipts per bucket and cell; a last row takes what is due after the plan."""
    buckets = settings.plan_buckets
    at = np.clip(np.ceil(lines.due / settings.plan_bucket_days - HAIR).astype(np.int64) - 1, 0, buckets)
    flat = np.bincount(at * count + lines.cell, weights=lines.qty, minlength=count * (buckets + 1))
    return np.asarray(flat.reshape(buckets + 1, count), dtype=np.float64)


def plan_frame(cells: pl.DataFrame, plan: Plan, as_of: date, settings: ReorderSettings) -> pl.DataFrame:
    """The plan as rows: sku, warehouse, supplier, period (first day of the bucket), opening_qty, forecast_qty,
    scheduled_qty, planned_qty, transfer_qty, released_qty, projected_qty. Sorted by cell, then bucket."""
    count, size = settings.plan_buckets, cells.height
    index: Ints = np.repeat(np.arange(size), count)
    starts = [as_of + timedelta(days=1 + k * settings.plan_bucket_days) for k in range(count)]
    figures = {
        "opening_qty": plan.opening,
        "forecast_qty": plan.forecast,
        "scheduled_qty": plan.scheduled,
        "planned_qty": plan.planned,
        "released_qty": plan.released,
        "projected_qty": plan.projected,
    }
    moved = np.zeros(size * count)
    moved[::count] = plan.moved
    keys = cells.select("sku", "warehouse", "supplier")[index]
    return keys.with_columns(
        pl.Series("period", starts, dtype=pl.Date)[np.tile(np.arange(count), size)],
        *(pl.Series(name, by_cell(values)) for name, values in figures.items()),
        transfer_qty=pl.Series(moved),
    ).select(*keys.columns, "period", *PLAN_FIGURES)


def by_cell(values: Floats) -> Floats:
    """A matrix buckets x cells as one column, cell by cell; quantities to a millionth."""
    out = np.empty((values.shape[1], values.shape[0]))
    for start in range(0, len(out), BLOCK):  # in blocks that fit the processor's cache
        part = values[:, start : start + BLOCK]
        np.round(part.T, QTY_DECIMALS, out=out[start : start + BLOCK])
    return out.reshape(-1) + 0.0
