"""One workbook per supplier: the purchase request, or the sheet of goods the supplier keeps in stock himself."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from stockturn.config import Settings
from stockturn.errors import InputError
from stockturn.i18n import text
from stockturn.output.xlsx import write_tables

_UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')
_LONGEST = 80


def write_supplier_files(
    requests: pl.DataFrame, vmi: pl.DataFrame, folder: Path, settings: Settings
) -> list[Path]:
    """Write ``<supplier>.xlsx`` for every supplier with something to order or to look after; gives the paths.

    A name that no file system takes is cleaned; two names that then are the same get a number. Raises InputError
    where the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("folder_not_made", folder=folder, detail=error.strerror) from None
    names = pl.concat([frame["supplier"] for frame in (requests, vmi)]).unique().sort().to_list()
    written: list[Path] = []
    for name in names:
        tables = {
            text(f"words.{key}", settings.lang): frame.filter(pl.col("supplier") == name)
            for key, frame in (("requests", requests), ("vmi", vmi))
        }
        path = _free(folder, _file_name(name), written)
        wanted = {key: frame for key, frame in tables.items() if frame.height}
        write_tables(wanted, path, settings.lang, settings.ingest.currency)
        written.append(path)
    return written


def _file_name(name: str) -> str:
    """The supplier's name as a file name.

    >>> _file_name('A/B: "Tools" Ltd.')
    'A_B_ _Tools_ Ltd'
    """
    return _UNSAFE.sub("_", name)[:_LONGEST].strip(" .") or "_"


def _free(folder: Path, stem: str, taken: list[Path]) -> Path:
    used = {path.name.casefold() for path in taken}
    number = 1
    while (
        path := folder / (f"{stem}.xlsx" if number == 1 else f"{stem} {number}.xlsx")
    ).name.casefold() in used:
        number += 1
    return path
