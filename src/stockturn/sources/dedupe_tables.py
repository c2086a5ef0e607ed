"""Overlap judged table by table: which rows leave, and why.

Each function takes a frame with ``row`` (the row's number in its table), ``file`` (hash of the source file) and
the columns of the table, lazily, and gives the rows that leave: row, verdict, reason, by_row (the row that counts
instead). Only the columns of the keys are read for all rows; the careful work is done on what repeats.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from stockturn.config.ingest import IngestSettings
from stockturn.model import Note
from stockturn.sources.dedupe_books import with_books
from stockturn.sources.dedupe_gone import lines_gone
from stockturn.sources.dedupe_judge import (
    DUPLICATE,
    REFUSED,
    REPLACED,
    components,
    number_used_again,
    verdicts,
    winners,
)
from stockturn.sources.dedupe_keys import (
    DECIMALS,
    LINEAGE,
    DocumentRule,
    StateRule,
    content_columns,
    content_hash,
    is_one_of,
    key_hash,
    with_content,
)
from stockturn.sources.dedupe_poorer import told_with_less

TWICE = "twice"
"""Reason of a document line that its own file lists again, word for word."""

DROPPED = {"row": pl.UInt32, "verdict": pl.String, "reason": pl.String, "by_row": pl.UInt32}
"""Columns of the rows that leave a table."""


@dataclass(frozen=True)
class Verdict:
    """The rows that leave one table, and what has to be said about those that stay."""

    dropped: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DROPPED))
    notes: tuple[Note, ...] = ()

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(pl.concat([self.dropped, other.dropped]), self.notes + other.notes)


def judge_documents(
    frame: pl.LazyFrame, rule: DocumentRule, sheets: pl.DataFrame, settings: IngestSettings
) -> Verdict:
    """Lines of documents and rows without one (movements, orders, sales_orders).

    ``sheets`` has source_file, source_sheet, profile and time of every sheet.
    """
    if rule.table == "orders":
        # a line of an order list and one receipt of it say different things of one order line
        frame = frame.with_columns(open_line=pl.col("received_date").is_null())
    frame = _with_books(frame, rule, sheets)
    shape = frame.select(
        files=pl.col("file").n_unique(),
        lined=(pl.col("doc_no").is_not_null() & pl.col("line_no").is_not_null()).sum(),
        documents=pl.col("doc_no").is_not_null().sum(),
        rows=pl.len(),
    ).collect()
    files, lined, documents, rows = shape.row(0)
    loose = _loose_documents(frame, rule) if 0 < lined < documents and files > 1 else None
    has_doc, has_line = pl.col("doc_no").is_not_null(), pl.col("line_no").is_not_null()
    if loose is not None:
        has_line &= ~is_one_of(loose, "document")
        frame = frame.with_columns(document=key_hash(_of_document(rule)))
    verdict = Verdict()
    repeated = _repeated(frame.filter(has_doc, pl.col("line_no").is_not_null()), rule)
    if repeated.height:
        twice = _twice_in_a_file(frame, rule, repeated)
        verdict += Verdict(twice)
        frame = frame.filter(~is_one_of(twice["row"]))
        verdict += _lines(frame.filter(has_doc & has_line), rule, sheets, settings, repeated)
    if documents > lined or loose is not None:
        if files > 1 and (scopes := _scopes(frame)) is not None:
            frame = frame.join(scopes.lazy(), on="file", how="left", maintain_order="left")
        verdict += _documents(frame.filter(has_doc & ~has_line), rule, sheets, settings, files)
    if rows > documents:
        verdict += _groups(frame.filter(~has_doc), rule, sheets, settings, files)
    if rule.table != "movements":
        return verdict
    if files > 1:
        line = pl.when(has_line).then(key_hash(rule.line)).otherwise(key_hash(rule.document))
        days = settings.reused_number_days
        verdict += Verdict(lines_gone(frame, rule, line, sheets, verdict.dropped["row"], days))
    if files > 1 and rows > documents:
        keep_all = settings.overlap == "keep_all"
        verdict += Verdict(told_with_less(frame, rule, verdict.dropped["row"], keep_all))
    return verdict + _other_legs(frame, verdict.dropped)


def _with_books(frame: pl.LazyFrame, rule: DocumentRule, sheets: pl.DataFrame) -> pl.LazyFrame:
    """``book`` of documents by a line that two exports have in common; of rows without one by their day."""
    document, day = ([name for name in names if name != "book"] for names in (_of_document(rule), rule.group))
    numbered = pl.col("doc_no").is_not_null()
    unit = pl.when(numbered).then(key_hash(document)).otherwise(key_hash(day))
    return with_books(frame, sheets, unit, numbered, content_hash(rule.table, (rule.date, "sku", rule.qty)))


LEGS = ("transfer_in", "transfer_out")
"""The two movements of one transfer: goods must not leave one warehouse without arriving in the other."""


def _other_legs(frame: pl.LazyFrame, dropped: pl.DataFrame) -> Verdict:
    """The other leg of every transfer of which one leg is refused: it is refused with it."""
    refused = dropped.filter(pl.col("verdict") == REFUSED)
    if refused.is_empty():
        return Verdict()
    moved = frame.filter(pl.col("kind").is_in(LEGS), pl.col("source_row").is_not_null())
    legs = moved.select("row", *LINEAGE).collect()
    places = legs.filter(is_one_of(refused["row"])).select(LINEAGE).unique()
    others = legs.join(places, on=LINEAGE, how="semi", nulls_equal=True).filter(~is_one_of(dropped["row"]))
    return Verdict(leaving(others, REFUSED, "other_leg"))


def leaving(rows: pl.DataFrame, verdict: str, reason: str | None = None) -> pl.DataFrame:
    """Rows that leave for one and the same reason."""
    fixed = rows.select("row", verdict=pl.lit(verdict), reason=pl.lit(reason), by_row=pl.lit(None))
    return fixed.cast(DROPPED)  # type: ignore[arg-type]


def _of_document(rule: DocumentRule) -> list[str]:
    return [name for name in rule.document if name != "sku"]


def _loose_documents(frame: pl.LazyFrame, rule: DocumentRule) -> pl.Series:
    """Documents that some file lists without line numbers: their lines are known by contents everywhere."""
    without = frame.filter(pl.col("doc_no").is_not_null() & pl.col("line_no").is_null())
    return without.select(key_hash(_of_document(rule)).unique()).collect().to_series()


def _repeated(lines: pl.LazyFrame, rule: DocumentRule) -> pl.DataFrame:
    """Rows (row, key) whose document and line number stand more than once; counting first is quicker."""
    keys = lines.select("row", key=key_hash(rule.line)).collect()
    if keys["key"].n_unique() == keys.height:
        return keys.clear()
    return keys.filter(pl.col("key").is_duplicated())


def _lines(
    frame: pl.LazyFrame,
    rule: DocumentRule,
    sheets: pl.DataFrame,
    settings: IngestSettings,
    repeated: pl.DataFrame,
) -> Verdict:
    """Lines with document and line number: one line per key, whatever it says."""
    rows, reused = _with_keys(frame, repeated, rule, sheets, settings)
    notes = [*_said("dedupe_number_reused", reused), *_said("dedupe_line_repeated", _in_one_file(rows))]
    return Verdict(notes=tuple(notes)) + _by_key(rows, rule)


def _documents(
    frame: pl.LazyFrame, rule: DocumentRule, sheets: pl.DataFrame, settings: IngestSettings, files: int
) -> Verdict:
    """Lines with a document number alone: the lines of one sku in the document are compared as a multiset."""
    if files < 2:
        return Verdict()
    scope = ("scope",) if "scope" in frame.collect_schema() else ()
    keys = frame.select("row", "file", key=key_hash((*rule.document, *scope))).collect()
    repeated = _in_several_files(keys)
    if repeated.is_empty():
        return Verdict()
    rows, reused = _with_keys(frame, repeated, rule, sheets, settings)
    return Verdict(notes=tuple(_said("dedupe_number_reused", reused))) + _by_key(rows, rule)


def _scopes(frame: pl.LazyFrame) -> pl.DataFrame | None:
    """file, scope: files that share no warehouse are exports by warehouse, not versions of each other.

    None where a file does not say its warehouses, or where all hang together.
    """
    pairs = frame.select("file", "warehouse").unique().collect()
    if pairs["warehouse"].null_count():
        return None
    scopes = components(pairs.select(node="file", link=pl.col("warehouse").hash()))
    return scopes.select(file="node", scope="island") if scopes["island"].n_unique() > 1 else None


def _groups(
    frame: pl.LazyFrame, rule: DocumentRule, sheets: pl.DataFrame, settings: IngestSettings, files: int
) -> Verdict:
    """Rows without document number: all that files say of one group (kind, warehouse, date) is compared.

    Equal or contained is skipped. Files without a common sku do not overlap. What is left is decided by
    ``[ingest] overlap``; a state that changes (an open order) by the newer export first.
    """
    if files < 2:
        return Verdict()
    repeated = _in_several_files(frame.select("row", "file", key=key_hash(rule.group)).collect())
    if repeated.is_empty():
        return Verdict()
    rows = _load(frame, repeated, sheets)
    rows = with_content(rows, rule.table, content_columns(rule.table, rule.group))
    decided = winners(rows, contain=True, newest=False)
    rest = _by_common_sku(rows.join(decided, on="key", how="anti"))
    by_time = rule.state if settings.overlap != "newest" else pl.lit(True)
    judged = [verdicts(rows.join(decided, on="key", how="semi"), decided)]
    for newest in (False, True):
        part = rest.filter(by_time if newest else ~by_time)
        judged.append(verdicts(part, winners(part, contain=True, newest=newest)))
    found = pl.concat([part.select(judged[0].columns) for part in judged])
    if settings.overlap == "keep_all":
        found = found.filter((pl.col("verdict") != REFUSED).fill_null(True))
    return Verdict(_dropped(found, "overlap"))


def _by_common_sku(rows: pl.DataFrame) -> pl.DataFrame:
    """``key`` narrowed to the files of a group that have a sku in common, directly or through others."""
    pairs = rows.select(node=pl.struct("key", "file").hash(), link=pl.struct("key", "sku").hash())
    return (
        rows.with_columns(node=pairs["node"])
        .join(components(pairs), on="node")
        .with_columns(key=pl.struct("key", "island").hash())
        .drop("node", "island")
    )


def judge_states(frame: pl.LazyFrame, rule: StateRule, sheets: pl.DataFrame) -> Verdict:
    """Stock points, price lines, batches ...: of one key the newest export counts, whole."""
    if frame.select(pl.col("file").n_unique()).collect().item() < 2:
        return Verdict()
    if "book" in rule.key:
        unit = key_hash(name for name in rule.key if name != "book")
        frame = with_books(frame, sheets, unit, by_system=pl.lit(False), line=None)
    repeated = _in_several_files(frame.select("row", "file", key=key_hash(rule.key)).collect())
    verdict = Verdict()
    if not repeated.is_empty():
        rows = _load(frame, repeated, sheets)
        rows = with_content(rows, rule.table, content_columns(rule.table, rule.key))
        judged = verdicts(rows, winners(rows, contain=False, newest=True))
        verdict = Verdict(_dropped(judged, "state_differs"))
    if rule.table != "stock":
        return verdict
    return verdict + _granularity(frame.filter(~is_one_of(verdict.dropped["row"])), sheets)


GRAINS = ("bin", "batch")
"""Columns that one stock list may have and another may lack for the same goods."""


def _granularity(frame: pl.LazyFrame, sheets: pl.DataFrame) -> Verdict:
    """One moment, sku and warehouse told by bin or batch in one file and as one figure in another.

    With equal sums the finer one counts; else the newer.
    """
    cell = ("book", "as_of", "at_start", "sku", "warehouse", "ownership", "stock_status")
    repeated = _in_several_files(frame.select("row", "file", key=key_hash(cell)).collect())
    if repeated.is_empty():
        return Verdict()
    rows = _load(frame, repeated, sheets)
    fills = [pl.col(name).is_not_null().any().alias(f"has_{name}") for name in GRAINS]
    flags = [f"has_{name}" for name in GRAINS]
    told = rows.group_by("key", "file").agg(*fills, total=pl.col("on_hand").sum())
    told = told.with_columns(grain=pl.struct(flags).hash(), rich=pl.sum_horizontal(flags))
    sums = told.group_by("key", "grain").agg(content=pl.col("total").sum().round(DECIMALS).hash())
    mixed = sums.filter(pl.col("key").is_duplicated())
    told = told.join(mixed, on=["key", "grain"]).select("key", "file", "content", "rich", "grain")
    rows = rows.join(told, on=["key", "file"]).with_columns(file=pl.struct("key", "grain").hash())
    if rows.is_empty():
        return Verdict()
    one = rows.unique(["key", "file"], keep="first", maintain_order=True)
    decided = winners(one, contain=False, newest=True)
    return Verdict(_dropped(verdicts(rows, decided), "state_differs"))


def _load(frame: pl.LazyFrame, repeated: pl.DataFrame, sheets: pl.DataFrame) -> pl.DataFrame:
    """The whole rows behind ``repeated`` (row, key), with what is known of their sheets."""
    rows = frame.filter(is_one_of(repeated["row"])).collect()
    rows = rows.join(sheets, on=["source_file", "source_sheet"], how="left", nulls_equal=True)
    return rows.join(repeated.select("row", "key"), on="row").with_columns(name="source_file")


def _with_keys(
    frame: pl.LazyFrame,
    repeated: pl.DataFrame,
    rule: DocumentRule,
    sheets: pl.DataFrame,
    settings: IngestSettings,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Whole rows with the full key (the use of the number included), and the numbers used again."""
    rows = _load(frame, repeated, sheets).sort("key", rule.date, *LINEAGE)
    rows = rows.with_columns(again=number_used_again("key", rule.date, settings.reused_number_days))
    reused = rows.filter("again")
    return rows.with_columns(key=pl.struct("key", pl.col("again").cum_sum()).hash()).drop("again"), reused


def _twice_in_a_file(frame: pl.LazyFrame, rule: DocumentRule, repeated: pl.DataFrame) -> pl.DataFrame:
    """A document line that one file lists twice, word for word, counts once: the rows that leave."""
    whole = content_hash(rule.table, content_columns(rule.table, rule.line))
    rows = frame.filter(is_one_of(repeated["row"])).select("row", "file", *LINEAGE, whole=whole).collect()
    rows = rows.join(repeated, on="row").sort(*LINEAGE, "row", nulls_last=True)
    first = rows.unique(["key", "file", "whole"], keep="first", maintain_order=True)
    return leaving(rows.join(first, on="row", how="anti"), DUPLICATE, TWICE)


def _in_one_file(rows: pl.DataFrame) -> pl.DataFrame:
    """Lines whose number stands more than once in one file with different contents: all of them are kept."""
    return rows.filter(pl.struct("key", "file").is_duplicated()) if rows.height else rows


def _said(key: str, rows: pl.DataFrame) -> list[Note]:
    if rows.is_empty():
        return []
    example = rows.sort(*LINEAGE).row(0, named=True)
    return [
        Note(
            key,
            {"count": rows["key"].n_unique(), "doc_no": example["doc_no"], "file": example["source_file"]},
            "warning",
        )
    ]


def _in_several_files(keys: pl.DataFrame) -> pl.DataFrame:
    """The rows (row, file, key) whose key stands in more than one file."""
    pairs = keys.select("key", "file").unique()
    shared = pairs.filter(pl.col("key").is_duplicated()).select(pl.col("key").unique())
    return keys.join(shared, on="key", how="semi")


def _by_key(rows: pl.DataFrame, rule: DocumentRule) -> Verdict:
    """One version per key counts: the one that holds the others, else the newest."""
    if rows["file"].n_unique() < 2:
        return Verdict()
    rows = with_content(rows, rule.table, content_columns(rule.table, rule.line))
    judged = verdicts(rows, winners(rows, contain=True, newest=True))
    return Verdict(_dropped(judged, "line_differs"))


def _dropped(judged: pl.DataFrame, reason: str) -> pl.DataFrame:
    """The rows that leave, each with the row that counts instead of it."""
    left = judged.filter(pl.col("verdict").is_not_null())
    corrected = left.filter(pl.col("verdict") == REPLACED).select("key").unique()
    stays = judged.filter(pl.col("verdict").is_null()).join(corrected, on="key", how="semi")
    instead = stays.sort(*LINEAGE, "row").group_by("key").agg(by_row=pl.col("row").first())
    return left.join(instead, on="key", how="left").select(
        "row",
        "verdict",
        reason=pl.when(pl.col("verdict") == REFUSED).then(pl.lit(reason)),
        by_row=pl.when(pl.col("verdict") == REPLACED).then("by_row"),
    )
