"""``explain`` on the example company: the figures are those of the other commands, and every one can be worked out again."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from stockturn import api
from stockturn.config import Settings, load_settings
from stockturn.model import Ledger, Result
from tests.e2e.cli import cli
from tests.explained import agrees

pytestmark = pytest.mark.usefixtures("read_once")

SKUS = ("0403002", "0201001", "0801001", "0605001", "0404002", "0203003")
CELL = ["sku", "warehouse"]


@pytest.fixture(scope="module")
def settings(demo: Path) -> Settings:
    """The settings that lie beside the exports."""
    return load_settings(demo / "stockturn.toml")


@pytest.fixture(scope="module")
def folder(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the exports hold, kept in a ledger folder beside the same settings."""
    home = tmp_path_factory.mktemp("company")
    assert cli("ingest", demo, "--into", home / "ledger").status == 0
    shutil.copy(demo / "stockturn.toml", home)
    return home / "ledger"


@pytest.fixture(scope="module")
def ledger(folder: Path, settings: Settings) -> Ledger:
    """The ledger of that folder."""
    return api.ingest(folder, settings=settings)


@pytest.fixture(scope="module")
def made(ledger: Ledger, settings: Settings) -> Result:
    """Some skus explained."""
    return api.explain_result(ledger, SKUS, settings)


def shown(made: Result, area: str, whole: bool) -> pl.DataFrame:
    """The figures of an area as its command has them: one row per sku (or cell), a column each."""
    there = pl.col("warehouse").is_null() if whole else pl.col("warehouse").is_not_null()
    part = made.frame.filter((pl.col("area") == area) & there)
    keys = [*(["sku"] if whole else CELL), *(["period"] if part["period"].null_count() == 0 else [])]
    numbers = part.pivot(on="figure", index=keys, values="value")
    texts = part.pivot(on="figure", index=keys, values="value_text")
    told = [
        name for name in texts.columns if name not in keys and numbers[name].null_count() == numbers.height
    ]
    return numbers.drop(told).join(texts.select(*keys, *told), on=keys).sort(keys)


def same(made: Result, area: str, other: pl.DataFrame, whole: bool) -> list[str]:
    """The columns of an area that a command has too, after they were found equal to the last digit."""
    mine = shown(made, area, whole)
    keys = [name for name in ("sku", "warehouse", "period") if name in mine.columns]
    theirs = other.filter(pl.col("sku").is_in(SKUS)).sort(keys)
    common = [name for name in mine.columns if name in theirs.columns]
    for name in common:
        here, there = mine[name].to_list(), theirs[name].to_list()
        if mine[name].dtype == pl.String:
            there = [
                None if value is None else str(value).lower() if isinstance(value, bool) else str(value)
                for value in there
            ]
        assert here == there, f"{area} {name}"
    return [name for name in common if name not in keys]


def test_turnover_and_balance_are_those_of_turnover(made: Result, ledger: Ledger, settings: Settings) -> None:
    """By sku and by cell, to the last digit: 45 figures."""
    by_sku = api.turnover(ledger, ["sku"], settings)
    by_cell = api.turnover(ledger, ["sku", "warehouse"], settings)
    for other, whole in ((by_sku, True), (by_cell, False)):
        assert len(same(made, "turnover", other, whole)) >= 45
        assert len(same(made, "balance", other, whole)) >= 5


def test_classes_are_those_of_abc(made: Result, ledger: Ledger, settings: Settings) -> None:
    """A class needs the whole assortment: computed on everything, then narrowed."""
    found = same(made, "classes", api.abc(ledger, settings), whole=True)
    assert {
        "value",
        "share",
        "cum_share",
        "abc",
        "cv",
        "xyz",
        "adi",
        "cv2",
        "pattern",
        "fsn",
        "previous_abc",
    } <= set(found)


def test_forecast_and_accuracy_are_those_of_forecast(
    made: Result, ledger: Ledger, settings: Settings
) -> None:
    """Narrowed to a sku the command gives the same, because all of them are forecast."""
    tables = api.forecast_result(ledger, settings, accuracy=True).tables
    cells = api.forecast_result(ledger, settings, CELL, accuracy=True).tables
    for frames, whole in ((tables, True), (cells, False)):
        assert {"mean", "q50", "q99", "model"} <= set(same(made, "forecast", frames["forecast"], whole))
        assert {"wape", "mase", "rmsse", "bias", "fva", "periods"} <= set(
            same(made, "accuracy", frames["accuracy"], whole)
        )
        assert "qty_adjusted" in same(made, "demand", frames["demand"], whole)
    one = settings.model_copy(update={"scope": settings.scope.model_copy(update={"sku": SKUS[:1]})})
    mine = shown(made, "forecast", whole=True).filter(pl.col("sku") == SKUS[0])
    assert mine["mean"].to_list() == api.forecast(ledger, one)["mean"].to_list()


def test_plan_and_dead_stock_are_those_of_their_commands(
    made: Result, ledger: Ledger, settings: Settings
) -> None:
    """Position, levels, suggestion and reason; ages, status, provision and way out."""
    plan = api.reorder(ledger, settings)
    assert len(same(made, "reorder", plan, whole=False)) >= 30
    assert {"supplier", "lead_time_days", "lead_time_sd"} <= set(same(made, "lead_time", plan, whole=False))
    lying = api.deadstock(ledger, settings)
    assert len(same(made, "deadstock", lying, whole=False)) >= 25
    assert {"age_0_30", "value_over_365", "mean_age_days"} <= set(same(made, "ageing", lying, whole=False))


def test_alerts_are_those_of_alerts(made: Result, ledger: Ledger, settings: Settings) -> None:
    """Every alert on the skus with its level, money and sentence."""
    alerts = api.alerts(ledger, settings).filter(pl.col("sku").is_in(SKUS))
    mine = made.frame.filter(pl.col("area") == "alerts").select(*CELL, "value", "value_text", "formula")
    theirs = alerts.select(*CELL, "value", value_text="level", formula="message")
    assert mine.height > 0
    assert mine.sort(pl.all()).equals(theirs.sort(pl.all()))


def test_every_filled_in_formula_gives_its_figure(made: Result) -> None:
    """Some thousand lines, worked out by Python; and no figure is empty without a reason, or not finite."""
    frame = made.frame
    lines = frame.filter(pl.col("filled_in").is_not_null())
    assert lines.height > 1000
    assert [row for row in lines.rows(named=True) if not agrees(row)] == []
    empty = pl.col("value").is_null() & pl.col("value_text").is_null()
    assert frame.filter(empty & pl.col("reason").is_null()).is_empty()
    assert frame["value"].drop_nulls().is_finite().all()


@pytest.mark.parametrize(
    "changed",
    [
        {"reorder": {"policy": "sS", "target": "fill"}, "abc": {"cut": "items", "within": "category"}},
        {"reorder": {"policy": "rop"}, "abc": {"grain": "sku_warehouse"}, "turnover": {"cost": "ledger"}},
        {"reorder": {"policy": "jit", "rounding": "nearest"}, "period": {"period": "2025-02-10..2025-05-20"},
         "turnover": {"average": "monthly", "cost": "monthly_average"}, "lang": "zh"},
    ],
    ids=["sS", "rop", "jit"],
)  # fmt: skip
def test_formulas_hold_under_other_settings(
    ledger: Ledger, settings: Settings, changed: dict[str, Any]
) -> None:
    """Other policies, cost methods, averages, cuts and periods: what is said is what was done."""
    merged = settings.model_dump()
    for section, values in changed.items():
        merged[section] = {**merged[section], **values} if isinstance(values, dict) else values
    lines = api.explain_result(ledger, SKUS, Settings.model_validate(merged)).frame
    wrong = [
        row for row in lines.filter(pl.col("filled_in").is_not_null()).rows(named=True) if not agrees(row)
    ]
    assert wrong == []


def test_rows_lead_back_to_the_lines_of_the_files(made: Result, demo: Path) -> None:
    """A sale of the list stands on its line of its file, with its document and quantity."""
    rows = made.tables["rows"]
    csv = rows.filter((pl.col("kind") == "sale") & pl.col("source_file").str.ends_with(".csv")).head(1)
    row = csv.rows(named=True)[0]
    line = (demo / Path(row["source_file"]).name).read_text("utf-8-sig").splitlines()[row["source_row"] - 1]
    assert row["doc_no"] in line
    assert row["sku"] in line
    assert re.search(rf"\b{abs(row['qty']):g}\b", line)


@pytest.mark.parametrize(
    ("lang", "words"), [("en", ("Turnover", "Reorder", "Ledger rows")), ("zh", ("周转", "补货", "台账行"))]
)
def test_the_screen_says_everything_in_one_language(folder: Path, lang: str, words: tuple[str, ...]) -> None:
    """Sections, rows left out are said, nothing that only a program would write."""
    done = cli("explain", folder, "--sku", "0403002", "--lang", lang, "--top", "3")
    assert done.status == 0, done.err
    for word in words:
        assert word in done.out
    assert not re.search(r"\b(nan|None|null|inf)\b", done.out)
    assert ("707 more rows" if lang == "en" else "另有 707 行") in done.out


def test_data_in_every_format_and_the_same_from_exports_and_from_a_ledger_folder(
    demo: Path, folder: Path, tmp_path: Path
) -> None:
    """JSON is an object whose first array is explain; csv and parquet write one table; rows keep their place."""
    arguments = ("--sku", "0403002", "--warehouse", "上海总仓", "--area", "reorder")
    data = cli("explain", demo, *arguments, "--format", "json").json
    assert list(data) == ["explain", "rows", "plan", "transfers", "order_changes"]
    assert {row["area"] for row in data["explain"]} == {"reorder"}
    kept = cli("explain", folder, *arguments, "--format", "json").json
    assert kept["explain"] == data["explain"]
    assert [row["source_row"] for row in kept["rows"]] == [row["source_row"] for row in data["rows"]]
    for name in ("figures.parquet", "figures.xlsx"):
        assert cli("explain", folder, *arguments, "--out", tmp_path / name).status == 0
    assert pl.read_parquet(tmp_path / "figures.parquet").height == len(data["explain"])
    rows = cli("explain", folder, *arguments, "--table", "rows", "--format", "csv")
    assert rows.out.splitlines()[0].startswith("table,areas,sku,warehouse,date,kind,qty")


def test_what_cannot_be_explained_is_refused_with_what_to_do(folder: Path) -> None:
    """No sku is wrong usage; an unknown one is refused with the nearest, also where a zero was lost."""
    assert cli("explain", folder).status == 2
    lost = cli("explain", folder, "--sku", "403002", "--lang", "zh")
    assert (lost.status, lost.out) == (3, "")
    assert "0403002" in lost.err
    assert cli("explain", folder, "--sku", "0403002", "--warehouse", "nowhere").status == 3
    assert cli("explain", folder, "--sku", "0403002", "--area", "magic").status == 2
