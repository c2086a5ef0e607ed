"""The files of a ledger folder, one row each."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from stockturn.store.manifest import Manifest

COUNTS = ("rows_read", "accepted", "refused", "skipped")


def files_listed(found: Manifest, sheets: pl.DataFrame, replaced: pl.DataFrame) -> pl.DataFrame:
    """One row per source file, in the order of names.

    Columns: file; sheets (how many); rows_read, accepted, refused, skipped (source rows, as they count now);
    date_min, date_max; replaced_rows and replaced_by (lines that newer files correct, and their names);
    exported_at (the export's own time), ingested_at, file_size (bytes), file_hash. Null: not known.
    """
    shown = found.shown_names()
    entries = pl.DataFrame(
        [
            (shown[entry.digest], _time(entry.exported_at), _time(entry.ingested_at), entry.size, entry.hash)
            for entry in found.files
        ],
        schema={
            "file": pl.String,
            "exported_at": pl.Datetime("us"),
            "ingested_at": pl.Datetime("us"),
            "file_size": pl.Int64,
            "file_hash": pl.String,
        },
        orient="row",
    )
    counted = _counted(sheets)
    corrected = _corrected(replaced)
    return (
        entries.join(counted, on="file", how="left")
        .join(corrected, on="file", how="left")
        .sort("file")
        .select(
            "file", "sheets", *COUNTS, "date_min", "date_max",
            pl.col("replaced_rows").fill_null(0), "replaced_by",
            "exported_at", "ingested_at", "file_size", "file_hash",
        )
    )  # fmt: skip


def _time(stamp: str | None) -> datetime | None:
    """The time as written, in UTC where it names its zone."""
    if stamp is None:
        return None
    time = datetime.fromisoformat(stamp)
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def _counted(sheets: pl.DataFrame) -> pl.DataFrame:
    columns = [*COUNTS, "date_min", "date_max"]
    have = sheets if sheets.width else pl.DataFrame(schema={"file": pl.String})
    lacking = [pl.lit(None, pl.Int64).alias(name) for name in COUNTS if name not in have.columns]
    lacking += [pl.lit(None, pl.Date).alias(name) for name in columns[4:] if name not in have.columns]
    return (
        have.with_columns(lacking)
        .group_by("file")
        .agg(pl.len().cast(pl.Int64).alias("sheets"), *(pl.col(name).sum() for name in COUNTS),
             pl.col("date_min").min(), pl.col("date_max").max())
    )  # fmt: skip


def _corrected(replaced: pl.DataFrame) -> pl.DataFrame:
    have = replaced if replaced.width else pl.DataFrame(schema={"file": pl.String, "by_file": pl.String})
    return have.group_by("file").agg(
        replaced_rows=pl.len().cast(pl.Int64),
        replaced_by=pl.col("by_file").unique().sort().str.join(", "),
    )
