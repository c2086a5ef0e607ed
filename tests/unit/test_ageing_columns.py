"""Age buckets of the user's own limits are shown like any other."""

from __future__ import annotations

import pytest

from stockturn.config.deadstock import DeadStockSettings
from stockturn.engine.ageing import bucket_names
from stockturn.i18n import LANGUAGES
from stockturn.output.phrases import Phrases
from stockturn.schema import COLUMNS, Unit, column

FAMILIES = {"age": Unit.QTY, "value": Unit.MONEY, "receipt_value": Unit.MONEY}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("ends", [(30, 60, 90, 180, 365), (45,), (7, 400)])
def test_every_bucket_has_a_unit_and_a_label_of_its_own(ends: tuple[int, ...], lang: str) -> None:
    """Whatever the limits: quantities for ages, money for values, no two labels alike."""
    chosen = DeadStockSettings(age_buckets=ends, provision=(0.0,) * len(ends) + (1.0,))
    names = {family: [f"{family}_{bucket}" for bucket in bucket_names(chosen)] for family in FAMILIES}
    for family, columns in names.items():
        assert {column(name).unit for name in columns} == {FAMILIES[family]}
    labels = [Phrases(lang).label(name) for columns in names.values() for name in columns]
    assert len(set(labels)) == len(labels)
    assert all(Phrases(lang).meaning(name) for columns in names.values() for name in columns)


def test_the_usual_buckets_have_their_home_in_the_vocabulary() -> None:
    """Default limits are listed with all other columns; a name that is no bucket has no home by accident."""
    assert {f"age_{name}" for name in bucket_names(DeadStockSettings())} <= set(COLUMNS)
    with pytest.raises(KeyError):
        column("age_of_wonders")
