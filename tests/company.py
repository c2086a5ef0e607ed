"""One run of the engine as the report sees it, made by hand: a small company of 84 items in two warehouses.

The frames have the columns of the engine's and figures that fit together (averages, turnover, shares), so that what
is shown can be checked against the frames; they are no oracle for the figures themselves.
"""

from __future__ import annotations

import random
from datetime import date, timedelta

import polars as pl

from stockturn.model import Analysis, Period

AS_OF = date(2024, 12, 31)
NASTY = ('=HYPERLINK("http://x")', "<script>alert(1)</script>", "N" * 300, "😀-emoji & <b>", "-5+cmd|calc")
CATEGORIES = {
    "饮料 Beverages": ("橙汁 Orange juice", 9.0, 14),
    "零食 Snacks": ("薯片 Crisps", 8.0, 16),
    "日化 Household": ("洗衣液 Laundry liquid", 5.0, 14),
    "厨具 Kitchen": ("不粘锅 Non-stick pan", 3.0, 14),
    "文具 Stationery": ("笔记本 Notebook", 2.2, 14),
    "季节 Seasonal": ("电风扇 Fan", 1.2, 12),
}
WAREHOUSES = ("上海总仓 Shanghai DC", "北京分仓 Beijing")
TARGETS = {
    "饮料 Beverages": 10.0,
    "零食 Snacks": 8.0,
    "日化 Household": 6.0,
    "厨具 Kitchen": 5.0,
    "文具 Stationery": 4.0,
    "季节 Seasonal": 4.0,
}


def _items() -> pl.DataFrame:
    rows = []
    for number, (category, (name, _, count)) in enumerate(CATEGORIES.items()):
        for item in range(count):
            rows.append(
                (f"{number + 1}{item + 1:04d}", f"{name} {item + 1}", category, f"供应商 {item % 5 + 1}")
            )
    for place, nasty in enumerate(NASTY):
        rows[place * 3 + 1] = (nasty, f"{rows[place * 3 + 1][1]}", *rows[place * 3 + 1][2:])
    return pl.DataFrame(rows, schema=["sku", "name", "category", "supplier"], orient="row")


def _abc(items: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    values = sorted((round(dice.paretovariate(1.1) * 4000, 2) for _ in range(items.height)), reverse=True)
    total = sum(values)
    rows, before = [], 0.0
    for sku, value in zip(dice.sample(items["sku"].to_list(), items.height), values, strict=True):
        label = "A" if before < 0.8 else "B" if before < 0.95 else "C"
        before += value / total
        cv = round(dice.uniform(0.1, 1.8), 3)
        xyz = None if dice.random() < 0.06 else "X" if cv <= 0.5 else "Y" if cv <= 1 else "Z"
        previous = dice.choice(("A", "B", "C")) if dice.random() < 0.15 else label
        pattern = dice.choice(("smooth", "erratic", "intermittent", "lumpy"))
        rows.append(
            (
                sku,
                value,
                value / total,
                before,
                label,
                cv,
                xyz,
                round(dice.uniform(1, 4), 2),
                round(dice.uniform(0.05, 2), 3),
                pattern,
                dice.choice(("fast", "slow", "non_moving")),
                previous,
            )
        )
    columns = [
        "sku",
        "value",
        "share",
        "cum_share",
        "abc",
        "cv",
        "xyz",
        "adi",
        "cv2",
        "pattern",
        "fsn",
        "previous_abc",
    ]
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(pl.lit("cogs").alias("value_basis"))


def _deadstock(items: pl.DataFrame, dice: random.Random) -> pl.DataFrame:
    rows = []
    for sku, _, category, _ in items.iter_rows():
        for warehouse in WAREHOUSES:
            on_hand = 0 if dice.random() < 0.07 else dice.randint(3, 900)
            cost = round(dice.uniform(3, 120), 2)
            slow = CATEGORIES[category][1] < 3 and dice.random() < 0.5
            since = dice.randint(60, 420) if slow else dice.randint(0, 70)
            ages = _split(on_hand, dice, old=slow)
            never = dice.random() < 0.03
            status = _status(on_hand, since)
            cover = None if since >= 90 else round(dice.uniform(5, 220), 1)
            rows.append(
                (
                    sku,
                    warehouse,
                    category,
                    float(on_hand),
                    round(on_hand * cost, 2),
                    None if never else AS_OF - timedelta(days=since),
                    None if never else since,
                    AS_OF - timedelta(days=since // 2),
                    since // 2,
                    *ages,
                    status,
                    cover if on_hand else None,
                    None,
                    None,
                    round(on_hand * cost * 0.5, 2) if status == "dead" else 0.0,
                    {"dead": "dispose", "stagnant": "promote"}.get(status or "", "none"),
                    dice.choice(("王芳", "Li Wei", "张伟")),
                    "mean_90d",
                    "no_plan",
                    None,
                    None,
                    f"{since} 天无需求 / no demand for {since} days" if since >= 90 else None,
                )
            )
    columns = "sku warehouse category on_hand value last_sale days_since_sale last_receipt days_since_receipt age_0_30 age_31_60 age_61_90 age_91_180 age_181_365 age_over_365 age_over_start status cover_days excess_qty excess_value provision action owner rate_basis reason_code action_qty cash_back reason"
    frame = pl.DataFrame(rows, schema=columns.split(), orient="row", infer_schema_length=None)
    ages = [name for name in frame.columns if name.startswith("age_")]
    unit_cost = pl.col("value") / pl.col("on_hand")
    dead = pl.col("status") == "dead"
    return (
        frame.filter(pl.col("on_hand") > 0)
        .with_columns((pl.col(name) * unit_cost).alias(name.replace("age_", "value_")) for name in ages)
        .with_columns(
            pl.col("excess_qty", "excess_value").cast(pl.Float64),
            action_qty=pl.when(dead).then("on_hand"),
            cash_back=pl.when(dead).then(pl.col("value") * 0.3),
            due_date=pl.when(dead).then(pl.lit(AS_OF + timedelta(days=30))),
        )
        .sort("value", "sku", "warehouse", descending=[True, False, False])
    )


def _split(on_hand: int, dice: random.Random, old: bool) -> list[float]:
    weights = [
        dice.random() * (0.2 if old and place < 3 else 1.0 if old or place < 3 else 0.1) for place in range(6)
    ]
    parts = [float(int(on_hand * weight / sum(weights))) for weight in weights]
    parts[0] += on_hand - sum(parts)
    return [*parts, 0.0]


def _status(on_hand: int, since: int) -> str | None:
    if on_hand <= 0:
        return None
    return "dead" if since >= 180 else "stagnant" if since >= 90 else "slow" if since >= 60 else "active"


def turnover_row(
    cogs: float, average: float, target: float | None, stockout: float = 0.03
) -> dict[str, object]:
    """The figures of one scope over a whole year of 366 days, as the engine would give them."""
    turns = cogs / average
    return {
        "cogs": cogs,
        "avg_inventory": average,
        "turnover": turns,
        "turnover_period": turns,
        "dio_days": 366 / turns,
        "opening_value": average * 0.94,
        "closing_value": average * 1.07,
        "revenue": cogs * 1.38,
        "gross_margin": cogs * 0.38,
        "gmroi": cogs * 0.38 / average,
        "sell_through": 0.71,
        "stockout_rate": stockout,
        "lost_sales_value": cogs * 0.011,
        "loss_rate": 0.004,
        "target": target,
        "achievement": None if target is None else turns / target,
        "excess_capital": None if target is None else max(0.0, average - cogs / target),
        "carrying_cost": average * 0.08,
        "cost_basis": "moving_average",
        "avg_basis": "daily",
        "estimated": False,
        "reason_code": None,
    }


def _by(rows: dict[str, tuple[float, float, float | None]], name: str) -> pl.DataFrame:
    return pl.DataFrame(
        [{name: key, **turnover_row(*figures)} for key, figures in rows.items()], infer_schema_length=None
    )


def analysis(nasty: str | None = None) -> Analysis:
    """The run; ``nasty`` replaces the name of every category's first item."""
    dice = random.Random(20241231)
    items = _items()
    by_category = {}
    for category, (_, turns, count) in CATEGORIES.items():
        average = count * 18_500.0 * (1 + dice.random())
        by_category[category] = (average * turns, average, TARGETS[category])
    total_cogs = sum(row[0] for row in by_category.values())
    total_average = sum(row[1] for row in by_category.values())
    total_target = total_cogs / sum(row[0] / (row[2] or 1) for row in by_category.values())
    halves = {WAREHOUSES[0]: 0.62, WAREHOUSES[1]: 0.38}
    by = {
        "category": _by(by_category, "category"),
        "warehouse": _by(
            {
                name: (total_cogs * part, total_average * (part + (0.03 if part > 0.5 else -0.03)), None)
                for name, part in halves.items()
            },
            "warehouse",
        ),
        "supplier": _by(
            {
                f"供应商 {n} Supplier {n}": (total_cogs / 5 * (1 + n / 20), total_average / 5, None)
                for n in range(-2, 3)
            },
            "supplier",
        ),
    }
    months = [f"2024-{month:02d}" for month in range(1, 13)]
    trend = pl.DataFrame(
        {
            "month": months,
            "cogs": [total_cogs / 12 * (1 + 0.2 * dice.uniform(-1, 1)) for _ in months],
            "avg_inventory": [
                total_average * (0.9 + 0.02 * place + 0.05 * dice.random()) for place in range(12)
            ],
            "turnover": [total_cogs / total_average * (1.12 - 0.01 * place) for place in range(12)],
            "target": [total_target] * 12,
        }
    )
    total = turnover_row(total_cogs, total_average, total_target, 0.062)
    previous = turnover_row(total_cogs * 0.93, total_average * 0.84, None, 0.041)
    change = float(str(total["dio_days"])) - float(str(previous["dio_days"]))
    shares = (0.1, 0.05, 0.0, 0.2, 0.25, 0.4)
    bridge = pl.DataFrame(
        [
            (name, change * part * 0.5 - 0.3, change * part * 0.2 + 0.3, change * part * 0.3, change * part)
            for name, part in zip(CATEGORIES, shares, strict=True)
        ],
        schema=["category", "mix", "rate", "idle", "change"],
        orient="row",
    )
    if nasty is not None:
        items = items.with_columns(pl.lit(nasty).alias("name"))
    return Analysis(
        as_of=AS_OF,
        period=Period(date(2024, 1, 1), AS_OF, 366),
        total=pl.DataFrame([total]),
        previous=pl.DataFrame([previous]),
        year_ago=pl.DataFrame([turnover_row(total_cogs * 0.93, total_average * 0.84, None, 0.041)]),
        by=by,
        trend=trend,
        bridge=bridge,
        abc=_abc(items, dice),
        deadstock=_deadstock(items, dice),
        differences=_differences(items),
        negatives=pl.DataFrame(
            {
                "sku": items["sku"].head(2),
                "warehouse": [WAREHOUSES[0]] * 2,
                "start": [date(2024, 3, 4), date(2024, 5, 1)],
                "days": [3, 11],
                "on_hand": [-4.0, -12.0],
            }
        ),
        sheets=_sheets(),
        refused=_refused(),
        notes=(),
        items=items.select("sku", "name", "category"),
    )


def _differences(items: pl.DataFrame) -> pl.DataFrame:
    skus = items["sku"].head(20)
    book = [100.0 + 7 * place for place in range(20)]
    counted = [value + (-3.0 if place % 3 else 5.0) for place, value in enumerate(book)]
    return pl.DataFrame({"sku": skus, "book_qty": book, "counted_qty": counted}).select(
        "sku",
        pl.lit(WAREHOUSES[0]).alias("warehouse"),
        pl.lit(AS_OF).alias("as_of"),
        "book_qty",
        "counted_qty",
        (pl.col("counted_qty") - pl.col("book_qty")).alias("difference_qty"),
        ((pl.col("counted_qty") - pl.col("book_qty")) * 21.5).alias("difference_value"),
    )


def _sheets() -> pl.DataFrame:
    rows = [
        ("采购入库_2024.xlsx", "入库明细", "movements", "plain", 0.98, 1312, 1296, 4, 12, 8211.0, 991200.5),
        ("sales_2024.csv", None, "movements", "plain", 1.0, 20412, 20398, 13, 1, -71233.0, 4123987.0),
        ("库存盘点_20241231.xlsx", "Sheet1", "stock", "plain", 0.91, 172, 168, 0, 4, 61221.0, 1822311.7),
    ]
    columns = "file sheet table profile confidence rows_read accepted refused skipped qty_sum amount_sum"
    return pl.DataFrame(rows, schema=columns.split(), orient="row").with_columns(
        pl.lit(date(2024, 1, 1)).alias("date_min"), pl.lit(AS_OF).alias("date_max")
    )


def _refused() -> pl.DataFrame:
    rows = [("sales_2024.csv", None, 100 + n, "数量", "12 箱?", "不是数字 / no number") for n in range(13)]
    rows += [
        ("采购入库_2024.xlsx", "入库明细", 7 + n, "日期", "2024-13-01", "没有这一天 / no such day")
        for n in range(4)
    ]
    columns = ["file", "sheet", "row", "column", "found", "reason"]
    return pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)
