"""A ledger folder under a kill, a full disk and a second run: the old one or the new one, never half."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stockturn import store
from stockturn.errors import InputError
from stockturn.i18n import error_text
from stockturn.store import disk, lock
from tests.unit.exports_by_hand import export, ledger, sale
from tests.unit.store_child import AFTER, BEFORE, NOW, combine, new_files
from tests.unit.store_kills import equal, home, killed_at, moments, start, state, steps_of_a_whole_run

posix = pytest.mark.skipif(os.name != "posix", reason="kill -9 and flock are POSIX")


@posix
def test_a_kill_leaves_the_old_ledger_or_the_new_one(tmp_path: Path) -> None:
    """Killed before the first step, before the last, and at three between: both states occur."""
    steps = moments(seed=1, count=5, last=steps_of_a_whole_run(tmp_path))
    found = [killed_at(tmp_path, str(step)) for step in steps]
    assert found[0] == "old"
    assert found[-1] == "new"


@posix
def test_a_second_run_is_told_who_is_writing(tmp_path: Path) -> None:
    path = home(tmp_path)
    child = start(path, "wait")
    before = state(store.load(path))
    with pytest.raises(InputError, match="ledger_locked") as caught:
        store.merge(new_files(), path, combine, now=NOW)
    assert str(child.pid) in error_text(caught.value, "en")[0]
    assert "2024-03-01T12:00:00" in error_text(caught.value, "zh")[0]
    assert equal(state(store.load(path)), before)
    child.communicate()
    assert store.merge(new_files(), path, combine, now=NOW).added == ("feb.csv", "stock.csv")


@posix
def test_two_runs_at_once_both_count_when_one_waits(tmp_path: Path) -> None:
    path = home(tmp_path)
    child = start(path, "timed")
    own = export("mar.csv", [sale("S1", 1, day=5, month=3, doc_no="M1", line_no="1")])
    store.merge(ledger(own), path, combine, now=NOW, wait_seconds=30)
    _, err = child.communicate()
    assert not err
    assert equal(state(store.load(path)), state(combine(ledger(BEFORE, *AFTER, own))))


@posix
def test_the_lock_of_a_killed_run_is_free(tmp_path: Path) -> None:
    path = home(tmp_path)
    child = start(path, "wait")
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert store.merge(new_files(), path, combine, now=NOW).added


def test_where_the_system_has_no_file_lock_the_file_is_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second run is refused, the file goes with its holder, and that of a dead process is taken over."""
    monkeypatch.setattr(lock, "_try", lock._try_exclusive)
    with lock.locked(tmp_path, NOW):
        with pytest.raises(InputError, match="ledger_locked"), lock.locked(tmp_path, NOW):
            pass
        left = (tmp_path / lock.NAME).read_text(encoding="utf-8")
    assert not (tmp_path / lock.NAME).exists()
    dead = subprocess.Popen([shutil.which("true") or "true"])
    dead.wait()
    (tmp_path / lock.NAME).write_text(left.replace(str(os.getpid()), str(dead.pid)), encoding="utf-8")
    with lock.locked(tmp_path, NOW, wait_seconds=5):
        assert str(os.getpid()) in (tmp_path / lock.NAME).read_text(encoding="utf-8")


@pytest.mark.parametrize("nth", range(1, 8))
def test_a_disk_that_fills_up_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """No space at the nth file that is written, the manifest among them."""
    path = home(tmp_path)
    before = state(store.load(path))
    written = []

    def full(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) >= nth:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(disk.os, "fsync", full)
    with pytest.raises(InputError, match="ledger_disk_full"):
        store.merge(new_files(), path, combine, now=NOW)
    monkeypatch.undo()
    assert equal(state(store.load(path)), before)
    assert not list(path.rglob(".tmp-*"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own of 128 kB; skips where it cannot be mounted."""
    path = tmp_path / "disk"
    path.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if not mount or not umount or os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(path)], capture_output=True)
    if done.returncode:
        pytest.skip("this system does not let a small disk be mounted")
    yield path
    subprocess.run([umount, str(path)], check=True)


def test_a_disk_that_is_really_full_changes_nothing(small_disk: Path) -> None:
    path = small_disk / "ledger"
    first = export("jan.csv", [sale("S1", 1, doc_no="D1", line_no="1")])
    store.merge(ledger(first), path, combine, now=NOW)
    before = state(store.load(path))
    many = export(
        "big.csv", [sale(f"S{n * 7919 % 99991}", n % 97, doc_no=f"N{n * 31}") for n in range(60_000)]
    )
    with pytest.raises(InputError, match="ledger_disk_full"):
        store.merge(ledger(many), path, combine, now=NOW)
    assert equal(state(store.load(path)), before)
    assert not list(path.rglob(".tmp-*"))
    store.merge(ledger(export("feb.csv", [sale("S2", 1, doc_no="D2", line_no="1")])), path, combine, now=NOW)
    assert store.listing(path)["file"].to_list() == ["feb.csv", "jan.csv"]
