"""What lies too long: last sale and receipt, status, provision, per cell with something on hand."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial, reduce
from operator import add

import polars as pl

from stockturn.config import Settings
from stockturn.config.deadstock import DeadStockSettings
from stockturn.engine.ageing import bucket_names
from stockturn.engine.batches import known_batches
from stockturn.engine.clearing import with_action
from stockturn.engine.demand import Demand, mean_rate
from stockturn.engine.entries import Entries
from stockturn.engine.expiry import by_cell, expiring
from stockturn.engine.expr import IN_TRANSIT, ratio, tidy
from stockturn.engine.newness import ARRIVED, RECEIVED, newness
from stockturn.model import Ledger

CELL = ["sku", "warehouse"]

WORST_FIRST = ("dead", "misplaced", "stagnant", "slow", "new", "active")
"""Order of the rows: what lies longest stands first."""


def deadstock(
    ledger: Ledger,
    entries: Entries,
    closing: pl.LazyFrame,
    aged: pl.LazyFrame,
    settings: Settings,
    plan: pl.LazyFrame | None = None,
    batches: pl.LazyFrame | None = None,
    terms: bool = False,
) -> pl.LazyFrame:
    """One row per cell with something on hand: the worst status first, and in it the most money.

    ``closing``: sku, warehouse, on_hand, value at as_of; ``aged``: what :func:`ageing` made of it; ``plan``: sku,
    warehouse, excess_qty of a replenishment run, without which excess is null (``reason_code`` no_plan, as for
    cells outside the plan); ``batches``: what expires when (known_batches of the ledger when left out). Give the whole company (entries without a scope): whether goods sell elsewhere cannot be seen from one
    warehouse; the rows are narrowed to ``settings.scope`` at the end.

    Columns out: those of SPEC 14, and name, category, idle_days (days without demand, the figure behind ``status``),
    demand_per_day, rate_basis, unit_price, age_provision, nrv_provision, reason_code (why excess is null),
    cover_reason, and those of :func:`stockturn.engine.clearing.with_action`; with ``terms`` also the columns of
    ``TERMS``, from which its figures are worked out.
    """
    demand = Demand.of(entries, settings)
    rates = mean_rate(demand, settings.deadstock.rate_days)
    yearly = mean_rate(demand, settings.deadstock.clearing.promote_rate_days)
    dated = known_batches(ledger, entries) if batches is None else batches
    expiries = by_cell(expiring(dated, closing, rates, entries.as_of))
    held = (
        closing.filter(pl.col("on_hand") > 0)
        .select(*CELL, "on_hand", "value")
        .join(_reserved(entries), on=CELL, how="left")
    )
    facts = (
        held.join(aged, on=CELL, how="left")
        .join(_dates(ledger, entries, settings), on=CELL, how="left")
        .join(newness(entries, demand), on="sku", how="left")
        .join(_with_elsewhere(rates, held, settings), on=CELL, how="left")
        .join(_attributes(ledger, entries), on="sku", how="left")
        .join(yearly.select(*CELL, yearly_per_day="demand_per_day"), on=CELL, how="left")
        .join(expiries, on=CELL, how="left")
        .join(_excess(plan), on=CELL, how="left")
        .with_columns(unit_cost=ratio("value", "on_hand"))
    )
    judged = (
        facts.pipe(_with_days, entries)
        .pipe(with_status, settings.deadstock)
        .pipe(_with_provision, entries, settings)
    )
    sellers = _sellers(closing, rates)
    return (
        judged.pipe(with_action, sellers, entries.as_of, settings)
        .pipe(_narrowed, settings)
        .pipe(_ordered, settings)
        .select(*columns(settings.deadstock), *(TERMS if terms else ()))
    )


_DECIMALS = 9
"""Days of cover are held against their limit after this rounding: 360 units at 2 a day are 180 days, and not more."""

TERMS = (
    "reserved", "unit_cost", "idle_since", "launched_days", "received_days", "last_demand", "elsewhere_per_day",
)  # fmt: skip
"""What the figures are worked out from and is no column of the frame."""


def _excess(plan: pl.LazyFrame | None) -> pl.LazyFrame:
    """excess_qty per cell, from the plan that alone defines it."""
    if plan is None:
        return pl.LazyFrame(schema={"sku": pl.String, "warehouse": pl.String, "excess_qty": pl.Float64})
    return plan.select(*CELL, pl.col("excess_qty").cast(pl.Float64))


def _reserved(entries: Entries) -> pl.LazyFrame:
    """Units promised to customers, as the latest stock list of each cell says."""
    known = entries.points.filter(pl.col("reserved").is_not_null())
    return known.group_by(CELL).agg(pl.col("reserved").sort_by("as_of").last())


def _dates(ledger: Ledger, entries: Entries, settings: Settings) -> pl.LazyFrame:
    """Per cell: last_sale, last_receipt, first_arrival, last_demand (a dc's own demand is what it sends out)."""
    kind, when = pl.col("kind"), pl.col("date")
    sold = kind.is_in(settings.ingest.demand_kinds) & (pl.col("qty") < 0)
    moved = entries.movements.group_by(CELL).agg(
        when.filter(sold).max().alias("last_sale"),
        when.filter(kind.is_in(RECEIVED) & (pl.col("qty") > 0)).max().alias("last_receipt"),
        when.filter(kind.is_in(ARRIVED) & (pl.col("qty") > 0)).min().alias("first_arrival"),
        when.filter(kind.is_in(ARRIVED) & (pl.col("qty") > 0)).max().alias("last_arrival"),
        when.filter((kind == "transfer_out") & (pl.col("qty") < 0)).max().alias("last_sent"),
    )
    centres = ledger.table("warehouses").filter(pl.col("kind") == "dc").select("warehouse").unique()
    sends = pl.col("is_dc").fill_null(False) | pl.col("last_sale").max().over("warehouse").is_null()
    return (
        moved.join(centres.with_columns(is_dc=pl.lit(True)), on="warehouse", how="left")
        .with_columns(last_demand=pl.max_horizontal("last_sale", pl.when(sends).then("last_sent")))
        .drop("last_sent", "is_dc")
    )


def _with_elsewhere(rates: pl.LazyFrame, held: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """Per cell: own demand per day, and that of all other warehouses its goods can be moved to."""
    total = rates.group_by("sku").agg(sku_per_day=pl.col("demand_per_day").sum())
    own = pl.col("demand_per_day").fill_null(0.0)
    return (
        held.select(CELL)
        .join(rates.select(*CELL, "demand_per_day"), on=CELL, how="left")
        .join(total, on="sku", how="left")
        .select(
            *CELL,
            own.alias("demand_per_day"),
            elsewhere_per_day=tidy(pl.col("sku_per_day").fill_null(0.0) - own),
            rate_basis=pl.lit(f"mean_{settings.deadstock.rate_days}d"),
        )
    )


def _sellers(closing: pl.LazyFrame, rates: pl.LazyFrame) -> pl.LazyFrame:
    """Every cell with demand and what it holds: where goods can be moved to."""
    stock = closing.select(*CELL, pl.col("on_hand").clip(lower_bound=0.0))
    selling = rates.filter(pl.col("demand_per_day") > 0).select(*CELL, "demand_per_day")
    return selling.join(stock, on=CELL, how="left").with_columns(pl.col("on_hand").fill_null(0.0))


def _attributes(ledger: Ledger, entries: Entries) -> pl.LazyFrame:
    """Per sku: name, category, owner, launched_on, supplier and whether it takes_returns, unit_price (of the price
    list at as_of, else the item's)."""
    takes = pl.col("takes_returns").fill_null(False)
    takers = ledger.table("suppliers").group_by("supplier").agg(takes_returns=takes.any())
    listed = (
        ledger.table("prices")
        .filter(pl.col("unit_price").is_not_null() & (pl.col("valid_from") <= entries.as_of))
        .group_by("sku")
        .agg(list_price=pl.col("unit_price").sort_by("valid_from").last())
    )
    return (
        entries.items.select("sku", "name", "category", "owner", "supplier", "launched_on", "unit_price")
        .join(listed, on="sku", how="left")
        .with_columns(unit_price=pl.coalesce("list_price", "unit_price"))
        .drop("list_price")
        .join(takers, on="supplier", how="left")
    )


def _with_days(cells: pl.LazyFrame, entries: Entries) -> pl.LazyFrame:
    """Adds days_since_sale, days_since_receipt, idle_since, idle_days, cover_days.

    Idle days run from the last demand; goods that were never asked for here idle from when they came, and goods
    that were moved keep the day they first came in (their age travels with them). What is on the way idles from
    the day it left.
    """
    as_of = pl.lit(entries.as_of)
    opening = pl.when(pl.col("age_over_start") > 0).then(pl.lit(entries.first_day) - pl.duration(days=1))
    on_the_way = pl.col("warehouse") == IN_TRANSIT
    came = (
        pl.when(on_the_way)
        .then("last_arrival")
        .otherwise(pl.min_horizontal("first_arrival", "oldest_on", opening))
    )
    since = pl.coalesce("last_demand", came, pl.lit(entries.first_day) - pl.duration(days=1))
    free = (pl.col("on_hand") - pl.col("reserved").fill_null(0.0)).clip(lower_bound=0.0)
    return cells.with_columns(
        days_since_sale=(as_of - pl.col("last_sale")).dt.total_days(),
        days_since_receipt=(as_of - pl.col("last_receipt")).dt.total_days(),
        idle_since=since,
        idle_days=(as_of - since).dt.total_days(),
        launched_days=(as_of - pl.col("launched_on")).dt.total_days(),
        received_days=(as_of - pl.col("first_received")).dt.total_days(),
        cover_days=ratio(free, "demand_per_day"),
    ).with_columns(cover_reason=pl.when(pl.col("cover_days").is_null()).then(pl.lit("no_demand")))


def with_status(cells: pl.LazyFrame, settings: DeadStockSettings) -> pl.LazyFrame:
    """Adds status, the first that fits: new, dead (or misplaced), stagnant, slow, active.

    Needs idle_days, last_demand, launched_days, received_days, cover_days, elsewhere_per_day, category. Every
    limit is inclusive (180 days without demand are dead) but two: *new* is younger than ``new_days``, and cover
    is slow above its limit. What would be dead but sells elsewhere is ``misplaced``.
    """
    limit = partial(limit_of, settings)
    idle, never = pl.col("idle_days"), pl.col("last_demand").is_null()
    young = pl.any_horizontal(
        (pl.col(name) < limit("new_days")).fill_null(False) for name in ("launched_days", "received_days")
    )
    dead = pl.when(never).then(idle >= limit("never_sold_days")).otherwise(idle >= limit("dead_days"))
    cover = pl.col("cover_days").round(_DECIMALS)
    covered = (cover > limit("slow_cover_days")).fill_null(False)
    return cells.with_columns(
        status=pl.when(young).then(pl.lit("new"))
        .when(dead & (pl.col("elsewhere_per_day") > 0)).then(pl.lit("misplaced"))
        .when(dead).then(pl.lit("dead"))
        .when(idle >= limit("stagnant_days")).then(pl.lit("stagnant"))
        .when((idle >= limit("slow_days")) | covered).then(pl.lit("slow"))
        .otherwise(pl.lit("active"))
    )  # fmt: skip


def limit_of(settings: DeadStockSettings, name: str) -> pl.Expr:
    """A limit of the status for each row: that of its category where it has one, else the general one."""
    own = {
        key: getattr(value, name)
        for key, value in settings.categories.items()
        if name in value.model_fields_set
    }
    general = getattr(settings, name)
    return (
        pl.col("category").replace_strict(own, default=general, return_dtype=pl.Int64)
        if own
        else pl.lit(general)
    )


def _with_provision(cells: pl.LazyFrame, entries: Entries, settings: Settings) -> pl.LazyFrame:
    """Adds age_provision, nrv_provision and provision, the larger of the two (never their sum).

    By age: the share of each bucket times its value; what is older than the ledger is as old as the ledger at
    least. To net realisable value: on_hand x (unit_cost - price x (1 - selling cost)), where a price is known.
    100 units at 10 that are 400 days old, price 9: by age 1,000, to 8.10 a unit 190 -> 1,000.
    """
    chosen = settings.deadstock
    shares = provision_shares(entries, chosen)
    by_age = _added(pl.col(f"value_{name}") * share for name, share in shares.items())
    nrv = pl.col("unit_price") * (1 - chosen.selling_cost)
    below = ((pl.col("unit_cost") - nrv) * pl.col("on_hand")).clip(lower_bound=0.0)
    known = pl.col("value").is_not_null()
    return cells.with_columns(age_provision=pl.when(known).then(by_age), nrv_provision=below).with_columns(
        provision=pl.max_horizontal("age_provision", "nrv_provision")
    )


def provision_shares(entries: Entries, settings: DeadStockSettings) -> dict[str, float]:
    """The share of its value that each age bucket is written down by."""
    *names, start = bucket_names(settings)
    length = (entries.as_of - entries.first_day).days + 1
    at_start = sum(length > end for end in settings.age_buckets)
    return {**dict(zip(names, settings.provision, strict=True)), start: settings.provision[at_start]}


def _added(amounts: Iterable[pl.Expr]) -> pl.Expr:
    """The sum, always in this order (a horizontal sum may add in any); null where one of them is."""
    return reduce(add, amounts)


def _narrowed(cells: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    scope = settings.scope
    for name, wanted in (("warehouse", scope.warehouse), ("category", scope.category), ("sku", scope.sku)):
        if wanted:
            cells = cells.filter(pl.col(name).is_in(wanted))
    return cells


SHOWN_AFTER_AGES = (
    "receipt_value", "mean_age_days", "status", "idle_days", "demand_per_day", "rate_basis", "cover_days", "cover_reason",
    "next_expiry", "expiring_qty", "expiring_value", "excess_qty", "excess_value", "reason_code", "unit_price",
    "age_provision", "nrv_provision", "provision", "action", "action_qty", "clear_weeks",
    "cash_back", "next_action", "next_cash", "reason", "owner", "due_date",
)  # fmt: skip


def _ordered(cells: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """The rows in order, with the last figures."""
    buckets = bucket_names(settings.deadstock)
    full = cells.with_columns(
        receipt_value=_added(pl.col(f"receipt_value_{name}") for name in buckets),
        excess_value=pl.col("excess_qty") * pl.col("unit_cost"),
        reason_code=pl.when(pl.col("excess_qty").is_null()).then(pl.lit("no_plan")),
    )
    worst = pl.col("status").replace_strict(list(WORST_FIRST), list(range(len(WORST_FIRST))), default=None)
    order = [worst, pl.col("value"), *(pl.col(name) for name in CELL)]
    return full.sort(order, descending=[False, True, False, False], nulls_last=True)


def columns(settings: DeadStockSettings) -> tuple[str, ...]:
    """The columns of the frame in order."""
    buckets = bucket_names(settings)
    return (
        *CELL,
        "name",
        "category",
        "on_hand",
        "value",
        "last_sale",
        "days_since_sale",
        "last_receipt",
        "days_since_receipt",
        *(f"age_{name}" for name in buckets),
        *(f"value_{name}" for name in buckets),
        *SHOWN_AFTER_AGES,
    )
