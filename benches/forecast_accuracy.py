"""How good the default forecast is on real demand, against what people use today.

    python benches/forecast_accuracy.py [--strategy auto] [--shift 0,6,12] [--data DIR]

Each set's last six periods are the targets: four origins, the sum of the next three periods from each. Scores are
root mean square errors of that sum over the one-step naive error in sample (RMSSE), averaged over series; the table
shows them as ratios to the moving average of three periods and to seasonal naive, the bias, and the loss of the 95 %
quantile as a ratio to that of the moving average with quantiles made in the same way. Series are those still alive,
with 19 periods or more and some demand before the first origin. The series are split in two
by a hash of their name: a rule or constant was kept where it won on both halves and at --shift 6 and 12, which leave
out the last periods. Both halves were looked at on the way, so neither is untouched.
"""

from __future__ import annotations

import argparse
import hashlib
import math
from datetime import date
from pathlib import Path

import polars as pl

from stockturn.config import Settings
from stockturn.engine.forecast import accuracy_by, forecast

SETS = {
    "carparts": "month",
    "m3_monthly": "month",
    "online_retail_weekly": "week",
    "pasta_weekly": "week",
    "pbs": "month",
}
INVENTORY = ("carparts", "online_retail_weekly", "pasta_weekly")
SPAN, ORIGINS, LEAST = 3, 4, 19
LIMITS = "limits: auto <= .71 of ma3 and <= .72 of snaive over all, <= .89 of ma3 on inventory, none above .96; loss <= .98; |bias| <= .25"


def load(file: Path, shift: int) -> pl.DataFrame:
    """sku, period, qty from the first demand on; series that reach the last period and are long enough."""
    rows = pl.read_parquet(file).select(
        sku="unique_id", period="ds", qty=pl.col("y").cast(pl.Float64).clip(lower_bound=0)
    )
    ends = rows["period"].unique().sort()
    end: date = ends[-1 - shift]
    targets: date = ends[-1 - shift - SPAN - ORIGINS + 1]
    rows = rows.filter(pl.col("period") <= end).sort("sku", "period")
    rows = rows.filter(pl.col("qty").cum_sum().over("sku") > 0)
    alive = pl.col("period").max().over("sku") == end
    long = pl.len().over("sku") >= LEAST
    sold = (pl.col("qty") * (pl.col("period") < targets)).sum().over("sku") > 0
    return rows.filter(alive & long & sold)


def half(series: str) -> str:
    """Which half a series belongs to: nothing but the names of set and series decides."""
    return ("development", "held-out")[hashlib.sha256(series.encode()).digest()[-1] % 2]


def measure(data: Path, name: str, strategy: str, shift: int) -> pl.DataFrame:
    """One row per half and one for both: series and the ratios of the table."""
    rows = load(data / f"{name}.parquet", shift)
    settings = Settings(
        forecast={"strategy": strategy, "scored_origins": ORIGINS, "pinball_origins": ORIGINS}
    )
    scores = forecast(rows, settings, SETS[name], SPAN, SPAN).scores.filter(pl.col("naive_mse") > 0)
    scores = scores.with_columns(half=(name + pl.col("sku")).map_elements(half, return_dtype=pl.String))
    both = accuracy_by(scores.with_columns(half=pl.lit("all")), ["half"], SPAN)
    return pl.concat([both, accuracy_by(scores, ["half"], SPAN).sort("half")]).select(
        pl.lit(name).alias("set"),
        "half",
        "skus",
        "sum_rmsse",
        ma3=pl.col("sum_rmsse") / pl.col("habit_sum_rmsse"),
        snaive=pl.col("sum_rmsse") / pl.col("seasonal_sum_rmsse"),
        bias="bias",
        loss=pl.col("pinball") / pl.col("habit_pinball"),
        fva="fva",
    )


def geometric(values: pl.Series) -> float:
    """Geometric mean."""
    return math.exp(values.log().mean())  # type: ignore[arg-type]


def main() -> None:
    """Print the table of every shift."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--strategy", default="auto")
    options.add_argument("--shift", default="0")
    options.add_argument(
        "--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data" / "demand"
    )
    chosen = options.parse_args()
    for shift in map(int, chosen.shift.split(",")):
        told = pl.concat([measure(chosen.data, name, chosen.strategy, shift) for name in SETS])
        print(f"\nstrategy {chosen.strategy}, last period left out: {shift}")
        print(
            f"{'set':22s}{'half':13s}{'series':>7s}{'rmsse':>8s}{'/ma3':>7s}{'/snaive':>9s}{'bias':>8s}{'loss95':>8s}{'fva':>7s}"
        )
        for row in told.iter_rows(named=True):
            print(
                f"{row['set']:22s}{row['half']:13s}{row['skus']:7d}{row['sum_rmsse']:8.3f}{row['ma3']:7.3f}"
                f"{row['snaive']:9.3f}{row['bias']:+8.3f}{row['loss']:8.3f}{row['fva']:+7.3f}"
            )
        for part in ("all", "development", "held-out"):
            mine = told.filter(pl.col("half") == part)
            stock = mine.filter(pl.col("set").is_in(INVENTORY))
            print(
                f"geometric mean, {part:12s} ma3 {geometric(mine['ma3']):.3f}  snaive {geometric(mine['snaive']):.3f}  "
                f"loss95 {geometric(mine['loss']):.3f}  inventory: ma3 {geometric(stock['ma3']):.3f} "
                f"loss95 {geometric(stock['loss']):.3f}  worst ratio {max(mine['ma3'].max(), mine['snaive'].max()):.3f}  "
                f"largest bias {mine['bias'].abs().max():.3f}"
            )
    print(LIMITS)


if __name__ == "__main__":
    main()
