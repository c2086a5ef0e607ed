"""The built wheel works on a clean machine: ``python -m tests.long.wheel``.

Two new environments hold nothing but the wheel and what it asks for: one the oldest versions that pyproject.toml
admits, one the newest. In each the example company is written and reported on, and both must give the same figures.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERBS = (["turnover", "--by", "category"], ["abc"], ["forecast"], ["deadstock"])


def oldest() -> str:
    """A line of pip constraints for each dependency: its lower bound."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounds = [name.replace(">=", "==") for name in project["dependencies"]]
    assert all("==" in bound for bound in bounds), "a dependency without a lower bound"
    return "\n".join(bounds)


def installed(place: Path, wheel: Path, constraints: str) -> Path:
    """A new environment with the wheel; its ``stockturn``."""
    venv.create(place, with_pip=True)
    (place / "constraints.txt").write_text(constraints, encoding="utf-8")
    python = place / "bin" / "python"
    asked = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-c",
        place / "constraints.txt",
    ]
    subprocess.run([python, *asked, wheel], check=True)
    return place / "bin" / "stockturn"


def figures(stockturn: Path, work: Path) -> dict[str, list[dict[str, object]]]:
    """What the commands give for the example company, after a report in Chinese with both files."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(*argv: str) -> str:
        return subprocess.run([stockturn, *argv], cwd=work, env=env, check=True, text=True, stdout=-1).stdout

    run("demo", "exports")
    run("report", "exports", "--out", "r.xlsx", "--html", "r.html", "--lang", "zh", "--quiet")
    for name in ("r.xlsx", "r.html"):
        if not (work / name).stat().st_size:
            raise SystemExit(f"{name} is empty")
    return {
        verb: json.loads(run(verb, "exports", *options, "--format", "json", "--quiet"))
        for verb, *options in VERBS
    }


def equal(one: object, other: object) -> bool:
    """The same figure; the last digits of a float may depend on the library's order of adding."""
    if isinstance(one, float) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


def main() -> None:
    """Build the wheel, install it twice, and hold the figures against each other."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        building = ["-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "-w"]
        subprocess.run([sys.executable, *building, work, ROOT], check=True)
        (wheel,) = work.glob("*.whl")
        found = []
        for name, constraints in (("oldest", oldest()), ("newest", "")):
            (work / name).mkdir()
            stockturn = installed(work / name / "env", wheel, constraints)
            found.append(figures(stockturn, work / name))
            print(f"the wheel works with the {name} dependencies")
        for verb, rows in found[0].items():
            for row, other in zip(rows, found[1][verb], strict=True):
                for column in row:
                    if not equal(row[column], other[column]):
                        raise SystemExit(f"{verb} {column}: {row[column]} and {other[column]}")
    print("and gives the same figures with both")


if __name__ == "__main__":
    main()
