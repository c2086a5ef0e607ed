"""Cell formats of the workbook, each made once."""

from __future__ import annotations

from typing import Any

from stockturn.output.formats import DATE_FORMAT
from stockturn.output.palette import FILLS, HEAD, INK, LEVELS, LINE, PAPER, SOFT

_FONTS = {"zh": "Microsoft YaHei", "en": "Calibri"}

SMALL = 0.9
"""Sentences and small print are set so much smaller than figures."""


class Styles:
    """Formats by what they are for; XlsxWriter wants each one registered with its workbook, so they are kept."""

    def __init__(self, workbook: Any, lang: str) -> None:
        self._workbook = workbook
        self._base = {
            "font_name": _FONTS.get(lang, "Calibri"),
            "font_size": 10,
            "font_color": INK,
            "valign": "vcenter",
        }
        self.lang = lang
        self._made: dict[tuple[tuple[str, object], ...], Any] = {}

    def of(self, **properties: object) -> Any:
        """A format with these properties over the base."""
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self._workbook.add_format({**self._base, **properties})
        return self._made[key]

    def body(self, number_format: str, wrap: bool = False, small: bool = False) -> Any:
        """A cell of a table."""
        properties: dict[str, object] = {"num_format": number_format}
        if number_format == "@":
            properties |= {"align": "left", "indent": 1}
        if number_format == DATE_FORMAT:
            properties |= {"align": "left", "indent": 1}
        if wrap:
            properties["text_wrap"] = True
        if small:
            properties["font_size"] = 9
        return self.of(**properties)

    def total(self, number_format: str) -> Any:
        """A cell of the row of totals."""
        looks = {"num_format": number_format, "indent": 1 if number_format == "@" else 0}
        return self.of(**looks, bold=True, top=1, top_color=HEAD, bg_color=PAPER)

    def level(self, level: str) -> Any:
        """A conditional format: only what it changes."""
        key = (("level", level),)
        if key not in self._made:
            colours = {"font_color": LEVELS[level], "bg_color": FILLS[level]}
            self._made[key] = self._workbook.add_format(colours)
        return self._made[key]

    @property
    def title(self) -> Any:
        """The first line of a tab."""
        return self.of(bold=True, font_size=16, font_color=HEAD)

    @property
    def heading(self) -> Any:
        """The line above a table."""
        return self.of(bold=True, font_size=12, font_color=HEAD)

    @property
    def note(self) -> Any:
        """Small print, in as many lines as it takes."""
        return self.of(font_size=9, font_color=SOFT, text_wrap=True, valign="top")

    @property
    def link(self) -> Any:
        """A link inside the workbook."""
        return self.of(font_color=LEVELS["info"], underline=1)

    @property
    def header(self) -> Any:
        """A column header over text."""
        return self._header("left", indent=1)

    @property
    def number_header(self) -> Any:
        """A column header over figures: to the right, as they are."""
        return self._header("right")

    def _header(self, align: str, **looks: object) -> Any:
        return self.of(
            **looks,
            align=align,
            bold=True,
            font_color="#FFFFFF",
            bg_color=HEAD,
            text_wrap=True,
            border=1,
            border_color=LINE,
        )

    @property
    def helper(self) -> Any:
        """The header of a column that only a chart needs."""
        return self.of(italic=True, font_size=8, font_color=SOFT, bg_color=PAPER, text_wrap=True)
