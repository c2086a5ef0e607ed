"""From a result to where the user wants it: the terminal, standard output, or a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from stockturn.cli.options import Format, Request
from stockturn.errors import UsageError

if TYPE_CHECKING:
    from stockturn.model import Note, Result

SUFFIXES = {".json": Format.JSON, ".csv": Format.CSV, ".parquet": Format.PARQUET, ".xlsx": Format.XLSX}


def emit(result: Result, request: Request) -> None:
    """Write the result in the format asked for (the suffix of ``--out`` decides where none was); notes go to stderr."""
    from stockturn.output import console, plain

    say(result.notes, request)
    result = _narrowed(result, request)
    chosen, out = _format(request), request.out
    if chosen is Format.TABLE:
        console.show(result, request.settings, color=colorful(request), table=request.table)
    else:
        settings = request.settings
        plain.write_table(
            result,
            chosen.value,
            out,
            table=request.table,
            lang=settings.lang,
            currency=settings.ingest.currency,
        )


def _format(request: Request) -> Format:
    chosen: Format = request.format
    out: Path | None = request.out
    if out is None or chosen is not Format.TABLE:
        return chosen
    if out.suffix.lower() not in SUFFIXES:
        raise UsageError("out_suffix", file=out, allowed=", ".join(SUFFIXES))
    return SUFFIXES[out.suffix.lower()]


def _narrowed(result: Result, request: Request) -> Result:
    from dataclasses import replace

    if request.table and request.table not in result.tables:
        raise UsageError("table_unknown", table=request.table, known=", ".join(result.tables))
    if request.top is None:
        return result
    return replace(result, tables={name: frame.head(request.top) for name, frame in result.tables.items()})


def say(notes: Iterable[Note], request: Request) -> None:
    """Notes on stderr: warnings always, the rest with --verbose, nothing with --quiet."""
    from stockturn.i18n import text

    if request.quiet:
        return
    for note in notes:
        if note.level == "warning" or request.verbose:
            print(text(f"notes.{note.key}", request.settings.lang, **note.params), file=sys.stderr)


def colorful(request: Request) -> bool | None:
    """False where colours were declined, None where the terminal decides."""
    import os

    return False if request.no_color or os.environ.get("NO_COLOR") else None
