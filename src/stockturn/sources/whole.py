"""What only the whole ledger can settle, whatever runs its files were read in: days, codes, figures of a period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import polars as pl

from stockturn.config import Settings
from stockturn.model import Ledger, Note
from stockturn.schema import TABLES
from stockturn.sources.dedupe import dedupe
from stockturn.sources.dedupe_keys import is_one_of
from stockturn.sources.periods import without_covered_periods
from stockturn.sources.repeats import without_repeated_points
from stockturn.sources.units import in_one_unit

_SAMPLES = 4
_DATED = (("movements", "date"), ("stock", "as_of"))

Frames = dict[str, pl.LazyFrame]


def combine(ledger: Ledger, settings: Settings) -> Ledger:
    """From what every file says by itself (:func:`stockturn.sources.read`, or the segments of a ledger folder) to what
    holds: :func:`settled`, then every line counted once. The result depends on the files, not on their order."""
    return dedupe(settled(ledger, settings), settings)


def settled(ledger: Ledger, settings: Settings) -> Ledger:
    """The ledger after the steps that look across files. A table in which nothing changes is given back as it is.

    Movements in another unit than their item's are converted or refused; undated stock lists get the latest date of their own file, else like order lists that of the ledger (said); codes that differ only by case or by
    leading zeros are reported, and made one where the config says so; figures of a period yield to the single lines
    of that time; a balance that a workbook shows on several sheets counts once.
    """
    ledger = in_one_unit(ledger, settings)
    frames, notes = _dated(dict(ledger.tables))
    codes = _codes(frames)
    frames, cased = _cased(frames, codes, settings)
    frames, zeros = _zeros(frames, _codes(frames) if settings.ingest.sku_case == "upper" else codes, settings)
    frames, covered = _periods(frames)
    frames, repeated = _points(frames)
    return replace(ledger, tables=frames, notes=(*ledger.notes, *notes, *cased, *zeros, *covered, *repeated))


def _dated(frames: Frames) -> tuple[Frames, list[Note]]:
    stock, orders = frames.get("stock"), frames.get("orders")
    # a line that came with its receipt is not of a list
    unlisted = pl.col("received_date").is_null() & pl.col("listed_on").is_null()
    lists = orders is not None and bool(orders.select(unlisted.any()).collect().item())
    where = pl.col("source_file").filter(pl.col("as_of").is_null())
    files = stock.select(where).collect()["source_file"] if stock is not None else pl.Series([])
    if not lists and files.is_empty():
        return frames, []
    latest = _latest(frames)
    if orders is not None and lists and latest is not None:
        listed = pl.when(pl.col("received_date").is_null()).then(pl.col("listed_on").fill_null(latest))
        frames["orders"] = orders.with_columns(
            listed.alias("listed_on"), pl.col("order_date").fill_null(listed).alias("order_date")
        )
    if stock is None or files.is_empty():
        return frames, []
    if latest is None:
        names = ", ".join(files.drop_nulls().unique().sort().to_list())
        return frames, [Note("stock_undated", {"rows": len(files), "file": names}, "warning")]
    undated = files.value_counts(name="rows").join(
        _latest_of(frames, files), on="source_file", how="left", nulls_equal=True
    )
    undated = undated.with_columns(pl.col("own").fill_null(latest))
    own = pl.col("source_file").replace_strict(
        undated["source_file"], undated["own"], default=latest, return_dtype=pl.Date
    )
    frames["stock"] = stock.with_columns(pl.coalesce("as_of", own).alias("as_of"))
    notes = [
        Note(
            "stock_dated_by_ledger" if day == latest else "stock_dated_by_file",
            {"rows": rows, "file": ", ".join(names), "date": day},
            "warning",
        )
        for day, rows, names in undated.group_by("own")
        .agg(pl.col("rows").sum(), pl.col("source_file").drop_nulls().sort().alias("names"))
        .sort("own")
        .rows()
    ]
    return frames, notes


def _latest_of(frames: Mapping[str, pl.LazyFrame], files: pl.Series) -> pl.DataFrame:
    """``own``: the last day on which goods moved or were counted, in the other sheets of each of these files."""
    dated = [
        frames[name]
        .filter(is_one_of(files.unique(), "source_file"))
        .select("source_file", pl.col(day).alias("own"))
        for name, day in _DATED
        if name in frames
    ]
    return pl.concat(dated).group_by("source_file").agg(pl.col("own").max()).collect()


def _latest(frames: Mapping[str, pl.LazyFrame]) -> date | None:
    """The last day on which goods moved or were counted."""
    days = [frames[name].select(pl.col(day).max()).collect().item() for name, day in _DATED if name in frames]
    return max((day for day in days if isinstance(day, date)), default=None)


def _coded(frames: Mapping[str, pl.LazyFrame]) -> list[str]:
    return [name for name in frames if "sku" in TABLES[name].schema]


def _codes(frames: Mapping[str, pl.LazyFrame]) -> pl.Series:
    parts = [frames[name].select(pl.col("sku").drop_nulls().unique()) for name in _coded(frames)]
    codes = [part["sku"] for part in pl.collect_all(parts)]
    return pl.concat(codes).unique() if codes else pl.Series("sku", [], dtype=pl.String)


def _recoded(frames: Frames, code: pl.Expr) -> Frames:
    return {**frames, **{name: frames[name].with_columns(code.alias("sku")) for name in _coded(frames)}}


def _cased(frames: Frames, distinct: pl.Series, settings: Settings) -> tuple[Frames, list[Note]]:
    folded = pl.DataFrame({"sku": distinct, "upper": distinct.str.to_uppercase()})
    twins = folded.filter(pl.len().over("upper") > 1).sort("upper", "sku")
    upper = settings.ingest.sku_case == "upper"
    if upper and not folded["sku"].equals(folded["upper"]):
        frames = _recoded(frames, pl.col("sku").str.to_uppercase())
    if twins.is_empty():
        return frames, []
    params = {
        "count": twins["upper"].n_unique(),
        "samples": ", ".join(twins["sku"].head(_SAMPLES).to_list()),
    }
    return frames, [
        Note("sku_case_joined" if upper else "sku_case_kept", params, "info" if upper else "warning")
    ]


def _zeros(frames: Frames, distinct: pl.Series, settings: Settings) -> tuple[Frames, list[Note]]:
    """Codes of digits that are another code of the ledger without its leading zeros, where that is the only one."""
    digits = pl.DataFrame({"full": distinct}).filter(pl.col("full").str.contains(r"^0\d+$"))
    bare = digits.with_columns(pl.col("full").str.strip_chars_start("0").alias("sku"))
    lost = (
        bare.filter(pl.len().over("sku") == 1)
        .join(pl.DataFrame({"sku": distinct}), on="sku", how="semi")
        .sort("sku")
    )
    if lost.is_empty():
        return frames, []
    match = settings.ingest.leading_zeros == "match"
    if match:
        frames = _recoded(frames, pl.col("sku").replace(lost["sku"], lost["full"]))
    params = {"count": len(lost), "samples": ", ".join(lost["sku"].head(_SAMPLES).to_list())}
    return frames, [Note("zeros_matched" if match else "zeros_lost", params, "info" if match else "warning")]


def _periods(frames: Frames) -> tuple[Frames, list[Note]]:
    movements, stock = frames.get("movements"), frames.get("stock")
    if movements is None or stock is None:
        return frames, []
    if not movements.select(pl.col("period_mark").is_not_null().any()).collect().item():
        return frames, []
    kept, notes = without_covered_periods(movements.collect(), stock.collect())
    return ({**frames, "movements": kept.lazy()} if notes else frames), notes


def _points(frames: Frames) -> tuple[Frames, list[Note]]:
    stock = frames.get("stock")
    if stock is None:
        return frames, []
    sheets = stock.select("source_file", "source_sheet").unique().collect()
    if len(sheets) == sheets["source_file"].n_unique():
        return frames, []
    kept, notes = without_repeated_points(stock.collect())
    return ({**frames, "stock": kept.lazy()} if notes else frames), notes
