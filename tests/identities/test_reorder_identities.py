"""What holds for any data: bounds and monotony of suggestions, language, permutation, reasons that add up."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stockturn.i18n import LANGUAGES
from tests.unit.reorder_made import company, day, normal_sums, run, table

POLICIES = ("rs", "sS", "rop", "minmax", "jit", "vmi")

CELL = st.fixed_dictionaries(
    {
        "on_hand": st.integers(-20, 300),
        "rate": st.sampled_from([0.0, 0.03, 0.7, 4.0, 21.5]),
        "lead_time_days": st.sampled_from([0.0, 1.0, 6.5, 30.0]),
        "moq": st.sampled_from([None, 5.0, 24.0, 500.0]),
        "order_multiple": st.sampled_from([None, 0.5, 1.0, 12.0, 50.0]),
        "min_stock": st.sampled_from([None, 10.0, 60.0]),
        "max_stock": st.sampled_from([None, 15.0, 80.0, 400.0]),
        "shelf_life_days": st.sampled_from([None, None, 4.0, 60.0]),
        "cost": st.sampled_from([0.1, 12.0]),
        "reserved": st.sampled_from([None, 3.0]),
    }
)
CHOICE = st.fixed_dictionaries(
    {
        "policy": st.sampled_from(POLICIES),
        "target": st.sampled_from(["cycle", "fill"]),
        "review_days": st.sampled_from([0.0, 1.0, 7.0, 30.0]),
        "rounding": st.sampled_from(["up", "nearest"]),
        "max_stock": st.sampled_from(["soft", "hard", "ignore"]),
    }
)


def suggested(choice: dict[str, Any], *variants: tuple[dict[str, Any], float, float]) -> list[dict[str, Any]]:
    """The rows of some cells (each with units on order, due tomorrow, and a service level), one sku for each."""
    names = [f"A{number}" for number in range(len(variants))]
    lines = [
        {
            "sku": name, "warehouse": "W", "supplier": "S", "order_date": day(-3), "promised_date": day(1),
            "qty_ordered": float(on_order), "doc_no": name, "line_no": "1",
        }
        for name, (_, on_order, _) in zip(names, variants, strict=True)
        if on_order
    ]  # fmt: skip
    cells = [cell | {"sku": name} for name, (cell, _, _) in zip(names, variants, strict=True)]
    sums = normal_sums(
        *((cell["sku"], "W", cell["rate"], cell["rate"] * 0.8 + 0.1) for cell in cells), spans=8
    )
    rules = {name: {"service_level": level} for name, (_, _, level) in zip(names, variants, strict=True)}
    inputs = company(*cells, orders=table("orders", *lines), sums=sums, bucket="day")
    return run(inputs, skus=rules, plan_buckets=2, order_cost=3, **choice).reorder.to_dicts()


PERISHABLE = {
    "on_hand": 7, "rate": 21.5, "lead_time_days": 6.5, "moq": 24.0, "order_multiple": 12.0, "min_stock": None,
    "max_stock": None, "shelf_life_days": 4.0, "cost": 12.0, "reserved": 3.0,
}  # fmt: skip
MONTHLY = {"policy": "rs", "target": "cycle", "review_days": 30.0, "rounding": "up", "max_stock": "soft"}
"""Shelf life binds: 225 units would sell in time, a month asks for far more."""


@example(PERISHABLE, MONTHLY, 5, 0.97)
@example(PERISHABLE | {"shelf_life_days": None, "max_stock": 400.0}, MONTHLY, 5, 0.97)
@given(CELL, CHOICE, st.integers(0, 80), st.sampled_from([0.6, 0.9, 0.97]))
def test_a_suggestion_is_nothing_or_whole_packs_of_at_least_the_moq(
    cell: dict[str, Any], choice: dict[str, Any], on_order: int, level: float
) -> None:
    """0, or >= moq and a multiple: hard caps cut to whole packs too, and are said. Rounded up it covers the need."""
    (found,) = suggested(choice, (cell, on_order, level))
    qty, pack = found["suggested_qty"], cell["order_multiple"] or 1.0
    assert qty >= 0
    if qty:
        assert qty >= (cell["moq"] or 0) - 1e-6
        assert qty / pack == pytest.approx(round(qty / pack), abs=1e-6)
    capped = "shelf life" in found["reason"] or (choice["max_stock"] == "hard" and cell["max_stock"])
    if found["need_qty"] > 0 and not capped:
        assert qty > 0, found["reason"]
    uncapped = not capped and (choice["max_stock"] == "ignore" or cell["max_stock"] is None)
    if choice["rounding"] == "up" and uncapped:
        assert qty >= found["need_qty"] - 1e-6, found["reason"]


@given(
    CELL,
    CHOICE,
    st.integers(0, 60),
    st.integers(1, 40),
    st.sampled_from([0.55, 0.8, 0.9, 0.94]),
    st.sampled_from([0.004, 0.05]),
)
def test_more_stock_asks_for_no_more_and_more_service_for_no_less(
    cell: dict[str, Any], choice: dict[str, Any], on_order: int, more: int, level: float, step: float
) -> None:
    """Non-increasing in on-hand and in on-order, non-decreasing in the service level, caps and packs included."""
    base, stocked, ordered, served = (
        found["suggested_qty"]
        for found in suggested(
            choice,
            (cell, on_order, level),
            (cell | {"on_hand": cell["on_hand"] + more}, on_order, level),
            (cell, on_order + more, level),
            (cell, on_order, level + step),
        )
    )
    assert stocked <= base
    assert ordered <= base
    assert served >= base


STEADY: dict[str, Any] = {
    "on_hand": 20,
    "rate": 4.0,
    "lead_time_days": 6.5,
    "cost": 1.0,
    "order_multiple": 0.01,
}


@pytest.mark.parametrize("target", ["cycle", "fill"])
@pytest.mark.parametrize("policy", ["rs", "sS", "rop", "vmi"])
def test_each_step_of_service_costs_safety_stock(policy: str, target: str) -> None:
    """Every step asks for more safety stock, a higher reorder point and, at an (R, S) review, more to order; 50 % need
    none. A fill rate with large lots asks for none before 99.5 %."""
    lots = target == "fill" and policy in ("sS", "rop")
    levels = (0.995, 0.997, 0.998, 0.999, 0.9999) if lots else (0.9, 0.95, 0.98, 0.995, 0.999)
    choice = {"policy": policy, "target": target, "review_days": 2.0}
    found = suggested(choice, *((STEADY, 0, level) for level in (0.5, *levels)))
    assert found[0]["safety_stock"] == pytest.approx(0, abs=1e-6)
    wanted = ("safety_stock", "reorder_point", *(("suggested_qty",) if policy in ("rs", "vmi") else ()))
    for column in wanted:
        low, *high = [row[column] for row in found[1:]]
        for more in high:
            assert more > low, (column, [row[column] for row in found])
            low = more


@pytest.mark.parametrize("policy", ["rs", "jit", "vmi"])
def test_a_unit_more_of_what_is_there_or_coming_is_a_unit_less_to_order(policy: str) -> None:
    """One for one: 7 more on hand or on order are 7 less, 7 reserved are 7 more, whatever the signs of the stock."""
    for stock in (-15, 0, 20):
        cell = STEADY | {"on_hand": stock, "reserved": 1.0}
        base, stocked, ordered, held = (
            row["suggested_qty"]
            for row in suggested(
                {"policy": policy, "review_days": 14.0},
                (cell, 3, 0.95),
                (cell | {"on_hand": stock + 7}, 3, 0.95),
                (cell, 10, 0.95),
                (cell | {"reserved": 8.0}, 3, 0.95),
            )
        )
        assert (base - stocked, base - ordered, held - base) == pytest.approx((7, 7, 7), abs=0.011)


def figure(pattern: str, reason: str) -> float | None:
    """The first number the pattern finds, None without."""
    found = re.search(pattern, reason)
    return float(found.group(1).replace("− ", "-").replace("−", "-")) if found else None


def recomputed(found: dict[str, Any]) -> float:
    """The suggestion worked out from its reason alone, as a buyer would with pencil and paper."""
    reason = found["reason"]
    position = re.search(
        r"on hand (-?[\d.]+) − reserved (-?[\d.]+) \+ on order ([\d.]+) = position (-?[\d.]+)", reason
    )
    assert position, reason
    on_hand, reserved, on_order, total = map(float, position.groups())
    assert total == pytest.approx(on_hand - reserved + on_order, abs=0.011)
    moved = re.search(r"; ([+−]) ([\d.]+) by transfer = (-?[\d.]+)", reason)
    if moved:
        total += float(moved.group(2)) * (1 if moved.group(1) == "+" else -1)
        assert float(moved.group(3)) == pytest.approx(total, abs=0.011)
    need = figure(r"; need ([\d.]+)", reason) or 0.0
    levels(found, need, total)
    if "minimum order" in reason and "waits" in reason:
        return 0.0
    qty = packed(found, need, total) + (figure(r"brought forward ([\d.]+)", reason) or 0.0)
    return qty - (figure(r"([\d.]+) left out by the budget", reason) or 0.0)


def packed(found: dict[str, Any], need: float, position: float) -> float:
    """Minimum, packs and caps, as the reason names them."""
    if not need:
        return 0.0
    reason = found["reason"]
    moq = figure(r"MOQ ([\d.]+)", reason) or 0.0
    pack = figure(r"packs of ([\d.]+)", reason)
    assert pack
    qty = math.ceil(max(need, moq) / pack - 1e-9) * pack
    most = figure(r"maximum ([\d.]+)(?: exceeded|: packs)", reason)
    if most is not None:
        trigger = found["reorder_point"]
        down = max(math.floor((most - position) / pack + 1e-9), 0) * pack
        least = math.ceil(max(moq, pack) / pack - 1e-9) * pack
        past = (math.floor((trigger - position) / pack + 1e-9) + 1) * pack
        qty = down if down >= least and position + down > trigger else min(qty, max(past, least))
    for what in ("leaves room for", "has room for"):
        room = figure(what + r" ([\d.]+)", reason)
        if room is not None:
            qty = math.floor(room / pack + 1e-9) * pack
            qty = qty if qty >= moq else 0.0
    return qty


def levels(found: dict[str, Any], need: float, position: float) -> None:
    """The level sentence adds up, and the need follows from it and the position."""
    reason = found["reason"]
    near = 0.03 + 1e-4 * position
    if found["policy"] in ("rs", "jit", "vmi"):
        top = figure(r"S ([\d.]+) =", reason)
        demand, safety = figure(r"demand ([\d.]+)", reason), figure(r"safety ([\d.]+);", reason)
        rate, lead, review = (
            figure(p, reason) for p in (r"\(([\d.]+)/day", r"\(([\d.]+) d lead", r"\+ ([\d.]+) d review")
        )
        assert top == pytest.approx(demand + safety, abs=0.03)
        assert demand == pytest.approx(rate * (lead + review), abs=0.02 + 0.0006 * (lead + review))
        assert max(top - position, 0) == pytest.approx(need, abs=near) or "no demand" in reason
    elif found["policy"] == "sS" and need:
        point, lot = figure(r"s ([\d.]+) =", reason), figure(r"= s \+ ([\d.]+)", reason)
        assert position <= point + 0.011
        assert point + lot - position == pytest.approx(need, abs=near)
    elif found["policy"] == "rop" and need:
        point = figure(r"s ([\d.]+) =", reason)
        lots, lot = re.search(r"\(([\d.]+) × lot ([\d.]+)\)", reason).groups()  # type: ignore[union-attr]
        assert float(lots) * float(lot) == pytest.approx(need, abs=0.01 * float(lots))
        assert position + need > point - 0.011 >= position + need - float(lot) - 0.03
    elif found["policy"] == "minmax" and need:
        assert position <= figure(r"minimum ([\d.]+)", reason)
        assert figure(r"maximum ([\d.]+)", reason) - position == pytest.approx(need, abs=0.011)


def mixed_company(seed: int) -> Any:
    """Sixty goods in three warehouses with everything that can bind."""
    rng = np.random.default_rng(seed)
    pick = rng.choice
    cells, lines = [], []
    for number in range(60):
        item = {
            "sku": f"K{number:02d}", "moq": pick([None, 6.0, 24.0]), "order_multiple": pick([None, 4.0, 12.0]),
            "lead_time_days": float(pick([2, 9, 25])), "min_stock": pick([None, 15.0]), "max_stock": pick([None, 70.0]),
            "shelf_life_days": pick([None, None, 9.0]), "category": pick(["a", "b", "c", "d", "e", "f"]),
            "supplier": pick(["S", "T", "U"]), "cost": float(pick([0.5, 7.0, 80.0])),
        }  # fmt: skip
        for warehouse in ("W1", "W2", "W3")[: rng.integers(1, 4)]:
            rate = float(pick([0.0, 0.11, 1.3, 6.0]))
            stock = round(float(rng.uniform(-3, 30)) * max(rate, 0.5))
            cells.append(
                item | {"warehouse": warehouse, "rate": rate, "on_hand": stock, "reserved": pick([None, 2.0])}
            )
            if rng.random() < 0.4:
                lines.append(
                    {
                        "sku": item["sku"],
                        "warehouse": warehouse,
                        "supplier": item["supplier"],
                        "order_date": day(-20),
                        "promised_date": day(int(rng.integers(-9, 90))),
                        "qty_ordered": float(rng.integers(1, 60)),
                        "unit_cost": item["cost"],
                        "doc_no": str(len(lines)),
                        "line_no": "1",
                    }
                )
    rooms = table("warehouses", {"warehouse": "W3", "capacity": 900.0})
    return company(*cells, orders=table("orders", *lines), warehouses=rooms)


BINDING = {
    "categories": {
        "b": {"policy": "sS"}, "c": {"policy": "rop"}, "d": {"policy": "minmax"}, "e": {"policy": "jit"},
        "f": {"target": "fill", "service_level": 0.98},
    },
    "suppliers": {"S": {"min_order_value": 30000.0}, "T": {"min_order_value": 20000.0}, "U": {"vmi": True}},
    "budget": 45000.0,
}  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_every_row_can_be_worked_out_from_its_reason(seed: int) -> None:
    """Levels, position, need, minimum, packs, caps, transfers, minimum orders and budget: all from the sentence."""
    found = run(mixed_company(seed), **BINDING).reorder
    assert found.filter(pl.col("suggested_qty") > 0).height > 10
    for cell in found.to_dicts():
        assert recomputed(cell) == pytest.approx(cell["suggested_qty"], abs=1e-6), cell["reason"]


def test_every_kind_of_sentence_was_worked_out() -> None:
    """The companies above do meet every bound that a reason can speak of."""
    reasons = " | ".join(
        text for seed in range(4) for text in run(mixed_company(seed), **BINDING).reorder["reason"]
    )
    for part in (
        "MOQ", "lifts", "rounded down", "exceeded", "shelf life", "room for", "by transfer", "left out by the budget",
        "minimum order", "not counted", "no demand", "lot", "minimum or maximum missing", "Just in time", "VMI",
    ):  # fmt: skip
        assert part in reasons, part


@pytest.mark.parametrize("seed", range(3))
def test_transfers_remove_shortages_and_make_none(seed: int) -> None:
    """No giver falls below its level, nobody gets more than it lacks, and no surplus is left beside a shortage."""
    inputs = mixed_company(seed)
    found = run(inputs)
    before = run(inputs, transfers=False).reorder
    both = found.reorder.join(before.select("sku", "warehouse", wanted="need_qty"), on=["sku", "warehouse"])
    for cell in both.to_dicts():
        moved, available = cell["transfer_qty"], cell["on_hand"] - cell["reserved"]
        if moved < 0:
            assert min(available, cell["position"]) + moved >= cell["order_up_to"] - 1e-6
        if moved > 0:
            assert moved <= math.ceil(cell["wanted"] - 1e-9)
    spare = (
        pl.min_horizontal(pl.col("on_hand") - pl.col("reserved"), "position")
        + pl.col("transfer_qty")
        - pl.col("order_up_to")
    )
    left = both.with_columns(
        spare=spare,
        lacking=pl.when(pl.col("transfer_qty") >= 0)
        .then(pl.col("wanted") - pl.col("transfer_qty"))
        .otherwise(0.0),
    )
    by_sku = left.group_by("sku").agg(
        pl.col("spare").floor().clip(lower_bound=0).sum(), pl.col("lacking").max()
    )
    assert by_sku.filter((pl.col("spare") >= 1) & (pl.col("lacking") > 0)).is_empty()
    assert found.transfers.group_by("sku").len().filter(pl.col("len") > 2).is_empty()


def test_the_budget_holds_and_nothing_is_lost() -> None:
    """Ordered value within the budget; ordered, held and left out add up to what was wanted."""
    inputs = mixed_company(1)
    free, tight = run(inputs), run(inputs, budget=5000)
    assert tight.reorder["order_value"].sum() <= 5000 + 1e-6
    wanted = free.reorder.select("sku", "warehouse", wanted="suggested_qty")
    missing = tight.left_out.select("sku", "warehouse", missing="qty")
    both = tight.reorder.join(wanted, on=["sku", "warehouse"]).join(
        missing, on=["sku", "warehouse"], how="left"
    )
    gap = both.select(pl.col("suggested_qty") + pl.col("missing").fill_null(0) - pl.col("wanted")).to_series()
    assert gap.abs().max() == pytest.approx(0, abs=1e-6)


def test_the_language_changes_words_only() -> None:
    """Same figures in every language; every row has a reason in each."""
    inputs = mixed_company(2)
    first, *others = (run(inputs, lang=lang, **BINDING) for lang in LANGUAGES)
    for other in others:
        assert other.reorder.drop("reason").equals(first.reorder.drop("reason"))
        assert other.reorder["reason"].null_count() == 0
        assert not other.reorder["reason"].str.contains("[a-z]{4,}").any()


def test_order_of_rows_and_an_empty_warehouse_change_nothing() -> None:
    """Shuffled inputs give the same frame; a warehouse without stock and demand adds rows of nothing."""
    inputs = mixed_company(3)
    plain = run(inputs, **BINDING).reorder
    shuffled = type(inputs)(
        **{name: value.sample(fraction=1, shuffle=True, seed=1) if isinstance(value, pl.DataFrame) else value for name, value in vars(inputs).items()}
    )  # fmt: skip
    assert run(shuffled, **BINDING).reorder.equals(plain)
    empty = inputs.closing.unique("sku").with_columns(
        warehouse=pl.lit("W9"), on_hand=pl.lit(0.0), reserved=pl.lit(0.0)
    )
    more = type(inputs)(**(vars(inputs) | {"closing": pl.concat([inputs.closing, empty])}))
    wider = run(more, **BINDING).reorder
    assert wider.filter(pl.col("warehouse") != "W9").drop("unit_cost").equals(plain.drop("unit_cost"))
    added = wider.filter(pl.col("warehouse") == "W9")
    assert added["suggested_qty"].sum() == 0


@pytest.mark.parametrize("seed", range(2))
def test_no_figure_is_nan_or_infinite(seed: int) -> None:
    """In no frame, also with holes and zeros in costs, packs and terms."""
    inputs = mixed_company(seed)
    hole = pl.when(pl.int_range(pl.len()) % 5 == 0)
    holed = {
        "closing": inputs.closing.with_columns(
            unit_cost=hole.then(None).otherwise("unit_cost"),
            on_hand=hole.then(float("nan")).otherwise("on_hand"),
        ),
        "items": inputs.items.with_columns(
            order_multiple=hole.then(0.0).otherwise("order_multiple"),
            max_stock=hole.then(0.0).otherwise("max_stock"),
            lead_time_days=hole.then(None).otherwise("lead_time_days"),
        ),
    }
    found = run(type(inputs)(**(vars(inputs) | holed)), **BINDING)
    for name, frame in vars(found).items():
        floats = frame.select(pl.col(pl.Float64).is_finite().all())
        assert all(value is not False for value in (floats.row(0) if floats.width else ())), (name, floats)
