"""The parts of all sheets to one ledger: frames under the canonical names, what only the whole can settle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from stockturn.config import Settings
from stockturn.model import Note
from stockturn.schema import TABLES, conform
from stockturn.sources.parts import ATTRIBUTES, Context, Part
from stockturn.sources.periods import without_covered_periods
from stockturn.sources.repeats import without_repeated_points

_SAMPLES = 4


def assemble(
    parts: Sequence[tuple[Part, Context]], settings: Settings
) -> tuple[dict[str, pl.LazyFrame], list[Note]]:
    """Canonical frames. Undated stock lists and order lists get the latest movement date (said); figures of a period
    yield to the single lines of that time; items learn what other tables say about them; codes that differ only by
    case or by leading zeros are reported, and made one where the config says so."""
    gathered: dict[str, list[pl.DataFrame]] = {}
    for part, _ in parts:
        for name, frame in part.tables.items():
            gathered.setdefault(name, []).append(frame)
    frames = {name: _stacked(name, pieces) for name, pieces in gathered.items()}
    frames, notes = _dated(frames)
    said = [part.attributes for part, _ in parts if part.attributes is not None]
    if (items := _items(frames.get("items"), said)) is not None:
        frames["items"] = items
    codes = _codes(frames)
    frames, cased = _cased(frames, codes, settings)
    frames, zeros = _zeros(frames, _codes(frames) if settings.ingest.sku_case == "upper" else codes, settings)
    notes += [*cased, *zeros]
    if "movements" in frames:
        frames["movements"], covered = without_covered_periods(frames["movements"], frames.get("stock"))
        notes += covered
    if "stock" in frames:
        frames["stock"], repeated = without_repeated_points(frames["stock"])
        notes += repeated
    return {name: frame.lazy() for name, frame in frames.items()}, notes


def _stacked(name: str, pieces: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([conform(piece.lazy(), name) for piece in pieces]).collect()


def _dated(frames: dict[str, pl.DataFrame]) -> tuple[dict[str, pl.DataFrame], list[Note]]:
    movements, stock, orders = frames.get("movements"), frames.get("stock"), frames.get("orders")
    days = [
        frame[column].max() for frame, column in ((movements, "date"), (stock, "as_of")) if frame is not None
    ]
    latest = max((day for day in days if isinstance(day, date)), default=None)
    notes: list[Note] = []
    dated = dict(frames)
    if orders is not None and latest is not None:
        # a line that came with its receipt is not of a list
        listed = pl.when(pl.col("received_date").is_null()).then(pl.col("listed_on").fill_null(latest))
        dated["orders"] = orders.with_columns(listed.alias("listed_on"))
    if stock is not None and (undated := stock["as_of"].null_count()):
        files = ", ".join(stock.filter(pl.col("as_of").is_null())["source_file"].unique().sort().to_list())
        if latest is None:
            notes.append(Note("stock_undated", {"rows": undated, "file": files}, "warning"))
            dated["stock"] = stock
        else:
            params = {"rows": undated, "file": files, "date": latest}
            notes.append(Note("stock_dated_by_ledger", params, "warning"))
            dated["stock"] = stock.with_columns(pl.col("as_of").fill_null(latest))
    return dated, notes


def _items(items: pl.DataFrame | None, seen: list[pl.DataFrame]) -> pl.DataFrame | None:
    """The item list, its gaps filled from what other tables say, and a line for every item that only they name."""
    if not seen:
        return items
    schema = TABLES["items"].schema
    fill = [name for name in ATTRIBUTES if name in schema]
    said = pl.concat([conform(frame.lazy(), "items").collect() for frame in seen])
    single = said.group_by("sku", maintain_order=True).agg(
        *(pl.col(name).drop_nulls().first() for name in fill),
        *(pl.col(name).first() for name in ("source_file", "source_sheet", "source_row")),
    )
    if items is None:
        return conform(single.lazy(), "items").collect()
    told = single.select("sku", *fill)
    known = items.join(told, on="sku", how="left", suffix="_said", maintain_order="left")
    known = known.with_columns(pl.coalesce(name, f"{name}_said").alias(name) for name in fill)
    new = single.join(items.select("sku"), on="sku", how="anti", maintain_order="left")
    return pl.concat([known.select(list(schema)), conform(new.lazy(), "items").collect()])


def _codes(frames: dict[str, pl.DataFrame]) -> pl.Series:
    codes = [frame["sku"].drop_nulls().unique() for frame in frames.values() if "sku" in frame.columns]
    return pl.concat(codes).unique() if codes else pl.Series("sku", [], dtype=pl.String)


def _recoded(frames: dict[str, pl.DataFrame], code: pl.Expr) -> dict[str, pl.DataFrame]:
    new = {
        name: frame.with_columns(code.alias("sku")) if "sku" in frame.columns else frame
        for name, frame in frames.items()
    }
    if "items" in new:
        # the fuller line of an item first: an item list says more than what other tables mention
        new["items"] = new["items"].unique("sku", keep="first", maintain_order=True)
    return new


def _cased(
    frames: dict[str, pl.DataFrame], distinct: pl.Series, settings: Settings
) -> tuple[dict[str, pl.DataFrame], list[Note]]:
    folded = pl.DataFrame({"sku": distinct, "upper": distinct.str.to_uppercase()})
    twins = folded.filter(pl.len().over("upper") > 1).sort("upper", "sku")
    upper = settings.ingest.sku_case == "upper"
    if upper:
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


def _zeros(
    frames: dict[str, pl.DataFrame], distinct: pl.Series, settings: Settings
) -> tuple[dict[str, pl.DataFrame], list[Note]]:
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
