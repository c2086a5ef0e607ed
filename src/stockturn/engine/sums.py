"""The sums behind every turnover figure: stock at the cuts and flows between them, per group."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.onsale import SaleDays
from stockturn.engine.periods import month_ends
from stockturn.engine.postings import FLOW_CODE, FLOWS
from stockturn.engine.scopes import Scopes
from stockturn.engine.targets import CellTargets
from stockturn.engine.valued import Timeline, ValuedDays
from stockturn.model import Period

RECEIVED = ("purchase", "purchase_return", "production_in", "assembly_in", "transfer_in", "transfer_out")
"""Kinds whose net units count as received: what was bought or made here, less what was sent on."""

Table = list[np.ndarray]
"""One array over the groups for each cut of the period."""


def sums(
    valued: ValuedDays,
    settings: Settings,
    scopes: Scopes,
    period: Period,
    sale: SaleDays | None,
    targets: CellTargets | None,
) -> pl.DataFrame:
    """Stock and flow sums of every group over the period (or over each of its months): the base of every metric.

    Columns: the ``by`` columns, days, year_days, cells, opening_value, closing_value, avg_inventory, the same in
    units (opening_qty, closing_qty, avg_qty), out_days and sale_days (NaN without ``sale``), and the flows.
    """
    ends = [period.start - timedelta(days=1), *month_ends(period.start, period.end)]
    cuts = [(at, at + 1) for at in range(len(ends) - 1)] if scopes.monthly else [(0, len(ends) - 1)]
    stock = _stock(valued, scopes, settings, ends, cuts, sale)
    flows = _flows(valued, scopes, settings, ends, cuts, targets)
    frames = []
    for number, (first, last) in enumerate(cuts):
        days = (ends[last] - ends[first]).days
        columns = {name: table[number] for name, table in {**stock, **flows}.items()}
        frame = scopes.groups.with_columns(
            *(pl.Series(name, values) for name, values in columns.items()),
            month=pl.lit(f"{ends[last]:%Y-%m}"),
            days=pl.lit(days),
            year_days=pl.lit(period.year_days),
        )
        frames.append(frame if scopes.monthly else frame.drop("month"))
    return _known(pl.concat(frames), valued)


def _stock(
    valued: ValuedDays,
    scopes: Scopes,
    settings: Settings,
    ends: list[date],
    cuts: list[tuple[int, int]],
    sale: SaleDays | None,
) -> dict[str, Table]:
    """Opening, closing and average stock, and days on sale, per cut and group."""
    timeline = Timeline.of(valued, ends)
    size = scopes.groups.height

    def by_group(matrix: np.ndarray) -> np.ndarray:
        return np.stack([np.bincount(scopes.of_cell, column, size) for column in matrix.T])

    tables: dict[str, Table] = {}
    for column, opening, closing, average in (
        ("value", "opening_value", "closing_value", "avg_inventory"),
        ("on_hand", "opening_qty", "closing_qty", "avg_qty"),
    ):
        amount = np.nan_to_num(valued.balances[column].to_numpy())
        points, area = by_group(timeline.read(amount)), by_group(timeline.integral(amount))
        tables[opening] = [points[first] for first, _ in cuts]
        tables[closing] = [points[last] for _, last in cuts]
        tables[average] = [_average(points, area, ends, cut, settings.turnover.average) for cut in cuts]
    nothing = np.full(size, np.nan)
    for name in ("out_days", "sale_days"):
        if sale is None:
            tables[name] = [nothing] * len(cuts)
            continue
        area = by_group(timeline.integral(getattr(sale, name)))
        tables[name] = [area[last] - area[first] for first, last in cuts]
    cells = valued.cells
    for name in ("estimated", "no_cost"):
        count = np.bincount(scopes.of_cell, cells[name].to_numpy().astype(float), size)
        tables[name] = [count] * len(cuts)
    tables["cells"] = [np.bincount(scopes.of_cell, minlength=size).astype(float)] * len(cuts)
    return tables


def _average(
    points: np.ndarray, area: np.ndarray, ends: list[date], cut: tuple[int, int], basis: str
) -> np.ndarray:
    """Average stock between two cuts: daily, monthly (part months by their share), month_points or two_point."""
    first, last = cut
    if basis == "daily":
        return np.asarray((area[last] - area[first]) / (ends[last] - ends[first]).days)
    if basis == "two_point":
        return np.asarray((points[first] + points[last]) / 2)
    inside = points[first : last + 1]
    if basis == "month_points":
        return np.asarray(inside.mean(axis=0))
    spans = [
        (end - start).days for start, end in zip(ends[first:last], ends[first + 1 : last + 1], strict=True)
    ]
    shares = np.array(
        [
            days / calendar.monthrange(end.year, end.month)[1]
            for days, end in zip(spans, ends[first + 1 : last + 1], strict=True)
        ]
    )
    middles = (inside[1:] + inside[:-1]) / 2
    return np.asarray((middles * shares[:, None]).sum(axis=0) / shares.sum())


def _flows(
    valued: ValuedDays,
    scopes: Scopes,
    settings: Settings,
    ends: list[date],
    cuts: list[tuple[int, int]],
    targets: CellTargets | None,
) -> dict[str, Table]:
    """Flows per cut and group, by what the metrics need."""
    days = [valued.day_of(end) for end in ends]
    cut_of = np.zeros(days[-1] + 1, np.int64)
    for number, (start, end) in enumerate(cuts):
        cut_of[days[start] + 1 : days[end] + 1] = number
    inside = valued.flows.lazy().filter(pl.col("day").is_between(days[0] + 1, days[-1]))
    group = pl.lit(pl.Series(scopes.of_cell * len(cuts))).gather(pl.col("cell"))
    slot = group + pl.lit(pl.Series(cut_of)).gather(pl.col("day"))
    value = pl.col("value").fill_nan(0.0)
    measures = {"qty": pl.col("qty"), "value": value, "revenue": pl.col("revenue")}
    if targets is not None:
        need = pl.lit(pl.Series(targets.inverse)).gather(pl.col("cell"))
        measures |= {"needed": value * need, "aimed": value * (need > 0).cast(pl.Float64)}
    grouped = (
        inside.select(slot=slot, kind=pl.col("kind").to_physical(), **measures)
        .group_by("slot", "kind")
        .agg(pl.all().sum())
        .collect()
    )
    return _figures(valued, settings, _cube(grouped, list(measures), scopes.groups.height, len(cuts)))


def _cube(grouped: pl.DataFrame, measures: list[str], size: int, cuts: int) -> dict[str, np.ndarray]:
    """Each measure as an array [kind, cut, group]."""
    slot, kind = grouped["slot"].to_numpy(), grouped["kind"].to_numpy()
    cube = {}
    for name in measures:
        cube[name] = np.zeros((len(FLOWS), cuts, size))
        cube[name][kind, slot % cuts, slot // cuts] = grouped[name].to_numpy()
    return cube


def _figures(valued: ValuedDays, settings: Settings, cube: dict[str, np.ndarray]) -> dict[str, Table]:
    """The named flows; outflows come out positive."""

    def total(measure: str, *kinds: str) -> np.ndarray:
        return np.asarray(sum(cube[measure][FLOW_CODE[kind]] for kind in kinds)) + 0.0

    sold = valued.sold_kinds
    asked = (*settings.ingest.demand_kinds, "sale_return")
    figures = {
        "cogs": -total("value", *sold),
        "usage": -total("value", *asked),
        "sold_qty": -total("qty", *sold),
        "used_qty": -total("qty", *asked),
        "received_qty": total("qty", *RECEIVED),
        "revenue": total("revenue", *sold),
        "purchases_value": total("value", "purchase", "purchase_return"),
        "scrap_value": -total("value", "scrap"),
        "count_loss_value": -total("value", "adjustment_out"),
        "difference_value": total("value", "difference"),
        "variance": total("value", "price_variance", "negative_stock_variance", "rounding_difference"),
        "negative_stock_variance": total("value", "negative_stock_variance"),
    }
    if "needed" in cube:
        figures |= {"needed_stock": -total("needed", *sold), "aimed_cogs": -total("aimed", *sold)}
    return {name: list(table) for name, table in figures.items()}


def _known(frame: pl.DataFrame, valued: ValuedDays) -> pl.DataFrame:
    """Null for what is not known: no cost in any cell, no revenue in the ledger; and what is estimated."""
    no_cost = pl.col("no_cost") >= pl.col("cells")
    money = [
        name
        for name in frame.columns
        if name in ("cogs", "usage", "avg_inventory", "variance", "needed_stock", "aimed_cogs")
        or (name.endswith("_value") and name != "revenue")
    ]
    revenue = pl.col("revenue") if valued.has_revenue else pl.lit(None, pl.Float64)
    # Raw material is never sold: it turns over on what production takes.
    only_used = (pl.col("sold_qty") == 0) & (pl.col("used_qty") != 0)
    return frame.with_columns(
        *(pl.when(~no_cost).then(pl.col(name)).alias(name) for name in money),
        revenue.alias("revenue"),
        pl.col("out_days", "sale_days").fill_nan(None),
        no_cost=no_cost,
        estimated=(pl.col("estimated") > 0) | (pl.col("no_cost") > 0),
        flow=pl.when(only_used).then(pl.lit("usage")).otherwise(pl.lit("cogs")),
        cells=pl.col("cells").cast(pl.Int64),
    ).drop("used_qty")
