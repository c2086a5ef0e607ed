"""All areas of some skus put together: figures, ledger rows, balances averaged, layers of age, what is planned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from stockturn.config.settings import Scope
from stockturn.engine.explain import age, classes, cost, master, points, sales, stock, supply
from stockturn.engine.explain.long import LONG, absent, alert_figures, figures
from stockturn.engine.explain.registry import CELL, About, Area, Behind
from stockturn.engine.explain.rows import counted, ledger_rows, with_areas
from stockturn.engine.run import Run

_MAKERS = {
    "item": master.item,
    "balance": stock.balance,
    "turnover": stock.turnover,
    "cost": cost.cost,
    "classes": classes.classes,
    "demand": sales.demand,
    "forecast": sales.forecast,
    "accuracy": sales.accuracy,
    "lead_time": supply.lead_time,
    "reorder": supply.reorder,
    "ageing": age.ageing,
    "deadstock": age.deadstock,
}
AREAS = (*_MAKERS, "alerts")
"""Areas in their order."""

_BY_CELL = ("cost", "lead_time", "reorder", "ageing", "deadstock")
"""Areas that tell of every warehouse why it has nothing."""

_ALERTED = (Behind("movements"), Behind("stock"), Behind("orders"), Behind("items"))


@dataclass(frozen=True)
class Explained:
    """``figures``: sku, warehouse, area, figure, label, period, value, value_text, unit, formula, filled_in, reason, rows.
    ``rows``: the ledger rows. ``points``: the balances averaged. ``layers``: what is left of each inflow. ``plan``,
    ``transfers``, ``order_changes``: as ``reorder`` gives them."""

    figures: pl.DataFrame
    rows: pl.DataFrame
    points: pl.DataFrame
    layers: pl.DataFrame
    plan: pl.DataFrame
    transfers: pl.DataFrame
    order_changes: pl.DataFrame

    def within(self, scope: Scope) -> Explained:
        """What concerns the warehouses of the scope: their own figures, and classes, which have no warehouse."""
        if not scope.warehouse:
            return self
        named = {name: _of_warehouses(getattr(self, name), scope) for name in ("points", "layers", "plan")}
        general = pl.col("warehouse").is_null() & pl.col("area").is_in(["item", "classes", "alerts"])
        here = pl.col("warehouse").is_in(scope.warehouse)
        moves = pl.col("from_warehouse").is_in(scope.warehouse) | pl.col("to_warehouse").is_in(
            scope.warehouse
        )
        return Explained(
            figures=self.figures.filter(here | general),
            rows=self.rows.filter(here | pl.col("warehouse").is_null()),
            transfers=self.transfers.filter(moves),
            order_changes=_of_warehouses(self.order_changes, scope),
            **named,
        )


def _of_warehouses(frame: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    return frame.filter(pl.col("warehouse").is_in(scope.warehouse))


def explain(
    run: Run,
    skus: tuple[str, ...],
    alert_run: Run | None = None,
    kept: tuple[date, pl.DataFrame] | None = None,
) -> Explained:
    """Every figure on the skus. ``run`` is over the whole company, as classes and the forecast need it; ``alert_run`` the
    one that alerts are about, where its period is another; ``kept`` the alerts recorded last."""
    about, lang = About(run, skus), run.settings.lang
    books: list[tuple[Behind, ...]] = [_ALERTED]
    areas = [make(about) for make in _MAKERS.values()]
    asked = pl.DataFrame(
        {"sku": list(skus), "warehouse": None}, schema={"sku": pl.String, "warehouse": pl.String}
    )
    cells = about.turnover.select(CELL).filter(pl.col("warehouse").is_not_null())
    parts = []
    for area in areas:
        lacking = _lacking(area, asked, cells)
        parts += [figures(area, lang, books), absent(area, lacking, lang, books)]
    parts.append(alert_figures(master.alerts(about, alert_run or run, kept), lang, 0))
    rows = ledger_rows(about)
    long = _in_order(pl.concat(parts), skus)
    made = run.replenishment
    return Explained(
        figures=counted(rows, long, books, run.period).select(*LONG, "rows"),
        rows=with_areas(rows, _used(areas), run.period),
        points=points.points(about),
        layers=age.layers(about),
        plan=about.of(made.plan),
        transfers=about.of(made.transfers),
        order_changes=about.of(made.order_changes),
    )


def _lacking(area: Area, asked: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """The skus (and of some areas the cells) that the area has nothing of."""
    none = asked.join(area.frame.select("sku").unique(), on="sku", how="anti")
    if area.name not in _BY_CELL:
        return none
    there = cells.join(area.frame.select(CELL), on=CELL, how="anti", nulls_equal=True)
    return pl.concat([none.join(cells.select("sku").unique(), on="sku", how="anti"), there])


def _used(areas: list[Area]) -> list[tuple[str, tuple[Behind, ...]]]:
    found = {(area.name, figure.behind or area.behind) for area in areas for figure in area.figures}
    own = sorted(found, key=lambda pair: (AREAS.index(pair[0]), str(pair[1])))
    return [*own, ("alerts", _ALERTED)]


def _in_order(long: pl.DataFrame, skus: tuple[str, ...]) -> pl.DataFrame:
    """By sku as asked, area, warehouse (the whole first), then figure by figure; series by bucket."""
    places = {
        "sku": pl.col("sku").replace_strict(list(skus), list(range(len(skus))), return_dtype=pl.Int64),
        "area": pl.col("area").replace_strict(list(AREAS), list(range(len(AREAS))), return_dtype=pl.Int64),
    }
    return long.with_row_index("_at").sort(*places.values(), "warehouse", "_at", nulls_last=False).drop("_at")
