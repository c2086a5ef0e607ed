"""Units of measure: one item is counted in one unit; other units are converted, or refused row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from stockturn.config import Settings
from stockturn.sources.parts import Context, Part, Said

_QUANTITIES = {
    "movements": ("qty",),
    "orders": ("qty_ordered", "qty_received", "qty_open"),
    "sales_orders": ("qty_ordered", "qty_shipped"),
    "stock": ("on_hand", "reserved"),
}
_PER_UNIT = ("unit_cost", "unit_price")
ANY = "*"
_HAN = r"[\u3040-\u9fff]"
_HAN = r"[\u3040-\u9fff]"


def in_one_unit(parts: Sequence[tuple[Part, Context]], settings: Settings) -> list[tuple[Part, Context]]:
    """Rows in another unit than their item's are converted by ``unit_factors`` (sku, else ``*``); rows whose unit has
    no factor are refused.

    The unit of an item is the one of the item list, else of stock lists, else the first one seen. The factor says how
    many base units the other unit holds: 1 箱 = 12 个 is ``{箱 = 12}``; 2 箱 at 60.00 become 24 个 at 5.00.
    """
    base = _base_units(parts)
    if base.is_empty():
        return list(parts)
    factors = _factors(settings)
    return [(_converted(part, base, factors), context) for part, context in parts]


def _base_units(parts: Sequence[tuple[Part, Context]]) -> pl.DataFrame:
    """sku and the unit that it is counted in. Only items of which two units occur matter."""
    seen: list[pl.DataFrame] = []
    for order, (part, _) in enumerate(parts):
        for name, frame in part.tables.items():
            if {"sku", "unit"} <= set(frame.columns):
                rank = {"items": 0}.get(name, 2)
                seen.append(_units_in(frame, rank, order))
        if part.attributes is not None and "unit" in part.attributes.columns and "stock" in part.tables:
            seen.append(_units_in(part.attributes, 1, order))
    if not seen:
        return pl.DataFrame()
    units = pl.concat(seen).sort("rank", "order", maintain_order=True)
    several = units.filter(pl.col("unit").n_unique().over("sku") > 1)
    return several.group_by("sku", maintain_order=True).agg(pl.col("unit").first().alias("base_unit"))


def _units_in(frame: pl.DataFrame, rank: int, order: int) -> pl.DataFrame:
    units = frame.select("sku", pl.col("unit").str.strip_chars().str.to_lowercase()).drop_nulls()
    return units.unique(maintain_order=True).with_columns(
        pl.lit(rank).alias("rank"), pl.lit(order).alias("order")
    )


def _factors(settings: Settings) -> pl.DataFrame:
    rows = [
        (sku, unit.strip().lower(), factor)
        for sku, units in settings.ingest.unit_factors.items()
        for unit, factor in units.items()
    ]
    schema = {"sku": pl.String, "unit": pl.String, "factor": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _converted(part: Part, base: pl.DataFrame, factors: pl.DataFrame) -> Part:
    tables = dict(part.tables)
    refused: list[pl.Series] = []
    turned = 0
    for name, quantities in _QUANTITIES.items():
        frame = tables.get(name)
        if frame is None or "unit" not in frame.columns or frame.is_empty():
            continue
        known = _with_factor(frame, base, factors)
        other = known["factor"].is_null()
        refused.append(known.filter(other)["source_row"].unique())
        turned += int((known["factor"].fill_null(1.0) != 1.0).sum())
        scale = pl.col("factor")
        known = known.with_columns(
            *((pl.col(q) * scale).alias(q) for q in quantities if q in known.columns),
            *((pl.col(p) / scale).alias(p) for p in _PER_UNIT if p in known.columns),
            pl.coalesce("base_unit", "unit").alias("unit"),
        )
        tables[name] = known.select(frame.columns)
    gone = pl.concat(refused).unique() if refused else pl.Series([], dtype=pl.Int64)
    if gone.is_empty() and not turned:
        return part
    return _without(replace(part, tables=tables), gone, turned)


def _with_factor(frame: pl.DataFrame, base: pl.DataFrame, factors: pl.DataFrame) -> pl.DataFrame:
    """``factor``: 1 in the item's own unit, the config's else, null where there is none."""
    plain = pl.col("unit").str.strip_chars().str.to_lowercase()
    own = factors.rename({"factor": "_own"})
    general = factors.filter(pl.col("sku") == ANY).select("unit", pl.col("factor").alias("_any"))
    rows = (
        frame.with_columns(plain.alias("_unit"))
        .join(base, on="sku", how="left", maintain_order="left")
        .join(own, left_on=["sku", "_unit"], right_on=["sku", "unit"], how="left", maintain_order="left")
        .join(general, left_on="_unit", right_on="unit", how="left", maintain_order="left")
    )
    told = pl.coalesce("_own", "_any")
    base_unit, unit = pl.col("base_unit"), pl.col("_unit")
    # 把 and pcs are one unit in two languages more often than two units: only the config can tell them apart
    foreign = (unit.str.contains(_HAN) != base_unit.str.contains(_HAN)) & told.is_null()
    same = base_unit.is_null() | unit.is_null() | (unit == base_unit) | foreign
    return rows.with_columns(pl.when(same).then(1.0).otherwise(told).alias("factor"))


def _without(part: Part, gone: pl.Series, turned: int) -> Part:
    """The part without refused rows, and its account with the converted quantities."""
    rows = gone.implode()
    tables = {name: frame.filter(~pl.col("source_row").is_in(rows)) for name, frame in part.tables.items()}
    account = part.account.filter(~pl.col("row").is_in(rows))
    if turned and "movements" in tables and tables["movements"].height:
        sums = tables["movements"].group_by("source_row").agg(pl.col("qty").sum().alias("_qty"))
        account = account.join(sums, left_on="row", right_on="source_row", how="left", maintain_order="left")
        account = account.with_columns(pl.coalesce("_qty", "qty").alias("qty")).drop("_qty")
    more = pl.DataFrame({"row": gone}).with_columns(
        pl.lit("unit").alias("column"), pl.lit("unit_unknown").alias("reason_code")
    )
    notes: tuple[Said, ...] = (("unit_converted", {"rows": turned}),) if turned else ()
    return replace(
        part,
        tables=tables,
        account=account,
        refused=pl.concat([part.refused, more.select(part.refused.columns)]),
        notes=(*part.notes, *notes),
    )
