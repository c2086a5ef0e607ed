"""One catalogue per language: every label, message, sheet title and error the program can show.

A catalogue is a folder ``locale/<lang>/`` of TOML files; a key is ``section.name`` where the section is the
file's name. Texts use ``str.format`` fields. Adding a language means adding a folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from stockturn.errors import StockturnError

LANGUAGES = ("en", "zh")
DEFAULT_LANGUAGE = "en"


@cache
def catalogue(lang: str) -> dict[str, str]:
    """All texts of one language, flat: ``{"columns.turnover": "Inventory turnover", ...}``."""
    # Imported where they are used: asking for help must not pay for them.
    import tomllib
    from importlib import resources

    folder = resources.files("stockturn") / "locale" / lang
    texts: dict[str, str] = {}
    for file in folder.iterdir():
        if file.name.endswith(".toml"):
            section = file.name.removesuffix(".toml")
            for name, text in tomllib.loads(file.read_text(encoding="utf-8")).items():
                texts[f"{section}.{name}"] = text
    return texts


def text(key: str, lang: str, /, **params: object) -> str:
    """The text of ``key`` in ``lang`` with its fields filled in. An unknown key is a bug: KeyError.

    >>> text("words.none", "zh")
    '（无）'
    >>> text("errors.no_header", "en", file="a.csv", sheet="")
    'a.csv: no row looks like the header of a table.'
    """
    template = catalogue(lang)[key]
    if not params.get("sheet", True):
        template = template.replace("{file} {sheet}", "{file}")  # formats without sheets
    return template.format(**params) if params else template


def has(key: str, lang: str) -> bool:
    """Whether the catalogue of ``lang`` holds ``key``."""
    return key in catalogue(lang)


def note_text(key: str, params: Mapping[str, object], lang: str) -> str:
    """The sentence of a note; a key without a section stands in the section ``notes``. Codes among its parameters
    (tables, where a date was found) are said in the language, and counts with a sign between thousands.

    >>> note_text("as_of_used", {"file": "a.csv", "sheet": "", "date": "2025-01-31", "where": "file_name"}, "en")
    'a.csv: the stock is taken as of 2025-01-31 (from the file name).'
    """
    said = {name: _spoken(name, value, lang) for name, value in params.items()}
    return text(key if "." in key else f"notes.{key}", lang, **said)


_CODES = {"where": "where", "table": "table", "wanted": "value_basis", "used": "value_basis"}
"""Parameters of notes that are codes, and which codes."""

_PLACES = ("row",)
"""Numbers that say where something stands, not how many there are."""


def _spoken(name: str, value: object, lang: str) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and name not in _PLACES:
        return f"{value:,}"
    code = f"codes.{_CODES.get(name, name)}_{value}"
    return text(code, lang) if name in _CODES and has(code, lang) else value


def _verdict(error: StockturnError, lang: str) -> dict[str, object]:
    """What a refused value may be, where the check that refused it has words in the catalogue."""
    key = f"errors.verdict_{error.params.get('verdict')}"
    limits = error.params.get("limits")
    return {"allowed": text(key, lang, **limits)} if isinstance(limits, dict) and has(key, lang) else {}


def error_text(error: StockturnError, lang: str) -> tuple[str, str | None]:
    """The sentence of an error, and the hint that says what to do next (None where there is none)."""
    params = error.params | _verdict(error, lang)
    message = text(f"errors.{error.key}", lang, **params)
    hint_key = f"errors.{error.key}_hint"
    return message, text(hint_key, lang, **params) if has(hint_key, lang) else None
