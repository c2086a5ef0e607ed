"""Exports that say less: the same days once with document numbers and once without, with the warehouse and without."""

from __future__ import annotations

import polars as pl

from stockturn.sources.dedupe_judge import DUPLICATE, REFUSED
from stockturn.sources.dedupe_keys import DocumentRule, content_hash, key_hash

SAME = 0.9
"""From this share on of the lines that two exports could both tell, and do, the poorer one is taken for another copy
of the fuller. Two sources of their own have a line in common by chance alone."""


def told_with_less(frame: pl.LazyFrame, rule: DocumentRule, left: pl.Series, keep_all: bool) -> pl.DataFrame:
    """Rows (row, verdict, reason, by_row) without document number that a fuller export tells as well.

    ``left`` are the rows that have left already. An export without document numbers is poorer than one with them, one
    without warehouses poorer than one with them. On the days of a kind that both tell, the lines (item and quantity,
    and the warehouse where both name it) of the poorer are looked for among those of the fuller. Where most are found: a day of which all are found is a
    duplicate, another day is refused, because nothing tells what is missing (``keep_all``: stays). Where few are
    found, the exports tell different goods and all stays. A day of which any export has lines of both sorts
    is left alone: there the difference means something.
    """
    numbered, placed = pl.col("doc_no").is_not_null(), pl.col("warehouse").is_not_null()
    grade = pl.when(numbered).then(2).when(placed).then(1).otherwise(0)
    days = key_hash(name for name in rule.group if name not in ("warehouse", "book"))
    told = frame.select("file", key=days, grade=grade)
    shared = (
        told.unique()
        .group_by("key")
        .agg(pl.col("file", "grade").n_unique())
        .filter(pl.col("file") > 1, pl.col("grade") > 1)
        .collect()["key"]
    )
    if shared.is_empty():
        return _none()
    said = content_hash(rule.table, ("sku", rule.qty))
    there = content_hash(rule.table, ("sku", rule.qty, "warehouse"))
    rows = (
        frame.with_columns(key=days)
        .filter(pl.col("key").is_in(shared.implode()))
        .select("row", "file", "key", "warehouse", said=said, there=there, grade=grade)
        .collect()
    )
    mixed = rows.group_by("key", "file").agg(pl.col("grade").n_unique()).filter(pl.col("grade") > 1)
    rows = rows.join(mixed, on="key", how="anti")
    rows = rows.filter(~pl.col("row").is_in(left.implode()))
    found = pl.concat([_against(rows, grade) for grade in (0, 1)])
    return found.filter(pl.col("verdict") == DUPLICATE) if keep_all else found


def _none() -> pl.DataFrame:
    schema = {"row": pl.UInt32, "verdict": pl.String, "reason": pl.String, "by_row": pl.UInt32}
    return pl.DataFrame(schema=schema)


def _against(rows: pl.DataFrame, grade: int) -> pl.DataFrame:
    """The rows of this grade against those of other files that say more."""
    poor, fuller = rows.filter(pl.col("grade") == grade), rows.filter(pl.col("grade") > grade)
    poor = poor.join(fuller, on="key", how="semi")
    if poor.is_empty():
        return _none()
    if grade == 1:
        unplaced = fuller.filter(pl.col("warehouse").is_null())["key"].unique()
        poor, fuller = _by_warehouse(poor, unplaced), _by_warehouse(fuller, unplaced)
    there = fuller.group_by("key", "said").agg(there=pl.len())
    lines = poor.group_by("file", "key", "said").agg(pl.len()).join(there, on=["key", "said"], how="left")
    lines = lines.with_columns(found=pl.min_horizontal("len", pl.col("there").fill_null(0)))
    same = lines.filter(pl.col("found").sum().over("file") >= SAME * pl.col("len").sum().over("file"))
    whole = same.group_by("file", "key").agg(whole=(pl.col("found") == pl.col("len")).all())
    return poor.join(whole, on=["file", "key"]).select(
        "row",
        verdict=pl.when("whole").then(pl.lit(DUPLICATE)).otherwise(pl.lit(REFUSED)),
        reason=pl.when(~pl.col("whole")).then(pl.lit("overlap")),
        by_row=pl.lit(None, pl.UInt32),
    )


def _by_warehouse(rows: pl.DataFrame, unplaced: pl.Series) -> pl.DataFrame:
    """Lines told apart by warehouse too, but on the days of which the fuller export does not name them all."""
    blind = pl.col("key").is_in(unplaced.implode())
    return rows.with_columns(said=pl.when(blind).then("said").otherwise("there"))
