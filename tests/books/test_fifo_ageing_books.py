"""Ageing against a peer's tested cases and the generated company's answer key."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from stockturn import api
from stockturn.config import Settings
from stockturn.engine.ageing import ageing, bucket_names
from stockturn.engine.deadstock import deadstock
from stockturn.engine.entries import entries
from stockturn.engine.layers import layers
from stockturn.model import Ledger
from tests import synthetic
from tests.answers import oracle
from tests.moves import closing_of, entries_of, movements, settings

COLUMNS = "date sku qty kind warehouse doc_no batch cost"


def kind_of(qty: float) -> str:
    """Goods in are bought, goods out are sold."""
    return "purchase" if qty > 0 else "sale"


def row(when: str, qty: float, kind: str | None = None, **more: object) -> tuple[object, ...]:
    """One movement of the sku A at W."""
    return (
        date.fromisoformat(when), "A", float(qty), kind or kind_of(qty), "W",
        more.get("doc_no"), more.get("batch"), more.get("cost"),
    )  # fmt: skip


def counted(moves: list[list[object]]) -> list[tuple[object, ...]]:
    """A peer's moves: quantities, and counts ("set_to") as the gain or loss against the book."""
    rows, book = [], 0.0
    for move in moves:
        qty = float(move[-1])  # type: ignore[arg-type]
        if move[1] == "set_to":
            gain = qty - book
            rows.append(row(str(move[0]), gain, "adjustment_in" if gain > 0 else "adjustment_out"))
            book = qty
        else:
            rows.append(row(str(move[0]), qty))
            book += qty
    return rows


def slots(rows: list[tuple[object, ...]]) -> list[tuple[float, date]]:
    """What is left of each inflow, oldest first."""
    start = entries_of(movements(rows, COLUMNS))
    left = layers(start, closing_of(start), settings()).sort("received_on").collect()
    return left.select("qty", "received_on").rows()


@pytest.mark.parametrize("name", ["erpnext-fifo-reco-sequential", "erpnext-fifo-reco-reset"])
def test_slots_after_counts(name: str) -> None:
    """A count is a gain or a loss of its day: what was there keeps its age."""
    case = oracle(name)
    found = slots(counted(case["inputs"]["moves"]))
    assert [qty for qty, _ in found] == case["expected"]["slots_qty"]
    assert sum(qty for qty, _ in found) == case["expected"]["total"]


def test_negative_stock_absorbs_what_comes_in_first() -> None:
    """30 short, then 20, 20 and 10: the first 20 vanish, 20 of 3 December are left (the peer shows them as 10 and 10)."""
    case = oracle("erpnext-fifo-negative-opening")
    found = slots(counted(case["inputs"]["moves"]))
    assert found == [(float(sum(case["expected"]["slots_qty"])), date(2021, 12, 3))]
    assert found[0][0] == case["expected"]["total"]


@pytest.mark.parametrize("name", ["erpnext-doc-case1", "erpnext-doc-case2"])
def test_slots_of_the_peers_documentation(name: str) -> None:
    """An issue takes the oldest, also where more comes in on the same day."""
    case = oracle(name)
    expected = [(float(qty), date.fromisoformat(when)) for qty, when in case["expected"]["slots"]]
    assert slots([row(when, qty) for when, qty in case["inputs"]["moves"]]) == expected


@pytest.mark.parametrize(
    ("name", "by_day"),
    [
        ("erpnext-fifo-repack-overconsume", {date(2021, 12, 3): 450.0}),
        ("erpnext-fifo-repack-overproduce", {date(2021, 12, 3): 500.0, date(2021, 12, 4): 50.0}),
    ],
)
def test_a_repacking_keeps_the_age_of_what_it_consumed(name: str, by_day: dict[date, float]) -> None:
    """What comes out of the same document in the same warehouse is as old as what went in; more is new."""
    case = oracle(name)
    rows = [
        row(when, qty, None if doc == "v1" else "assembly_in" if qty > 0 else "assembly_out", doc_no=doc)
        for when, qty, doc in case["inputs"]["moves"]
    ]
    found = slots(rows)
    assert sorted(qty for qty, _ in found) == sorted(case["expected"]["slots_qty"])
    assert {day: sum(qty for qty, when in found if when == day) for _, day in found} == by_day


def test_decimals_add_up() -> None:
    """0.3 and 0.6 are 0.9, and so is the sum of the buckets."""
    case = oracle("erpnext-fifo-precision")
    start = entries_of(movements([row(when, qty) for when, qty in case["inputs"]["moves"]], COLUMNS))
    aged = ageing(start, closing_of(start), settings()).collect()
    total = sum(aged[f"age_{name}"].item() for name in bucket_names(settings().deadstock))
    assert total == case["expected"]["total"]


def aged_by(rows: list[tuple[object, ...]], as_of: str, ranges: list[int]) -> tuple[pl.DataFrame, Settings]:
    """Buckets of a peer's ranges at a day, from the public API."""
    chosen = settings(
        deadstock={"age_buckets": ranges, "provision": [0.0] * len(ranges) + [1.0]},
        period={"as_of": as_of},
    )
    ledger = Ledger.of(movements=movements(rows, COLUMNS))
    return api.deadstock_result(ledger, chosen, ages=True).tables["ageing"], chosen


def test_value_by_bucket_at_receipt_cost() -> None:
    """15, 7.5, 20 and 5 of value in 0-30, 31-60, 61-90 and older."""
    case = oracle("erpnext-fifo-value-by-bucket")
    rows = [row(when, qty, cost=float(value)) for when, qty, value in case["inputs"]["moves"]]
    aged, _ = aged_by(rows, case["inputs"]["as_of"], case["inputs"]["ranges"])
    found = [aged[f"receipt_value_{name}"].item() for name in ("0_30", "31_60", "61_90", "over_90")]
    assert found == pytest.approx(list(case["expected"]["value_by_bucket"].values()))


def test_batches_are_dated_by_their_own_receipt() -> None:
    """Where every issue names its batch, each batch is a queue of its own."""
    case = oracle("erpnext-fifo-batchwise")
    rows = [
        row(when, qty, batch=batch, cost=float(value)) for when, batch, qty, value in case["inputs"]["moves"]
    ]
    aged, _ = aged_by(rows, case["inputs"]["as_of"], case["inputs"]["ranges"])
    found = []
    for name in ("0_30", "31_60", "61_90", "over_90"):
        found += [aged[f"age_{name}"].item(), aged[f"receipt_value_{name}"].item()]
    assert found == pytest.approx(case["expected"]["buckets_qty_value"])
    assert sum(found[::2]) == case["expected"]["total"]


def test_mean_age_is_weighted_by_quantity() -> None:
    """1 unit of 100 days and 99 of today are 1 day old on average, not 50."""
    case = oracle("erpnext-avg-age-weighting")
    aged, _ = aged_by([row("2024-01-01", 1), row("2024-04-10", 99)], "2024-04-10", [30, 60, 90])
    assert aged["mean_age_days"].item() == pytest.approx(case["expected"]["qty_weighted_average_age"])
    plain = oracle("erpnext-avg-age")
    (qty, when), as_of = plain["inputs"]["slots"][0], plain["inputs"]["as_of"]
    aged, _ = aged_by([row(when, qty)], as_of, [30])
    assert aged["mean_age_days"].item() == plain["expected"]["average_age_days"]


def test_ageing_of_the_generated_company_is_its_answer_key() -> None:
    """Units exactly and value at receipt cost to the cent, on receipts, from 365 days on with the opening."""
    chosen = settings(deadstock={"age_layers": "receipts"})
    start = entries(synthetic.ledger(), chosen)
    aged = ageing(start, synthetic.closing(), chosen, synthetic.ledger().table("batches")).collect()
    names = bucket_names(chosen.deadstock)
    for prefix, key, tolerance in (("age", "units", 0), ("receipt_value", "value_at_receipt_cost", 0.011)):
        sums = [aged[f"{prefix}_{name}"].sum() for name in names]
        found = [*sums[:5], sums[5] + sums[6]]
        assert found == pytest.approx([row[key] for row in synthetic.truth()["ageing"]], abs=tolerance)


def test_no_sale_lists_of_the_generated_company_are_its_answer_key() -> None:
    """Cells, units and value without a sale for 30 to 365 days, and every cell's days."""
    chosen = settings()
    start = entries(synthetic.ledger(), chosen)
    stock = synthetic.closing()
    found = deadstock(synthetic.ledger(), start, stock, ageing(start, stock, chosen), chosen).collect()
    for name, expected in synthetic.truth()["no_sale"].items():
        days = int(name.removeprefix("ge_"))
        still = found.filter(pl.col("days_since_sale").is_null() | (pl.col("days_since_sale") >= days))
        assert (still.height, still["on_hand"].sum()) == (expected["sku_warehouses"], expected["units"])
        assert still["value"].sum() == pytest.approx(expected["value_moving_average"], abs=0.006)
    both = found.join(synthetic.cells(), on=["sku", "warehouse"])
    assert both["days_since_sale"].eq_missing(both["days_since_last_sale"]).all()
    assert both["days_since_receipt"].eq_missing(both["days_since_last_receipt"]).all()
