"""Tables of things (items, suppliers, warehouses): one row per key, put together from every file that names it."""

from __future__ import annotations

import polars as pl

from stockturn.model import Note
from stockturn.schema import TABLES
from stockturn.sources.dedupe_judge import DUPLICATE
from stockturn.sources.dedupe_keys import LINEAGE, is_one_of, key_hash
from stockturn.sources.dedupe_tables import Verdict, leaving


def merge_masters(
    frame: pl.LazyFrame, table: str, key: tuple[str, ...], sheets: pl.DataFrame
) -> tuple[pl.DataFrame | None, Verdict]:
    """The table with one row per key, and the rows that add nothing; None where every key stands once.

    Each field is taken from the newest file that fills it, lists of these things before what other tables say
    beside; where the times are not known, from the file whose name sorts last, and a field on which such files
    disagree is said. The lineage is that of the first row in this order.
    """
    keys = frame.select("row", key=key_hash(key)).collect()
    repeated = keys.filter(pl.col("key").is_duplicated())
    if repeated.is_empty():
        return None, Verdict()
    rows = frame.collect()
    once = rows.filter(~is_one_of(repeated["row"])).select(TABLES[table].schema.keys())
    rows = rows.join(repeated, on="row").join(
        sheets, on=["source_file", "source_sheet"], how="left", nulls_equal=True
    )
    beside = pl.col("listed").fill_null(table) != table
    rows = rows.with_columns(beside=beside).sort(
        "beside", "time", "source_file", "source_sheet", "source_row", "row",
        descending=[False, True, True, False, False, False], nulls_last=True,
    )  # fmt: skip
    fields = [field.name for field in TABLES[table].fields if field.name not in {*key, *LINEAGE}]
    first = [pl.col(name).drop_nulls().first() for name in fields]
    givers = [_giver(name) for name in fields]
    merged = rows.group_by("key", maintain_order=True).agg(
        *(pl.col(name).first() for name in (*key, *LINEAGE)), *first, pl.col("row").first(),
        givers=pl.concat_list([pl.col("row").first().cast(pl.UInt32), *givers]),
    )  # fmt: skip
    giving = merged.select(pl.col("givers").explode().unique()).drop_nulls()
    silent = rows.join(giving, left_on="row", right_on="givers", how="anti")
    whole = pl.concat([once, merged.select(once.columns)]).sort(*key, nulls_last=True)
    return whole, Verdict(leaving(silent, DUPLICATE), _disagreements(rows, table, fields, key[0]))


def _giver(name: str) -> pl.Expr:
    """The row that a field was taken from."""
    return pl.col("row").filter(pl.col(name).is_not_null()).first()


def _disagreements(rows: pl.DataFrame, table: str, fields: list[str], shown: str) -> tuple[Note, ...]:
    """Fields that two lists of the same (or of no known) time fill differently: what was taken is said."""
    rows = rows.filter(~pl.col("beside"))
    latest = rows.filter(pl.col("time").is_null() | (pl.col("time") == pl.col("time").max().over("key")))
    spread = latest.group_by("key").agg(
        pl.col(shown).first().alias("_shown"),
        *(pl.col(name).drop_nulls().n_unique().alias(f"n_{name}") for name in fields),
    )
    notes = []
    for name in fields:
        differing = spread.filter(pl.col(f"n_{name}") > 1)
        if differing.height:
            params = {
                "table": table,
                "column": name,
                "count": differing.height,
                "example": differing["_shown"].min(),
            }
            notes.append(Note("dedupe_master_differs", params, "warning"))
    return tuple(notes)
