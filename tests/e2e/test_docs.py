"""What the documents tell people to type works, and the generated pages are not stale."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from docs import build
from tests.e2e.cli import cli

pytestmark = pytest.mark.usefixtures("read_once")

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands(page: Path) -> list[list[str]]:
    """The ``$ stockturn`` lines of a page's console blocks, in order."""
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ stockturn")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_commands_in_the_documents_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page's commands run from its first to its last, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for argv in commands(page):
        done = cli(*argv)
        assert done.status == 0, f"stockturn {shlex.join(argv)}\n{done.err}"


def test_generated_pages_are_fresh() -> None:
    """``make docs`` was run after the last change to settings, columns, tables or options."""
    assert build.stale() == []


def test_links_between_documents_lead_somewhere() -> None:
    """No page points at a file that is not there."""
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
