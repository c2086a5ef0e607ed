"""What a workbook costs over the bare library: run `python benches/workbook.py` (about a minute).

Writes 30,000 rows x 25 columns once with XlsxWriter alone (`worksheet.write` cell by cell) and once as a report sheet
with its table, formats, widths, bars, scales, colours and print set-up; processor time, the best of three each.
Exit status 1 where the report takes more than 1.6 times as long.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import xlsxwriter

from stockturn.model import Block, Report, Sheet
from stockturn.output.xlsx import write_report

ROWS, MOST_TIMES_BARE = 30_000, 1.6
AS_OF = date(2024, 12, 31)
FIGURES = [
    "on_hand",
    "value",
    "days_since_sale",
    "days_since_receipt",
    "age_0_30",
    "age_31_60",
    "age_61_90",
    "age_91_180",
    "age_181_365",
    "age_over_365",
    "age_over_start",
    "cover_days",
    "excess_qty",
    "excess_value",
    "provision",
    "demand_per_day",
]


def frame() -> pl.DataFrame:
    """A list of dead stock: 25 columns of text, dates and figures."""
    dice = random.Random(7)
    texts = {
        "sku": [f"{row:08d}" for row in range(ROWS)],
        "name": [f"物料 item {row % 997}" for row in range(ROWS)],
        "category": [f"类别 {row % 30}" for row in range(ROWS)],
        "warehouse": [f"W{row % 5}" for row in range(ROWS)],
        "status": [dice.choice(("dead", "stagnant", "slow", "active")) for _ in range(ROWS)],
        "action": ["dispose"] * ROWS,
        "owner": ["张三"] * ROWS,
    }
    dates = {
        name: [AS_OF - timedelta(days=dice.randrange(700)) for _ in range(ROWS)]
        for name in ("last_sale", "last_receipt")
    }
    figures = {name: [round(dice.random() * 1e4, 2) for _ in range(ROWS)] for name in FIGURES}
    return pl.DataFrame({**texts, **dates, **figures})


def bare(cells: pl.DataFrame, path: Path) -> None:
    """The same cells and nothing else."""
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as workbook:
        sheet = workbook.add_worksheet()
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        for column, name in enumerate(cells.columns):
            sheet.write(0, column, name)
        for row, values in enumerate(cells.iter_rows(), start=1):
            for column, value in enumerate(values):
                if isinstance(value, date):
                    sheet.write_datetime(row, column, value, day)
                else:
                    sheet.write(row, column, value)


def full(cells: pl.DataFrame, path: Path) -> None:
    """The same cells as a sheet of the report."""
    marks = {"status": {"dead": "critical", "stagnant": "warning", "slow": "info"}}
    block = Block(
        "Stock",
        cells,
        "stock",
        bars=("value", "excess_value"),
        scales=("days_since_sale",),
        marks=marks,
        detail=True,
    )
    write_report(Report("Stock", "", "en", "", AS_OF, (Sheet("stock", "Stock", (block,)),)), path)


def best(write: Callable[[pl.DataFrame, Path], None], cells: pl.DataFrame, path: Path) -> float:
    """Processor seconds of the fastest of three."""
    times = []
    for _ in range(3):
        start = time.process_time()
        write(cells, path)
        times.append(time.process_time() - start)
    return min(times)


def main() -> int:
    """Measure, print, judge."""
    cells = frame()
    with tempfile.TemporaryDirectory() as folder:
        alone, whole = (best(write, cells, Path(folder) / "bench.xlsx") for write in (bare, full))
    times = whole / alone
    print(
        f"{cells.height:,} rows x {cells.width} columns: bare {alone:.2f} s, report {whole:.2f} s, {times:.2f} times"
    )
    return int(times > MOST_TIMES_BARE)


if __name__ == "__main__":
    sys.exit(main())
