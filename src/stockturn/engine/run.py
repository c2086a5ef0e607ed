"""One run of the engine over a ledger: what several figures need is computed once, when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import date
from functools import cached_property

import polars as pl

from stockturn.config import Settings
from stockturn.config.settings import PeriodSettings, Scope
from stockturn.engine.age_rollups import AGE_DIMENSIONS, Snapshot, ageing_by, ageing_movement
from stockturn.engine.ageing import aged
from stockturn.engine.alerts import alert_frames, standing
from stockturn.engine.batches import by_shelf_life, dated_batches, known_batches
from stockturn.engine.classify import abc, abc_notes
from stockturn.engine.compare import bridge, compared, ranking, trend, with_changes
from stockturn.engine.deadstock import columns as deadstock_columns
from stockturn.engine.deadstock import deadstock
from stockturn.engine.demand import Demand, daily_rate
from stockturn.engine.entries import Entries, entries, latest_date, names_any
from stockturn.engine.expiry import expiring
from stockturn.engine.footing import footing
from stockturn.engine.forecasting import Forecasts, forecasts
from stockturn.engine.layers import layers
from stockturn.engine.periods import ONE_DAY, add_months, resolve_period
from stockturn.engine.reorder_frames import COLUMNS as REORDER
from stockturn.engine.reorder_notes import reorder_notes
from stockturn.engine.reordering import reorder_inputs
from stockturn.engine.replenish import ReorderInputs, ReorderResult, replenish, scorecard
from stockturn.engine.stockouts import counts, lost_days, phantom_stock, with_accuracy, with_lost_sales
from stockturn.engine.targets import targets_in_force
from stockturn.engine.turnover import turnover
from stockturn.engine.valued import ValuedDays, closing, negatives, valued_days
from stockturn.errors import UsageError
from stockturn.model import Analysis, Ledger, Note, Period, Supply

_PLANNED = tuple({field.name for field in fields(ReorderResult)} & {field.name for field in fields(Supply)})
"""Frames of the replenishment that the report shows."""

PEOPLE = ("owner", "buyer", "seller", "team")
"""Who answers for an item."""

GRAINS = ("bin", "batch")
"""Dimensions finer than a cell: figures by them need balances of their own."""

Compared = tuple[pl.DataFrame, pl.DataFrame | None, pl.DataFrame | None]


class Run:
    """The ledger within the scope of the settings, valued; and every figure made from it.

    ``progress`` is told what is being worked on. Raises InputError where nothing is dated, UsageError where the
    period lies outside the data.
    """

    def __init__(
        self, ledger: Ledger, settings: Settings, progress: Callable[[str], None] | None = None
    ) -> None:
        self.ledger, self.settings = ledger, settings
        self._say = progress or (lambda stage: None)
        self.entries: Entries = entries(ledger, settings)
        self.period: Period = resolve_period(settings.period, self.entries.as_of, self.entries.first_day)
        self._forecasts: dict[tuple[str, ...], Forecasts] = {}

    @cached_property
    def valued(self) -> ValuedDays:
        """Balances and flows with their values."""
        self._say("valued")
        return valued_days(self.entries, self.settings)

    @cached_property
    def classes(self) -> pl.DataFrame:
        """Classes of goods over the period, and over the one before for ``previous_abc``."""
        self._say("classes")
        before = compared(self.valued, self.entries, self.settings, ("sku", "warehouse"), self.period)
        now, earlier = (_measures(frame) for frame in before[:2])
        assert now is not None
        return abc(self.entries, now, self.settings, self.period, earlier).collect()

    def abc(self) -> pl.DataFrame:
        """One row per sku, the most valuable first."""
        return self.classes

    def abc_notes(self) -> tuple[Note, ...]:
        """The conventions the classes were made by."""
        return abc_notes(self.classes, self.settings, self.entries.as_of)

    def compared(self, by: Sequence[str], terms: bool = False) -> Compared:
        """Turnover of the period with changes, lost sales and counts; of the period before, and of the same one a
        year ago (or None). ``terms`` keeps the columns that only the metrics need."""
        valued = self._valued_by(by)
        classes = self.classes if {"abc", "xyz"} & set(by) else None
        now, before, year_ago = compared(valued, self.entries, self.settings, by, self.period, classes, terms)
        lost = self._lost if valued is self.valued else self._lost_days(valued)
        now = with_lost_sales(now, lost, valued, self.entries, by, classes)
        counted = counts(valued, self.entries, self.period)
        tolerance = self.settings.turnover.count_tolerance
        now = with_accuracy(now, counted, valued, self.entries, tolerance, by, classes)
        return with_changes(now, before, year_ago, by), before, year_ago

    @cached_property
    def _lost(self) -> pl.DataFrame | None:
        return self._lost_days(self.valued)

    def _lost_days(self, valued: ValuedDays) -> pl.DataFrame | None:
        return lost_days(valued, self.entries, self.settings, self.period)

    def _valued_by(self, by: Sequence[str]) -> ValuedDays:
        """The valued ledger, split into bins or batches where they are asked for and something names them."""
        grain = [name for name in GRAINS if name in by and names_any(self.entries, name)]
        return valued_days(self.entries, self.settings, grain) if grain else self.valued

    def turnover(self, by: Sequence[str], period: Period) -> pl.DataFrame:
        """Turnover of any scopes over any period."""
        return turnover(self.valued, self.entries, self.settings, by, period)

    def trend(self, by: Sequence[str] = ()) -> pl.DataFrame:
        """Month by month and scope by scope, turnover of the 12 months ending there."""
        classes = self.classes if {"abc", "xyz"} & set(by) else None
        return trend(self._valued_by(by), self.entries, self.settings, by, classes=classes)

    def bridge(self, by: str = "category") -> pl.DataFrame:
        """Why the days of stock changed against the period before."""
        now, before, _ = self.compared((by,))
        return bridge(now, before, by)

    def ranking(self, by: Sequence[str]) -> pl.DataFrame:
        """For the monthly review (月度考核): the scopes by achievement of their target, best first."""
        return ranking(self.compared(by)[0], by, self.settings.turnover.capital_rate)

    def phantom_stock(self) -> pl.DataFrame:
        """Cells to count: the book says goods are there, and sales stopped improbably long ago."""
        return phantom_stock(self.valued, self.entries, self.settings)

    def deadstock(self) -> pl.DataFrame:
        """Age, status and value of what is on hand; the scope narrows the rows, not what is known about them."""
        return self.deadstock_terms.select(deadstock_columns(self.settings.deadstock))

    @cached_property
    def deadstock_terms(self) -> pl.DataFrame:
        """:meth:`deadstock` with what its figures are worked out from."""
        self._say("ageing")
        whole = self.whole
        stock = closing(whole.valued).lazy()
        ages = aged(whole.layers, whole.entries, stock, self.settings)
        plan = self.replenishment.reorder.lazy()
        return deadstock(
            self.ledger, whole.entries, stock, ages, self.settings, plan, whole.expiries, terms=True
        ).collect()

    def deadstock_notes(self) -> tuple[Note, ...]:
        """That nothing was ever asked for, where the ledger has no sales: status says then how long goods lie, no more."""
        demand = Demand.of(self.whole.entries, self.settings)
        sold = demand.days.select(pl.len()).collect().item() > 0
        return () if sold else (Note("no_sales", level="warning"),)

    def ages(self, by: Sequence[str] = ("category",)) -> dict[str, pl.DataFrame]:
        """Age of the stock by any dimensions, what became of each bucket since a month before, and batches to expire.

        Raises UsageError ``age_by_unknown`` for what stock cannot be aged by.
        """
        if unknown := [name for name in by if name not in AGE_DIMENSIONS]:
            raise UsageError("age_by_unknown", names=", ".join(unknown), known=", ".join(AGE_DIMENSIONS))
        whole, chosen = self.whole, self.settings.deadstock
        stock, items = closing(whole.valued).lazy(), whole.entries.items
        ages = aged(whole.layers, whole.entries, stock, self.settings)
        rates = daily_rate(whole.entries, self.settings)
        coming = expiring(whole.expiries, stock, rates, self.entries.as_of)
        frames = {
            "ageing": ageing_by(ages, self._within(stock), items, by, chosen),
            "expiring": self._within(coming),
        }
        before = add_months(self.entries.as_of + ONE_DAY, -1) - ONE_DAY
        if before >= whole.entries.first_day:
            then = self.settings.model_copy(update={"scope": Scope(), "period": PeriodSettings(as_of=before)})
            shots = [
                Snapshot(shot.as_of, self._within(shot.layers), self._within(shot.closing))
                for shot in (Run(self.ledger, then).snapshot(), whole.snapshot())
            ]
            frames["movement"] = ageing_movement(shots[0], shots[1], items, by, chosen)
        return {name: frame.collect() for name, frame in frames.items()}

    def _within(self, cells: pl.LazyFrame) -> pl.LazyFrame:
        """The cells of the scope, of those of the whole company."""
        scope = self.settings.scope
        if scope.warehouse:
            cells = cells.filter(pl.col("warehouse").is_in(scope.warehouse))
        return cells.join(self.scoped_skus().lazy(), on="sku", how="semi") if scope.narrow else cells

    def snapshot(self) -> Snapshot:
        """Layers and closing stock at as_of."""
        return Snapshot(self.entries.as_of, self.layers, closing(self.valued).lazy())

    @cached_property
    def layers(self) -> pl.LazyFrame:
        """What is left of each inflow, and of batches that say when they came in."""
        dated = dated_batches(self.ledger, self.entries, self.entries.as_of >= latest_date(self.ledger))
        stock = closing(self.valued).lazy()
        return layers(self.entries, stock, self.settings, dated, self.valued)

    @cached_property
    def expiries(self) -> pl.LazyFrame:
        """Batches with what is left of them and when they expire, told or by their shelf life."""
        known = known_batches(self.ledger, self.entries)
        kept = by_shelf_life(self.layers, known, self.entries)
        return pl.concat([known, kept], how="vertical_relaxed").collect().lazy()

    def forecasts(self, by: tuple[str, ...] = ("sku",)) -> Forecasts:
        """The forecast of every sku (or sku and warehouse) of the warehouses in the scope.

        Series share what past errors teach, so that all of them are forecast whatever skus are asked for.
        """
        if by not in self._forecasts:
            self._say("forecast")
            self._forecasts[by] = self._forecast(by)
        return self._forecasts[by]

    def _forecast(self, by: tuple[str, ...]) -> Forecasts:
        if not (self.settings.scope.sku or self.settings.scope.category):
            return forecasts(self.ledger, self.entries, self.valued, self.settings, by)
        scope = Scope(warehouse=self.settings.scope.warehouse)
        wide = Run(self.ledger, self.settings.model_copy(update={"scope": scope}))
        return forecasts(wide.ledger, wide.entries, wide.valued, self.settings, by)

    @cached_property
    def whole(self) -> Run:
        """The same run over the whole company: what one warehouse needs depends on the others."""
        if not self.settings.scope.narrow:
            return self
        return Run(self.ledger, self.settings.model_copy(update={"scope": Scope()}), self._say)

    @cached_property
    def supply(self) -> ReorderInputs:
        """What replenishment starts from, for the whole company."""
        whole = self.whole
        self._say("reorder")
        return reorder_inputs(whole.ledger, whole.entries, whole.valued, whole.classes, self.settings)

    @cached_property
    def names(self) -> pl.DataFrame:
        """sku and name of the items that have one, for screens: codes alone tell people little."""
        named = pl.col("name").is_not_null() & (pl.col("name") != pl.col("sku"))
        return self.entries.items.filter(named).select("sku", "name").collect()

    def scoped_skus(self) -> pl.DataFrame:
        """The skus that the scope of the settings names: one column, sku."""
        scope = self.settings.scope
        items = self.whole.entries.items.select("sku", "category")
        wanted = pl.lit(True)
        if scope.category:
            wanted &= pl.col("category").is_in(scope.category)
        if scope.sku:
            wanted &= pl.col("sku").is_in(scope.sku)
        return items.filter(wanted).select("sku").collect()

    @cached_property
    def _replenished(self) -> ReorderResult:
        return replenish(self.supply, self.settings)

    @cached_property
    def replenishment(self) -> ReorderResult:
        """What to buy, move, hurry, put off or cancel, for the whole company."""
        made = self._replenished
        return replace(made, reorder=made.reorder.select(REORDER))

    @property
    def reorder_terms(self) -> pl.DataFrame:
        """The main frame of the replenishment with what its figures are worked out from."""
        return self._replenished.reorder

    def reorder(self) -> ReorderResult:
        """What to buy, move, hurry, put off or cancel."""
        return self.replenishment

    def reorder_notes(self) -> tuple[Note, ...]:
        """What the plan rests on where an export is missing."""
        return reorder_notes(self.supply, self.replenishment.reorder, self.settings.reorder)

    def suppliers(self) -> pl.DataFrame:
        """How each supplier has done."""
        return scorecard(self.supply, self.settings)

    def notes(self) -> tuple[Note, ...]:
        """What has to be said about the run as a whole."""
        notes = []
        if self.period.clipped:
            notes.append(
                Note("period_clipped", {"start": self.period.start, "end": self.period.end}, "warning")
            )
        asked = self.settings.period.as_of
        if asked and asked > (latest := latest_date(self.ledger)):
            notes.append(Note("as_of_after_data", {"as_of": asked, "latest": latest}, "warning"))
        return tuple(notes)

    def footing(self) -> tuple[Note, ...]:
        """What the figures rest on, and which export would put them on firmer ground."""
        return footing(self.valued, self.entries)

    def outlook(self) -> Supply:
        """What will sell and what to do about it."""
        made, plan = self.forecasts(), self.reorder()
        return Supply(
            forecast=made.result.forecast,
            demand=made.demand,
            accuracy=made.result.accuracy,
            totals=made.result.totals,
            suppliers=self.suppliers(),
            notes=made.notes,
            **{name: getattr(plan, name) for name in _PLANNED},
        )

    def analysis(
        self,
        notes: tuple[Note, ...] = (),
        kept: tuple[date, pl.DataFrame] | None = None,
        suggestions: pl.DataFrame | None = None,
    ) -> Analysis:
        """Everything the report is made from.

        ``kept``: the day and the states of the last recorded run of ``alerts``, from which the life of each alert
        follows; ``suggestions``: what earlier runs suggested to buy.
        """
        total, before, year_ago = self.compared(())
        moved = self.bridge()
        open_alerts, resolved = standing(
            alert_frames(self, suggestions), self.settings, self.entries.as_of, kept
        )
        return Analysis(
            as_of=self.entries.as_of,
            period=self.period,
            total=total,
            previous=before,
            year_ago=year_ago,
            by={name: self.compared((name,))[0] for name in self.settings.report.by},
            trend=self.trend(),
            bridge=moved,
            abc=self.classes,
            deadstock=self.deadstock(),
            differences=self.valued.differences,
            negatives=negatives(self.valued),
            sheets=self.ledger.sheets,
            refused=self.ledger.refused,
            notes=(
                *notes,
                *self.notes(),
                *self.footing(),
                *(note for note in self.abc_notes() if note.level == "warning"),
            ),
            items=self.entries.items.select("sku", "name", "category", *PEOPLE).collect(),
            supply=self.outlook(),
            alerts=open_alerts,
            resolved=resolved,
            history=kept is not None,
            targets=targets_in_force(self.settings, self.entries),
        )


def _measures(frame: pl.DataFrame | None) -> pl.LazyFrame | None:
    """What goods can be ranked by, per cell."""
    if frame is None:
        return None
    return frame.lazy().select("sku", "warehouse", "cogs", "revenue", "gross_margin", units="sold_qty")
