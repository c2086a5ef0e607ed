"""Textbook formulas of inventory, as they stand in the books: for checking, for teaching, for a notebook.

The engine uses the vectorised ones of these; the others are here because a planner will want to hold its figures
against them. Reached as ``stockturn.formulas``; docs/replenishment.md lists them.
"""

from stockturn.engine.loss import (
    normal_cdf,
    normal_loss,
    normal_pdf,
    poisson_loss,
    second_loss,
    standard_loss,
    z_value,
)
from stockturn.engine.lots import (
    Lot,
    eoq,
    eoq_backorders,
    eoq_price_breaks,
    lot_cost,
    newsvendor_discrete,
    newsvendor_normal,
    newsvendor_poisson,
    wagner_whitin,
)
from stockturn.engine.safety import fill_rate, order_up_to, reorder_point, safety_stock
from stockturn.engine.stochastic import (
    Costs,
    Levels,
    Normal,
    rq_cost,
    rq_eoq,
    rq_expected_shortage,
    rq_loss,
    rq_poisson,
    ss_exact,
    ss_power,
)

__all__ = [
    "Costs",
    "Levels",
    "Lot",
    "Normal",
    "eoq",
    "eoq_backorders",
    "eoq_price_breaks",
    "fill_rate",
    "lot_cost",
    "newsvendor_discrete",
    "newsvendor_normal",
    "newsvendor_poisson",
    "normal_cdf",
    "normal_loss",
    "normal_pdf",
    "order_up_to",
    "poisson_loss",
    "reorder_point",
    "rq_cost",
    "rq_eoq",
    "rq_expected_shortage",
    "rq_loss",
    "rq_poisson",
    "safety_stock",
    "second_loss",
    "ss_exact",
    "ss_power",
    "standard_loss",
    "wagner_whitin",
    "z_value",
]
