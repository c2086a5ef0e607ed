"""The colours of every medium: ink, lines, and four levels that can be told apart by contrast too."""

from __future__ import annotations

from collections.abc import Mapping

INK = "#1F2933"
SOFT = "#52606D"
LINE = "#CBD2D9"
PAPER = "#F5F7FA"
HEAD = "#1F3A5F"
BLUE = "#2F6DB5"
SKY = "#9CC3EB"
ORANGE = "#E0862B"
GREY = "#9AA5B1"

LEVELS: Mapping[str, str] = {
    "good": "#1B7A3D",
    "info": "#1F5FA8",
    "warning": "#9A5B00",
    "critical": "#B3261E",
}
"""Text colours: each reaches a contrast of 4.5 on white."""

FILLS: Mapping[str, str] = {
    "good": "#DDF3E4",
    "info": "#E1EDFA",
    "warning": "#FDF0D5",
    "critical": "#FBE1DF",
}
"""Backgrounds of the same levels; the text colour of the level reaches 4.5 on them."""

AGES = ("#2E7D5B", "#7DB88F", "#C9D9A0", "#F2C46D", "#E58E3C", "#B3261E", "#6B4A6E")
"""From fresh to old."""
