"""Ageing layers, status, provision and way out of what is on hand."""

from __future__ import annotations

import polars as pl

from stockturn.engine.ageing import bucket_names, bucket_of
from stockturn.engine.deadstock import limit_of, provision_shares
from stockturn.engine.explain.registry import CELL, About, Area, Behind, Figure
from stockturn.schema import Unit

_LEDGER = (Behind("movements"), Behind("stock"), Behind("batches"))
_LIMITS = ("new_days", "dead_days", "never_sold_days", "stagnant_days", "slow_days", "slow_cover_days")


def layers(about: About) -> pl.DataFrame:
    """What is left of each inflow: sku, warehouse, received_on (null: before the ledger), days, age_bucket, qty,
    unit_cost (it came in at), the youngest first."""
    as_of, settings = about.run.entries.as_of, about.settings.deadstock
    return (
        about.run.layers.filter(pl.col("sku").is_in(about.skus))
        .select(
            *CELL,
            "received_on",
            days=(pl.lit(as_of) - pl.col("received_on")).dt.total_days(),
            age_bucket=bucket_of(as_of, settings),
            qty="qty",
            unit_cost="receipt_cost",
        )
        .sort(*CELL, "received_on", "unit_cost", descending=[False, False, True, False], nulls_last=True)
        .collect()
    )


def ageing(about: About) -> Area:
    """Units and value of what is on hand by age."""
    entries = about.run.entries
    start = (entries.as_of - entries.first_day).days + 1
    weighed = (
        layers(about)
        .group_by(CELL)
        .agg(day_units=(pl.col("days").fill_null(start) * pl.col("qty")).sum(), layers=pl.len())
    )
    frame = about.of(about.run.deadstock_terms).join(weighed, on=CELL, how="left")
    names = bucket_names(about.settings.deadstock)
    buckets = (
        figure
        for name in names
        for figure in (
            Figure(f"age_{name}", formula="report.formula_age", unit=Unit.QTY),
            Figure(
                f"value_{name}",
                f"age_{name} × value / on_hand",
                formula="explain.formula_age_value",
                unit=Unit.MONEY,
            ),
        )
    )
    mean = Figure("mean_age_days", "day_units / on_hand")
    return Area(
        "ageing",
        frame,
        (*buckets, mean, Figure("receipt_value", missing="no_cost")),
        _LEDGER,
        "mean_age_days",
    )


def deadstock(about: About) -> Area:
    """Status and what follows from it, as ``deadstock`` gives them."""
    entries, chosen = about.run.entries, about.settings.deadstock
    frame = (
        about.of(about.run.deadstock_terms)
        .with_columns(
            pl.col("reserved").fill_null(0.0),
            *(limit_of(chosen, name).alias(name) for name in _LIMITS),
            as_of=pl.lit(entries.as_of),
            selling_cost=pl.lit(float(chosen.selling_cost)),
        )
        .with_columns(_status_case(), _provision_case())
    )
    shares = provision_shares(entries, chosen)
    by_age = " + ".join(f"value_{name} × {share:g}" for name, share in shares.items() if share) or "0"
    return Area("deadstock", frame, _figures(by_age, about.demanded), _LEDGER, "status")


def _figures(by_age: str, sales: tuple[Behind, ...]) -> tuple[Figure, ...]:
    """The figures; ``sales`` are the rows that the daily rate rests on."""
    prices = (Behind("items"), Behind("prices"))
    return (
        Figure("on_hand"),
        Figure("value", missing="no_cost"),
        Figure("last_sale", missing="never_sold"),
        Figure("days_since_sale", "as_of - last_sale"),
        Figure("last_receipt", missing="never_received"),
        Figure("days_since_receipt", "as_of - last_receipt"),
        Figure("idle_days", "as_of - idle_since"),
        Figure("status", _STATUS, by="status_case"),
        Figure("demand_per_day", behind=sales, formula="explain.formula_mean_rate"),
        Figure("rate_basis"),
        Figure("cover_days", "max(0, on_hand - reserved) / demand_per_day", missing="no_demand"),
        Figure("unit_price", behind=prices, missing="not_stated"),
        Figure("age_provision", by_age),
        Figure(
            "nrv_provision",
            "max(0, (unit_cost - unit_price × (1 - selling_cost)) × on_hand)",
            behind=prices,
        ),
        Figure(
            "provision",
            {
                "both": "max(age_provision, nrv_provision)",
                "age": "age_provision",
                "nrv": "nrv_provision",
                "": "",
            },
            by="provision_case",
        ),
        Figure("excess_qty", formula="explain.formula_excess_qty", missing="no_plan"),
        Figure("excess_value", "excess_qty × unit_cost"),
        Figure("next_expiry", missing="no_expiry"),
        Figure("expiring_qty", missing="no_expiry"),
        Figure("action"),
        Figure("action_qty", missing="no_action"),
        Figure("cash_back", missing="no_action"),
        Figure("next_action", missing="no_other_way"),
        Figure("next_cash", missing="no_other_way"),
        Figure("reason", missing="no_action"),
        Figure("owner"),
        Figure("due_date", missing="no_action"),
    )


_STATUS = {
    "launched": "launched_days < new_days",
    "received": "received_days < new_days",
    "never": "idle_days ≥ never_sold_days",
    "dead": "idle_days ≥ dead_days",
    "stagnant": "idle_days ≥ stagnant_days",
    "slow": "idle_days ≥ slow_days",
    "covered": "cover_days > slow_cover_days",
    "active": "idle_days < slow_days",
}


def _status_case() -> pl.Expr:
    """The condition that gave the status."""
    status = pl.col("status")
    young = (pl.col("launched_days") < pl.col("new_days")).fill_null(False)
    return (
        pl.when((status == "new") & young).then(pl.lit("launched"))
        .when(status == "new").then(pl.lit("received"))
        .when(status.is_in(["dead", "misplaced"]) & pl.col("last_demand").is_null()).then(pl.lit("never"))
        .when(status.is_in(["dead", "misplaced"])).then(pl.lit("dead"))
        .when((status == "slow") & (pl.col("idle_days") < pl.col("slow_days"))).then(pl.lit("covered"))
        .otherwise(status)
        .alias("status_case")
    )  # fmt: skip


def _provision_case() -> pl.Expr:
    """Which of the two provisions is known."""
    by_age, by_price = (pl.col(name).is_not_null() for name in ("age_provision", "nrv_provision"))
    return (
        pl.when(by_age & by_price).then(pl.lit("both"))
        .when(by_age).then(pl.lit("age"))
        .when(by_price).then(pl.lit("nrv"))
        .otherwise(pl.lit(""))
        .alias("provision_case")
    )  # fmt: skip
