"""How fast exports are read: run `python benches/ingest.py` (about half a minute, 2 GB of memory, 200 MB of disk).

A CSV file of a million movements into a ledger folder, against a bare polars scan + cast + sink_parquet of the same
file; an xlsx workbook of 100,000 rows and 12 columns into canonical frames, against python-calamine handing over its
grid of cells. Both sides run warm in this process, imports and one run of each left out, in turns, so that a busy
moment of the machine meets both; the medians of five are compared. What counts is wall time, what a person waits: a
ratio above its limit is exit status 1. CPU time is shown beside it.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from stockturn import api
from stockturn.config import Settings
from stockturn.sources import read

START, DAYS, HOUSES, RUNS = date(2024, 1, 1), 366, 5, 5
CSV_LIMIT, XLSX_LIMIT = 3.0, 2.0
KINDS = ("purchase", "sale", "sale return", "scrap")


def movements(rows: int, seed: int = 7) -> pl.DataFrame:
    """Twelve columns as a plain export has them: codes with leading zeros, document and line numbers, a partner."""
    draw = np.random.default_rng(seed)
    item = draw.integers(0, max(1, rows // 50), rows)
    kind = np.searchsorted([0.15, 0.95, 0.98], draw.random(rows)).astype(np.uint32)
    qty = draw.integers(1, 40, rows)
    unit_cost = np.round(5 + (item % 97) * 0.5, 2)
    day = np.sort(draw.integers(0, DAYS, rows)).astype(np.int32) + (START - date(1970, 1, 1)).days
    document = np.arange(rows) // 4
    return pl.DataFrame(
        {
            "Date": pl.Series(day).cast(pl.Date),
            "Document no.": pl.Series(document).cast(pl.String).str.zfill(8),
            "Line": np.arange(rows) % 4 + 1,
            "Type": pl.Series(KINDS).gather(kind),
            "SKU": pl.Series(item).cast(pl.String).str.zfill(7),
            "Name": pl.Series([f"Item {number}" for number in range(97)]).gather(item % 97),
            "Category": pl.Series([f"Category {number}" for number in range(25)]).gather(item % 25),
            "Warehouse": pl.Series([f"WH{number}" for number in range(HOUSES)]).gather(item % HOUSES),
            "Quantity": np.where(kind == 0, qty, np.where(kind == 2, 1, -qty)) * 1.0,
            "Unit cost": unit_cost,
            "Cost": np.round(np.where(kind == 0, qty, np.where(kind == 2, 1, -qty)) * unit_cost, 2),
            "Partner": pl.Series([f"Partner {number}" for number in range(200)]).gather(document % 200),
        }
    )


def workbook(frame: pl.DataFrame, path: Path) -> Path:
    """The frame as one sheet: days as dates, figures as numbers, codes as text."""
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("movements")
        sheet.write_row(0, 0, frame.columns)
        for number, row in enumerate(frame.iter_rows(), start=1):
            sheet.write_row(number, 0, row)
    return path


def bare_csv(file: Path, target: Path) -> None:
    """What nobody can avoid: every cell read as text, dates and figures made of it, Parquet written."""
    figures = pl.col("Line", "Quantity", "Unit cost", "Cost").cast(pl.Float64)
    rows = pl.scan_csv(file, infer_schema=False)
    rows.with_columns(pl.col("Date").str.to_date("%Y-%m-%d"), figures).sink_parquet(target)


def bare_xlsx(file: Path) -> int:
    """The grid of cells, as python-calamine hands it over."""
    from python_calamine import CalamineWorkbook

    return len(CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python(skip_empty_area=False))


@contextmanager
def empty_place(inside: Path) -> Iterator[Path]:
    """A new folder for one run."""
    with tempfile.TemporaryDirectory(dir=inside) as place:
        yield Path(place)


Times = tuple[float, float]
"""Wall and CPU seconds."""


def timed(work: Callable[[Path], object], inside: Path) -> Times:
    """One run in a place of its own."""
    with empty_place(inside) as place:
        start, used = time.perf_counter(), time.process_time()
        work(place)
        return time.perf_counter() - start, time.process_time() - used


def in_turns(
    ours: Callable[[Path], object], bare: Callable[[Path], object], inside: Path
) -> tuple[Times, Times]:
    """Medians of both, after one run of each that does not count."""
    runs = [(timed(ours, inside), timed(bare, inside)) for _ in range(RUNS + 1)][1:]
    medians = [
        (statistics.median(run[side][0] for run in runs), statistics.median(run[side][1] for run in runs))
        for side in (0, 1)
    ]
    return medians[0], medians[1]


def compared(name: str, ours: Times, bare: Times, limit: float) -> bool:
    """Print both, and say whether the wall time is within the limit."""
    wall, cpu = ours[0] / bare[0], ours[1] / bare[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"{name}: wall {ours[0]:.2f} s against {bare[0]:.2f} s = {wall:.2f} times (limit {limit:g}),", end=" "
    )
    print(f"CPU {ours[1]:.2f} s against {bare[1]:.2f} s = {cpu:.2f} times;", end=" ")
    print(f"peak of the process so far {peak:.2f} GB")
    return wall <= limit


def main() -> int:
    """Measure, print, and say by the exit status whether the limits hold."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--csv-rows", type=int, default=1_000_000)
    options.add_argument("--xlsx-rows", type=int, default=100_000)
    chosen = options.parse_args()
    settings = Settings()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        table = place / "movements.csv"
        movements(chosen.csv_rows).write_csv(table)
        kept = api.keep(table, into=place / "checked", settings=settings)
        assert kept.table("movements").select(pl.len()).collect().item() == chosen.csv_rows
        ours, bare = in_turns(
            lambda folder: api.keep(table, into=folder / "ledger", settings=settings),
            lambda folder: bare_csv(table, folder / "bare.parquet"),
            place,
        )
        good = compared(f"CSV of {chosen.csv_rows:,} rows into a ledger folder", ours, bare, CSV_LIMIT)
        book = workbook(movements(chosen.xlsx_rows), place / "movements.xlsx")
        ours, bare = in_turns(lambda _: read([book], settings), lambda _: bare_xlsx(book), place)
        good &= compared(f"xlsx of {chosen.xlsx_rows:,} rows x 12", ours, bare, XLSX_LIMIT)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
