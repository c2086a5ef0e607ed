"""The parts of all sheets to one ledger: frames under the canonical names, what only the whole can settle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from stockturn.config import Settings
from stockturn.model import Note
from stockturn.schema import TABLES, conform
from stockturn.sources.parts import ATTRIBUTES, Context, Part


def assemble(
    parts: Sequence[tuple[Part, Context]], settings: Settings
) -> tuple[dict[str, pl.LazyFrame], list[Note]]:
    """Canonical frames. Undated stock lists get the latest movement date (said); items learn what other tables say
    about them; codes that differ only by case are reported, and made one where the config says so."""
    gathered: dict[str, list[pl.DataFrame]] = {}
    for part, _ in parts:
        for name, frame in part.tables.items():
            gathered.setdefault(name, []).append(frame)
    frames = {name: _stacked(name, pieces) for name, pieces in gathered.items()}
    notes: list[Note] = []
    if "stock" in frames:
        frames["stock"], dated = _dated(frames["stock"], frames.get("movements"))
        notes += dated
    items = _items(frames.get("items"), [part.attributes for part, _ in parts if part.attributes is not None])
    if items is not None:
        frames["items"] = items
    frames, cased = _cased(frames, settings)
    notes += cased
    return {name: frame.lazy() for name, frame in frames.items()}, notes


def _stacked(name: str, pieces: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([conform(piece.lazy(), name) for piece in pieces]).collect()


def _dated(stock: pl.DataFrame, movements: pl.DataFrame | None) -> tuple[pl.DataFrame, list[Note]]:
    undated = stock["as_of"].null_count()
    if not undated:
        return stock, []
    known = [frame["date"].max() for frame in (movements,) if frame is not None and len(frame)]
    known += [stock["as_of"].max()]
    latest = max((day for day in known if isinstance(day, date)), default=None)
    files = ", ".join(stock.filter(pl.col("as_of").is_null())["source_file"].unique().sort().to_list())
    if latest is None:
        return stock, [Note("stock_undated", {"rows": undated, "file": files}, "warning")]
    note = Note("stock_dated_by_ledger", {"rows": undated, "file": files, "date": latest}, "warning")
    return stock.with_columns(pl.col("as_of").fill_null(latest)), [note]


def _items(items: pl.DataFrame | None, seen: list[pl.DataFrame]) -> pl.DataFrame | None:
    """The item list, its gaps filled from what other tables say, and a line for every item that only they name."""
    if not seen:
        return items
    schema = TABLES["items"].schema
    said = pl.concat([conform(frame.lazy(), "items").collect() for frame in seen])
    single = said.group_by("sku", maintain_order=True).agg(
        *(pl.col(name).drop_nulls().first() for name in ATTRIBUTES if name in schema),
        *(pl.col(name).first() for name in ("source_file", "source_sheet", "source_row")),
    )
    if items is None:
        return conform(single.lazy(), "items").collect()
    fill = [name for name in ATTRIBUTES if name in schema]
    known = items.join(
        single.select("sku", *fill), on="sku", how="left", suffix="_said", maintain_order="left"
    )
    known = known.with_columns(pl.coalesce(name, f"{name}_said").alias(name) for name in fill).select(
        list(schema)
    )
    new = conform(
        single.join(items.select("sku"), on="sku", how="anti", maintain_order="left").lazy(), "items"
    ).collect()
    return pl.concat([known, new])


def _cased(frames: dict[str, pl.DataFrame], settings: Settings) -> tuple[dict[str, pl.DataFrame], list[Note]]:
    codes = [frame["sku"].drop_nulls().unique() for name, frame in frames.items() if "sku" in frame.columns]
    if not codes:
        return frames, []
    distinct = pl.concat(codes).unique()
    folded = pl.DataFrame({"sku": distinct, "upper": distinct.str.to_uppercase()})
    twins = folded.filter(pl.len().over("upper") > 1).sort("upper", "sku")
    upper = settings.ingest.sku_case == "upper"
    if upper:
        frames = {
            name: frame.with_columns(pl.col("sku").str.to_uppercase()) if "sku" in frame.columns else frame
            for name, frame in frames.items()
        }
        if "items" in frames:
            frames["items"] = frames["items"].unique("sku", keep="first", maintain_order=True)
    if twins.is_empty():
        return frames, []
    params = {"count": twins["upper"].n_unique(), "samples": ", ".join(twins["sku"].head(4).to_list())}
    return frames, [
        Note("sku_case_joined" if upper else "sku_case_kept", params, "info" if upper else "warning")
    ]
