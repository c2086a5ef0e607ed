"""``stockturn init``: look at a folder of exports and write a settings file that works on it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from stockturn.cli.options import TALK, Option, Request, command
from stockturn.errors import UsageError
from stockturn.i18n import text

if TYPE_CHECKING:
    from stockturn.sources.inspect import Inspection

YES = Option("yes", bool, "Ask nothing: take the likeliest reading.", flags=("--yes", "-y"), default=False)
FORCE = Option("force", bool, "Write over an existing stockturn.toml.", default=False)
CHOICES = ("movements", "purchases", "sales", "stock", "items", "orders", "ignore")


def add_to(app: typer.Typer) -> None:
    """Register the command."""

    @command(app, "init", YES, FORCE, *TALK, sources="DIR")
    def init(request: Request) -> None:
        """Look at exports and write their stockturn.toml. It is commented and works on the folder as it is."""
        from stockturn import api

        if len(request.sources) != 1 or not request.sources[0].is_dir():
            raise UsageError("one_folder", command="init")
        folder: Path = request.sources[0]
        lang = request.settings.lang
        target = folder / "stockturn.toml"
        if target.exists() and not request.force:
            raise UsageError("config_exists", file=target)
        found = api.inspect(folder, settings=request.settings)
        for one in found:
            _show(one, lang)
        ask = not request.yes and sys.stdin.isatty()
        rules = [rule for one in found if (rule := _asked(one, lang))] if ask else []
        api.write_config(folder, target, rules, request.settings)
        print(text("cli.config_written", lang, file=target))


def _show(one: Inspection, lang: str) -> None:
    """One sheet: what it was taken for, how sure that is, and every doubt."""
    where = f"{one.file} [{one.sheet}]" if one.sheet else one.file
    if one.table is None:
        print(text("cli.init_unread", lang, where=where, reason=one.reason or ""))
        return
    params = {
        "table": one.table,
        "profile": one.profile,
        "share": f"{one.confidence:.0%}",
        "rows": one.accepted,
    }
    print(text("cli.init_read", lang, where=where, **params))
    for doubt in one.doubts:
        print("  ! " + text(doubt.key, lang, **doubt.params))


def _asked(one: Inspection, lang: str) -> Mapping[str, str] | None:
    """What the person at the terminal says about a sheet in doubt; None where nothing is in doubt."""
    where = {"match": Path(one.file.rsplit("!", 1)[-1]).name} | ({"sheet": one.sheet} if one.sheet else {})
    if one.table is None and one.rows:
        choice = _choice(text("cli.init_what", lang, where=one.file, choices=", ".join(CHOICES)), "ignore")
        return where | ({"ignore": "true"} if choice == "ignore" else {"table": choice})
    if one.needs_date:
        return where | {"as_of": _day(text("cli.init_date", lang, where=one.file), lang)}
    return None


def _choice(question: str, default: str) -> str:
    while (answer := typer.prompt(question, default=default)) not in CHOICES:
        continue
    return str(answer)


def _day(question: str, lang: str) -> str:
    from datetime import date

    while True:
        answer = str(typer.prompt(question))
        try:
            return date.fromisoformat(answer).isoformat()
        except ValueError:
            print(text("cli.init_no_date", lang, found=answer))
