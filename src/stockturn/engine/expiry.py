"""What will not sell before it expires: batches sold first expiry first."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.engine.expr import ratio, tidy

CELL = ["sku", "warehouse"]


def expiring(batches: pl.LazyFrame, closing: pl.LazyFrame, rates: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """One row per batch with an expiry date and something left, the next to expire first.

    ``batches``: what :func:`stockturn.engine.batches.known_batches` gives; ``closing``: sku, warehouse, on_hand,
    value; ``rates``: sku, warehouse, demand_per_day, rate_basis.
    Columns out: sku, warehouse, batch, expiry, expiry_basis (what told it), days_to_expiry (below 0: expired),
    qty_left, value (at the closing unit cost), demand_per_day, rate_basis, expiring_qty (will not sell in time),
    expiring_value. Where more is listed than on hand, the first to expire are gone.

    The first to expire is sold first, at the daily rate, up to and including its last day. Batches of 30 (10 days)
    and 30 (20 days) at 2 a day: 20 of the first sell in time, 10 expire; of the second 20 sell, 10 expire.
    """
    known = (pl.col("received_on") <= as_of).fill_null(True)
    listed = _placed(batches.filter(known), closing).filter(
        (pl.col("qty_left") > 0) & pl.col("expiry").is_not_null()
    )
    dated = (
        listed.group_by(*CELL, "batch", "expiry")
        .agg(pl.col("qty_left").sum(), pl.col("expiry_basis").first())
        .pipe(_no_more_than, closing)
        .join(closing.select(*CELL, unit_cost=ratio("value", "on_hand")), on=CELL, how="left")
        .join(rates.select(*CELL, "demand_per_day", "rate_basis"), on=CELL, how="left")
        .with_columns(
            pl.col("demand_per_day").fill_null(0.0),
            days_to_expiry=(pl.col("expiry") - pl.lit(as_of)).dt.total_days(),
        )
    )
    return (
        _unsold(dated)
        .with_columns(
            value=pl.col("qty_left") * pl.col("unit_cost"),
            expiring_value=pl.col("expiring_qty") * pl.col("unit_cost"),
        )
        .sort("expiry", *CELL, "batch")
        .select(
            *CELL, "batch", "expiry", "expiry_basis", "days_to_expiry", "qty_left", "value", "demand_per_day", "rate_basis",
            "expiring_qty", "expiring_value",
        )
    )  # fmt: skip


def by_cell(expiries: pl.LazyFrame) -> pl.LazyFrame:
    """Per cell: next_expiry (the earliest, past ones included), expiring_qty, expiring_value, expired_qty of these."""
    gone = pl.col("expiring_qty").filter(pl.col("days_to_expiry") <= 0)
    return expiries.group_by(CELL).agg(
        pl.col("expiry").min().alias("next_expiry"),
        tidy(pl.col("expiring_qty").sum()),
        pl.col("expiring_value").sum(),
        tidy(gone.sum()).alias("expired_qty"),
    )


def _placed(batches: pl.LazyFrame, closing: pl.LazyFrame) -> pl.LazyFrame:
    """Batches of cells that hold something; a list without warehouses speaks of skus that lie in one place only."""
    held = closing.filter(pl.col("on_hand") > 0).select(CELL)
    only = (
        held.group_by("sku")
        .agg(only=pl.col("warehouse").first(), places=pl.len())
        .filter(pl.col("places") == 1)
    )
    return (
        batches.join(only, on="sku", how="left")
        .with_columns(warehouse=pl.coalesce("warehouse", "only"))
        .drop("only", "places")
        .join(held, on=CELL, how="semi")
    )


def _no_more_than(dated: pl.LazyFrame, closing: pl.LazyFrame) -> pl.LazyFrame:
    """The batches with no more left of them than is on hand: what expires last is still there."""
    later = pl.col("qty_left").cum_sum().over(CELL, order_by=["expiry", "batch"], descending=True) - pl.col(
        "qty_left"
    )
    return (
        dated.join(closing.select(*CELL, "on_hand"), on=CELL)
        .with_columns(later=later)
        .with_columns(
            qty_left=tidy(
                pl.min_horizontal("qty_left", (pl.col("on_hand") - pl.col("later")).clip(lower_bound=0.0))
            )
        )
        .filter(pl.col("qty_left") > 0)
        .drop("on_hand", "later")
    )


def _unsold(dated: pl.LazyFrame) -> pl.LazyFrame:
    """Adds expiring_qty.

    What is sold of the first k batches by the end of the k-th is sold_k = min(sold_(k-1) + qty_k, demand_k), demand_k
    being all demand until it expires. Unrolled: the running quantity plus the running minimum, at most 0, of
    demand less running quantity; so all cells are done at once.
    """
    demand = pl.col("demand_per_day") * pl.col("days_to_expiry").clip(lower_bound=0)
    sold = pl.col("stock") + pl.min_horizontal((pl.col("demand") - pl.col("stock")).cum_min().over(CELL), 0.0)
    return (
        dated.sort(*CELL, "expiry", "batch")
        .with_columns(demand=demand, stock=pl.col("qty_left").cum_sum().over(CELL))
        .with_columns(sold=sold)
        .with_columns(sold=pl.col("sold") - pl.col("sold").shift(1, fill_value=0.0).over(CELL))
        .with_columns(expiring_qty=tidy(pl.col("qty_left") - pl.col("sold")).clip(0.0, pl.col("qty_left")))
        .drop("demand", "stock", "sold")
    )
