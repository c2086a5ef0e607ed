"""Where a number comes from, on a ledger small enough to be worked out on paper (tests/explain_made.py)."""

from __future__ import annotations

import io
import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from stockturn import api
from stockturn.config import Settings
from stockturn.engine.explain import AREAS
from stockturn.errors import InputError, UsageError
from stockturn.explaining import near_skus
from stockturn.i18n import LANGUAGES
from stockturn.model import Ledger, Result
from stockturn.output.console import make_console, show
from stockturn.output.plain import write_table
from tests.explain_made import company, two_houses
from tests.explained import agrees
from tests.moves import movements
from tests.random_ledgers import random_ledger
from tests.reading import read_workbook


def explain(*skus: str, ledger: Ledger | None = None, **sections: object) -> Result:
    """The result for some skus of the small company."""
    if ledger is None:
        return _explained(skus, json.dumps(sections))
    return api.explain_result(ledger, skus, Settings.model_validate(sections))


@cache
def _explained(skus: tuple[str, ...], sections: str) -> Result:
    return api.explain_result(company(), skus, Settings.model_validate_json(sections))


def figure(result: Result, area: str, name: str, warehouse: str | None = None) -> dict[str, Any]:
    """One row of the result."""
    here = pl.col("warehouse").eq_missing(pl.lit(warehouse, pl.String))
    (row,) = result.frame.filter((pl.col("area") == area) & (pl.col("figure") == name) & here).rows(
        named=True
    )
    return row


def test_the_balance_leads_from_opening_to_closing_kind_by_kind() -> None:
    """10 + 30 - 20 + 2 = 22 units; 100 + 360 - 230 + 23 = 253, which is 22 x 11.5."""
    made = explain("A-1")
    for name, value in {
        "opening_qty": 10, "opening_value": 100, "qty_purchase": 30, "value_purchase": 360, "qty_sale": -20,
        "value_sale": -230, "qty_sale_return": 2, "value_sale_return": 23, "closing_qty": 22, "closing_value": 253,
    }.items():  # fmt: skip
        assert figure(made, "balance", name, "W1")["value"] == pytest.approx(value), name
    assert figure(made, "balance", "closing_qty", "W1")["filled_in"] == "10 + 30 + (−20) + 2"
    assert figure(made, "balance", "closing_value", "W1")["filled_in"] == "100 + 360 + (−230) + 23"


def test_turnover_is_filled_in_with_the_numbers_of_its_terms() -> None:
    """1 January to 31 March: 9 days at 100, 26 at 460, 15 at 230, 41 at 253 are 26,683 / 91 on average; cogs 230 - 23."""
    made = explain("A-1")
    average = (9 * 100 + 26 * 460 + 15 * 230 + 41 * 253) / 91
    assert figure(made, "turnover", "avg_inventory", "W1")["value"] == pytest.approx(average)
    assert (
        figure(made, "turnover", "avg_inventory", "W1")["filled_in"]
        == "(100 × 9 + 460 × 26 + 230 × 15 + 253 × 41) / 91"
    )
    assert figure(made, "turnover", "cogs")["filled_in"] == "230 − 23"
    turns = figure(made, "turnover", "turnover")
    assert turns["value"] == pytest.approx(207 / average * 366 / 91)
    assert turns["filled_in"] == f"{207 / average:.7g} × 366 / 91"
    assert (turns["label"], turns["unit"]) == ("Turnover", "times")


def test_the_balances_that_were_averaged_are_a_table() -> None:
    """Each stretch of days with what stood there; with --average monthly half of both ends."""
    days = explain("A-1").tables["points"]
    assert days.select("value", "weight").rows() == [
        (100.0, 9.0),
        (460.0, 26.0),
        (230.0, 15.0),
        (253.0, 41.0),
    ]
    months = explain("A-1", turnover={"average": "monthly"}).tables["points"]
    assert months.select("value", "weight").rows() == [(100.0, 0.5), (460.0, 1.0), (253.0, 1.0), (253.0, 0.5)]


def test_the_unit_cost_says_how_its_last_change_came() -> None:
    """2 units came back at 11.5 on 20 February, upon 20 at 11.5."""
    made = explain("A-1")
    assert figure(made, "cost", "unit_cost", "W1")["filled_in"] == "253 / 22"
    last = figure(made, "cost", "cost_after_arrival", "W1")
    assert (last["value"], last["filled_in"]) == (pytest.approx(11.5), "(230 + 23) / (20 + 2)")
    assert figure(made, "cost", "cost_basis", "W1")["value_text"] == "moving_average"


def test_a_figure_knows_how_many_rows_are_behind_it_and_the_rows_know_their_place() -> None:
    """Of the lamp three movements, one line of the opening list, one of the item list."""
    made = explain("A-1")
    assert figure(made, "balance", "qty_sale", "W1")["rows"] == 1
    assert figure(made, "balance", "closing_qty", "W1")["rows"] == 4
    assert figure(made, "turnover", "cogs")["rows"] == 2
    assert figure(made, "item", "name")["rows"] == 1
    rows = made.tables["rows"]
    places = rows.select("table", "date", "qty", "doc_no", "source_file", "source_sheet", "source_row").rows()
    assert [(row[0], row[3], *row[4:]) for row in places] == [
        ("items", None, "exports/items.xlsx", "Items", 2),
        ("stock", None, "exports/lists.xlsx", "Opening", 2),
        ("movements", "R1", "exports/moves.csv", None, 4),
        ("movements", "S1", "exports/moves.csv", None, 3),
        ("movements", "P1", "exports/moves.csv", None, 2),
    ]
    sale = rows.filter(pl.col("doc_no") == "S1")["areas"].item().split()
    assert {"balance", "turnover", "classes", "demand", "forecast", "ageing"} <= set(sale)


def test_classes_are_those_of_the_whole_assortment() -> None:
    """The lamp has 207 of 227 of value; by itself it would have all of it."""
    share = figure(explain("A-1"), "classes", "share")
    assert share["value"] == api.abc(company()).filter(pl.col("sku") == "A-1")["share"].item()
    assert share["value"] < 1
    assert share["filled_in"] == "207 / 227"
    letter = figure(explain("A-1"), "classes", "abc")
    assert (letter["value_text"], letter["filled_in"]) == ("A", "0 < 0.8")


@pytest.mark.parametrize("sku", ["A-1", "B-2", "C-3", "D-4"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_whatever_is_empty_says_why_and_every_formula_works_out(sku: str, lang: str) -> None:
    """Goods that were sold below zero, that lie in the item list alone, that have no cost: no empty cell without a word."""
    frame = explain(sku, lang=lang).frame
    silent = frame.filter(
        pl.col("value").is_null() & pl.col("value_text").is_null() & pl.col("reason").is_null()
    )
    assert silent.is_empty(), silent
    assert frame.filter(pl.col("reason").is_not_null() & pl.col("value_text").is_not_null())["area"].unique().to_list() in ([], ["alerts"])  # fmt: skip
    assert frame.filter(pl.col("label").is_null() | pl.col("formula").is_null()).is_empty()
    lines = frame.filter(pl.col("filled_in").is_not_null())
    assert [row for row in lines.rows(named=True) if not agrees(row)] == []


def test_reasons_are_in_the_words_of_the_catalogue() -> None:
    """Below zero there is nothing to age, without cost no value, without a row no name."""
    short, listed, bare = explain("B-2"), explain("C-3"), explain("D-4")
    assert figure(short, "balance", "closing_qty", "W1")["value"] == -3
    assert figure(short, "deadstock", "status", "W1")["reason"] == "nothing on hand"
    assert figure(listed, "turnover", "turnover")["reason"] == "neither movements nor stock"
    assert figure(listed, "forecast", "mean")["reason"] == "no demand to forecast from"
    assert figure(bare, "turnover", "turnover")["reason"] == "no cost is known"
    assert figure(bare, "item", "name")["reason"] == "no row in an item list"
    assert (
        figure(explain("A-1"), "turnover", "turnover_previous")["reason"]
        == "the data do not cover that period"
    )
    assert figure(explain("C-3", lang="zh"), "turnover", "turnover")["reason"] == "既无变动也无库存"


def test_a_ledger_of_sales_alone_is_explained_as_far_as_it_goes() -> None:
    """Demand and forecast are there; what needs stock or cost says that it does."""
    sold = movements(
        [
            (f, "X", -float(n), "sale", None)
            for n, f in enumerate((0, 31, 60, 91, 121, 152, 182, 213), start=3)
        ]
    )
    made = explain("X", ledger=Ledger.of(movements=sold))
    assert figure(made, "turnover", "cogs")["reason"] == "no cost is known"
    assert figure(made, "turnover", "lost_sales_est")["reason"] == "the stock is not known well enough"
    assert made.frame.filter((pl.col("area") == "demand") & (pl.col("figure") == "qty"))["value"].sum() > 0
    assert set(made.frame["area"]) >= set(AREAS) - {"alerts"}


def test_a_warehouse_narrows_the_rows_and_not_the_figures() -> None:
    """Figures of the other warehouse and of the whole go, classes stay."""
    wide, narrow = explain("A-1"), explain("A-1", scope={"warehouse": ["W1"]})
    assert set(narrow.frame["warehouse"].drop_nulls()) == {"W1"}
    kept = wide.frame.filter((pl.col("warehouse") == "W1") | pl.col("area").is_in(["item", "classes"]))
    assert narrow.frame.equals(kept)
    with pytest.raises(InputError, match="sku_not_there"):
        explain("A-1", scope={"warehouse": ["W2"]})


def test_areas_can_be_chosen() -> None:
    """Only their figures and the rows behind them."""
    made = api.explain_result(company(), "A-1", areas=["classes"])
    assert set(made.frame["area"]) == {"classes"}
    assert set(made.tables["rows"]["table"]) == {"movements"}
    with pytest.raises(UsageError, match="area_unknown"):
        api.explain_result(company(), "A-1", areas=["classes", "magic"])


def test_an_unknown_sku_is_never_guessed() -> None:
    """Nearly right is named, and refused."""
    with pytest.raises(InputError) as refused:
        explain("a-1")
    assert (refused.value.key, refused.value.params["near"]) == ("sku_unknown_near", "A-1")
    with pytest.raises(InputError, match="sku_unknown"):
        explain("zzz")
    with pytest.raises(UsageError, match="sku_needed"):
        explain()


def test_nearly_the_same_sku_stands_first() -> None:
    """Case, lost zeros and spaces before letters that look alike."""
    assert near_skus("201001", ["0201002", "0201001", "1201001"])[0] == "0201001"
    assert near_skus("ab 1", ["AB1", "AB2"])[0] == "AB1"
    assert near_skus("", []) == []


def test_a_sku_that_only_comes_later_is_known_and_has_nothing_yet() -> None:
    """As of February the sale of 31 March is not there: every area says so."""
    made = explain("D-4", period={"as_of": "2024-02-29"})
    assert figure(made, "balance", "closing_qty")["reason"] == "neither movements nor stock"
    assert made.tables["rows"].is_empty()


@pytest.mark.parametrize("seed", range(10))
def test_awkward_ledgers_are_explained_as_well(seed: int) -> None:
    """Negative stock, returns, transfers, counts, revaluations, missing costs, under every cost method, average and
    policy: each formula gives its figure, and nothing is empty without a reason."""
    chosen = Settings.model_validate(
        {
            "turnover": {
                "cost": ("auto", "moving_average", "monthly_average", "fifo", "standard", "ledger")[seed % 6],
                "average": ("daily", "monthly", "month_points", "two_point")[seed % 4],
                "cost_scope": ("auto", "sku", "sku_warehouse")[seed % 3],
            },
            "reorder": {"policy": ("rs", "sS", "rop", "minmax", "jit")[seed % 5]},
        }
    )
    ledger = random_ledger(seed + 90, every_cost=seed % 2 == 0)[3]
    skus = ledger.table("movements").select("sku").unique().collect()["sku"].to_list()
    frame = api.explain_result(ledger, skus, chosen).frame
    lines = frame.filter(pl.col("filled_in").is_not_null())
    assert [row for row in lines.rows(named=True) if not agrees(row)] == []
    empty = pl.col("value").is_null() & pl.col("value_text").is_null()
    assert frame.filter(empty & pl.col("reason").is_null()).is_empty()


def test_the_rows_alone_can_be_shown_and_name_the_sku_where_there_are_several() -> None:
    """``--table rows`` on a terminal: file, sheet and row of each line."""
    stream, chosen = io.StringIO(), Settings()
    show(explain("A-1", "B-2"), chosen, table="rows", console=make_console(file=stream, columns=140))
    said = stream.getvalue()
    for part in ("lists.xlsx [Opening], row 3", "moves.csv, row 5", "A-1", "B-2"):
        assert part in said


def test_a_workbook_names_its_column_of_values_by_no_unit(tmp_path: Path) -> None:
    """Days, shares and amounts stand in one column: it is called value, and shows up to four decimals."""
    write_table(explain("A-1"), "xlsx", tmp_path / "a.xlsx", lang="zh")
    sheet = read_workbook(tmp_path / "a.xlsx").worksheets[0]
    (head,) = (cell for cell in sheet[1] if cell.value == "数值")
    formats = {cell.number_format for cell in sheet[head.column_letter][1:] if cell.value is not None}
    assert formats == {"#,##0.00##"}


def screen(made: Result, columns: int = 120) -> str:
    """The result as it stands on a terminal."""
    stream = io.StringIO()
    show(made, Settings(), console=make_console(file=stream, columns=columns))
    return stream.getvalue()


def test_a_screen_shows_the_whole_and_where_there_is_none_the_warehouse_that_sells_most() -> None:
    """W2 sells 8 and W1 5: what only warehouses have stands there for W2; every figure of the whole stays, and the data
    have all."""
    made = explain("A-1", "B-2", ledger=two_houses())
    frame, brief = made.frame, made.screen["brief"]
    left = frame.join(
        brief, on=["sku", "warehouse", "area", "figure", "period"], how="anti", nulls_equal=True
    )
    assert set(left["sku"]) == {"A-1"}
    assert left["warehouse"].null_count() == 0
    assert set(left.filter(pl.col("area") == "turnover")["warehouse"]) == {"W1", "W2"}
    assert set(left.filter(pl.col("area") == "reorder")["warehouse"]) == {"W1"}
    assert set(brief["area"]) == set(frame["area"])
    assert f"{left.height} figures of single warehouses are not on this screen" in screen(made)


def test_the_overview_names_each_warehouse_of_skus_that_lie_in_several() -> None:
    """The whole first, then W2, which sells most; B-2 lies in one warehouse and needs none."""
    found = explain("A-1", "B-2", ledger=two_houses()).screen["overview"]
    assert found["warehouse"].unique(maintain_order=True).to_list() == [None, "W2", "W1"]
    assert set(found["sku"]) == {"A-1"}
    closing = found.filter(pl.col("figure") == "closing_qty")
    assert dict(closing.select("warehouse", "value").rows()) == {None: 17.0, "W2": 7.0, "W1": 10.0}


@pytest.mark.parametrize("asked", ["area", "warehouse", "full"])
def test_a_narrower_question_and_full_show_every_warehouse(asked: str) -> None:
    """Nothing that was asked for is left out of the screen."""
    scope = {"warehouse": ["W1"]} if asked == "warehouse" else {}
    made = api.explain_result(
        two_houses(),
        "A-1",
        Settings.model_validate({"scope": scope}),
        areas=("demand", "reorder") if asked == "area" else (),
        full=asked == "full",
    )
    shown = screen(made)
    assert "not on this screen" not in shown
    assert "W1" in shown
    assert ("\nAll warehouses\n" in shown) == (asked != "warehouse")


def test_no_figure_is_broken_on_a_narrow_screen() -> None:
    """At 60 columns every value of the sku as a whole stands in one piece."""
    made = explain("A-1", ledger=two_houses())
    shown = screen(made, 60)
    for value in ("Closing units  17", "Average stock  ", "Opening value  0.00"):
        assert value in shown, value


def test_what_moved_without_any_cost_has_no_value() -> None:
    """D-4 was sold once and nothing says what it cost: its units are known, their value is not 0."""
    made = explain("D-4")
    assert figure(made, "balance", "qty_sale", "W2")["value"] == -1
    value = figure(made, "balance", "value_sale", "W2")
    assert (value["value"], value["reason"]) == (None, "no cost is known")


@pytest.mark.parametrize(("areas", "said"), [((), True), (("item",), False), (("alerts",), True)])
def test_that_there_is_no_alert_is_said_where_alerts_were_asked_for(
    areas: tuple[str, ...], said: bool
) -> None:
    """Who asks for the item alone is told nothing of alerts."""
    made = api.explain_result(two_houses(), "A-1", areas=areas)
    assert "alerts" not in made.frame["area"]
    assert ("No alerts." in screen(made)) == said


def test_layers_on_a_screen_name_their_ages_as_people_do() -> None:
    """The table of layers alone speaks as the whole screen does; data keep the names of the columns."""
    stream = io.StringIO()
    made = explain("A-1", ledger=two_houses())
    show(made, Settings(), console=make_console(file=stream, columns=100), table="layers")
    assert "31-60 d" in stream.getvalue()
    assert set(made.tables["layers"]["age_bucket"]) == {"31_60"}


def test_rows_behind_demand_are_those_the_settings_call_demand() -> None:
    """Where scrap counts as demand its row is one of them: the sale, the return and the scrap; else it is not."""
    rows = [
        (date(2024, 1, 2), "A-1", 30, "purchase", "W1", 60.0),
        (date(2024, 2, 5), "A-1", -5, "sale", "W1", None),
        (date(2024, 2, 6), "A-1", 1, "sale_return", "W1", None),
        (date(2024, 2, 7), "A-1", -2, "scrap", "W1", None),
        (date(2024, 4, 7), "A-1", -1, "sale", "W1", None),
    ]
    ledger = Ledger.of(movements=movements(rows, "date sku qty kind warehouse cost"))
    for kinds, found in ((["sale"], 3), (["sale", "scrap"], 4)):
        made = explain("A-1", ledger=ledger, ingest={"demand_kinds": kinds})
        assert figure(made, "classes", "demand_buckets")["rows"] == found
        assert figure(made, "accuracy", "wape", "W1")["rows"] == found
        assert figure(made, "deadstock", "demand_per_day", "W1")["rows"] == found
