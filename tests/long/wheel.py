"""The built wheel works away from the project: ``python -m tests.long.wheel``.

What is smoke-tested is the wheel's own contents (catalogues, profiles, templates, the example company), with the
dependencies of this environment and without the project's sources on the path.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Build the wheel, unpack it, and make the example company's report with it."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", work, ROOT], check=True
        )
        (wheel,) = work.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(work / "site")
        env = os.environ | {"PYTHONPATH": str(work / "site")}
        where = subprocess.check_output(
            [sys.executable, "-c", "import stockturn; print(stockturn.__file__)"],
            cwd=work,
            env=env,
            text=True,
        )
        if not where.startswith(str(work / "site")):
            raise SystemExit(f"the wheel was not what was imported: {where}")
        for argv in (
            ["demo", "exports"],
            ["report", "exports", "--out", "r.xlsx", "--html", "r.html", "--lang", "zh", "-q"],
        ):
            subprocess.run([sys.executable, "-m", "stockturn", *argv], cwd=work, env=env, check=True)
        for name in ("r.xlsx", "r.html"):
            if not (work / name).stat().st_size:
                raise SystemExit(f"{name} is empty")
    print("the wheel works")


if __name__ == "__main__":
    main()
