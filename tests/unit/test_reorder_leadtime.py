"""Lead times: measured per receipt, shrunk to the supplier, else stated; on-time lines; real and made ledgers."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from stockturn.config.reorder import ReorderSettings
from stockturn.engine.leadtime import lead_times, observed
from stockturn.engine.open_orders import open_lines, receipts
from stockturn.engine.suppliers import line_service, terms
from stockturn.schema import TABLES
from tests.shared import shared
from tests.unit.reorder_made import AS_OF, day, table

LEDGERS = "data/ledgers"


def items(*rows: dict[str, object]) -> pl.LazyFrame:
    return table("items", *rows).lazy()


def planned(
    orders: pl.DataFrame, goods: pl.LazyFrame, known: pl.DataFrame, **settings: object
) -> dict[str, object]:
    """The lead time of the first sku."""
    chosen = ReorderSettings.model_validate(settings)
    came = receipts(orders.lazy(), goods, AS_OF)
    return lead_times(came, goods, terms(known.lazy(), chosen), chosen).collect().row(0, named=True)


def receipt(sku: str, took: int, supplier: str = "S", **more: object) -> dict[str, object]:
    start = -100 + len(sku)
    return {
        "sku": sku, "supplier": supplier, "order_date": day(start), "received_date": day(start + took),
        "qty_ordered": 10.0, "qty_received": 10.0, **more,
    }  # fmt: skip


def test_a_sku_is_shrunk_to_its_supplier() -> None:
    """Two receipts of 10 and 14 days at a supplier whose six receipts average 16 and vary."""
    took = {"A": (10, 14), "B": (17, 18, 18, 19)}
    orders = table("orders", *(receipt(sku, days) for sku, all_days in took.items() for days in all_days))
    found = planned(orders, items({"sku": "A", "supplier": "S"}), table("suppliers"))
    everything = [10, 14, 17, 18, 18, 19]
    mean = sum(everything) / 6
    variance = sum((days - mean) ** 2 for days in everything) / 5
    assert found["lead_time_days"] == pytest.approx((2 * 12 + 5 * mean) / 7)
    assert found["lead_time_sd"] == pytest.approx(((2 * 8 + 5 * variance) / 7) ** 0.5)
    assert (found["lead_time_source"], found["receipts"]) == ("measured", 2)


@pytest.mark.parametrize(
    ("orders", "item_days", "stated", "source", "expected"),
    [
        ([receipt("B", 9), receipt("B", 11)], 30.0, 40.0, "supplier", 10.0),
        ([], 30.0, 40.0, "item", 30.0),
        ([], None, 40.0, "stated", 40.0),
        ([], None, None, "default", 14.0),
    ],
)
def test_the_lead_time_falls_back_and_says_so(
    orders: list[dict[str, object]],
    item_days: float | None,
    stated: float | None,
    source: str,
    expected: float,
) -> None:
    """Supplier's other goods, then the item, then the supplier's statement, then the default."""
    suppliers = table("suppliers", {"supplier": "S", "lead_time_days": stated})
    goods = items({"sku": "A", "supplier": "S", "lead_time_days": item_days})
    found = planned(table("orders", *orders), goods, suppliers)
    assert (found["lead_time_source"], found["lead_time_days"]) == (source, expected)


def test_working_days_are_stretched_to_the_calendar() -> None:
    """Ten working days of a five-day week are fourteen days; measured ones are left alone."""
    goods = items({"sku": "A", "supplier": "S", "lead_time_days": 10.0})
    assert planned(table("orders"), goods, table("suppliers"), working_days=True)["lead_time_days"] == 14
    six = {"suppliers": {"S": {"calendar": "C"}}, "calendars": {"C": {"weekdays": [1, 2, 3, 4, 5, 6]}}}
    found = planned(table("orders"), goods, table("suppliers"), working_days=True, **six)
    assert found["lead_time_days"] == pytest.approx(70 / 6)


def test_parts_and_open_lines_decide_who_was_on_time() -> None:
    """A line in two parts, both by the promise: on time. Half by the promise: late. Open and overdue: late. Open, not
    due, but older than the mean: late. Open and young: not judged."""

    def line(
        no: str, ordered: int, promised: int, *parts: tuple[int, float], **more: object
    ) -> list[dict[str, object]]:
        base = {
            "sku": "A", "supplier": "S", "doc_no": no, "line_no": "1", "qty_ordered": 10.0,
            "order_date": day(ordered), "promised_date": day(promised),
        }  # fmt: skip
        if not parts:
            return [base | {"qty_open": 10.0, **more}]
        return [
            base | {"part": str(at), "received_date": day(came), "qty_received": qty}
            for at, (came, qty) in enumerate(parts)
        ]

    orders = table(
        "orders",
        *line("1", -60, -40, (-45, 6.0), (-40, 4.0)),
        *line("2", -60, -40, (-45, 5.0), (-30, 5.0)),
        *line("3", -15, -5),
        *line("4", -50, 20),
        *line("5", -3, 20),
    ).lazy()
    goods = items({"sku": "A", "supplier": "S"})
    came, lines = receipts(orders, goods, AS_OF), open_lines(orders, goods, AS_OF)
    found = line_service(came, lines, AS_OF).collect().row(0, named=True)
    assert (found["closed_lines"], found["on_time_lines"]) == (2, 1)
    assert (found["open_lines"], found["old_lines"], found["overdue_lines"]) == (3, 1, 1)
    assert found["on_time_rate"] == pytest.approx(1 / 4)
    assert (found["full_rate"], found["qty_accuracy"]) == (1.0, 1.0)


def open_qty(as_of: date, *rows: dict[str, object]) -> dict[str, float]:
    """Open units by document."""
    base = {"sku": "A", "supplier": "S", "warehouse": "W", "line_no": "1", "qty_ordered": 10.0}
    orders = table("orders", *({**base, **row} for row in rows)).lazy()
    found = open_lines(orders, items({"sku": "A", "supplier": "S"}), as_of).collect()
    return dict(found.select("doc_no", "qty_open").rows())


def test_a_list_says_what_is_open_at_its_date() -> None:
    """qty_open counts, else ordered less received; what is closed or cancelled does not; nor does a short receipt."""
    listed = {"order_date": day(-20), "listed_on": AS_OF}
    assert open_qty(
        AS_OF,
        listed | {"doc_no": "1", "qty_open": 4.0},
        listed | {"doc_no": "2", "qty_received": 7.0},
        listed | {"doc_no": "3", "closed": True},
        listed | {"doc_no": "4", "cancelled_on": day(-2)},
        {"doc_no": "5", "order_date": day(-20), "received_date": day(-5), "qty_received": 6.0},
    ) == {"1": 4.0, "2": 3.0}


def test_an_earlier_day_gets_back_what_came_later() -> None:
    """As of ten days before the list: what came in between was open; what was ordered in between was not."""
    rows = (
        {"doc_no": "1", "order_date": day(-20), "listed_on": AS_OF, "qty_open": 4.0},
        {"doc_no": "1", "order_date": day(-20), "received_date": day(-5), "qty_received": 6.0},
        {"doc_no": "2", "order_date": day(-20), "received_date": day(-4), "qty_received": 10.0},
        {"doc_no": "3", "order_date": day(-8), "listed_on": AS_OF, "qty_open": 10.0},
    )
    assert open_qty(day(-10), *rows) == {"1": 10.0, "2": 10.0}
    assert open_qty(AS_OF, *rows) == {"1": 4.0, "3": 10.0}


def test_receipts_after_an_old_list_are_taken_off() -> None:
    """The list is nine days old and three units came since."""
    rows = (
        {"doc_no": "1", "order_date": day(-20), "listed_on": day(-9), "qty_open": 10.0},
        {"doc_no": "1", "order_date": day(-20), "received_date": day(-2), "qty_received": 3.0},
    )
    assert open_qty(AS_OF, *rows) == {"1": 7.0}


def test_the_latest_of_two_lists_counts() -> None:
    """A line that the newer list does not name any more is closed."""
    old = {"doc_no": "1", "order_date": day(-60), "listed_on": day(-31), "qty_open": 10.0}
    new = {"doc_no": "2", "order_date": day(-10), "listed_on": AS_OF, "qty_open": 5.0}
    assert open_qty(AS_OF, old, new) == {"2": 5.0}


def orders_from(frame: pl.DataFrame) -> pl.LazyFrame:
    """A canonical orders table from a frame with some of its columns."""
    return frame.select(
        (pl.col(field.name) if field.name in frame.columns else pl.lit(None))
        .cast(field.dtype)
        .alias(field.name)
        for field in TABLES["orders"].fields
    ).lazy()


def by_supplier(orders: pl.LazyFrame, as_of: date) -> dict[str, dict[str, float]]:
    goods = orders.select("sku").unique().with_columns(supplier=pl.lit(None, pl.String))
    came = receipts(orders, goods, as_of)
    whole = observed(came.with_columns(supplier=pl.lit("all")), ("supplier",))
    both = pl.concat([observed(came, ("supplier",)), whole]).collect()
    return {found["supplier"]: found for found in both.to_dicts()}


def close(found: dict[str, float], expected: dict[str, float | None], digits: float = 5e-5) -> None:
    assert found["receipts"] == expected["n"]
    assert found["mean_days"] == pytest.approx(expected["mean"], abs=digits)
    if expected.get("std") is not None:
        assert found["sd_days"] == pytest.approx(expected["std"], abs=digits)


def reference(name: str) -> dict[str, object]:
    return json.loads(shared(f"{LEDGERS}/reference.json").read_text(encoding="utf-8"))[name]


def test_synthetic_lead_times_equal_the_truth() -> None:
    """2,178 receipts of five suppliers: mean, sd and number, all and each; nothing of it is in the source files."""
    folder = shared(f"{LEDGERS}/synthetic_60k")
    raw = pl.read_csv(folder / "purchases.csv", try_parse_dates=True, schema_overrides={"po_no": pl.String})
    orders = orders_from(raw.rename({"po_no": "doc_no", "line": "line_no", "receipt_date": "received_date"}))
    found = by_supplier(orders, date(2024, 12, 31))
    truth = json.loads((folder / "truth/truth.json").read_text(encoding="utf-8"))["lead_time"]
    close(found["all"], truth["all"])
    for supplier, expected in truth["by_supplier"].items():
        close(found[supplier], expected)


def test_synthetic_open_orders_equal_the_truth() -> None:
    """73 open parts of 69 lines with 6,306 units; their earlier parts are receipts and open nothing."""
    folder = shared(f"{LEDGERS}/synthetic_60k")
    came = pl.read_csv(folder / "purchases.csv", try_parse_dates=True).rename(
        {"receipt_date": "received_date"}
    )
    waiting = pl.read_csv(folder / "open_orders.csv", try_parse_dates=True).with_columns(
        listed_on=pl.lit(date(2024, 12, 31))
    )
    orders = pl.concat(
        [
            orders_from(frame.rename({"po_no": "doc_no", "line": "line_no"})).collect()
            for frame in (came, waiting)
        ]
    ).lazy()
    goods = orders.select("sku").unique().with_columns(supplier=pl.lit(None, pl.String))
    lines = open_lines(orders, goods, date(2024, 12, 31)).collect()
    truth = json.loads((folder / "truth/truth.json").read_text(encoding="utf-8"))["open_orders"]
    assert (waiting.height, lines["qty_open"].sum()) == (truth["lines"], truth["units"])
    assert lines.height == waiting.select("po_no", "line").n_unique()
    overdue = lines.filter(pl.col("promised_date") <= date(2024, 12, 31))["qty_open"].sum()
    assert overdue == truth["units_overdue"]


def test_openbravo_lead_times_equal_the_reference() -> None:
    """634 receipt lines of six suppliers, one of them 378 days late."""
    raw = pl.read_csv(shared(f"{LEDGERS}/openbravo_fnb/purchases.csv"), try_parse_dates=True)
    orders = orders_from(
        raw.rename({"order_no": "doc_no", "receipt_date": "received_date", "qty": "qty_ordered"})
    )
    found = by_supplier(orders, date(2013, 7, 21))
    expected = reference("openbravo_fnb")["lead_time_days_per_line"]
    close(found["all"], expected["overall"])
    for supplier, figures in expected["by_supplier"].items():
        close(found[supplier], figures)


def test_northwind_lead_times_equal_the_reference() -> None:
    """43 received lines, submitted to received."""
    folder = shared(f"{LEDGERS}/northwind_mywind")
    lines = pl.read_csv(folder / "purchase_order_details.csv", infer_schema=False)
    heads = pl.read_csv(folder / "purchase_orders.csv", infer_schema=False)
    raw = lines.join(heads, left_on="purchase_order_id", right_on="id").select(
        doc_no="purchase_order_id",
        line_no="id",
        sku="product_id",
        supplier="supplier_id",
        order_date=pl.col("submitted_date").str.slice(0, 10).str.to_date(),
        received_date=pl.col("date_received").str.slice(0, 10).str.to_date(strict=False),
        qty_ordered="quantity",
    )
    expected = reference("northwind_mywind")["lead_time_submitted_to_received_days"]
    found = by_supplier(orders_from(raw), date(2006, 12, 31))
    close(found["all"], expected["overall"])
    for supplier, figures in expected["by_s"].items():
        close(found[supplier], figures)


def scms(path: Path) -> pl.DataFrame:
    """SCMS with its mangled order dates repaired: a tool had read 9/11/14 as 2009-11-14."""
    raw = pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema=False, encoding="utf8-lossy")
    sent = pl.col("PO Sent to Vendor Date")
    odd = sent.str.extract_groups(r"^20(\d\d)-(\d\d)-(\d\d)$")
    mangled = pl.concat_str(
        pl.lit("20"),
        odd.struct.field("3"),
        pl.lit("-"),
        odd.struct.field("1"),
        pl.lit("-"),
        odd.struct.field("2"),
    )
    return raw.select(
        sku="Item Description",
        supplier="Vendor",
        qty_ordered="Line Item Quantity",
        order_date=pl.coalesce(
            sent.str.to_date("%d-%b-%y", strict=False),
            sent.str.to_date("%m/%d/%y", strict=False),
            mangled.str.to_date("%Y-%m-%d", strict=False),
        ),
        received_date=pl.coalesce(
            pl.col("Delivered to Client Date").str.to_date("%d-%b-%y", strict=False),
            pl.col("Delivered to Client Date").str.to_date("%m/%d/%y", strict=False),
            pl.col("Delivered to Client Date").str.to_date("%Y-%m-%d", strict=False),
        ),
    )


def test_scms_lead_times_equal_the_reference() -> None:
    """4,592 direct-drop lines with an order date; five delivered before it count and are said."""
    path = shared(f"{LEDGERS}/scms_delivery_history/SCMS_Delivery_History_Dataset.csv.gz")
    orders = orders_from(scms(path).filter(pl.col("order_date").is_not_null()))
    found = by_supplier(orders, date(2015, 12, 31))["all"]
    expected = reference("scms_delivery_history")["lead_time_direct_drop_po_sent_to_delivered"]
    close(found, expected)
    assert found["before_order"] == expected["negative"]
