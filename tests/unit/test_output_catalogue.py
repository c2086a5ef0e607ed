"""Every text of the report and every column, in both languages: none missing, none unused."""

from __future__ import annotations

import ast
import string
from importlib import resources
from pathlib import Path

import pytest

from stockturn.i18n import LANGUAGES, catalogue
from stockturn.schema import COLUMNS

OUTPUT = Path(str(resources.files("stockturn"))) / "output"


def _section(lang: str, section: str) -> dict[str, str]:
    prefix = f"{section}."
    return {key.removeprefix(prefix): text for key, text in catalogue(lang).items() if key.startswith(prefix)}


def _texts_in_code() -> tuple[set[str], set[str]]:
    """Keys that are asked for in a call of ``say``, and all text constants of the output floor."""
    asked, constants = set[str](), set[str]()
    for file in OUTPUT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                constants.add(node.value)
            if (
                isinstance(node, ast.Call)
                and _is_say(node.func)
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                asked.add(str(node.args[0].value))
    for file in OUTPUT.rglob("*.j2"):
        text = file.read_text(encoding="utf-8")
        keys = {part.split('"')[0] for part in text.split('say("')[1:]}
        asked |= keys
        constants |= keys
    return asked, constants


def _is_say(called: ast.expr) -> bool:
    return (isinstance(called, ast.Name) and called.id == "say") or (
        isinstance(called, ast.Attribute) and called.attr == "say"
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_column_has_a_label_and_a_meaning_and_nothing_else_is_there(lang: str) -> None:
    """A column without a label would be a KeyError in front of a reader."""
    wanted = {name for column in COLUMNS for name in (column, f"{column}_meaning")}
    assert set(_section(lang, "columns")) == wanted
    assert all(text.strip() for text in _section(lang, "columns").values())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_text_of_the_report_is_used_and_every_used_one_is_there(lang: str) -> None:
    """Keys are written out in the code, so both directions can be checked."""
    asked, constants = _texts_in_code()
    keys = set(_section(lang, "report"))
    assert asked - keys == set()
    assert keys - constants == set()


@pytest.mark.parametrize("section", ["report", "columns", "codes"])
def test_both_languages_have_the_same_keys_and_the_same_fields(section: str) -> None:
    """A field that one language forgets would be a figure that one reader does not see."""
    english, chinese = _section("en", section), _section("zh", section)
    assert set(english) == set(chinese)
    for key in english:
        assert _fields(english[key]) == _fields(chinese[key]), key


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
