"""Never twice: the same file again, or an overlapping export, changes nothing (SPEC 3).

What a row is known by stands in ``dedupe_keys``, how versions are weighed in ``dedupe_judge``, the tables in
``dedupe_tables`` and ``dedupe_masters``, the books of what left in ``dedupe_counts``.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from stockturn.config import Settings
from stockturn.model import Ledger, Note
from stockturn.sources.dedupe_counts import Leaving, leaving_rows, settle
from stockturn.sources.dedupe_judge import DUPLICATE
from stockturn.sources.dedupe_keys import DOCUMENTS, LINEAGE, MASTERS, STATES, is_one_of
from stockturn.sources.dedupe_masters import merge_masters
from stockturn.sources.dedupe_tables import TWICE, Verdict, judge_documents, judge_states, leaving


def dedupe(ledger: Ledger, settings: Settings) -> Ledger:
    """The ledger with every line counted once, whatever files it came in and in whatever order.

    A line that several files tell alike stays once (from the file with most columns, then the newest, then the
    smallest name); told differently, the export with the latest time of its own counts and the others are listed
    in ``replaced``; where no time decides, all are in ``refused``. Equal rows of one file without line numbers
    are goods that moved twice. ``sheets`` keeps rows_read = accepted + refused + skipped. A ledger in which
    nothing repeats is given back as it is.
    """
    sheets = _sheets(ledger)
    again = _same_files(ledger.sheets)
    verdicts: dict[str, Verdict] = {}
    tables: dict[str, pl.LazyFrame] = {}
    listed_again: pl.DataFrame | None = None
    # counts go the way of the movements that their lines are
    judged = [name for name in ledger.tables if name != "counts"]
    for name in sorted(judged, key=lambda table: table != "movements"):
        table = ledger.tables[name]
        verdict, frame = _judge(name, table, sheets, (again, listed_again), settings)
        if name == "movements":
            listed_again = _listed_again(table, verdict.dropped)
            tables |= _counts_that_stay(ledger, verdict.dropped)
        if frame is not None:
            tables[name] = frame
        if frame is not None or verdict.notes:
            verdicts[name] = verdict
    notes = tuple(note for verdict in verdicts.values() for note in verdict.notes)
    gone = leaving_rows(ledger, {name: verdict.dropped for name, verdict in verdicts.items()})
    if not tables:
        return replace(ledger, notes=ledger.notes + notes) if notes else ledger
    settled = settle(ledger, replace(ledger, tables={**ledger.tables, **tables}), gone, settings.lang)
    return replace(settled, notes=ledger.notes + notes + _summary(gone))


def _judge(
    name: str,
    table: pl.LazyFrame,
    sheets: pl.DataFrame,
    known: tuple[pl.Series, pl.DataFrame | None],
    settings: Settings,
) -> tuple[Verdict, pl.LazyFrame | None]:
    """What leaves a table, and the table without it (None where nothing changes).

    ``known``: files that are another file byte for byte; source rows whose movement is listed twice in its file.
    """
    again, listed_again = known
    numbered = table.with_row_index("row").with_columns(file=pl.col("source_file").hash())
    verdict = Verdict()
    if len(again):
        verdict += Verdict(_of_same_files(numbered, again))
        numbered = numbered.filter(~pl.col("source_file").is_in(again.implode()).fill_null(False))
    if name == "orders" and listed_again is not None:
        twins = numbered.join(listed_again.lazy(), on=LINEAGE, how="semi", nulls_equal=True)
        verdict += Verdict(leaving(twins.select("row").collect(), DUPLICATE, TWICE))
        numbered = numbered.filter(~is_one_of(verdict.dropped["row"]))
    merged: pl.DataFrame | None = None
    for document in DOCUMENTS:
        if document.table == name:
            verdict += judge_documents(numbered, document, sheets, settings.ingest)
    for state in STATES:
        if state.table == name:
            verdict += judge_states(numbered, state, sheets)
    if name in MASTERS:
        merged, found = merge_masters(numbered, name, MASTERS[name], sheets)
        verdict += found
    if merged is not None:
        return verdict, merged.lazy()
    if verdict.dropped.is_empty():
        return verdict, None
    kept = table.with_row_index("row").filter(~is_one_of(verdict.dropped["row"])).drop("row")
    return verdict, kept


def _listed_again(movements: pl.LazyFrame, dropped: pl.DataFrame) -> pl.DataFrame | None:
    """Source rows that their file lists twice: the order line of such a row leaves with its movement."""
    twins = dropped.filter(pl.col("reason") == TWICE)["row"]
    if twins.is_empty():
        return None
    rows = movements.with_row_index("row").filter(is_one_of(twins), pl.col("source_row").is_not_null())
    return rows.select(LINEAGE).unique().collect()


def _counts_that_stay(ledger: Ledger, dropped: pl.DataFrame) -> dict[str, pl.LazyFrame]:
    """The counts whose movement stays: book and count of a line are known by the movement between them."""
    counts = ledger.tables.get("counts")
    if counts is None or dropped.is_empty():
        return {}
    rows = ledger.tables["movements"].with_row_index("row").filter(is_one_of(dropped["row"]))
    return {"counts": counts.join(rows.select(LINEAGE), on=LINEAGE, how="anti", nulls_equal=True)}


def _sheets(ledger: Ledger) -> pl.DataFrame:
    """source_file, source_sheet, profile, listed (its table) and time (the export's own) of every known sheet."""
    known = ledger.sheets
    columns = {
        "source_file": "file",
        "source_sheet": "sheet",
        "profile": "profile",
        "listed": "table",
        "time": "exported_at",
    }
    if known.is_empty():
        schema: dict[str, pl.DataType] = {**dict.fromkeys(columns, pl.String()), "time": pl.Datetime("us")}
        return pl.DataFrame(schema=schema)
    picked = known.select(
        (pl.col(have) if have in known.columns else pl.lit(None)).alias(name)
        for name, have in columns.items()
    )
    time = pl.col("time")
    if picked.schema["time"] == pl.String:
        time = time.str.to_datetime(strict=False, time_unit="us")
    picked = picked.with_columns(
        pl.col("source_file", "source_sheet", "profile", "listed").cast(pl.String),
        time.cast(pl.Datetime("us")),
    )
    return picked.sort("source_file", "source_sheet", "profile", "time", nulls_last=True).unique(
        ["source_file", "source_sheet"], keep="first", maintain_order=True
    )


def _same_files(sheets: pl.DataFrame) -> pl.Series:
    """Names of files that are, byte for byte, a file with a smaller name."""
    if sheets.is_empty() or "file_hash" not in sheets.columns:
        return pl.Series("file", [], dtype=pl.String)
    names = sheets.filter(pl.col("file_hash").is_not_null()).select("file", "file_hash").unique()
    return names.filter(pl.col("file") != pl.col("file").min().over("file_hash"))["file"]


def _of_same_files(numbered: pl.LazyFrame, again: pl.Series) -> pl.DataFrame:
    rows = numbered.filter(pl.col("source_file").is_in(again.implode())).select("row").collect()
    return leaving(rows, DUPLICATE)


def _summary(gone: Leaving) -> tuple[Note, ...]:
    """How many rows were said again, said anew, or could not be decided."""
    levels = {"duplicate": "info", "replaced": "warning", "refused": "warning"}
    lines = gone.rows.filter(~pl.col("table").is_in(list(MASTERS)))
    counts = dict(lines.group_by("verdict").agg(pl.len()).iter_rows())
    return tuple(
        Note(f"dedupe_{verdict}", {"count": counts[verdict]}, level)
        for verdict, level in levels.items()
        if counts.get(verdict)
    )
