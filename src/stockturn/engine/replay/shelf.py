"""Goods that keep for a while only: how old they are, and what is left when their days are over. Oldest first out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from stockturn.engine.loss import Floats
from stockturn.engine.outlook import Ints


@dataclass
class Shelf:
    """The cells of perishable goods: ``cell`` their numbers, ``place`` the other way round (-1: keeps for ever), ``keep``
    whole days from receipt to the end of the last day, ``left`` units by age in days and cell (the last row: older)."""

    cell: Ints
    place: Ints
    keep: Ints
    left: Floats
    _landing: dict[int, list[tuple[Ints, Floats]]] = field(default_factory=dict)

    @classmethod
    def of(cls, shelf: Floats, layers: pl.DataFrame, start: date) -> Shelf:
        """From days that goods keep (by cell, inf: for ever) and what lies there at the eve of ``start``: cell,
        received_on (null: before the ledger), qty."""
        cell = np.flatnonzero(np.isfinite(shelf)).astype(np.int64)
        place = np.full(len(shelf), -1, dtype=np.int64)
        place[cell] = np.arange(len(cell))
        keep = np.ceil(shelf[cell]).astype(np.int64)
        oldest = int(keep.max(initial=0)) + 1
        left = np.zeros((oldest + 1, len(cell)))
        age = (pl.lit(start) - pl.col("received_on")).dt.total_days().fill_null(oldest).clip(1, oldest) - 1
        rows = layers.select("cell", "qty", age=age)
        at = place[rows["cell"].to_numpy()]
        np.add.at(left, (rows["age"].to_numpy()[at >= 0], at[at >= 0]), rows["qty"].to_numpy()[at >= 0])
        return cls(cell, place, keep, left)

    def end_of_day(self, day: int, fresh: Floats, on_hand: Floats) -> Floats:
        """Units written off at the end of that day, by cell of the shelf. ``fresh`` came in that day (what came from
        another warehouse keeps its age and is no part of it), ``on_hand`` is there in the evening, both by cell number."""
        self._grow_older()
        self.left[0] = fresh[self.cell]
        for cells, pieces in self._landing.pop(day, []):
            np.add.at(self.left.T, cells, pieces.T)
        there = np.maximum(on_hand[self.cell], 0.0)
        every = np.arange(len(self.cell))
        self.left -= self._oldest(every, np.zeros(len(every)), np.maximum(self.left.sum(axis=0) - there, 0.0))
        old = np.arange(len(self.left))[:, None] >= self.keep
        over = np.round(np.where(old, self.left, 0.0).sum(axis=0), 6)
        self.left[old] = 0.0
        return np.asarray(over)

    def move(self, day: int, giver: Ints, taker: Ints, qty: Floats, days: Ints) -> None:
        """Goods that leave in the evening of that day for another warehouse, the oldest first, with their age."""
        kept = np.flatnonzero((self.place[giver] >= 0) & (self.place[taker] >= 0))
        kept = kept[np.argsort(giver[kept], kind="stable")]
        source, amount = self.place[giver[kept]], qty[kept]
        total = np.cumsum(amount) - amount
        first = np.r_[True, source[1:] != source[:-1]] if len(source) else np.zeros(0, bool)
        before = total - np.maximum.accumulate(np.where(first, total, -np.inf)) if len(source) else total
        pieces = self._oldest(source, before, amount)
        np.subtract.at(self.left.T, source, pieces.T)
        for took in np.unique(days[kept]):
            on = days[kept] == took
            shifted = np.zeros_like(pieces[:, on])
            older = min(int(took), len(self.left) - 1)
            shifted[older:] = pieces[: len(pieces) - older, on]
            shifted[-1] += pieces[len(pieces) - older :, on].sum(axis=0)
            self._landing.setdefault(day + int(took), []).append((self.place[taker[kept][on]], shifted))

    def _grow_older(self) -> None:
        self.left[-1] += self.left[-2]
        self.left[1:-1] = self.left[:-2].copy()

    def _oldest(self, cells: Ints, skip: Floats, qty: Floats) -> Floats:
        """Of each cell the oldest units behind the first ``skip``, ``qty`` of them (or what there is), by age."""
        pile = self.left[::-1, cells]
        top = np.cumsum(pile, axis=0)
        taken = np.clip(top - skip, 0.0, qty)
        return np.asarray(np.diff(taken, axis=0, prepend=0.0)[::-1])
