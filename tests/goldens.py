"""Golden files: what a format looks like, kept beside the tests, rewritten by ``make golden`` and read by eye."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def matches_golden(name: str, text: str) -> None:
    """Compare with the golden file of that name, or write it where STOCKTURN_GOLDEN is set."""
    file = FOLDER / name
    if os.environ.get("STOCKTURN_GOLDEN"):
        file.write_text(text, encoding="utf-8", newline="\n")
    assert file.exists(), f"no golden file {name}: run make golden and read it"
    assert text == file.read_text(encoding="utf-8")
