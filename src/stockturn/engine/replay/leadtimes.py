"""The lead times that came: the one observed nearest in time to an order, of that supplier and sku, else of the supplier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from stockturn.engine.entries import Entries
from stockturn.engine.expr import IN_TRANSIT, NONE, ratio, tidy
from stockturn.engine.open_orders import receipts
from stockturn.engine.transfers import LEGS

SAME_SKU, SUPPLIER, PLANNED = "observed_sku", "observed_supplier", "planned"
"""Where the lead time of a replayed order is from."""


def came_after(orders: pl.LazyFrame, entries: Entries) -> pl.DataFrame:
    """One row per receipt up to the end: supplier, sku, warehouse, order_date, received_date, qty_received, days."""
    found = receipts(orders, entries.items, entries.as_of).select(
        "supplier", "sku", "warehouse", "order_date", "received_date", "qty_received", "days"
    )
    return found.sort("supplier", "sku", "order_date", "received_date", "warehouse").collect()


@dataclass(frozen=True)
class LeadTimes:
    """What was observed, to be drawn from without any chance: the same order always takes the same time.

    ``seen``: supplier, sku, order_date, qty_received, days. ``moves``: from_warehouse, to_warehouse, days. ``fed``: sku, warehouse,
    more: days that goods take on to a cell which gets everything from another warehouse. ``factor``: so many times as long.
    """

    seen: pl.DataFrame
    moves: pl.DataFrame
    fed: pl.DataFrame
    factor: float = 1.0

    @classmethod
    def of(cls, came: pl.DataFrame, entries: Entries) -> LeadTimes:
        """From the receipts (see :func:`came_after`) and the transfers of the ledger."""
        moves = transfer_days(entries)
        return cls(
            came.select("supplier", "sku", "order_date", "qty_received", "days"),
            moves,
            fed_cells(entries, moves),
        )

    def drawn(self, orders: pl.DataFrame) -> pl.DataFrame:
        """Orders (supplier, sku, warehouse, order_date, planned_days) with days and lead_time_basis.

        Of two observations equally far away in time the earlier is taken. What was ordered on one day and came in
        parts took the mean of them, weighted by their quantities.
        """
        rows = orders.with_row_index("row")
        own = self._nearest(rows, ["supplier", "sku"]).rename({"days": "own"})
        house = self._nearest(rows, ["supplier"]).rename({"days": "house"})
        found = rows.join(own, on="row", how="left", maintain_order="left").join(
            house, on="row", how="left", maintain_order="left"
        )
        found = found.join(self.fed, on=["sku", "warehouse"], how="left", maintain_order="left")
        length = pl.coalesce("own", "house", pl.col("planned_days").ceil()) * self.factor
        return found.with_columns(
            days=(length + pl.col("more").fill_null(0.0)).round().clip(lower_bound=1).cast(pl.Int64),
            lead_time_basis=pl.when(pl.col("own").is_not_null())
            .then(pl.lit(SAME_SKU))
            .when(pl.col("house").is_not_null())
            .then(pl.lit(SUPPLIER))
            .otherwise(pl.lit(PLANNED)),
        ).drop("row", "own", "house", "more")

    def _nearest(self, rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
        """The observation of the group nearest to each order: row, days; no row where the group has none."""
        weight = pl.col("qty_received").clip(lower_bound=0.0)
        mean = ratio((pl.col("days") * weight).sum(), weight.sum()).fill_null(pl.col("days").mean())
        seen = self.seen.group_by(*by, "order_date").agg(days=mean).sort("order_date")
        wanted = rows.select("row", *by, "order_date").sort("order_date")
        sides = [
            wanted.join_asof(
                seen.with_columns(at="order_date"), on="order_date", by=by, strategy=side, check_sortedness=False
            ).select("row", "days", gap=(pl.col("order_date") - pl.col("at")).dt.total_days().abs())
            for side in ("backward", "forward")
        ]  # fmt: skip
        both = sides[0].join(sides[1], on="row", suffix="_next")
        earlier = pl.col("gap").is_not_null() & (
            pl.col("gap") <= pl.col("gap_next").fill_null(np.iinfo(np.int32).max)
        )
        return both.select("row", days=pl.when(earlier).then("days").otherwise("days_next")).drop_nulls()

    def moved(self, moves: pl.DataFrame) -> np.ndarray:
        """Days that transfers (from_warehouse, to_warehouse) take: mean of the pair, else of all; at least 1."""
        pair = moves.join(
            self.moves, on=["from_warehouse", "to_warehouse"], how="left", maintain_order="left"
        )
        overall = self.moves.select(pl.col("days").mean()).item() if self.moves.height else 0.0
        return pair["days"].fill_null(overall).round().clip(lower_bound=1).cast(pl.Int64).to_numpy()


def transfer_days(entries: Entries) -> pl.DataFrame:
    """How long goods were on the way between two warehouses: from_warehouse, to_warehouse, days (mean)."""
    legs = entries.movements.filter(
        pl.col("kind").is_in(LEGS), pl.col("link") >= 0, pl.col("warehouse") != IN_TRANSIT
    ).select("link", "sku", "warehouse", "date", "qty")
    left = legs.filter(pl.col("qty") < 0).group_by("link", "sku").agg(
        from_warehouse=pl.col("warehouse").first(), left=pl.col("date").min()
    )  # fmt: skip
    arrived = legs.filter(pl.col("qty") > 0).group_by("link", "sku", to_warehouse="warehouse").agg(
        arrived=pl.col("date").max()
    )  # fmt: skip
    took = (pl.col("arrived") - pl.col("left")).dt.total_days()
    return (
        left.join(arrived, on=["link", "sku"])
        .group_by("from_warehouse", "to_warehouse")
        .agg(days=took.clip(lower_bound=0).mean())
        .sort("from_warehouse", "to_warehouse")
        .collect()
    )


def fed_cells(entries: Entries, moves: pl.DataFrame) -> pl.DataFrame:
    """Cells that never bought anything themselves and got everything from other warehouses: sku, warehouse, more (days
    on the way from there)."""
    more = moves.group_by(warehouse="to_warehouse").agg(more=pl.col("days").mean().round())
    came = entries.movements.filter(pl.col("qty") > 0, pl.col("warehouse") != IN_TRANSIT)
    return (
        came.group_by("sku", "warehouse")
        .agg(moved=(pl.col("kind") == "transfer_in").any(), own=(pl.col("kind") == "purchase").any())
        .filter(pl.col("moved") & ~pl.col("own"))
        .join(more.lazy(), on="warehouse")
        .select("sku", "warehouse", "more")
        .sort("sku", "warehouse")
        .collect()
    )


def ordered_before(
    came: pl.DataFrame, bought: pl.DataFrame, start: date, planned: pl.DataFrame
) -> pl.DataFrame:
    """Which part of each receipt since ``start`` was ordered before: cell, day, share (0 to 1), guessed.

    ``bought``: cell, sku, warehouse, day (from ``start`` on) of the purchases; ``planned``: sku, lead_time_days. Receipts
    are found by sku, warehouse and day, else by sku and day. A purchase that no order explains is taken to have been
    ordered one planned lead time before it came: ``guessed``.
    """
    late = came.filter(pl.col("received_date") >= start).with_columns(
        day=(pl.col("received_date") - pl.lit(start)).dt.total_days(),
        early=pl.when(pl.col("order_date") < start).then("qty_received").otherwise(0.0),
    )

    def shares(keys: list[str], frame: pl.DataFrame, name: str) -> pl.DataFrame:
        sums = frame.group_by(keys).agg(pl.col("early").sum(), whole=pl.col("qty_received").sum())
        return sums.select(*keys, ratio("early", "whole").alias(name))

    exact = shares(["sku", "warehouse", "day"], late, "exact")
    loose = shares(["sku", "day"], late.filter(pl.col("warehouse") == NONE), "loose")
    arrives = pl.col("day") < pl.col("lead_time_days").ceil()
    return (
        bought.join(exact, on=["sku", "warehouse", "day"], how="left")
        .join(loose, on=["sku", "day"], how="left")
        .join(planned, on="sku", how="left")
        .with_columns(told=pl.coalesce("exact", "loose"))
        .select(
            "cell",
            "day",
            share=tidy(pl.coalesce("told", arrives.fill_null(False).cast(pl.Float64))),
            guessed=pl.col("told").is_null(),
        )
        .sort("day", "cell")
    )
