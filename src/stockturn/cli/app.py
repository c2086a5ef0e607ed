"""The door: one Typer application, and the one place where errors end."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer

from stockturn.cli import (
    abc,
    alerts,
    deadstock,
    demo,
    explain,
    forecast,
    ingest,
    init,
    reorder,
    replay,
    report,
    snooze,
    suppliers,
    turnover,
)
from stockturn.cli.usage import refusal
from stockturn.errors import ExitCode, StockturnError
from stockturn.i18n import DEFAULT_LANGUAGE, error_text

app = typer.Typer(
    name="stockturn",
    help="Make stock move: turnover, ABC-XYZ, dead stock and a workbook from the exports of your ERP.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _top(
    version: bool = typer.Option(False, "--version", help="Show the version and stop.", is_eager=True),
) -> None:
    if version:
        from stockturn import __version__

        typer.echo(f"stockturn {__version__}")
        raise typer.Exit


COMMANDS = (
    report, ingest, turnover, abc, forecast, reorder, suppliers, deadstock, alerts, replay, explain, snooze, init, demo,
)  # fmt: skip

for module in COMMANDS:
    module.add_to(app)


def main(argv: list[str] | None = None) -> None:
    """Run the command line and leave with the exit status of SPEC 13."""
    sys.exit(int(run(sys.argv[1:] if argv is None else argv)))


def run(argv: list[str]) -> int:
    """Run one command and return its exit status. Every error of the program ends here."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code: Any = app(argv, standalone_mode=False)
        sys.stdout.flush()
        return int(code or ExitCode.OK)
    except StockturnError as error:
        return _refuse(error)
    except typer.Exit as leave:
        return leave.exit_code
    except typer.TyperException as error:
        return _refuse(refusal(error, argv))
    except (typer.Abort, KeyboardInterrupt):
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of the pipe has left (| head): not our error, and nothing more may be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except Exception as bug:
        if {"--verbose", "-v"} & set(argv):
            raise
        return _refuse(BugError(bug))


class BugError(StockturnError):
    """An exception that nobody expected, told like any other refusal."""

    exit_code = ExitCode.BUG

    def __init__(self, cause: Exception) -> None:
        super().__init__("bug", detail=f"{type(cause).__name__}: {cause}")


def _refuse(error: StockturnError) -> int:
    message, hint = error_text(error, error.lang or DEFAULT_LANGUAGE)
    print(message, file=sys.stderr)
    if hint:
        print(f"  → {hint}", file=sys.stderr)
    return error.exit_code
