"""What stands under a headline figure, the same on every medium."""

from __future__ import annotations

from dataclasses import dataclass

from stockturn.model import Tile
from stockturn.output.formats import shown, unit_of
from stockturn.output.phrases import Phrases
from stockturn.schema import Unit

ARROWS = {1: "▲", -1: "▼", 0: "▬"}
_SMALL = 0.0005
"""A change that rounds to 0.0 % is no change."""


@dataclass(frozen=True)
class Line:
    """One line under a figure; ``level`` colours it: good, critical, or None."""

    text: str
    level: str | None = None


def value_text(tile: Tile, lang: str) -> str:
    """The figure itself, short; a dash where it is not known."""
    return shown(tile.value, _unit(tile), lang, compact=True) or "–"


def _unit(tile: Tile) -> Unit:
    return unit_of(tile.column)


def light_text(tile: Tile, say: Phrases) -> str:
    """The light in words, so that colour is never alone."""
    return say(_LIGHTS[tile.light]) if tile.light else ""


_LIGHTS = {
    "good": "light_good",
    "warning": "light_warning",
    "critical": "light_critical",
    "info": "light_info",
}


def lines(tile: Tile, say: Phrases) -> list[Line]:
    """Target, period before and year ago with their change; then the note."""
    under = []
    if tile.target is not None:
        under.append(Line(say("target_of", value=shown(tile.target, _unit(tile), say.lang, compact=True))))
    if tile.previous is not None:
        under.append(_compared(tile, tile.previous, "previous_of", say))
    if tile.year_ago is not None and tile.year_ago != tile.previous:
        under.append(_compared(tile, tile.year_ago, "year_ago_of", say))
    if tile.note:
        under.append(Line(tile.note))
    return under


def _compared(tile: Tile, before: float, key: str, say: Phrases) -> Line:
    said = say(key, value=shown(before, _unit(tile), say.lang, compact=True))
    if tile.value is None or before <= 0:
        return Line(said)
    if _unit(tile) is Unit.SHARE:
        change = tile.value - before
        moved = say("points", value=f"{change * 100:+.1f}")
    else:
        change = tile.value / before - 1
        moved = shown(change, Unit.CHANGE)
    direction = 0 if abs(change) < _SMALL else (1 if change > 0 else -1)
    judged = direction * tile.better
    return Line(
        f"{said}  {ARROWS[direction]} {moved}", "good" if judged > 0 else "critical" if judged < 0 else None
    )
