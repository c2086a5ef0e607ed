"""``stockturn init``: look at a folder of exports and write a settings file that works on it."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from stockturn.cli.options import TALK, Option, Request, command
from stockturn.errors import UsageError

YES = Option(
    "yes",
    bool,
    "Ask nothing: take the likeliest reading and write it down.",
    flags=("--yes", "-y"),
    default=False,
)
FORCE = Option("force", bool, "Write over an existing stockturn.toml.", default=False)


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "init", YES, FORCE, *TALK, sources="DIR")
    def init(request: Request) -> None:
        """Look at a folder of exports and write a commented stockturn.toml that works on it."""
        from stockturn import api
        from stockturn.i18n import text

        if len(request.sources) != 1 or not request.sources[0].is_dir():
            raise UsageError("one_folder", command="init")
        folder: Path = request.sources[0]
        lang = request.settings.lang
        target = folder / "stockturn.toml"
        if target.exists() and not request.force:
            raise UsageError("config_exists", file=target)
        proposal = api.propose_config(folder, request.settings)
        for line in proposal.lines:
            print(line)
        answers = {} if request.yes or not sys.stdin.isatty() else _ask(proposal.doubts)
        api.write_config(folder, target, request.settings, answers)
        print(text("cli.config_written", lang, file=target))


def _ask(doubts: object) -> dict[str, str]:
    raise NotImplementedError(doubts)
