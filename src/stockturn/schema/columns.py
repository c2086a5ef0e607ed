"""Every column that may leave the engine: one home per name, with its unit.

Labels and meanings are texts and live in the catalogues (``locale/<lang>/columns.toml``: ``name`` is the label,
``name_meaning`` the sentence); number formats follow from the unit (``output/formats.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a figure is measured in; decides how it is shown, summed and aligned."""

    TEXT = "text"
    CODE = "code"  # an English word of the contract (kind, status, action): never translated in data
    DATE = "date"
    FLAG = "flag"
    COUNT = "count"
    QTY = "qty"
    QTY_PER_DAY = "qty_per_day"
    MONEY = "money"
    UNIT_MONEY = "unit_money"
    SHARE = "share"  # 0..1, shown in percent
    CHANGE = "change"  # signed share, shown with its sign
    TIMES = "times"  # turns
    DAYS = "days"
    NUMBER = "number"


@dataclass(frozen=True)
class Column:
    """One column: its name in JSON, CSV, Parquet and the API, and its unit."""

    name: str
    unit: Unit


def _columns(**groups: str) -> dict[str, Column]:
    return {name: Column(name, Unit(unit)) for unit, names in groups.items() for name in names.split()}


COLUMNS: dict[str, Column] = _columns(
    text="label formula filled_in areas partner note "
    "from_warehouse to_warehouse backup_supplier doc_no line_no "
    "who override_reason "
    "sku warehouse name category brand supplier owner buyer seller team unit bin batch customer "
    "file sheet reason message source_file source_sheet column found expected value_text scope period month "
    "quarter year year_line "
    "raw skipped_by file_hash encoding mapping "
    "by_file by_sheet changed replaced_by",
    code="area figure id root_cause next_action lead_time_source target_kind "
    "kind status action rule level state pattern abc previous_abc xyz fsn cost_basis avg_basis flow "
    "rate_basis price_basis lead_time_basis reason_code table profile rule_id opening_basis model policy age_basis "
    "value_basis cover_reason age_bucket expiry_basis",
    date="received_on order_date needed_on expected_on pay_on week "
    "made_on arrives "
    "date date_min date_max last_sale last_receipt first_seen as_of start end due_date order_by need_by stockout_date "
    "oldest_on next_expiry expiry exported_at ingested_at",
    flag="below_minimum now estimated not_historic",
    count="rows censored_days receipts before_order closed_lines promised_lines on_time_lines open_lines old_lines "
    "overdue_lines "
    "promotion promotion_days overrides "
    "transfers purchase_orders out_days on_sale_days "
    "span horizon "
    "rank counted "
    "rows_read accepted refused skipped source_row cells skus lines runs periods orders "
    "demand_buckets days_with_demand row raw_order "
    "by_row sheets replaced_rows file_size",
    qty="need_qty moq order_multiple transfer_qty surplus_on_order qty_open forecast_qty "
    "scheduled_qty planned_qty released_qty projected_qty safety_stock_normal "
    "stock_per_late_day "
    "demand_qty lost_qty ordered_qty units_written_off "
    "base_mean actual_qty abs_error promotion_qty extra_qty leftover_qty "
    "mean q50 q80 q90 q95 q97_5 q99 error_sd "
    "expected_qty "
    "qty qty_sum on_hand reserved on_order position sold_qty received_qty opening_qty closing_qty in_qty out_qty "
    "difference_qty book_qty counted_qty excess_qty lost_sales_est suggested_qty safety_stock reorder_point order_up_to "
    "avg_qty age_0_30 age_31_60 age_61_90 age_91_180 age_181_365 age_over_365 age_over_start "
    "gross_qty returned_qty qty_adjusted action_qty expiring_qty qty_left cleared_qty slid_out_qty slid_in_qty arrived_qty",
    qty_per_day="demand_per_day",
    money="cost min_order_value planned_value open_value due_value spend value_per_late_day "
    "lateness_value "
    "margin_given_up written_off_value "
    "cogs_previous cogs_year_ago avg_inventory_previous avg_inventory_year_ago "
    "revenue_previous revenue_year_ago gross_margin_previous gross_margin_year_ago "
    "value amount_sum cogs usage revenue gross_margin avg_inventory opening_value closing_value excess_capital "
    "carrying_cost excess_value provision purchases_value difference_value order_value lost_sales_value scrap_value "
    "allowed_inventory excess_cost "
    "count_loss_value adjustments_value transfers_value revaluation_value other_value variance negative_stock_variance "
    "cash_back next_cash age_provision nrv_provision receipt_value expiring_value cleared_value slid_out_value slid_in_value arrived_value "
    "value_0_30 value_31_60 value_61_90 value_91_180 value_181_365 value_over_365 value_over_start "
    "receipt_value_0_30 receipt_value_31_60 receipt_value_61_90 receipt_value_91_180 "
    "receipt_value_181_365 receipt_value_over_365 receipt_value_over_start",
    unit_money="unit_cost unit_price purchase_price",
    share="fill_rate service_level expected_cycle expected_fill on_time_rate full_rate qty_accuracy "
    "late_receipts spend_share "
    "wape sum_wape pinball habit_pinball "
    "share_previous stockout_rate_previous stockout_rate_year_ago "
    "share cum_share confidence sell_through in_stock_rate stockout_rate loss_rate achievement inventory_accuracy count_error",
    change="price_change override_fva bias fva fva_seasonal sum_fva turnover_change",
    times="turnover_previous turnover_year_ago gmroi_previous gmroi_year_ago "
    "turnover turnover_period turnover_units target gmroi stock_to_sales",
    days="lead_time_sd review_days late_days overdue_days min_days max_days stated_days "
    "dio_total_previous dio_change phantom_days dio_days_previous "
    "dio_days_year_ago "
    "days dio_days cover_days days_since_sale days_since_receipt lead_time_days "
    "mix rate idle change "
    "mean_age_days idle_days days_to_expiry",
    number="weight excess_weeks clear_weeks "
    "planned_uplift measured_uplift used_uplift "
    "demand_factor lead_time_factor "
    "mase rmsse sum_rmsse habit_sum_rmsse seasonal_sum_rmsse cv adi cv2",
)


@dataclass(frozen=True)
class AgeSpan:
    """Which ages a bucket column is about: ``family`` age, value or receipt_value; days, ``high`` None where open."""

    family: str
    low: int
    high: int | None


_FAMILIES = {"age": Unit.QTY, "value": Unit.MONEY, "receipt_value": Unit.MONEY}
_SPAN = re.compile(r"(age|value|receipt_value)_(?:(\d+)_(\d+)|over_(\d+))")


def age_span(name: str) -> AgeSpan | None:
    """The ages of a bucket column, whose limits are a setting; None for any other column.

    >>> age_span("value_46_90")
    AgeSpan(family='value', low=46, high=90)
    """
    found = _SPAN.fullmatch(name)
    if found is None:
        return None
    family, low, high, over = found.groups()
    return AgeSpan(family, int(low or over), int(high) if high else None)


def column(name: str) -> Column:
    """The column of that name; a name without a home here is a bug (KeyError).

    Age buckets of any limits have one: ``age_0_45``, ``value_over_400``.
    """
    span = age_span(name)
    return Column(name, _FAMILIES[span.family]) if span and name not in COLUMNS else COLUMNS[name]
