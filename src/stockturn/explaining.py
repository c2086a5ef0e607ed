"""The verb ``explain``: which sku is meant, the run over the whole company, and what of it is shown."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import date

import polars as pl

from stockturn.config import Settings
from stockturn.config.settings import Scope
from stockturn.engine.explain import AREAS, Explained, brief, explain, overview
from stockturn.engine.run import Run
from stockturn.errors import InputError, UsageError
from stockturn.model import Ledger, Note, Result
from stockturn.schema import Unit

NEAR = 5
"""So many skus are named where none is the one asked for."""

_NAMING = ("movements", "stock", "items", "orders")
Recorded = Callable[[date], tuple[date, pl.DataFrame] | None]


def explained(
    ledger: Ledger,
    skus: tuple[str, ...],
    settings: Settings,
    areas: Sequence[str] = (),
    recorded: Recorded | None = None,
    progress: Callable[[str], None] | None = None,
    *,
    full: bool = False,
) -> Result:
    """All tables of ``explain``; ``recorded`` gives the alerts recorded last before a day. Where nothing narrows the question
    and ``full`` does not ask for everything, the screen shows the brief figures."""
    if not skus:
        raise UsageError("sku_needed")
    if unknown := [name for name in areas if name not in AREAS]:
        raise UsageError("area_unknown", names=", ".join(unknown), known=", ".join(AREAS))
    _check_known(ledger, skus)
    whole = settings.model_copy(update={"scope": Scope()})
    run = Run(ledger, whole, progress)
    kept = recorded(run.entries.as_of) if recorded else None
    made = explain(run, skus, _about_as_of(run, ledger, whole, progress), kept)
    scope = settings.scope
    shown = made.within(scope)
    _check_warehouses(made, scope, skus)
    tables = {field.name: getattr(shown, field.name) for field in fields(Explained)}
    tables = {"explain": tables.pop("figures"), **tables}
    tables = _of_areas(tables, areas) if areas else tables
    notes = (*run.notes(), *run.footing())
    as_of = Note("explain.head_run", _dates(run))
    about = _about(run, skus).with_columns(alerts_asked=pl.lit(not areas or "alerts" in areas))
    screen = {"about": about}
    if not (full or areas or scope.warehouse):
        screen |= {"brief": brief(made.figures), "overview": overview(made.figures)}
    units = {"value": Unit.UNIT_MONEY}  # up to four decimals: shares and amounts stand in one column
    return Result("explain", tables, notes, run.period, screen, as_of, units)


def _about(run: Run, skus: Sequence[str]) -> pl.DataFrame:
    """Name and unit of measure of the skus, for the head of a screen."""
    items = run.entries.items.select("sku", "name", "unit").collect()
    return pl.DataFrame({"sku": list(skus)}).join(items, on="sku", how="left", maintain_order="left")


def _dates(run: Run) -> dict[str, object]:
    """What the head of the screen says of the run."""
    period = run.period
    return {"as_of": run.entries.as_of, "start": period.start, "end": period.end, "days": period.days}


def _about_as_of(run: Run, ledger: Ledger, settings: Settings, progress: Callable[[str], None] | None) -> Run:
    """The run that alerts are about: theirs is as_of, whatever period is looked at."""
    if settings.period.period is None:
        return run
    period = settings.period.model_copy(update={"period": None})
    return Run(ledger, settings.model_copy(update={"period": period}), progress)


_BELONG = {"turnover": ("points",), "ageing": ("layers",), "reorder": ("plan", "transfers", "order_changes")}
"""Tables that belong to an area."""


def _of_areas(tables: dict[str, pl.DataFrame], areas: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Figures of some areas, the rows behind them and the tables that belong to them."""
    behind = pl.col("areas").str.split(" ").list.eval(pl.element().is_in(list(areas))).list.any()
    own = [name for area in areas for name in _BELONG.get(area, ())]
    return {
        "explain": tables["explain"].filter(pl.col("area").is_in(list(areas))),
        "rows": tables["rows"].filter(behind),
        **{name: tables[name] for name in own},
    }


def _check_known(ledger: Ledger, skus: Sequence[str]) -> None:
    """Raises InputError for a sku that nothing names, with those that are written nearly like it: none is guessed."""
    named = (
        pl.concat([ledger.table(name).select("sku") for name in _NAMING])
        .unique()
        .collect()["sku"]
        .drop_nulls()
    )
    if named.is_empty():
        raise InputError("nothing_dated")
    for sku in skus:
        if not named.is_in([sku]).any():
            near = near_skus(sku, named.sort().to_list())
            if near:
                raise InputError("sku_unknown_near", sku=sku, near=", ".join(near))
            raise InputError("sku_unknown", sku=sku)


def near_skus(sku: str, known: Sequence[str]) -> list[str]:
    """The skus written most like one that is not there: other case, lost zeros or spaces first.

    >>> near_skus("ab-1", ["AB-1", "ab-10", "00ab-1", "zz"])
    ['AB-1', '00ab-1', 'ab-10']
    """
    bare = _bare(sku)
    same = [one for one in known if _bare(one) == bare]
    folded = {one.casefold(): one for one in reversed(known)}
    alike = difflib.get_close_matches(sku.casefold(), list(folded), n=NEAR)
    begins = [one for one in known if bare and _bare(one).startswith(bare)]
    return list(dict.fromkeys([*same, *(folded[one] for one in alike), *begins]))[:NEAR]


def _bare(sku: str) -> str:
    """A sku without what gets lost on the way: case, spaces, leading zeros."""
    return sku.casefold().replace(" ", "").lstrip("0")


def _check_warehouses(made: Explained, scope: Scope, skus: Sequence[str]) -> None:
    """Raises InputError where the skus have nothing in the warehouses asked for."""
    if not scope.warehouse:
        return
    there = made.figures["warehouse"].drop_nulls().unique().sort().to_list()
    if not set(scope.warehouse) & set(there):
        raise InputError(
            "sku_not_there",
            sku=", ".join(skus),
            warehouse=", ".join(scope.warehouse),
            known=", ".join(there) or "–",
        )
