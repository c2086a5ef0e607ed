"""Settings from their three sources: defaults, then stockturn.toml, then the options of the command line."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from stockturn.config.base import Section
from stockturn.config.settings import Settings
from stockturn.errors import UsageError

CONFIG_NAME = "stockturn.toml"


def find_config(sources: Iterable[Path]) -> Path | None:
    """The stockturn.toml beside (or in) the first source that has one, else the one in the working folder."""
    for source in sources:
        folder = source if source.is_dir() else source.parent
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    return Path(CONFIG_NAME) if Path(CONFIG_NAME).is_file() else None


def load_settings(config: Path | None, options: Mapping[str, object] | None = None) -> Settings:
    """Settings with the file's values over the defaults and the options over the file's.

    ``options`` maps dotted keys (``turnover.average``) to values; None means: not given.
    Raises UsageError naming the key, the value and what is allowed.
    """
    tree = _read(config) if config is not None else {}
    for key, value in (options or {}).items():
        if value is not None and value != ():
            _put(tree, key, value)
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise _refusal(error, tree, str(config) if config else "") from None


def _read(config: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(config.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError("config_missing", file=config) from None
    except OSError as error:
        raise UsageError("config_unreadable", file=config, detail=error.strerror) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError("config_not_toml", file=config, detail=error) from None


def _put(tree: dict[str, Any], key: str, value: object) -> None:
    *path, last = key.split(".")
    for part in path:
        tree = tree.setdefault(part, {})
    tree[last] = list(value) if isinstance(value, tuple) else value


def _refusal(error: ValidationError, tree: dict[str, Any], source: str) -> UsageError:
    first = error.errors()[0]
    path = [part for part in first["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
    key = ".".join(str(part) for part in path)
    if first["type"] == "extra_forbidden":
        known = known_keys(path[:-1])
        near = difflib.get_close_matches(str(path[-1]), known, n=1)
        return UsageError(
            "config_unknown_key",
            key=key,
            source=source or "options",
            near=near[0] if near else ", ".join(known),
        )
    return UsageError(
        "config_bad_value",
        key=key,
        value=_shown(first.get("input")),
        allowed=first["msg"].removeprefix("Value error, "),
        source=source or "options",
        verdict=first["type"].removesuffix("_type").removesuffix("_parsing"),
        limits={name: limit for name, limit in first.get("ctx", {}).items() if name != "error"},
    )


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def known_keys(path: Iterable[str | int]) -> list[str]:
    """Names allowed at that place of the settings tree."""
    model: type[BaseModel] = Settings
    for part in path:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(str(part))
        inner = _section_of(field.annotation) if field else None
        if inner is None:
            continue
        model = inner
    return list(model.model_fields)


def _section_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((inner for arg in get_args(annotation) if (inner := _section_of(arg)) is not None), None)
