"""What changes a forecast from outside: people, customers' orders, promotions, references for new items."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from stockturn.config.forecast import ForecastSettings
from stockturn.engine.forecast import (
    adjusted,
    apply_overrides,
    promotion_days,
    promotion_table,
    totals_by,
    with_new_items,
    with_open_orders,
    with_promotions,
    without_promotions,
)
from stockturn.engine.forecast.quantiles import NAMES
from tests.unit.test_forecast_engine import check_sound, frame, mixed, run

S = ForecastSettings()


def table(*rows: tuple[str, str, date, float]) -> pl.DataFrame:
    """A forecast of given means; the 95 % quantile twice the mean, the others between."""
    made = pl.DataFrame(rows, schema=["sku", "warehouse", "period", "mean"], orient="row")
    factors = zip(NAMES, (0.9, 1.4, 1.7, 2.0, 2.2, 2.5), strict=True)
    return made.with_columns(
        *((pl.col("mean") * f).alias(name) for name, f in factors), model=pl.lit("median")
    )


JULY, AUGUST = date(2025, 7, 1), date(2025, 8, 1)
TWO = table(
    ("a", "W1", JULY, 30.0), ("a", "W2", JULY, 10.0), ("a", "W1", AUGUST, 30.0), ("b", "W1", JULY, 0.0)
)


def lines(*rows: dict) -> pl.DataFrame:
    schema = {
        "sku": pl.String,
        "warehouse": pl.String,
        "period": pl.Date,
        "qty": pl.Float64,
        "factor": pl.Float64,
        "who": pl.String,
        "reason": pl.String,
    }
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def means(forecast: pl.DataFrame) -> list[float]:
    return forecast["mean"].to_list()


def test_an_override_for_the_sku_is_split_as_the_forecast_is():
    out = apply_overrides(
        TWO, lines({"sku": "a", "period": date(2025, 7, 17), "qty": 80.0, "who": "Li"}), "month"
    )
    assert means(out) == pytest.approx([60.0, 20.0, 30.0, 0.0])
    assert out["base_mean"].to_list() == [30.0, 10.0, 30.0, 0.0]
    assert out["who"].to_list() == ["Li", "Li", None, None]
    assert out["q95"].to_list() == pytest.approx([120.0, 40.0, 60.0, 0.0])


def test_a_factor_a_warehouse_and_the_last_line_count():
    out = apply_overrides(
        TWO,
        lines(
            {"sku": "a", "period": JULY, "factor": 2.0, "reason": "all"},
            {"sku": "a", "warehouse": "W2", "period": JULY, "qty": 99.0, "reason": "old"},
            {"sku": "a", "warehouse": "W2", "period": JULY, "qty": 7.0, "reason": "new"},
        ),
        "month",
    )
    assert means(out) == pytest.approx([60.0, 7.0, 30.0, 0.0])
    assert out["override_reason"].to_list() == ["all", "new", None, None]


def test_an_override_of_a_forecast_of_nothing_moves_its_quantiles():
    out = apply_overrides(TWO, lines({"sku": "b", "period": JULY, "qty": 5.0}), "month")
    assert out.filter(pl.col("sku") == "b").select("mean", *NAMES).row(0) == (5.0,) * 7


def test_overrides_may_lack_columns_and_a_forecast_warehouses():
    plain = TWO.filter(pl.col("warehouse") == "W1").drop("warehouse")
    out = apply_overrides(plain, pl.DataFrame({"sku": ["a"], "period": [AUGUST], "qty": [9.0]}), "month")
    assert means(out) == [30.0, 9.0, 0.0]
    assert apply_overrides(out, lines(), "month").columns == out.columns


def test_sums_follow_the_buckets():
    result = run(mixed(31), horizon=3, span=2)
    changed = apply_overrides(
        result.forecast,
        pl.DataFrame({"sku": ["s002"], "period": [result.forecast["period"].min()], "factor": [3.0]}),
        "month",
    )
    out = adjusted(result, changed.select(result.forecast.columns))
    mine = out.sums.filter(pl.col("sku") == "s002")["mean"].to_list()
    buckets = out.forecast.filter(pl.col("sku") == "s002")["mean"].to_list()
    assert mine == pytest.approx([buckets[0], buckets[0] + buckets[1], sum(buckets)])
    others = pl.col("sku") != "s002"
    assert out.sums.filter(others).equals(result.sums.filter(others))
    check_sound(out)


def test_a_bucket_is_at_least_what_customers_ordered():
    orders = pl.DataFrame({"sku": ["a"], "warehouse": ["W2"], "period": [date(2025, 7, 31)], "qty": [12.0]})
    out = with_open_orders(TWO, orders, "month")
    assert means(out) == [30.0, 12.0, 30.0, 0.0]
    assert out["q50"].to_list() == pytest.approx([27.0, 12.0, 27.0, 0.0])
    assert out["q95"].to_list() == pytest.approx([60.0, 20.0, 60.0, 0.0])


def test_sku_forecasts_add_up_to_their_category():
    about = pl.DataFrame({"sku": ["a", "b"], "category": ["tea", "tea"]})
    out = totals_by(TWO, about, ["category"])
    assert out.rows() == [("tea", JULY, 40.0, 2), ("tea", AUGUST, 30.0, 1)]


START = date(2025, 1, 1)


def days(qty: list[float], sku: str = "a") -> pl.DataFrame:
    dates = [START + timedelta(days=at) for at in range(len(qty))]
    return pl.DataFrame({"sku": [sku] * len(qty), "date": dates, "qty": qty}).filter(pl.col("qty") > 0)


def promotion(first: int, last: int, **more) -> dict:
    return {"start": START + timedelta(days=first), "end": START + timedelta(days=last)} | more


def test_uplift_is_measured_against_the_days_around():
    """14 a day in the promotion, 10 around it, and 1000 a day five weeks earlier that must not matter."""
    sold = days([1000.0] * 10 + [10.0] * 40 + [14.0] * 5 + [10.0] * 30)
    promotions = pl.DataFrame([promotion(50, 54, sku="a", uplift=2.0)])
    stock = pl.DataFrame({"sku": ["a"], "date": [START + timedelta(days=54)], "on_hand": [33.0]})
    row = promotion_table(sold, promotions, None, date(2025, 12, 31), S, stock).row(0, named=True)
    assert row["planned_uplift"] == 2.0
    assert row["measured_uplift"] == pytest.approx(1.4)
    assert row["extra_qty"] == pytest.approx(20.0)
    assert row["leftover_qty"] == 33.0
    clean = without_promotions(
        sold, promotion_days(promotions, None), promotion_table(sold, promotions, None, date(2025, 12, 31), S)
    )
    inside = clean.filter(pl.col("promotion_qty") > 0)
    assert inside["qty"].to_list() == pytest.approx([10.0] * 5)
    assert clean["qty"].sum() + clean["promotion_qty"].sum() == pytest.approx(sold["qty"].sum())


def test_days_without_a_sale_count_in_both_rates():
    sold = days([0.0, 10.0] * 20 + [0.0, 28.0] * 2 + [10.0, 0.0] * 20)
    row = promotion_table(sold, pl.DataFrame([promotion(40, 43, sku="a")]), None, date(2025, 12, 31), S).row(
        0, named=True
    )
    assert row["measured_uplift"] == pytest.approx(14.0 / 5.0)


def test_the_days_around_are_free_of_other_promotions():
    sold = days([10.0] * 30 + [50.0] * 5 + [10.0] * 5 + [20.0] * 5 + [10.0] * 20)
    promotions = pl.DataFrame([promotion(30, 34, sku="a"), promotion(40, 44, sku="a")])
    measured = promotion_table(sold, promotions, None, START + timedelta(days=64), S)[
        "measured_uplift"
    ].to_list()
    assert measured == pytest.approx([5.0, 2.0])


def test_without_days_around_the_planned_uplift_is_used_and_below_one_none():
    promotions = pl.DataFrame([promotion(0, 4, sku="a", uplift=1.5)])
    only = promotion_table(days([30.0] * 5), promotions, None, date(2025, 12, 31), S).row(0, named=True)
    assert only["measured_uplift"] is None
    assert only["used_uplift"] == 1.5
    failed = days([10.0] * 20 + [5.0] * 5 + [10.0] * 20)
    row = promotion_table(
        failed, pl.DataFrame([promotion(20, 24, sku="a")]), None, START + timedelta(days=44), S
    ).row(0, named=True)
    assert row["measured_uplift"] == pytest.approx(0.5)
    assert row["used_uplift"] == 1.0


def test_a_category_promotion_is_one_of_each_sku():
    items = pl.DataFrame({"sku": ["a", "b", "c"], "category": ["tea", "tea", "cup"]})
    sold = pl.concat([days([10.0] * 20 + [20.0] * 5 + [10.0] * 9, sku) for sku in "abc"])
    told = promotion_table(
        sold, pl.DataFrame([promotion(20, 24, category="tea")]), items, date(2025, 12, 31), S
    )
    assert sorted(told["sku"].to_list()) == ["a", "b"]


def test_margin_given_up_is_the_price_gap_times_units():
    sold = days([10.0] * 20 + [20.0] * 5 + [10.0] * 9).with_columns(
        revenue=pl.when(pl.col("qty") == 20).then(pl.col("qty") * 8).otherwise(pl.col("qty") * 10.0)
    )
    row = promotion_table(sold, pl.DataFrame([promotion(20, 24, sku="a")]), None, date(2025, 12, 31), S).row(
        0, named=True
    )
    assert row["margin_given_up"] == pytest.approx(2.0 * 100)


def test_nothing_after_as_of_is_measured():
    sold = days([10.0] * 20 + [20.0] * 10 + [10.0] * 20)
    promotions = pl.DataFrame([promotion(20, 29, sku="a")])
    cut = START + timedelta(days=24)
    full = promotion_table(sold, promotions, None, cut, S)
    early = promotion_table(sold.filter(pl.col("date") <= cut), promotions, None, cut, S)
    assert full.equals(early)
    assert full["promotion_days"].item() == 5


def test_planned_promotions_are_put_on_by_their_share_of_the_bucket():
    promotions = pl.DataFrame(
        [{"sku": "a", "start": date(2025, 7, 30), "end": date(2025, 8, 10), "uplift": 1.62}]
    )
    told = promotion_table(days([1.0]), promotions, None, date(2025, 6, 30), S)
    out = with_promotions(TWO, promotion_days(promotions, None), told, "month")
    july, august = 30 * (1 + 0.62 * 2 / 31), 30 * (1 + 0.62 * 10 / 31)
    assert means(out) == pytest.approx([july, july / 3, august, 0.0])
    assert out["promotion_qty"].to_list() == pytest.approx([july - 30, july / 3 - 10, august - 30, 0.0])
    assert out["q95"].to_list() == pytest.approx([2 * v for v in means(out)])


def test_a_promotion_without_a_plan_takes_the_uplift_of_the_past_ones():
    sold = days([10.0] * 30 + [30.0] * 5 + [10.0] * 30)
    promotions = pl.DataFrame(
        [promotion(30, 34, sku="a"), {"sku": "a", "start": JULY, "end": date(2025, 7, 31)}]
    )
    told = promotion_table(sold, promotions, None, date(2025, 6, 30), S)
    out = with_promotions(TWO, promotion_days(promotions, None), told, "month")
    assert means(out)[0] == pytest.approx(90.0)


def test_a_new_item_follows_its_reference_at_its_own_size():
    rows = mixed(33) | {"old": [40.0, 44.0] * 20, "new": [20.0, 22.0]}
    result = run(rows)
    items = pl.DataFrame({"sku": ["new"], "like": ["old"]})
    out = with_new_items(result, frame(rows), items, S)
    old, new = (out.forecast.filter(pl.col("sku") == sku) for sku in ("old", "new"))
    assert means(new) == pytest.approx([0.5 * v for v in means(old)])
    assert new["reason_code"].to_list() == ["new_like"] * 3
    assert new["model"].to_list() == ["like"] * 3
    check_sound(out)
    rest = pl.col("sku") != "new"
    assert out.forecast.filter(rest).equals(result.forecast.filter(rest))


def test_an_item_that_outgrew_the_ramp_keeps_its_own_forecast():
    rows = mixed(33) | {"old": [40.0, 44.0] * 20, "new": [20.0] * 12}
    result = run(rows)
    out = with_new_items(result, frame(rows), pl.DataFrame({"sku": ["new"], "like": ["old"]}), S)
    assert out.forecast.equals(result.forecast)


def test_a_new_item_follows_the_start_of_its_category():
    """Six items began with 10, 20, 30, 40, 50 ...; the new one sold 20 in its first month, twice the usual start."""
    rows = {f"t{at}": [10.0, 20.0, 30.0, 40.0, 50.0, 50.0, 50.0, 50.0] for at in range(6)}
    rows |= {"base": [5.0] * 20, "new": [20.0]}
    items = pl.DataFrame({"sku": list(rows), "category": ["tea"] * len(rows)})
    out = with_new_items(run(rows), frame(rows), items, S)
    new = out.forecast.filter(pl.col("sku") == "new")
    assert means(new) == pytest.approx([40.0, 60.0, 80.0])
    assert new["reason_code"].to_list() == ["new_ramp"] * 3
    assert out.sums.filter(pl.col("sku") == "new")["mean"].to_list() == pytest.approx([40.0, 100.0, 180.0])
    check_sound(out)


def test_without_promotions_there_is_an_empty_table_and_nothing_changes():
    none = pl.DataFrame(schema={"sku": pl.String, "start": pl.Date, "end": pl.Date, "uplift": pl.Float64})
    sold = days([10.0] * 5)
    told = promotion_table(sold, none, None, date(2025, 12, 31), S)
    assert told.is_empty()
    assert without_promotions(sold, promotion_days(none, None), told)["qty"].to_list() == [10.0] * 5
    assert means(with_promotions(TWO, promotion_days(none, None), told, "month")) == means(TWO)
    backwards = pl.DataFrame([promotion(9, 4, sku="a", uplift=2.0)])
    assert promotion_table(sold, backwards, None, date(2025, 12, 31), S).is_empty()
