"""The verbs: what the command line and a notebook call. The place that collects and touches the edges.

Every verb has two forms: ``turnover(ledger, ...)`` gives its main table as a polars DataFrame, and
``turnover_result(ledger, ...)`` gives all its tables and the notes that belong to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from stockturn.config import Settings, find_config, load_settings
from stockturn.config.settings import Scope
from stockturn.engine.ageing import ageing
from stockturn.engine.classify import abc as abc_frame
from stockturn.engine.classify import abc_notes
from stockturn.engine.deadstock import deadstock as deadstock_frame
from stockturn.engine.entries import Entries, entries
from stockturn.engine.periods import previous, resolve_period
from stockturn.engine.reconcile import positions
from stockturn.engine.turnover import turnover as turnover_frame
from stockturn.engine.valued import ValuedDays, closing, valued_days
from stockturn.errors import InputError, UsageError
from stockturn.model import Ledger, Note, Period, Result

Stage = Callable[[str], None]


def ingest(*sources: Path | str, settings: Settings | None = None, progress: Stage | None = None) -> Ledger:
    """Read exports, or a ledger folder, into a Ledger: nothing lost, nothing twice.

    ``settings`` default to the stockturn.toml beside the sources. Raises InputError where a source does not exist.
    """
    from stockturn import store
    from stockturn.sources import dedupe, read

    paths = [Path(source) for source in sources]
    chosen = settings if settings is not None else load_settings(find_config(paths))
    kept = [path for path in paths if store.is_ledger(path)]
    if kept and len(paths) > 1:
        raise UsageError("ledger_and_more", folder=kept[0])
    if kept:
        return store.load(kept[0])
    return dedupe(read(paths, chosen, progress), chosen)


class Run:
    """One run of the engine over a ledger: what several verbs need is computed once, when first asked for."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self.ledger, self.settings = ledger, settings
        self.entries: Entries = entries(ledger, settings)
        self.valued: ValuedDays = valued_days(self.entries, settings)
        self.period: Period = resolve_period(settings.period, self.entries.as_of, self.entries.first_day)

    def turnover(
        self, by: Sequence[str], period: Period, classes: pl.DataFrame | None = None
    ) -> pl.DataFrame:
        """The turnover frame of any scopes and period."""
        return turnover_frame(self.valued, self.entries, self.settings, by, period, classes)

    def earlier(self) -> Period | None:
        """The period before, where the ledger covers all of it."""
        before = previous(self.period)
        return before if before.start >= self.entries.first_day else None

    def abc(self) -> pl.DataFrame:
        """The classes of goods over the period."""
        before = self.earlier()
        return abc_frame(
            self.entries,
            self._measures(self.period),
            self.settings,
            self.period,
            self._measures(before) if before else None,
        ).collect()

    def _measures(self, period: Period) -> pl.LazyFrame:
        """What goods can be ranked by: cogs, revenue, gross_margin, units of each cell."""
        frame = self.turnover(("sku", "warehouse"), period).lazy()
        return frame.select("sku", "warehouse", "cogs", "revenue", "gross_margin", units="sold_qty")

    def deadstock(self) -> pl.DataFrame:
        """Age, status and value of what is on hand; the scope narrows the rows, not what is known about them."""
        whole = self
        if self.settings.scope != Scope():
            whole = Run(self.ledger, self.settings.model_copy(update={"scope": Scope()}))
        stock = closing(whole.valued).lazy()
        aged = ageing(whole.entries, stock, self.settings, self.ledger.table("batches"))
        return deadstock_frame(self.ledger, whole.entries, stock, aged, self.settings).collect()

    def notes(self) -> tuple[Note, ...]:
        """What has to be said about the run as a whole."""
        said = []
        if self.period.clipped:
            said.append(Note("period_clipped", {"start": self.period.start, "end": self.period.end}))
        return tuple(said)


def turnover_result(ledger: Ledger, by: Sequence[str] = (), settings: Settings | None = None) -> Result:
    """Turnover with what it is compared with."""
    run = Run(ledger, settings or Settings())
    classes = run.abc() if {"abc", "xyz"} & set(by) else None
    return Result("turnover", {"turnover": run.turnover(by, run.period, classes)}, run.notes(), run.period)


def turnover(ledger: Ledger, by: Sequence[str] = (), settings: Settings | None = None) -> pl.DataFrame:
    """One row per group of ``by`` (one row in all without it), columns as in SPEC 14."""
    return turnover_result(ledger, by, settings).frame


def abc_result(ledger: Ledger, settings: Settings | None = None) -> Result:
    """Classes of goods and the conventions in force."""
    run = Run(ledger, settings or Settings())
    frame = run.abc()
    notes = run.notes() + abc_notes(frame, run.settings, run.entries.as_of)
    return Result("abc", {"abc": frame}, notes, run.period)


def abc(ledger: Ledger, settings: Settings | None = None) -> pl.DataFrame:
    """One row per sku, the most valuable first: ABC, XYZ, demand pattern, FSN."""
    return abc_result(ledger, settings).frame


def deadstock_result(ledger: Ledger, settings: Settings | None = None) -> Result:
    """What lies too long, per cell with something on hand."""
    run = Run(ledger, settings or Settings())
    return Result("deadstock", {"deadstock": run.deadstock()}, run.notes(), run.period)


def deadstock(ledger: Ledger, settings: Settings | None = None) -> pl.DataFrame:
    """One row per cell with something on hand, the most money first."""
    return deadstock_result(ledger, settings).frame


def ingest_result(ledger: Ledger, settings: Settings | None = None) -> Result:
    """What was read, what was refused, and where counts and movements disagree."""
    chosen = settings or Settings()
    differences, notes = _reconciled(ledger, chosen)
    tables = {"sheets": ledger.sheets, "refused": ledger.refused, "differences": differences}
    return Result("sheets", tables, (*ledger.notes, *notes))


def _reconciled(ledger: Ledger, settings: Settings) -> tuple[pl.DataFrame, tuple[Note, ...]]:
    """Differences by cell, and how many stock positions agree; nothing where the ledger has nothing dated."""
    try:
        run = Run(ledger, settings)
    except InputError:
        return pl.DataFrame(), ()
    found = positions(ledger, run.entries.as_of, settings.ingest.reconcile_tolerance)
    if found.is_empty():
        return run.valued.differences, ()
    counts = dict(found.group_by("agreement").len().iter_rows())
    params = {name: counts.get(name, 0) for name in ("exact", "opening", "differs")}
    level = "warning" if params["differs"] else "info"
    return run.valued.differences, (Note("positions", {"checked": found.height, **params}, level),)


def unread(ledger: Ledger) -> list[tuple[str, str | None, str]]:
    """Files and sheets that no table fits or that could not be read: file, sheet, reason."""
    if ledger.sheets.is_empty():
        return []
    left = ledger.sheets.filter(pl.col("table").is_null()).select("file", "sheet", "reason")
    return [(str(file), sheet, str(reason)) for file, sheet, reason in left.iter_rows()]
