"""The pictures of README and docs, made by the project from the example company: ``python -m docs.pictures``.

Needs LibreOffice (soffice) and pdftoppm for the workbook, Chromium for the page; the terminal pictures need nothing
but rich.
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
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SCREEN = "1280,900"


def terminal(exports: Path, lang: str) -> None:
    """The report's screen as SVG."""
    settings = load_settings(exports / "stockturn.toml", {"lang": lang})
    shown = api.build_report(api.analyse(api.ingest(exports, settings=settings), settings), settings)
    screen = Console(record=True, width=120, file=io.StringIO(), emoji=False, markup=False, highlight=False)
    console.show_report(shown, console=screen)
    (FOLDER / f"screen-{lang}.svg").write_text(screen.export_svg(title="stockturn report"), encoding="utf-8")


def report(exports: Path, lang: str, work: Path) -> tuple[Path, Path]:
    """The workbook and the page, from one run."""
    settings = load_settings(exports / "stockturn.toml", {"lang": lang})
    book, page = work / f"report-{lang}.xlsx", work / f"report-{lang}.html"
    api.report(api.ingest(exports, settings=settings), book, settings, html=page)
    return book, page


def pages_of_workbook(book: Path, lang: str, work: Path) -> None:
    """Pages of the workbook as PNG, through LibreOffice."""
    subprocess.run(
        ["soffice", "--headless", "--convert-to", "pdf", "--outdir", work, book],
        check=True,
        capture_output=True,
    )
    for name, page in PAGES.items():
        target = FOLDER / f"{name}-{lang}"
        where = ["-f", str(page), "-l", str(page), "-singlefile"]
        subprocess.run(["pdftoppm", "-png", "-r", "90", *where, book.with_suffix(".pdf"), target], check=True)


def top_of_page(page: Path, lang: str, work: Path) -> None:
    """The page as a browser shows it when it is opened."""
    browser = next(path for name in BROWSERS if (path := shutil.which(name)))
    options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--window-size={SCREEN}",
    ]
    options += [
        f"--user-data-dir={work / 'browser'}",
        f"--screenshot={FOLDER / f'page-{lang}.png'}",
        page.as_uri(),
    ]
    subprocess.run([browser, *options], check=True, capture_output=True)


def main() -> None:
    """Write every picture that can be made on this machine."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        browser = any(map(shutil.which, BROWSERS))
        office = shutil.which("soffice") and shutil.which("pdftoppm")
        for lang in ("en", "zh"):
            write_demo(work / lang, lang=lang)
            terminal(work / lang, lang)
            book, page = report(work / lang, lang, work)
            if office:
                pages_of_workbook(book, lang, work)
            if browser:
                top_of_page(page, lang, work)
        if not browser:
            print("no chromium: pictures of the page were left as they are", file=sys.stderr)
        if not office:
            print("no soffice or pdftoppm: pictures of the workbook were left as they are", file=sys.stderr)


if __name__ == "__main__":
    main()
