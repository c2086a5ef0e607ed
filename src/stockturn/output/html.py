"""The page: one file that works without a network, on a phone and on paper, in light and in dark."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import polars as pl

from stockturn.config import Settings
from stockturn.model import Block, Report, Tile
from stockturn.output.charts import draw, spark
from stockturn.output.files import replacing
from stockturn.output.formats import (
    Cell,
    block_decimals,
    check_finite,
    is_number,
    shown,
    text_cell,
    unit_of,
    width,
)
from stockturn.output.phrases import Phrases
from stockturn.output.tiles import Line, light_text, lines, value_text
from stockturn.schema import Unit

_HEATS = 5
"""Steps of colour in a heat map."""

_CODE_WIDTH, _NAME_WIDTH = 20, 36
"""Text up to the first is a code; where half of the texts are longer than the second, they are sentences."""


@dataclass(frozen=True)
class ShownCell:
    """A cell of the page: what is read, what it sorts by, and how it looks."""

    text: str
    sort: str | None
    css: str
    bar: int | None = None
    spark: str = ""


@dataclass(frozen=True)
class ShownTable:
    """A block of the page."""

    key: str
    title: str
    notes: tuple[str, ...]
    headers: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[ShownCell, ...], ...]
    total: tuple[ShownCell, ...] | None
    charts: tuple[str, ...]
    long: bool
    aside: bool
    more: str | None


@dataclass(frozen=True)
class ShownTile:
    """A tile of the page."""

    label: str
    value: str
    light: str | None
    light_text: str
    lines: tuple[Line, ...]
    spark: str


def write_html(report: Report, path: Path, settings: Settings) -> None:
    """Write the page to ``path``, whole or not at all."""
    page = render(report, settings)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


def render(report: Report, settings: Settings) -> str:
    """The page as text. Everything from data is escaped; style and script are allowed by their hash alone."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    say = Phrases(report.lang)
    style, script = _asset("report.css"), _asset("report.js")
    tables = {sheet.key: [_table(block, say, settings) for block in sheet.blocks] for sheet in report.sheets}
    anchors = {sheet.key for sheet in report.sheets} | {
        table.key for group in tables.values() for table in group
    }
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_asset("report.html.j2")).render(
        report=report,
        say=say,
        html_lang="zh-CN" if report.lang == "zh" else report.lang,
        summary=report.sheets[0],
        tables=tables,
        tiles={sheet.key: [_tile(tile, report, say) for tile in sheet.tiles] for sheet in report.sheets},
        money=lambda value: shown(value, Unit.MONEY, report.lang, compact=True),
        anchors=anchors,
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        svg=Markup,
    )


def _asset(name: str) -> str:
    return (resources.files("stockturn.output") / "templates" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The hash by which a content security policy allows exactly this text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _tile(tile: Tile, report: Report, say: Phrases) -> ShownTile:
    trend = report.block("trend")
    year = ""
    if tile.spark and trend is not None and tile.spark in trend.frame.columns:
        year = spark(trend.frame[tile.spark].to_list(), say("chart_of", title=tile.label))
    return ShownTile(
        tile.label,
        value_text(tile, report.lang),
        tile.light,
        light_text(tile, say),
        tuple(lines(tile, say)),
        year,
    )


def _table(block: Block, say: Phrases, settings: Settings) -> ShownTable:
    """A block with at most as many rows as the settings allow on a page."""
    check_finite(block.frame, block.key)
    columns = [name for name in block.frame.columns if name not in block.helpers]
    limit = settings.report.html_rows if block.detail else block.frame.height
    frame = block.frame.head(limit).select(columns)
    omitted = block.omitted + block.frame.height - frame.height
    cells = [
        _sparks(block, name, frame, say)
        if name in block.sparks
        else _column(block, name, frame[name].to_list(), say)
        for name in columns
    ]
    total = None
    if block.total is not None:
        total = tuple(_total(block, name, say) for name in columns)
    return ShownTable(
        block.key,
        block.title,
        block.notes,
        tuple((_label(block, name, say), is_number(unit_of(name, block.units))) for name in columns),
        tuple(zip(*cells, strict=True)) if cells else (),
        total,
        tuple(drawn for chart in block.charts if (drawn := draw(block, chart, say))),
        block.long,
        block.aside,
        say("html_more", omitted=shown(omitted, Unit.COUNT)) if omitted else None,
    )


def _label(block: Block, name: str, say: Phrases) -> str:
    return block.labels[name] if name in block.labels else say.label(name)


def _column(block: Block, name: str, values: list[Cell], say: Phrases) -> list[ShownCell]:
    unit = unit_of(name, block.units)
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    largest = max((abs(number) for number in numbers), default=0.0)
    figures = [figure for figure in block.frame.columns if is_number(unit_of(figure, block.units))]
    hottest = _hottest(block, figures[:-1]) if block.heat and name in figures[:-1] else None
    decimals = block_decimals(block, name)
    base = "n" if is_number(unit) else "d" if unit is Unit.DATE else _text_class(values)
    cells = []
    for value in values:
        css = base
        level = _level(block, name, value)
        if level:
            css = f"{css} {level}".strip()
        if hottest and isinstance(value, int | float):
            css += f" heat{round(max(value, 0) / hottest * _HEATS)}"
        bar = None
        if name in block.bars and isinstance(value, int | float) and largest > 0:
            bar = round(abs(value) / largest * 100)
        text = text_cell(shown(value, unit, say.lang, decimals=decimals))
        sort = None if value is None else str(value) if isinstance(value, int | float) else None
        cells.append(ShownCell(text, sort, css, bar))
    return cells


def _text_class(values: list[Cell]) -> str:
    """How much room a column of text gets, so that no column is squeezed to a sign a line beside wide ones: codes
    stay on one line, names wrap a little, sentences get a paragraph."""
    widths = sorted(width(value) for value in values if isinstance(value, str))
    if not widths or widths[-1] <= _CODE_WIDTH:
        return "c"
    return "l" if widths[len(widths) // 2] > _NAME_WIDTH else "m"


def _sparks(block: Block, name: str, frame: pl.DataFrame, say: Phrases) -> list[ShownCell]:
    """A small line per row over the columns it shows."""
    title = say("chart_of", title=_label(block, name, say))
    rows = frame.select(block.sparks[name]).cast(pl.Float64).rows()
    return [ShownCell("", None, "s", spark=spark(list(row), title)) for row in rows]


def _hottest(block: Block, figures: list[str]) -> float:
    return max((float(block.frame[name].max() or 0) for name in figures), default=0.0)  # type: ignore[arg-type]


def _level(block: Block, name: str, value: Cell) -> str | None:
    """Light of a figure or colour of a code."""
    if name in block.marks and isinstance(value, str):
        return block.marks[name].get(value)
    if name in block.lights and isinstance(value, int | float):
        amber, green = block.lights[name]
        if amber <= green:
            return "good" if value >= green else "warning" if value >= amber else "critical"
        return "good" if value <= green else "warning" if value <= amber else "critical"
    return None


def _total(block: Block, name: str, say: Phrases) -> ShownCell:
    value = (block.total or {}).get(name)
    unit = unit_of(name, block.units)
    decimals = block_decimals(block, name)
    text = shown(value, unit, say.lang, decimals=decimals) if isinstance(value, int | float | str) else ""
    return ShownCell(text, None, "n" if is_number(unit) else "")
