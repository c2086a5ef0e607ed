"""manifest.json: the one file that says what a ledger folder holds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from stockturn.errors import InputError
from stockturn.store.disk import write_text

NAME = "manifest.json"

FORMAT = 1
"""Version of the layout. A folder with a higher one was written by a newer program and is left alone."""


@dataclass(frozen=True)
class Piece:
    """One Parquet file: its path inside the ledger folder, rows and bytes."""

    path: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class FileEntry:
    """One source file: where it was found, what it is, and the segment that holds what was read from it."""

    name: str
    hash: str
    size: int | None
    exported_at: str | None
    ingested_at: str
    digest: str
    tables: dict[str, Piece]
    sheets: Piece
    refused: Piece
    notes: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Manifest:
    """What counts. ``tables`` maps a table to the generation's file; a table that is not there is the sum of the
    files' segments. ``choices`` are the settings by which the lines were counted; ``previous`` are paths that the manifest before
    this one named."""

    number: int = 0
    written_at: str = ""
    choices: str = ""
    files: tuple[FileEntry, ...] = ()
    tables: dict[str, Piece] = None  # type: ignore[assignment]
    lists: dict[str, Piece] = None  # type: ignore[assignment]
    notes: tuple[dict[str, Any], ...] = ()
    previous: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("tables", "lists"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, {})

    def pieces(self) -> Iterable[Piece]:
        """Every Parquet file that this manifest names."""
        for entry in self.files:
            yield from entry.tables.values()
            yield entry.sheets
            yield entry.refused
        yield from self.tables.values()
        yield from self.lists.values()

    def folders(self) -> set[str]:
        """The folders (two parts) in which its files lie."""
        return {str(Path(piece.path).parent) for piece in self.pieces()}

    def shown_names(self) -> dict[str, str]:
        """digest -> name as shown: two files of one name carry the start of their hash, in any order of reading."""
        names = [entry.name for entry in self.files]
        return {
            entry.digest: entry.name if names.count(entry.name) == 1 else f"{entry.name}@{entry.hash[:8]}"
            for entry in self.files
        }


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a ledger folder. Raises InputError: none there, damaged, or from a newer program."""
    path = folder / NAME
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        if tree["format"] > FORMAT:
            raise InputError("ledger_newer", folder=folder, found=tree["format"], known=FORMAT)
        return _manifest(tree)
    except FileNotFoundError:
        raise InputError("ledger_missing", folder=folder) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("ledger_damaged", folder=folder, file=NAME, detail=error) from None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Commit: from here on this manifest counts."""
    tree = {"format": FORMAT, **asdict(manifest)}
    write_text(json.dumps(tree, ensure_ascii=False, indent=1), folder / NAME)


def _manifest(tree: dict[str, Any]) -> Manifest:
    return Manifest(
        number=int(tree["number"]),
        written_at=tree["written_at"],
        choices=tree["choices"],
        files=tuple(_entry(item) for item in tree["files"]),
        tables={name: Piece(**item) for name, item in tree["tables"].items()},
        lists={name: Piece(**item) for name, item in tree["lists"].items()},
        notes=tuple(tree["notes"]),
        previous=tuple(tree["previous"]),
    )


def _entry(item: dict[str, Any]) -> FileEntry:
    known = {**item, "notes": tuple(item["notes"])}
    known["tables"] = {name: Piece(**piece) for name, piece in item["tables"].items()}
    known["sheets"], known["refused"] = Piece(**item["sheets"]), Piece(**item["refused"])
    return FileEntry(**known)


def with_files(manifest: Manifest, files: Iterable[FileEntry]) -> Manifest:
    """The manifest with these files, in one order whatever the order of reading."""
    return replace(
        manifest, files=tuple(sorted(files, key=lambda entry: (entry.name, entry.hash, entry.digest)))
    )
