"""The floors of the house, and that their guards can fail."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "polars",
    "numpy",
    "pandas",
    "openpyxl",
    "xlsxwriter",
    "python_calamine",
    "statsforecast",
    "jinja2",
)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the import contracts on the sources in a folder."""
    code = "import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_floors_hold() -> None:
    """No module imports against the floors."""
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


def test_the_floor_guard_can_fail(tmp_path: Path) -> None:
    """The same guard refuses an engine that imports the command line and a config that imports polars."""
    shutil.copytree(
        ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "src/stockturn/engine/expr.py").open("a") as file:
        file.write("\nfrom stockturn.cli import app\n")
    with (tmp_path / "src/stockturn/config/base.py").open("a") as file:
        file.write("\nimport polars\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "2 broken" in done.stdout


def loaded_by(*argv: str) -> set[str]:
    """Names of the heavy modules that a command line loads."""
    code = (
        "import sys, json, io, contextlib\n"
        "from stockturn.cli.app import run\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    run({list(argv)!r})\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("argv", [["--help"], ["report", "--help"]])
def test_help_loads_nothing_heavy(argv: list[str]) -> None:
    """Asking for help loads no dataframe, workbook or forecast library."""
    assert loaded_by(*argv) == set()


def test_the_help_guard_can_fail(tmp_path: Path) -> None:
    """The same look finds what a working command does load."""
    (tmp_path / "empty").mkdir()
    assert "polars" in loaded_by("turnover", str(tmp_path / "empty"))
