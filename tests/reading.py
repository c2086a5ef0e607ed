"""Reading back what was written: a workbook as openpyxl sees it, a page as a parser sees it."""

from __future__ import annotations

import warnings
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl


def read_workbook(path: Path) -> Any:
    """openpyxl warns that it would drop sparklines if it saved the file; here it only reads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return openpyxl.load_workbook(path)


def links(sheet: Any) -> list[Any]:
    """Every link on a sheet."""
    return [cell.hyperlink for row in sheet.iter_rows() for cell in row if cell.hyperlink]


class Outline(HTMLParser):
    """Tags, attributes, headings and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.outline: list[str] = []
        self.texts: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.inside = tag
        if tag in ("section", "article", "figure"):
            self.outline.append(f"{tag} {dict(attrs).get('id') or ''}".strip())

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if data.strip() and self.inside not in ("style", "script"):
            self.texts.append(data)
        if self.inside in ("h1", "h2", "h3", "button"):
            self.outline.append(f"  {self.inside}: {data.strip()}")


def outline(page: str) -> Outline:
    """The page, parsed."""
    parser = Outline()
    parser.feed(page)
    return parser
