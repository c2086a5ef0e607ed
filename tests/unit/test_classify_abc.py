"""ABC: ties, blanks, cuts and what does not matter."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockturn.config.classes import AbcSettings
from stockturn.engine.classify import abc, abc_notes, with_abc
from stockturn.engine.entries import Entries
from stockturn.engine.periods import period_of
from tests.moves import day, entries_of, movements, settings

MEASURES = ("cogs", "revenue", "gross_margin", "units")
YEAR = period_of(date(2024, 1, 1), date(2024, 12, 31))


def ranked(values: dict[str, float | None], **chosen: object) -> pl.DataFrame:
    """Classes of sku -> cogs."""
    frame = pl.DataFrame(
        {"sku": list(values), "cogs": list(values.values())}, schema={"sku": pl.String, "cogs": pl.Float64}
    )
    empty = [pl.lit(None, pl.Float64).alias(name) for name in MEASURES[1:]]
    return with_abc(frame.lazy().with_columns(empty), AbcSettings(**chosen)).sort("rank").collect()


def letters(frame: pl.DataFrame) -> dict[str, str]:
    """sku -> class."""
    return dict(frame.select("sku", "abc").iter_rows())


def slow_classes(values: dict[str, float], a: float, b: float) -> dict[str, str]:
    """The same by a plain loop: the share before an item is that of everything strictly greater."""
    total = sum(value for value in values.values() if value > 0)
    found = {}
    for sku, value in values.items():
        before = sum(other for other in values.values() if other > value and other > 0)
        inside = [cut for cut, share in (("A", a), ("B", b)) if before < share * total - 1e-9 * total]
        found[sku] = inside[0] if value > 0 and inside else "C"
    return found


def test_one_item_with_nearly_everything_is_a() -> None:
    """An item with 96 % of the value is A, although the share including it is beyond the cut."""
    assert letters(ranked({"big": 96.0, "small": 4.0})) == {"big": "A", "small": "C"}


def test_equal_values_share_the_class_of_the_first() -> None:
    """Four equal quarters: the fourth begins at 75 %, a fifth would begin at 80 %; all are A."""
    assert set(letters(ranked(dict.fromkeys("abcde", 20.0))).values()) == {"A"}


def test_an_item_exactly_on_the_cut_is_below_it() -> None:
    """What begins at exactly 80 % is B."""
    assert letters(ranked({"a": 80.0, "b": 15.0, "c": 5.0})) == {"a": "A", "b": "B", "c": "C"}


def test_no_value_is_c_with_share_zero() -> None:
    """Zero, negative and unknown values have share 0; a negative one takes nothing from the others."""
    found = ranked({"good": 10.0, "zero": 0.0, "back": -5.0, "unknown": None})
    assert letters(found) == {"good": "A", "zero": "C", "back": "C", "unknown": "C"}
    assert found["share"].to_list() == [1.0, 0.0, 0.0, 0.0]
    assert found["value"].to_list() == [10.0, 0.0, -5.0, None]


def test_no_value_at_all_is_all_c() -> None:
    """Nothing sold: no share, no NaN."""
    found = ranked({"a": 0.0, "b": 0.0})
    assert found["abc"].to_list() == ["C", "C"]
    assert found["share"].to_list() == [0.0, 0.0]


def test_classes_within_a_group_look_at_that_group_alone() -> None:
    """A small shop's best seller is its A."""
    frame = pl.DataFrame(
        {
            "sku": ["a", "b", "a", "b"],
            "warehouse": ["big", "big", "small", "small"],
            "cogs": [900.0, 100.0, 1.0, 9.0],
            **dict.fromkeys(MEASURES[1:]),
        }
    )
    found = with_abc(frame.lazy(), AbcSettings(within="warehouse")).collect()
    small = found.filter(pl.col("warehouse") == "small")
    assert letters(small) == {"b": "A", "a": "B"}
    assert small["share"].sum() == pytest.approx(1.0)


@given(
    st.lists(st.integers(-20, 200), min_size=1, max_size=30),
    st.sampled_from([(0.8, 0.95), (0.5, 0.75), (0.7, 0.9)]),
)
def test_classes_agree_with_a_plain_loop(numbers: list[int], cuts: tuple[float, float]) -> None:
    """Same class for every item; shares sum to 1 and the cumulative share never falls."""
    values = {f"s{i:02}": float(number) for i, number in enumerate(numbers)}
    found = ranked(values, a=cuts[0], b=cuts[1])
    assert letters(found) == slow_classes(values, *cuts)
    if max(numbers) > 0:
        assert found["share"].sum() == pytest.approx(1.0)
        assert found["cum_share"].is_sorted()
        assert found["cum_share"][-1] == 1.0


@given(st.lists(st.integers(1, 50), min_size=2, max_size=15), st.randoms())
def test_names_and_row_order_change_no_class(numbers: list[int], random: object) -> None:
    """Other codes in another order: the same class for the same value."""
    values = {f"s{i:02}": float(number) for i, number in enumerate(numbers)}
    others = {f"z{99 - i:02}": float(number) for i, number in reversed(list(enumerate(numbers)))}
    one, two = ranked(values), ranked(others)
    assert sorted(one.select("value", "abc").rows()) == sorted(two.select("value", "abc").rows())


def small_company() -> Entries:
    """Two skus, sold now and then over 100 days; the third lies still."""
    rows = [(0, sku, 500.0, "purchase", "W") for sku in ("fast", "slow", "still")]
    rows += [(n, "fast", -2.0, "sale", "W") for n in range(0, 100, 2)]
    rows += [(n, "slow", -5.0, "sale", "W") for n in (10, 50, 90)]
    return entries_of(movements(rows), as_of=day(99))


def test_fsn_by_days_with_demand() -> None:
    """Half of the days is fast, three days are slow, none is non-moving."""
    start = small_company()
    values = pl.LazyFrame({"sku": ["fast", "slow", "still"], "units": [100.0, 15.0, 0.0]})
    found = abc(start, values, settings(), period_of(day(0), day(99))).collect()
    assert dict(found.select("sku", "fsn").iter_rows()) == {"fast": "F", "slow": "S", "still": "N"}
    assert dict(found.select("sku", "days_with_demand").iter_rows()) == {"fast": 50, "slow": 3, "still": 0}


def test_a_ledger_without_cost_is_ranked_by_revenue_then_units_and_says_so() -> None:
    """The basis stands in the rows and in a warning."""
    start, chosen = small_company(), settings()
    revenue = pl.LazyFrame({"sku": ["fast", "slow"], "revenue": [10.0, 20.0], "units": [100.0, 15.0]})
    found = abc(start, revenue, chosen, YEAR).collect()
    assert found["sku"].to_list() == ["slow", "fast"]
    assert found["value_basis"].unique().to_list() == ["revenue"]
    warned = [note.params for note in abc_notes(found, chosen, start.as_of) if note.level == "warning"]
    assert warned == [{"wanted": "cogs", "used": "revenue"}]
    units = abc(start, revenue.drop("revenue").with_columns(cogs=pl.lit(0.0)), chosen, YEAR).collect()
    assert units["value_basis"].unique().to_list() == ["units"]
    assert units["sku"].to_list() == ["fast", "slow"]


def test_known_cost_raises_no_warning() -> None:
    """Ranked as asked: conventions alone are said."""
    start, chosen = small_company(), settings()
    found = abc(start, pl.LazyFrame({"sku": ["fast"], "cogs": [5.0]}), chosen, YEAR).collect()
    assert [note.level for note in abc_notes(found, chosen, day(89))] == ["info"] * 5
    assert [note.level for note in abc_notes(found, chosen, date(2024, 3, 31))] == ["info"] * 4


def test_class_of_the_period_before() -> None:
    """A climber was C; what is new was nothing."""
    start = small_company()
    now = pl.LazyFrame({"sku": ["fast", "slow", "still"], "cogs": [90.0, 8.0, 2.0]})
    then = pl.LazyFrame({"sku": ["fast", "slow"], "cogs": [4.0, 96.0]})
    found = abc(start, now, settings(), YEAR, then).collect()
    assert found.select("sku", "abc", "previous_abc").rows() == [
        ("fast", "A", "C"),
        ("slow", "B", "A"),
        ("still", "C", None),
    ]


def test_rows_are_skus_or_cells_as_asked() -> None:
    """Values by warehouse are summed to skus unless cells are classed; a warehouse column then says where."""
    start = small_company()
    values = pl.LazyFrame({"sku": ["fast", "fast"], "warehouse": ["W", "V"], "cogs": [5.0, 6.0]})
    whole = abc(start, values, settings(), YEAR).collect()
    assert whole.select("sku", "value").rows() == [("fast", 11.0)]
    cells = abc(start, values, settings(abc={"grain": "sku_warehouse"}), YEAR).collect()
    assert cells.select("warehouse", "value").rows() == [("V", 6.0), ("W", 5.0)]
