"""The options of the command line: each is declared once and names the setting it fills.

Nothing heavy is imported here: ``stockturn --help`` reads this file.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from stockturn.errors import StockturnError, UsageError
from stockturn.i18n import DEFAULT_LANGUAGE

if TYPE_CHECKING:
    from stockturn.config import Settings


class Lang(StrEnum):
    """Languages of screens and workbooks."""

    EN = "en"
    ZH = "zh"


class Format(StrEnum):
    """Forms a result can take."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"


class Average(StrEnum):
    """Ways to take the average stock."""

    DAILY = "daily"
    MONTHLY = "monthly"
    MONTH_POINTS = "month_points"
    TWO_POINT = "two_point"


class Cost(StrEnum):
    """Cost methods."""

    AUTO = "auto"
    MOVING_AVERAGE = "moving_average"
    MONTHLY_AVERAGE = "monthly_average"
    FIFO = "fifo"
    STANDARD = "standard"
    LEDGER = "ledger"


class Bucket(StrEnum):
    """Widths of a demand bucket."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Option:
    """One option: its name and flags, its type, its help, and the setting (dotted key) it fills, if any."""

    name: str
    kind: Any
    help: str
    setting: str | None = None
    flags: tuple[str, ...] = ()
    default: object = None
    metavar: str | None = None

    def parameter(self) -> inspect.Parameter:
        """The option as typer wants it: a keyword parameter with its declaration as default."""
        flags = self.flags or ("--" + self.name.replace("_", "-"),)
        declared = typer.Option(
            self.default, *flags, help=self.help, metavar=self.metavar, show_default=False
        )
        return inspect.Parameter(
            self.name, inspect.Parameter.KEYWORD_ONLY, default=declared, annotation=self.kind
        )


CONFIG = Option("config", Path | None, "Settings file; stockturn.toml beside the source is found by itself.")
LANG = Option("lang", Lang | None, "Language of screens and workbooks: en or zh.", "lang")
QUIET = Option("quiet", bool, "Only the result, no notes.", flags=("--quiet", "-q"), default=False)
VERBOSE = Option(
    "verbose", bool, "All notes, and the traceback of a bug.", flags=("--verbose", "-v"), default=False
)
NO_COLOR = Option("no_color", bool, "No colours (also with the variable NO_COLOR).", default=False)
TALK = (CONFIG, LANG, QUIET, VERBOSE, NO_COLOR)

WHEN = (
    Option(
        "as_of",
        str | None,
        "Ignore everything dated later; default: the latest date of the data.",
        "period.as_of",
        metavar="DATE",
    ),
    Option("period", str | None, "2025-01..2025-06, 2025-03 or 2025.", "period.period"),
    Option("last", str | None, "So many months up to as-of, such as 12m (also 90d, 8w, 1y).", "period.last"),
)
WHERE = (
    Option(
        "warehouse",
        list[str],
        "Only this warehouse; may be given several times.",
        "scope.warehouse",
        default=[],
    ),
    Option(
        "category", list[str], "Only this category; may be given several times.", "scope.category", default=[]
    ),
    Option("sku", list[str], "Only this sku; may be given several times.", "scope.sku", default=[]),
)
HOW = (
    Option("average", Average | None, "How the average stock is taken.", "turnover.average"),
    Option("cost", Cost | None, "Cost method; auto chooses by what the ledger holds.", "turnover.cost"),
)
OUT = Option("out", Path | None, "Write to this file instead of standard output.", flags=("--out", "-o"))
FORMAT = Option(
    "format", Format, "table, json, csv, parquet or xlsx.", flags=("--format", "-f"), default=Format.TABLE
)
SHOW = (
    FORMAT,
    OUT,
    Option("table", str | None, "Which table, where a command gives several (csv, parquet, table)."),
    Option("top", int | None, "Only the first N rows."),
)
SOURCES = "Files, folders, globs, or a ledger folder."
ANALYSE = (*WHEN, *WHERE, *HOW, *SHOW, *TALK)


DATED = ("period.as_of", "replay.start")
"""Settings whose option is a day."""


@dataclass(frozen=True)
class Request:
    """What was asked for: the sources, the values of the options, and the settings they amount to."""

    sources: tuple[Path, ...]
    values: dict[str, Any]
    settings: Settings

    @property
    def on_screen(self) -> bool:
        """Whether the result is shown as a table on standard output."""
        return self.values.get("format") is Format.TABLE and self.values.get("out") is None

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None


def command(
    app: typer.Typer, name: str, *options: Option, sources: str = "SRC", optional: bool = False
) -> Callable[[Callable[[Request], None]], Callable[[Request], None]]:
    """Register a function of a :class:`Request` as a command with these options.

    ``sources`` is the metavar of the source arguments; ``optional`` where the command can do without.
    """

    def register(body: Callable[[Request], None]) -> Callable[[Request], None]:
        @functools.wraps(body)
        def run(**given: Any) -> None:
            paths = tuple(given.pop("sources", ()) or ())
            lang = str(given.get("lang") or DEFAULT_LANGUAGE)
            try:
                request = _request(paths, given, options)
                lang = request.settings.lang
                body(request)
            except StockturnError as error:
                error.lang = lang
                raise

        parameters = [option.parameter() for option in options]
        argument = typer.Argument(
            [] if optional else ..., metavar=f"{sources}...", help=SOURCES, show_default=False
        )
        parameters.insert(
            0,
            inspect.Parameter(
                "sources", inspect.Parameter.KEYWORD_ONLY, default=argument, annotation=list[Path]
            ),
        )
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        app.command(name)(run)
        return body

    return register


def _request(paths: tuple[Path, ...], given: dict[str, Any], options: tuple[Option, ...]) -> Request:
    from stockturn.config import find_config, load_settings

    filled = {option.setting: _plain(given[option.name]) for option in options if option.setting}
    for key in DATED:
        if filled.get(key):
            filled[key] = _date(str(filled[key]))
    if given.get("period") and given.get("last"):
        raise UsageError("period_and_last")
    config = given.get("config") or find_config(paths)
    return Request(paths, given, load_settings(config, filled))


def _plain(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    return tuple(value) if isinstance(value, list) else value


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("date_bad", value=text) from None
