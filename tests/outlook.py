"""An outlook made by hand for the small company of ``tests/company.py``: four items, two warehouses, two suppliers.

Figures are round so that what the sheets show can be worked out on paper: unit cost 10, 20, 5 and unknown.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from stockturn.model import Note, Supply

SKUS = ("10001", "20002", "<script>alert(1)</script>", "=1+1")
COSTS = (10.0, 20.0, 5.0, None)
MONTHS = [date(2024, month, 1) for month in range(1, 13)]
AHEAD = [date(2025, 1, 1), date(2025, 2, 1)]
WEEKS = [date(2025, 1, 6), date(2025, 1, 13)]
HERE, THERE = "上海总仓 Shanghai DC", "北京分仓 Beijing"
FIRST, SECOND = "供应商 1", "供应商 2"


def demand() -> pl.DataFrame:
    """Item n sells 100 n in January and n more each month; 20 n a month were missed while it was out of stock."""
    rows = [
        (sku, period, 100.0 * number + number * place, 120.0 * number + number * place, 0)
        for number, sku in enumerate(SKUS, start=1)
        for place, period in enumerate(MONTHS)
    ]
    columns = ["sku", "period", "qty", "qty_adjusted", "censored_days"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def forecast() -> pl.DataFrame:
    """110 n and 130 n; the last item is new."""
    rows = [
        (
            sku,
            period,
            mean * number,
            *(mean * number * up for up in (1.0, 1.2, 1.4)),
            "theta+median",
            "smooth",
        )
        for number, sku in enumerate(SKUS, start=1)
        for period, mean in zip(AHEAD, (110.0, 130.0), strict=True)
    ]
    columns = ["sku", "period", "mean", "q50", "q80", "q95", "model", "pattern"]
    young = pl.when(pl.col("sku") == SKUS[3]).then(pl.lit("short_history")).alias("reason_code")
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(young)


def accuracy() -> pl.DataFrame:
    """WAPE 10, 20, 30 and 40 %."""
    return pl.DataFrame(
        {
            "sku": SKUS,
            "wape": [0.1, 0.2, 0.3, 0.4],
            "bias": [0.1, -0.1, 0.0, None],
            "fva": [0.2, -0.1, 0.0, None],
            "periods": [12, 12, 12, 2],
        }
    )


def totals() -> pl.DataFrame:
    """The whole and one pattern."""
    return pl.DataFrame(
        {
            "scope": ["total", "pattern"],
            "value_text": ["total", "smooth"],
            "skus": [4, 4],
            "wape": [0.25, 0.25],
            "bias": [0.01, 0.01],
            "fva": [0.1, -0.1],
            "periods": [38, 38],
        }
    )


def reorder() -> pl.DataFrame:
    """Two lines to buy (the second more urgent), one to receive from elsewhere, one with nothing to do."""
    actions = ["buy", "buy", "transfer", "none"]
    return pl.DataFrame(
        {
            "sku": SKUS,
            "warehouse": [HERE, HERE, THERE, THERE],
            "abc": ["A", "B", "C", None],
            "on_hand": [5.0, 0.0, 3.0, 900.0],
            "position": [5.0, 0.0, 23.0, 900.0],
            "suggested_qty": [40.0, 30.0, 0.0, 0.0],
            "order_value": [400.0, 600.0, 0.0, 0.0],
            "transfer_qty": [0.0, 0.0, 20.0, 0.0],
            "unit_cost": COSTS,
            "supplier": [FIRST, SECOND, SECOND, None],
            "order_by": [date(2024, 12, 30), date(2024, 12, 20), date(2025, 1, 5), None],
            "late_days": [1.0, 11.0, None, None],
            "stockout_date": [date(2025, 1, 4), date(2024, 12, 31), None, None],
            "cover_days": [2.0, 0.0, 20.0, None],
            "excess_value": [0.0, 0.0, 70.0, 30.0],
            "action": actions,
            "reason": [f"S {place}: 需求 demand × 3" for place in range(4)],
        }
    )


def outlook() -> Supply:
    """All frames of a run."""
    orders = {
        "supplier": [FIRST, SECOND],
        "sku": [SKUS[0], SKUS[1]],
        "warehouse": [HERE, THERE],
        "doc_no": ["P-1", "P-2"],
        "line_no": ["1", "1"],
        "action": ["defer", "expedite"],
        "qty_open": [10.0, 7.0],
        "value": [100.0, 140.0],
        "due_date": [date(2025, 1, 20), date(2024, 12, 24)],
        "needed_on": [date(2025, 3, 1), date(2024, 12, 31)],
        "overdue_days": [0.0, 7.0],
        "reason": ["later", "now"],
    }
    return Supply(
        forecast=forecast(),
        demand=demand(),
        accuracy=accuracy(),
        totals=totals(),
        reorder=reorder(),
        transfers=pl.DataFrame(
            {
                "sku": [SKUS[2]],
                "from_warehouse": [HERE],
                "to_warehouse": [THERE],
                "qty": [20.0],
                "value": [100.0],
            }
        ),
        order_changes=pl.DataFrame(orders),
        plan=pl.DataFrame(),
        supplier_orders=pl.DataFrame(
            {
                "supplier": [FIRST, SECOND, FIRST],
                "lines": [1, 1, 4],
                "qty": [40.0, 30.0, 99.0],
                "order_value": [400.0, 600.0, 990.0],
                "expected_on": [date(2025, 1, 9)] * 3,
                "now": [True, True, False],
            }
        ),
        cash=pl.DataFrame(
            {
                "week": [WEEKS[0], WEEKS[0], WEEKS[1]],
                "supplier": [FIRST, SECOND, FIRST],
                "planned_value": [0.0, 50.0, 400.0],
                "open_value": [100.0, 140.0, 0.0],
                "due_value": [100.0, 190.0, 400.0],
            }
        ),
        left_out=pl.DataFrame(),
        overstock=pl.DataFrame(
            {
                "sku": [SKUS[3], SKUS[2]],
                "warehouse": [THERE, THERE],
                "on_hand": [900.0, 3.0],
                "excess_qty": [3.0, 14.0],
                "excess_value": [30.0, 70.0],
            }
        ),
        suppliers=pl.DataFrame(
            {
                "supplier": [SECOND, FIRST],
                "spend": [10.0, 90.0],
                "on_time_rate": [0.5, 0.9],
                "late_days": [4.0, 0.1],
            }
        ),
        notes=(
            Note("forecast_worth", {"wape": "25 %", "gain": "10 %", "bias": "+1 %", "periods": 38}),
            Note("forecast_groups_worth", {"groups": "erratic, smooth", "share": "100 %"}),
        ),
    )
