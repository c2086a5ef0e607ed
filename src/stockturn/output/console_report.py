"""The report on one screen: headline figures, findings, what to do, and where the files are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stockturn.model import Report, Sheet, Tile
from stockturn.output.console_tables import COLOURS, LIGHTS, styled
from stockturn.output.formats import shown, text_line
from stockturn.output.phrases import Phrases
from stockturn.output.tiles import light_text, lines, value_text
from stockturn.schema import Unit

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

_TODOS, _TODOS_NARROW, _NARROW = 5, 4, 100
"""Things to do that one screen of 50 lines has room for, and where that is narrow; the workbook has them all."""


def print_report(report: Report, console: Console, written: Sequence[str]) -> None:
    """One screen: headline figures, the findings with their money, what to do, and where the files are."""
    say = Phrases(report.lang)
    summary = report.sheets[0]
    console.print(styled(text_line(report.title), "bold"))
    console.print(styled(text_line(report.subtitle), "dim"))
    for note in summary.notes:
        console.print(styled(note, "yellow"))
    console.print()
    console.print(_tiles(summary.tiles, say, console.width))
    console.print(styled(say("findings_title"), "bold"))
    console.print(_findings(summary, say))
    if summary.todos:
        console.print()
        console.print(styled(say("todo_title"), "bold"))
        room = _TODOS_NARROW if console.width < _NARROW else _TODOS
        for todo in summary.todos[:room]:
            console.print(_hanging("□", todo))
        if (more := len(summary.todos) - room) > 0:
            console.print(styled("  " + say("todo_more", n=more, tab=summary.title), "dim"))
    console.print()
    for path in written:
        said = say("screen_page", file=path) if path.endswith(".html") else say("screen_workbook", file=path)
        console.print(styled(said, "bold green"), soft_wrap=True)


def _tiles(tiles: Sequence[Tile], say: Phrases, room: int) -> Table:
    """Tiles side by side, as many as fit, never more than four."""
    from rich.table import Table

    per_row = max(1, min(4, room // 26))
    grid = Table.grid(padding=(0, 2), expand=False)
    for _ in range(per_row):
        grid.add_column(min_width=min(24, room - 2), max_width=30)
    for start in range(0, len(tiles), per_row):
        grid.add_row(*(_tile(tile, say) for tile in tiles[start : start + per_row]))
    return grid


def _tile(tile: Tile, say: Phrases) -> Text:
    level = COLOURS.get(tile.light or "", "")
    text = styled(tile.label + "\n", "dim")
    text.append(value_text(tile, say.lang), style=f"bold {level}".strip())
    if tile.light:
        text.append(f"  {LIGHTS.get(tile.light, '')} {light_text(tile, say)}", style=level)
    for line in lines(tile, say):
        text.append("\n" + text_line(line.text), style=COLOURS.get(line.level or "", "dim"))
    text.append("\n")
    return text


def _findings(summary: Sheet, say: Phrases) -> RenderableType:
    from rich.table import Table

    if not summary.findings:
        return styled(say("no_findings"), "")
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for place, finding in enumerate(summary.findings, start=1):
        money = shown(finding.money, Unit.MONEY, say.lang, compact=True)
        colour = COLOURS[finding.level]
        grid.add_row(
            styled(f"{place}.", colour), styled(money, f"bold {colour}"), styled(finding.sentence, "")
        )
    return grid


def _hanging(mark: str, words: str) -> Table:
    from rich.table import Table

    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(styled(mark, ""), styled(words, ""))
    return grid
