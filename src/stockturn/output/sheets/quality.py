"""The sheet Data quality: what was read, what was refused and why, and where count and book disagree."""

from __future__ import annotations

import polars as pl

from stockturn.i18n import note_text
from stockturn.model import Block, Sheet, Tile
from stockturn.output.formats import shown
from stockturn.output.sheets.context import Context, capped, for_people, known, pick, total_of
from stockturn.schema import Unit

READ = (
    "file",
    "sheet",
    "table",
    "profile",
    "confidence",
    "rows_read",
    "accepted",
    "refused",
    "skipped",
    "date_min",
    "date_max",
    "qty_sum",
    "amount_sum",
    "reason",
)
COUNTS = ("rows_read", "accepted", "refused", "skipped")
REFUSED = (
    "file",
    "sheet",
    "row",
    "column",
    "found",
    "expected",
    "reason",
    "raw",
)
DIFFERENCES = (
    "sku",
    "name",
    "warehouse",
    "as_of",
    "book_qty",
    "counted_qty",
    "difference_qty",
    "difference_value",
    "reason",
)


def build(context: Context) -> Sheet:
    """Row counts that add up, refused rows as they were, differences and negative days by size."""
    say = context.say
    remarks, general = _told(context)
    blocks = [
        *_read(context),
        *_remarks(context, remarks),
        _reasons(context),
        *_differences(context),
        *_negatives(context),
        _refused(context),
    ]
    notes = [say("quality_note"), *general]
    return Sheet(
        "quality",
        say("sheet_quality"),
        tuple(block for block in blocks if block is not None),
        tiles=_tiles(context),
        notes=tuple(notes),
    )


def _told(context: Context) -> tuple[pl.DataFrame, list[str]]:
    """What the run has to say: about single files as a table (``file``, ``remark``), the rest as sentences."""
    rows, general = [], []
    for note in context.analysis.notes:
        said, file = note_text(note.key, note.params, context.lang), str(note.params.get("file") or "")
        if file and said.startswith(file):
            rows.append((file, said.removeprefix(file).lstrip(" :：")))
        else:
            general.append(said)
    return pl.DataFrame(rows, schema={"file": pl.String, "remark": pl.String}, orient="row"), general


def _remarks(context: Context, remarks: pl.DataFrame) -> list[Block]:
    """What was repaired or taken for granted in which file; a long list on a tab of its own."""
    if remarks.height == 0:
        return []
    say = context.say
    long = remarks.height > context.settings.report.short_rows
    listed, omitted = capped(remarks, context.settings.report.detail_rows)
    block = Block(
        say("block_remarks"),
        listed,
        "remarks",
        labels={"remark": say("remark")},
        units={"remark": Unit.TEXT},
        detail=long,
        omitted=omitted,
    )
    return [block]


def _tiles(context: Context) -> tuple[Tile, ...]:
    sheets = context.analysis.sheets
    if sheets.height == 0:
        return ()
    tiles = []
    for name in COUNTS:
        total = total_of(sheets, name)
        light = ("warning" if total else "good") if name == "refused" else None
        tiles.append(Tile(context.say.label(name), name, total, light=light))
    return tuple(tiles)


def _read(context: Context) -> list[Block]:
    """What was read, file by file; where that is a long list, it has a tab of its own and stands here by table."""
    say, sheets = context.say, context.analysis.sheets
    if sheets.height == 0:
        return []
    whole = _read_files(context, sheets)
    if not whole.detail:
        return [whole]
    counts = [name for name in COUNTS if name in sheets.columns]
    by_table = (
        sheets.filter(pl.col("table").is_not_null())
        .group_by("table", maintain_order=True)
        .agg(
            pl.col("file").n_unique().alias("files"),
            pl.col(counts).sum(),
            pl.col("date_min").min(),
            pl.col("date_max").max(),
        )
    )
    short = Block(
        say("block_read_tables"),
        for_people(by_table, context),
        "read_tables",
        notes=(say("see_list", tab=whole.title),),
        labels={"files": say("files")},
        units={"files": Unit.COUNT},
    )
    return [short, whole]


def _read_files(context: Context, sheets: pl.DataFrame) -> Block:
    frame, omitted = capped(pick(sheets, *READ), context.settings.report.detail_rows)
    frame, _ = known(frame, "file")
    counts = [name for name in COUNTS if name in frame.columns]
    return Block(
        context.say("block_read"),
        for_people(frame, context),
        "read",
        total={"file": context.say.word("total"), **{name: sheets[name].sum() for name in counts}},
        bars=("refused",),
        detail=sheets.height > context.settings.report.short_rows,
        omitted=omitted,
    )


def _reasons(context: Context) -> Block | None:
    """How many rows were refused for which reason."""
    refused = context.analysis.refused
    by = [name for name in ("file", "column", "reason") if name in refused.columns]
    if refused.height == 0 or not by:
        return None
    counts = (
        refused.group_by(by)
        .agg(pl.len().alias("lines"))
        .sort("lines", *by, descending=[True, *(False for _ in by)])
    )
    short, omitted = capped(counts, context.settings.report.short_rows)
    return Block(context.say("block_reasons"), short, "reasons", bars=("lines",), omitted=omitted)


def _refused(context: Context) -> Block | None:
    refused = context.analysis.refused
    if refused.height == 0:
        return None
    frame, omitted = capped(pick(refused, *REFUSED), context.settings.report.detail_rows)
    frame, _ = known(frame)
    return Block(context.say("block_refused"), frame, "refused_rows", detail=True, omitted=omitted)


def _differences(context: Context) -> list[Block]:
    say, differences = context.say, context.with_names(context.analysis.differences)
    if differences.height == 0:
        return []
    measure = next(
        name for name in ("difference_value", "difference_qty") if total_of(differences, name) is not None
    )
    frame = pick(differences, *DIFFERENCES).sort(
        pl.col(measure).abs(), descending=True, nulls_last=True, maintain_order=True
    )
    short, left = capped(frame, context.settings.report.short_rows)
    short, _ = known(short, "sku")
    sums = {
        name: frame[name].sum()
        for name in ("difference_qty", "difference_value")
        if total_of(frame, name) is not None
    }
    title = say("block_differences", n=shown(frame.height, Unit.COUNT))
    blocks = [
        Block(
            title,
            short,
            "differences",
            notes=(say("see_list", tab=say("block_all_differences")),) if left else (),
            total={"sku": say.word("total"), **{name: sums[name] for name in sums if name in short.columns}},
        )
    ]
    if left:
        listed, omitted = capped(frame, context.settings.report.detail_rows)
        listed, _ = known(listed, "sku")
        blocks.append(
            Block(say("block_all_differences"), listed, "all_differences", detail=True, omitted=omitted)
        )
    return blocks


def _negatives(context: Context) -> list[Block]:
    negatives = context.with_names(context.analysis.negatives)
    if negatives.height == 0:
        return []
    first = [name for name in ("sku", "name", "category", "warehouse") if name in negatives.columns]
    deepest = negatives.sort("on_hand", maintain_order=True)
    frame = deepest.select(*first, *(name for name in negatives.columns if name not in first))
    short, omitted = capped(frame, context.settings.report.short_rows)
    short, _ = known(short, "sku")
    title = context.say("block_negatives", n=shown(frame.height, Unit.COUNT))
    return [Block(title, for_people(short, context), "negatives", omitted=omitted)]
