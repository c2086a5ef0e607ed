"""The values that cross floors: the ledger on the way in, the report on the way out. All immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import polars as pl

from stockturn.schema import TABLES, Unit, conform, empty


@dataclass(frozen=True)
class Ledger:
    """Canonical frames and where they came from.

    ``tables`` maps a canonical table name to its frame; an absent table is an empty frame with the right
    schema, so no reader asks twice. ``sheets`` has one row per sheet read (SPEC 14, ingest), ``refused`` one
    row per refused source row with file, sheet, row, column, found, reason_code and message parameters.
    ``replaced`` has one row per line of which a newer export says something else: table, file, sheet, row, sku,
    doc_no, line_no, qty, by_file, by_sheet, by_row, changed.
    ``notes`` are things said about the reading (key, parameters), shown by every command on stderr.
    """

    tables: Mapping[str, pl.LazyFrame]
    sheets: pl.DataFrame = field(default_factory=pl.DataFrame)
    refused: pl.DataFrame = field(default_factory=pl.DataFrame)
    notes: tuple[Note, ...] = ()
    replaced: pl.DataFrame = field(default_factory=pl.DataFrame)

    def table(self, name: str) -> pl.LazyFrame:
        """The canonical frame of that name, empty where nothing was read."""
        return self.tables[name] if name in self.tables else empty(name)

    def has(self, name: str) -> bool:
        """Whether anything was read for that table."""
        return name in self.tables

    def with_tables(self, **tables: pl.LazyFrame) -> Ledger:
        """The same ledger with some tables replaced."""
        return replace(self, tables={**self.tables, **tables})

    @classmethod
    def of(cls, **tables: pl.DataFrame | pl.LazyFrame) -> Ledger:
        """A ledger from frames in memory: the door for the Python API and for tests.

        Absent optional columns are filled with nulls.
        """
        unknown = [name for name in tables if name not in TABLES]
        if unknown:
            raise KeyError(f"no such table: {', '.join(unknown)}; known: {', '.join(TABLES)}")
        return cls({name: conform(frame.lazy(), name) for name, frame in tables.items()})


@dataclass(frozen=True)
class Note:
    """One thing that was noticed: a catalogue key and its parameters, ``level`` info or warning."""

    key: str
    params: Mapping[str, object] = field(default_factory=dict)
    level: str = "info"


@dataclass(frozen=True)
class Period:
    """Days ``start`` to ``end``, both inclusive; ``year_days`` = days of the 12 months that end with it."""

    start: date
    end: date
    year_days: int
    clipped: bool = False

    @property
    def days(self) -> int:
        """D of the contract.

        >>> Period(date(2024, 1, 1), date(2024, 12, 31), 366).days
        366
        """
        return (self.end - self.start).days + 1


@dataclass(frozen=True)
class Result:
    """What a verb gives: its main table first, further tables by name, and what has to be said about them.

    ``screen`` holds frames that only the terminal shows, ``headline`` the sentence that a person would say; they are
    no part of the data. ``units`` are those of columns that mean something else here than in the vocabulary.
    """

    name: str
    tables: Mapping[str, pl.DataFrame]
    notes: tuple[Note, ...] = ()
    period: Period | None = None
    screen: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    headline: Note | None = None
    units: Mapping[str, Unit] = field(default_factory=dict)

    @property
    def frame(self) -> pl.DataFrame:
        """The main table."""
        return self.tables[self.name]


@dataclass(frozen=True)
class Chart:
    """A chart over columns of its block's frame, before any format.

    ``kind``: ``trend`` (columns, and lines on an axis of their own), ``waterfall`` (series: base, up, down,
    level), ``pareto`` (columns and a cumulative share), ``stacked`` (bars made of parts), ``bars`` (bars side by
    side), ``columns`` (columns made of parts, over time), ``lines`` (over time: what was, what is expected, and
    limits above it). ``line_series`` go on the second axis; ``rows`` keeps so many rows, from row ``first`` on.
    """

    kind: str
    title: str
    category: str
    series: tuple[str, ...]
    line_series: tuple[str, ...] = ()
    rows: int | None = None
    first: int = 0


PAGE_ROWS = 36
"""Rows of a table that a page in landscape holds."""


@dataclass(frozen=True)
class Block:
    """One table on a sheet: a title, a frame, and how it is marked. Texts here are already translated;
    column labels come from the catalogue unless ``labels`` says otherwise, units from the vocabulary unless
    ``units`` does (columns that exist only on a sheet).

    ``key`` is unique in a report: links and charts find the block by it. ``detail`` marks a long list (a tab of its
    own in a workbook), ``heat`` a small matrix coloured by value. ``omitted`` rows were left out by the cap;
    ``helpers`` are columns that only a chart needs, an ``aside`` is a table that only charts need: it stands last on its
    sheet, and paper leaves it out.
    ``lights`` maps a column to (amber from, green from); where the first is larger, less is better. ``marks`` maps
    a column to {text: level} with level good, info, warning or critical. ``sparks`` maps an empty column to the
    columns, side by side, that a small line in its cells shows.
    """

    title: str
    frame: pl.DataFrame
    key: str = ""
    notes: tuple[str, ...] = ()
    total: Mapping[str, object] | None = None
    charts: tuple[Chart, ...] = ()
    bars: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    lights: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    marks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    detail: bool = False
    heat: bool = False
    omitted: int = 0
    helpers: tuple[str, ...] = ()
    aside: bool = False
    sparks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def long(self) -> bool:
        """Whether it needs a tab of its own, where its header stays in sight and is printed on every page: a list,
        or a table longer than a page."""
        return self.detail or (self.frame.height > PAGE_ROWS and not self.aside)


@dataclass(frozen=True)
class Tile:
    """One headline figure: label, value with its column's unit, target, comparison and light.

    ``light`` is good, warning or critical; ``better`` is 1 where more is better, -1 where less is, 0 where neither.
    ``spark`` names the column of the block ``trend`` that shows the year behind the figure.
    """

    label: str
    column: str
    value: float | None
    target: float | None = None
    previous: float | None = None
    year_ago: float | None = None
    light: str | None = None
    better: int = 0
    note: str | None = None
    spark: str | None = None
    link: str | None = None


@dataclass(frozen=True)
class Finding:
    """A sentence made from figures, the money it is about, and the sheet or block where the detail stands.

    ``todo`` is what to do about it this week; ``subject`` is what kind of thing it is about (dead, excess, supply ...).
    """

    sentence: str
    money: float | None = None
    link: str | None = None
    level: str = "info"
    todo: str | None = None
    subject: str = ""


@dataclass(frozen=True)
class Sheet:
    """One sheet or section of a report; ``todos`` is what to do this week, the most money first."""

    key: str
    title: str
    blocks: tuple[Block, ...] = ()
    tiles: tuple[Tile, ...] = ()
    findings: tuple[Finding, ...] = ()
    todos: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """Everything a reader will see, in order, in one language; ``as_of`` also dates the document."""

    title: str
    subtitle: str
    lang: str
    currency: str
    as_of: date
    sheets: tuple[Sheet, ...]
    properties: Mapping[str, str] = field(default_factory=dict)

    def block(self, key: str) -> Block | None:
        """The block of that key on any sheet."""
        return next((block for sheet in self.sheets for block in sheet.blocks if block.key == key), None)


@dataclass(frozen=True)
class Analysis:
    """One run of the engine, as the report needs it: every sheet is made from these frames and from nothing else.

    ``total``, ``previous`` and ``year_ago`` are one-row turnover frames (SPEC 14); ``by`` maps a dimension to its
    turnover frame (``sku`` becomes a list of its own); ``trend`` has one row per month (month, cogs, avg_inventory, turnover over the 12 months ending
    there, target); ``bridge`` one row per category (category, mix, rate, idle, change: days of DIO against the
    previous period); ``abc`` and ``deadstock`` are the frames of those commands; ``differences`` and ``negatives``
    the reconciliation; ``items`` gives each sku its name, category, owner, buyer, seller and team, where they are
    known. ``alerts`` are those that hold, ``resolved`` those that the recorded run before found and this one does not;
    without a recorded run (``history``) all of them are new. ``targets`` are those in force, by scope.
    """

    as_of: date
    period: Period
    total: pl.DataFrame
    previous: pl.DataFrame | None
    year_ago: pl.DataFrame | None
    by: Mapping[str, pl.DataFrame]
    trend: pl.DataFrame
    bridge: pl.DataFrame
    abc: pl.DataFrame
    deadstock: pl.DataFrame
    differences: pl.DataFrame
    negatives: pl.DataFrame
    sheets: pl.DataFrame
    refused: pl.DataFrame
    notes: tuple[Note, ...] = ()
    items: pl.DataFrame = field(default_factory=pl.DataFrame)
    supply: Supply | None = None
    alerts: pl.DataFrame = field(default_factory=pl.DataFrame)
    resolved: pl.DataFrame = field(default_factory=pl.DataFrame)
    history: bool = False
    targets: pl.DataFrame = field(default_factory=pl.DataFrame)


@dataclass(frozen=True)
class Supply:
    """What will sell and what to do about it: the frames of forecast, reorder and suppliers, whole company.

    ``demand`` is the series behind the forecast; ``accuracy`` is by sku and ``totals`` by scope; the others are
    named as in the result of reorder.
    """

    forecast: pl.DataFrame
    demand: pl.DataFrame
    accuracy: pl.DataFrame
    totals: pl.DataFrame
    reorder: pl.DataFrame
    transfers: pl.DataFrame
    order_changes: pl.DataFrame
    plan: pl.DataFrame
    supplier_orders: pl.DataFrame
    cash: pl.DataFrame
    left_out: pl.DataFrame
    overstock: pl.DataFrame
    suppliers: pl.DataFrame
    notes: tuple[Note, ...] = ()
