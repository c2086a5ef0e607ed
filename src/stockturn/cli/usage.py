"""What Typer refuses, told like every other refusal: in the reader's language, with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

import typer

from stockturn.errors import StockturnError, UsageError
from stockturn.i18n import DEFAULT_LANGUAGE, LANGUAGES


def refusal(error: typer.TyperException, argv: Sequence[str]) -> StockturnError:
    """The same error as one of ours; one of a kind that is not known here keeps its own words."""
    told = _TELL.get(type(error).__name__, _other)(error, argv)
    told.lang = language(argv)
    return told


def language(argv: Sequence[str]) -> str:
    """The language asked for on a command line that could not be read to its end.

    >>> language(["abc", "--lang", "zh"]), language(["abc", "--lang=zh"]), language(["abc"])
    ('zh', 'zh', 'en')
    """
    said = [after for word, after in pairwise(argv) if word == "--lang"]
    said += [word.partition("=")[2] for word in argv if word.startswith("--lang=")]
    return next((lang for lang in said if lang in LANGUAGES), DEFAULT_LANGUAGE)


def _missing(error: Any, argv: Sequence[str]) -> StockturnError:
    return UsageError("usage_missing", name=_name(error), command=_command(error))


def _no_option(error: Any, argv: Sequence[str]) -> StockturnError:
    known = [flag for parameter in error.ctx.command.params for flag in parameter.opts] if error.ctx else []
    near = _near(error.option_name, known)
    key = "usage_option_near" if near else "usage_option"
    return UsageError(key, name=error.option_name, near=near, command=_command(error))


def _no_value(error: Any, argv: Sequence[str]) -> StockturnError:
    return UsageError("usage_no_value", name=error.option_name, command=_command(error))


def _bad_value(error: Any, argv: Sequence[str]) -> StockturnError:
    """A value that is none of the choices, or no number: Typer checks values with pydantic and keeps its verdict."""
    verdict = error.__cause__.errors()[0] if hasattr(error.__cause__, "errors") else {}
    known = {"name": _name(error), "command": _command(error), "value": verdict.get("input", "")}
    _, choice, choices = error.message.partition(" is not one of ")
    if choice:
        return UsageError("usage_choice", choices=choices.rstrip(".").replace("'", ""), **known)
    key = _NUMBERS.get(str(verdict.get("type")), "usage_value")
    return UsageError(key, detail=error.message, **known)


def _other(error: Any, argv: Sequence[str]) -> StockturnError:
    """A command that does not exist has no kind of its own: it is the first word that no group knows."""
    group = getattr(getattr(error, "ctx", None), "command", None)
    commands = list(getattr(group, "commands", {}))
    wrong = next((word for word in argv if not word.startswith("-")), None)
    if commands and wrong is not None and wrong not in commands:
        near = _near(wrong, commands)
        key = "usage_command_near" if near else "usage_command"
        return UsageError(key, name=wrong, near=near, choices=", ".join(commands))
    return UsageError("usage_other", detail=error.format_message(), command=_command(error))


def _near(word: str, known: Sequence[str]) -> str:
    return ", ".join(get_close_matches(word, known, n=2, cutoff=0.7))


def _name(error: Any) -> str:
    """How a parameter is written on the command line."""
    parameter = error.param
    if parameter is None:
        return str(error.param_hint or "")
    flags = [flag for flag in parameter.opts if flag.startswith("-")]
    return max(flags, key=len) if flags else str(parameter.metavar or parameter.name)


def _command(error: Any) -> str:
    """The command that ``--help`` explains."""
    return str(error.ctx.command_path) if getattr(error, "ctx", None) else "stockturn"


_NUMBERS = {"int_parsing": "usage_whole", "int_from_float": "usage_whole", "float_parsing": "usage_number"}
"""pydantic's kinds of what is no number."""

_TELL = {
    "MissingParameter": _missing,
    "NoSuchOption": _no_option,
    "BadOptionUsage": _no_value,
    "BadParameter": _bad_value,
}
"""By the name of the error's kind: Typer does not export them."""
