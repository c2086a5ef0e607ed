"""Wide sheets: one column per month, or one per warehouse, turned into one row per figure."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from stockturn.errors import InputError
from stockturn.sources.captions import Vocabulary, norm, path_variants, vocabulary
from stockturn.sources.dates import YEAR, month_of
from stockturn.sources.grid import ROW, Grid, as_text, text_frame
from stockturn.sources.locate import Layout
from stockturn.sources.profiles import specs
from stockturn.sources.rows import labels_of

LEAST = 3
"""So many month columns make a wide sheet; two may be this month and the last one of an ordinary list."""

LEAST_PLACES = 2
_PLACE_KEY, _PLACE_QTY = "仓库", "库存数量"
_ONE_PLACE = {"location", "warehouse", "仓库"}
_PLACE = re.compile(
    r"(仓|仓库|库|店|门店|warehouse|store|depot|lager)$|^(wh|warehouse)[\s_-]?\w+$", re.IGNORECASE
)


def widened(
    grid: Grid, layout: Layout, words: Vocabulary, names: Sequence[str]
) -> tuple[Grid, Layout] | None:
    """The sheet as a long one with captions of its own, or None where it is not wide.

    A month's figure is dated the last day of the month. Blank cells are no rows, save one per row of the sheet, so
    that every row stays counted. Raises InputError where months stand without a year that the title, the sheet or
    the file name would give.
    """
    months = _months(layout, names, grid)
    if len(months) >= LEAST and not _has(layout, words, ("date", "receipt_date", "ship_date", "doc_no")):
        days = {column: day.isoformat() for column, day in months.items()}
        return _long(grid, layout, days, "日期", "数量", pl.Date())
    places = _places(layout, words)
    if len(places) >= LEAST_PLACES and not _has(
        layout, words, ("date", "on_hand", "qty", "doc_no", "warehouse")
    ):
        return _long(grid, layout, places, _PLACE_KEY, _PLACE_QTY, pl.String())
    return None


def _months(layout: Layout, names: Sequence[str], grid: Grid) -> dict[int, date]:
    found: dict[int, tuple[int | None, int]] = {}
    for column, path in enumerate(layout.paths):
        if path and (month := month_of("".join(path))) is not None:
            found[column] = month
    if len(found) < LEAST:
        return {}
    year = next((int(m.group(1)) for name in names if (m := YEAR.search(name))), None)
    if any(given is None for given, _ in found.values()) and year is None:
        raise InputError("month_without_year", file=grid.file, sheet=grid.sheet or "")
    days = {}
    for column, (given, number) in found.items():
        at = given or year or 0
        days[column] = date(at, number, monthrange(at, number)[1])
    return days


def _places(layout: Layout, words: Vocabulary) -> dict[int, str]:
    """Columns named after places: captions that are no field and end like one, or any under a group of 库存."""
    if behind := _places_behind(layout):
        return behind
    found = {}
    for column, path in enumerate(layout.paths):
        if not path or any(variant in words.known for variant in path_variants(path)[:1]):
            continue
        grouped = len(path) > 1 and norm(path[0]) in words.fields["on_hand"]
        if grouped or _PLACE.search(path[-1].strip()):
            found[column] = path[-1].strip()
    return found


def _places_behind(layout: Layout) -> dict[int, str]:
    """All columns behind the one after which a profile says that the places stand (Shopify: COO)."""
    captions = [norm(path[-1]) if path else "" for path in layout.paths]
    for spec in specs():
        if spec.places_after is None:
            continue
        last = norm(spec.places_after)
        needed = {
            caption for caption in spec.signature if caption not in (norm(_PLACE_KEY), norm(_PLACE_QTY))
        }
        if last in captions and needed <= set(captions) and not set(captions) & _ONE_PLACE:
            behind = captions.index(last) + 1
            return {c: path[-1] for c, path in enumerate(layout.paths) if c >= behind and path}
    return {}


def _has(layout: Layout, words: Vocabulary, fields: Sequence[str]) -> bool:
    captions = {caption for name in fields for caption in words.fields[name]}
    return any(path and norm(path[-1]) in captions for path in layout.paths)


def _goods(grid: Grid, layout: Layout) -> pl.DataFrame:
    """The rows below the header without those that are a title, a header again, a total or a remark."""
    body = grid.frame.slice(layout.body)
    labels = labels_of(text_frame(body).drop(ROW), layout, vocabulary())
    return body.filter(labels.is_null() | (labels == "blank"))


def _long(
    grid: Grid, layout: Layout, keys: dict[int, str], key: str, value: str, dtype: pl.DataType
) -> tuple[Grid, Layout]:
    body = _goods(grid, layout)
    fixed = [c for c in range(grid.width) if c not in keys and c < len(layout.paths)]
    pieces = []
    for order, (column, label) in enumerate(keys.items()):
        name = f"c{column}"
        pieces.append(
            body.select(
                ROW,
                *(f"c{c}" for c in fixed),
                pl.lit(label).str.to_date("%Y-%m-%d").alias("_key")
                if dtype == pl.Date()
                else pl.lit(label).alias("_key"),
                as_text(name, body.schema[name]).alias("_value"),
                pl.lit(order).alias("_order"),
            )
        )
    stacked = pl.concat(pieces)
    filled = pl.col("_value").str.strip_chars().fill_null("").ne("")
    kept = stacked.with_columns(filled.alias("_filled")).filter(
        pl.col("_filled") | ((pl.col("_order") == 0) & ~pl.col("_filled").any().over(ROW))
    )
    ordered = kept.sort(ROW, "_order", maintain_order=True)
    cells = {f"c{c}": f"c{new}" for new, c in enumerate(fixed)}
    names = {**cells, "_key": f"c{len(fixed)}", "_value": f"c{len(fixed) + 1}"}
    frame = ordered.select(ROW, *(pl.col(old).alias(new) for old, new in names.items()))
    paths = (*(layout.paths[c] for c in fixed), (key,), (value,))
    return replace(grid, frame=frame), replace(layout, paths=paths, body=0, header=layout.header)
