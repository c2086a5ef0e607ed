"""Does the service come that was aimed at, and what does it cost in stock? (R, S) on real demand, in simulation.

    python benches/reorder_service.py [--data DIR] [--sets carparts,pbs] [--series 300]

Each bucket is one review: forecast and errors from the past alone, order-up-to levels and orders by the engine, lead
time 1 and 2 buckets, unmet demand waits. Against the habit: mean of three buckets + z sd sqrt(L + R). Read are the share
of buckets that end without a shortage (cycle service) and of demand served from stock (fill), at target 95 %, and the
stock that 95 % of either takes, found by moving the target.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
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
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.975, 0.99, 0.999)
AIM = 0.95
LEAST_HISTORY, WARM = 24, 4
START = date(2020, 1, 1)
NEAR, CHEAPER = 0.02, 0.95


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
        count = self.demand.shape[1]
        return range(count - (18 if count >= 45 else 10) - 1, count - 1)


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
    early = demand[:, : demand.shape[1] - 18 if demand.shape[1] >= 45 else demand.shape[1] - 10]
    keep = (np.nan_to_num(early) > 0).sum(axis=1) >= 2
    names = [name for name, good in zip(ids.to_list(), keep, strict=True) if good]
    return Case(name, bucket, names, wide["ds"].cast(pl.Date).to_list(), demand[keep])


@dataclass
class Shop:
    """Stock of all series under one policy: ``net`` on hand less what waits, ``pipe`` by the buckets still to go."""

    net: Floats
    pipe: list[Floats]
    good: list[Floats]
    served: list[Floats]
    held: list[Floats]

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


def habit_levels(past: Floats, span: int) -> Floats:
    """Mean of the last three buckets over the span, plus z sd sqrt(span), levels x series."""
    sd = np.nanstd(past, axis=1, ddof=1)
    mean = np.nanmean(past[:, -3:], axis=1)
    z = z_value(np.array(LEVELS))[:, None]
    return np.ceil(np.maximum(span * mean + z * sd * np.sqrt(span), 0) - 1e-9)


def engine_orders(case: Case, review: int, lead: int, shops: list[Shop], target: str) -> list[Floats]:
    """What the engine orders at each service level, one bucket of the data being one day of its calendar."""
    long = pl.DataFrame(
        {"sku": np.repeat(case.ids, review + 1), "period": case.periods[: review + 1] * len(case.ids)}
    )
    long = long.with_columns(qty=pl.Series(case.demand[:, : review + 1].ravel())).filter(
        pl.col("qty").is_not_nan()
    )
    said = forecast(long, Settings(), bucket=case.bucket, horizon=lead + 1, span=lead + 1)  # type: ignore[arg-type]
    today = START + timedelta(days=review)
    place = pl.lit("W").alias("warehouse")
    step = pl.col("period").rank("dense").cast(pl.Int64)
    ahead = said.forecast.select("sku", place, pl.lit(today) + pl.duration(days=step), "mean")
    ahead = ahead.rename({"literal": "period"}) if "literal" in ahead.columns else ahead
    sums = said.sums.with_columns(place)
    return [
        _one_level(case, today, lead, shop, level, target, ahead, sums)
        for shop, level in zip(shops, LEVELS, strict=True)
    ]


def _one_level(
    case: Case,
    today: date,
    lead: int,
    shop: Shop,
    level: float,
    target: str,
    ahead: pl.DataFrame,
    sums: pl.DataFrame,
) -> Floats:
    keys = pl.DataFrame({"sku": case.ids}).with_columns(warehouse=pl.lit("W"))
    lines = [
        keys.with_columns(
            qty_ordered=pl.Series(qty), order_date=pl.lit(today), promised_date=pl.lit(today + timedelta(days=k + 1)),
            doc_no=pl.lit(str(k)), line_no=pl.col("sku"),
        )
        for k, qty in enumerate(shop.pipe)
    ]  # fmt: skip
    orders = pl.concat(lines).filter(pl.col("qty_ordered") > 0)
    orders = orders.select(
        (pl.col(f.name) if f.name in orders.columns else pl.lit(None)).cast(f.dtype).alias(f.name)
        for f in TABLES["orders"].fields
    )
    closing = keys.with_columns(
        on_hand=pl.Series(shop.net), value=pl.lit(None, pl.Float64), unit_cost=pl.lit(None, pl.Float64),
        reserved=pl.lit(None, pl.Float64),
    )  # fmt: skip
    settings = Settings.model_validate(
        {
            "reorder": {
                "service_level": level, "target": target, "review_days": 1, "lead_time_days": lead,
                "transfers": False, "plan_buckets": 1, "plan_bucket_days": 1,
            }
        }
    )  # fmt: skip
    inputs = ReorderInputs(
        today, closing, keys.with_columns(demand_per_day=pl.lit(0.0)), orders=orders, forecast=ahead, sums=sums,
        bucket="day",
    )  # fmt: skip
    found = reorder(inputs, settings).reorder
    return keys.join(found, on=["sku", "warehouse"], maintain_order="left")["suggested_qty"].to_numpy()


def simulate(case: Case, lead: int) -> dict[str, np.ndarray]:
    """Per policy a table levels x (cycle service, fill of all units, stock per unit asked for, mean over the series of
    fill, and of stock per unit asked for)."""
    count = len(case.ids)
    names = ("habit", "cycle", "fill")
    shops: dict[str, list[Shop]] = {
        name: [Shop(np.zeros(count), [np.zeros(count)] * lead, [], [], []) for _ in LEVELS] for name in names
    }
    asked: list[Floats] = []
    for turn, review in enumerate(case.reviews):
        past, coming = case.demand[:, : review + 1], np.nan_to_num(case.demand[:, review + 1])
        orders = {name: engine_orders(case, review, lead, shops[name], name) for name in ("cycle", "fill")}
        tops = habit_levels(past, lead + 1)
        orders["habit"] = [
            np.maximum(top - shop.net - sum(shop.pipe), 0)
            for top, shop in zip(tops, shops["habit"], strict=True)
        ]
        scored = turn >= lead + 1 + WARM - 1
        for name in names:
            if turn == 0:  # everyone begins with a full shelf of its own level
                for shop, qty in zip(shops[name], orders[name], strict=True):
                    shop.net = shop.net + qty
                orders[name] = [np.zeros(count) for _ in LEVELS]
            for shop, qty in zip(shops[name], orders[name], strict=True):
                shop.step(qty, coming, scored)
        if scored:
            asked.append(coming)
    return {name: np.array([_scores(shop, np.array(asked)) for shop in shops[name]]) for name in names}


def _scores(shop: Shop, asked: Floats) -> tuple[float, ...]:
    served, held, total = np.array(shop.served), np.array(shop.held), asked.sum()
    sold = asked.sum(axis=0) > 0
    each = served.sum(axis=0)[sold] / asked.sum(axis=0)[sold]
    stock = held.sum(axis=0)[sold] / asked.sum(axis=0)[sold]
    return (
        float(np.mean(shop.good)), float(served.sum() / total), float(held.sum() / total),
        float(each.mean()), float(np.median(stock)),
    )  # fmt: skip


def stock_for(table: np.ndarray, measure: int, stock: int = 2) -> float:
    """Stock that reaches the aim in that measure, straight between the levels tried; nan outside them."""
    order = np.argsort(table[:, measure])
    return float(np.interp(AIM, table[order, measure], table[order, stock], left=np.nan, right=np.nan))


def main() -> None:
    """Print one line per set and lead time, and the means that count."""
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
    wanted = given.sets.split(",")
    print("cycle service / fill / fill of the mean series, at target 95 %; stock as a ratio to the habit's")
    rows = [_line(load(given.data, name, given.series), lead) for name in wanted for lead in (1, 2)]
    table = np.array(rows)
    service, filled = table[:, 0].mean(), table[:, 1].mean()
    ratio = np.exp(np.nanmean(np.log(table[:, 2:]), axis=0))
    print(f"mean cycle service {service:.3f} (aim {AIM}, within {NEAR})")
    print(
        f"stock at equal cycle service {ratio[1]:.3f} of the habit's (at most {CHEAPER}); by series {ratio[2]:.3f}"
    )
    print(f"mean fill of a series {filled:.3f} when fill is aimed at")
    print(f"stock at equal fill {ratio[3]:.3f} of the habit's; by series, aimed at fill {ratio[4]:.3f}")
    if len(wanted) == len(SETS) and (abs(service - AIM) > NEAR or ratio[1] > CHEAPER):
        sys.exit("the service aimed at did not come, or it cost too much stock")


def _line(case: Case, lead: int) -> tuple[float, ...]:
    """Simulate and print one set; its service, its fill, and the stock ratios."""
    found, at = simulate(case, lead), LEVELS.index(AIM)
    habit, mine, by_fill = found["habit"], found["cycle"], found["fill"]
    ratios = {
        "at target": mine[at, 2] / habit[at, 2],
        "equal cycle": stock_for(mine, 0) / stock_for(habit, 0),
        "by series": stock_for(mine, 0, 4) / stock_for(habit, 0, 4),
        "equal fill": stock_for(mine, 1) / stock_for(habit, 1),
        "by series, fill": stock_for(by_fill, 3, 4) / stock_for(habit, 3, 4),
    }
    tables = (("habit", habit), ("cycle", mine), ("fill", by_fill))
    shown = " | ".join(
        f"{name} " + "/".join(f"{table[at, i]:.3f}" for i in (0, 1, 3)) for name, table in tables
    )
    said = ", ".join(f"{what} {value:.2f}" for what, value in ratios.items())
    print(f"{case.name:21s} L={lead} n={len(case.ids):4d}: {shown} | {said}", flush=True)
    return (mine[at, 0], by_fill[at, 3], *ratios.values())


if __name__ == "__main__":
    main()
