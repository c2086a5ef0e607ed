"""A frame as a table that fits the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from stockturn.config import Settings
from stockturn.output.formats import (
    check_finite,
    decimals_of,
    is_number,
    money_column,
    shown,
    text_line,
    unit_of,
    width,
)
from stockturn.output.phrases import Phrases, spoken
from stockturn.output.sheets.context import STATUS_LEVELS, STATUS_ORDER
from stockturn.schema import Unit

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

FIRST: Mapping[str, tuple[str, ...]] = {
    "turnover": (
        "turnover",
        "target",
        "achievement",
        "year_line",
        "dio_days",
        "avg_inventory",
        "cogs",
        "excess_capital",
        "stockout_rate",
        "gmroi",
        "gross_margin",
        "reason_code",
        "estimated",
    ),
    "trend": ("month", "turnover", "target", "dio_days", "avg_inventory", "cogs"),
    "bridge": ("change", "mix", "rate", "idle", "dio_days", "dio_days_previous", "share", "share_previous"),
    "abc": (
        "sku",
        "name",
        "abc",
        "xyz",
        "value",
        "share",
        "cum_share",
        "pattern",
        "fsn",
        "previous_abc",
        "cv",
    ),
    "deadstock": (
        "sku",
        "name",
        "warehouse",
        "status",
        "value",
        "on_hand",
        "days_since_sale",
        "cover_days",
        "action",
        "owner",
        "provision",
        "excess_value",
    ),
    "sheets": (
        "file",
        "sheet",
        "table",
        "rows_read",
        "accepted",
        "refused",
        "skipped",
        "profile",
        "confidence",
        "date_min",
        "date_max",
        "reason",
    ),
    "reorder": (
        "sku",
        "name",
        "warehouse",
        "action",
        "suggested_qty",
        "order_value",
        "position",
        "order_up_to",
        "cover_days",
        "order_by",
        "supplier",
        "reason",
    ),
    "refused": ("file", "row", "column", "found", "reason", "expected", "sheet"),
    "differences": (
        "sku",
        "warehouse",
        "as_of",
        "book_qty",
        "counted_qty",
        "difference_qty",
        "difference_value",
    ),
}
"""Columns of each result that come first on a screen; what does not fit is named below the table."""

COLOURS = {"good": "green", "info": "cyan", "warning": "yellow", "critical": "red"}
LIGHTS = {"good": "●", "warning": "▲", "critical": "▼"}
_TEXT_WIDTH = 28
_PATH_WIDTH = 36
_HEADER_WIDTH = 9
_WIDTHS = {"reason": 60, "message": 60, "file": _PATH_WIDTH}


def print_table(
    name: str,
    frame: pl.DataFrame,
    settings: Settings,
    console: Console,
    top: int | None = None,
    limit: int | None = None,
    total: pl.DataFrame | None = None,
    names: pl.DataFrame | None = None,
) -> None:
    """A frame as a table that fits the terminal; says how many rows and columns it leaves out. ``total`` is a last
    row for people, ``names`` (sku, name) what a sku without its name is called."""
    check_finite(frame, name)
    frame = _with_names(frame, names)
    say = Phrases(settings.lang)
    limit = limit or (top if top is not None else settings.report.screen_rows)
    raw = frame.head(limit)
    if total is not None:
        raw = pl.concat([raw, total], how="diagonal")
    rows = spoken(raw, say)
    columns = ordered(name, frame.columns)
    cells = {column: cells_of(rows[column], column, settings.lang) for column in columns}
    if "achievement" in cells:
        levels = [level_of("achievement", value, settings) for value in raw["achievement"]]
        cells["achievement"] = [
            f"{cell} {LIGHTS[level]}" if level in LIGHTS else cell
            for cell, level in zip(cells["achievement"], levels, strict=True)
        ]
    fitting = _fitting(columns, cells, say, console.width)
    console.print(_rich_table(fitting, cells, raw, settings))
    if frame.height > limit and top is None:
        console.print(styled(say("screen_more", n=shown(frame.height - limit, Unit.COUNT)), "dim"))
    if len(fitting) < len(columns):
        console.print(styled(say("columns_hidden", n=len(columns) - len(fitting)), "dim"))


def _with_names(frame: pl.DataFrame, names: pl.DataFrame | None) -> pl.DataFrame:
    """The name of each item beside its code."""
    if names is None or names.is_empty() or "sku" not in frame.columns or "name" in frame.columns:
        return frame
    named = frame.join(names, on="sku", how="left", maintain_order="left")
    at = frame.columns.index("sku") + 1
    return named.select(*frame.columns[:at], "name", *frame.columns[at:])


def ordered(name: str, columns: Sequence[str]) -> list[str]:
    """Dimensions first, then the columns that matter on a screen, then the rest."""
    first = [column for column in FIRST.get(name, ()) if column in columns]
    dimensions = []
    for column in columns:
        if column in first or is_number(unit_of(column)):
            break
        dimensions.append(column)
    rest = [column for column in columns if column not in first and column not in dimensions]
    return [*dimensions, *first, *rest]


def cells_of(values: pl.Series, name: str, lang: str) -> list[str]:
    """The texts of a column; of a path the end is kept, where the file is named."""
    unit = unit_of(name)
    if unit is Unit.MONEY:
        return money_column(values.to_list(), lang)
    decimals = decimals_of(unit, values) if unit is Unit.QTY else None
    texts = [text_line(shown(value, unit, lang, True, decimals)) for value in values.to_list()]
    return [_tail(text, _PATH_WIDTH) for text in texts] if name == "file" else texts


def _tail(text: str, room: int) -> str:
    if width(text) <= room:
        return text
    while width(text) > room - 1:
        text = text[1:]
    return "…" + text


def to_do(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The rows with something to do, the most money first, and how many have nothing."""
    if "action" not in frame.columns:
        return frame, 0
    rows = frame.filter(pl.col("action") != "none")
    by = [name for name in ("order_value", "suggested_qty") if name in frame.columns]
    ranked = rows.sort(by, descending=True, nulls_last=True, maintain_order=True) if by else rows
    return ranked, frame.height - rows.height


def status_lines(frame: pl.DataFrame, settings: Settings) -> Table:
    """Dead stock in a few lines: cells, value and share of each status."""
    from rich.table import Table

    say = Phrases(settings.lang)
    grid = Table.grid(padding=(0, 2))
    for justify in ("left", "right", "right", "right"):
        grid.add_column(justify=justify)
    if frame.height == 0 or not {"status", "value"} <= set(frame.columns):
        return grid
    total = float(frame["value"].sum() or 0.0)
    sums = frame.group_by("status").agg(pl.len().alias("cells"), pl.col("value").sum())
    found = {row["status"]: row for row in sums.iter_rows(named=True)}
    for status in STATUS_ORDER:
        if status in found:
            row = found[status]
            share = shown(row["value"] / total, Unit.SHARE) if total else ""
            cells = shown(row["cells"], Unit.COUNT)
            value = shown(row["value"], Unit.MONEY, say.lang, compact=True)
            colour = COLOURS.get(STATUS_LEVELS.get(status, ""), "")
            words = (say.code("status", status), cells, value, share)
            grid.add_row(*(styled(word, colour) for word in words))
    return grid


def _fitting(columns: list[str], cells: Mapping[str, list[str]], say: Phrases, room: int) -> list[str]:
    """The columns that fit, the first ones first; the last of them may be a text that takes what is left."""
    used, fitting = 1, list[str]()
    for column in columns:
        needed = _room(column, cells[column], say) + 3
        if fitting and used + needed > room:
            break
        used += needed
        fitting.append(column)
    return fitting


def _room(column: str, cells: Sequence[str], say: Phrases) -> int:
    """Width of a column: its widest cell, or the longest word of its header."""
    widest = max((width(cell) for cell in cells), default=0)
    if not is_number(unit_of(column)):
        widest = min(_WIDTHS.get(column, _TEXT_WIDTH), widest)
    label = say.label(column)
    return max(widest, min(width(label), _HEADER_WIDTH), *(width(word) for word in label.split(" ")))


def _header(label: str, room: int) -> str:
    """A header in as many lines as its column needs: figures must not wrap, their header may."""
    lines = [""]
    for word in label.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def _rich_table(
    columns: list[str], cells: Mapping[str, list[str]], raw: pl.DataFrame, settings: Settings
) -> Table:
    from rich import box
    from rich.table import Table

    say = Phrases(settings.lang)
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in columns:
        room = _room(column, cells[column], say)
        table.add_column(
            styled(_header(say.label(column), room), ""),
            justify="right" if is_number(unit_of(column)) else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=room,
            vertical="top",
        )
    for place in range(raw.height):
        row: list[RenderableType] = []
        for column in columns:
            level = level_of(column, raw[column][place], settings)
            row.append(styled(cells[column][place], COLOURS.get(level or "", "")))
        table.add_row(*row)
    return table


def level_of(column: str, value: object, settings: Settings) -> str | None:
    """What a value says by itself: achievement, stockout rate and status have a light."""
    report = settings.report
    if column == "achievement" and isinstance(value, float):
        return "good" if value >= report.green else "warning" if value >= report.amber else "critical"
    if column == "stockout_rate" and isinstance(value, float):
        limit = report.stockout_limit
        return "good" if value <= limit else "warning" if value <= limit / report.amber else "critical"
    if column == "status" and isinstance(value, str):
        return STATUS_LEVELS.get(value)
    return None


def styled(words: str, style: str) -> Text:
    """Words as they are: never read as markup."""
    from rich.text import Text

    return Text(words, style=style)
