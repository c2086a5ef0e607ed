"""Which of several files' versions of the same thing counts: pure verdicts over hashed rows.

A *version* is what one file says about one key: the multiset of its rows there, each known by the hash of its
contents. Nothing here knows tables, names or the order in which files were read.
"""

from __future__ import annotations

import polars as pl

DUPLICATE, REPLACED, REFUSED = "duplicate", "replaced", "refused"
"""What can happen to a row that does not stay: said already by another file; said differently by a newer one;
said differently by two files of which neither is known to be newer."""


def winners(rows: pl.DataFrame, *, contain: bool, newest: bool) -> pl.DataFrame:
    """For every key the file whose version counts; undecided keys are absent.

    ``rows``: key, file, content (hash of what is compared), time (the export's own, null where not known),
    rich (how many columns the file fills), name (of the file). A version that holds every other one counts;
    with ``contain`` False only equal versions agree. With ``newest``, versions that disagree are decided by
    time: the latest and those of unknown time have to agree among themselves. Among equal versions the one
    with more columns counts, then the newer, then the smaller file name, so that no order of reading matters.

    Columns out: key, winner (a value of ``file``), alike (every file says the same single row). Two files that say
    {a} and {a, b}: with ``contain`` the second; {a, c} and {a, b}: the newer one.
    """
    alike = _alike(rows)
    rest = _weighed(rows.join(alike, on="key", how="anti"), contain, newest)
    return pl.concat([alike.with_columns(alike=True), rest.with_columns(alike=False)])


_RANKING = ["rich", "time", "name"]
_DOWN = [True, True, False]


def _alike(rows: pl.DataFrame) -> pl.DataFrame:
    """The winners of keys of which every file says one row, and all the same: nearly all keys of an overlap."""
    files = rows.select("file", *_RANKING).unique().sort(_RANKING, descending=_DOWN, nulls_last=True)
    files = files.with_row_index("rank")
    ranked = rows.select("key", "file", "content", *_RANKING).join(
        files, on=["file", *_RANKING], nulls_equal=True
    )
    several = pl.struct("key", "file").hash().is_duplicated()
    keys = ranked.with_columns(several=several).group_by("key").agg(
        pl.col("rank").min(),
        alike=(pl.col("content").min() == pl.col("content").max()) & ~pl.col("several").any(),
    )  # fmt: skip
    return keys.filter("alike").join(files.select("rank", winner="file"), on="rank").select("key", "winner")


def _weighed(rows: pl.DataFrame, contain: bool, newest: bool) -> pl.DataFrame:
    """Winners where versions differ, or hold more than one row."""
    sizes = rows.group_by("key", "file").agg(
        size=pl.len(),
        time=pl.when(pl.col("time").null_count() == 0).then(pl.col("time").max()),
        rich=pl.col("rich").max(),
        name=pl.col("name").first(),
    )
    versions = rows.group_by("key", "file", "content").agg(n=pl.len())
    agreed = _agreed(versions, sizes, contain)
    if not newest:
        return agreed
    undecided = sizes.join(agreed, on="key", how="anti")
    latest = undecided.filter(pl.col("time").is_null() | (pl.col("time") == pl.col("time").max().over("key")))
    return pl.concat([agreed, _agreed(versions, latest, contain)])


def _agreed(versions: pl.DataFrame, sizes: pl.DataFrame, contain: bool) -> pl.DataFrame:
    """The largest version of each key, where all others of ``sizes`` are part of it."""
    best = sizes.sort("key", "size", *_RANKING, descending=[False, True, *_DOWN], nulls_last=True).unique(
        "key", keep="first", maintain_order=True
    )
    best = best.select("key", winner="file", most="size")
    held = versions.select("key", "content", winner="file", held="n")
    checked = (
        versions.join(sizes.select("key", "file", "size"), on=["key", "file"])
        .join(best, on="key")
        .join(held, on=["key", "content", "winner"], how="left")
    )
    fits = pl.col("n") <= pl.col("held").fill_null(0)
    if not contain:
        fits &= pl.col("size") == pl.col("most")
    return (
        checked.group_by("key")
        .agg(pl.col("winner").first(), fits=fits.all())
        .filter("fits")
        .select("key", "winner")
    )


def verdicts(rows: pl.DataFrame, decided: pl.DataFrame) -> pl.DataFrame:
    """``rows`` with ``verdict``: null where the row stays, else duplicate, replaced or refused; and ``winner``.

    A row of another file is a duplicate where the winner says the same, replaced where it says otherwise; the
    rows of a key without winner are refused, in every file.
    """
    judged = rows.join(decided, on="key", how="left", maintain_order="left")
    told_apart = judged.filter(~pl.col("alike"), pl.col("winner") != pl.col("file"))
    keys = told_apart.select("key").unique()
    said = rows.join(keys, on="key", how="semi").select("key", "content", winner="file").unique()
    replaced = told_apart.join(said, on=["key", "content", "winner"], how="anti")["row"]
    return judged.with_columns(
        verdict=pl.when(pl.col("winner").is_null())
        .then(pl.lit(REFUSED))
        .when(pl.col("winner") != pl.col("file"))
        .then(
            pl.when(pl.col("row").is_in(replaced.implode()))
            .then(pl.lit(REPLACED))
            .otherwise(pl.lit(DUPLICATE))
        )
    ).drop("alike")


def components(pairs: pl.DataFrame) -> pl.DataFrame:
    """Nodes that hang together through shared links: columns in ``node``, ``link``; out ``node``, ``island``.

    The smallest label spreads over the links until nothing changes; the passes are as many as the longest chain
    is long, each over all pairs at once.
    """
    labels = pairs.select("node", "link").unique().with_columns(island="node")
    while True:
        spread = labels.with_columns(pl.col("island").min().over("link"))
        spread = spread.with_columns(pl.col("island").min().over("node"))
        if spread["island"].equals(labels["island"]):
            return spread.select("node", "island").unique()
        labels = spread


def number_used_again(keys: str, date: str, gap_days: int) -> pl.Expr:
    """Whether a row starts anew: more than ``gap_days`` after the row before it of the same key.

    The frame has to be sorted by key and date. 1 January, 20 February and 1 June with 60 days: no, no, yes.
    """
    gap = (pl.col(date) - pl.col(date).shift(1)).dt.total_days()
    return ((pl.col(keys) == pl.col(keys).shift(1)) & (gap > gap_days)).fill_null(False)
