"""A sku explained on the terminal: areas one after the other, each figure with its formula filled in, then the rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from stockturn.config import Settings
from stockturn.i18n import note_text, text
from stockturn.model import Result
from stockturn.output.console_explain_rows import FEW, NARROW, print_lines, show_ledger_rows
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
    """All skus of the result; ``top`` limits the ledger rows of each table.

    Of the frames in ``result.screen``, ``brief`` has the figures that are shown where not all are, ``overview`` those asked
    first of each warehouse.
    """
    check_finite(result.frame, "explain")
    say = Phrases(settings.lang)
    for sku in result.screen["about"]["sku"]:
        this = pl.col("sku") == sku
        tables = {name: table.filter(this) for name, table in result.tables.items()}
        screen = {name: frame.filter(this) for name, frame in result.screen.items()}
        about = screen["about"].row(0, named=True)
        console.print(styled(text_line(f"{sku} {about['name'] or ''}").rstrip(), "bold"))
        if result.headline is not None:
            said = note_text(result.headline.key, result.headline.params, settings.lang)
            console.print(styled(said, "dim"))
        unit, figures = about["unit"] or "", screen.get("brief", tables["explain"])
        if screen.get("overview", figures.clear()).height:
            _overview(screen["overview"], settings, console)
        if left := tables["explain"].height - figures.height:
            n = shown(left, Unit.COUNT)
            console.print(styled(text("explain.more_figures", settings.lang, n=n), "dim"))
        _areas(figures, tables, unit, settings, console)
        if about["alerts_asked"] and "alerts" not in figures["area"]:
            console.print(styled(text("explain.no_alerts", settings.lang), "dim"))
        show_ledger_rows(tables["rows"], settings, console, FEW if top is None else top)
    named = [name for name in _OTHERS if name in result.tables and result.tables[name].height]
    if named:
        console.print(styled(say("screen_tables", names=say("list_comma").join(named)), "dim"))


def _overview(figures: pl.DataFrame, settings: Settings, console: Console) -> None:
    """What is asked first of each warehouse, one line each."""
    from rich import box
    from rich.table import Table

    say, limit = Phrases(settings.lang), settings.report.short_rows
    columns = figures.select("area", "figure", "label", "unit").unique(
        ["area", "figure"], maintain_order=True
    )
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column(say.label("warehouse"), overflow="fold")
    for _, _, label, measured in columns.rows():
        textual = Unit(measured) in _TEXT_UNITS
        table.add_column(styled(label, ""), justify="left" if textual else "right", overflow="fold")
    houses = figures["warehouse"].unique(maintain_order=True)
    for house in houses.head(limit + 1):
        here = figures.filter(pl.col("warehouse").eq_missing(pl.lit(house)))
        found = {(row["area"], row["figure"]): _bare(row, settings) for row in here.rows(named=True)}
        cells = [found.get((area, name), "") for area, name, _, _ in columns.rows()]
        name = _place(house, say) or text("explain.all_warehouses", settings.lang)
        if console.width < NARROW:
            said = (f"{label} {cell}" for label, cell in zip(columns["label"], cells, strict=True) if cell)
            print_lines((name,), (styled(" · ".join(said), ""),), console)
        else:
            table.add_row(*(styled(cell, "") for cell in (name, *cells)))
    if table.row_count:
        console.print(table)
    if (left := len(houses) - limit - 1) > 0:
        n = shown(left, Unit.COUNT)
        console.print(styled(text("explain.more_warehouses", settings.lang, n=n), "dim"))


def _areas(
    frame: pl.DataFrame,
    tables: dict[str, pl.DataFrame],
    unit: str,
    settings: Settings,
    console: Console,
) -> None:
    lang = settings.lang
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
            _figures(part, settings, unit, console)
        if area == "ageing" and tables.get("layers", frame.clear()).height:
            show_layers(tables["layers"].drop("sku"), settings, console)


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


def _figures(part: pl.DataFrame, settings: Settings, unit: str, console: Console) -> None:
    """Figure, value, how it comes about, rows behind it; warehouse after warehouse."""
    from rich import box
    from rich.table import Table

    say, narrow = Phrases(settings.lang), console.width < NARROW
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, expand=True)
    table.add_column(say.label("label"), max_width=_FIGURE_WIDTH, overflow="fold")
    table.add_column(say.word("value"), justify="right", max_width=_VALUE_WIDTH, overflow="fold")
    table.add_column(text("explain.how", settings.lang), ratio=1, overflow="fold")
    table.add_column(say.label("rows"), justify="right", no_wrap=True)
    for house, rows in _by_house(part, settings, unit):
        if narrow:
            console.print(styled(house, "bold"))
        else:
            table.add_row(styled(house, "bold"), "", "", "")
        for label, value, how, behind in rows:
            if narrow:
                print_lines((f"{label}  {value}".rstrip(), f"{say.label('rows')} {behind}"), (how,), console)
            else:
                table.add_row(styled(label, ""), styled(value, ""), how, behind)
    if not narrow:
        console.print(table)


def _by_house(
    part: pl.DataFrame, settings: Settings, unit: str
) -> Iterator[tuple[str, list[tuple[str, str, Text, str]]]]:
    """Label, value, how, number of rows: those of the whole, then of each warehouse."""
    say, told = Phrases(settings.lang), set[str]()
    past = _past_of(part, settings, unit)
    for house in part["warehouse"].unique(maintain_order=True):
        lines = []
        for row in part.filter(pl.col("warehouse").eq_missing(pl.lit(house))).rows(named=True):
            if str(row["figure"]).endswith(_PAST):
                continue
            value = _value(row, settings, unit)
            how = _how(row, told, past.get((row["warehouse"], row["figure"]), ""))
            if row["figure"] == "reason" and value:
                value, how = "", styled(value, "")
            lines.append((text_line(row["label"]), value, how, shown(row["rows"], Unit.COUNT)))
        yield _place(house, say) or text("explain.all_warehouses", settings.lang), lines


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
    figure, measured = _bare(row, settings), Unit(row["unit"])
    if not figure:
        return ""
    if measured in (Unit.MONEY, Unit.UNIT_MONEY):
        return f"{figure} {settings.ingest.currency}".strip()
    if measured is Unit.QTY:
        return f"{figure} {text_line(unit)}".strip()
    key = _UNIT_WORDS.get(measured)
    return f"{figure} {text(f'explain.{key}', settings.lang)}" if key else figure


def _bare(row: dict[str, Any], settings: Settings) -> str:
    """A value as people read it, without what it is measured in; empty where there is none."""
    say, measured, found = Phrases(settings.lang), Unit(row["unit"]), row["value_text"]
    if measured not in _TEXT_UNITS:
        return shown(row["value"], measured, settings.lang) if row["value"] is not None else ""
    if found is None:
        return ""
    if measured is Unit.FLAG:
        return say.word("yes" if found == "true" else "no")
    if measured is Unit.CODE:
        return say.code(str(row["figure"]).removeprefix("next_"), found)
    return _place(found, say)


def _series(area: str, part: pl.DataFrame, settings: Settings, console: Console) -> None:
    """Buckets as rows, warehouse after warehouse; of the past the last ones."""
    say = Phrases(settings.lang)
    for house in part["warehouse"].unique(maintain_order=True):
        rows = part.filter(pl.col("warehouse").eq_missing(pl.lit(house)))
        if part["warehouse"].n_unique() > 1 or house is not None:
            name = _place(house, say) or text("explain.all_warehouses", settings.lang)
            console.print(styled(name, "bold"))
        periods = rows["period"].unique(maintain_order=True).sort()
        latest = periods.tail(_BUCKETS) if area == "demand" else periods
        _buckets(rows, latest, settings, console)
        if len(periods) > len(latest):
            left = shown(len(periods) - len(latest), Unit.COUNT)
            console.print(styled(text("explain.more_buckets", settings.lang, n=left), "dim"))


def _buckets(rows: pl.DataFrame, periods: pl.Series, settings: Settings, console: Console) -> None:
    """One bucket a row, its figures in columns."""
    from rich import box
    from rich.table import Table

    labels = rows["label"].unique(maintain_order=True).to_list()
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column(Phrases(settings.lang).label("period"), no_wrap=True, min_width=_DATE_WIDTH)
    for label in labels:
        table.add_column(styled(label, ""), justify="right", overflow="fold")
    for when in periods:
        here = rows.filter(pl.col("period") == when)
        found = {row["label"]: _value(row, settings, "") for row in here.rows(named=True)}
        cells = [found.get(label, "") for label in labels]
        if console.width < NARROW:
            said = (f"{label} {cell}" for label, cell in zip(labels, cells, strict=True) if cell)
            print_lines((str(when), *said), (), console)
        else:
            table.add_row(str(when), *(styled(cell, "") for cell in cells))
    if table.row_count:
        console.print(table)


def show_layers(layers: pl.DataFrame, settings: Settings, console: Console, top: int | None = None) -> None:
    """What is left of each inflow, the youngest first."""
    say = Phrases(settings.lang)
    buckets = layers["age_bucket"].unique().to_list()
    words = {bucket: say.label(f"age_{bucket}") for bucket in buckets}
    spoken = layers.with_columns(pl.col("age_bucket").replace(words))
    print_table("layers", spoken, settings, console, top, settings.report.short_rows)


def _alerts(part: pl.DataFrame, settings: Settings, console: Console) -> None:
    """Level, rule, where and money of each alert, and what it says."""
    say = Phrases(settings.lang)
    for row in part.rows(named=True):
        words = [say.code("level", row["value_text"]), row["label"], _place(row["warehouse"], say)]
        line = " · ".join(word for word in (*words, _value(row, settings, "")) if word)
        console.print(styled(text_line(line), COLOURS.get(str(row["value_text"]), "")))
        console.print(styled(f"  {text_line(row['formula'])}", ""))
