"""Every assumption behind a figure is said, with the export that would remove it."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.engine.entries import entries
from stockturn.engine.footing import footing
from stockturn.engine.valued import valued_days
from stockturn.i18n import LANGUAGES, text
from stockturn.model import Ledger, Note

SALE = {"date": [date(2024, 1, 9)], "sku": ["x"], "warehouse": ["A"], "kind": ["sale"], "qty": [-2.0]}
BOUGHT = {**SALE, "kind": ["purchase"], "qty": [5.0], "cost": [10.0]}
BOTH = {name: [*BOUGHT[name], *SALE.get(name, [None])] for name in BOUGHT}
LIST = {"as_of": [date(2024, 1, 1)], "sku": ["x"], "warehouse": ["A"], "on_hand": [7.0]}

LISTS = {name: value * 2 for name, value in LIST.items()} | {
    "as_of": [date(2024, 1, 1), date(2024, 1, 31)],
    "on_hand": [7.0, 5.0],
    "value": [14.0, 10.0],
}


def _notes(cost: str = "auto", **tables: dict) -> tuple[Note, ...]:
    settings = Settings.model_validate({"turnover": {"cost": cost}})
    known = entries(Ledger.of(**{name: pl.DataFrame(table) for name, table in tables.items()}), settings)
    return footing(valued_days(known, settings), known)


@pytest.mark.parametrize(
    ("tables", "keys"),
    [
        ({"movements": SALE}, {"sources_stock", "sources_cost", "sources_receipts"}),
        ({"movements": SALE, "stock": LIST}, {"sources_opening_value", "sources_cost", "sources_receipts"}),
        ({"movements": BOTH, "stock": {**LIST, "value": [14.0]}}, set()),
        ({"movements": BOUGHT, "stock": {**LIST, "value": [14.0]}}, {"sources_sales"}),
        ({"movements": BOTH}, {"sources_stock"}),
        ({"movements": {**BOTH, "period_mark": ["period"] * 2}}, {"sources_stock", "sources_period"}),
        ({"movements": {**BOUGHT, "kind": ["transfer_in"]}}, {"sources_stock", "sources_sales", "unpaired"}),
        ({"stock": LISTS}, {"sources_sales", "sources_receipts"}),
    ],
)
def test_what_a_ledger_lacks_is_named(tables: dict, keys: set[str]) -> None:
    """Only what is missing is said, in every language."""
    notes = _notes(**tables)
    assert {note.key.removeprefix("turnover.") for note in notes} == keys
    for note in notes:
        for lang in LANGUAGES:
            assert "{" not in text(note.key, lang, **note.params)


def test_an_unfinished_month_is_provisional() -> None:
    """The average of January up to the 9th will change."""
    notes = _notes("monthly_average", movements=BOTH, stock={**LIST, "value": [14.0]})
    assert [note.key for note in notes] == ["turnover.provisional"]
