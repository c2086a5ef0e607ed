"""Lines that a newer export of their document no longer has: struck out, renumbered, or booked on another item."""

from __future__ import annotations

import polars as pl

from stockturn.sources.dedupe_judge import REFUSED, REPLACED
from stockturn.sources.dedupe_keys import DocumentRule, content_hash, key_hash

_PAIR = ["file", "other"]
_LINE = ["key", "line", "said"]


def lines_gone(
    frame: pl.LazyFrame,
    rule: DocumentRule,
    line: pl.Expr,
    sheets: pl.DataFrame,
    left: pl.Series,
    reused_days: int,
) -> pl.DataFrame:
    """Rows (row, verdict, reason, by_row) of older exports whose document a newer export tells without them.

    ``line`` is what a line of a document is known by, ``left`` the rows that have left already. The newest export of a
    document is taken to tell all of it where two things hold. It has a line in common with the older export, so that
    they are not two parts of one list (pages, one file per category). And it knows the item and the warehouse of the
    line elsewhere, so that it is no choice of items or places, or it has a line of this document that is not in the
    older export. Where no time is known, lines of two versions that each lack what the other has are refused. A number
    used again is another document.
    """
    told = _in_several_files(frame, rule, line, sheets)
    if told.is_empty():
        return _none()
    differing = _differing(told)
    if differing.is_empty():
        return _none()
    alike, told = _alike(told), told.join(differing, on="key", how="semi")
    newest = _newest(told)
    stays = told.filter(~pl.col("row").is_in(left.implode()))
    dated = _struck_out(frame, told, stays, newest.rename({"newest": "other"}), alike, reused_days)
    undated = told.join(newest, on="key", how="anti")
    return pl.concat([dated, _undecided(undated, stays, alike, reused_days)])


def _differing(told: pl.DataFrame) -> pl.DataFrame:
    """Documents (key) that do not have the same lines in all files: nearly none of an overlap."""
    lines = told.select("key", "file", "line").unique()
    versions = lines.group_by("key", "file").agg(pl.col("line").sum(), count=pl.len())
    spread = versions.group_by("key").agg(pl.struct("line", "count").n_unique().alias("versions"))
    return spread.filter(pl.col("versions") > 1).select("key")


def _alike(told: pl.DataFrame) -> pl.DataFrame:
    """Pairs of files (file, other) that have a line in common, told in the same way.

    The sets of files that tell a line are few, however many the lines; only they are paired.
    """
    sets = told.group_by("key", "line", "said").agg(pl.col("file").unique().sort())
    sets = sets.filter(pl.col("file").list.len() > 1).select("file").unique()
    pairs = sets.with_columns(other="file").explode("file").explode("other").unique()
    return pairs.filter(pl.col("file") != pl.col("other"))


def _struck_out(
    frame: pl.LazyFrame,
    told: pl.DataFrame,
    stays: pl.DataFrame,
    newest: pl.DataFrame,
    alike: pl.DataFrame,
    reused_days: int,
) -> pl.DataFrame:
    """Lines that the newest version of their document, in the file ``other``, no longer has."""
    last = told.join(newest, left_on=["key", "file"], right_on=["key", "other"], how="semi")
    absent = (
        told.join(newest, on="key")
        .filter(pl.col("file") != pl.col("other"), _near(reused_days))
        .join(last, on=["key", "line"], how="anti")
        .join(alike, on=_PAIR, how="semi")
    )
    if absent.is_empty():
        return _none()
    versions = absent.select("key", *_PAIR).unique()
    fresh = versions.join(last.select("key", "line"), on="key").join(
        told, on=["key", "line", "file"], how="anti"
    )
    chosen = frame.filter(pl.col("file").is_in(absent["other"].unique().implode()))
    known = chosen.select(pl.col("file").alias("other"), "sku", "warehouse").unique().collect()
    placeless = known.filter(pl.col("warehouse").is_null())
    in_place = (
        pl.col("warehouse").is_null()
        | pl.col("other").is_in(placeless["other"].unique().implode())
        | pl.col("row").is_in(absent.join(known, on=["other", "warehouse"], how="semi")["row"].implode())
    )
    item = pl.col("row").is_in(absent.join(known, on=["other", "sku"], how="semi")["row"].implode())
    changed = pl.col("row").is_in(absent.join(fresh, on=["key", *_PAIR], how="semi")["row"].implode())
    instead = last.group_by("key").agg(by_row=pl.col("row").min())
    # a line goes with what it says, whichever of the files that say it stands for it
    gone = absent.filter(changed | (item & in_place)).select(_LINE).unique()
    return (
        stays.join(gone, on=_LINE, how="semi")
        .join(instead, on="key")
        .select("row", verdict=pl.lit(REPLACED), reason=pl.lit(None, pl.String), by_row="by_row")
    )


def _undecided(
    told: pl.DataFrame, stays: pl.DataFrame, alike: pl.DataFrame, reused_days: int
) -> pl.DataFrame:
    """Lines of two versions of a document, of which no time is known, that each lacks what the other has."""
    days = told.group_by("key", other="file").agg(first=pl.col("day").min(), last=pl.col("day").max())
    own = told.select("key", "line", other="file").unique()
    absent = (
        told.join(days, on="key")
        .filter(pl.col("file") != pl.col("other"), _near(reused_days))
        .join(own, on=["key", "line", "other"], how="anti")
        .join(alike, on=_PAIR, how="semi")
    )
    turned = absent.select("key", file="other", other="file").unique()
    both = absent.join(turned, on=["key", *_PAIR], how="semi").select(_LINE).unique()
    return stays.join(both, on=_LINE, how="semi").select(
        "row", verdict=pl.lit(REFUSED), reason=pl.lit("line_differs"), by_row=pl.lit(None, pl.UInt32)
    )


def _none() -> pl.DataFrame:
    schema = {"row": pl.UInt32, "verdict": pl.String, "reason": pl.String, "by_row": pl.UInt32}
    return pl.DataFrame(schema=schema)


def _in_several_files(
    frame: pl.LazyFrame, rule: DocumentRule, line: pl.Expr, sheets: pl.DataFrame
) -> pl.DataFrame:
    """Lines of documents that several files tell: row, file, key (of the document), line, said, time and contents."""
    document = key_hash(name for name in rule.document if name != "sku")
    numbered = frame.filter(pl.col("doc_no").is_not_null()).with_columns(key=document)
    pairs = numbered.select("key", "file").unique().collect()
    shared = pairs.filter(pl.col("key").is_duplicated())["key"].unique()
    if shared.is_empty():
        return pl.DataFrame()
    said = content_hash(rule.table, (rule.date, "sku", rule.qty))
    places = ["source_file", "source_sheet"]
    rows = numbered.filter(pl.col("key").is_in(shared.implode())).select(
        "row", "file", "key", "sku", "warehouse", *places, line=line, said=said, day=rule.date
    )
    times = sheets.select(*places, "time")
    return rows.collect().join(times, on=places, how="left", nulls_equal=True).drop(places)


def _newest(told: pl.DataFrame) -> pl.DataFrame:
    """key, newest (a file), first and last day of its version; only where every version has a time, one the latest."""
    versions = told.group_by("key", "file").agg(
        time=pl.when(pl.col("time").null_count() == 0).then(pl.col("time").max()),
        first=pl.col("day").min(),
        last=pl.col("day").max(),
    )
    timed = versions.filter((pl.col("time").null_count() == 0).over("key"))
    latest = timed.filter(pl.col("time") == pl.col("time").max().over("key"))
    return latest.filter(pl.len().over("key") == 1).select("key", "first", "last", newest="file")


def _near(days: int) -> pl.Expr:
    gap = pl.duration(days=days)
    return pl.col("day").is_between(pl.col("first") - gap, pl.col("last") + gap)
