"""Turnover against other times: the period before, a year ago, month after month, and why days of stock moved.

now, before, year_ago = compared(valued, entries, settings, by, period)
months = trend(valued, entries, settings)
parts = bridge(now, before, "category")
note = bridge_sentence(parts)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from stockturn.config import Settings
from stockturn.engine.entries import Entries
from stockturn.engine.expr import ratio
from stockturn.engine.periods import (
    ONE_DAY,
    add_months,
    month_ends,
    period_of,
    previous,
    stretches,
    year_before,
)
from stockturn.engine.turnover import split_by, turnover, turnovers
from stockturn.engine.valued import ValuedDays
from stockturn.model import Note, Period

_KEPT = ("turnover", "dio_days", "cogs", "avg_inventory", "revenue", "gross_margin", "gmroi", "stockout_rate")
"""Figures that are set beside those of another period."""


def compared(
    valued: ValuedDays,
    entries: Entries,
    settings: Settings,
    by: Sequence[str],
    period: Period,
    classes: pl.DataFrame | None = None,
    terms: bool = False,
) -> tuple[pl.DataFrame, pl.DataFrame | None, pl.DataFrame | None]:
    """Turnover frames of the period, of the one before (as many months) and of the same one a year ago; ``terms`` as
    in :func:`stockturn.engine.turnover.turnovers`.

    A period that the ledger does not cover from its first day is None: half a year against a whole one would
    compare nothing.
    """
    spans, _ = split_by(by)
    if spans:
        return _by_span(valued, entries, settings, by, period, classes)
    others = [previous(period), year_before(period)]
    known = [one for one in others if one.start >= entries.first_day]
    frames = turnovers(valued, entries, settings, by, [period, *known], classes, terms)
    found = dict(zip(((one.start, one.end) for one in known), frames[1:], strict=True))
    before, year_ago = (found.get((one.start, one.end)) for one in others)
    return frames[0], before, year_ago


def _by_span(
    valued: ValuedDays,
    entries: Entries,
    settings: Settings,
    by: Sequence[str],
    period: Period,
    classes: pl.DataFrame | None,
) -> tuple[pl.DataFrame, None, pl.DataFrame | None]:
    """Months (quarters, years) are held against the same ones a year ago (named as this year's), those that the
    ledger covers, not against those before."""
    now = turnover(valued, entries, settings, by, period, classes)
    spans, _ = split_by(by)
    known = [part for part in stretches(period, spans[0]) if year_before(part).start >= entries.first_day]
    if not known:
        return now, None, None
    past = year_before(period_of(known[0].start, period.end))
    ago = turnover(valued, entries, settings, by, past, classes)
    return now, None, ago.with_columns(_a_year_on(span) for span in spans)


def _a_year_on(span: str) -> pl.Expr:
    year = pl.col(span).str.head(4).cast(pl.Int64) + 1
    return pl.concat_str(year.cast(pl.String), pl.col(span).str.slice(4)).alias(span)


def with_changes(
    now: pl.DataFrame, before: pl.DataFrame | None, year_ago: pl.DataFrame | None, by: Sequence[str]
) -> pl.DataFrame:
    """The frame with ``<figure>_previous`` and ``<figure>_year_ago``, ``turnover_change`` (share of the figure
    before) and ``dio_change`` (days) against the period before; null where that is not known."""
    for frame, suffix in ((before, "previous"), (year_ago, "year_ago")):
        names = {name: f"{name}_{suffix}" for name in _KEPT}
        if frame is None:
            now = now.with_columns(pl.lit(None, pl.Float64).alias(name) for name in names.values())
        elif by:
            now = now.join(
                frame.select(*by, *_KEPT).rename(names), on=list(by), how="left", maintain_order="left"
            )
        else:
            now = pl.concat([now, frame.select(_KEPT).rename(names)], how="horizontal")
    return now.with_columns(
        turnover_change=ratio(pl.col("turnover") - pl.col("turnover_previous"), "turnover_previous"),
        dio_change=pl.col("dio_days") - pl.col("dio_days_previous"),
    )


def trend(
    valued: ValuedDays,
    entries: Entries,
    settings: Settings,
    by: Sequence[str] = (),
    months: int = 24,
    classes: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Month by month: the ``by`` columns, month, cogs and avg_inventory of the month, turnover of the 12 months
    ending there, target.

    The last month may be a part month (to as_of). Where the ledger does not yet cover 12 months the turnover is
    that since its start, at an annual rate, and marked ``estimated``.
    """
    start = max(entries.first_day, add_months(entries.as_of.replace(day=1), 1 - months))
    ends = month_ends(start, entries.as_of)
    single = [period_of(max(start, end.replace(day=1)), end) for end in ends]
    rolling = [_twelve_months(end, entries) for end in ends]
    frames = turnovers(valued, entries, settings, by, [*single, *rolling], classes)
    rows = []
    for month, year, span in zip(frames[: len(ends)], frames[len(ends) :], rolling, strict=True):
        short = span.days < span.year_days
        figures = year.select(*by, "turnover", "dio_days", "target", pl.col("estimated") | short)
        row = month.select(*by, "cogs", "avg_inventory", month=pl.lit(f"{span.end:%Y-%m}"))
        rows.append(
            row.join(figures, on=list(by), how="left", maintain_order="left")
            if by
            else pl.concat([row, figures], how="horizontal")
        )
    columns = [*by, "month", "cogs", "avg_inventory", "turnover", "dio_days", "target", "estimated"]
    return pl.concat(rows).select(columns).sort(*by, "month")


def _twelve_months(end: date, entries: Entries) -> Period:
    """The 12 months that end on a day, or what the ledger has of them."""
    whole = period_of(add_months(end + ONE_DAY, -12), end)
    return whole if whole.start >= entries.first_day else period_of(entries.first_day, whole.end)


def bridge(now: pl.DataFrame, before: pl.DataFrame | None, by: str = "category") -> pl.DataFrame:
    """Why the days of stock (DIO) changed: ``by``, mix, rate, idle, change (days), dio_days, dio_days_previous,
    share and share_previous (of cogs), reason_code.

    With c = days x avg_inventory / total cogs, w = cogs / total cogs, and r the DIO of the category before (or
    now, where it did not sell before): mix = (w1[sold1] - w0[sold0]) r - (w1 - w0) DIO0: sales moved between
    categories; rate = w1 (DIO1_i - r): a category turns faster or slower; idle = c1[not sold1] - c0[not sold0]:
    stock that does not sell at all. The sum over all categories is the change of DIO, exactly.
    Null with ``reason_code`` where there is no period before, or a total cogs or average is not positive.

    Example: two categories, before cogs 50 / 50 and stock 10 / 10, now 100 / 0 and 10 / 10 (365 days): DIO stays
    73.0, yet the first gained 36.5 days by rate and the second costs 36.5 idle days.
    """
    facts = ["cogs", "avg_inventory", "days"]
    if before is None:
        return _no_bridge(now, by, "no_period_before")
    old = before.select(by, *(pl.col(name).alias(f"{name}_0") for name in facts))
    both = now.select(by, *(pl.col(name).alias(f"{name}_1") for name in facts)).join(
        old, on=by, how="full", coalesce=True
    )
    money = [f"{name}_{when}" for name in facts[:2] for when in (0, 1)]
    both = both.with_columns(
        *(pl.col(name).fill_null(0.0) for name in money),
        *(pl.col(f"days_{when}").max() for when in (0, 1)),
    )
    totals = both.select(pl.col(money).sum()).row(0)
    if min(totals) <= 0:
        return _no_bridge(both, by, "total_not_positive")
    return _split(both, by)


def _split(both: pl.DataFrame, by: str) -> pl.DataFrame:
    sold = [pl.col(f"cogs_{when}") > 0 for when in (0, 1)]
    cover = [pl.col(f"days_{when}") * pl.col(f"avg_inventory_{when}") for when in (0, 1)]
    w = [pl.col(f"cogs_{when}") / pl.col(f"cogs_{when}").sum() for when in (0, 1)]
    c = [cover[when] / pl.col(f"cogs_{when}").sum() for when in (0, 1)]
    dio = [pl.when(sold[when]).then(cover[when] / pl.col(f"cogs_{when}")) for when in (0, 1)]
    total = c[0].sum()
    r = pl.coalesce(dio[0], dio[1], pl.lit(0.0))
    part = [w[when] * sold[when].cast(pl.Float64) for when in (0, 1)]
    idle = [c[when] * (~sold[when]).cast(pl.Float64) for when in (0, 1)]
    return (
        both.select(
            by,
            mix=(part[1] - part[0]) * r - (w[1] - w[0]) * total,
            rate=pl.when(sold[1]).then(w[1] * (dio[1] - r)).otherwise(0.0),
            idle=idle[1] - idle[0],
            dio_days=dio[1],
            dio_days_previous=dio[0],
            share=w[1],
            share_previous=w[0],
            dio_total_previous=total,
            reason_code=pl.lit(None, pl.String),
        )
        .with_columns(change=pl.col("mix") + pl.col("rate") + pl.col("idle"))
        .sort(by)
    )


def _no_bridge(frame: pl.DataFrame, by: str, reason: str) -> pl.DataFrame:
    blank = pl.lit(None, pl.Float64)
    numbers = ["mix", "rate", "idle", "dio_days", "dio_days_previous", "share", "share_previous"]
    return frame.select(
        by,
        *(blank.alias(name) for name in (*numbers, "dio_total_previous")),
        reason_code=pl.lit(reason),
        change=blank,
    ).sort(by)


def bridge_sentence(parts: pl.DataFrame) -> Note:
    """What a person would say about the bridge: a catalogue key (section ``turnover``) and its figures.

    Says the change and its largest cause, and warns where a calm total hides stock that stopped selling.
    """
    by = parts.columns[0]
    reasons = parts["reason_code"].drop_nulls()
    if parts.is_empty() or len(reasons):
        return Note(f"turnover.bridge_{reasons[0] if len(reasons) else 'no_period_before'}")
    mix, rate, idle = (float(parts[name].sum()) for name in ("mix", "rate", "idle"))
    before = float(parts["dio_total_previous"][0])
    change = mix + rate + idle
    cause = max({"mix": mix, "rate": rate, "idle": idle}.items(), key=lambda item: item[1] * (change or 1.0))[
        0
    ]
    lead = parts.sort(pl.col(cause) * (1 if change >= 0 else -1), descending=True).row(0, named=True)
    facts = {
        "before": before,
        "now": before + change,
        "change": abs(change),
        "mix": mix,
        "rate": rate,
        "idle": idle,
        "scope": lead[by],
        "days": abs(lead[cause]),
    }
    calm = abs(change) < idle
    if calm and change <= 0:
        worst = parts.sort("idle", descending=True).row(0, named=True)
        return Note(
            "turnover.bridge_hidden_idle", {**facts, "scope": worst[by], "days": worst["idle"]}, "warning"
        )
    way = "up" if change > 0 else "down"
    return Note(f"turnover.bridge_{way}_{cause}", facts, "warning" if change > 0 else "info")


def ranking(frame: pl.DataFrame, by: Sequence[str], capital_rate: float) -> pl.DataFrame:
    """For the monthly review: the scopes by achievement, best first, with ``rank`` (equal ones share it); scopes
    without a target come last, unranked.

    Columns: rank, ``by``, turnover, target, achievement, turnover_previous, dio_days, stockout_rate, avg_inventory,
    allowed_inventory (what the target needs), excess_capital (what reaching it frees), excess_cost (what the excess
    costs a year at the capital rate).
    """
    rank = pl.col("achievement").rank("min", descending=True).cast(pl.Int64)
    return (
        frame.select(
            *by,
            "turnover",
            "target",
            "achievement",
            "turnover_previous",
            "dio_days",
            "stockout_rate",
            "avg_inventory",
            (pl.col("avg_inventory") * pl.col("achievement")).alias("allowed_inventory"),
            "excess_capital",
            (pl.col("excess_capital") * capital_rate).alias("excess_cost"),
        )
        .select(rank.alias("rank"), pl.all())
        .sort("rank", "turnover", *by, descending=[False, True, *(False for _ in by)], nulls_last=True)
    )


def movers(parts: pl.DataFrame, count: int = 3) -> pl.DataFrame:
    """The scopes that move the total most: the rows of the bridge with the largest change, either way."""
    return parts.sort(pl.col("change").abs(), parts.columns[0], descending=[True, False]).head(count)
