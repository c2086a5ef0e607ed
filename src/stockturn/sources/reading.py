"""The edge of the house: names of files in, a ledger out. Nothing here raises for one bad file; it is named instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from stockturn.config import Settings
from stockturn.model import Ledger, Note
from stockturn.sources.accounts import refused_rows, sheet_rows
from stockturn.sources.assemble import assemble
from stockturn.sources.expand import paths_of, sources_of
from stockturn.sources.mapping import check_rules
from stockturn.sources.parts import said
from stockturn.sources.sheet import SheetRead, read_source

_NAMED = 5


def read(
    paths: Sequence[Path | str], settings: Settings, progress: Callable[[str], None] | None = None
) -> Ledger:
    """Reads files, folders (their own files), globs and archives into one ledger, every file speaking for itself:
    ``combine`` settles what only all of them together can say.

    Every sheet is listed in ``sheets``, also those that are not read, with the reason and what to do; for each
    rows_read = accepted + refused + skipped. Raises InputError only where a name matches nothing at all, UsageError
    where a rule of the settings names what does not exist.
    """
    check_rules(settings.ingest.files)
    found, others = paths_of(paths, settings.ingest)
    sheets: list[SheetRead] = []
    for path in found:
        if progress is not None:
            progress(str(path))
        for source in sources_of(path, settings.ingest):
            sheets += read_source(source, settings)
    notes = []
    if others:
        shown = ", ".join(Path(name).name for name in others[:_NAMED])
        notes.append(Note("files_not_tables", {"count": len(others), "files": shown}))
    return ledger_of(sheets, settings, notes)


def ledger_of(sheets: list[SheetRead], settings: Settings, notes: Sequence[Note] = ()) -> Ledger:
    """The ledger that the sheets make, each speaking for itself."""
    pairs = [(s.part, s.context) for s in sheets if s.part is not None and s.context is not None]
    told = [
        note
        for sheet in sheets
        if sheet.context is not None and sheet.part is not None
        for note in said(sheet.context, (*sheet.notes, *sheet.part.notes))
    ]
    return Ledger(
        assemble(pairs),
        sheet_rows(sheets, settings.lang),
        refused_rows(sheets, settings.lang),
        (*notes, *told),
    )
