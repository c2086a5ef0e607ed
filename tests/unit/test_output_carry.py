"""Last month's workbook comes back: sorted, with rows put in and columns taken out, in another language, saved elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.config import Settings
from stockturn.errors import InputError
from stockturn.i18n import text
from stockturn.model import Report
from stockturn.output.alert_sheets import write_alerts
from stockturn.output.carry import HANDLING, IDS, read_handled, still_listed, with_handled
from stockturn.output.sheets import build_report
from stockturn.output.xlsx import write_report
from tests.company import AS_OF, analysis
from tests.outlook import HERE, SKUS, outlook

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported")

DONE = datetime(2025, 1, 3)


def _report(lang: str, carry: Path | None = None, **report: object) -> Report:
    settings = Settings.model_validate({"lang": lang, "report": report})
    run = replace(analysis(), supply=outlook())
    return build_report(run, settings, {"stockturn": "0.1.0"}, read_handled(carry) if carry else None)


def _last_month(path: Path, change: Callable[[Any, dict[str, int]], None], lang: str = "en") -> Path:
    """A workbook of that language in which people did something to the list of what to reorder."""
    write_report(_report(lang), path)
    book = openpyxl.load_workbook(path)
    (sheet,) = [sheet for sheet in book if "list_to_do_all" in sheet.tables]
    head = sheet[sheet.tables["list_to_do_all"].ref][0]
    labels = {text(f"columns.{name}", lang): name for name in IDS}
    labels |= {text(f"report.{name}", lang): name for name in HANDLING}
    places = {labels[cell.value]: cell.column for cell in head if cell.value in labels}
    change(sheet, places)
    book.save(path)
    return path


def _write(sheet: Any, places: dict[str, int], sku: str, **values: object) -> None:
    row = next(row for row in sheet.iter_rows(min_row=4) if row[places["sku"] - 1].value == sku)[0].row
    for name, value in values.items():
        sheet.cell(row, places[name]).value = value


def _handled(report: Report) -> dict[str, tuple[object, ...]]:
    block = report.block("to_do_all")
    assert block is not None
    filled = block.frame.filter(pl.any_horizontal(pl.col(HANDLING).is_not_null()))
    return {row["sku"]: tuple(row[name] for name in HANDLING) for row in filled.iter_rows(named=True)}


def _fill(sheet: Any, places: dict[str, int]) -> None:
    _write(sheet, places, SKUS[0], handler="王芳", action_taken="ordered", result="12 came", done_on=DONE)
    _write(sheet, places, SKUS[2], handler="Li")


FILLED = {SKUS[0]: ("王芳", "ordered", "12 came", DONE.date()), SKUS[2]: ("Li", None, None, None)}


@pytest.mark.parametrize(("before", "after"), [("en", "en"), ("en", "zh"), ("zh", "en")])
def test_what_was_filled_in_comes_back_in_either_language(before: str, after: str, tmp_path: Path) -> None:
    """Each of the four columns, at its own row and nowhere else."""
    last = _last_month(tmp_path / "last.xlsx", _fill, before)
    assert _handled(_report(after, last)) == FILLED


def test_rows_may_be_sorted_put_in_and_hidden(tmp_path: Path) -> None:
    """The list the other way round, a row of somebody's own in the middle, filtered rows out of sight."""

    def change(sheet: Any, places: dict[str, int]) -> None:
        _fill(sheet, places)
        first, last = 5, 7
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=first, max_row=last)]
        for number, values in enumerate(reversed(rows), start=first):
            for column, value in enumerate(values, start=1):
                sheet.cell(number, column).value = value
            sheet.row_dimensions[number].hidden = number == first
        sheet.cell(last + 1, places["handler"]).value = "a row of my own"
        table = sheet.tables["list_to_do_all"]
        table.ref = table.ref.rsplit(":", 1)[0] + ":" + sheet.cell(last + 1, sheet.max_column).coordinate
        table.autoFilter.ref = table.ref

    assert _handled(_report("en", _last_month(tmp_path / "last.xlsx", change))) == FILLED


def test_a_workbook_that_lost_its_table_names_is_read_by_its_tabs(tmp_path: Path) -> None:
    """Some programs drop the tables when they save: the title of the tab says which list it is."""

    def change(sheet: Any, places: dict[str, int]) -> None:
        _fill(sheet, places)
        del sheet.tables["list_to_do_all"]

    assert _handled(_report("zh", _last_month(tmp_path / "last.xlsx", change))) == FILLED


def test_a_date_that_is_none_is_kept_with_the_result(tmp_path: Path) -> None:
    """Text that reads as a day is a day; 'next week' is not, and is not dropped either."""

    def change(sheet: Any, places: dict[str, int]) -> None:
        _write(sheet, places, SKUS[0], done_on="2025/1/3")
        _write(sheet, places, SKUS[1], result="half", done_on="next week")

    handled = _handled(_report("en", _last_month(tmp_path / "last.xlsx", change)))
    assert handled[SKUS[0]] == (None, None, None, date(2025, 1, 3))
    assert handled[SKUS[1]] == (None, None, "half next week", None)


def test_a_row_that_cannot_be_told_apart_any_more_takes_nothing_over() -> None:
    """Without the warehouse two rows of one sku are alike: neither is filled in, and the row is not listed any more."""
    frame = pl.DataFrame({"sku": ["A", "A", "B"], "warehouse": ["1", "2", "1"]})
    carried = pl.DataFrame({"sku": ["A", "B"], "handler": ["x", "y"]}).with_columns(
        action_taken=None, result=None, done_on=pl.lit(None, pl.Date)
    )
    assert with_handled(frame, carried)["handler"].to_list() == [None, None, "y"]
    assert still_listed(frame, carried).to_list() == [False, True]


@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from(["1", "2", None])), unique=True))
def test_rows_are_never_lost_or_doubled_by_what_is_carried(rows: list[tuple[str, str | None]]) -> None:
    """The list keeps its rows and their order, whatever stood in the last workbook; each carried row lands once."""
    frame = pl.DataFrame(rows, schema={"sku": pl.String, "warehouse": pl.String}, orient="row")
    everything = [(sku, place) for sku in "ABCD" for place in ("1", "2", None)]
    carried = pl.DataFrame(
        everything, schema={"sku": pl.String, "warehouse": pl.String}, orient="row"
    ).with_columns(
        handler=pl.concat_str("sku", pl.col("warehouse").fill_null("-")),
        action_taken=pl.lit(None, pl.String),
        result=pl.lit(None, pl.String),
        done_on=pl.lit(None, pl.Date),
    )
    merged = with_handled(frame, carried)
    assert merged.select("sku", "warehouse").rows() == rows
    assert merged["handler"].to_list() == [f"{sku}{place or '-'}" for sku, place in rows]
    assert still_listed(frame, carried).to_list() == [row in rows for row in everything]


def test_the_review_tells_what_became_of_every_action(tmp_path: Path) -> None:
    """Closed has a result or a day, overdue is past its day, gone is no longer listed; none is lost."""

    def change(sheet: Any, places: dict[str, int]) -> None:
        _write(sheet, places, SKUS[0], handler="a", result="came")
        _write(sheet, places, SKUS[1], handler="b")
        _write(sheet, places, SKUS[2], handler="c")
        extra = sheet.max_row
        for name, value in {"sku": "OLD-1", "warehouse": HERE, "handler": "d"}.items():
            sheet.cell(extra, places[name]).value = value

    last = _last_month(tmp_path / "last.xlsx", lambda sheet, places: _with_old(sheet, places, change))
    report = _report("en", last)
    block = report.block("actions")
    assert block is not None
    states = dict(block.frame.select("sku", "action_state").iter_rows())
    assert states == {SKUS[0]: "closed", SKUS[1]: "overdue", SKUS[2]: "open", "OLD-1": "no longer listed"}
    assert block.frame["list"].unique().to_list() == ["Reorder list"]
    review = next(sheet for sheet in report.sheets if sheet.key == "review")
    assert {tile.label: tile.value for tile in review.tiles} == {
        "overdue": 1.0,
        "open": 1.0,
        "no longer listed": 1.0,
        "closed": 1.0,
    }
    assert block.frame.filter(pl.col("sku") == SKUS[1])["due_date"].to_list() == [date(2024, 12, 20)]
    assert date(2024, 12, 20) < AS_OF


def _with_old(sheet: Any, places: dict[str, int], change: Callable[[Any, dict[str, int]], None]) -> None:
    """Room for one more row at the end of the table."""
    table = sheet.tables["list_to_do_all"]
    first, last = table.ref.split(":")
    below = sheet[last].row + 1
    table.ref = f"{first}:{sheet.cell(below, sheet[last].column).coordinate}"
    table.autoFilter.ref = table.ref
    sheet.cell(below, places["sku"]).value = "OLD-1"
    change(sheet, places)


def test_without_a_workbook_the_review_says_how_to_get_there() -> None:
    """No empty table: a sentence that names --carry."""
    review = next(sheet for sheet in _report("en").sheets if sheet.key == "review")
    assert not review.tiles
    assert any("--carry" in note for note in review.notes)


def test_a_row_that_somebody_works_on_stays_on_a_capped_list(tmp_path: Path) -> None:
    """One row allowed, the third is in work: two rows, and one is said to be left out."""
    last = _last_month(
        tmp_path / "last.xlsx", lambda sheet, places: _write(sheet, places, SKUS[2], handler="Li")
    )
    block = _report("en", last, detail_rows=1).block("to_do_all")
    assert block is not None
    assert block.frame["sku"].to_list() == [SKUS[1], SKUS[2]]
    assert block.omitted == 1


def test_a_workbook_without_our_lists_is_refused(tmp_path: Path) -> None:
    """Any other workbook is an error that says what to give."""
    book = openpyxl.Workbook()
    book.save(tmp_path / "other.xlsx")
    with pytest.raises(InputError) as refused:
        read_handled(tmp_path / "other.xlsx")
    assert refused.value.key == "carry_no_lists"


@pytest.mark.parametrize("names_kept", [True, False])
def test_what_is_filled_in_on_the_workbook_of_alerts_is_carried(tmp_path: Path, names_kept: bool) -> None:
    """On the sheet of everything and on the sheet of an owner, in Chinese, with or without the names of its tables."""
    run = replace(analysis(), supply=outlook())
    found = pl.DataFrame(
        {"id": ["a1", "b2", "c3"], "owner": ["Ann", "Ben", "Ben"], "sku": list(SKUS[:3])}
    ).with_columns(
        level=pl.lit("warning"), state=pl.lit("new"), rule=pl.lit("dead"), name=pl.lit("n"), value=pl.lit(1.0),
        warehouse=pl.lit(HERE), supplier=pl.lit("s"), category=pl.lit("c"), message=pl.lit("m"),
        root_cause=pl.lit(None, pl.String), first_seen=pl.lit(AS_OF), runs=pl.lit(1),
    )  # fmt: skip
    path = tmp_path / "alerts.xlsx"
    write_alerts(found, path, AS_OF, Settings(lang="zh"))
    book = openpyxl.load_workbook(path)
    for sheet, alert, said in (("预警清单", "a1", "Li"), ("Ben", "b2", "Wu")):
        head = next(row for row in book[sheet].iter_rows() if "处理人" in [cell.value for cell in row])
        labels = {cell.value: cell.column for cell in head}
        row = next(row[0].row for row in book[sheet].iter_rows() if alert in [cell.value for cell in row])
        book[sheet].cell(row, labels["处理人"]).value = said
        book[sheet].cell(row, labels["完成日期"]).value = DONE
    if not names_kept:
        for sheet in book:
            for name in list(sheet.tables):
                del sheet.tables[name]
    book.save(path)
    carried = read_handled(path)
    built = build_report(replace(run, alerts=found), Settings(), {"stockturn": "0"}, carried)
    block = built.block("alerts_all")
    assert block is not None
    handled = {row["id"]: (row["handler"], row["done_on"]) for row in block.frame.iter_rows(named=True)}
    assert handled == {"a1": ("Li", DONE.date()), "b2": ("Wu", DONE.date()), "c3": (None, None)}
