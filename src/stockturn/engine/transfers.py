"""Goods on the way, and goods that come back: which movement takes its cost from which other one.

A *link* joins the legs of one transfer, or a return with the sale it belongs to. Where the legs of a transfer
do not fall on one day (or do not add up), the goods stand in the warehouse ``(in transit)`` between them, so
that the company's stock is whole on every day.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.engine.expr import IN_TRANSIT, tidy

LEGS = ("transfer_in", "transfer_out")
_RETURN_LINKS = 1 << 32
"""Link numbers of returns start here, so that they never meet those of transfers."""


def with_links(
    movements: pl.LazyFrame, as_of: date, transit_days: int
) -> tuple[pl.LazyFrame, pl.LazyFrame, pl.DataFrame]:
    """Movements with a ``link`` number and with the legs of ``(in transit)``; returns' sources; unpaired legs.

    The second frame has link, sku, warehouse, date of the sale that a linked return belongs to. The third
    lists transfer legs without a counterpart: sku, warehouse, date, doc_no, qty. A leg that left and never
    arrived stands in transit for ``transit_days``, then it is taken out and stays listed.
    """
    legs = movements.filter(pl.col("kind").is_in(LEGS)).collect(engine="streaming")
    if legs.is_empty():
        return *_linked_returns(movements), _listed(legs)
    rest, sources = _linked_returns(movements.filter(~pl.col("kind").is_in(LEGS)))
    paired = _pair(legs)
    open_legs = paired.filter(pl.col("link").is_null())
    on_the_way = _on_the_way(open_legs, paired)
    known = pl.concat([paired.filter(pl.col("link").is_not_null()), on_the_way])
    single = open_legs.join(on_the_way.select("leg"), on="leg", how="anti")
    transit = _transit_legs(known, as_of, transit_days)
    together = pl.concat([single, known, transit], how="diagonal").drop("leg")
    return pl.concat([rest, together.lazy()], how="diagonal"), sources, _listed(open_legs)


def neutral_transfers(movements: pl.LazyFrame) -> pl.LazyFrame:
    """Transfers that move goods and no cost, because both ends share one average: link -1."""
    moved = pl.col("link").is_not_null() & pl.col("kind").is_in(LEGS)
    return movements.with_columns(link=pl.when(moved).then(-1).otherwise("link"))


def _pair(legs: pl.DataFrame) -> pl.DataFrame:
    """Legs with the number of their pair: by document and sku, else by sku, day and quantity, else sku and day."""
    blank = pl.lit(None, pl.Int64).alias("link")
    open_legs, done, first = legs.with_row_index("leg").with_columns(blank), [], 0
    size = pl.col("qty").abs().round(6)
    whole = pl.col("qty").sum().abs() < 1e-6
    for keys, needs in (
        (["sku", "doc_no"], pl.col("doc_no").is_not_null().all()),
        (["sku", "date", size.alias("size")], whole),
        (["sku", "date"], whole),
    ):
        both = (pl.col("qty") > 0).any() & (pl.col("qty") < 0).any()
        groups = open_legs.group_by(keys).agg(pl.col("leg"), ok=both & needs).filter("ok")
        numbered = groups.sort(pl.col("leg").list.min()).with_row_index("link", offset=first)
        found = numbered.select(pl.col("link").cast(pl.Int64), "leg").explode("leg")
        first += numbered.height
        done.append(open_legs.drop("link").join(found, on="leg"))
        open_legs = open_legs.join(found, on="leg", how="anti")
    return pl.concat([*(frame.select(open_legs.columns) for frame in done), open_legs])


def _on_the_way(open_legs: pl.DataFrame, paired: pl.DataFrame) -> pl.DataFrame:
    """Legs that left under a document number and have not arrived: each is a link of its own."""
    found = paired["link"].drop_nulls()
    start = int(found.max()) + 1 if len(found) else 0  # type: ignore[arg-type]
    gone = open_legs.filter((pl.col("qty") < 0) & pl.col("doc_no").is_not_null())
    return gone.with_columns(link=pl.int_range(pl.len(), dtype=pl.Int64) + start)


def _transit_legs(known: pl.DataFrame, as_of: date, transit_days: int) -> pl.DataFrame:
    """The other side of each leg, in ``(in transit)``, for links that are not complete within one day."""
    split = known.filter(((pl.col("date").n_unique() > 1) | (pl.col("qty").sum().abs() > 1e-6)).over("link"))
    flipped = split.with_columns(
        warehouse=pl.lit(IN_TRANSIT),
        qty=-pl.col("qty"),
        cost=-pl.col("cost"),
        kind=pl.when(pl.col("qty") < 0).then(pl.lit("transfer_in")).otherwise(pl.lit("transfer_out")),
    )
    # Lost on the way (positive): given up after transit_days. More arrived than left: settled at once.
    left_over = (
        flipped.sort("date")
        .group_by("link", "sku", maintain_order=True)
        .agg(pl.col("date").last(), tidy(-pl.col("qty").sum()).alias("qty"))
        .filter(pl.col("qty") != 0)
        .with_columns(
            date=pl.when(pl.col("qty") < 0)
            .then(pl.col("date") + pl.duration(days=transit_days))
            .otherwise(pl.col("date")),
            kind=pl.when(pl.col("qty") < 0).then(pl.lit("transfer_out")).otherwise(pl.lit("transfer_in")),
            warehouse=pl.lit(IN_TRANSIT),
        )
        .filter(pl.col("date") <= as_of)
    )
    return pl.concat([flipped, left_over], how="diagonal")


def _listed(open_legs: pl.DataFrame) -> pl.DataFrame:
    return open_legs.select("sku", "warehouse", "date", "doc_no", "qty").sort("date", "sku", "warehouse")


def _linked_returns(rest: pl.LazyFrame) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Number the returns that name the order (or document) of an earlier sale of the same sku.

    What is sold and comes back on one day has that day's cost without being linked.
    """
    plain = (pl.col("kind") == "sale_return") & pl.col("order_no").is_not_null()
    uncosted = pl.coalesce("cost", pl.col("unit_cost")).is_null()
    named = rest.filter(plain & uncosted).select("sku", "order_no", "date").collect(engine="streaming")
    none = pl.lit(None, pl.Int64).alias("link")
    schema = {"link": pl.Int64, "sku": pl.String, "warehouse": pl.String, "date": pl.Date}
    if named.is_empty():
        return rest.with_columns(none), pl.LazyFrame(schema=schema)
    wanted = named.group_by("sku", "order_no").agg(pl.col("date").min()).sort("sku", "order_no")
    wanted = wanted.with_columns(link=pl.int_range(pl.len(), dtype=pl.Int64) + _RETURN_LINKS)
    sales = rest.filter((pl.col("kind") == "sale") & (pl.col("qty") < 0))
    keyed = pl.concat(
        [
            sales.select("sku", "warehouse", pl.col("date").alias("sold_on"), pl.col(name).alias("order_no"))
            for name in ("order_no", "doc_no")
        ]
    )
    sources = (
        wanted.lazy()
        .join(keyed, on=["sku", "order_no"])
        .filter(pl.col("sold_on") < pl.col("date"))
        .sort("sold_on", "warehouse")
        .unique("link", keep="last", maintain_order=True)
        .collect()
    )
    linked = rest.join(
        sources.lazy().select("link", "sku", "order_no"), on=["sku", "order_no"], how="left"
    ).with_columns(link=pl.when(plain & uncosted).then("link"))
    return linked, sources.lazy().select("link", "sku", "warehouse", pl.col("sold_on").alias("date"))
