"""One ledger has one currency: what is in another is brought to it by a rate, or refused row by row."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from stockturn.config.ingest import IngestSettings
from stockturn.sources.captions import Vocabulary
from stockturn.sources.fields import MONEY
from stockturn.sources.parts import Said

_SHARED = {"$": ("USD", "HKD", "TWD", "AUD", "CAD", "SGD"), "¥": ("CNY", "JPY")}
"""Signs of several currencies: the ledger's own is meant where it is one of them."""

_SIGN = r"(?i)(CNY|RMB|USD|EUR|GBP|JPY|HKD|TWD|NTD|CHF|VND|NT\$|HK\$|US\$|[¥€$£￥₫])"


def in_ledger_currency(
    frame: pl.DataFrame, settings: IngestSettings, words: Vocabulary
) -> tuple[pl.DataFrame, pl.DataFrame, list[Said]]:
    """Rows whose amounts are in the ledger's currency or brought to it by ``rates``, those that are not, and notes.

    Where no currency of the ledger is set, nothing can be in another: a sheet with several is read as it stands, and
    that its amounts cannot be added is said. One unknown sign alone is believed to be the ledger's currency under
    another name.
    """
    money = [name for name in MONEY if name in frame.columns]
    if "currency" not in frame.columns or not money:
        return frame, frame.clear(), []
    rates = {_code(name, words, ""): rate for name, rate in settings.rates.items()}
    home = _code(settings.currency, words, "")
    codes = _codes(frame["currency"], words, home)
    found = codes.drop_nulls().value_counts(sort=True)["currency"].to_list()
    if not home and len(found) > 1 and not rates:
        return frame, frame.clear(), [("currencies_mixed", {"found": ", ".join(sorted(found))})]
    if not home and len(own := [code for code in found if code not in rates]) == 1:
        home = own[0]
    strangers = [code for code in found if code not in words.currencies.values()]
    alone = len(found) == 1 and bool(strangers)
    if not found or found == [home] or (not rates and (not home or alone)):
        return frame, frame.clear(), []
    rate = codes.replace_strict({home: 1.0, **rates}, default=None, return_dtype=pl.Float64)
    rated = frame.with_columns(codes, pl.when(codes.is_null()).then(1.0).otherwise(rate).alias("_rate"))
    known = rated.filter(pl.col("_rate").is_not_null()).with_columns(
        pl.col(name) * pl.col("_rate") for name in money
    )
    told = pl.when(pl.col("currency").is_not_null()).then(pl.lit(settings.currency or home)).alias("currency")
    other = rated.filter(pl.col("_rate").is_null()).drop("_rate")
    return known.with_columns(told).drop("_rate"), other, []


def signs_of(cells: Mapping[str, pl.Series]) -> pl.Series | None:
    """The currency that stands in the amounts of each row (CNY 3,640.00, $12), or None where none does."""
    texts = [series for name, series in cells.items() if name in MONEY and series.dtype == pl.String]
    signs = [series.str.extract(_SIGN, 1).alias("currency") for series in texts]
    signs = [series for series in signs if series.null_count() < len(series)]
    if not signs:
        return None
    return pl.select(pl.coalesce([pl.lit(series) for series in signs]).alias("currency")).to_series()


def _codes(column: pl.Series, words: Vocabulary, home: str) -> pl.Series:
    distinct = column.drop_nulls().unique().to_list()
    table = {text: _code(text, words, home) for text in distinct}
    return column.replace_strict(
        list(table), list(table.values()), default=None, return_dtype=pl.String
    ).alias("currency")


def _code(text: str, words: Vocabulary, home: str) -> str:
    """The three letters of a currency where they are known, else the text as it stands, in capitals."""
    plain = text.strip().replace("￥", "¥").lower()
    if home in _SHARED.get(plain, ()):
        return home
    return words.currencies.get(plain, plain.upper())
