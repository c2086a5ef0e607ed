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


def emit(result: Result, request: Request, *, every_note: bool = False) -> None:
    """Write the result in the format asked for (the suffix of ``--out`` decides where none was); notes go to stderr."""
    from stockturn.output import console, plain

    say(result.notes, request, every_note=every_note)
    if request.table and request.table not in result.tables:
        raise UsageError("table_unknown", table=request.table, known=", ".join(result.tables))
    chosen, settings = chosen_format(request), request.settings
    if chosen is Format.TABLE:
        console.show(result, settings, color=colorful(request), table=request.table, top=request.top)
        return
    plain.write_table(
        _shortened(result, request.top),
        chosen.value,
        request.out,
        table=request.table,
        lang=settings.lang,
        currency=settings.ingest.currency,
    )


def chosen_format(request: Request) -> Format:
    """The format asked for; where none was, the one the suffix of ``--out`` names."""
    chosen: Format = request.format
    out: Path | None = request.out
    if out is None or chosen is not Format.TABLE:
        return chosen
    if out.suffix.lower() not in SUFFIXES:
        raise UsageError("out_suffix", file=out, allowed=", ".join(SUFFIXES))
    return SUFFIXES[out.suffix.lower()]


def _shortened(result: Result, top: int | None) -> Result:
    """Every table cut to its first rows; machine output is cut only when asked for."""
    from dataclasses import replace

    if top is None:
        return result
    return replace(result, tables={name: frame.head(top) for name, frame in result.tables.items()})


def say(notes: Iterable[Note], request: Request, *, every_note: bool = False) -> None:
    """Notes on stderr: warnings always, the rest with --verbose or ``every_note``, nothing with --quiet."""
    from stockturn.i18n import note_text

    if request.quiet:
        return
    for note in notes:
        if note.level == "warning" or request.verbose or every_note:
            print(note_text(note.key, note.params, request.settings.lang), file=sys.stderr)


def colorful(request: Request) -> bool | None:
    """False where colours were declined; None lets the terminal decide (and NO_COLOR)."""
    return False if request.no_color else None
