"""The rules of openings, ownership, scope and grain on ledgers small enough to work out on paper."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.engine.entries import entries
from stockturn.engine.periods import period_of
from stockturn.engine.turnover import turnover
from stockturn.engine.valued import ValuedDays, closing, valued_days
from stockturn.model import Ledger

JANUARY = period_of(date(2024, 1, 1), date(2024, 1, 31))


def _moves(*rows: tuple) -> pl.DataFrame:
    """day of January, sku, warehouse, kind, qty, cost."""
    names = ("date", "sku", "warehouse", "kind", "qty", "cost")
    found = [dict(zip(names, (date(2024, 1, row[0]), *row[1:]), strict=True)) for row in rows]
    return pl.DataFrame(found, schema_overrides={"cost": pl.Float64})


def _stock(*rows: tuple) -> pl.DataFrame:
    """as_of, sku, warehouse, on_hand, value."""
    names = ("as_of", "sku", "warehouse", "on_hand", "value")
    return pl.DataFrame(
        [dict(zip(names, row, strict=True)) for row in rows], schema_overrides={"value": pl.Float64}
    )


def _valued(
    settings: Settings | None = None, grain: tuple[str, ...] = (), **tables: pl.DataFrame
) -> ValuedDays:
    chosen = settings or Settings()
    return valued_days(entries(Ledger.of(**tables), chosen), chosen, grain)


def _cell(valued: ValuedDays, sku: str) -> dict:
    return valued.cells.filter(pl.col("sku") == sku).row(0, named=True)


def test_a_closing_list_opens_the_book_backwards() -> None:
    """10 left on the 31st after buying 30 and selling 25: 5 stood there before."""
    moves = _moves((3, "x", "A", "purchase", 30.0, 60.0), (9, "x", "A", "sale", -25.0, None))
    valued = _valued(movements=moves, stock=_stock((date(2024, 1, 31), "x", "A", 10.0, None)))
    assert _cell(valued, "x")["opening_qty"] == 5.0
    assert _cell(valued, "x")["opening_basis"] == "stock_point"
    assert valued.differences.is_empty()
    assert closing(valued)["on_hand"].to_list() == [10.0]


def test_a_later_count_posts_its_difference_and_reports_it() -> None:
    """Book 8, counted 7 at 2 each: one missing, worth 2."""
    moves = _moves((3, "x", "A", "sale", -2.0, None))
    stock = _stock((date(2023, 12, 31), "x", "A", 10.0, 20.0), (date(2024, 1, 20), "x", "A", 7.0, None))
    valued = _valued(movements=moves, stock=stock)
    (row,) = valued.differences.rows(named=True)
    assert (row["book_qty"], row["counted_qty"], row["difference_qty"], row["difference_value"]) == (
        8,
        7,
        -1,
        -2,
    )
    assert closing(valued).select("on_hand", "value").row(0) == (7.0, 14.0)


def test_an_opening_row_and_a_list_of_the_same_moment_are_one_opening() -> None:
    """100 in the list of 31 December and 100 in the opening row of 1 January are 100, not 200."""
    moves = _moves((1, "x", "A", "opening", 100.0, 200.0), (2, "x", "A", "sale", -10.0, None))
    valued = _valued(movements=moves, stock=_stock((date(2023, 12, 31), "x", "A", 100.0, 200.0)))
    assert closing(valued).select("on_hand", "value").row(0) == (90.0, 180.0)
    assert valued.differences.is_empty()


@pytest.mark.parametrize("cost", ["moving_average", "monthly_average", "fifo", "standard"])
def test_what_a_list_says_is_owed_has_its_own_cost(cost: str) -> None:
    """4 sold before they came, at 3 each: -12, and the 10 bought at 5 leave 6 worth 30; the difference is said."""
    chosen = Settings.model_validate({"turnover": {"cost": cost, "cost_scope": "sku_warehouse"}})
    items = pl.DataFrame({"sku": ["x"], "unit_cost": [5.0]})
    moves = _moves((3, "x", "A", "purchase", 10.0, 50.0))
    stock = _stock((date(2023, 12, 31), "x", "A", -4.0, -12.0))
    valued = _valued(chosen, movements=moves, stock=stock, items=items)
    assert closing(valued).select("on_hand", "value").row(0) == (6.0, 30.0)
    assert valued.flows["value"].sum() == pytest.approx(30.0)
    if cost != "standard":
        assert _cell(valued, "x")["opening_value"] == -12.0


@pytest.mark.parametrize("cost", ["moving_average", "monthly_average", "fifo", "standard", "ledger"])
def test_a_revaluation_where_nothing_ever_came_is_no_error(cost: str) -> None:
    """5 of landed cost on a cell that never held anything: kept as its value or booked as a variance, never lost."""
    chosen = Settings.model_validate({"turnover": {"cost": cost}})
    stock = _stock((date(2023, 12, 31), "x", "A", 0.0, 0.0))
    valued = _valued(chosen, movements=_moves((3, "x", "A", "revaluation", 0.0, 5.0)), stock=stock)
    assert closing(valued)["on_hand"].to_list() == [0.0]
    assert valued.flows.filter(pl.col("kind") == "revaluation")["value"].to_list() == [5.0]
    shifts = valued.flows.filter(pl.col("kind") == "average_shift")
    assert valued.flows["value"].sum() == closing(valued)["value"].sum()
    assert shifts["value"].sum() == 0.0


def test_the_opening_row_of_a_new_year_brings_nothing() -> None:
    """An opening row after the first movement is a count."""
    moves = _moves(
        (1, "x", "A", "purchase", 10.0, 20.0),
        (9, "x", "A", "sale", -4.0, None),
        (15, "x", "A", "opening", 6.0, 12.0),
    )
    assert closing(_valued(movements=moves))["on_hand"].to_list() == [6.0]


def test_a_cell_that_no_list_names_opens_with_nothing_or_is_estimated() -> None:
    """In a listed warehouse a new item starts at 0; one that would go negative gets the least opening, marked."""
    moves = _moves(
        (3, "new", "A", "purchase", 5.0, 10.0),
        (4, "odd", "A", "sale", -3.0, None),
        (5, "odd", "A", "purchase", 9.0, 9.0),
        (6, "alone", "B", "purchase", 5.0, 10.0),
    )
    valued = _valued(movements=moves, stock=_stock((date(2023, 12, 31), "listed", "A", 1.0, 1.0)))
    assert [_cell(valued, sku)["opening_basis"] for sku in ("new", "odd", "alone")] == [
        "not_listed",
        "estimated",
        "estimated",
    ]
    assert _cell(valued, "odd")["opening_qty"] == 3.0
    assert _cell(valued, "new")["estimated"] is False


def test_consigned_goods_can_be_sold_and_are_not_our_money() -> None:
    """5 of ours worth 10 and 7 of theirs: 12 on hand, 10 of capital; their sale costs nothing."""
    own = _moves((2, "x", "A", "purchase", 5.0, 10.0)).with_columns(ownership=pl.lit("own"))
    theirs = _moves((2, "x", "A", "purchase", 8.0, 99.0), (3, "x", "A", "sale", -1.0, None))
    theirs = theirs.with_columns(ownership=pl.lit("consigned_in"))
    stock = _stock((date(2023, 12, 31), "x", "A", 0.0, 0.0))
    valued = _valued(movements=pl.concat([own, theirs]), stock=stock)
    assert closing(valued).select("on_hand", "value").row(0) == (12.0, 10.0)
    assert valued.flows.filter(pl.col("kind") == "sale")["value"].to_list() == [0.0]


def test_a_warehouse_in_scope_has_the_figures_of_the_whole_report() -> None:
    """What B received from A keeps A's cost when only B is asked for."""
    moves = _moves(
        (2, "x", "A", "purchase", 10.0, 30.0),
        (3, "x", "A", "transfer_out", -6.0, None),
        (3, "x", "B", "transfer_in", 6.0, None),
        (4, "x", "B", "sale", -2.0, None),
    )
    stock = _stock((date(2023, 12, 31), "x", "A", 0.0, 0.0), (date(2023, 12, 31), "x", "B", 0.0, 0.0))
    ledger = Ledger.of(movements=moves, stock=stock)
    every, only = Settings(), Settings.model_validate({"scope": {"warehouse": ["B"]}})
    frames = []
    for settings in (every, only):
        known = entries(ledger, settings)
        frames.append(
            turnover(
                valued_days(known, settings),
                known,
                settings,
                ("warehouse",),
                period_of(date(2024, 1, 1), date(2024, 1, 4)),
            )
        )
    assert frames[0].filter(pl.col("warehouse") == "B").equals(frames[1])
    assert frames[1]["cogs"].item() == 6.0


def test_goods_on_the_way_are_company_stock() -> None:
    """Sent on the 3rd, arrived on the 6th: on the 4th they stand in transit, at the cost they left with."""
    moves = _moves(
        (2, "x", "A", "purchase", 10.0, 30.0),
        (3, "x", "A", "transfer_out", -6.0, None),
        (6, "x", "B", "transfer_in", 6.0, None),
    ).with_columns(doc_no=pl.Series([None, "T1", "T1"]))
    stock = _stock((date(2023, 12, 31), "x", "A", 0.0, 0.0), (date(2023, 12, 31), "x", "B", 0.0, 0.0))
    ledger = Ledger.of(movements=moves, stock=stock)
    for day, there in (("2024-01-04", (18.0, 12.0, 0.0)), ("2024-01-06", (0.0, 12.0, 18.0))):
        settings = Settings.model_validate({"period": {"as_of": day}})
        known = entries(ledger, settings)
        assert tuple(closing(valued_days(known, settings))["value"]) == there
        assert known.unpaired.height == (1 if there[0] else 0)


@pytest.mark.parametrize("grain", ["bin", "batch"])
def test_figures_by_bin_and_batch(grain: str) -> None:
    """Bins share the warehouse's average: 4 + 4 units at 2.5, of which 2 were sold from the first."""
    moves = _moves(
        (2, "x", "A", "purchase", 4.0, 8.0),
        (2, "x", "A", "purchase", 4.0, 12.0),
        (3, "x", "A", "sale", -2.0, None),
    ).with_columns(pl.Series(grain, ["one", "two", "one"]))
    settings = Settings()
    known = entries(Ledger.of(movements=moves), settings)
    valued = valued_days(known, settings, (grain,))
    frame = turnover(valued, known, settings, (grain,), period_of(date(2024, 1, 2), date(2024, 1, 3)))
    assert frame.select(grain, "cogs", "closing_value").rows() == [("one", 5.0, 5.0), ("two", 0.0, 10.0)]


def test_a_ledger_without_any_cost_says_so_and_counts_in_units() -> None:
    """No price anywhere: money is null with a reason, turnover_units is there."""
    moves = _moves((3, "x", "A", "sale", -4.0, None))
    settings = Settings()
    known = entries(
        Ledger.of(movements=moves, stock=_stock((date(2023, 12, 31), "x", "A", 10.0, None))), settings
    )
    valued = valued_days(known, settings)
    row = turnover(valued, known, settings, (), period_of(date(2024, 1, 1), date(2024, 1, 3))).row(
        0, named=True
    )
    assert valued.cost_basis == "none"
    assert (row["cogs"], row["turnover"], row["reason_code"]) == (None, None, "no_cost")
    assert row["turnover_units"] > 0


def test_targets_most_specific_first_and_parents_from_their_parts() -> None:
    """Food 12 and toys 2 turns: the company needs (120 + 20) / (120 / 12 + 20 / 2) = 7 turns."""
    moves = _moves((31, "f", "A", "sale", -120.0, None), (31, "t", "A", "sale", -20.0, None))
    stock = _stock((date(2023, 12, 31), "f", "A", 200.0, 200.0), (date(2023, 12, 31), "t", "A", 100.0, 100.0))
    items = pl.DataFrame({"sku": ["f", "t"], "category": ["food", "toys"]})
    ledger = Ledger.of(movements=moves, stock=stock, items=items)
    targets = {"category": {"food": 12.0, "toys": 2.0}}
    settings = Settings.model_validate({"turnover": {"targets": targets}})
    known = entries(ledger, settings)
    valued = valued_days(known, settings)
    parts = turnover(valued, known, settings, ("category",), JANUARY)
    assert parts["target"].to_list() == [12.0, 2.0]
    total = turnover(valued, known, settings, (), JANUARY).row(0, named=True)
    assert total["target"] == pytest.approx(7.0)
    allowed = 140.0 * 366 / 31 / 7
    year = JANUARY.year_days
    assert total["excess_capital"] == pytest.approx(max(0.0, total["avg_inventory"] - allowed * year / 366))
    own = Settings.model_validate({"turnover": {"targets": {**targets, "company": 5.0}}})
    assert turnover(valued, known, own, (), JANUARY)["target"].item() == 5.0


def test_a_sheet_of_targets_wins_over_the_configuration() -> None:
    """The sheet's 9 turns replace the 12 of the file, what it does not name stays, two dimensions tell more than one,
    and what is valid from next year on does not count."""
    settings = Settings.model_validate({"turnover": {"targets": {"category": {"food": 12.0, "toys": 2.0}}}})
    moves = _moves((31, "f", "A", "sale", -120.0, None), (31, "t", "A", "sale", -20.0, None))
    stock = _stock((date(2023, 12, 31), "f", "A", 200.0, 200.0), (date(2023, 12, 31), "t", "A", 100.0, 100.0))
    items = pl.DataFrame({"sku": ["f", "t"], "category": ["food", "toys"]})
    sheet = pl.DataFrame(
        {
            "category": ["food", None, "food", "food"],
            "warehouse": [None, None, "A", None],
            "target": [9.0, 6.0, 3.0, 99.0],
            "valid_from": [None, None, None, date(2025, 1, 1)],
        }
    )
    known = entries(Ledger.of(movements=moves, stock=stock, items=items, targets=sheet), settings)
    valued = valued_days(known, settings)

    def found(*by: str) -> list[float]:
        return turnover(valued, known, settings, by, JANUARY)["target"].to_list()

    assert found("category") == [9.0, 2.0]
    assert found("category", "warehouse") == [3.0, 2.0]
    assert found() == [6.0]
    # 120 at 3 turns (the food of this warehouse) and 20 at 2 turns need 40 + 10
    assert found("warehouse") == [pytest.approx(140 / 50)]


def test_summaries_of_a_period_are_averaged_by_month() -> None:
    """100 at the start, 40 at the end of a month known only in sum: 70 on average, not 100 for 30 days."""
    moves = _moves((31, "x", "A", "sale", -60.0, None)).with_columns(period_mark=pl.lit("period"))
    stock = _stock((date(2023, 12, 31), "x", "A", 100.0, 100.0))
    known = entries(Ledger.of(movements=moves, stock=stock), Settings())
    row = turnover(valued_days(known, Settings()), known, Settings(), (), JANUARY).row(0, named=True)
    assert (row["avg_inventory"], row["avg_basis"]) == (70.0, "monthly")


def test_a_price_list_gives_a_cost_where_nothing_else_does() -> None:
    """The latest price valid at as_of: 4, not the 9 that starts later."""
    moves = _moves((3, "x", "A", "sale", -2.0, None))
    prices = pl.DataFrame(
        {
            "sku": ["x"] * 3,
            "valid_from": [date(2023, 1, 1), date(2023, 6, 1), date(2024, 6, 1)],
            "unit_cost": [3.0, 4.0, 9.0],
        }
    )
    valued = _valued(movements=moves, stock=_stock((date(2023, 12, 31), "x", "A", 5.0, None)), prices=prices)
    assert valued.cost_basis == "standard"
    assert closing(valued)["value"].to_list() == [12.0]
