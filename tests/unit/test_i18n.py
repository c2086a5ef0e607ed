"""Catalogues: the same keys and the same fields in every language, and none that nobody uses."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from stockturn.i18n import LANGUAGES, catalogue
from stockturn.schema import COLUMNS

SRC = Path(__file__).resolve().parents[2] / "src" / "stockturn"
CODE = "\n".join(file.read_text(encoding="utf-8") for file in SRC.rglob("*.py"))


def fields(template: str) -> set[str]:
    """Names of the format fields of a text."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_every_language_says_everything() -> None:
    """No key is missing in any language."""
    first, *others = (set(catalogue(lang)) for lang in LANGUAGES)
    for other in others:
        assert first ^ other == set()


def test_translations_use_the_same_fields() -> None:
    """A figure named in one language is named in the other."""
    reference = catalogue(LANGUAGES[0])
    for lang in LANGUAGES[1:]:
        wrong = [key for key, text in catalogue(lang).items() if fields(text) != fields(reference[key])]
        assert wrong == []


def test_chinese_texts_are_chinese() -> None:
    """No English sentence was left in the Chinese catalogue (units and names of three words or fewer may stay)."""
    left = [
        key
        for key, text in catalogue("zh").items()
        if not re.search(r"[\u4e00-\u9fff]", text) and len(text.split()) > 3
    ]
    assert left == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_column_has_a_label_and_a_meaning(lang: str) -> None:
    """Whatever leaves the engine can be shown and explained."""
    texts = catalogue(lang)
    lacking = [n for n in COLUMNS if f"columns.{n}" not in texts or f"columns.{n}_meaning" not in texts]
    assert lacking == []
