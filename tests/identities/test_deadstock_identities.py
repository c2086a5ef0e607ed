"""What must not matter to classes, ages and dead stock: the order of rows, the names of skus, the scope of the list."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from stockturn.engine.ageing import ageing, bucket_names
from stockturn.engine.classify import abc
from stockturn.engine.deadstock import deadstock
from stockturn.engine.entries import entries
from stockturn.engine.periods import period_of
from stockturn.model import Ledger
from tests import synthetic
from tests.moves import settings

KEYS = ("sku", "warehouse")
WORDS = ("sku", "name", "reason")


def renamed(frame: pl.DataFrame | pl.LazyFrame) -> pl.LazyFrame:
    """The same with every sku spelled backwards, so that they sort in another order."""
    return frame.lazy().with_columns(pl.col("sku").str.reverse())


def results(ledger: Ledger, closing: pl.LazyFrame, values: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Dead stock and classes, by cell and by sku."""
    chosen = settings()
    start = entries(ledger, chosen)
    aged = ageing(start, closing, chosen, ledger.table("batches"))
    dead = deadstock(ledger, start, closing, aged, chosen).collect().sort(KEYS)
    classes = (
        abc(start, values, chosen, period_of(date(2024, 1, 1), date(2024, 12, 31))).collect().sort("sku")
    )
    return dead, classes


def test_row_order_and_names_change_no_figure() -> None:
    """Shuffled rows and other codes: the same ages, status, money, action and classes."""
    ledger, values = synthetic.ledger(), synthetic.cells().lazy().select(*KEYS, "cogs")
    plain_dead, plain_classes = results(ledger, synthetic.closing(), values)
    tables = {
        name: renamed(frame)
        for name, frame in ledger.tables.items()
        if "sku" in frame.collect_schema().names()
    }
    shuffled = tables["movements"].collect().sample(fraction=1.0, shuffle=True, seed=7)
    others = {name: frame for name, frame in ledger.tables.items() if name not in tables}
    mixed = Ledger({**others, **tables, "movements": shuffled.lazy()})
    dead, classes = results(mixed, renamed(synthetic.closing()), renamed(values))
    for found, plain, keys in ((dead, plain_dead, KEYS), (classes, plain_classes, ("sku",))):
        back = renamed(found).collect().sort(keys)
        for name in set(plain.columns) - set(WORDS):
            one, other = back[name], plain[name]
            if one.dtype == pl.Float64:
                assert (one - other).abs().max() in (None, pytest.approx(0.0, abs=1e-6)), name
                assert one.is_null().to_list() == other.is_null().to_list(), name
            else:
                assert one.to_list() == other.to_list(), name


def test_ages_add_up_over_any_partition() -> None:
    """Value and units by bucket of the parts are those of the whole, and the whole is the balance."""
    chosen = settings()
    start = entries(synthetic.ledger(), chosen)
    whole = ageing(start, synthetic.closing(), chosen).collect()
    names = bucket_names(chosen.deadstock)
    for part in whole.partition_by("warehouse"):
        held = synthetic.cells().filter(
            (pl.col("warehouse") == part["warehouse"][0]) & (pl.col("closing") > 0)
        )
        assert sum(part[f"age_{name}"].sum() for name in names) == held["closing"].sum()
        assert sum(part[f"value_{name}"].sum() for name in names) == pytest.approx(
            held["closing_value"].sum()
        )


def test_an_earlier_day_sees_only_what_was_known_then() -> None:
    """Cut by as_of or cut from the files: the same result."""
    ledger, day = synthetic.ledger(), date(2024, 6, 30)
    chosen = settings(period={"as_of": day})
    cut = ledger.with_tables(
        movements=ledger.table("movements").filter(pl.col("date") <= day),
        stock=ledger.table("stock").filter(pl.col("as_of") <= day),
    )
    closing = (
        ledger.table("stock")
        .filter(pl.col("as_of") == day)
        .select(*KEYS, "on_hand", "value", unit_cost="unit_cost", reserved=pl.lit(None, pl.Float64))
    )
    found = []
    for source in (ledger, cut):
        start = entries(source, chosen)
        aged = ageing(start, closing, chosen)
        found.append(deadstock(source, start, closing, aged, chosen).collect())
    assert found[0].equals(found[1])
    assert found[0]["last_sale"].max() <= day
