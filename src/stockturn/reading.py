"""From exports to a ledger and back: reading, the ledger folder, what was read and how far it agrees with itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from stockturn.config import Settings, find_config, load_settings
from stockturn.engine.reconcile import positions, returns_by_side
from stockturn.engine.run import Run
from stockturn.errors import InputError, UsageError
from stockturn.model import Ledger, Note, Result

if TYPE_CHECKING:
    from stockturn.sources.inspect import Inspection

Stage = Callable[[str], None]


def ingest(*sources: Path | str, settings: Settings | None = None, progress: Stage | None = None) -> Ledger:
    """Read exports, or a ledger folder, into a Ledger: nothing lost, nothing twice.

    ``settings`` default to the stockturn.toml beside the sources. Raises InputError where a source does not exist.
    """
    from stockturn import store
    from stockturn.sources import combine, read

    paths = [Path(source) for source in sources]
    chosen = settings if settings is not None else load_settings(find_config(paths))
    kept = [path for path in paths if store.is_ledger(path)]
    if kept and len(paths) > 1:
        raise UsageError("ledger_and_more", folder=kept[0])
    if kept:
        return store.load(kept[0])
    return combine(read(paths, chosen, progress), chosen)


def is_ledger(path: Path | str) -> bool:
    """Whether the path is a ledger folder."""
    from stockturn import store

    return store.is_ledger(Path(path))


def keep(
    *sources: Path | str,
    into: Path | str,
    settings: Settings | None = None,
    progress: Stage | None = None,
    now: datetime | None = None,
) -> Ledger:
    """Read exports into a ledger folder (made where there is none) and give the ledger it then holds.

    A file that is there already changes nothing; a run that is stopped leaves the folder as it was.
    """
    from stockturn import store
    from stockturn.sources import combine, read

    paths = [Path(source) for source in sources]
    chosen = settings if settings is not None else load_settings(find_config(paths))
    done = store.merge(
        read(paths, chosen, progress),
        Path(into),
        partial(combine, settings=chosen),
        now=now or datetime.now(UTC),
        choices=chosen.ingest.model_dump_json(),
    )
    return done.ledger


def forget(
    ledger: Path | str, file: str, settings: Settings | None = None, now: datetime | None = None
) -> None:
    """Take a file out of a ledger folder, as if it had never been read.

    The rest is counted by the settings by which the folder was counted before, wherever they were written.
    """
    from stockturn import store
    from stockturn.sources import combine

    chosen = settings or Settings()
    if kept := store.choices(Path(ledger)):
        ingest = type(chosen.ingest).model_validate_json(kept)
        chosen = chosen.model_copy(update={"ingest": ingest})
    store.forget(Path(ledger), file, partial(combine, settings=chosen), now=now or datetime.now(UTC))


def listing(ledger: Path | str) -> Result:
    """The files a ledger folder holds."""
    from stockturn import store

    return Result("files", {"files": store.listing(Path(ledger))})


def ingest_result(ledger: Ledger, settings: Settings | None = None) -> Result:
    """What was read, what was refused, and where counts and movements disagree."""
    differences, notes = reconciled(ledger, settings or Settings())
    tables = {"sheets": ledger.sheets, "refused": ledger.refused, "differences": differences}
    if not ledger.replaced.is_empty():
        tables["replaced"] = ledger.replaced
    return Result("sheets", tables, notes)


def reconciled(ledger: Ledger, settings: Settings) -> tuple[pl.DataFrame, tuple[Note, ...]]:
    """Differences by cell, how many stock positions agree, and what returns change in the totals of in and out; nothing
    where the ledger has nothing dated."""
    try:
        run = Run(ledger, settings)
    except InputError:
        return pl.DataFrame(), ()
    found = positions(ledger, run.entries.as_of, settings.ingest.reconcile_tolerance)
    sides = returns_by_side(ledger.table("movements"))
    said = () if sides is None else (sides,)
    if found.is_empty():
        return run.valued.differences, said
    counts = dict(found.group_by("agreement").len().iter_rows())
    params = {name: counts.get(name, 0) for name in ("exact", "opening", "differs")}
    level = "warning" if params["differs"] else "info"
    return run.valued.differences, (Note("positions", {"checked": found.height, **params}, level), *said)


def unread(ledger: Ledger) -> list[tuple[str, str | None, str]]:
    """Files and sheets that no table fits or that could not be read: file, sheet, reason."""
    if ledger.sheets.is_empty():
        return []
    left = ledger.sheets.filter(pl.col("table").is_null()).select("file", "sheet", "reason")
    return [(str(file), sheet, str(reason)) for file, sheet, reason in left.iter_rows()]


def inspect(*sources: Path | str, settings: Settings | None = None) -> list[Inspection]:
    """What each sheet would be taken for, how sure that is, and what is in doubt; nothing is computed."""
    from stockturn.sources.inspect import inspect as look

    return look(sources, settings or Settings())


def write_config(
    folder: Path, target: Path, rules: Sequence[Mapping[str, str]], settings: Settings | None = None
) -> None:
    """Write a commented stockturn.toml that works on the folder; ``rules`` are what a person has settled."""
    from stockturn.output.files import replacing
    from stockturn.sources.inspect import suggest_config

    chosen = settings or Settings()
    settled = Settings.model_validate({"ingest": {"files": rules}}).ingest.files
    files = (*settled, *chosen.ingest.files)
    known = chosen.model_copy(update={"ingest": chosen.ingest.model_copy(update={"files": files})})
    lines = [suggest_config([folder], known)]
    for rule in rules:
        bare = ("as_of", "ignore")
        pairs = (
            f"{key} = {value if key in bare else json.dumps(value, ensure_ascii=False)}"
            for key, value in rule.items()
        )
        lines += ["[[ingest.files]]", *pairs, ""]
    with replacing(target) as temporary:
        temporary.write_text("\n".join(lines), encoding="utf-8")


def ledger_folder(sources: Sequence[Path]) -> Path | None:
    """The ledger folder among the sources, None where these are exports."""
    from stockturn import store

    return next((path for path in sources if store.is_ledger(path)), None)
