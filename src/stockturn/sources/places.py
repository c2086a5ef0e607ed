"""Columns that say two things at once: codes inside names, document types before numbers, places that give the sign."""

from __future__ import annotations

import polars as pl

_OUTSIDE = (
    (r"(?i)vendor|supplier|供应商|lieferant", "purchase", "purchase_return"),
    (r"(?i)customer|客户|kunde", "sale_return", "sale"),
    (r"(?i)scrap|报废|ausschuss", "other_in", "scrap"),
    (
        r"(?i)inventory adjustment|inventory loss|inventory|盘点|库存调整|inventur|bestandskorrektur",
        "adjustment_in",
        "adjustment_out",
    ),
    (r"(?i)production|生产|produktion", "production_in", "production_out"),
    (r"(?i)subcontract|委外", "production_in", "production_out"),
)
"""Places that are no stock: what comes from there, and what goes there."""

_VIRTUAL = r"(?i)^(partner|virtu|合作伙伴|业务伙伴|虚拟)"
_TRANSIT = r"(?i)transit|在途"


def codes_in_brackets(frame: pl.DataFrame) -> pl.DataFrame:
    """``[A-01] Wrench`` is code A-01 and name Wrench; other texts stay as they are.

    >>> codes_in_brackets(pl.DataFrame({"sku": ["[A-01] Wrench", "B"]})).rows()
    [('A-01', 'Wrench'), ('B', 'B')]
    """
    if "sku" not in frame.columns:
        return frame
    text = pl.col("sku")
    code = text.str.extract(r"^\[([^\]]+)\]").fill_null(text)
    name = text.str.replace(r"^\[[^\]]+\]\s*", "")
    named = frame.with_columns(code.alias("sku"), name.alias("_name"))
    return named.rename({"_name": "name"}) if "name" not in frame.columns else named.drop("_name")


def houses_of_places(frame: pl.DataFrame) -> pl.DataFrame:
    """A stock list by place: WH/Stock/A1 is warehouse WH, bin WH/Stock/A1."""
    if "warehouse" not in frame.columns:
        return frame
    where = pl.col("warehouse")
    return frame.with_columns(where.str.extract(r"^([^/]+)").alias("warehouse"), where.alias("bin"))


def types_before_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """``PD 11001`` is a document of type PD; the whole text stays its number."""
    return frame.with_columns(pl.col("doc_no").str.extract(r"^([A-Za-z]{2,3})\b").alias("doc_type"))


def between_places(frame: pl.DataFrame) -> pl.DataFrame:
    """Moves whose quantity has no sign: the two places say kind (``placed``) and direction.

    Between a place outside and one inside the kind is that of the outside place. Between two inside places there
    are two legs, so the row stands twice. The first two levels of an inside place are the warehouse: WH/Stock/A1
    is warehouse WH, bin WH/Stock/A1; goods in transit belong to nobody's shelf and are left to the pairing of legs.
    """
    if not {"from_warehouse", "to_warehouse"} <= set(frame.columns):
        return frame
    source, target = pl.col("from_warehouse"), pl.col("to_warehouse")
    frame = frame.with_columns(_outside(source).alias("_from_out"), _outside(target).alias("_to_out"))
    inward = frame.filter(pl.col("_from_out").is_not_null() & pl.col("_to_out").is_null())
    outward = frame.filter(pl.col("_from_out").is_null() & pl.col("_to_out").is_not_null())
    inner = frame.filter(pl.col("_from_out").is_null() & pl.col("_to_out").is_null())
    both_out = frame.filter(pl.col("_from_out").is_not_null() & pl.col("_to_out").is_not_null())
    qty = pl.col("qty").abs()
    pieces = [
        _leg(inward, qty, "to_warehouse", _kind("_from_out", 1)),
        _leg(outward, -qty, "from_warehouse", _kind("_to_out", 2)),
        _leg(both_out, qty, "from_warehouse", pl.lit("skip")),
        _leg(inner, -qty, "from_warehouse", pl.lit("transfer_out")),
        _leg(inner, qty, "to_warehouse", pl.lit("transfer_in")),
    ]
    return pl.concat(pieces).sort("row", maintain_order=True)


def _outside(place: pl.Expr) -> pl.Expr:
    found: pl.Expr = pl.lit(None, pl.Int32)
    for index, (pattern, _, _) in reversed(list(enumerate(_OUTSIDE))):
        hit = place.str.contains(pattern) & (
            place.str.contains(_VIRTUAL)
            | place.str.contains(
                r"(?i)^(vendors?|customers?|供应商|客户|scrap|production|inventory adjustment|lieferanten|kunden)(/|$)"
            )
        )
        found = pl.when(hit).then(pl.lit(index, pl.Int32)).otherwise(found)
    return found


def _kind(column: str, side: int) -> pl.Expr:
    kinds = {index: entry[side] for index, entry in enumerate(_OUTSIDE)}
    return pl.col(column).replace_strict(kinds, default=None, return_dtype=pl.String)


def _leg(frame: pl.DataFrame, qty: pl.Expr, place: str, kind: pl.Expr) -> pl.DataFrame:
    where = pl.col(place)
    house = (
        pl.when(where.str.contains(_TRANSIT))
        .then(pl.lit("(in transit)"))
        .otherwise(where.str.extract(r"^([^/]+)"))
    )
    return frame.with_columns(
        qty.alias("qty"), kind.alias("placed"), house.alias("warehouse"), where.alias("bin")
    ).drop("_from_out", "_to_out")
