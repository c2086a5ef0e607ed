"""How fast the engine is: run `python benches/engine.py` (about two minutes, 2 GB of memory, 100 MB of disk).

Makes 10 million movement rows of 100,000 sku-warehouses in a temporary folder and measures entries, balances,
moving average cost, turnover by category and month, and ageing, against a floor: the median of
three runs of `scan_parquet(rows).select(sku, warehouse, date, qty).sort(...)` with a running sum over the cell, in
this process. Then one million rows against a straightforward pandas script of the same figures, where pandas is
installed. Prints what it found; exit status 1 where a limit is missed.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.ageing import ageing
from stockturn.engine.entries import entries
from stockturn.engine.periods import period_of
from stockturn.engine.turnover import turnover
from stockturn.engine.valued import closing, valued_days
from stockturn.model import Ledger
from stockturn.schema import conform

START, DAYS, HOUSES = date(2023, 1, 1), 731, 5
KINDS = ("purchase", "sale", "sale_return", "adjustment_out", "scrap")
MOST_TIMES_THE_FLOOR, MOST_GIGABYTES, LEAST_TIMES_PANDAS = 3.0, 4.0, 10.0


def make(folder: Path, rows: int, cells: int, seed: int = 7) -> Path:
    """Movements in order of date, an opening stock list and an item list, as Parquet in the folder."""
    draw = np.random.default_rng(seed)
    folder.mkdir()
    skewed = (draw.pareto(1.2, rows) * cells * 0.05).astype(np.int64) % cells
    cell = np.where(draw.random(rows) < 0.6, draw.integers(0, cells, rows), skewed)
    day = np.sort(draw.integers(0, DAYS, rows)).astype(np.int32)
    kind = np.searchsorted([0.12, 0.94, 0.97, 0.985], draw.random(rows)).astype(np.uint32)
    bought, back = kind == 0, kind == 2
    qty = np.where(bought, draw.integers(5, 60, rows), np.where(back, 1, -draw.integers(1, 6, rows))) * 1.0
    cost = np.round(5 + (cell % 97) * 0.5 + draw.random(rows), 2)
    skus = pl.Series([f"SKU-{number:06d}" for number in range(cells // HOUSES)])
    houses = pl.Series([f"WH{number:02d}" for number in range(HOUSES)])
    pl.DataFrame(
        {
            "date": pl.Series(day + (START - date(1970, 1, 1)).days).cast(pl.Date),
            "sku": skus.gather(cell // HOUSES),
            "warehouse": houses.gather(cell % HOUSES),
            "qty": qty,
            "kind": pl.Series(KINDS).gather(kind),
            "cost": pl.Series(np.where(bought, qty * cost, np.nan)).fill_nan(None),
            "revenue": np.where((kind == 1) | back, -qty * cost * 1.5, 0.0),
        }
    ).write_parquet(folder / "movements.parquet")
    every = np.arange(cells)
    pl.DataFrame(
        {
            "as_of": pl.Series([date(2022, 12, 31)] * cells),
            "sku": skus.gather(every // HOUSES),
            "warehouse": houses.gather(every % HOUSES),
            "on_hand": draw.integers(0, 200, cells) * 1.0,
            "unit_cost": 5 + (every % 97) * 0.5,
        }
    ).write_parquet(folder / "stock.parquet")
    category = pl.Series([f"Category {number % 25}" for number in range(len(skus))])
    pl.DataFrame({"sku": skus, "category": category}).write_parquet(folder / "items.parquet")
    return folder


def floor(folder: Path) -> pl.DataFrame:
    """What nobody can avoid: read, sort by cell and date, run a sum."""
    rows = pl.scan_parquet(folder / "movements.parquet").select("sku", "warehouse", "date", "qty")
    balance = pl.col("qty").cum_sum().over("sku", "warehouse")
    return rows.sort("sku", "warehouse", "date").with_columns(balance=balance).collect()


def engine(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Balances, cost, turnover by category and month of the second year, ageing at the end."""
    names = ("movements", "stock", "items")
    ledger = Ledger({name: conform(pl.scan_parquet(folder / f"{name}.parquet"), name) for name in names})
    settings = Settings()
    known = entries(ledger, settings)
    valued = valued_days(known, settings)
    year = period_of(date(2024, 1, 1), date(2024, 12, 31))
    held = closing(valued)
    aged = ageing(known, held.lazy(), settings, valued=valued).collect(engine="streaming")
    return turnover(valued, known, settings, ("category", "month"), year), aged


def pandas_script(folder: Path) -> object:
    """The same figures as an analyst would script them: cell by cell, row by row."""
    import pandas as pd

    moves = pd.read_parquet(folder / "movements.parquet")
    stock = pd.read_parquet(folder / "stock.parquet")
    items = pd.read_parquet(folder / "items.parquet")
    opening = stock.set_index(["sku", "warehouse"])[["on_hand", "unit_cost"]]
    moves["receipt"] = moves["kind"].eq("purchase")
    moves = moves.sort_values(["sku", "warehouse", "date", "receipt"], ascending=[True, True, True, False])
    days = pd.date_range("2022-12-31", "2024-12-31")
    found = []
    for cell, rows in moves.groupby(["sku", "warehouse"], sort=False):
        held, unit = opening.loc[cell]
        value, cogs = {days[0]: held * unit}, {}
        for day, same_day in rows.groupby("date", sort=False):
            got = same_day[same_day["receipt"]]
            if len(got):
                came, worth = got["qty"].sum(), got["cost"].sum()
                unit = (held * unit + worth) / (held + came) if held > 0 else worth / came
                held += came
            for kind, qty in zip(same_day["kind"], same_day["qty"], strict=True):
                if kind != "purchase":
                    held += qty
                if kind in ("sale", "sale_return"):
                    cogs[day] = cogs.get(day, 0.0) - qty * unit
            value[pd.Timestamp(day)] = held * unit
        daily = pd.Series(value).reindex(days).ffill()
        frame = pd.DataFrame({"value": daily, "cogs": pd.Series(cogs).reindex(days).fillna(0.0)})
        months = frame.loc["2024-01-01":].resample("ME").agg({"value": "mean", "cogs": "sum"})
        months["sku"] = cell[0]
        found.append(months.reset_index(names="month"))
    table = pd.concat(found).merge(items, on="sku")
    sums = table.groupby(["category", "month"])[["value", "cogs"]].sum().reset_index()
    return sums.rename(columns={"value": "avg_inventory"})


def timed(work: Callable[[Path], object], folder: Path, runs: int) -> tuple[float, object]:
    """Median seconds of some runs, and the last result."""
    seconds, result = [], None
    for _ in range(runs):
        start = time.perf_counter()
        result = work(folder)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), result


def against_pandas(folder: Path) -> bool:
    """Whether the figures are equal and the engine is fast enough; true where pandas is not installed."""
    try:
        import pandas as pd
    except ImportError:
        print("pandas is not installed: that comparison is left out")
        return True
    ours, result = timed(engine, folder, 3)
    theirs, wanted = timed(pandas_script, folder, 1)
    frame = result[0].sort("category", "month")
    wanted = pd.DataFrame(wanted).sort_values(["category", "month"])
    for name in ("cogs", "avg_inventory"):
        np.testing.assert_allclose(frame[name].to_numpy(), wanted[name].to_numpy(), rtol=1e-9)
    print(
        f"1M rows: engine {ours:.2f} s, pandas script {theirs:.1f} s = {theirs / ours:.0f} times, figures equal"
    )
    return theirs / ours >= LEAST_TIMES_PANDAS


def main() -> int:
    """Measure, print, and say by the exit status whether the limits hold."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--cells", type=int, default=100_000)
    options.add_argument("--no-pandas", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = make(Path(place) / "large", chosen.rows, chosen.cells)
        base, _ = timed(floor, folder, 3)
        took, _ = timed(engine, folder, 3)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(
            f"{chosen.rows:,} rows, {chosen.cells:,} cells: floor {base:.2f} s, engine {took:.2f} s", end=" "
        )
        print(f"= {took / base:.2f} times the floor, peak {peak:.2f} GB")
        good = took <= MOST_TIMES_THE_FLOOR * base and peak <= MOST_GIGABYTES
        if not chosen.no_pandas:
            small = make(Path(place) / "small", 1_000_000, 10_000)
            good &= against_pandas(small)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
