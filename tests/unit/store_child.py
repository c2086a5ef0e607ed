"""A run of its own that takes two files into a ledger folder, and dies where it is told to.

``python -m tests.unit.store_child FOLDER STEP``: STEP is the number of the step inside the folder (opening,
renaming, making, removing a file) before which the process is killed; 0 lets it end, and prints the number of
steps. ``wait`` holds the lock until the standard input closes.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path

from stockturn import store
from stockturn.config import Settings
from stockturn.model import Ledger
from stockturn.sources.dedupe import dedupe
from stockturn.store.lock import locked
from tests.unit.exports_by_hand import NOW, count, export, ledger, sale

STEPS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "tempfile.mkdtemp"}
combine = partial(dedupe, settings=Settings())

ROWS = [sale(f"S{n % 50}", n % 7 + 1, day=1 + n % 28, doc_no=f"D{n}", line_no="1") for n in range(3000)]
BEFORE = export("jan.csv", ROWS[:2000])
AFTER = (export("feb.csv", ROWS[1000:]), export("stock.csv", [count("S1", 5)], table="stock"))


def new_files() -> Ledger:
    """What the run takes in: half of the movements are there already."""
    return ledger(*AFTER)


def kill_before(step: int, folder: str, taken: list[str]) -> None:
    """Count the steps inside the folder in ``taken``; kill this process before the one of that number."""

    def watch(event: str, args: tuple[object, ...]) -> None:
        if event in STEPS and folder in str(args[0]):
            taken.append(event)
            if len(taken) == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def main() -> None:
    folder, how = sys.argv[1:]
    files = new_files()
    taken: list[str] = []
    if how == "wait":
        with locked(Path(folder), NOW):
            print("ready", flush=True)
            sys.stdin.read()
        return
    if how != "timed":
        kill_before(int(how), folder, taken)
    print("ready", flush=True)
    store.merge(files, Path(folder), combine, now=NOW, wait_seconds=30)
    print(len(taken), flush=True)


if __name__ == "__main__":
    main()
