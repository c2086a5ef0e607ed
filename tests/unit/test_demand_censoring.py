"""Stockout days: corrected by their own rate, by the local rate, or left; always capped, never less than sold."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.config import Settings
from stockturn.engine.censoring import stockout_adjusted
from tests.answers import oracle

Bucket = tuple[float, int, int]


def adjusted(buckets: list[Bucket], settings: Settings | None = None) -> pl.DataFrame:
    """One sku's (qty, days, in_stock_days) by bucket."""
    periods = [date(2000 + n // 12, n % 12 + 1, 1) for n in range(len(buckets))]
    qty, days, held = zip(*buckets, strict=True)
    series = pl.LazyFrame({"sku": "A", "period": periods, "qty": [float(each) for each in qty]})
    stock = pl.LazyFrame({"sku": "A", "period": periods, "days": list(days), "in_stock_days": list(held)})
    return stockout_adjusted(series, stock, settings or Settings()).collect()


def slow(buckets: list[Bucket], settings: Settings) -> list[float]:
    """The rule, one bucket after the other."""
    chosen, found = settings.demand, []
    for n, (qty, days, held) in enumerate(buckets):
        near = buckets[max(0, n - chosen.local_buckets) : n + chosen.local_buckets + 1]
        near_days = sum(part[2] for part in near)
        local = sum(part[0] for part in near if part[2] > 0) / near_days if near_days else None
        added = 0.0
        if days > held:
            if held >= chosen.min_in_stock_days and held >= chosen.min_in_stock_share * days:
                added = qty / held * (days - held)
            elif local is not None:
                added = local * (days - held)
        cap = chosen.max_added * local * days if local is not None else 0.0
        found.append(qty + min(added, cap))
    return found


def test_a_peers_adjusted_monthly_consumption() -> None:
    """10 in six months of 30 days with 69 out: 2.70 a month, not 1.67."""
    case = oracle("msupply-amc-adjusted")
    given_ = case["inputs"]
    days = given_["lookback_months"] * given_["days_in_month"]
    found = adjusted([(given_["consumption"], days, days - given_["days_out_of_stock"])])
    assert found["qty_adjusted"].item() / given_["lookback_months"] == pytest.approx(case["expected"]["amc"])


def test_a_vendors_lost_sales() -> None:
    """50 in 42 days with 10 out: 15.6 units missed."""
    case = oracle("lightspeed-lost-sales")
    days, out = case["inputs"]["days"], case["inputs"]["days_out_of_stock"]
    found = adjusted([(case["inputs"]["units_sold"], days, days - out)])
    missed = found["qty_adjusted"] - found["qty"]
    assert missed.item() == pytest.approx(case["expected"]["missed_sales"])


def test_a_bucket_with_too_few_days_takes_the_local_rate() -> None:
    """4 in-stock days speak for nothing; the neighbours sell 1 a day."""
    found = adjusted([(30, 30, 30), (0, 30, 4), (30, 30, 30)])
    assert found["basis"].to_list() == ["as_sold", "local_rate", "as_sold"]
    assert found["qty_adjusted"].to_list() == pytest.approx([30, 26 * 60 / 64, 30])


def test_five_days_are_enough_only_with_a_quarter_of_the_bucket() -> None:
    """8 of 30 days are enough, 7 are not."""
    assert adjusted([(8, 30, 8), (30, 30, 30)])["basis"][0] == "own_rate"
    assert adjusted([(7, 30, 7), (30, 30, 30)])["basis"][0] == "local_rate"


def test_what_is_added_is_capped() -> None:
    """A burst of 90 in 8 days is not 337: at most twice the local mean is added."""
    found = adjusted([(30, 30, 30), (30, 30, 30), (90, 30, 8), (30, 30, 30)])
    local = (30 * 3 + 90) / (30 * 3 + 8)
    assert found["qty_adjusted"][2] == pytest.approx(90 + 2 * local * 30)


def test_without_any_in_stock_day_nothing_is_invented() -> None:
    """No rate is known anywhere near."""
    found = adjusted([(0, 30, 0), (0, 30, 0)])
    assert found["qty_adjusted"].to_list() == [0.0, 0.0]
    assert found["basis"].to_list() == ["unknown", "unknown"]


def test_buckets_of_unknown_stock_stay_as_sold() -> None:
    """No balance is known: demand is left as sold."""
    series = pl.LazyFrame({"sku": ["A"], "period": [date(2024, 1, 1)], "qty": [4.0]})
    schema = {"sku": pl.String, "period": pl.Date, "days": pl.Int64, "in_stock_days": pl.Int64}
    found = stockout_adjusted(series, pl.LazyFrame(schema=schema), Settings()).collect()
    assert found.select("qty_adjusted", "censored", "basis").row(0) == (4.0, False, "as_sold")


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(28, 31), st.integers(0, 31)).map(
            lambda part: (float(part[0]), part[1], min(part[1], part[2]))
        ),
        min_size=1,
        max_size=15,
    )
)
def test_adjustment_agrees_with_the_rule_bucket_by_bucket(buckets: list[Bucket]) -> None:
    """Same figures by a plain loop; never less than sold; uncensored buckets untouched."""
    found = adjusted(buckets)
    assert found["qty_adjusted"].to_list() == pytest.approx(slow(buckets, Settings()))
    assert (found["qty_adjusted"] >= found["qty"]).all()
    untouched = found.filter(~pl.col("censored"))
    assert untouched["qty"].to_list() == untouched["qty_adjusted"].to_list()
