"""The invented company: what it sells, from whom, to whom, and what happens to it (``company.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

VARIANT_COST = 1.12
"""A later variant of a product (the larger pot) costs so much more than the one before it."""

VARIANT_RATE = 0.75
"""... and sells so much less often."""

MARKUP = 1.55
"""List price over cost; with the customers' discounts it leaves a gross margin of about 30 %."""


@dataclass(frozen=True)
class Item:
    """One sku. ``rate`` is sales lines a day over both warehouses, ``lot`` the usual units of a line."""

    sku: str
    name: str
    short_name: str
    spec: str
    unit: str
    category: int
    cost: float
    list_price: float
    rate: float
    lot: int
    moq: int
    order_multiple: int
    launched_on: date | None
    discontinued: bool


@dataclass(frozen=True)
class Supplier:
    """Whom goods are bought from; ``promised_days`` is what they confirm, ``mean_days`` what it takes."""

    name: str
    promised_days: int
    mean_days: float
    sd_days: float
    payment_days: int
    min_order_value: int
    rise: float


@dataclass(frozen=True)
class Category:
    """A group of items with one supplier, owner, buyer and team; ``season`` has one factor per month."""

    code: str
    name: str
    supplier: int
    owner: str
    buyer: str
    team: str
    target: float
    cover_days: int
    season: tuple[float, ...]


@dataclass(frozen=True)
class Company:
    """Everything that does not depend on the seed. ``story`` is the table of that name in company.toml."""

    names: dict[str, str]
    brand: str
    warehouses: tuple[str, ...]
    warehouse_share: tuple[float, ...]
    target: float
    customers: tuple[str, ...]
    suppliers: tuple[Supplier, ...]
    categories: tuple[Category, ...]
    items: tuple[Item, ...]
    story: dict[str, Any]

    def supplier_of(self, item: Item) -> Supplier:
        """The one main supplier of an item."""
        return self.suppliers[self.categories[item.category].supplier]

    def index_of(self, sku: str) -> int:
        """The place of a sku in ``items``."""
        return next(place for place, item in enumerate(self.items) if item.sku == sku)


@cache
def company() -> Company:
    """The company of ``company.toml``.

    >>> len(company().items), company().items[0].sku
    (97, '0101001')
    """
    source = resources.files("stockturn.demo") / "company.toml"
    tree = tomllib.loads(source.read_text(encoding="utf-8"))
    story = tree["story"]
    categories = tuple(
        Category(**{**{k: v for k, v in c.items() if k != "products"}, "season": tuple(c["season"])})
        for c in tree["categories"]
    )
    items = tuple(
        _item(place, group["code"], number, product, variant, story)
        for place, group in enumerate(tree["categories"])
        for number, product in enumerate(group["products"], start=1)
        for variant in range(len(product[2]))
    )
    return Company(
        names={"zh": tree["company_zh"], "en": tree["company_en"]},
        brand=tree["brand"],
        warehouses=tuple(tree["warehouses"]),
        warehouse_share=tuple(tree["warehouse_share"]),
        target=tree["target"],
        customers=tuple(tree["customers"]),
        suppliers=tuple(Supplier(**supplier) for supplier in tree["suppliers"]),
        categories=categories,
        items=items,
        story=story,
    )


def _item(
    category: int, code: str, number: int, product: list[Any], variant: int, story: dict[str, Any]
) -> Item:
    zh, en, variants, unit, first_cost, first_rate, lot = product
    sku = f"{code}{number:02d}{variant + 1:03d}"
    cost = round(first_cost * VARIANT_COST**variant, 2)
    pack = next(size for size in (50, 24, 12, 6, 2) if size <= max(lot / 2, 2))
    return Item(
        sku=sku,
        name=f"{zh} {en}",
        short_name=zh,
        spec=variants[variant],
        unit=unit,
        category=category,
        cost=cost,
        list_price=round(cost * MARKUP, 1),
        rate=first_rate * VARIANT_RATE**variant,
        lot=lot,
        moq=pack * 2,
        order_multiple=pack,
        launched_on=next((launch["on"] for launch in story["launches"] if launch["sku"] == sku), None),
        discontinued=sku in story["discontinued"],
    )
