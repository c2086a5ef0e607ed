"""Figures of a period beside the single lines of the same time: goods must not move twice."""

from __future__ import annotations

import polars as pl

from stockturn.model import Note


def without_covered_periods(
    movements: pl.DataFrame, stock: pl.DataFrame | None
) -> tuple[pl.DataFrame, list[Note]]:
    """The movements without those of a 收发存 summary whose item has single lines in the same direction within the
    summary's period, or the same period's figure in another summary.

    A summary's period runs from the last of its opening points before its movements to their date. Of two summaries of one period the
    one with more kinds counts, then the one whose name sorts first. The stock points of all stay.
    """
    if "period_mark" not in movements.columns or movements["period_mark"].null_count() == len(movements):
        return movements, []
    if stock is None:
        return movements, []
    sheet = ["source_file", "source_sheet"]
    starts = stock.filter(pl.col("at_start")).select(*sheet, pl.col("as_of").alias("_start")).unique()
    numbered = movements.with_row_index("_at").with_columns((pl.col("qty") >= 0).alias("_in"))
    periods = (
        numbered.filter(pl.col("period_mark").is_not_null())
        .join(starts, on=sheet, how="inner", nulls_equal=True, maintain_order="left")
        .filter(pl.col("_start") <= pl.col("date"))
        .filter(pl.col("_start") == pl.col("_start").max().over("_at"))
    )
    lines = numbered.filter(pl.col("period_mark").is_null()).select(
        "sku", "_in", pl.col("date").alias("_day")
    )
    by_lines = (
        periods.select("_at", "sku", "_in", "_start", "date")
        .join(lines.unique(), on=["sku", "_in"], how="inner")
        .filter(pl.col("_day").is_between(pl.col("_start"), pl.col("date")))["_at"]
        .unique()
    )
    rest = periods.filter(~pl.col("_at").is_in(by_lines.implode()))
    richness = rest.group_by(sheet).agg(pl.col("kind").n_unique().alias("_kinds"))
    rest = rest.join(richness, on=sheet, how="left", nulls_equal=True)
    span = ["_start", "date", "sku", "warehouse", "_in"]
    ranked = rest.sort(
        ["_kinds", *sheet], descending=[True, False, False], nulls_last=True, maintain_order=True
    )
    chosen = ranked.group_by(span, maintain_order=True).agg(
        *(pl.col(c).first().alias(f"_{c}") for c in sheet)
    )
    doubled = ranked.join(chosen, on=span, how="left", nulls_equal=True).filter(
        ~pl.col("source_file").eq_missing(pl.col("_source_file"))
        | ~pl.col("source_sheet").eq_missing(pl.col("_source_sheet"))
    )["_at"]
    gone = pl.concat([by_lines, doubled])
    if gone.is_empty():
        return movements, []
    out = numbered.filter(pl.col("_at").is_in(gone.implode()))
    notes = [
        Note("summary_left_out", {"file": file, "sheet": name or "", "rows": count}, "warning")
        for file, name, count in out.group_by(sheet, maintain_order=True).len().rows()
    ]
    return numbered.filter(~pl.col("_at").is_in(gone.implode())).drop("_at", "_in"), notes
