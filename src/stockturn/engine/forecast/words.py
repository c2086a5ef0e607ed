"""Where the forecast is worth following and where it is not, as facts for a sentence."""

from __future__ import annotations

import polars as pl

from stockturn.engine.forecast.accuracy import accuracy_by
from stockturn.engine.forecast.run import ForecastResult
from stockturn.model import Note


def verdict(scores: pl.DataFrame, span: int, by: str = "pattern") -> tuple[Note, ...]:
    """Sentences (catalogue section ``notes``) about the forecast as a whole, then about the groups of ``by``.

    forecast_worth / forecast_not_worth: fva against the moving average people use today above 0 or not, with wape,
    fva, bias in percent and the past forecasts it rests on. forecast_groups_worth / forecast_groups_not: names of
    the groups on either side, and the share of demand they stand for. forecast_no_past: too little history to say.
    """
    whole = accuracy_by(scores, [], span)
    if whole.is_empty() or whole["fva"][0] is None:
        return (Note("forecast_no_past"),)
    row = whole.row(0, named=True)
    figures = {
        "wape": _percent(row["wape"]),
        "gain": _percent(abs(row["fva"])),
        "bias": _percent(row["bias"], sign=True),
        "periods": row["periods"],
    }
    notes = [Note("forecast_worth" if row["fva"] > 0 else "forecast_not_worth", figures)]
    groups = accuracy_by(scores, [by], span).drop_nulls([by, "fva"]).sort(by)
    demand = scores.group_by(by).agg(pl.col("actual").sum())
    groups = groups.join(demand, on=by, how="left")
    total = float(groups["actual"].sum())
    for key, side in (
        ("forecast_groups_worth", pl.col("fva") > 0),
        ("forecast_groups_not", pl.col("fva") <= 0),
    ):
        mine = groups.filter(side)
        if mine.height and total > 0:
            share = _percent(float(mine["actual"].sum()) / total)
            notes.append(Note(key, {"groups": ", ".join(mine[by].to_list()), "share": share}))
    return tuple(notes)


def remarks(result: ForecastResult) -> tuple[Note, ...]:
    """How many series are special, by reason (forecast_short_history and so on), the most frequent first."""
    keys = [name for name in ("sku", "warehouse") if name in result.forecast.columns]
    series = result.forecast.unique(subset=keys, keep="first", maintain_order=True)
    counted = series.drop_nulls("reason_code").group_by("reason_code").agg(pl.len().alias("skus"))
    rows = counted.sort("skus", "reason_code", descending=[True, False]).iter_rows()
    return tuple(Note(f"forecast_{code}", {"count": count}) for code, count in rows)


def _percent(share: float | None, *, sign: bool = False) -> str:
    if share is None:
        return "-"
    return f"{share * 100:{'+' if sign else ''}.0f} %"
