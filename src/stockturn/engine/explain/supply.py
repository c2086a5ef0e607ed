"""Lead time, levels and suggestion of the cells, as ``reorder`` gives them."""

from __future__ import annotations

import polars as pl

from stockturn.config.reorder import ReorderSettings
from stockturn.engine.explain.registry import CELL, About, Area, Behind, Figure
from stockturn.engine.outlook import BUCKET_DAYS
from stockturn.schema import Unit

_ORDERS = (Behind("orders"), Behind("suppliers"), Behind("items"))
_PLAN = (Behind("stock"), Behind("movements"), Behind("orders"), Behind("items"))

_LEVEL = {
    "rs": "span_demand + safety_stock",
    "jit": "span_demand + safety_stock",
    "vmi": "span_demand + safety_stock",
    "sS": "reorder_point + lot_used",
    "rop": "reorder_point + lot",
    "minmax": "max_stock",
}
_POINT = {
    "rs": "lead_demand + safety_lead",
    "jit": "lead_demand + safety_lead",
    "vmi": "lead_demand + safety_lead",
    "rop": "lead_demand + safety_lead",
    "sS": "span_demand + safety_stock",
    "minmax": "min_stock",
}
_NEED = {
    "up_to": "max(0, order_up_to - placed_qty)",
    "lots": "(floor((reorder_point - placed_qty) / lot) + 1) × lot",
    "": "",
}


def lead_time(about: About) -> Area:
    """How long the supplier takes, measured and as planned with."""
    weight = about.settings.reorder.lead_time_weight
    frame = about.of(about.run.reorder_terms).with_columns(
        weight=pl.lit(float(weight)),
        own_sd=pl.coalesce("sd_days", "supplier_sd"),
        sd_source=pl.lit("rule") if _sd_by_rule(about.settings.reorder) else pl.col("lead_time_source"),
    )
    return Area("lead_time", frame, _LEAD, _ORDERS, "lead_time_days")


def _sd_by_rule(chosen: ReorderSettings) -> bool:
    """Whether any rule states a spread of lead times: then only the rules can say whose it is."""
    rules = (*chosen.skus.values(), *chosen.categories.values(), *chosen.classes.values())
    return any(rule.lead_time_sd is not None for rule in rules)


_LEAD = (
    Figure("supplier"),
    Figure("backup_supplier", missing="no_backup"),
    Figure("lead_time_source"),
    Figure("receipts"),
    Figure("mean_days", unit=Unit.DAYS, missing="no_receipts"),
    Figure("sd_days", unit=Unit.DAYS, missing="few_receipts"),
    Figure("supplier_mean", unit=Unit.DAYS, missing="no_receipts"),
    Figure("supplier_sd", unit=Unit.DAYS, missing="few_receipts"),
    Figure("closed_days", unit=Unit.DAYS),
    Figure(
        "lead_time_days",
        {
            "measured": "(receipts × mean_days + weight × supplier_mean) / (receipts + weight) + closed_days",
            "supplier": "supplier_mean + closed_days",
        },
        by="lead_time_source",
    ),
    Figure(
        "lead_time_sd",
        {
            "measured": "√((receipts × own_sd² + weight × supplier_sd²) / (receipts + weight))",
            "supplier": "supplier_sd",
        },
        by="sd_source",
    ),
    Figure("review_days"),
)


def reorder(about: About) -> Area:
    """Position, levels, need and suggestion, each from the ones before."""
    chosen = about.settings.reorder
    sums = about.run.supply.sums
    deviation = (
        pl.DataFrame(schema={"sku": pl.String, "warehouse": pl.String, "error_sd": pl.Float64})
        if sums is None
        else about.of(sums).filter(pl.col("span") == 1).select(*CELL, "error_sd")
    )
    frame = (
        about.of(about.run.reorder_terms)
        .join(deviation, on=CELL, how="left")
        .with_columns(
            _cases(chosen.rounding), bucket_days=pl.lit(BUCKET_DAYS[about.settings.forecast.bucket])
        )
    )
    return Area("reorder", frame, _REORDER, _PLAN, "suggested_qty")


_REORDER = (
    Figure("policy"),
    Figure("on_hand"),
    Figure("reserved"),
    Figure("on_order", behind=(Behind("orders"),)),
    Figure("counted", unit=Unit.QTY, behind=(Behind("orders"),)),
    Figure("position", "on_hand - reserved + counted"),
    Figure("demand_per_day", {"span": "span_demand / span_days", "": ""}, by="rate_case"),
    Figure("rate_basis"),
    Figure("lead_time_days", behind=_ORDERS, formula="explain.formula_lead_time_days"),
    Figure("lead_time_sd", behind=_ORDERS, formula="explain.formula_lead_time_sd"),
    Figure(
        "span_days",
        {"rop": "lead_time_days", "": "lead_time_days + review_days"},
        by="span_case",
        unit=Unit.DAYS,
    ),
    Figure("span_demand", unit=Unit.QTY),
    Figure("lead_demand", unit=Unit.QTY),
    Figure("service_level"),
    Figure("target_kind"),
    Figure(
        "safety_stock",
        {
            "cycle": "√(error_part² + (z × demand_per_day × lead_time_sd)²)",
            "none": "0",
            "": "",
        },
        by="safety_case",
    ),
    Figure(
        "safety_stock_normal",
        {
            "measured": "z × √(span_days / bucket_days × error_sd² + (demand_per_day × lead_time_sd)²)",
            "": "",
        },
        by="textbook_case",
    ),
    Figure("expected_cycle"),
    Figure("expected_fill", missing="no_demand"),
    Figure("reorder_point", _POINT, by="policy"),
    Figure("order_up_to", _LEVEL, by="policy"),
    Figure("transfer_qty"),
    Figure("need_qty", _NEED, by="need_case"),
    Figure("moq", behind=(Behind("items"),)),
    Figure("order_multiple", behind=(Behind("items"),)),
    Figure(
        "suggested_qty",
        {"packs": "ceil(max(need_qty, moq) / order_multiple) × order_multiple", "none": "0", "": ""},
        by="packs_case",
    ),
    Figure("purchase_price", missing="no_cost"),
    Figure("price_basis", missing="no_cost"),
    Figure("order_value", "suggested_qty × purchase_price"),
    Figure("stockout_date", missing="no_such_day"),
    Figure("need_by", missing="no_such_day"),
    Figure("order_by", missing="no_such_day"),
    Figure("cover_days", missing="no_demand"),
    Figure("late_days"),
    Figure(
        "excess_qty",
        {"": "max(0, on_hand - reserved - (order_up_to + review_days × demand_per_day))", "zero": "0"},
        by="excess_case",
    ),
    Figure("excess_value", "excess_qty × unit_cost", missing="no_cost"),
    Figure("surplus_on_order"),
    Figure("action"),
    Figure("reason"),
)


def _cases(rounding: str) -> list[pl.Expr]:
    """Which of its terms holds for each figure; empty where the reason alone can tell."""
    policy, need, qty = pl.col("policy"), pl.col("need_qty"), pl.col("suggested_qty")
    by_position = policy.is_in(["rs", "jit", "vmi"]) | (
        policy.is_in(["sS", "minmax"]) & (pl.col("placed_qty") <= pl.col("reorder_point"))
    )
    untouched = (
        ~(pl.col("at_max") | pl.col("above_max"))
        & (pl.col("rounded_qty") == pl.col("kept_qty"))
        & (pl.col("kept_qty") == pl.col("fitting_qty"))
        & (pl.col("fitting_qty") == qty)
    )
    asks = (pl.col("span_demand") > 0) & ~pl.col("stopped")
    return [
        pl.when((policy != "rop") & (pl.col("span_days") > 0)).then(pl.lit("span")).otherwise(pl.lit("")).alias("rate_case"),
        pl.when(policy == "rop").then(policy).otherwise(pl.lit("")).alias("span_case"),
        pl.when((policy == "jit") | (pl.col("span_demand") <= 0)).then(pl.lit("none"))
        .when(pl.col("target_kind") == "cycle").then(pl.lit("cycle"))
        .otherwise(pl.lit("")).alias("safety_case"),
        pl.when(pl.col("measured") & (policy != "jit") & (pl.col("span_demand") > 0)).then(pl.lit("measured"))
        .otherwise(pl.lit("")).alias("textbook_case"),
        pl.when(asks & by_position & ((need > 0) | (pl.col("order_up_to") <= pl.col("placed_qty")))).then(pl.lit("up_to"))
        .when((policy == "rop") & (need > 0)).then(pl.lit("lots"))
        .otherwise(pl.lit("")).alias("need_case"),
        pl.when((qty == 0) & (need == 0)).then(pl.lit("none"))
        .when(untouched & (need > 0) & pl.lit(rounding == "up")).then(pl.lit("packs"))
        .otherwise(pl.lit("")).alias("packs_case"),
        (pl.col("order_up_to") - pl.col("reorder_point")).alias("lot_used"),
        pl.when((pl.col("excess_qty") == 0) & (pl.col("on_hand") > pl.col("order_up_to"))).then(pl.lit("zero"))
        .otherwise(pl.lit("")).alias("excess_case"),
    ]  # fmt: skip
