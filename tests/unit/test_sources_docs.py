"""docs/profiles.md keeps up with the profiles."""

from __future__ import annotations

import re
from pathlib import Path

from stockturn.sources.profiles import profile_names, specs

DOCS = Path(__file__).resolve().parents[2] / "docs" / "profiles.md"


def test_every_profile_has_its_row() -> None:
    """One row per system, and no row for a profile that is gone."""
    rows = re.findall(r"^\| `(\w+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == list(profile_names())


def test_every_option_is_explained() -> None:
    """What a profile may switch on stands in the page."""
    text = DOCS.read_text(encoding="utf-8")
    used = {option for spec in specs() for option in spec.options}
    assert {option for option in used if f"`{option}`" not in text} == set()
