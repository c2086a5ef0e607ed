"""From what the user names (files, folders, globs, archives) to single files in memory."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from stockturn.config.ingest import IngestSettings
from stockturn.errors import InputError, StockturnError

SUFFIXES = frozenset(
    [
        ".xlsx",
        ".xlsm",
        ".xltx",
        ".xls",
        ".xlsb",
        ".ods",
        ".csv",
        ".tsv",
        ".txt",
        ".tab",
        ".parquet",
        ".zip",
        ".gz",
        ".htm",
        ".html",
    ]
)
_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Source:
    """One file to read, or the reason why it cannot be. ``name`` is the path as found, ``a.zip!b.csv`` inside."""

    name: str
    data: bytes = b""
    problem: StockturnError | None = None

    @property
    def stem(self) -> str:
        """Name of the file alone, without folder, archive and suffix."""
        return PurePosixPath(self.base).stem

    @property
    def base(self) -> str:
        """Name of the file alone."""
        return PurePosixPath(self.name.rsplit("!", 1)[-1].replace("\\", "/")).name

    @property
    def hash(self) -> str:
        """Identity of the contents."""
        return hashlib.sha256(self.data).hexdigest()


def paths_of(named: Sequence[Path | str], limits: IngestSettings) -> tuple[list[Path], list[str]]:
    """The files behind the names, in a stable order without doubles, and the files of folders that are no tables.

    A folder gives its own files only, not those of its sub-folders. Raises InputError for a name that is
    neither file, folder nor a pattern that matches something.
    """
    found: list[Path] = []
    others: list[str] = []
    for item in named:
        path = Path(item)
        if path.is_file():
            found.append(path)
        elif path.is_dir():
            for inner in sorted(path.iterdir()):
                if (
                    not inner.is_file()
                    or inner.name.startswith((".", "~$"))
                    or inner.name == "stockturn.toml"
                ):
                    continue
                (found if inner.suffix.lower() in SUFFIXES else others).append(inner)  # type: ignore[arg-type]
        else:
            matches = _glob(path)
            if not matches:
                raise InputError("source_missing", file=str(item))
            found.extend(match for match in matches if match.is_file())
    kept = [path for path in dict.fromkeys(found) if not _ignored(path.name, limits)]
    return kept, [str(path) for path in others]


def sources_of(path: Path, limits: IngestSettings) -> Iterator[Source]:
    """The file itself, or what an archive holds."""
    try:
        size = path.stat().st_size
        if size > limits.max_file_mb * _MEGABYTE:
            problem = InputError(
                "file_too_large", file=str(path), size=size // _MEGABYTE, limit=limits.max_file_mb
            )
            yield Source(str(path), problem=problem)
            return
        data = path.read_bytes()
    except OSError as error:
        yield Source(str(path), problem=InputError("file_unreadable", file=str(path), detail=error.strerror))
        return
    yield from _unpacked(str(path), data, limits)


def _unpacked(name: str, data: bytes, limits: IngestSettings) -> Iterator[Source]:
    if data[:2] == b"\x1f\x8b":
        yield _gunzipped(name, data, limits)
    elif data[:4] == b"PK\x03\x04" and is_archive(data):
        yield from _members(name, data, limits)
    else:
        yield Source(name, data)


def is_archive(data: bytes) -> bool:
    """Whether a zip holds files rather than being a workbook.

    A broken zip is taken for a workbook: its reader says so.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return not ({"[Content_Types].xml", "content.xml"} & names or any(n.startswith("xl/") for n in names))


def _members(name: str, data: bytes, limits: IngestSettings) -> Iterator[Source]:
    room = limits.max_inflated_mb * _MEGABYTE
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in sorted(archive.infolist(), key=lambda item: item.filename):
            inner = _inner_name(info)
            base = PurePosixPath(inner).name
            if info.is_dir() or base.startswith((".", "~$")) or "__MACOSX" in inner:
                continue
            if PurePosixPath(base).suffix.lower() not in SUFFIXES or _ignored(base, limits):
                continue
            full = f"{name}!{inner}"
            try:
                with archive.open(info) as member:
                    content = member.read(room + 1)
            except Exception as error:  # encrypted, damaged, unknown method: every one ends here
                yield Source(full, problem=InputError("member_unreadable", file=full, detail=error))
                continue
            room -= len(content)
            if room < 0:
                problem = InputError("file_inflates", file=full, limit=limits.max_inflated_mb)
                yield Source(full, problem=problem)
                return
            if content[:4] == b"PK\x03\x04" and is_archive(content):
                yield Source(full, problem=InputError("archive_nested", file=full))
            else:
                yield Source(full, content)


def _gunzipped(name: str, data: bytes, limits: IngestSettings) -> Source:
    limit = limits.max_inflated_mb * _MEGABYTE
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            content = stream.read(limit + 1)
    except (OSError, EOFError, ValueError) as error:
        return Source(name, problem=InputError("member_unreadable", file=name, detail=error))
    if len(content) > limit:
        return Source(name, problem=InputError("file_inflates", file=name, limit=limits.max_inflated_mb))
    return Source(name, content)


def _inner_name(info: zipfile.ZipInfo) -> str:
    """Names without the UTF-8 flag come from a Chinese Windows more often than from code page 437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return info.filename


def _ignored(name: str, limits: IngestSettings) -> bool:
    return any(fnmatch(name, pattern) for pattern in limits.ignore)


def _glob(pattern: Path) -> list[Path]:
    parts = pattern.parts
    for index, part in enumerate(parts):
        if any(sign in part for sign in "*?["):
            root = Path(*parts[:index]) if index else Path()
            return sorted(root.glob(str(Path(*parts[index:])))) if root.is_dir() else []
    return []
