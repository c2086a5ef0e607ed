"""A sku explained on the terminal: areas one after the other, each figure with its formula filled in, then the rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from stockturn.config import Settings
from stockturn.i18n import note_text, text
from stockturn.model import Result
from stockturn.output.console_explain_rows import show_ledger_rows
from stockturn.output.console_tables import COLOURS, print_table, styled
from stockturn.output.formats import check_finite, shown, text_line
from stockturn.output.phrases import Phrases, with_scopes
from stockturn.schema import Unit

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_SERIES = ("demand", "forecast")
_PAST = ("_previous", "_year_ago")
_OTHERS = ("points", "plan", "transfers", "order_changes")
_BUCKETS = 12
"""So many past buckets of demand are shown."""

_FIGURE_WIDTH, _VALUE_WIDTH, _DATE_WIDTH = 26, 22, 10
_TEXT_UNITS = (Unit.TEXT, Unit.CODE, Unit.DATE, Unit.FLAG)
_UNIT_WORDS = {Unit.DAYS: "unit_days", Unit.TIMES: "unit_times", Unit.QTY_PER_DAY: "unit_qty_per_day"}


def show_explain(result: Result, settings: Settings, console: Console, top: int | None = None) -> None:
    """All skus of the result; ``top`` limits the ledger rows of each table."""
    check_finite(result.frame, "explain")
    say = Phrases(settings.lang)
    for sku in result.frame["sku"].unique(maintain_order=True):
        tables = {name: table.filter(pl.col("sku") == sku) for name, table in result.tables.items()}
        about = result.screen["about"].row(by_predicate=pl.col("sku") == sku, named=True)
        console.print(styled(text_line(f"{sku} {about['name'] or ''}"), "bold"))
        if result.headline is not None:
            said = note_text(result.headline.key, result.headline.params, settings.lang)
            console.print(styled(said, "dim"))
        _areas(tables, about["unit"] or "", settings, console)
        show_ledger_rows(tables["rows"], settings, console, top)
    named = [name for name in _OTHERS if name in result.tables and result.tables[name].height]
    if named:
        console.print(styled(say("screen_tables", names=say("list_comma").join(named)), "dim"))


def _areas(tables: dict[str, pl.DataFrame], unit: str, settings: Settings, console: Console) -> None:
    frame, lang = tables["explain"], settings.lang
    for area in frame["area"].unique(maintain_order=True):
        part = _once(frame.filter(pl.col("area") == area))
        console.print()
        console.print(styled(text(f"explain.area_{area}", lang), "bold cyan"))
        if area in _SERIES and part["period"].null_count() < part.height:
            _series(area, part, settings, console)
        elif area == "alerts":
            _alerts(part, settings, console)
        elif area == "item":
            console.print(_item(part, settings, unit))
        else:
            console.print(_figures(part, settings, unit))
        if area == "ageing" and tables.get("layers", frame.clear()).height:
            _layers(tables["layers"], settings, console)
    if "alerts" not in frame["area"] and "item" in frame["area"]:
        console.print(styled(text("explain.no_alerts", lang), "dim"))


def _once(part: pl.DataFrame) -> pl.DataFrame:
    """Where a sku lies in one warehouse alone, the figures of the whole are those of that warehouse."""
    houses = part["warehouse"].drop_nulls().n_unique()
    return part.filter(pl.col("warehouse").is_not_null()) if houses == 1 else part


def _item(part: pl.DataFrame, settings: Settings, unit: str) -> Table:
    """What the exports say of the item, or that they do not."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for row in part.rows(named=True):
        value = _value(row, settings, unit) or str(row["reason"] or "")
        colour = "yellow" if row["reason"] is not None else ""
        table.add_row(styled(text_line(row["label"]), "dim"), styled(value, colour))
    return table


def _figures(part: pl.DataFrame, settings: Settings, unit: str) -> Table:
    """Figure, value, how it comes about, rows behind it; warehouse after warehouse."""
    from rich import box
    from rich.table import Table

    say = Phrases(settings.lang)
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, expand=True)
    table.add_column(say.label("label"), max_width=_FIGURE_WIDTH, overflow="fold")
    table.add_column(say.word("value"), justify="right", max_width=_VALUE_WIDTH, overflow="fold")
    table.add_column(text("explain.how", settings.lang), ratio=1, overflow="fold")
    table.add_column(say.label("rows"), justify="right", no_wrap=True)
    told: set[str] = set()
    past = _past_of(part, settings, unit)
    for house, rows in _by_house(part, settings):
        table.add_row(styled(house, "bold"), "", "", "")
        for row in rows:
            if str(row["figure"]).endswith(_PAST):
                continue
            value = _value(row, settings, unit)
            how = _how(row, told, past.get((row["warehouse"], row["figure"]), ""))
            if row["figure"] == "reason" and value:
                value, how = "", styled(value, "")
            label = styled(text_line(row["label"]), "")
            table.add_row(label, styled(value, ""), how, shown(row["rows"], Unit.COUNT))
    return table


def _by_house(part: pl.DataFrame, settings: Settings) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The rows of the whole, then of each warehouse."""
    say = Phrases(settings.lang)
    for house in part["warehouse"].unique(maintain_order=True):
        rows = part.filter(pl.col("warehouse").eq_missing(pl.lit(house)))
        name = _place(house, say) or text("explain.all_warehouses", settings.lang)
        yield name, rows.rows(named=True)


def _place(name: str | None, say: Phrases) -> str:
    """A warehouse, or another text of the data, as people read it."""
    found = with_scopes(pl.DataFrame({"warehouse": [name]}, schema={"warehouse": pl.String}), say).item()
    return text_line(found or "")


def _how(row: dict[str, Any], told: set[str], past: str) -> Text:
    """The formula filled in, its words where they stand for the first time, what it was before; or why it is empty."""
    if row["reason"] is not None:
        return styled(str(row["reason"]), "yellow")
    how = styled("", "")
    lines = [(f"= {row['filled_in']}", "")] if row["filled_in"] is not None else []
    if row["formula"] not in told:
        lines.append((text_line(str(row["formula"])), "dim"))
    told.add(row["formula"])
    for place, (line, style) in enumerate([*lines, *([(past, "dim")] if past else [])]):
        how.append(("\n" if place else "") + line, style)
    return how


def _past_of(part: pl.DataFrame, settings: Settings, unit: str) -> dict[tuple[str | None, str], str]:
    """What a figure was before and a year ago, in one line; why that is not known is said once for each warehouse."""
    lines: dict[tuple[str | None, str], str] = {}
    told = set[tuple[str | None, str]]()
    for row in part.filter(pl.col("figure").str.contains("_(previous|year_ago)$")).rows(named=True):
        suffix = next((end for end in _PAST if row["figure"].endswith(end)), "")
        value, once = _value(row, settings, unit), (row["warehouse"], suffix)
        if not value and once in told:
            continue
        told |= set() if value else {once}
        key = (row["warehouse"], row["figure"].removesuffix(suffix))
        said = f"{text(f'explain.past{suffix}', settings.lang)} {value or row['reason']}"
        lines[key] = f"{lines[key]} · {said}" if key in lines else said
    return lines


def _value(row: dict[str, Any], settings: Settings, unit: str) -> str:
    """A value as people read it, with what it is measured in."""
    say, measured = Phrases(settings.lang), Unit(row["unit"])
    if measured in _TEXT_UNITS:
        found = row["value_text"]
        if found is None:
            return ""
        if measured is Unit.FLAG:
            return say.word("yes" if found == "true" else "no")
        if measured is Unit.CODE:
            return say.code(str(row["figure"]).removeprefix("next_"), found)
        return _place(found, say)
    if row["value"] is None:
        return ""
    figure = shown(row["value"], measured, settings.lang)
    if measured in (Unit.MONEY, Unit.UNIT_MONEY):
        return f"{figure} {settings.ingest.currency}".strip()
    if measured is Unit.QTY:
        return f"{figure} {text_line(unit)}".strip()
    key = _UNIT_WORDS.get(measured)
    return f"{figure} {text(f'explain.{key}', settings.lang)}" if key else figure


def _series(area: str, part: pl.DataFrame, settings: Settings, console: Console) -> None:
    """Buckets as rows; of the past the last ones."""
    from rich import box
    from rich.table import Table

    whole = part.filter(pl.col("warehouse").is_null())
    here = whole if whole.height else part
    for house in here["warehouse"].unique(maintain_order=True):
        rows = here.filter(pl.col("warehouse").eq_missing(pl.lit(house)))
        if house is not None:
            console.print(styled(_place(house, Phrases(settings.lang)), "bold"))
        table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
        table.add_column(Phrases(settings.lang).label("period"), no_wrap=True, min_width=_DATE_WIDTH)
        for label in rows["label"].unique(maintain_order=True):
            table.add_column(styled(label, ""), justify="right", overflow="fold")
        periods = rows["period"].unique(maintain_order=True).sort()
        latest = periods.tail(_BUCKETS) if area == "demand" else periods
        for when in latest:
            cells = [
                _value(row, settings, "") for row in rows.filter(pl.col("period") == when).rows(named=True)
            ]
            table.add_row(str(when), *(styled(cell, "") for cell in cells))
        console.print(table)
        if len(periods) > len(latest):
            left = shown(len(periods) - len(latest), Unit.COUNT)
            console.print(styled(text("explain.more_buckets", settings.lang, n=left), "dim"))


def _layers(layers: pl.DataFrame, settings: Settings, console: Console) -> None:
    """What is left of each inflow, the youngest first."""
    say = Phrases(settings.lang)
    buckets = layers["age_bucket"].unique().to_list()
    words = {bucket: say.label(f"age_{bucket}") for bucket in buckets}
    spoken = layers.drop("sku").with_columns(pl.col("age_bucket").replace(words))
    print_table("layers", spoken, settings, console, None, settings.report.short_rows)


def _alerts(part: pl.DataFrame, settings: Settings, console: Console) -> None:
    """Level, rule, where and money of each alert, and what it says."""
    say = Phrases(settings.lang)
    for row in part.rows(named=True):
        words = [say.code("level", row["value_text"]), row["label"], _place(row["warehouse"], say)]
        line = " · ".join(word for word in (*words, _value(row, settings, "")) if word)
        console.print(styled(text_line(line), COLOURS.get(str(row["value_text"]), "")))
        console.print(styled(f"  {text_line(row['formula'])}", ""))
