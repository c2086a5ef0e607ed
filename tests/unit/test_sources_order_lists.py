"""Lists of orders that also say what came: read under the names of the canonical tables, and what suppliers make of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from stockturn import api
from stockturn.config import Settings, load_settings
from stockturn.errors import InputError
from stockturn.model import Ledger
from stockturn.schema import TABLES
from stockturn.sources import read

LIST = """PO,Line,Order Date,SKU,Ordered Qty,Received Qty,Receipt Date,Promised Date,Supplier,Unit Cost
P1,1,2024-01-02,A1,100,60,2024-01-12,2024-01-12,Acme,2.5
P1,1,2024-01-02,A1,100,40,2024-01-20,2024-01-12,Acme,2.5
P2,1,2024-02-02,A1,100,90,2024-02-15,2024-02-12,Acme,2.6
P3,1,2024-04-05,B1,50,,,2024-04-20,Beta,7
"""
AS_SAID = '[[ingest.files]]\nmatch = "list*"\ntable = "orders"\n'
OWN = {"at_start", "listed_on", "period_mark"}
"""What reading itself marks: no column of an export."""


def csv_of(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def ledger_of(tmp_path: Path, config: str, text: str = LIST) -> tuple[Ledger, Settings]:
    """The list read under these settings."""
    path = csv_of(tmp_path / "list.csv", text)
    settings = load_settings(csv_of(tmp_path / "stockturn.toml", config))
    return read([path], settings), settings


@pytest.mark.parametrize("table", sorted(set(TABLES) - {"counts"}))
def test_every_canonical_column_may_be_named_in_the_config(tmp_path: Path, table: str) -> None:
    """A rule for a table takes the names of its columns: what is wrong is then the header, never the name."""
    names = [f.name for f in TABLES[table].fields if not f.name.startswith("source_") and f.name not in OWN]
    for name in names:
        rule = f'[[ingest.files]]\nmatch = "list*"\ntable = "{table}"\ncolumns = {{ {name} = "Nowhere" }}\n'
        settings = load_settings(csv_of(tmp_path / "stockturn.toml", rule))
        found = read([csv_of(tmp_path / "list.csv", LIST)], settings).sheets.row(0, named=True)
        assert found["reason_code"] == "header_missing", (name, found["reason"])


def test_a_list_said_to_be_of_orders_keeps_its_open_lines(tmp_path: Path) -> None:
    """Three receipts of two lines are closed, the line that nothing came of is open; nothing moves stock."""
    ledger, _ = ledger_of(tmp_path, AS_SAID)
    orders = ledger.table("orders").collect().sort("source_row")
    assert orders["received_date"].to_list() == [
        date(2024, 1, 12),
        date(2024, 1, 20),
        date(2024, 2, 15),
        None,
    ]
    assert orders["qty_received"].to_list() == [60.0, 40.0, 90.0, None]
    assert orders["qty_open"].to_list() == [0.0, 0.0, 0.0, 50.0]
    assert ledger.table("movements").collect().height == 0
    assert ledger.sheets.row(0, named=True)["accepted"] == 4


@pytest.mark.parametrize("said", [True, False])
def test_receipts_of_one_order_line_are_parts_of_it(tmp_path: Path, said: bool) -> None:
    """60 and 40 of 100 are one line that came whole but late; 90 of 100 is another: half whole, 95 % of the quantity."""
    ledger, settings = ledger_of(tmp_path, AS_SAID if said else "")
    acme = api.suppliers(ledger, settings).row(0, named=True)
    assert (acme["supplier"], acme["receipts"], acme["closed_lines"], acme["on_time_lines"]) == (
        "Acme",
        3,
        2,
        0,
    )
    assert (acme["full_rate"], acme["qty_accuracy"]) == (0.5, pytest.approx(0.95))
    assert acme["lead_time_days"] == pytest.approx((10 + 18 + 13) / 3)


def test_orders_alone_make_a_card_of_the_suppliers(tmp_path: Path) -> None:
    """Without movement or stock the day is the last one of the orders; what lateness costs stays unknown, and is said."""
    ledger, settings = ledger_of(tmp_path, AS_SAID)
    result = api.suppliers_result(ledger, settings)
    cards = {row["supplier"]: row for row in result.frame.to_dicts()}
    assert cards["Acme"]["spend"] == 484.0
    assert (cards["Beta"]["open_value"], cards["Beta"]["overdue_lines"]) == (350.0, 0)
    assert cards["Acme"]["value_per_late_day"] is None
    assert [note.key for note in result.notes] == ["orders_alone"]
    period = settings.period.model_copy(update={"as_of": date(2024, 5, 1)})
    later = api.suppliers(ledger, settings.model_copy(update={"period": period}))
    assert later.filter(pl.col("supplier") == "Beta")["overdue_lines"].item() == 1
    with pytest.raises(InputError, match="nothing_dated"):
        api.turnover(ledger, settings=settings)
