"""The one cast: mapped columns of text to days, figures, codes and texts.

All columns first take the plain cast together, in parallel; only those with a cell that the plain cast cannot read go
through the repairs of ``cells`` and ``dates``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from stockturn.config.ingest import FileRule
from stockturn.sources.cells import EMPTY, Typed, clean, decimal_of, identifiers, numbers, text_of
from stockturn.sources.currencies import signs_of
from stockturn.sources.dates import dates, order_of, title_order
from stockturn.sources.fields import CODES, DATES, NUMBERS
from stockturn.sources.grid import Grid
from stockturn.sources.locate import Layout
from stockturn.sources.mapping import Plan
from stockturn.sources.parts import Said
from stockturn.sources.repairs import repairs

_ODD_CODE = r"^[=\"']|\.0$|^\d(\.\d+)?[eE]\+\d+$"
_COUNTED = ("qty", "on_hand", "in_qty", "qty_ordered")
"""Fields whose cells may carry the unit: 12 箱."""


def typed_columns(
    frame: pl.DataFrame, grid: Grid, layout: Layout, plan: Plan, rule: FileRule | None
) -> tuple[pl.DataFrame, dict[str, pl.Series], list[Said]]:
    """``row`` and one typed column per field; for each field with unreadable cells the code of the reason by row; notes.

    The decimal sign is one for the sheet, the order of day and month one for all its date columns.
    """
    cells = {name: frame[f"c{column}"] for name, column in plan.columns.items()}
    plain = _plain(cells)
    odd = {name: series for name, series in cells.items() if name not in plain}
    figures = [series for name, series in cells.items() if _is_number(name)]
    decimal: str | None = rule.decimal if rule is not None else None
    if decimal is None:
        decimal = decimal_of(figures, grid.separator) if any(_is_number(name) for name in odd) else "."
    if decimal != ".":
        odd |= {name: series for name, series in cells.items() if _is_number(name)}
    order = _order({n: s for n, s in odd.items() if n in DATES}, layout, rule)
    results = {name: _typed(name, series, decimal, order) for name, series in odd.items()}
    notes: list[Said] = []
    problems: dict[str, pl.Series] = {}
    for name, result in results.items():
        if result.problem.null_count() < len(result.problem):
            problems[name] = result.problem
        if result.note:
            notes.append((result.note, {"column": layout.caption(plan.columns[name])}))
    for name in [*odd, *(name for name in ("sku",) if name in plain)]:
        read = results[name].values if name in results else plain[name]
        notes += repairs(name, layout.caption(plan.columns[name]), cells[name], read)
    values = [frame["row"]]
    values += [(results[name].values if name in results else plain[name]).alias(name) for name in cells]
    whole, said = _scale_of(layout.titles)
    captions = {name: layout.caption(column) for name, column in plan.columns.items()}
    values = [frame["row"], *(_scaled(series, captions[series.name], whole) for series in values[1:])]
    if said and _AMOUNTS & cells.keys():
        notes.append(("amounts_scaled", {"title": said}))
    unit = next((results[n].unit for n in _COUNTED if n in results and results[n].unit is not None), None)
    if unit is not None and "unit" not in cells:
        values.append(unit.alias("unit"))
    if "currency" not in cells and (signs := signs_of(odd)) is not None:
        values.append(signs)
    return pl.DataFrame(values), problems, notes


_SCALES = (("万元", 10_000.0), ("万", 10_000.0), ("千元", 1_000.0))


_TITLE_SCALE = re.compile(r"单位\s*[:：]\s*(?:人民币)?\s*(万元|千元)")
_AMOUNTS = frozenset({"cost", "revenue", "amount", "amount_gross", "value", "in_value", "out_value"}) | {
    "opening_value",
    "closing_value",
}


def _scale_of(titles: tuple[str, ...]) -> tuple[float, str]:
    """What the amounts below are multiplied by where a title says 单位：万元, and that title."""
    found = next((match for title in titles if (match := _TITLE_SCALE.search(title))), None)
    return (dict(_SCALES)[found.group(1)], found.group(0)) if found else (1.0, "")


def _scaled(series: pl.Series, caption: str, whole: float) -> pl.Series:
    """金额(万元) is in ten thousands; so are all amounts, and no prices, under a title that says it (``whole``)."""
    if not _is_number(series.name):
        return series
    tail = caption.replace("（", "(").replace("）", ")")
    own = next((factor for word, factor in _SCALES if tail.endswith(f"({word})")), None)
    factor = own or (whole if series.name.split("__")[0] in _AMOUNTS else 1.0)
    return series if factor == 1.0 else (series * factor).round(6)


def _is_number(name: str) -> bool:
    return name.split("__")[0] in NUMBERS


def _plain(cells: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
    """The columns that the plain cast reads in full."""
    texts = pl.DataFrame({name: series for name, series in cells.items() if series.dtype == pl.String})
    cast = _without_empty(texts.select(_cast(name).alias(name) for name in texts.columns))
    words = [name for name in texts.columns if name not in DATES and not _is_number(name)]
    ascii_only = (pl.col(words).str.len_bytes() == pl.col(words).str.len_chars()).all()
    latin = cast.select(ascii_only).row(0, named=True) if words else {}
    checks = cast.select(_fine(name, latin.get(name, False)).alias(name) for name in texts.columns)
    lost = texts.null_count().row(0, named=True) if texts.width else {}
    now = cast.null_count().row(0, named=True) if texts.width else {}
    found = {}
    for name in texts.columns:
        complete = now[name] == lost[name] if name in DATES or _is_number(name) else True
        if complete and checks[name].all():
            found[name] = cast[name]
    for name, series in cells.items():
        if (name in DATES and series.dtype == pl.Date) or (_is_number(name) and series.dtype == pl.Float64):
            found[name] = series
    return found


def _cast(name: str) -> pl.Expr:
    column = pl.col(name)
    if name in DATES:
        return column.str.to_date("%Y-%m-%d", strict=False)
    if _is_number(name):
        return column.cast(pl.Float64, strict=False)
    return column.str.strip_chars()


def _without_empty(cast: pl.DataFrame) -> pl.DataFrame:
    """Texts that stand for nothing as null; most columns have none, and are not written anew."""
    void = pl.selectors.string().is_in(list(EMPTY))
    have = [series.name for series in cast.select(void.any()) if series.item()]
    return cast.with_columns(
        pl.when(~pl.col(name).is_in(list(EMPTY))).then(name).alias(name) for name in have
    )


def _fine(name: str, latin: bool) -> pl.Expr:
    """Whether every value of a column is one that the plain cast may be believed with; ``latin`` texts are all ASCII."""
    column = pl.col(name)
    if name in DATES:
        return pl.lit(True)
    if _is_number(name):
        return column.is_finite().all()
    if name in CODES:
        return ~column.str.contains(_ODD_CODE).any() if latin else pl.lit(False)
    return pl.lit(True) if latin else ~column.str.contains("[\ufeff\u200b\u200e]").any()


def _order(odd: Mapping[str, pl.Series], layout: Layout, rule: FileRule | None) -> str | None:
    """Day and month: what the config says, else the title, else the one order that the columns agree on."""
    told = (rule.date_order if rule is not None else None) or title_order(" ".join(layout.titles))
    if told is not None:
        return told
    orders = {found for series in odd.values() if (found := order_of(series))}
    return next(iter(orders)) if len(orders) == 1 else None


def _typed(name: str, series: pl.Series, decimal: str, order: str | None) -> Typed:
    if name in DATES:
        return dates(series, order)
    if _is_number(name):
        return numbers(series, decimal)
    if name in CODES:
        return identifiers(series)
    return Typed(clean(text_of(series)), pl.repeat(None, len(series), dtype=pl.String, eager=True))
