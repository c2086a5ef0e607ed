"""The pictures of README and docs, made by the project from the example company: ``python -m docs.pictures``.

Needs LibreOffice (soffice) and pdftoppm for the workbook; the terminal pictures need nothing but rich.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from stockturn import api
from stockturn.config import load_settings
from stockturn.demo import write_demo
from stockturn.output import console

FOLDER = Path(__file__).parent / "pictures"
PAGES = {"summary": 1, "turnover": 2}


def terminal(exports: Path, lang: str) -> None:
    """The report's screen as SVG."""
    settings = load_settings(exports / "stockturn.toml", {"lang": lang})
    shown = api.build_report(api.analyse(api.ingest(exports, settings=settings), settings), settings)
    screen = Console(record=True, width=120, file=io.StringIO(), emoji=False, markup=False, highlight=False)
    console.show_report(shown, console=screen)
    (FOLDER / f"screen-{lang}.svg").write_text(screen.export_svg(title="stockturn report"), encoding="utf-8")


def workbook(exports: Path, lang: str, work: Path) -> None:
    """Pages of the workbook as PNG, through LibreOffice."""
    settings = load_settings(exports / "stockturn.toml", {"lang": lang})
    book = work / f"report-{lang}.xlsx"
    api.report(api.ingest(exports, settings=settings), book, settings)
    subprocess.run(
        ["soffice", "--headless", "--convert-to", "pdf", "--outdir", work, book],
        check=True,
        capture_output=True,
    )
    for name, page in PAGES.items():
        target = FOLDER / f"{name}-{lang}"
        where = ["-f", str(page), "-l", str(page), "-singlefile"]
        subprocess.run(["pdftoppm", "-png", "-r", "90", *where, book.with_suffix(".pdf"), target], check=True)


def main() -> None:
    """Write every picture that can be made on this machine."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        office = shutil.which("soffice") and shutil.which("pdftoppm")
        for lang in ("en", "zh"):
            write_demo(work / lang, lang=lang)
            terminal(work / lang, lang)
            if office:
                workbook(work / lang, lang, work)
        if not office:
            print("no soffice or pdftoppm: pictures of the workbook were left as they are", file=sys.stderr)


if __name__ == "__main__":
    main()
