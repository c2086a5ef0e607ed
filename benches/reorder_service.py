"""Does the service come that was aimed at, and what does it cost in stock? (R, S) on real demand, in simulation.

    python benches/reorder_service.py [--data DIR] [--sets carparts,pbs] [--series 300]

Each bucket is one review: forecast, errors, order-up-to levels and orders by the engine from what was known then, lead
time 1 and 2 buckets, unmet demand waits. Against the habit: mean of three buckets + z sd sqrt(L + R), in whole units.
Two measures: the share of buckets that end without a shortage (cycle service, all series alike) and the share of all
units served from stock at once (fill). Each is read at target 95 %, the engine aiming at that measure; stock is on hand
at the ends of buckets, per unit asked for. Stock at equal service is read where both achieve 95 % (or the most that both
can), found by moving the target of the engine and the z of the habit, which goes on far beyond any table of z: on some
sets the habit needs it. The fill of a set is decided by its few large and lumpy series, that of the engine is aimed at
series by series.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from stockturn.config import Settings
from stockturn.engine.forecast.run import forecast
from stockturn.engine.loss import Floats, z_value
from stockturn.engine.replenish import ReorderInputs, reorder
from stockturn.schema import TABLES

SETS = ("carparts", "pbs", "m3_monthly", "pasta_weekly", "online_retail_weekly")
LEVELS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 0.999)
AIM = 0.95
FACTORS = (0.0, 0.5, 1.0, 1.3, float(z_value(AIM)), 2.0, 2.5, 3.0, 4.0, 6.0, 9.0, 14.0)
"""z of the habit; of these it takes the one of 95 % when it aims at 95 %."""
MEASURES = ("cycle", "fill")
LEAST_HISTORY, WARM = 24, 4
START = date(2020, 1, 1)
NEAR, CHEAPER = 0.02, 0.95
CYCLE, FILL, STOCK = range(3)


@dataclass(frozen=True)
class Case:
    """One demand set as a matrix series x buckets, nan before a series begins."""

    name: str
    bucket: str
    ids: list[str]
    periods: list[date]
    demand: Floats

    @property
    def reviews(self) -> range:
        """Last bucket known at each review."""
        return range(first_review(self.demand.shape[1]), self.demand.shape[1] - 1)


def first_review(count: int) -> int:
    """The last 18 buckets are simulated, 10 of a short set."""
    return count - (18 if count >= 45 else 10) - 1


def load(folder: Path, name: str, series: int) -> Case:
    """Series that run to the end and are long enough, at most so many of them, drawn evenly."""
    bucket = "week" if name.endswith("weekly") else "month"
    raw = pl.read_parquet(folder / f"{name}.parquet").with_columns(pl.col("y").cast(pl.Float64))
    end, most = raw["ds"].max(), 78 if bucket == "week" else 54
    kept = raw.filter(
        pl.col("ds").max().over("unique_id") == end, pl.len().over("unique_id") >= LEAST_HISTORY
    )
    ids = kept["unique_id"].unique().sort()
    ids = ids.gather(np.unique(np.linspace(0, len(ids) - 1, min(len(ids), series)).astype(int)))
    wide = (
        kept.filter(pl.col("unique_id").is_in(ids.implode()))
        .pivot("unique_id", index="ds", values="y")
        .sort("ds")
        .tail(most)
    )
    demand = wide.select(ids.to_list()).to_numpy().T
    early = demand[:, : first_review(demand.shape[1]) + 1]
    keep = (np.nan_to_num(early) > 0).sum(axis=1) >= 2
    names = [name for name, good in zip(ids.to_list(), keep, strict=True) if good]
    return Case(name, bucket, names, wide["ds"].cast(pl.Date).to_list(), demand[keep])


@dataclass
class Shop:
    """Stock under a policy, targets x series: ``net`` on hand less what waits, ``pipe`` by the buckets still to go."""

    net: Floats
    pipe: list[Floats]
    good: list[np.ndarray] = field(default_factory=list)
    served: list[Floats] = field(default_factory=list)
    held: list[Floats] = field(default_factory=list)

    def step(self, order: Floats, demand: Floats, scored: bool) -> None:
        """Order, receive what is due, serve."""
        self.pipe.append(order)
        self.net = self.net + self.pipe.pop(0)
        ready = np.maximum(self.net, 0.0)
        self.net = self.net - demand
        if scored:
            self.good.append(self.net >= -1e-9)
            self.served.append(np.minimum(ready, demand))
            self.held.append(np.maximum(self.net, 0.0))

    def curve(self, asked: Floats) -> Floats:
        """Targets x (cycle service, fill, stock per unit asked for)."""
        good, served, held = (np.array(part) for part in (self.good, self.served, self.held))
        both = np.column_stack([served.sum(axis=(0, 2)), held.sum(axis=(0, 2))]) / asked.sum()
        return np.column_stack([good.mean(axis=(0, 2)), both])


def habit_levels(past: Floats, span: int) -> Floats:
    """Mean of the last three buckets over the span, plus z sd sqrt(span); factors x series."""
    sd = np.nanstd(past, axis=1, ddof=1)
    mean = np.nanmean(past[:, -3:], axis=1)
    z = np.array(FACTORS)[:, None]
    return np.ceil(np.maximum(span * mean + z * sd * np.sqrt(span), 0) - 1e-9)


class Engine:
    """The engine as a planner would use it on this set: every series once per measure and target, told apart by
    category, one bucket of the data being one day of its calendar."""

    def __init__(self, case: Case, lead: int) -> None:
        self.case, self.lead = case, lead
        kinds = pl.DataFrame({"category": [f"{kind} {level}" for kind in MEASURES for level in LEVELS]})
        series = pl.DataFrame({"series": case.ids})
        self.cells = kinds.join(series, how="cross").select(
            "category",
            "series",
            pl.concat_str("category", "series", separator=" ").alias("sku"),
            pl.lit("W").alias("warehouse"),
        )
        self.items = canonical("items", self.cells.select("sku", "category"))
        self.settings = Settings.model_validate(
            {
                "reorder": {
                    "categories": {
                        f"{kind} {level}": {"service_level": level, "target": kind}
                        for kind in MEASURES
                        for level in LEVELS
                    },
                    "review_days": 1, "lead_time_days": lead, "transfers": False, "plan_buckets": 1, "plan_bucket_days": 1,
                }
            }
        )  # fmt: skip

    def orders(self, review: int, shop: Shop) -> Floats:
        """What it orders after that bucket, targets x series, knowing nothing later."""
        case, today = self.case, START + timedelta(days=review)
        long = pl.DataFrame(
            {"sku": np.repeat(case.ids, review + 1), "period": case.periods[: review + 1] * len(case.ids)}
        ).with_columns(qty=pl.Series(case.demand[:, : review + 1].ravel()))
        said = forecast(
            long.filter(pl.col("qty").is_not_nan()), Settings(), bucket=case.bucket,  # type: ignore[arg-type]
            horizon=self.lead + 1, span=self.lead + 1,
        )  # fmt: skip
        day = pl.duration(days=pl.col("period").rank("dense").cast(pl.Int64))
        ahead = said.forecast.select("sku", "mean", period=pl.lit(today) + day)
        found = reorder(
            ReorderInputs(
                today,
                self._stock(shop.net),
                self.cells.select("sku", "warehouse", demand_per_day=pl.lit(0.0)),
                items=self.items,
                orders=self._open(today, shop.pipe),
                forecast=self._for_all(ahead),
                sums=self._for_all(said.sums),
                bucket="day",
            ),
            self.settings,
        ).reorder
        qty = self.cells.join(found, on=["sku", "warehouse"], maintain_order="left")["suggested_qty"]
        return np.asarray(qty.to_numpy().reshape(shop.net.shape), dtype=np.float64)

    def _for_all(self, frame: pl.DataFrame) -> pl.DataFrame:
        names = self.cells.rename({"sku": "cell"})
        joined = names.join(frame, left_on="series", right_on="sku", maintain_order="left_right")
        return joined.drop("category", "series").rename({"cell": "sku"})

    def _stock(self, net: Floats) -> pl.DataFrame:
        unknown = {name: pl.lit(None, pl.Float64) for name in ("value", "unit_cost", "reserved")}
        return self.cells.select("sku", "warehouse", on_hand=pl.Series(net.ravel())).with_columns(**unknown)

    def _open(self, today: date, pipe: list[Floats]) -> pl.DataFrame:
        lines = [
            self.cells.select(
                "sku", "warehouse", qty_ordered=pl.Series(qty.ravel()), order_date=pl.lit(today),
                promised_date=pl.lit(today + timedelta(days=k + 1)), doc_no=pl.lit(str(k)), line_no="sku",
            )
            for k, qty in enumerate(pipe)
        ]  # fmt: skip
        return canonical("orders", pl.concat(lines).filter(pl.col("qty_ordered") > 0))


def canonical(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """A canonical table from the columns given, the others null."""
    return frame.select(
        (pl.col(f.name) if f.name in frame.columns else pl.lit(None)).cast(f.dtype).alias(f.name)
        for f in TABLES[table].fields
    )


def simulate(case: Case, lead: int) -> dict[str, Floats]:
    """The curves (see Shop.curve) of the habit and of the engine aiming at either measure."""
    engine, many = Engine(case, lead), len(LEVELS)
    habit, mine = (
        Shop(np.zeros((rows, len(case.ids))), [np.zeros((rows, len(case.ids)))] * lead)
        for rows in (len(FACTORS), many * len(MEASURES))
    )
    asked: list[Floats] = []
    for turn, review in enumerate(case.reviews):
        coming, scored = np.nan_to_num(case.demand[:, review + 1]), turn >= lead + WARM
        tops = habit_levels(case.demand[:, : review + 1], lead + 1)
        wanted = np.maximum(tops - habit.net - sum(habit.pipe), 0)
        for shop, orders in ((habit, wanted), (mine, engine.orders(review, mine))):
            if turn == 0:  # everyone begins with a full shelf of its own level
                shop.net, orders = shop.net + orders, np.zeros_like(orders)
            shop.step(orders, coming, scored)
        if scored:
            asked.append(coming)
    rows = mine.curve(np.array(asked))
    engines = {kind: rows[i * many : (i + 1) * many] for i, kind in enumerate(MEASURES)}
    return {"habit": habit.curve(np.array(asked)), **engines}


def stock_for(curve: Floats, measure: int, service: float) -> float:
    """Stock that reaches a service, straight between the targets tried; nan outside them."""
    order = np.argsort(curve[:, measure])
    return float(np.interp(service, curve[order, measure], curve[order, STOCK], left=np.nan, right=np.nan))


def compared(found: dict[str, Floats], kind: str, measure: int) -> tuple[float, float, float]:
    """Service at the target of habit and engine, and the engine's stock at equal service as a ratio to the habit's."""
    habit, mine = found["habit"], found[kind]
    at = min(AIM, habit[:, measure].max(), mine[:, measure].max())
    ratio = stock_for(mine, measure, at) / stock_for(habit, measure, at)
    return (
        float(habit[FACTORS.index(float(z_value(AIM))), measure]),
        float(mine[LEVELS.index(AIM), measure]),
        ratio,
    )


def main() -> None:
    """Print one line per set and lead time, and the means that count; fail where one is missed."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument(
        "--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data" / "demand"
    )
    options.add_argument("--sets", default=",".join(SETS))
    options.add_argument("--series", type=int, default=300, help="at most so many series of a set")
    given = options.parse_args()
    if not given.data.is_dir():
        print(f"no demand sets in {given.data}: nothing simulated")
        return
    print(f"{'':30s} | cycle service, aim {AIM} | fill, aim {AIM}")
    print(f"{'set':21s}  L     n | habit engine  stock at = | habit engine  stock at =")
    rows = [
        _line(load(given.data, name, given.series), lead) for name in given.sets.split(",") for lead in (1, 2)
    ]
    table = np.array(rows)
    misses = [_judged(kind, table[:, 3 * i : 3 * i + 3]) for i, kind in enumerate(MEASURES)]
    if any(misses):
        sys.exit("missed: " + "; ".join(miss for miss in misses if miss))


def _line(case: Case, lead: int) -> tuple[float, ...]:
    """Simulate and print one set; for both measures the figures of :func:`compared`."""
    found = simulate(case, lead)
    figures = [compared(found, kind, measure) for measure, kind in enumerate(MEASURES)]
    shown = " | ".join(f"{habit:.3f}  {mine:.3f}        {ratio:5.2f}" for habit, mine, ratio in figures)
    print(f"{case.name:21s} {lead:2d} {len(case.ids):5d} | {shown}", flush=True)
    return tuple(value for part in figures for value in part)


def _judged(kind: str, table: Floats) -> str:
    """Print the means of one measure; what was missed, or nothing."""
    habit, service = (float(part.mean()) for part in table[:, :2].T)
    ratio = float(np.exp(np.log(table[:, 2]).mean()))
    print(
        f"{kind}: mean achieved {service:.3f} (aim {AIM}, within {NEAR}; habit {habit:.3f}), "
        f"stock at equal {kind} {ratio:.3f} of the habit's (at most {CHEAPER})"
    )
    missed = (
        abs(service - AIM) > NEAR or not ratio <= CHEAPER
    )  # nan, where one side never gets there, is a miss
    return f"{kind} service or its stock" if missed else ""


if __name__ == "__main__":
    main()
