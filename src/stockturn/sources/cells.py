"""From text to values, a column at a time: the plain cast first, the repairs only on the cells that need them.

Nothing is guessed: a cell that could be read in two ways stays null and carries the code of its reason.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from stockturn.sources.grid import as_text

SPACES = " \t\r\n\u00a0\u3000\ufeff\u200b\u200e"
EMPTY = (
    "",
    "-",
    "—",
    "–",
    "--",
    "#N/A",
    "#VALUE!",
    "#REF!",
    "#DIV/0!",
    "#NAME?",
    "#NULL!",
    "#NUM!",
    "N/A",
    "n/a",
    "NA",
    "null",
    "NULL",
    "None",
    "nan",
    "NaN",
    "NaT",
    "not stocked",
)
"""What stands for "nothing" in exports."""

_DASHES = "－‐‑‒–−"
_CURRENCY = r"(?i)(CNY|RMB|USD|EUR|GBP|JPY|HKD|TWD|NTD|CHF|VND|[¥$€£￥₫]|NT\$)"
_TEN_THOUSAND = 10_000.0


def clean(series: pl.Series) -> pl.Series:
    """Text without the space around it; what stands for nothing is null. Typed columns pass unchanged."""
    if series.dtype != pl.String:
        return series
    stripped = series.str.strip_chars(SPACES)
    return stripped.set(stripped.is_in(list(EMPTY)), None) if stripped.is_in(list(EMPTY)).any() else stripped


def text_of(series: pl.Series) -> pl.Series:
    """Any column as cleaned text."""
    if series.dtype == pl.String:
        return clean(series)
    return series.to_frame().select(as_text(series.name, series.dtype))[series.name]


@dataclass(frozen=True)
class Typed:
    """Values, and for the cells that could not be read the code of the reason (null elsewhere)."""

    values: pl.Series
    problem: pl.Series
    note: str | None = None
    unit: pl.Series | None = None


def _no_problem(length: int) -> pl.Series:
    return pl.repeat(None, length, dtype=pl.String, eager=True)


# ---------------------------------------------------------------------------------------------- identifiers


def identifiers(series: pl.Series) -> Typed:
    """Codes stay text. Repaired where it is certain: space and tab around them, ``="0101"``, a leading
    apostrophe, full-width letters and dashes, and ``.0`` where every code of the column is a whole number.

    ``note`` is ``ids_trailing_zero`` where ``.0`` was cut off, ``ids_exponent`` where codes like 6.9E+12 are
    left as they are because digits are lost.

    >>> identifiers(pl.Series(["00123", '="0101"', "Ａ－1"])).values.to_list()
    ['00123', '0101', 'A-1']
    """
    if series.dtype != pl.String:
        return Typed(text_of(series), _no_problem(len(series)))
    text = clean(series)
    if text.str.contains(r"^(=\"|')").any():
        text = clean(text.str.replace(r'^="(.*)"$', "$1").str.replace(r"^'", ""))
    if (text.str.len_bytes() != text.str.len_chars()).any():
        text = clean(text.str.normalize("NFKC").str.replace_all(f"[{_DASHES}]", "-"))
    note = None
    known = text.drop_nulls()
    if len(known) and known.str.ends_with(".0").any() and known.str.contains(r"^\d+(\.0)?$").all():
        text, note = text.str.replace(r"\.0$", ""), "ids_trailing_zero"
    elif len(known) and known.str.contains(r"^\d(\.\d+)?[eE]\+\d+$").any():
        note = "ids_exponent"
    return Typed(text, _no_problem(len(text)), note)


# -------------------------------------------------------------------------------------------------- numbers


def decimal_of(columns: list[pl.Series], separator: str | None = None) -> str:
    """The decimal sign of a sheet, from all its number columns: ".", "," or "?" (evidence for both, or for
    neither in a file whose separator leaves the comma free).

    ``12,5`` or ``1.234,50`` speak for the comma, ``12.5`` or ``1,234.50`` for the point; ``1,234`` and
    ``1.234`` alone say nothing.
    """
    texts = [column.drop_nulls() for column in columns if column.dtype == pl.String]
    failing = [text.filter(text.cast(pl.Float64, strict=False).is_null()) for text in texts]
    joined = pl.concat([_bare(text) for text in failing]) if failing else pl.Series([], dtype=pl.String)
    comma = joined.str.contains(r"\d,(\d{1,2}|\d{4,})$|\.\d{3},\d+$").any()
    if not comma:
        doubtful = separator == ";" and joined.str.contains(r"^\d{1,3},\d{3}$").any()
        return "?" if doubtful else "."
    all_cells = pl.concat([_bare(text) for text in texts])
    point = all_cells.str.contains(r"(^|\d)\.(\d{1,2}|\d{4,})$|,\d{3}\.\d+$").any()
    return "?" if point else ","


def numbers(series: pl.Series, decimal: str = ".") -> Typed:
    """Numbers: ``1,234.50``, ``1.234,50`` (by ``decimal``), ``(12)``, ``12-``, ``¥1,200``, ``12 箱``, ``13%``,
    full-width digits, ``1.5万``. The unit of ``12 箱`` comes back in ``unit``.

    >>> numbers(pl.Series(["1,234.50", "(12)", "12-", "¥1,200", "12 箱", "13%"])).values.to_list()
    [1234.5, -12.0, -12.0, 1200.0, 12.0, 0.13]
    """
    if series.dtype != pl.String:
        values = series.cast(pl.Float64, strict=False) if series.dtype.is_numeric() else None
        if values is None:
            empty = pl.repeat(None, len(series), dtype=pl.Float64, eager=True)
            return Typed(empty, _flag(series.is_not_null(), "not_a_number"))
        return Typed(values, _no_problem(len(series)))
    text = clean(series)
    values = text.cast(pl.Float64, strict=False)
    odd = text.is_not_null() & (values.is_null() | ~values.is_finite())
    again = text.is_not_null() if decimal != "." else odd
    if not again.any():
        return Typed(values, _no_problem(len(text)))
    where = again.arg_true()
    repaired = _repaired(text.gather(where), decimal)
    values = values.scatter(where, repaired["value"])
    problem = _no_problem(len(text)).scatter(where, repaired["problem"])
    unit = _no_problem(len(text)).scatter(where, repaired["unit"])
    return Typed(values, problem, unit=unit if unit.null_count() < len(unit) else None)


def _bare(text: pl.Series) -> pl.Series:
    """Digits and separators of a number, without sign, currency, unit and brackets."""
    return (
        text.str.normalize("NFKC")
        .str.replace_all(_CURRENCY, "")
        .str.replace_all(r"[\s'()+%\-]", "")
        .str.replace(r"^([\d.,]+)[^\d.,]+$", "$1")
        .fill_null("")
    )


def _repaired(text: pl.Series, decimal: str) -> pl.DataFrame:
    x = pl.col("x")
    plain = (
        x.str.normalize("NFKC")
        .str.replace_all(f"[{_DASHES}—]", "-")
        .str.replace_all(_CURRENCY, "")
        .str.strip_chars()
    )
    frame = pl.DataFrame({"x": text}).with_columns(plain.alias("x"))
    frame = frame.with_columns(
        (x.str.contains(r"^\(.*\)$|^-|-$")).alias("negative"),
        x.str.ends_with("%").alias("percent"),
        x.str.extract(r"^[-+(]?\s*[\d.,']*\d\)?\s*([^\d\s.,()%'+-][^\d.,()%'+-]{0,7})\)?$")
        .str.strip_chars()
        .alias("unit"),
        x.str.replace_all(r"[\s'()+%\-]", "")
        .str.replace(r"^([\d.,]*\d[.]?)[^\d.,]{1,8}$", "$1")
        .alias("bare"),
        x.str.contains(r"^[-+(]?\s*[\d.,'\s]+\s*[^\d.,]*[)-]?%?$").alias("shaped"),
    )
    point = pl.col("bare").str.contains(r"^\d{1,3}(,\d{3})+(\.\d*)?$|^\d+(\.\d*)?$|^\.\d+$")
    comma = pl.col("bare").str.contains(r"^\d{1,3}(\.\d{3})+(,\d*)?$|^\d+(,\d*)?$|^,\d+$")
    as_point = pl.col("bare").str.replace_all(",", "").cast(pl.Float64, strict=False)
    as_comma = pl.col("bare").str.replace_all(r"\.", "").str.replace(",", ".").cast(pl.Float64, strict=False)
    exponent = pl.when(x.str.contains(r"^[-+]?[\d.]+[eE][-+]?\d+$")).then(x.cast(pl.Float64, strict=False))
    ambiguous = pl.col("bare").str.contains(r"^\d{1,3}[.,]\d{3}$")
    by_point = pl.when(point).then(as_point)
    by_comma = pl.when(comma).then(as_comma)
    value = {
        ".": by_point,
        ",": pl.coalesce(by_comma, by_point),
        "?": pl.when(~ambiguous).then(pl.coalesce(by_point, by_comma)),
    }[decimal]
    scale = (
        pl.when(pl.col("percent"))
        .then(0.01)
        .when(pl.col("unit").str.starts_with("万"))
        .then(_TEN_THOUSAND)
        .otherwise(1.0)
    )
    sign = pl.when(pl.col("negative")).then(-1.0).otherwise(1.0)
    shaped = pl.when(pl.col("shaped")).then(value)
    # 13 % as 13 / 100: multiplying by 0.01 would give 0.13000000000000003 for some
    scaled = pl.when(pl.col("percent")).then(shaped / 100).otherwise(shaped * scale)
    # an exponent carries its sign itself
    frame = frame.with_columns(pl.coalesce(exponent, scaled * sign).alias("value"))
    code = (
        pl.when(ambiguous & (decimal == "?"))
        .then(pl.lit("decimal_unclear"))
        .otherwise(pl.lit("not_a_number"))
    )
    return frame.select(
        pl.when(pl.col("value").is_finite()).then(pl.col("value")).alias("value"),
        pl.when(pl.col("value").is_null() | ~pl.col("value").is_finite()).then(code).alias("problem"),
        pl.when(pl.col("value").is_not_null() & ~pl.col("unit").str.starts_with("万"))
        .then("unit")
        .alias("unit"),
    )


def _flag(mask: pl.Series, code: str) -> pl.Series:
    return pl.select(pl.when(mask).then(pl.lit(code)).otherwise(pl.lit(None, dtype=pl.String))).to_series()
