"""What can go wrong, as values that speak to the person at the keyboard.

An error carries a catalogue key and its parameters, not a sentence: the sentence (and the hint, what to do
next) is made in the reader's language by :func:`stockturn.i18n.error_text`.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit statuses of the command line (SPEC 13)."""

    OK = 0
    BUG = 1
    USAGE = 2
    INPUT = 3
    ALERTS = 4


class StockturnError(Exception):
    """A refusal with a reason. ``key`` names the message in the catalogue section ``errors``.

    ``lang`` is set at the edge, where the reader's language is known.
    """

    exit_code = ExitCode.INPUT
    lang: str | None = None

    def __init__(self, key: str, /, **params: object) -> None:
        self.key = key
        self.params = params
        super().__init__(key, params)

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.key}({shown})"


class UsageError(StockturnError):
    """A wrong option or a wrong setting: exit status 2."""

    exit_code = ExitCode.USAGE


class InputError(StockturnError):
    """Input that could not be used: exit status 3."""
