"""A sku explained on the terminal: areas one after the other, each figure with its formula filled in, then the rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from stockturn.config import Settings
from stockturn.i18n import note_text, text
from stockturn.model import Result
from stockturn.output.console_tables import COLOURS, print_table, styled
from stockturn.output.formats import check_finite, shown, text_line
from stockturn.output.phrases import Phrases, with_scopes
from stockturn.schema import Unit

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_SERIES = ("demand", "forecast")
_PAST = ("_previous", "_year_ago")
_LONG_TEXT = 24
_BUCKETS = 12
"""So many past buckets of demand are shown."""

_FIGURE_WIDTH, _VALUE_WIDTH = 26, 22
_ROW_COLUMNS = (
    "warehouse", "date", "kind", "qty", "qty_open", "cost", "revenue", "doc_no", "source_file", "source_sheet",
    "source_row", "unit_cost", "unit_price", "partner", "note", "line_no", "batch",
)  # fmt: skip
_TEXT_UNITS = (Unit.TEXT, Unit.CODE, Unit.DATE, Unit.FLAG)


def show_explain(result: Result, settings: Settings, console: Console, top: int | None = None) -> None:
    """All skus of the result; ``top`` limits the ledger rows of each table."""
    check_finite(result.frame, "explain")
    frame = result.frame
    for sku in frame["sku"].unique(maintain_order=True):
        tables = {name: _of(table, sku) for name, table in result.tables.items()}
        _show_sku(sku, tables, result, settings, console, top)
    say = Phrases(settings.lang)
    others = [name for name in ("points", "plan", "transfers", "order_changes") if name in result.tables]
    named = [name for name in others if result.tables[name].height]
    if named:
        console.print(styled(say("screen_tables", names=say("list_comma").join(named)), "dim"))


def _of(table: pl.DataFrame, sku: str) -> pl.DataFrame:
    return table.filter(pl.col("sku") == sku)


def _show_sku(
    sku: str,
    tables: dict[str, pl.DataFrame],
    result: Result,
    settings: Settings,
    console: Console,
    top: int | None,
) -> None:
    frame, lang = tables["explain"], settings.lang
    names = frame.filter(pl.col("figure") == "name")["value_text"].drop_nulls()
    head = text("explain.head", lang, sku=sku, name=names[0] if len(names) else "")
    console.print(styled(text_line(head), "bold"))
    if result.headline is not None:
        console.print(styled(note_text(result.headline.key, result.headline.params, lang), "dim"))
    for area in frame["area"].unique(maintain_order=True):
        part = _once(frame.filter(pl.col("area") == area))
        console.print()
        console.print(styled(text(f"explain.area_{area}", lang), "bold cyan"))
        if area in _SERIES and part["period"].null_count() < part.height:
            _series(area, part, settings, console)
        elif area == "alerts":
            _alerts(part, settings, console)
        else:
            console.print(_figures(area, part, settings))
        if area == "ageing" and tables.get("layers", frame.clear()).height:
            layers = tables["layers"].drop("sku")
            print_table("layers", layers, settings, console, None, top or settings.report.short_rows)
    if frame.height and "alerts" not in frame["area"] and "item" in frame["area"]:
        console.print(styled(text("explain.no_alerts", lang), "dim"))
    _rows(tables["rows"], settings, console, top)


def _once(part: pl.DataFrame) -> pl.DataFrame:
    """Where a sku lies in one warehouse alone, the figures of the whole are those of that warehouse."""
    houses = part["warehouse"].drop_nulls().n_unique()
    return part.filter(pl.col("warehouse").is_not_null()) if houses == 1 else part


def _figures(area: str, part: pl.DataFrame, settings: Settings) -> Table:
    """Figure, value, how it comes about, rows behind it; warehouse after warehouse."""
    from rich import box
    from rich.table import Table

    say, lang = Phrases(settings.lang), settings.lang
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, expand=True)
    table.add_column(say.label("label"), max_width=_FIGURE_WIDTH, overflow="fold")
    table.add_column(say.label("value_text") if area == "item" else say.label("value"), justify="right",
                     max_width=_VALUE_WIDTH, overflow="fold")  # fmt: skip
    table.add_column(text("explain.how", lang), ratio=1, overflow="fold")
    table.add_column(say.label("rows"), justify="right", no_wrap=True)
    told: set[str] = set()
    past = _past_of(part, settings)
    for house, rows in _by_house(part, settings):
        table.add_row(styled(house, "bold"), "", "", "")
        for row in rows:
            if str(row["figure"]).endswith(_PAST):
                continue
            value, how = _value(row, settings), _how(area, row, told)
            if row["unit"] == Unit.TEXT and len(value) > _LONG_TEXT:
                value, how = "", value
            how = "\n".join(line for line in (how, past.get((row["warehouse"], row["figure"]))) if line)
            missing = row["reason"] is not None and row["filled_in"] is None
            colour = "yellow" if missing else ""
            table.add_row(
                text_line(row["label"]),
                styled(value, ""),
                styled(how, colour),
                shown(row["rows"], Unit.COUNT),
            )
    return table


def _by_house(part: pl.DataFrame, settings: Settings) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The rows of the whole, then of each warehouse."""
    say = Phrases(settings.lang)
    for house in part["warehouse"].unique(maintain_order=True):
        rows = part.filter(pl.col("warehouse").eq_missing(pl.lit(house)))
        name = _place(house, say) or text("explain.all_warehouses", settings.lang)
        yield name, rows.rows(named=True)


def _place(name: str | None, say: Phrases) -> str:
    """A warehouse (or supplier) as people read it."""
    found = with_scopes(pl.DataFrame({"warehouse": [name]}, schema={"warehouse": pl.String}), say).item()
    return text_line(found or "")


def _how(area: str, row: dict[str, Any], told: set[str]) -> str:
    """The formula filled in, and its words where they stand for the first time; why there is nothing where there is."""
    if row["reason"] is not None:
        return str(row["reason"])
    words = [] if area == "item" or row["formula"] in told else [text_line(str(row["formula"]))]
    told.add(row["formula"])
    filled = [f"= {row['filled_in']}"] if row["filled_in"] is not None else []
    return "\n".join([*words, *filled])


def _past_of(part: pl.DataFrame, settings: Settings) -> dict[tuple[str | None, str], str]:
    """What a figure was before and a year ago, in one line."""
    lines: dict[tuple[str | None, str], str] = {}
    for row in part.filter(pl.col("figure").str.contains("_(previous|year_ago)$")).rows(named=True):
        suffix = next(end for end in _PAST if row["figure"].endswith(end))
        key = (row["warehouse"], row["figure"].removesuffix(suffix))
        value = _value(row, settings) or row["reason"] or ""
        said = f"{text(f'explain.past{suffix}', settings.lang)} {value}"
        lines[key] = f"{lines[key]}; {said}" if key in lines else said
    return lines


def _value(row: dict[str, Any], settings: Settings) -> str:
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
    key = {Unit.DAYS: "unit_days", Unit.TIMES: "unit_times", Unit.QTY_PER_DAY: "unit_qty_per_day"}.get(
        measured
    )
    if measured in (Unit.MONEY, Unit.UNIT_MONEY):
        return f"{figure} {settings.ingest.currency}".strip()
    return f"{figure} {text(f'explain.{key}', settings.lang)}" if key else figure


def _series(area: str, part: pl.DataFrame, settings: Settings, console: Console) -> None:
    """Buckets as rows; of the past the last ones."""
    whole = part.filter(pl.col("warehouse").is_null())
    shown_part = whole if whole.height else part
    columns = shown_part["figure"].unique(maintain_order=True).to_list()
    texts = [name for name in ("model", "who", "override_reason") if name in columns]
    keys = ["warehouse", "period"]
    numbers = shown_part.filter(~pl.col("figure").is_in(texts))
    table = numbers.pivot(on="figure", index=keys, values="value", maintain_order=True)
    if texts:
        words = shown_part.filter(pl.col("figure").is_in(texts))
        table = table.join(
            words.pivot(on="figure", index=keys, values="value_text"), on=keys, how="left", nulls_equal=True
        )
    table = table.drop("warehouse") if whole.height else table
    limit = _BUCKETS if area == "demand" else table.height
    table = table.with_columns(pl.col("period").cast(pl.String))
    latest = table.sort("period", maintain_order=True).tail(limit) if area == "demand" else table
    print_table(area, latest, settings, console, None, latest.height)
    if table.height > latest.height:
        earlier = shown(table.height - latest.height, Unit.COUNT)
        console.print(styled(text("explain.more_buckets", settings.lang, n=earlier), "dim"))


def _alerts(part: pl.DataFrame, settings: Settings, console: Console) -> None:
    """Level, rule and message of each alert."""
    say = Phrases(settings.lang)
    for row in part.rows(named=True):
        level = say.code("level", row["value_text"])
        place = _place(row["warehouse"], say)
        money = _value(row, settings)
        line = f"{level}  {row['label']}  {place}  {money}"
        console.print(styled(text_line(line), COLOURS.get(str(row["value_text"]), "")))
        console.print(styled(f"  {text_line(row['formula'])}", ""))


def _rows(rows: pl.DataFrame, settings: Settings, console: Console, top: int | None) -> None:
    """The ledger rows, table by table, the latest first."""
    say, limit = Phrases(settings.lang), top if top is not None else settings.report.short_rows
    for name in rows["table"].unique(maintain_order=True):
        part = rows.filter(pl.col("table") == name)
        count = shown(part.height, Unit.COUNT)
        console.print()
        title = text("explain.rows_behind", settings.lang, table=say.code("table", name), n=count)
        console.print(styled(title, "bold cyan"))
        known = [column for column in _ROW_COLUMNS if part[column].null_count() < part.height]
        print_table("rows", part.select(known), settings, console, limit)
        if part.height > limit:
            left = shown(part.height - limit, Unit.COUNT)
            console.print(styled(text("explain.more_rows", settings.lang, n=left), "dim"))
