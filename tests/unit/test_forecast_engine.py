"""The whole forecast: identities that hold on any data, and what single series get."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockturn.config import Settings
from stockturn.engine.forecast import ForecastResult, forecast
from stockturn.engine.forecast.quantiles import NAMES
from stockturn.i18n import LANGUAGES, has
from stockturn.schema.columns import COLUMNS

FIGURES = ["mean", *NAMES]
STEP = {"day": "1d", "week": "1w", "month": "1mo"}
START = {"day": date(2023, 1, 1), "week": date(2022, 1, 3), "month": date(2020, 1, 1)}
END = 60


def frame(rows: dict[str, list[float]], bucket: str = "month") -> pl.DataFrame:
    """Long series, each ending in the same bucket."""
    dates = pl.date_range(START[bucket], date(2035, 1, 1), STEP[bucket], eager=True)[:END]
    parts = [
        pl.DataFrame({"sku": [sku] * len(qty), "period": dates[END - len(qty) :], "qty": qty})
        for sku, qty in rows.items()
        if qty
    ]
    empty = pl.DataFrame(schema={"sku": pl.String, "period": pl.Date, "qty": pl.Float64})
    return pl.concat([empty, *parts])


def mixed(seed: int, count: int = 60, months: int = 40) -> dict[str, list[float]]:
    rng = np.random.default_rng(seed)
    t = np.arange(months)
    rows = {}
    for at in range(count):
        mean = [2.0, 0.4, 30.0, 200.0][at % 4] * rng.uniform(0.5, 2)
        shape = np.ones(months) + (0.4 * np.sin(2 * np.pi * t / 12) if at % 4 == 3 else 0)
        rows[f"s{at:03d}"] = rng.poisson(mean * shape).astype(float)[rng.integers(0, 20) :].tolist()
    return rows


def run(
    rows: dict[str, list[float]], bucket: str = "month", horizon: int = 3, span: int = 2, **s
) -> ForecastResult:
    return forecast(frame(rows, bucket), Settings(forecast=s), bucket, horizon, span)


values = st.one_of(st.just(0.0), st.integers(0, 30).map(float), st.floats(0, 1e12, allow_subnormal=False))
histories = st.one_of(
    st.lists(values, max_size=60),
    st.integers(1, 60).map(lambda n: [0.0] * n),
    st.integers(1, 60).map(lambda n: [7.0] * n),
    st.integers(2, 60).map(lambda n: [0.0] * (n - 1) + [3.0]),
    st.integers(2, 60).map(lambda n: [1e15] + [0.0] * (n - 1)),
)
books = st.lists(histories, max_size=6).map(lambda many: {f"s{at}": row for at, row in enumerate(many)})


def check_sound(result: ForecastResult) -> None:
    for table in (result.forecast, result.sums):
        numbers = table.select(FIGURES)
        assert numbers.null_count().sum_horizontal().sum() == 0
        assert np.isfinite(numbers.to_numpy()).all()
        assert (numbers.to_numpy() >= 0).all()
        crossing = np.diff(table.select(NAMES).to_numpy(), axis=1)
        assert (crossing >= 0).all()
    for table in (result.accuracy, result.totals, result.scores):
        for name, dtype in table.schema.items():
            if dtype == pl.Float64:
                assert np.isfinite(table[name].drop_nulls().to_numpy()).all(), name


@given(books, st.sampled_from(["day", "week", "month"]), st.sampled_from(["auto", "fast"]))
def test_any_series_gives_sound_figures(rows, bucket, strategy):
    result = run(rows, bucket, strategy=strategy)
    known = [sku for sku, qty in rows.items() if qty]
    assert result.forecast["sku"].unique().sort().to_list() == sorted(known)
    assert result.forecast.height == 3 * len(known)
    check_sound(result)


@given(books)
@settings(max_examples=15)
def test_any_series_gives_sound_figures_in_a_crowd(rows):
    check_sound(run(rows | mixed(3)))


@given(st.integers(0, 20), st.sampled_from([3.0, 0.1, 4096.0, 1e-6]))
@settings(max_examples=8)
def test_scaling_demand_scales_every_figure(seed, factor):
    rows = mixed(seed)
    plain, scaled = run(rows), run({sku: [factor * v for v in qty] for sku, qty in rows.items()})
    for one, other in ((plain.forecast, scaled.forecast), (plain.sums, scaled.sums)):
        left = one.select(FIGURES).to_numpy() * factor
        assert other.select(FIGURES).to_numpy() == pytest.approx(left, rel=1e-6, abs=1e-9 * left.max())
    for name in ("wape", "mase", "rmsse", "bias", "fva", "pinball"):
        assert scaled.totals[name].to_numpy() == pytest.approx(plain.totals[name].to_numpy(), rel=1e-6), name


def test_scaling_a_lone_count_series_scales_its_quantiles():
    rows = {"a": [0.0, 1, 0, 0, 2, 0, 1, 0, 0, 0, 3, 0, 1, 0, 2, 0, 0, 1, 0, 0, 1, 0]}
    plain, scaled = run(rows), run({"a": [6 * v for v in rows["a"]]})
    assert scaled.sums.select(NAMES).to_numpy() == pytest.approx(6 * plain.sums.select(NAMES).to_numpy())
    assert set((plain.sums.select(NAMES).to_numpy() % 1).ravel()) == {0.0}


@given(st.integers(0, 20), st.randoms(use_true_random=False))
@settings(max_examples=8)
def test_row_order_and_names_change_nothing(seed, random):
    rows = mixed(seed)
    names = list(rows)
    random.shuffle(names)
    renamed = {f"x{names.index(sku):03d}": qty for sku, qty in rows.items()}
    back = {f"x{names.index(sku):03d}": sku for sku in rows}
    plain = run(rows).forecast
    other = forecast(
        frame(renamed).sample(fraction=1.0, shuffle=True, seed=1), Settings(), "month", 3, 2
    ).forecast
    other = other.with_columns(pl.col("sku").replace_strict(back)).sort("sku", "period")
    assert other.drop(FIGURES).equals(plain.drop(FIGURES))
    assert other.select(FIGURES).to_numpy() == pytest.approx(plain.select(FIGURES).to_numpy(), rel=1e-9)


def test_chunks_change_nothing():
    rows = mixed(4, 150)
    plain, cut = run(rows), run(rows, chunk=64)
    assert cut.forecast.select(FIGURES).to_numpy() == pytest.approx(
        plain.forecast.select(FIGURES).to_numpy(), rel=1e-9
    )
    assert cut.forecast["model"].equals(plain.forecast["model"])
    assert cut.totals["pinball"].to_numpy() == pytest.approx(plain.totals["pinball"].to_numpy(), rel=1e-9)


def test_a_chunk_of_new_items_alone_stands_beside_the_others():
    rows = mixed(4, 64) | {f"t{at:03d}": [5.0, 6.0] for at in range(70)}
    result = run(rows, chunk=64)
    assert result.forecast["sku"].n_unique() == 134
    check_sound(result)


def test_the_backtest_of_an_origin_is_the_forecast_made_from_data_cut_there():
    """What the accuracy table counts as the error two buckets ago is what the command would have said then."""
    rows = mixed(5, 80)
    whole = run(rows, horizon=2, span=2, scored_origins=1)
    cut = run({sku: qty[:-2] for sku, qty in rows.items()}, horizon=2, span=2)
    said = cut.sums.filter(pl.col("span") == 2).select("sku", "mean")
    came = pl.DataFrame({"sku": list(rows), "came": [sum(qty[-2:]) for qty in rows.values()]})
    told = whole.scores.join(said, on="sku").join(came, on="sku")
    expected = (told["mean"] - told["came"]).to_numpy()
    assert told["error"].to_numpy() == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_wild_series_beside_changes_no_point_forecast_of_smooth_ones():
    rows = {sku: qty for sku, qty in mixed(6).items() if int(sku[1:]) % 4 == 3}
    plain = run(rows).forecast
    crowded = run(rows | {"zzz": [0.0] * 20 + [1e6] + [0.0] * 5}).forecast.filter(pl.col("sku") != "zzz")
    assert crowded["mean"].to_numpy() == pytest.approx(plain["mean"].to_numpy(), rel=1e-12)


def test_sums_add_up_the_buckets():
    result = run(mixed(7), horizon=4, span=3)
    last = result.sums.filter(pl.col("span") == 4).sort("sku")
    total = result.forecast.group_by("sku").agg(pl.col("mean").sum()).sort("sku")
    assert last["mean"].to_numpy() == pytest.approx(total["mean"].to_numpy())
    wide = result.sums.sort("sku", "span").select(NAMES).to_numpy().reshape(-1, 4, len(NAMES))
    assert (np.diff(wide, axis=1) >= 0).all()


def test_periods_follow_the_last_bucket():
    weeks = run({"a": [5.0] * 10}, "week", horizon=2).forecast["period"].to_list()
    last = pl.date_range(START["week"], date(2035, 1, 1), "1w", eager=True)[END - 1]
    assert [(day - last).days for day in weeks] == [7, 14]
    months = run({"a": [5.0] * 10}, "month", horizon=2).forecast["period"].to_list()
    assert months == [date(2025, 1, 1), date(2025, 2, 1)]


def test_a_constant_series_is_forecast_as_it_is():
    table = run({"a": [8.0] * 30}).forecast
    assert table.select(FIGURES).to_numpy() == pytest.approx(np.full((3, 7), 8.0))


def test_reasons_name_what_is_special():
    rows = {
        "never": [0.0] * 12,
        "short": [4.0, 5.0],
        "once": [0.0] * 6 + [3.0] + [0.0] * 4,
        "ended": [5.0] * 12 + [0.0] * 14,
        "plain": [5.0, 6.0] * 8,
    }
    told = dict(run(rows).forecast.group_by("sku").agg(pl.col("reason_code").first()).iter_rows())
    assert told == {
        "never": "no_demand",
        "short": "short_history",
        "once": "one_sale",
        "ended": "demand_ended",
        "plain": None,
    }


def test_demand_that_ended_is_forecast_as_nothing():
    table = run({"ended": [5.0] * 12 + [0.0] * 14}).forecast
    assert table["mean"].to_list() == [0.0, 0.0, 0.0]


def test_a_new_item_gets_the_spread_of_its_neighbours():
    rows = mixed(8) | {"new": [50.0]}
    new = run(rows).forecast.filter(pl.col("sku") == "new")
    assert new["mean"].to_list() == [50.0] * 3
    assert (new["q95"] > 55).all()


def test_a_real_season_is_followed():
    t = np.arange(48)
    rng = np.random.default_rng(1)
    rows = {
        f"s{at}": np.round(500 * (1 + 0.5 * np.sin(2 * np.pi * t / 12)) + rng.normal(0, 15, 48)).tolist()
        for at in range(40)
    }
    result = run(rows, horizon=12, span=3)
    truth = 500 * (1 + 0.5 * np.sin(2 * np.pi * np.arange(48, 60) / 12))
    mean = (
        result.forecast.group_by("period", maintain_order=True).agg(pl.col("mean").mean())["mean"].to_numpy()
    )
    assert np.abs(mean / truth - 1).max() < 0.08
    assert set(result.forecast["model"]) <= {"theta", "theta+damped"}
    assert result.totals.filter(pl.col("scope") == "total")["fva"].item() > 0.5


def test_warehouses_are_cells_of_their_own():
    rows = frame({"a": [5.0] * 12})
    two = pl.concat(
        [
            rows.with_columns(warehouse=pl.lit("W1")),
            rows.with_columns(pl.col("qty") * 3, warehouse=pl.lit("W2")),
        ],
        how="diagonal",
    )
    table = forecast(two, Settings(), "month", 1, 1).forecast
    assert table.select("sku", "warehouse").rows() == [("a", "W1"), ("a", "W2")]
    assert table["mean"].to_list() == pytest.approx([5.0, 15.0])


def test_gaps_are_zeros_and_doubles_add_up():
    whole = frame({"a": [4.0, 0.0, 0.0, 6.0, 2.0]})
    holes = pl.concat([whole.filter(pl.col("qty") > 0), whole.tail(1), whole.tail(1).with_columns(qty=-9.0)])
    halved = holes.with_columns(pl.when(pl.col("qty") == 2.0).then(1.0).otherwise("qty").alias("qty"))
    one, other = (forecast(table, Settings(), "month", 2, 1).forecast for table in (whole, halved))
    assert one.equals(other)


def test_strategy_by_pattern_and_by_sku():
    rows = mixed(9)
    result = run(rows, patterns={"intermittent": "tsb"}, skus={"s002": "naive"})
    told = result.forecast.filter(pl.col("pattern") == "intermittent")["model"].unique().to_list()
    assert told == ["tsb"]
    naive = result.forecast.filter(pl.col("sku") == "s002")
    assert naive["model"].unique().to_list() == ["naive"]
    assert naive["mean"].to_list() == [rows["s002"][-1]] * 3


def test_a_series_begins_with_its_first_demand_but_keeps_a_year():
    sold = [5.0, 7.0, 6.0, 8.0] * 6
    late, early = run({"a": [0.0] * 20 + sold}).forecast, run({"a": sold}).forecast
    assert late.equals(early)
    slow = run({"a": [0.0] * 30 + [6.0]}).forecast
    assert (slow["mean"] <= 1.0).all()


def test_quantities_at_the_end_of_what_a_float_holds():
    result = run({"huge": [1e300, 0.0, 3e299] * 8, "tiny": [1e-300, 2e-300] * 12, "plain": [4.0, 5.0] * 12})
    check_sound(result)
    assert result.accuracy["wape"].null_count() == 0


def test_every_column_has_its_home_and_its_texts():
    result = run(mixed(12))
    tables = (result.forecast, result.sums, result.accuracy, result.totals)
    for name in {name for table in tables for name in table.columns}:
        assert name in COLUMNS
        for lang in LANGUAGES:
            assert has(f"columns.{name}", lang)
            assert has(f"columns.{name}_meaning", lang)
