"""Replenishment: service levels, policies, lead times, rounding, the plan, transfers and changes of orders."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from stockturn.config.base import Section

PolicyName = Literal["rs", "sS", "rop", "minmax", "jit", "vmi"]
Service = Literal["cycle", "fill"]


class Rule(Section):
    """What one class, category or sku does differently; what is left out stays as it is above."""

    policy: PolicyName | None = Field(None, description="rs, sS, rop, minmax, jit or vmi")
    service_level: float | None = Field(None, gt=0, lt=1, description="service level to reach")
    target: Service | None = Field(
        None, description="'cycle' (no stockout in a cycle) or 'fill' (share of demand served)"
    )
    review_days: float | None = Field(None, ge=0, description="days between two reviews")
    lead_time_days: float | None = Field(None, ge=0, description="lead time, instead of the measured one")
    lead_time_sd: float | None = Field(None, ge=0, description="spread of the lead time in days")


class SupplierRule(Section):
    """Terms of one supplier; they win over the supplier table."""

    lead_time_days: float | None = Field(None, ge=0, description="lead time where no receipt tells it")
    lead_time_sd: float | None = Field(None, ge=0, description="its spread in days")
    review_days: float | None = Field(None, ge=0, description="days between two orders to this supplier")
    min_order_value: float | None = Field(None, ge=0, description="least value of one order")
    payment_days: float | None = Field(None, description="days from receipt to payment; negative: in advance")
    backup_supplier: str | None = Field(None, description="who delivers when this supplier is late")
    calendar: str | None = Field(None, description="name of a calendar in [reorder.calendars]")
    vmi: bool | None = Field(None, description="the supplier keeps the stock himself")


class Calendar(Section):
    """Days on which a supplier takes orders and works."""

    weekdays: tuple[int, ...] = Field(
        (1, 2, 3, 4, 5), min_length=1, description="days of the week that are worked, 1 = Monday"
    )
    closed: tuple[str, ...] = Field(
        (), description="closed days, '2025-01-28..2025-02-04' or '2025-05-01'; they lengthen the lead time"
    )

    @field_validator("weekdays")
    @classmethod
    def _days(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not set(value) <= set(range(1, 8)):
            raise ValueError("weekdays are 1 (Monday) to 7 (Sunday)")
        return value

    @field_validator("closed")
    @classmethod
    def _ranges(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            closed_days(text)
        return value


def closed_days(text: str) -> tuple[date, date]:
    """First and last day of ``2025-01-28..2025-02-04`` or of a single day.

    >>> closed_days("2025-05-01")
    (datetime.date(2025, 5, 1), datetime.date(2025, 5, 1))
    """
    first, _, last = text.partition("..")
    start, end = (date.fromisoformat(part.strip()) for part in (first, last or first))
    if start > end:
        raise ValueError("closed days must not end before they start")
    return start, end


SERVICE_LEVELS = {
    "AX": 0.98,
    "AY": 0.97,
    "AZ": 0.95,
    "BX": 0.96,
    "BY": 0.95,
    "BZ": 0.93,
    "CX": 0.94,
    "CY": 0.92,
    "CZ": 0.90,
}
"""Steady goods that make the value get most: their safety stock is cheap and their stockouts are dear."""

Level = Annotated[float, Field(gt=0, lt=1)]


class ReorderSettings(Section):
    """Section ``[reorder]``."""

    policy: PolicyName = Field("rs", description="policy of whatever no rule names")
    target: Service = Field("cycle", description="what a service level means: 'cycle' or 'fill'")
    service_level: float | None = Field(
        None, gt=0, lt=1, description="one service level for everything; overrides every class"
    )
    service_levels: dict[str, Level] = Field(
        default_factory=lambda: dict(SERVICE_LEVELS),
        description="class (ABC and XYZ letter, or the ABC letter alone) = service level; others keep theirs",
    )
    default_service_level: float = Field(
        0.95, gt=0, lt=1, description="service level of goods without a class"
    )
    core_service_level: float = Field(
        0.98, gt=0, lt=1, description="least service level of the core pool (goods always in stock)"
    )
    classes: dict[str, Rule] = Field(
        default_factory=dict, description="class such as 'AX' or 'C' = what it does differently"
    )
    categories: dict[str, Rule] = Field(
        default_factory=dict, description="category = what it does differently"
    )
    skus: dict[str, Rule] = Field(default_factory=dict, description="sku = what it does differently")
    suppliers: dict[str, SupplierRule] = Field(default_factory=dict, description="supplier = its terms")
    calendars: dict[str, Calendar] = Field(
        default_factory=dict, description="calendars that suppliers may name"
    )

    review_days: float = Field(7, ge=0, description="days between two reviews")
    lead_time_days: float = Field(
        14, ge=0, description="lead time where neither receipts, items nor suppliers tell it"
    )
    lead_time_sd: float = Field(0, ge=0, description="spread of a lead time that was never measured, in days")
    lead_time_weight: float = Field(
        5, ge=0, description="receipts that the supplier's mean counts for beside those of the sku itself"
    )
    working_days: bool = Field(
        False, description="stated lead times (items, suppliers, here) count working days, not calendar days"
    )

    stopped: tuple[str, ...] = Field(
        ("discontinued", "obsolete", "inactive", "停用", "停产", "淘汰"),
        description="item states of goods that are not bought any more",
    )
    order_cost: float = Field(50, ge=0, description="cost of placing one order line, for the EOQ")
    holding_rate: float = Field(
        0.2, gt=0, description="yearly cost of keeping stock, as a share of its value"
    )
    rounding: Literal["up", "nearest"] = Field("up", description="how a need becomes whole packs")
    order_multiple: float = Field(1, gt=0, description="pack size of goods that state none")
    max_stock: Literal["soft", "hard", "ignore"] = Field(
        "soft", description="soft: packs are rounded down to stay within, never below the trigger"
    )
    capacity_unit: Literal["units", "volume", "value"] = Field(
        "units", description="what the capacity of a warehouse is counted in"
    )
    shelf_life_share: float = Field(
        1.0, gt=0, le=1, description="share of the shelf life within which everything must be sold"
    )

    transfers: bool = Field(True, description="move surplus between warehouses before buying")
    transfer_min_value: float = Field(0, ge=0, description="least value worth a transfer")
    fixed_warehouses: tuple[str, ...] = Field(
        (), description="warehouses that neither give nor take transfers"
    )

    late_arrival_days: int = Field(
        3, ge=1, description="an overdue order is expected so many days after as_of"
    )
    expedite_days: int = Field(
        1, ge=1, description="an order is hurried when it is due so many days after it is needed"
    )
    defer_days: int = Field(
        14, ge=1, description="an order is put off when it is due so many days before it is needed"
    )
    cancel_days: int = Field(
        180, ge=1, description="an order is cancelled when it is not needed for so many days after it is due"
    )
    backup_late_days: int = Field(
        7, ge=1, description="a supplier is late with a sku when an order is so many days overdue"
    )

    payment_days: float = Field(30, description="days from receipt to payment where no term says otherwise")
    plan_buckets: int = Field(26, gt=0, le=400, description="buckets of the plan")
    plan_bucket_days: int = Field(7, gt=0, le=31, description="days of one bucket of the plan")
    bring_forward_days: int = Field(
        60, ge=0, description="planned orders of so many days may be added to reach a minimum order value"
    )
    budget: float | None = Field(None, ge=0, description="money for the orders to be placed now")
    budget_days: int | None = Field(
        None,
        ge=0,
        description="the budget pays what falls due within so many days; none: whatever is ordered now",
    )

    @field_validator("service_levels", mode="before")
    @classmethod
    def _with_defaults(cls, value: Any) -> Any:
        """Classes that are not named keep their level; ``A = 0.99`` stands for AX, AY and AZ."""
        if not isinstance(value, dict):
            return value
        unknown = [key for key in value if key not in SERVICE_LEVELS and key not in ("A", "B", "C")]
        if unknown:
            raise ValueError(f"no such class: {', '.join(map(str, unknown))}")
        wide = {key: value[key[0]] for key in SERVICE_LEVELS if key[0] in value}
        return {**SERVICE_LEVELS, **wide, **{key: level for key, level in value.items() if len(key) > 1}}
