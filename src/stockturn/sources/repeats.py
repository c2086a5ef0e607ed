"""One balance shown on several sheets of a workbook is one balance."""

from __future__ import annotations

import polars as pl

from stockturn.model import Note

_CELL = ["source_file", "as_of", "at_start", "sku", "warehouse"]
_EXACT = 1e-6


def without_repeated_points(stock: pl.DataFrame) -> tuple[pl.DataFrame, list[Note]]:
    """The stock points without those that another sheet of the same file shows as well.

    Two sheets repeat each other where they agree on every balance that both have (a 收发存汇总表 and the 现存量 of its
    last day); then the one with values counts, else the one with more lines. Sheets that disagree anywhere are taken
    for different stock, as one sheet per warehouse without a name would be.
    """
    sheets = stock.select("source_file", "source_sheet").unique()
    if len(sheets) == sheets["source_file"].n_unique():
        return stock, []
    cells = stock.group_by([*_CELL, "source_sheet"]).agg(pl.col("on_hand").sum())
    pairs = cells.join(cells, on=_CELL, how="inner", nulls_equal=True, suffix="_2").filter(
        pl.col("source_sheet") != pl.col("source_sheet_2")
    )
    same = (pl.col("on_hand") - pl.col("on_hand_2")).abs() <= _EXACT
    agree = pairs.group_by("source_file", "source_sheet", "source_sheet_2").agg(same.all().alias("agree"))
    if not agree["agree"].any():
        return stock, []
    worth = stock.group_by("source_file", "source_sheet").agg(
        pl.col("value").is_not_null().mean().alias("valued"), pl.len().alias("lines")
    )
    ranked = worth.sort(
        ["source_file", "valued", "lines", "source_sheet"], descending=[False, True, True, False]
    ).with_columns(pl.int_range(pl.len()).over("source_file").alias("rank"))
    rank = ranked.select("source_file", "source_sheet", "rank")
    better = (
        pairs.join(agree.filter("agree"), on=["source_file", "source_sheet", "source_sheet_2"], how="semi")
        .join(rank, on=["source_file", "source_sheet"])
        .join(
            rank,
            left_on=["source_file", "source_sheet_2"],
            right_on=["source_file", "source_sheet"],
            suffix="_2",
        )
        .filter(pl.col("rank") > pl.col("rank_2"))
        .select(*_CELL, "source_sheet")
        .unique()
    )
    kept = stock.join(
        better, on=[*_CELL, "source_sheet"], how="anti", nulls_equal=True, maintain_order="left"
    )
    notes = [
        Note("stock_repeated", {"file": file, "sheet": sheet, "rows": rows})
        for file, sheet, rows in better.group_by("source_file", "source_sheet")
        .len()
        .sort("source_file", "source_sheet")
        .rows()
    ]
    return kept, notes
