"""The door to statsforecast: same numbers, its pitfalls closed, and nothing imported before it is needed."""

from __future__ import annotations

import builtins
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.engine.forecast import forecast
from stockturn.errors import UsageError
from stockturn.i18n import error_text
from tests.unit.test_forecast_engine import check_sound, frame, mixed, run


def test_a_named_library_model_gives_the_librarys_own_forecast():
    from statsforecast.models import DynamicOptimizedTheta

    rows = {sku: qty for sku, qty in mixed(51, 16).items() if len(qty) >= 24 and qty[0] > 0}
    table = run(rows, strategy="DynamicOptimizedTheta", library_origins=2).forecast
    assert set(table["model"]) == {"DynamicOptimizedTheta"}
    for sku, qty in rows.items():
        theirs = DynamicOptimizedTheta(season_length=12).forecast(np.array(qty), 3)["mean"]
        mine = table.filter(pl.col("sku") == sku)["mean"].to_numpy()
        assert mine == pytest.approx(np.maximum(theirs, 0), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(
    "name", ["CrostonSBA", "TSB", "WindowAverage", "SimpleExponentialSmoothing", "AutoETS"]
)
def test_library_models_that_want_arguments_get_them(name):
    rows = mixed(52, 12) | {"short": [3.0], "zero": [0.0] * 30}
    result = run(rows, strategy=name, library_origins=2)
    check_sound(result)
    told = dict(result.forecast.group_by("sku").agg(pl.col("model").first()).iter_rows())
    assert told["zero"] == name
    assert told["short"] != name, "too short for the library: our own answers, and says so"
    assert result.forecast.filter(pl.col("sku") == "short")["mean"].to_list() == [3.0] * 3
    assert result.accuracy.filter(pl.col("sku") == "zero")["periods"].item() == 2


def test_library_backtest_is_the_forecast_from_data_cut_there():
    rows = {sku: qty for sku, qty in mixed(53, 24).items() if len(qty) >= 30}
    settings = {"strategy": "CrostonOptimized", "scored_origins": 1}
    whole = run(rows, horizon=2, span=2, library_origins=1, **settings)
    cut = run({sku: qty[:-2] for sku, qty in rows.items()}, horizon=2, span=2, library_origins=1, **settings)
    said = cut.sums.filter(pl.col("span") == 2).sort("sku")["mean"].to_numpy()
    came = np.array([sum(rows[sku][-2:]) for sku in sorted(rows)])
    assert whole.scores.sort("sku")["error"].to_numpy() == pytest.approx(said - came, rel=1e-6, abs=1e-6)


def test_high_adds_ets_only_where_a_season_or_trend_is_believed():
    t = np.arange(48)
    rng = np.random.default_rng(3)
    rows = mixed(54, 24) | {
        "wave": np.round(300 + 150 * np.sin(2 * np.pi * t / 12) + rng.normal(0, 9, 48)).tolist()
    }
    plain, high = (run(rows, strategy=name, library_origins=2).forecast for name in ("auto", "high"))
    models = dict(high.group_by("sku").agg(pl.col("model").first()).iter_rows())
    assert models["wave"] == "AutoETS+theta"
    same = high.filter(~pl.col("model").str.starts_with("AutoETS")).select("sku", "period", "mean", "model")
    assert same.equals(
        plain.select("sku", "period", "mean", "model").filter(pl.col("sku").is_in(same["sku"].implode()))
    )


def test_an_unknown_model_is_refused_with_those_that_exist():
    with pytest.raises(UsageError) as caught:
        run({"a": [1.0] * 20}, strategy="AutoMagic")
    message, hint = error_text(caught.value, "en")
    assert "AutoMagic" in message
    assert hint is not None
    assert "theta" in hint
    assert "AutoETS" in hint


def test_the_default_never_imports_statsforecast():
    code = (
        "import sys, datetime as dt, polars as pl\n"
        "from stockturn.config import Settings\n"
        "from stockturn.engine.forecast import forecast\n"
        "rows = pl.DataFrame({'sku': ['a'] * 30, 'qty': [5.0, 9.0, 4.0] * 10,\n"
        "  'period': pl.date_range(dt.date(2022, 1, 1), dt.date(2024, 6, 1), '1mo', eager=True)})\n"
        "forecast(rows, Settings())\n"
        "print(sorted({'statsforecast', 'pandas', 'scipy', 'dask'} & set(sys.modules)))\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_dask_that_is_not_installed_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without_dask(name, *rest, **more):
        if name.split(".")[0] in ("dask", "distributed"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_dask)
    settings = Settings(forecast={"strategy": "AutoETS", "dask": "tcp://here:8786"})
    with pytest.raises(UsageError) as caught:
        forecast(frame({"a": [5.0, 7.0] * 12}), settings, "month", 2, 2)
    message, hint = error_text(caught.value, "en")
    assert "tcp://here:8786" in message
    assert hint is not None
    assert "stockturn[dask]" in hint


@pytest.mark.long
def test_dask_gives_the_same_numbers():
    pytest.importorskip("distributed")
    rows = mixed(55, 12)
    plain = run(rows, strategy="CrostonOptimized", library_origins=2).forecast
    spread = run(rows, strategy="CrostonOptimized", library_origins=2, dask="local").forecast
    # what comes back through the cluster has single precision
    assert spread["mean"].to_numpy() == pytest.approx(plain["mean"].to_numpy(), rel=1e-6)
