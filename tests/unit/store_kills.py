"""Runs that are killed, for the quick and the long tests: what a ledger folder has to be afterwards."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import polars as pl

from stockturn import store
from stockturn.model import Ledger
from tests.unit.exports_by_hand import contents, ledger
from tests.unit.store_child import AFTER, BEFORE, NOW, combine, new_files

ROOT = Path(__file__).resolve().parents[2]


def start(folder: Path, how: str) -> subprocess.Popen[str]:
    """A child process that has read its files and is about to write."""
    command = [sys.executable, "-m", "tests.unit.store_child", str(folder), how]
    child = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    said = child.stdout.readline()
    assert said == "ready\n", child.communicate()[1]
    return child


def steps_of_a_whole_run(folder: Path) -> int:
    """How many steps inside the folder a run takes that nobody kills."""
    shutil.copytree(home(folder), folder / "whole")
    out, err = start(folder / "whole", "0").communicate()
    assert not err
    return int(out)


def home(folder: Path) -> Path:
    """A ledger folder as it was before the run."""
    path = folder / "before"
    if not path.exists():
        store.merge(ledger(BEFORE), path, combine, now=NOW)
    return path


def state(kept: Ledger) -> list[pl.DataFrame]:
    """All that a ledger says, in one order."""
    sheets = kept.sheets.sort("file")
    return [contents(kept, "movements", True), contents(kept, "stock", True), sheets]


def equal(left: list[pl.DataFrame], right: list[pl.DataFrame]) -> bool:
    return all(one.equals(two) for one, two in zip(left, right, strict=True))


def killed_at(folder: Path, how: str, delay: float | None = None) -> str:
    """Kill a run at a step or after a delay; gives which state the folder is in, ``old`` or ``new``.

    Fails where it is neither, or where the next run does not end in the new state with nothing left over.
    """
    path = folder / f"killed {how} {delay}"
    shutil.copytree(home(folder), path)
    child = start(path, how)
    if delay is not None:
        time.sleep(delay)
        child.kill()
    child.communicate()
    old, new = state(combine(ledger(BEFORE))), state(combine(ledger(BEFORE, *AFTER)))
    found = state(store.load(path))
    assert equal(found, old) or equal(found, new)
    store.merge(new_files(), path, combine, now=NOW)
    assert equal(state(store.load(path)), new)
    assert not list(path.rglob(".tmp-*"))
    shutil.rmtree(path)
    return "old" if equal(found, old) else "new"


def moments(seed: int, count: int, last: int) -> list[int]:
    """That many different steps, the first and the last among them."""
    middle = random.Random(seed).sample(range(2, last), min(count, last) - 2)
    return [1, *sorted(middle), last]
