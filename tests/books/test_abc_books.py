"""ABC, demand patterns and class counts against textbooks and answer keys."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from stockturn.config.classes import AbcSettings
from stockturn.engine.classify import abc, pattern_of, with_abc, with_shape
from stockturn.engine.entries import entries
from stockturn.engine.periods import period_of
from tests import synthetic
from tests.answers import oracle, reference
from tests.moves import settings
from tests.shared import shared


def classed(values: pl.DataFrame, **chosen: object) -> pl.DataFrame:
    """Classes of a frame sku, revenue; most valuable first."""
    return with_abc(values.lazy(), AbcSettings(by="revenue", **chosen)).sort("rank").collect()


def counts(frame: pl.DataFrame) -> dict[str, int]:
    """How many items with a positive value are in each class."""
    found = frame.filter(pl.col("value") > 0)["abc"].value_counts()
    return dict(sorted(found.iter_rows()))


def book(name: str) -> pl.DataFrame:
    """The example's items as sku and value, in every measure's column."""
    rows = oracle(name)["inputs"]["items"]
    empty = dict.fromkeys(("cogs", "gross_margin", "units"))
    return pl.DataFrame(
        [{"sku": sku, "revenue": float(units * price), **empty} for sku, units, price in rows]
    )


def test_heizer_silicon_chips() -> None:
    """Shares, cumulative shares and classes of the textbook's ten chips (cut on the share before the item)."""
    expected = oracle("abc-heizer-silicon-chips")["expected"]
    found = classed(book("abc-heizer-silicon-chips"))
    assert found["abc"].to_list() == expected["class_cum_before_80_95"]
    assert found["value"].sum() == pytest.approx(expected["total"], abs=1)
    assert found["cum_share"].to_list() == pytest.approx(expected["cum_share"], abs=1e-5)
    assert (found["share"] * 100).to_list() == pytest.approx(
        expected["share_pct"], abs=0.065
    )  # printed 6.4 for 6.46
    assert "01036" in found["sku"].to_list()


def test_boreki_is_cut_by_number_of_items() -> None:
    """The textbook classes 20 / 30 / 50 % of the items."""
    expected = oracle("abc-boreki")["expected"]["book_class_by_item_count_20_30_50"]
    found = classed(book("abc-boreki"), cut="items", a=0.2, b=0.5)
    for letter, skus in expected.items():
        assert sorted(found.filter(pl.col("abc") == letter)["sku"].to_list()) == skus


@pytest.mark.parametrize(
    "name", ["sbc-boundary-1.31-0.49", "sbc-boundary-1.32-0.49", "sbc-boundary-1.31-0.48"]
)
def test_pattern_cuts_are_strict(name: str) -> None:
    """What stands on a cut belongs to the harder class."""
    case = oracle(name)
    found = pl.DataFrame({"adi": [case["inputs"]["adi"]], "cv2": [case["inputs"]["cv2"]]}).select(
        pattern_of(AbcSettings())
    )
    assert found.item() == case["expected"]["class_"]


def test_pattern_statistics_of_a_series() -> None:
    """ADI is buckets over buckets with demand, CV squared has ddof 1."""
    case = oracle("sbc-stats")
    series = pl.DataFrame({"sku": "A", "qty": [float(y) for y in case["inputs"]["y"]]})
    found = with_shape(series.lazy(), AbcSettings(), ("sku",)).collect().row(0, named=True)
    assert found["adi"] == pytest.approx(case["expected"]["adi_periods_over_nonzero"], rel=1e-12)
    assert found["cv2"] == pytest.approx(case["expected"]["cv2_ddof1"], rel=1e-12)
    assert found["pattern"] == case["expected"]["class_"]


def ledger_values(name: str) -> tuple[pl.DataFrame, dict[str, object]]:
    """Values per sku of a third-party ledger, and the answer key's block."""
    answers = reference()[name.split("/")[0]]
    folder = shared(f"data/ledgers/{name.split('/')[0]}")
    if name.startswith("online_retail"):
        rows = pl.read_parquet(folder / f"{name}.parquet")
        return (
            rows.group_by(sku="StockCode").agg(revenue=(pl.col("Quantity") * pl.col("Price")).sum()),
            answers["abc_net_amount_by_stock_code"],
        )
    if name.startswith("adventureworks"):
        sales = pl.concat(
            pl.read_csv(folder / f"AdventureWorks_Sales_{year}.csv", infer_schema=False)
            for year in (2017, 2018, 2019)
        )
        products = pl.read_csv(folder / "AdventureWorks_Products.csv", infer_schema=False)
        amount = pl.col("OrderQuantity").cast(pl.Float64) * pl.col("ProductPrice").cast(pl.Float64)
        joined = sales.join(products.unique("ProductKey"), on="ProductKey")
        return joined.group_by(sku="ProductKey").agg(revenue=amount.sum()), answers["abc_revenue_by_product"]
    if name.startswith("northwind"):
        lines = pl.read_csv(folder / "order_details.csv")
        return (
            lines.group_by(sku=pl.col("product_id").cast(pl.String)).agg(
                revenue=(pl.col("quantity") * pl.col("unit_price")).sum()
            ),
            answers["abc_by_revenue"],
        )
    if name.startswith("scms"):
        lines = pl.read_csv(
            folder / "SCMS_Delivery_History_Dataset.csv.gz", infer_schema=False, encoding="utf8-lossy"
        )
        value = pl.col("Line Item Value").cast(pl.Float64)
        return lines.group_by(sku="Item Description").agg(revenue=value.sum()), answers["abc_value_by_item"]
    sales = pl.read_csv(folder / "sales.csv").filter(pl.col("warehouse").str.starts_with("US"))
    measure = pl.col("cost_total") if name.endswith("cogs") else pl.col("net_amount")
    key = "abc_us_all_dates_by_cogs_sku" if name.endswith("cogs") else "abc_us_all_dates_by_net_sales_sku"
    return sales.group_by("sku").agg(revenue=measure.sum()), answers[key]


@pytest.mark.parametrize(
    "name",
    [
        "online_retail_ii_2009_2010",
        "adventureworks_sales",
        "northwind_mywind",
        "scms_delivery_history",
        "openbravo_fnb/cogs",
        "openbravo_fnb/net_sales",
    ],
)
def test_class_counts_of_real_ledgers(name: str) -> None:
    """Counts of A, B and C, the total and the first three, as other code counted them."""
    values, expected = ledger_values(name)
    found = classed(values.with_columns(cogs=None, gross_margin=None, units=None))
    positive = found.filter(pl.col("value") > 0)
    assert counts(found) == expected["inclusive"]
    assert positive.height == expected["items_with_positive_value"]
    assert positive["value"].sum() == pytest.approx(expected["total_value"], rel=1e-9)
    assert found["sku"].to_list()[:3] == [sku for sku, _ in expected["top3"]]


@pytest.mark.parametrize(("by", "grain"), [("cogs", "sku"), ("revenue", "sku"), ("revenue", "sku_warehouse")])
def test_classes_of_the_generated_company(by: str, grain: str) -> None:
    """Class counts over its two years, by cogs and by net revenue, per sku and per cell."""
    expected = synthetic.truth()[f"abc_by_{'cogs' if by == 'cogs' else 'net_revenue'}"][grain]
    chosen = settings(abc={"by": by, "grain": grain})
    start = entries(synthetic.ledger(), chosen)
    values = synthetic.cells().lazy().select("sku", "warehouse", "cogs", revenue="net_revenue")
    found = abc(start, values, chosen, period_of(date(2023, 1, 1), date(2024, 12, 31))).collect()
    assert counts(found) == expected["inclusive"]
    assert found["value"].sum() == pytest.approx(expected["total"], rel=1e-9)


def test_classes_of_the_generated_company_follow_its_hidden_demand() -> None:
    """Skus made smooth are mostly found smooth or erratic, those made intermittent or lumpy mostly not smooth."""
    chosen = settings(abc={"bucket": "week"})
    start = entries(synthetic.ledger(), chosen)
    values = synthetic.cells().lazy().select("sku", "warehouse", "cogs")
    found = abc(start, values, chosen, period_of(date(2023, 1, 1), date(2024, 12, 31))).collect()
    made = pl.read_parquet(shared(synthetic.FOLDER) / "truth/items_truth.parquet").select("sku", "class")
    both = found.join(made, on="sku")
    smooth = both.filter(pl.col("class") == "smooth")["pattern"]
    lumpy = both.filter(pl.col("class").is_in(["intermittent", "lumpy"]))["pattern"]
    assert smooth.is_in(["smooth", "erratic"]).mean() >= 0.8
    assert lumpy.is_in(["smooth"]).mean() <= 0.25
