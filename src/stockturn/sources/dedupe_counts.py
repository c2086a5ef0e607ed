"""The books of what left: counts and sums per sheet, the list of replaced lines, the list of refused rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from stockturn.i18n import text
from stockturn.model import Ledger
from stockturn.sources.dedupe_judge import DUPLICATE, REFUSED, REPLACED
from stockturn.sources.dedupe_keys import LINEAGE, MASTERS, is_one_of
from stockturn.sources.dedupe_sums import PLACE, QTY, corrected, sums_of_what_stays


@dataclass(frozen=True)
class Leaving:
    """Rows that leave the tables: table, verdict, reason, lineage, sku, doc_no, line_no, qty, by_* and changed."""

    rows: pl.DataFrame


def leaving_rows(ledger: Ledger, dropped: Mapping[str, pl.DataFrame]) -> Leaving:
    """The dropped rows of every table with what they said and, where replaced, what is said instead."""
    parts = [_described(ledger.table(name), name, rows) for name, rows in dropped.items() if rows.height]
    return Leaving(pl.concat(parts) if parts else pl.DataFrame(schema=_LEAVING))


_LEAVING = {
    "table": pl.String,
    "verdict": pl.String,
    "reason": pl.String,
    "source_file": pl.String,
    "source_sheet": pl.String,
    "source_row": pl.Int64,
    "sku": pl.String,
    "doc_no": pl.String,
    "line_no": pl.String,
    "qty": pl.Float64,
    "unit": pl.String,
    "by_file": pl.String,
    "by_sheet": pl.String,
    "by_row": pl.Int64,
    "changed": pl.String,
    "cells": pl.String,
}


def _described(table: pl.LazyFrame, name: str, dropped: pl.DataFrame) -> pl.DataFrame:
    wanted = pl.concat([dropped["row"], dropped["by_row"].drop_nulls()]).unique()
    rows = table.with_row_index("row").filter(is_one_of(wanted)).collect()
    columns = [column for column in rows.columns if column not in {"row", *LINEAGE}]
    paired = dropped.join(rows, on="row").join(
        rows, left_on="by_row", right_on="row", how="left", suffix="_by"
    )
    have = set(rows.columns)
    values = {
        "table": pl.lit(name),
        "sku": pl.col("sku") if "sku" in have else pl.lit(None),
        "doc_no": pl.col("doc_no") if "doc_no" in have else pl.lit(None),
        "line_no": pl.col("line_no") if "line_no" in have else pl.lit(None),
        "qty": pl.col(QTY[name]) if name in QTY else pl.lit(None),
        "unit": pl.col("unit") if "unit" in have else pl.lit(None),
        "by_file": pl.col("source_file_by"),
        "by_sheet": pl.col("source_sheet_by"),
        "by_row": pl.col("source_row_by"),
        "changed": _changes(columns),
        "cells": _cells(columns),
    }
    return paired.select(
        values.get(column, pl.col(column)).cast(dtype).alias(column) for column, dtype in _LEAVING.items()
    )


def _changes(columns: list[str]) -> pl.Expr:
    """``qty 5.0 -> 6.0; unit_cost 2.0 -> 2.5`` for the cells in which two rows differ; null without a pair."""
    cells = [
        pl.when(pl.col(name).ne_missing(pl.col(f"{name}_by"))).then(
            pl.format("{} {} -> {}", pl.lit(name), _shown(name), _shown(f"{name}_by"))
        )
        for name in columns
    ]
    return pl.when(pl.col("verdict") == REPLACED).then(
        pl.concat_str(cells, separator="; ", ignore_nulls=True)
    )


def _cells(columns: list[str]) -> pl.Expr:
    """``date 2024-01-05 | sku X | qty -5.0``: the row as it was understood; null for rows that are not refused."""
    cells = [pl.format("{} {}", pl.lit(name), pl.col(name).cast(pl.String)) for name in columns]
    return pl.when(pl.col("verdict") == REFUSED).then(
        pl.concat_str(cells, separator=" | ", ignore_nulls=True)
    )


def _shown(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).fill_null("-")


def settle(
    before: Ledger, after: Ledger, leaving: Leaving, lang: str, changed: pl.DataFrame | None = None
) -> Ledger:
    """``after`` with its counts, sums, replaced lines and refused rows in order; ``changed`` are further sheets
    (source_file, source_sheet) whose sums are others than before.

    A source row is skipped (duplicate) or refused when nothing that was made of it stays.
    """
    rows = leaving.rows
    listed = rows.filter(pl.col("verdict") == REPLACED).drop("verdict", "reason", "unit", "cells")
    refused = rows.filter(pl.col("verdict") == REFUSED)
    return replace(
        after,
        sheets=_sheets(before, after, rows, changed),
        refused=_refused(before.refused, refused, lang),
        replaced=pl.concat([before.replaced, _replaced(listed)])
        if before.replaced.width
        else _replaced(listed),
    )


def _replaced(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.rename({"source_file": "file", "source_sheet": "sheet", "source_row": "row"}).sort(
        "table", "file", "sheet", "row", nulls_last=True
    )


def _refused(before: pl.DataFrame, rows: pl.DataFrame, lang: str) -> pl.DataFrame:
    """The refused rows of reading with those that nothing decides, one per source row."""
    said = [pl.col(name).cast(pl.String) for name in ("doc_no", "line_no", "sku", "qty")]
    code = pl.col("reason")
    of_unit = code == "unit_unknown"
    found = (
        rows.sort("table", *LINEAGE, "sku", nulls_last=True)
        .unique(LINEAGE, keep="first", maintain_order=True)
        .select(
            file="source_file",
            sheet="source_sheet",
            row="source_row",
            column=pl.when(of_unit).then(pl.lit("unit")),
            found=pl.when(of_unit)
            .then("unit")
            .otherwise(pl.concat_str(said, separator=" ", ignore_nulls=True)),
            expected=_worded(code, rows, "_expected", lang),
            reason_code=code,
            reason=_worded(code, rows, "", lang),
            raw="cells",
        )
    )
    return pl.concat([before, found], how="diagonal_relaxed") if before.width else found


def _worded(code: pl.Expr, rows: pl.DataFrame, ending: str, lang: str) -> pl.Expr:
    codes = rows["reason"].drop_nulls().unique().to_list()
    words = [text(f"store.{name}{ending}", lang) for name in codes]
    return code.replace_strict(codes, words, default=None, return_dtype=pl.String)


def _sheets(before: Ledger, after: Ledger, rows: pl.DataFrame, changed: pl.DataFrame | None) -> pl.DataFrame:
    """``sheets`` with counts, dates and sums of what stays."""
    sheets = before.sheets
    if sheets.is_empty() or "accepted" not in sheets.columns:
        return sheets
    joined = sheets.with_row_index("_order")
    touched = pl.concat([part for part in (rows.select(PLACE), changed) if part is not None])
    for more in (_gone(before.sheets, after, rows), sums_of_what_stays(before, after, touched)):
        joined = joined.join(more, left_on=["file", "sheet"], right_on=PLACE, how="left", nulls_equal=True)
    twice, no = pl.col("_duplicate").fill_null(0), pl.col("_refused").fill_null(0)
    changed = _more_skipped(joined.sort("_order")).with_columns(
        accepted=pl.col("accepted") - twice - no,
        skipped=pl.col("skipped") + twice,
        refused=pl.col("refused") + no,
        **corrected(sheets),
    )
    return changed.select(pl.col(name).cast(dtype) for name, dtype in sheets.schema.items())


def _more_skipped(sheets: pl.DataFrame) -> pl.DataFrame:
    """``skipped_by`` (a JSON object: reason, count) with the duplicates added."""
    if "skipped_by" not in sheets.columns:
        return sheets
    told = zip(sheets["skipped_by"], sheets["_duplicate"], strict=True)
    counts = [_with_duplicates(skipped, twice) for skipped, twice in told]
    return sheets.with_columns(pl.Series("skipped_by", counts, dtype=pl.String))


def _with_duplicates(skipped: str | None, twice: int | None) -> str | None:
    if not twice:
        return skipped
    counts = json.loads(skipped or "{}")
    counts[DUPLICATE] = counts.get(DUPLICATE, 0) + twice
    return json.dumps(counts, ensure_ascii=False, sort_keys=True)


def _gone(sheets: pl.DataFrame, after: Ledger, rows: pl.DataFrame) -> pl.DataFrame:
    """Source rows of which nothing stays, per sheet: how many were said elsewhere, how many are refused.

    What a row said about an item beside its movement neither keeps it nor takes it away: the movement is what it is
    there for. Only the rows of a list of items go with what they said about items.
    """
    rows = rows.filter(pl.col("source_file").is_not_null())
    files = rows["source_file"].unique()
    of_thing = pl.col("table").is_in(list(MASTERS))
    triples = rows.group_by(LINEAGE).agg(refused=(pl.col("verdict") == REFUSED).any(), thing=of_thing.all())
    goods, things = (
        _places([table for name, table in after.tables.items() if (name in MASTERS) is master], files)
        for master in (False, True)
    )
    left = triples.join(goods, on=LINEAGE, how="anti", nulls_equal=True)
    lists = sheets.filter(pl.col("table").is_in(list(MASTERS))).select(
        source_file="file", source_sheet="sheet"
    )
    gone = pl.concat(
        [
            left.filter(~pl.col("thing")),
            left.filter("thing")
            .join(lists, on=PLACE, how="semi", nulls_equal=True)
            .join(things, on=LINEAGE, how="anti", nulls_equal=True),
        ]
    )
    return gone.group_by(PLACE).agg(
        _refused=pl.col("refused").sum().cast(pl.Int64), _duplicate=(~pl.col("refused")).sum().cast(pl.Int64)
    )


def _places(tables: list[pl.LazyFrame], files: pl.Series) -> pl.DataFrame:
    """Source rows of these files from which the tables hold something."""
    picked = [table.filter(is_one_of(files, "source_file")).select(LINEAGE) for table in tables]
    empty = pl.DataFrame(schema={"source_file": pl.String, "source_sheet": pl.String, "source_row": pl.Int64})
    return pl.concat([empty, *pl.collect_all(picked)]).unique()
