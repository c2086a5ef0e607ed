"""Units of measure: one item is counted in one unit; other units are converted, or refused row by row."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from stockturn.config import Settings
from stockturn.model import Ledger, Note
from stockturn.sources.dedupe_counts import leaving_rows, settle
from stockturn.sources.dedupe_judge import REFUSED
from stockturn.sources.dedupe_keys import LINEAGE, MASTERS
from stockturn.sources.dedupe_tables import leaving

ANY = "*"
UNKNOWN = "unit_unknown"
_PER_UNIT = ("unit_cost", "unit_price")
_PLACE = ["source_file", "source_sheet"]
_HAN = r"[\u3040-\u9fff]"


def in_one_unit(ledger: Ledger, settings: Settings) -> Ledger:
    """Movements in another unit than their item's are converted by ``unit_factors`` (sku, else ``*``); those whose unit
    has no factor are refused, with what else was made of their rows.

    The unit of an item is the one of the item list, else of stock lists, else the one of most movements. The factor
    says how many base units the other unit holds: 1 箱 = 12 个 is ``{箱 = 12}``; 2 箱 at 60.00 become 24 个 at 5.00.
    """
    movements = ledger.tables.get("movements")
    if movements is None or not movements.select(pl.col("unit").is_not_null().any()).collect().item():
        return ledger
    base = _base_units(ledger, movements)
    if base.is_empty():
        return ledger
    numbered = movements.with_row_index("row")
    rows = numbered.join(base.lazy(), on="sku").select("row", "sku", "unit", "base_unit", *LINEAGE).collect()
    told = _with_factor(rows, _factors(settings))
    other = told.filter(pl.col("factor").is_null())
    turned = told.filter(pl.col("factor") != 1.0)
    if other.is_empty() and turned.is_empty():
        return ledger
    places = other.select(LINEAGE).unique()
    gone = {
        name: _of_rows(table, places)
        for name, table in ledger.tables.items()
        if name not in MASTERS and not places.is_empty()
    }
    frames = {name: _without(ledger.tables[name], rows) for name, rows in gone.items() if rows.height}
    kept = frames.get("movements", numbered)
    frames["movements"] = _converted(kept, turned).select(movements.collect_schema().names())
    frames = {name: frame.drop("row", strict=False) for name, frame in frames.items()}
    after = replace(ledger, tables={**ledger.tables, **frames})
    left = leaving_rows(ledger, gone)
    settled = settle(ledger, after, left, settings.lang, turned.select(_PLACE).unique())
    return replace(settled, notes=(*ledger.notes, *_said(turned)))


def _base_units(ledger: Ledger, movements: pl.LazyFrame) -> pl.DataFrame:
    """sku and base_unit, the unit that it is counted in. Only items of which two units occur matter."""
    plain = pl.col("unit").str.strip_chars().str.to_lowercase()
    moved = movements.select("sku", plain).drop_nulls().group_by("sku", "unit").len("rows")
    seen = [moved.with_columns(rank=pl.lit(2))]
    if (items := ledger.tables.get("items")) is not None:
        sheets = ledger.sheets.lazy().select(pl.col("file", "sheet", "table").cast(pl.String))
        places = {"left_on": _PLACE, "right_on": ["file", "sheet"]}
        listed = items.select("sku", plain, *_PLACE).drop_nulls(["sku", "unit"])
        beside = pl.col("table").replace_strict({"items": 0, "stock": 1}, default=2, return_dtype=pl.Int32)
        listed = listed.join(sheets, **places, how="left", nulls_equal=True)  # type: ignore[arg-type]
        seen.append(listed.with_columns(rank=beside).group_by("sku", "unit", "rank").len("rows"))
    units = pl.concat(seen, how="diagonal_relaxed").collect()
    several = units.filter(pl.col("unit").n_unique().over("sku") > 1)
    chosen = several.sort("sku", "rank", "rows", "unit", descending=[False, False, True, False])
    return chosen.unique("sku", keep="first", maintain_order=True).select("sku", base_unit="unit")


def _factors(settings: Settings) -> pl.DataFrame:
    rows = [
        (sku, unit.strip().lower(), factor)
        for sku, units in settings.ingest.unit_factors.items()
        for unit, factor in units.items()
    ]
    schema = {"sku": pl.String, "unit": pl.String, "factor": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _with_factor(rows: pl.DataFrame, factors: pl.DataFrame) -> pl.DataFrame:
    """``factor``: 1 in the item's own unit, the config's else, null where there is none."""
    own = factors.rename({"factor": "_own"})
    general = factors.filter(pl.col("sku") == ANY).select("unit", pl.col("factor").alias("_any"))
    plain = pl.col("unit").str.strip_chars().str.to_lowercase()
    known = (
        rows.with_columns(plain.alias("_unit"))
        .join(own, left_on=["sku", "_unit"], right_on=["sku", "unit"], how="left")
        .join(general, left_on="_unit", right_on="unit", how="left")
    )
    told = pl.coalesce("_own", "_any")
    base_unit, unit = pl.col("base_unit"), pl.col("_unit")
    # 把 and pcs are one unit in two languages more often than two units: only the config can tell them apart
    foreign = (unit.str.contains(_HAN) != base_unit.str.contains(_HAN)) & told.is_null()
    same = unit.is_null() | (unit == base_unit) | foreign
    return known.with_columns(pl.when(same).then(1.0).otherwise(told).alias("factor"))


def _of_rows(table: pl.LazyFrame, places: pl.DataFrame) -> pl.DataFrame:
    """What was made of these source rows, as rows that leave the table."""
    rows = table.with_row_index("row").join(places.lazy(), on=LINEAGE, how="semi", nulls_equal=True)
    return leaving(rows.select("row").collect(), REFUSED, UNKNOWN)


def _without(table: pl.LazyFrame, gone: pl.DataFrame) -> pl.LazyFrame:
    return table.with_row_index("row").filter(~pl.col("row").is_in(gone["row"].implode()))


def _converted(numbered: pl.LazyFrame, turned: pl.DataFrame) -> pl.LazyFrame:
    factors = turned.lazy().select("row", "factor", "base_unit")
    factor = pl.col("factor").fill_null(1.0)
    return numbered.join(factors, on="row", how="left", maintain_order="left").with_columns(
        pl.col("qty") * factor,
        *(pl.col(name) / factor for name in _PER_UNIT),
        pl.coalesce("base_unit", "unit").alias("unit"),
    )


def _said(turned: pl.DataFrame) -> tuple[Note, ...]:
    places = turned.unique(LINEAGE).group_by(_PLACE).len().sort(_PLACE, nulls_last=True)
    return tuple(
        Note("unit_converted", {"file": file, "sheet": sheet or "", "rows": rows})
        for file, sheet, rows in places.iter_rows()
    )
