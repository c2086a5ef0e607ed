"""Never twice, case by case: overlap with and without document numbers, corrections, reused numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from itertools import permutations

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.model import Ledger
from stockturn.sources.dedupe import dedupe
from tests.unit.exports_by_hand import balanced, contents, count, export, ledger, sale, told

EARLY, LATE = datetime(2024, 2, 1, 8), datetime(2024, 2, 5, 8)


def run(*exports: object, **ingest: object) -> Ledger:
    kept = dedupe(ledger(*exports), Settings.model_validate({"ingest": ingest}))  # type: ignore[arg-type]
    assert balanced(kept)
    return kept


def counts(kept: Ledger) -> dict[str, tuple[int, int, int]]:
    """accepted, refused, skipped by file; the title and the header make two skipped rows each."""
    columns = kept.sheets.select("file", "accepted", "refused", "skipped")
    return {file: tuple(numbers) for file, *numbers in columns.iter_rows()}


def test_one_file_is_given_back_untouched() -> None:
    """Equal rows of one file without line numbers are goods that moved twice; the frame is not even copied."""
    whole = ledger(export("a.csv", [sale("X", 1), sale("X", 1), sale("Y", 2, doc_no="D1")]))
    assert dedupe(whole, Settings()) is whole


def test_a_line_listed_twice_in_one_file_counts_once() -> None:
    line = sale("X", 1, doc_no="D1", line_no="1")
    kept = run(export("a.csv", [line, sale("Y", 2, doc_no="D1", line_no="2"), line]))
    assert told(kept, "movements", "sku", "source_row") == [("X", 3), ("Y", 4)]
    assert counts(kept) == {"a.csv": (2, 0, 3)}


def test_one_line_number_with_different_contents_in_one_file_keeps_both() -> None:
    """A document at one moment has no old and no new version: a line split over two batches."""
    rows = [sale("X", 1, doc_no="D1", line_no="1", batch=batch) for batch in ("B1", "B2")]
    kept = run(export("a.csv", rows))
    assert told(kept, "movements", "batch") == [("B1",), ("B2",)]
    assert [note.key for note in kept.notes] == ["dedupe_line_repeated"]


def test_overlapping_exports_with_line_numbers_count_each_line_once() -> None:
    january = [sale("X", n, day=n, doc_no=f"D{n}", line_no="1") for n in (1, 2, 3)]
    february = [sale("X", n, day=n, doc_no=f"D{n}", line_no="1") for n in (3, 4)]
    kept = run(export("jan.csv", january), export("feb.csv", february))
    assert told(kept, "movements", "doc_no", "source_file") == [
        ("D1", "jan.csv"), ("D2", "jan.csv"), ("D3", "feb.csv"), ("D4", "feb.csv"),
    ]  # fmt: skip
    assert counts(kept) == {"jan.csv": (2, 0, 3), "feb.csv": (2, 0, 2)}
    sums = dict(kept.sheets.select("file", "qty_sum").iter_rows())
    assert sums == {"jan.csv": -3.0, "feb.csv": -7.0}
    assert dict(kept.sheets.select("file", "date_max").iter_rows())["jan.csv"] == date(2024, 1, 2)


def test_a_corrected_line_replaces_the_older_one_and_is_listed() -> None:
    """sku, warehouse and qty are contents: the newer export counts, whichever is read first."""
    old = export(
        "b.csv", [sale("X", 5, doc_no="D1", line_no="1"), sale("Y", 1, doc_no="D1", line_no="2")], time=EARLY
    )
    new = export("a.csv", [sale("Z", 6, doc_no="D1", line_no="1")], time=LATE)
    for order in permutations((old, new)):
        kept = run(*order)
        assert told(kept, "movements", "sku", "qty") == [("Y", -1.0), ("Z", -6.0)]
        listed = kept.replaced.select("table", "file", "row", "sku", "by_file", "by_row", "changed").rows()
        assert listed == [("movements", "b.csv", 3, "X", "a.csv", 3, "sku X -> Z; qty -5.0 -> -6.0")]
        assert counts(kept) == {"b.csv": (1, 0, 3), "a.csv": (1, 0, 2)}


@pytest.mark.parametrize("times", [(None, None), (EARLY, None), (EARLY, EARLY)])
def test_a_correction_that_no_time_decides_is_refused_and_listed(times: tuple[datetime | None, ...]) -> None:
    exports = [
        export(
            name,
            [sale("X", qty, doc_no="D1", line_no="1"), sale("Y", 1, doc_no="D1", line_no="2")],
            time=time,
        )
        for name, qty, time in zip(("a.csv", "b.csv"), (5, 6), times, strict=True)
    ]
    kept = run(*exports)
    assert told(kept, "movements", "sku") == [("Y",)]
    assert kept.refused.select("file", "row", "reason_code").rows() == [
        ("a.csv", 3, "line_differs"),
        ("b.csv", 3, "line_differs"),
    ]


def test_an_export_of_unknown_time_that_agrees_with_the_newest_decides_nothing_anew() -> None:
    """Whether it was made before or after, the line reads as in the newest export."""
    line = {"doc_no": "D1", "line_no": "1"}
    kept = run(
        export("a.csv", [sale("X", 5, **line)], time=EARLY),
        export("b.csv", [sale("X", 6, **line)], time=LATE),
        export("c.csv", [sale("X", 6, **line)]),
    )
    assert told(kept, "movements", "qty", "source_file") == [(-6.0, "b.csv")]
    assert kept.refused.is_empty()


def test_an_export_with_fewer_columns_says_nothing_against_a_fuller_one() -> None:
    line = {"doc_no": "D1", "line_no": "1"}
    kept = run(
        export("a.csv", [sale("X", 5, **line)], time=LATE),
        export("b.csv", [sale("X", 5, partner="Smith", unit_price=2.0, **line)], time=EARLY),
    )
    assert told(kept, "movements", "partner", "source_file") == [("Smith", "b.csv")]
    assert kept.replaced.is_empty()


def test_figures_are_equal_to_a_millionth() -> None:
    line = {"doc_no": "D1", "line_no": "1"}
    kept = run(export("a.csv", [sale("X", 0.3, **line)]), export("b.csv", [sale("X", 0.1 + 0.2, **line)]))
    assert len(told(kept, "movements", "qty")) == 1


@pytest.mark.parametrize(("gap", "kept_rows"), [(60, 1), (61, 2)])
def test_a_number_more_than_60_days_apart_is_a_new_document(gap: int, kept_rows: int) -> None:
    first = date(2024, 1, 1)
    again = date.fromordinal(first.toordinal() + gap)
    line = {"doc_no": "0001", "line_no": "1"}
    kept = run(
        export("a.csv", [{**sale("X", 5, **line), "date": first}], time=EARLY),
        export("b.csv", [{**sale("X", 5, **line), "date": again}], time=LATE),
    )
    assert len(told(kept, "movements", "sku")) == kept_rows
    assert ("dedupe_number_reused" in [note.key for note in kept.notes]) is (kept_rows == 2)


def test_the_same_number_of_another_kind_or_profile_is_another_line() -> None:
    line = {"doc_no": "D1", "line_no": "1"}
    kept = run(
        export("a.csv", [sale("X", 5, **line)]),
        export("b.csv", [sale("X", 6, **line)], profile="odoo"),
        export("c.csv", [{**sale("X", 5, **line), "kind": "scrap"}]),
    )
    assert len(told(kept, "movements", "sku")) == 3


def test_the_same_number_of_two_companies_is_two_documents() -> None:
    line = {"doc_no": "D1", "line_no": "1"}
    files = [export(f"{org}.csv", [sale("X", qty, org=org, **line)]) for org, qty in (("A", 5), ("B", 7))]
    assert told(run(*files), "movements", "org", "qty") == [("A", -5.0), ("B", -7.0)]
    together = export("ab.csv", [row for file in files for row in file.rows])
    assert told(run(*files, together), "movements", "org", "qty") == [("A", -5.0), ("B", -7.0)]


def test_a_document_without_its_company_is_that_with_which_it_has_a_line_in_common() -> None:
    """B's document in a table that does not tell companies, with a correction: not A's, which has its number."""
    numbered = {"doc_no": "D1", "line_no": "1"}
    second = {"doc_no": "D1", "line_no": "2"}
    a = export("a.csv", [sale("X", 5, org="A", **numbered), sale("Y", 1, org="A", **second)], time=EARLY)
    b = export("b.csv", [sale("X", 7, org="B", **numbered), sale("Y", 2, org="B", **second)], time=EARLY)
    bare = export("bare.csv", [sale("X", 7, **numbered), sale("Y", 3, **second)], time=LATE)
    kept = run(a, b, bare)
    assert sorted(told(kept, "movements", "sku", "qty")) == [
        ("X", -7.0),
        ("X", -5.0),
        ("Y", -3.0),
        ("Y", -1.0),
    ]
    other = export("bare.csv", [sale("X", 9, **numbered)], time=LATE)
    assert len(told(run(a, b, other), "movements", "sku")) == 5


def test_one_document_of_a_known_system_and_in_a_plain_table_counts_once() -> None:
    line = {"doc_no": "D1", "line_no": "1"}
    kept = run(
        export("a.csv", [sale("X", 5, **line)]),
        export("a.xlsx", [sale("X", 5, partner="P", org="A", **line)], profile="yonyou_u8"),
    )
    assert told(kept, "movements", "source_file") == [("a.xlsx",)]


def test_the_stock_of_two_companies_is_not_one_balance() -> None:
    """A list without companies is another version of the only company's list, as its newer one."""
    a, b = (
        export(f"{org}.csv", [count("X", qty, org=org)], table="stock") for org, qty in (("A", 5), ("B", 7))
    )
    assert told(run(a, b), "stock", "on_hand") == [(5.0,), (7.0,)]
    newer = export("c.csv", [count("X", 6)], table="stock", time=LATE)
    assert told(run(replace(a, time=EARLY), newer), "stock", "on_hand") == [(6.0,)]


def test_without_line_numbers_equal_lines_of_a_document_are_counted() -> None:
    """Two bottles scanned one by one are two; the file that shows three of them holds the file with two."""
    rows = [sale("X", 1, doc_no="D1")] * 2
    kept = run(export("a.csv", rows), export("b.csv", [*rows, sale("Y", 1, doc_no="D1")]))
    assert told(kept, "movements", "sku") == [("X",), ("X",), ("Y",)]
    kept = run(export("a.csv", rows), export("b.csv", [*rows, rows[0]]))
    assert told(kept, "movements", "source_file") == [("b.csv",)] * 3


def test_without_line_numbers_a_document_cut_between_two_files_is_whole() -> None:
    kept = run(export("a.csv", [sale("X", 1, doc_no="D1")]), export("b.csv", [sale("Y", 1, doc_no="D1")]))
    assert told(kept, "movements", "sku") == [("X",), ("Y",)]


def test_without_line_numbers_a_corrected_quantity_or_warehouse_counts_once() -> None:
    for change in ({"qty": -7.0}, {"warehouse": "V"}):
        rest = [sale("Z", 1), sale("Z", 1, warehouse="V", day=2)]
        old = export("a.csv", [sale("X", 5, doc_no="D1"), *rest], time=EARLY)
        new = export("b.csv", [{**sale("X", 5, doc_no="D1"), **change}, *rest], time=LATE)
        kept = run(old, new)
        lines = kept.table("movements").filter(pl.col("doc_no") == "D1").select(*change).collect().rows()
        assert lines == [tuple(change.values())]


def test_exports_by_warehouse_do_not_replace_each_other() -> None:
    """A delivery note with the same goods from two warehouses, each warehouse in its own file."""
    kept = run(
        export("w.csv", [sale("X", 5, doc_no="D1")], time=EARLY),
        export("v.csv", [sale("X", 4, doc_no="D1", warehouse="V")], time=LATE),
    )
    assert told(kept, "movements", "warehouse") == [("V",), ("W",)]


def test_a_document_with_line_numbers_in_one_file_and_without_in_another_counts_once() -> None:
    kept = run(
        export("a.csv", [sale("X", 5, doc_no="D1", line_no="1"), sale("Y", 5, doc_no="D1", line_no="2")]),
        export("b.csv", [sale("X", 5, doc_no="D1"), sale("Y", 5, doc_no="D1")]),
    )
    assert told(kept, "movements", "sku") == [("X",), ("Y",)]


def test_without_documents_an_equal_day_is_skipped_and_a_larger_one_kept() -> None:
    day = [sale("X", 1), sale("X", 1), sale("Y", 3)]
    kept = run(export("a.csv", day), export("b.csv", day))
    assert told(kept, "movements", "sku", "source_file") == [("X", "a.csv"), ("X", "a.csv"), ("Y", "a.csv")]
    kept = run(export("a.csv", day[1:]), export("b.csv", day))
    assert told(kept, "movements", "source_file") == [("b.csv",)] * 3
    assert counts(kept) == {"a.csv": (0, 0, 4), "b.csv": (3, 0, 2)}


def test_without_documents_other_days_kinds_and_warehouses_do_not_overlap() -> None:
    kept = run(
        export("a.csv", [sale("X", 1)]),
        export(
            "b.csv", [sale("X", 2, day=2), {**sale("X", 3), "kind": "scrap"}, sale("X", 4, warehouse="V")]
        ),
    )
    assert len(told(kept, "movements", "sku")) == 4


@pytest.mark.parametrize(
    ("overlap", "left"),
    [("refuse", []), ("keep_all", [("X", -1.0), ("X", -2.0), ("Y", -3.0), ("Y", -3.0)]), ("newest", [("X", -2.0), ("Y", -3.0)])],
)  # fmt: skip
def test_without_documents_a_day_told_differently_follows_the_setting(
    overlap: str, left: list[tuple[str, float]]
) -> None:
    kept = run(
        export("a.csv", [sale("X", 1), sale("Y", 3)], time=EARLY),
        export("b.csv", [sale("X", 2), sale("Y", 3)], time=LATE),
        overlap=overlap,
    )
    assert told(kept, "movements", "sku", "qty") == left
    assert kept.refused.height == (4 if overlap == "refuse" else 0)


def test_the_total_of_a_month_follows_the_newer_summary_and_is_not_compared_with_single_rows() -> None:
    total = {"period_mark": "period", "day": 31}
    kept = run(
        export("a.csv", [sale("X", 50, **total)], time=EARLY),
        export("b.csv", [sale("X", 52, **total)], time=LATE),
        export("c.csv", [sale("X", 3, day=31)]),
    )
    assert told(kept, "movements", "qty") == [(-3.0,), (-52.0,)]
    assert kept.refused.is_empty()


def test_newest_still_refuses_where_no_time_is_known() -> None:
    kept = run(export("a.csv", [sale("X", 1)]), export("b.csv", [sale("X", 2)]), overlap="newest")
    assert kept.refused.select("file", "reason_code").rows() == [("a.csv", "overlap"), ("b.csv", "overlap")]


def test_files_without_a_common_sku_on_a_day_do_not_overlap() -> None:
    """One export per category, or a day cut in two; a third file that touches one of them touches that one only."""
    kept = run(
        export("food.csv", [sale("X", 1), sale("Y", 1)]),
        export("tools.csv", [sale("T", 1)]),
        export("more.csv", [sale("Y", 2)]),
    )
    assert told(kept, "movements", "sku") == [("T",)]
    assert set(kept.refused["file"]) == {"food.csv", "more.csv"}


def test_beside_a_file_that_does_not_overlap_the_larger_of_two_still_counts() -> None:
    kept = run(
        export("a.csv", [sale("X", 1)]),
        export("b.csv", [sale("X", 1), sale("Y", 1)]),
        export("tools.csv", [sale("T", 1)]),
    )
    assert told(kept, "movements", "sku", "source_file") == [
        ("T", "tools.csv"),
        ("X", "b.csv"),
        ("Y", "b.csv"),
    ]


def test_a_refused_leg_takes_the_other_leg_of_its_transfer_along() -> None:
    """Goods must not leave one warehouse without arriving in the other."""

    def transfer(file: str, target: str) -> object:
        out = {**sale("X", 5), "kind": "transfer_out", "source_row": 3}
        back = {**sale("X", -5), "kind": "transfer_in", "warehouse": target, "source_row": 3}
        more = {**sale("X", -1), "kind": "transfer_in", "warehouse": "V", "source_row": 4}
        return export(file, [out, back, *([more] if file == "a.csv" else [])])

    first, second = transfer("a.csv", "V"), transfer("b.csv", "V")
    kept = dedupe(ledger(first, second), Settings())  # type: ignore[arg-type]
    assert told(kept, "movements", "kind", "source_file").count(("transfer_out", "a.csv")) == 1
    odd = export(
        "b.csv", [{**row, "qty": 7.0} if row["kind"] == "transfer_in" else row for row in second.rows]
    )  # type: ignore[attr-defined]
    kept = dedupe(ledger(first, odd), Settings())  # type: ignore[arg-type]
    assert kept.table("movements").collect().is_empty()


def test_the_same_file_under_another_name_is_skipped_whole() -> None:
    rows = [sale("X", 1), sale("X", 2, doc_no="D1", line_no="1")]
    kept = run(
        export("copy of a.csv", rows, digest="1"), export("a.csv", rows, digest="1"), export("b.csv", [sale("X", 5)]),
        overlap="keep_all",
    )  # fmt: skip
    assert counts(kept) == {"copy of a.csv": (0, 0, 4), "a.csv": (2, 0, 2), "b.csv": (1, 0, 2)}


def test_stock_told_alike_is_skipped_and_told_differently_goes_by_time() -> None:
    both = [count("X", 5), count("Y", 7)]
    kept = run(export("a.csv", both, table="stock"), export("b.csv", both, table="stock"))
    assert counts(kept) == {"a.csv": (2, 0, 2), "b.csv": (0, 0, 4)}
    newer = export("b.csv", [count("X", 6), count("Y", 7)], table="stock", time=LATE)
    kept = run(export("a.csv", both, table="stock", time=EARLY), newer)
    assert told(kept, "stock", "sku", "on_hand") == [("X", 6.0), ("Y", 7.0)]
    assert kept.replaced["changed"].to_list() == ["on_hand 5.0 -> 6.0"]
    kept = run(
        export("a.csv", both, table="stock", time=EARLY), export("b.csv", [count("X", 6)], table="stock")
    )
    assert told(kept, "stock", "sku") == [("Y",)]
    assert set(kept.refused["reason_code"]) == {"state_differs"}


def test_stock_by_bin_and_in_one_figure_is_not_added_up() -> None:
    whole = export("a.csv", [count("X", 10)], table="stock")
    bins = export("b.csv", [count("X", 6, bin="A1"), count("X", 4, bin="A2")], table="stock")
    kept = run(whole, bins)
    assert told(kept, "stock", "bin", "on_hand") == [("A1", 6.0), ("A2", 4.0)]
    assert counts(kept) == {"a.csv": (0, 0, 3), "b.csv": (2, 0, 2)}
    other = export("c.csv", [count("X", 11)], table="stock")
    assert told(run(other, bins), "stock", "sku") == []


def test_stock_of_two_moments_and_owners_is_not_compared() -> None:
    rows = [count("X", 5), count("X", 6, at_start=True), count("X", 7, ownership="consigned_in")]
    kept = run(*(export(f"{i}.csv", [row], table="stock") for i, row in enumerate(rows)))
    assert len(told(kept, "stock", "sku")) == 3


def test_items_are_put_together_from_the_newest_file_field_by_field() -> None:
    old = {"sku": "X", "name": "Bolt", "unit_cost": 1.0, "moq": 5.0}
    new = {"sku": "X", "name": "Bolt M8", "unit_cost": 1.5}
    for order in permutations(
        (export("b.csv", [old], table="items", time=EARLY), export("a.csv", [new], table="items", time=LATE))
    ):
        kept = run(*order)
        assert told(kept, "items", "name", "unit_cost", "moq", "source_file") == [
            ("Bolt M8", 1.5, 5.0, "a.csv")
        ]
        assert counts(kept) == {"a.csv": (1, 0, 2), "b.csv": (1, 0, 2)}
        assert not kept.notes


def test_items_without_known_times_say_on_what_they_disagree() -> None:
    one, two = ({"sku": "X", "name": name, "brand": "B"} for name in ("Bolt", "Nut"))
    kept = run(export("a.csv", [one], table="items"), export("b.csv", [two], table="items"))
    assert told(kept, "items", "name") == [("Nut",)]
    assert counts(kept) == {"a.csv": (0, 0, 3), "b.csv": (1, 0, 2)}
    (note,) = [note for note in kept.notes if note.key == "dedupe_master_differs"]
    assert (note.params["column"], note.params["example"]) == ("name", "X")


def test_an_item_list_says_more_of_an_item_than_a_newer_sale_beside() -> None:
    listed = export("items.csv", [{"sku": "X", "name": "Bolt M8"}], table="items", time=EARLY)
    sold = export("sales.csv", [sale("X", 1)], time=LATE)
    both = ledger(listed, sold)
    beside = {"sku": "X", "name": "bolt", "brand": "B", "source_file": "sales.csv", "source_row": 3}
    items = pl.concat([both.table("items"), Ledger.of(items=pl.DataFrame([beside])).table("items")])
    kept = dedupe(both.with_tables(items=items), Settings())
    assert told(kept, "items", "name", "brand", "source_file") == [("Bolt M8", "B", "items.csv")]


def order(qty_open: float | None, **more: object) -> dict[str, object]:
    row = {"order_date": date(2024, 1, 2), "sku": "X", "qty_ordered": 10.0, "doc_no": "P1", "line_no": "1"}
    return {**row, "qty_open": qty_open, **more}


def test_an_open_order_follows_the_newer_list_and_stands_beside_its_receipts() -> None:
    kept = run(
        export("jan.csv", [order(10.0)], table="orders", time=EARLY),
        export("feb.csv", [order(4.0)], table="orders", time=LATE),
        export("in.csv", [order(None, received_date=date(2024, 1, 9), qty_received=6.0)], table="orders"),
    )
    assert told(kept, "orders", "qty_open", "source_file") == [(4.0, "feb.csv"), (None, "in.csv")]


def test_open_orders_without_numbers_follow_the_newer_list_too() -> None:
    bare = {"doc_no": None, "line_no": None}
    kept = run(
        export("jan.csv", [order(10.0, **bare)], table="orders", time=EARLY),
        export("feb.csv", [order(4.0, **bare)], table="orders", time=LATE),
    )
    assert told(kept, "orders", "qty_open") == [(4.0,)]


def test_an_item_said_beside_a_skipped_movement_does_not_keep_its_row() -> None:
    """The row is there for its movement; that its name filled the item does not make it count twice."""
    day = [sale("X", 1, doc_no="D1", line_no="1")]
    both = ledger(export("a.csv", day), export("b.csv", day))
    names = pl.DataFrame(
        {"sku": ["X", "X"], "name": ["Bolt", None], "brand": [None, "B"], "source_file": ["a.csv", "b.csv"], "source_row": [3, 3]}
    )  # fmt: skip
    kept = dedupe(both.with_tables(**Ledger.of(items=names).tables), Settings())
    assert told(kept, "items", "name", "brand") == [("Bolt", "B")]
    assert counts(kept) == {"a.csv": (1, 0, 2), "b.csv": (0, 0, 3)}


def test_the_order_line_of_a_receipt_listed_twice_leaves_with_it() -> None:
    """A receipt list that carries order columns gives both; the order line may not show its number."""
    receipt = {**sale("X", -6, doc_no="P1", line_no="1"), "kind": "purchase"}
    both = ledger(export("in.csv", [receipt, receipt]))
    line = order(None, line_no=None, received_date=date(2024, 1, 9), qty_received=6.0, source_file="in.csv")
    orders = pl.DataFrame([{**line, "source_row": row} for row in (3, 4)])
    kept = dedupe(both.with_tables(**Ledger.of(orders=orders).tables), Settings())
    assert told(kept, "orders", "source_row") == [(3,)]
    assert counts(kept) == {"in.csv": (1, 0, 3)}


def test_twelve_months_in_any_cut_give_the_same_rows() -> None:
    """One file, twelve, and twelve that overlap by half: the same contents, whatever the order of reading."""
    year = [
        sale(f"S{n % 7}", n % 5 + 1, day=1 + n % 28, month=1 + n // 30, doc_no=doc, line_no=line)
        for n in range(360)
        for doc, line in [(f"D{n}", "1") if n % 3 == 0 else (f"D{n}", None) if n % 3 == 1 else (None, None)]
    ]
    months = [[row for row in year if row["date"].month == m] for m in range(1, 13)]  # type: ignore[attr-defined]
    halves = [
        [row for row in year if (m, 1) <= (row["date"].month, row["date"].day) <= (m + 1, 15)]  # type: ignore[attr-defined]
        for m in range(1, 13)
    ]
    whole = contents(run(export("year.csv", year)), "movements")
    twelve = [export(f"{m:02}.csv", rows) for m, rows in enumerate(months, start=1)]
    wider = [export(f"w{m:02}.csv", rows) for m, rows in enumerate(halves, start=1)]
    for files in (
        twelve,
        twelve[::-1],
        wider,
        wider[::-1],
        [*twelve, *wider],
        [*wider, export("year.csv", year)],
    ):
        assert contents(run(*files), "movements").equals(whole)
    assert contents(run(*wider), "movements", lineage=True).equals(
        contents(run(*wider[::-1]), "movements", lineage=True)
    )


def numbered(line: str | None) -> list[dict[str, object]]:
    """Nine documents with a line each, with or without line numbers."""
    return [sale(f"S{n}", n, day=n, doc_no=f"D{n}", line_no=line) for n in range(1, 10)]


@pytest.mark.parametrize("line", ["1", None])
@pytest.mark.parametrize(
    "cell", [{"sku": "NEW"}, {"warehouse": "V"}, {"date": date(2024, 2, 3)}, {"qty": -99.0}]
)
def test_a_line_booked_otherwise_in_a_newer_export_is_one_line(
    line: str | None, cell: dict[str, object]
) -> None:
    """Another item, place, day (of the next month) or quantity; in any order of reading, with and without line number."""
    old, new = numbered(line), [*numbered(line)[:4], {**numbered(line)[4], **cell}, *numbered(line)[5:]]
    files = export("old.csv", old, time=EARLY), export("new.csv", new, time=LATE)
    for order in permutations(files):
        kept = run(*order)
        assert len(told(kept, "movements", "sku")) == 9
        changed = [row for row in kept.table("movements").collect().rows(named=True) if row["doc_no"] == "D5"]
        assert len(changed) == 1
        assert cell.items() <= changed[0].items()
        assert kept.replaced.select("row", "doc_no", "by_file").rows() == [(7, "D5", "new.csv")]


def test_lines_without_number_that_differ_and_no_time_are_refused() -> None:
    old, new = numbered(None), [*numbered(None)[:8], sale("NEW", 9, day=9, doc_no="D9")]
    kept = run(export("a.csv", old), export("b.csv", new))
    assert kept.refused.select("file", "reason_code").rows() == [
        ("a.csv", "line_differs"),
        ("b.csv", "line_differs"),
    ]
    assert len(told(kept, "movements", "sku")) == 8


def test_a_line_struck_out_of_a_document_is_gone_and_the_rest_renumbered() -> None:
    old = [*numbered("1"), sale("S2", 7, day=9, doc_no="D9", line_no="2")]
    new = [*numbered("1")[:8], sale("S2", 7, day=9, doc_no="D9", line_no="1")]
    kept = run(export("old.csv", old, time=EARLY), export("new.csv", new, time=LATE))
    assert told(kept, "movements", "sku", "qty")[-1] == ("S8", -8.0)
    assert sorted(qty for (qty,) in told(kept, "movements", "qty")) == [-8, -7, -7, -6, -5, -4, -3, -2, -1]


def test_a_document_over_two_pages_or_two_categories_keeps_all_its_lines() -> None:
    """Parts of one list have no line in common; a choice of items says nothing about the others."""
    whole = [sale(sku, 1, doc_no="D1", line_no=n) for n, sku in zip("123456", "ABCDEF", strict=True)]
    pages = export("p1.csv", whole[:4], time=EARLY), export("p2.csv", whole[4:], time=LATE)
    assert len(told(run(*pages), "movements", "sku")) == 6
    chosen = export("only_ab.csv", whole[:2], time=LATE)
    assert len(told(run(export("all.csv", whole, time=EARLY), chosen), "movements", "sku")) == 6


def test_the_same_days_without_document_numbers_or_without_warehouses_count_once() -> None:
    rows = numbered("1")
    bare = [{**row, "doc_no": None, "line_no": None} for row in rows]
    homeless = [{**row, "warehouse": None} for row in bare]
    assert (
        told(run(export("a.csv", bare), export("b.csv", rows)), "movements", "source_file")
        == [("b.csv",)] * 9
    )
    assert (
        told(run(export("a.csv", homeless), export("b.csv", bare)), "movements", "source_file")
        == [("b.csv",)] * 9
    )
    other = [{**row, "qty": row["qty"] - 50} for row in bare]  # type: ignore[operator]
    assert len(told(run(export("a.csv", other), export("b.csv", rows)), "movements", "sku")) == 18
