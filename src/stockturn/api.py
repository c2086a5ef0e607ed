"""The verbs: what the command line and a notebook call. The place that collects and touches the edges.

Every verb has two forms: ``turnover(ledger, ...)`` gives its main table as a polars DataFrame, and
``turnover_result(ledger, ...)`` gives all its tables and the notes that belong to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import polars as pl

from stockturn.alerting import alerts_result as alerts_result
from stockturn.alerting import check_mail as check_mail
from stockturn.alerting import deliver as deliver
from stockturn.alerting import letters as letters
from stockturn.alerting import recorded
from stockturn.alerting import snooze as snooze
from stockturn.alerting import write_letters as write_letters
from stockturn.config import Settings
from stockturn.engine.compare import bridge_sentence, movers
from stockturn.engine.entries import latest_date
from stockturn.engine.reordering import orders_alone
from stockturn.engine.replay import replay as engine_replay
from stockturn.engine.replenish import scorecard
from stockturn.engine.run import Run
from stockturn.engine.turnover import split_by
from stockturn.engine.valued import negatives
from stockturn.errors import InputError
from stockturn.explaining import explained
from stockturn.model import Ledger, Note, Result
from stockturn.reading import Stage
from stockturn.reading import forget as forget
from stockturn.reading import ingest as ingest
from stockturn.reading import ingest_result as ingest_result
from stockturn.reading import inspect as inspect
from stockturn.reading import is_ledger as is_ledger
from stockturn.reading import keep as keep
from stockturn.reading import ledger_folder as ledger_folder
from stockturn.reading import listing as listing
from stockturn.reading import unread as unread
from stockturn.reading import write_config as write_config
from stockturn.reporting import analyse as analyse
from stockturn.reporting import analysis_result as analysis_result
from stockturn.reporting import build_report as build_report
from stockturn.reporting import read_carry as read_carry
from stockturn.reporting import report as report
from stockturn.reporting import write_report as write_report


def turnover_result(
    ledger: Ledger,
    by: Sequence[str] = (),
    settings: Settings | None = None,
    *,
    further: bool = False,
    on_screen: bool = False,
    largest_first: bool = False,
) -> Result:
    """Turnover with what it is compared with; ``largest_first`` puts scopes with most average stock first.

    ``further`` adds ``trend`` (rolling 12 months, month by month, of each scope), ``bridge`` (why days of stock moved
    against the period before, by the first dimension), ``ranking`` (scopes by achievement of their target, and what
    reaching it frees), ``differences`` (lists against the book), ``negatives`` and ``phantom_stock`` (cells to
    count). ``on_screen`` adds what only the terminal shows beside it.
    """
    run = Run(ledger, settings or Settings())
    by = tuple(dict.fromkeys(by))
    frame = run.compared(by)[0]
    scopes = split_by(by)[1]
    if largest_first and by and len(scopes) == len(by):
        frame = frame.sort("avg_inventory", *by, descending=[True, *(False for _ in by)], nulls_last=True)
    notes = (*run.notes(), *run.footing())
    tables = {"turnover": frame} | (_beside_turnover(run, scopes) if further else {})
    result = Result("turnover", tables, notes, run.period)
    return _with_screen(result, run, by) if on_screen else result


def _with_screen(result: Result, run: Run, by: Sequence[str]) -> Result:
    """What the terminal shows beside the figures: the year, the whole, and why days of stock moved."""
    scopes, frame = split_by(by)[1], result.frame
    first = scopes[0] if scopes else "category"
    parts = run.bridge(first)
    by_first = frame if by == (first,) else run.compared((first,))[0]
    screen = {"trend": run.trend(), "by": by_first, "names": run.names}
    screen["movers"] = movers(parts).join(by_first.select(first, "excess_capital"), on=first, how="left")
    if by:
        screen["total"] = run.compared(())[0]
    if scopes and len(scopes) == len(by) and frame.height <= run.settings.report.screen_rows:
        screen["trends"] = run.trend(scopes)
    sentence = bridge_sentence(parts) if first == "category" else None
    return replace(result, screen=screen, headline=sentence)


def _beside_turnover(run: Run, scopes: Sequence[str]) -> dict[str, pl.DataFrame]:
    return {
        "trend": run.trend(scopes),
        "bridge": run.bridge(scopes[0] if scopes else "category"),
        "ranking": run.ranking(scopes or ("category",)),
        "differences": run.valued.differences,
        "negatives": negatives(run.valued),
        "phantom_stock": run.phantom_stock(),
    }


def turnover(ledger: Ledger, by: Sequence[str] = (), settings: Settings | None = None) -> pl.DataFrame:
    """One row per group of ``by`` (one row in all without it), columns as in SPEC 14."""
    return turnover_result(ledger, by, settings).frame


def abc_result(ledger: Ledger, settings: Settings | None = None) -> Result:
    """Classes of goods and the conventions in force."""
    run = Run(ledger, settings or Settings())
    notes = run.notes() + run.abc_notes()
    return Result("abc", {"abc": run.abc()}, notes, run.period, {"names": run.names})


def abc(ledger: Ledger, settings: Settings | None = None) -> pl.DataFrame:
    """One row per sku, the most valuable first: ABC, XYZ, demand pattern, FSN."""
    return abc_result(ledger, settings).frame


def deadstock_result(
    ledger: Ledger, settings: Settings | None = None, *, ages: bool = False, by: Sequence[str] = ()
) -> Result:
    """What lies too long, per cell with something on hand.

    ``ages`` adds ``ageing`` (by category, or by what ``by`` names), ``movement`` (what became of each age bucket since a
    month before) and ``expiring`` (batches that will not sell in time); so does ``by``.
    """
    run = Run(ledger, settings or Settings())
    further = run.ages(tuple(by) or ("category",)) if ages or by else {}
    tables = {"deadstock": run.deadstock()} | further
    return Result("deadstock", tables, run.notes() + run.deadstock_notes(), run.period)


def deadstock(ledger: Ledger, settings: Settings | None = None) -> pl.DataFrame:
    """One row per cell with something on hand: the worst status first, and in it the most money."""
    return deadstock_result(ledger, settings).frame


def forecast_result(
    ledger: Ledger,
    settings: Settings | None = None,
    by: Sequence[str] = ("sku",),
    *,
    accuracy: bool = False,
    promotions: bool = False,
) -> Result:
    """The forecast; with what it rests on (``demand``), how wrong it was, and what promotions did, where asked for."""
    run = Run(ledger, settings or Settings())
    made = run.forecasts(tuple(by))
    tables = {"forecast": made.result.forecast}
    if accuracy:
        further = {
            "accuracy": made.result.accuracy,
            "totals": made.result.totals,
            "categories": made.categories,
        }
        tables |= further | {"demand": made.demand}
    if promotions:
        tables["promotions"] = made.promotions
    shown = {name: _within_scope(frame, run) for name, frame in tables.items()}
    screen = {"history": _within_scope(made.demand, run), "names": run.names}
    return Result("forecast", shown, made.notes, screen=screen)


def keep_forecast(
    ledger: Path | str, result: Result, settings: Settings, now: datetime | None = None
) -> None:
    """Keep a forecast in its ledger folder, to be held against what comes: one per as_of and bucket."""
    from stockturn.store import history

    made_on = settings.period.as_of or latest_date(ingest(ledger, settings=settings))
    keys = [name for name in ("sku", "warehouse") if name in result.frame.columns]
    ahead = pl.int_range(1, pl.len() + 1).over(keys)
    frame = result.frame.sort(*keys, "period").with_columns(made_on=pl.lit(made_on), horizon=ahead)
    with history.changing(Path(ledger), now or datetime.now(UTC)):
        name = f"{made_on}-{settings.forecast.bucket}-{'-'.join(keys)}"
        history.write(Path(ledger), "forecasts", name, frame)


def review_result(
    ledger: Path | str, settings: Settings | None = None, by: Sequence[str] = ("sku",)
) -> Result:
    """Forecasts kept in a ledger folder against what came since, by sku, category, owner, horizon (预测误差复盘)."""
    from stockturn.engine.forecast import review
    from stockturn.store import history

    chosen, folder = settings or Settings(), Path(ledger)
    end = f"-{chosen.forecast.bucket}-{'-'.join(by)}"
    frames = [
        history.read(folder, "forecasts", name)
        for name in history.names(folder, "forecasts")
        if name.endswith(end)
    ]
    kept = [frame for frame in frames if frame is not None]
    if not kept:
        raise InputError("review_nothing_kept", folder=folder)
    run = Run(ingest(folder, settings=chosen), chosen)
    actual = run.forecasts(tuple(by)).demand
    about = run.entries.items.select("sku", "category", "owner").collect()
    past = pl.concat(kept, how="diagonal").filter(pl.col("made_on") < run.entries.as_of)
    views = {
        "sku": tuple(by),
        "category": ("category",),
        "owner": ("owner",),
        "horizon": ("horizon",),
        "made_on": ("made_on",),
    }
    tables = {f"by_{name}": review(past, actual, columns, about) for name, columns in views.items()}
    return Result("review", {"review": tables.pop("by_sku"), **tables})


def forecast(ledger: Ledger, settings: Settings | None = None, by: Sequence[str] = ("sku",)) -> pl.DataFrame:
    """Mean and quantiles per sku (or sku and warehouse) and bucket to come."""
    return forecast_result(ledger, settings, by).frame


def reorder_result(ledger: Ledger, settings: Settings | None = None) -> Result:
    """What to do for every cell, and the transfers, order changes, plan, orders and cash that follow from it."""
    run = Run(ledger, settings or Settings())
    made = run.reorder()
    names = [field.name for field in fields(made)]
    tables = {name: _within_scope(getattr(made, name), run) for name in names}
    notes = (*run.notes(), *run.reorder_notes())
    return Result("reorder", tables, notes, screen={"names": run.names})


def reorder(ledger: Ledger, settings: Settings | None = None) -> pl.DataFrame:
    """One row per sku and warehouse, action ``none`` included, each with its reason."""
    return reorder_result(ledger, settings).frame


def _within_scope(frame: pl.DataFrame, run: Run) -> pl.DataFrame:
    """Rows of the warehouses, categories and skus asked for; frames without them are given whole."""
    scope = run.settings.scope
    if scope.warehouse and "warehouse" in frame.columns:
        frame = frame.filter(pl.col("warehouse").is_in(scope.warehouse))
    if (scope.sku or scope.category) and "sku" in frame.columns:
        frame = frame.join(run.scoped_skus(), on="sku", how="semi", maintain_order="left")
    return frame


def keep_suggestions(
    folder: Path, reorder: pl.DataFrame, ledger: Ledger, settings: Settings, now: datetime | None = None
) -> tuple[Note, ...]:
    """Keep in a ledger folder what a run suggests to buy, so that what is bought can be held against it later.

    Only of the whole company. A folder that cannot be written to is told in a note: the run itself is none the worse.
    """
    from stockturn.store import history, suggestions

    if settings.scope.narrow:
        return ()
    made_on = settings.period.as_of or latest_date(ledger)
    try:
        with history.changing(folder, now or datetime.now(UTC), settings.alerts.lock_seconds):
            suggestions.write(folder, made_on, reorder, settings.alerts.keep_runs)
    except InputError as error:
        return (Note("suggestions_not_kept", {"folder": folder, "detail": error}, "warning"),)
    return ()


def write_supplier_sheets(result: Result, folder: Path | str, settings: Settings | None = None) -> list[Path]:
    """One workbook per supplier from a result of reorder: purchase requests and vendor-managed goods."""
    from stockturn.output.supplier_files import write_supplier_files

    return write_supplier_files(
        result.tables["requests"], result.tables["vmi"], Path(folder), settings or Settings()
    )


def suppliers_result(ledger: Ledger, settings: Settings | None = None) -> Result:
    """How each supplier has done: lead time and its spread, punctuality, prices, what lateness costs."""
    settings = settings or Settings()
    if (alone := orders_alone(ledger, settings)) is not None:
        return Result(
            "suppliers", {"suppliers": scorecard(alone, settings)}, (Note("orders_alone", level="warning"),)
        )
    run = Run(ledger, settings)
    return Result("suppliers", {"suppliers": run.suppliers()}, run.notes())


def suppliers(ledger: Ledger, settings: Settings | None = None) -> pl.DataFrame:
    """One row per supplier."""
    return suppliers_result(ledger, settings).frame


def replay_result(ledger: Ledger, settings: Settings | None = None, progress: Stage | None = None) -> Result:
    """The past once more with the suggestions: policies side by side, the curve, orders, transfers, months and cells.

    ``progress`` is told the day of each review.
    """
    made = engine_replay(ledger, settings or Settings(), progress)
    names = ("replay", "curve", "orders", "transfers", "by_month", "cells")
    tables = {name: getattr(made, name) for name in names}
    return Result("replay", tables, made.notes, made.period, headline=made.headline)


def replay(ledger: Ledger, settings: Settings | None = None) -> pl.DataFrame:
    """One row per policy: what was done (``actual``), what the suggestions would have made of it, and what-ifs."""
    return replay_result(ledger, settings).frame


def alerts(
    ledger: Ledger,
    settings: Settings | None = None,
    folder: Path | str | None = None,
    now: datetime | None = None,
) -> pl.DataFrame:
    """One row per alert; with a ledger ``folder`` their life is kept there, without one all of them are new."""
    kept = Path(folder) if folder is not None else None
    return alerts_result(ledger, settings or Settings(), folder=kept, now=now or datetime.now(UTC)).frame


def explain_result(
    ledger: Ledger,
    sku: str | Sequence[str] = (),
    settings: Settings | None = None,
    *,
    areas: Sequence[str] = (),
    folder: Path | str | None = None,
    full: bool = False,
    progress: Stage | None = None,
) -> Result:
    """Every figure on one or several skus, each with its formula filled in, and the ledger rows behind it.

    ``sku`` may stand in the scope of the settings instead; the scope's warehouses narrow the result, whose figures are
    those of the whole company. ``areas`` keeps some (engine.explain.AREAS). With a ledger ``folder`` alerts have the life
    that was recorded there. Tables: ``explain``, ``rows``, ``points`` (the balances averaged), ``layers`` (of age),
    ``plan``, ``transfers``, ``order_changes``. ``full`` is about the terminal alone: every warehouse's own figures too.
    Raises InputError for a sku that nothing names.
    """
    chosen = settings or Settings()
    skus = tuple(dict.fromkeys([sku] if isinstance(sku, str) else sku)) or chosen.scope.sku
    kept = partial(recorded, Path(folder)) if folder else None
    return explained(ledger, skus, chosen, tuple(areas), kept, progress, full=full)


def explain(
    ledger: Ledger, sku: str | Sequence[str] = (), settings: Settings | None = None, areas: Sequence[str] = ()
) -> pl.DataFrame:
    """One row per figure: sku, warehouse, area, figure, label, period, value, value_text, unit, formula, filled_in,
    reason (why it is empty), rows (how many ledger rows are behind it)."""
    return explain_result(ledger, sku, settings, areas=areas).frame
