"""Balances of the period and the figures of turnover, with the movements they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from stockturn.engine.explain.points import averaged
from stockturn.engine.explain.registry import CELL, About, Area, Behind, Figure, summed
from stockturn.engine.metrics import METRICS
from stockturn.engine.postings import FLOWS
from stockturn.engine.sums import RECEIVED
from stockturn.schema import KINDS, Unit

_LEDGER = (Behind("movements"), Behind("stock"))
_BEFORE = (
    "turnover",
    "dio_days",
    "cogs",
    "avg_inventory",
    "revenue",
    "gross_margin",
    "gmroi",
    "stockout_rate",
)


def balance(about: About) -> Area:
    """Opening, movements by kind, closing: in units and in value."""
    moved = flows_by_kind(about)
    kinds = kinds_in(moved)
    keep = ("opening_qty", "opening_value", "closing_qty", "closing_value", "estimated", "reason_code")
    frame = about.turnover.select(*CELL, *keep).join(
        wide(moved, kinds), on=CELL, how="left", nulls_equal=True
    )
    frame = frame.with_columns(pl.col(f"{what}_{kind}").fill_null(0.0) for kind in kinds for what in _WHAT)
    frame = frame.with_columns(_value_known(kind) for kind in kinds)
    unknown = (
        pl.col("closing_value").is_null().any().over("sku")
    )  # of such a cell the whole has the movements alone
    frame = frame.with_columns(valued=pl.when(unknown).then(pl.lit("some")).otherwise(pl.lit("all")))
    steps = [_kind(kind, what) for kind in kinds for what in ("qty", "value")]
    values = [f"value_{kind}" for kind in kinds]
    return Area(
        "balance",
        frame,
        (
            Figure("opening_qty"),
            Figure("opening_value"),
            *steps,
            Figure("closing_qty", " + ".join(["opening_qty", *(f"qty_{kind}" for kind in kinds)])),
            Figure("closing_value", {"all": " + ".join(["opening_value", *values]), "some": ""}, by="valued"),
            Figure("estimated"),
        ),
        _LEDGER,
        "closing_qty",
    )


def _kind(kind: str, what: str) -> Figure:
    behind = (Behind("movements", (kind,), within=True),) if kind in KINDS else (Behind("stock"),)
    unit = Unit.QTY if what == "qty" else Unit.MONEY
    missing = "no_cost" if what == "value" else ""
    formula = f"explain.formula_moved_{what}"
    return Figure(f"{what}_{kind}", behind=behind, formula=formula, unit=unit, missing=missing)


def _value_known(kind: str) -> pl.Expr:
    """The value of what moved; null where units moved and nothing is known of what any of them cost."""
    moved, known = pl.col(f"qty_{kind}") != 0, pl.col(f"known_{kind}") > 0
    return pl.when(known | ~moved).then(pl.col(f"value_{kind}"))


_MOVED = ("qty", "value", "revenue")
_WHAT = (*_MOVED, "known")


def flows_by_kind(about: About) -> pl.DataFrame:
    """What moved within the period: sku, warehouse, kind, qty, value, revenue, known (postings that have a value); in the
    order of kinds."""
    valued, period = about.run.valued, about.run.period
    first, last = valued.day_of(period.start), valued.day_of(period.end)
    cells = about.of(valued.cells).select("cell", *CELL)
    return (
        valued.flows.lazy()
        .filter(pl.col("day").is_between(first, last))
        .join(cells.lazy(), on="cell")
        .group_by(*CELL, "kind")
        .agg(
            pl.col(_MOVED).fill_nan(0.0).fill_null(0.0).sum(),
            known=pl.col("value").is_finite().sum().cast(pl.Float64),
        )
        .with_columns(pl.col("kind").cast(pl.String))
        .collect()
    )


def kinds_in(moved: pl.DataFrame) -> list[str]:
    """The kinds that moved anything, in their order."""
    there = set(moved.filter((pl.col("qty") != 0) | (pl.col("value") != 0))["kind"])
    return [kind for kind in FLOWS if kind in there]


def wide(moved: pl.DataFrame, kinds: Sequence[str]) -> pl.DataFrame:
    """One row per cell and per sku, columns ``qty_KIND``, ``value_KIND``, ``revenue_KIND`` and ``known_KIND``."""
    here = {kind: pl.col("kind") == kind for kind in kinds}
    columns = [
        pl.col(what).filter(here[kind]).sum().alias(f"{what}_{kind}") for kind in kinds for what in _WHAT
    ]
    return summed(moved.group_by(CELL).agg(columns))


def turnover(about: About) -> Area:
    """The figures of ``turnover`` by cell and for the sku as a whole."""
    moved = flows_by_kind(about)
    kinds = kinds_in(moved)
    parts = wide(moved, kinds).with_columns(
        (-pl.col(f"{what}_{kind}")).alias(f"{out}_{kind}")
        for kind in kinds
        for what, out in (("qty", "units"), ("value", "cost"))
    )
    frame = about.turnover.join(parts, on=CELL, how="left", nulls_equal=True)
    frame = frame.with_columns(pl.col(name).fill_null(0.0) for name in parts.columns[2:])
    frame = frame.join(averaged(about), on=CELL, how="left", nulls_equal=True)
    return Area("turnover", frame, _turnover_figures(about, kinds), _LEDGER, "turnover")


def _turnover_figures(about: About, kinds: Sequence[str]) -> tuple[Figure, ...]:
    valued = about.run.valued
    sold = [kind for kind in kinds if kind in valued.sold_kinds]
    asked = [kind for kind in kinds if kind in {*about.settings.ingest.demand_kinds, "sale_return"}]
    received = [kind for kind in kinds if kind in RECEIVED]
    issued = (Behind("movements", tuple(valued.sold_kinds), within=True),)
    first = (
        Figure("cogs", _issued("cost", "value", sold), behind=issued),
        Figure("usage", _issued("cost", "value", asked)),
        Figure("revenue", _plus(f"revenue_{kind}" for kind in sold), behind=issued, missing="no_revenue"),
        Figure("sold_qty", _issued("units", "qty", sold), behind=issued),
        Figure("received_qty", _plus(f"qty_{kind}" for kind in received)),
        Figure("avg_inventory", "avg_value_sum / avg_weight"),
        Figure("avg_qty", "avg_qty_sum / avg_weight"),
        Figure("scrap_value", _issued("cost", "value", [kind for kind in kinds if kind == "scrap"])),
        Figure("count_loss_value", _issued("cost", "value", [k for k in kinds if k == "adjustment_out"])),
        Figure("target", missing="no_target"),
    )
    metrics = tuple(_metric(name) for name in METRICS)
    change = "(turnover - turnover_previous) / turnover_previous"
    last = (
        Figure("lost_sales_est", missing="no_stock_known"),
        Figure("lost_sales_value", missing="no_stock_known"),
        Figure("inventory_accuracy", missing="no_count"),
        Figure("turnover_change", change),
        Figure("dio_change", "dio_days - dio_days_previous"),
    )
    past = tuple(
        Figure(f"{name}_{when}", formula="explain.formula_other_period", missing="no_period")
        for when in ("previous", "year_ago")
        for name in _BEFORE
    )
    bases = tuple(Figure(name) for name in ("cost_basis", "avg_basis", "flow"))
    return (*bases, *first, *metrics, *last, *past)


def _metric(name: str) -> Figure:
    """A metric with the arithmetic of its registry; goods that only feed production turn over on usage."""
    terms = METRICS[name].formula
    if "cogs" not in terms or name == "gross_margin":
        return Figure(name, terms, missing="no_sale_days" if name == "stockout_rate" else "")
    return Figure(name, {"cogs": terms, "usage": terms.replace("cogs", "usage")}, by="flow")


def _issued(out: str, back: str, kinds: Sequence[str]) -> str:
    """Issues less what came back."""
    gone = [f"{out}_{kind}" for kind in kinds if kind != "sale_return"]
    returned = [f"{back}_{kind}" for kind in kinds if kind == "sale_return"]
    return " - ".join([_plus(gone), *returned])


def _plus(names: Iterable[str]) -> str:
    return " + ".join(names) or "0"
