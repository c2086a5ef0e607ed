"""Whose books a row is of: documents of two companies, or of two systems, may carry one number (SPEC 3).

A *book* is the system (profile) and the company (org) of a row. Exports tell them unevenly: the same document comes
once as the report of a known system and once as a plain table, once with a column of companies and once without. So
what says less about its book is of the fuller book with which it has a line in common.
"""

from __future__ import annotations

import polars as pl

from stockturn.sources.dedupe_keys import key_hash

PLAIN = "plain"
"""The profile of a table in which no system was recognised: it may be of any."""

_VARIANT = ["_unit", "_system", "org"]
_PLACE = ["source_file", "source_sheet"]


def with_books(
    frame: pl.LazyFrame, sheets: pl.DataFrame, unit: pl.Expr, by_system: pl.Expr, line: pl.Expr | None
) -> pl.LazyFrame:
    """The frame with ``book``, a number for the profile (where ``by_system``) and the org of each row.

    ``unit`` is a number for what two exports may both tell (a document, a day, a balance), ``line`` one for what a
    line of it says. A unit that does not tell its profile or org is that of the book of the same unit with which it
    has most lines in common; with ``line`` None that of the only book there is, whatever is said.
    """
    told = frame.select(pl.col("org").is_not_null().any()).collect().item()
    if not told and sheets["profile"].drop_nulls().n_unique() < 2:
        return frame.with_columns(book=pl.lit(0, pl.UInt64))
    profile = pl.when(by_system).then(pl.col("profile").fill_null(PLAIN)).otherwise(pl.lit(PLAIN))
    known = sheets.lazy().select(*_PLACE, "profile")
    frame = frame.join(known, on=_PLACE, how="left", nulls_equal=True, maintain_order="left")
    frame = frame.with_columns(profile.alias("_system"), unit.alias("_unit"))
    fuller = _fuller(frame, line).lazy()
    frame = frame.join(fuller, on=_VARIANT, how="left", nulls_equal=True, maintain_order="left")
    return (
        frame.with_columns(pl.coalesce("of_system", "_system"), pl.coalesce("of_org", "org"))
        .with_columns(book=key_hash(("of_system", "of_org")))
        .drop("profile", "_unit", "_system", "of_system", "of_org")
    )


def _fuller(frame: pl.LazyFrame, line: pl.Expr | None) -> pl.DataFrame:
    """Variants (unit, profile, org) that say less, with of_system and of_org, what they are to be read as."""
    variants = frame.select(_VARIANT).unique().collect()
    variants = variants.filter(pl.col("_unit").is_duplicated())
    silent = variants.filter((pl.col("_system") == PLAIN) | pl.col("org").is_null())
    rows = frame.filter(pl.col("_unit").is_in(silent["_unit"].unique().implode()))
    lines = rows.select(*_VARIANT, line=pl.lit(0) if line is None else line).unique().collect()
    pairs = lines.join(lines, on=["_unit", "line"], suffix="_2").filter(
        (pl.col("_system") == pl.col("_system_2"))
        | (pl.col("_system") == PLAIN)
        | (pl.col("_system_2") == PLAIN),
        (pl.col("org") == pl.col("org_2")).fill_null(True),
    )
    if line is None:
        pairs = pairs.filter(pl.col("org_2").drop_nulls().n_unique().over("_unit") == 1)
    return pairs.group_by(_VARIANT).agg(
        _commonest("_system_2", pl.col("_system") == PLAIN, pl.col("_system_2") != PLAIN).alias("of_system"),
        _commonest("org_2", pl.col("org").is_null(), pl.col("org_2").is_not_null()).alias("of_org"),
    )


def _commonest(name: str, silent: pl.Expr, known: pl.Expr) -> pl.Expr:
    """For what says nothing, the value that is known of most lines in common; of equals the smallest."""
    return pl.col(name).filter(silent & known).mode().min()
