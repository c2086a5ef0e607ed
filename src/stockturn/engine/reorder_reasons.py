"""Why each quantity is what it is: a sentence per row from which it can be worked out again by hand."""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.config import Settings
from stockturn.engine.expr import ratio
from stockturn.engine.phrases import number, phrase

HAIR = 1e-9


def reason(lang: str, as_of: date, settings: Settings) -> pl.Expr:
    """The reason of a suggestion: levels, position, need, what bound it, what else should be known.

    Needs the columns of reorder_frames' figures. Figures are shown to 0.01 (below 1 to 0.0001); the need is used as
    it is shown, so that minimum, packs and caps lead from it to the quantity exactly.
    """
    parts = [
        *_levels(lang), *_position(lang), *_need(lang), *_bounds(lang), *_afterwards(lang, as_of), pl.col("order_changes"),
        _lasts(lang, settings), *_context(lang),
    ]  # fmt: skip
    return pl.concat_str(parts, separator=_join(lang), ignore_nulls=True)


def _join(lang: str) -> str:
    from stockturn.i18n import text

    return text("reorder.join", lang)


def _when(condition: pl.Expr, said: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(said)


def _levels(lang: str) -> list[pl.Expr]:
    """One sentence by policy: how reorder point or order-up-to level come about."""
    figures = {
        "top": number("order_up_to"),
        "point": number("reorder_point"),
        "demand": number("span_demand"),
        "rate": number("demand_per_day", 3),
        "lead": number("lead_time_days"),
        "review": number("review_days"),
        "safety": number("safety_stock"),
        "lot": number(
            pl.when(pl.col("policy") == "sS")
            .then(pl.col("order_up_to") - pl.col("reorder_point"))
            .otherwise(pl.col("lot"))
        ),
    }
    policies = ("rs", "jit", "vmi", "sS", "rop", "minmax")
    said = [_when(pl.col("policy") == name, phrase(f"reorder.{name}", lang, **figures)) for name in policies]
    fallback = (pl.col("stated_policy") == "minmax") & (pl.col("policy") != "minmax")
    return [*said, _when(fallback, phrase("reorder.minmax_incomplete", lang))]


def _position(lang: str) -> list[pl.Expr]:
    moved = pl.col("transfer_qty")
    sign = pl.when(moved < 0).then(pl.lit("− ")).otherwise(pl.lit("+ "))
    figures = {
        "on_hand": number("on_hand"),
        "reserved": number("reserved"),
        "on_order": number("counted"),
        "position": number("position"),
        "placed": number("placed_qty"),
        "moved": pl.concat_str(sign, number(moved.abs())),
    }
    beyond = pl.col("on_order") - pl.col("counted")
    return [
        pl.when(moved == 0)
        .then(phrase("reorder.position", lang, **figures))
        .otherwise(phrase("reorder.position_moved", lang, **figures)),
        _when(
            beyond > HAIR,
            phrase("reorder.beyond", lang, beyond=number(beyond), days=number(pl.col("span_days").ceil())),
        ),
    ]


def _need(lang: str) -> list[pl.Expr]:
    """The need, or why there is none."""
    need = pl.col("need_qty")
    by_trigger = pl.col("policy").is_in(["sS", "rop", "minmax"])
    by_numbers = (pl.col("policy") == "minmax") & pl.col("kept")
    above = pl.col("placed_qty") > pl.col("reorder_point") + HAIR
    asked = (pl.col("span_demand") > HAIR) | by_numbers
    lots = pl.col("policy") == "rop"
    return [
        pl.when(need > 0)
        .then(
            pl.when(lots)
            .then(
                phrase(
                    "reorder.need_lots", lang,
                    need=number(need), lots=number(need / pl.col("lot")), lot=number("lot"),
                )
            )
            .otherwise(phrase("reorder.need", lang, need=number(need)))
        )
        .when("stopped").then(phrase("reorder.stopped", lang))
        .when(~asked).then(phrase("reorder.no_demand", lang))
        .when(by_trigger & above).then(phrase("reorder.above_trigger", lang, point=number("reorder_point")))
        .otherwise(phrase("reorder.enough", lang))
    ]  # fmt: skip


def _bounds(lang: str) -> list[pl.Expr]:
    """Minimum, packs and caps, in the order in which they act."""
    need, moq, qty = pl.col("need_qty"), pl.col("moq"), pl.col("rounded_qty")
    wanted = need > 0
    capped = pl.col("at_max") | pl.col("above_max")
    packed = {"multiple": number("order_multiple"), "qty": number("rounded_qty")}
    limit = {"maximum": number("max_stock"), "qty": number("rounded_qty")}
    return [
        _when(
            wanted & (moq > 0),
            pl.when(moq > need)
            .then(phrase("reorder.moq_lifts", lang, moq=number("moq")))
            .otherwise(phrase("reorder.moq_met", lang, moq=number("moq"))),
        ),
        _when(wanted & ~capped, phrase("reorder.pack", lang, **packed)),
        _when(wanted & pl.col("at_max"), phrase("reorder.at_max", lang, **limit, multiple=packed["multiple"])),
        _when(wanted & pl.col("above_max"), phrase("reorder.above_max", lang, **limit, multiple=packed["multiple"])),
        _when(
            pl.col("kept_qty") < qty - HAIR,
            phrase(
                "reorder.shelf", lang,
                days=number("shelf_life_days"), room=number("shelf_room"), qty=number("kept_qty"),
            ),
        ),
        _when(
            pl.col("fitting_qty") < pl.col("kept_qty") - HAIR,
            phrase("reorder.space", lang, room=number("space"), qty=number("fitting_qty")),
        ),
    ]  # fmt: skip


def _afterwards(lang: str, as_of: date) -> list[pl.Expr]:
    """Minimum order value, budget, transfers."""
    later = (pl.lit(as_of) + pl.duration(days=pl.col("review_days").cast(pl.Int64))).cast(pl.String)
    moved = number(pl.col("transfer_qty").abs())
    return [
        _when(
            pl.col("held") > 0,
            phrase("reorder.below_minimum_order", lang, value=number("min_order_value"), date=later),
        ),
        _when(
            pl.col("extra") > 0,
            phrase("reorder.topped_up", lang, extra=number("extra"), value=number("min_order_value")),
        ),
        _when(pl.col("cut") > 0, phrase("reorder.no_budget", lang, cut=number("cut"))),
        _when(
            pl.col("from_where").is_not_null(),
            phrase("reorder.transfer_in", lang, qty=moved, warehouses=pl.col("from_where")),
        ),
        _when(
            pl.col("to_where").is_not_null(),
            phrase("reorder.transfer_out", lang, qty=moved, warehouses=pl.col("to_where")),
        ),
    ]


def _lasts(lang: str, settings: Settings) -> pl.Expr:
    """How long the order would last, where a minimum or a pack makes it last long."""
    days = ratio(pl.col("placed_qty") + pl.col("suggested_qty"), "demand_per_day")
    long = (days > settings.deadstock.slow_cover_days).fill_null(False)
    lifted = pl.col("suggested_qty") > pl.col("need_qty") + HAIR
    return _when(
        (pl.col("suggested_qty") > 0) & lifted & long,
        phrase("reorder.lasts", lang, days=number(days.floor())),
    )


def _context(lang: str) -> list[pl.Expr]:
    """Where safety stock and lead time come from, what is late, who else could deliver."""
    safety = {
        "level": number(pl.col("service_level") * 100),
        "normal": number("safety_stock_normal"),
        "target": pl.when(pl.col("target_kind") == "fill")
        .then(phrase("reorder.target_fill", lang))
        .otherwise(phrase("reorder.target_cycle", lang)),
    }
    uses_safety = ~pl.col("policy").is_in(["jit", "minmax"]) & (pl.col("safety_stock") > 0)
    sources = ("measured", "supplier", "item", "stated", "default", "rule")
    return [
        _when(
            uses_safety,
            pl.when("measured")
            .then(phrase("reorder.safety_measured", lang, **safety))
            .otherwise(phrase("reorder.safety_poisson", lang, **safety)),
        ),
        *(
            _when(pl.col("lead_time_source") == name, phrase(f"reorder.lead_{name}", lang))
            for name in sources
        ),
        _when(pl.col("closed_days") > 0, phrase("reorder.closed", lang, days=number("closed_days"))),
        _when(
            (pl.col("late_days") > 0) & (pl.col("need_qty") > 0),
            phrase("reorder.late", lang, days=number("late_days")),
        ),
        _when(
            pl.col("overdue_qty") > 0,
            phrase("reorder.overdue", lang, qty=number("overdue_qty"), days=number("overdue_days")),
        ),
        phrase("reorder.backup", lang, supplier=pl.col("backup_supplier")),
        _when(pl.col("placed"), phrase("reorder.placed", lang)),
        _when(pl.col("guessed"), phrase("reorder.stock_guessed", lang)),
    ]
