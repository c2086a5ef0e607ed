"""What a ledger folder remembers: whole files, by kind and name, beside the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from stockturn.errors import InputError
from stockturn.store import history

NOW = datetime(2025, 3, 1, tzinfo=UTC)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    """A frame comes back as it was; another one takes its place; an unknown one is None."""
    frame = pl.DataFrame({"id": ["a"], "on": [NOW.date()]})
    history.write(tmp_path, "alerts", "2025-03-01", frame)
    assert history.read(tmp_path, "alerts", "2025-03-01").equals(frame)  # type: ignore[union-attr]
    history.write(tmp_path, "alerts", "2025-03-01", frame.head(0))
    assert history.read(tmp_path, "alerts", "2025-03-01").height == 0  # type: ignore[union-attr]
    assert history.read(tmp_path, "alerts", "2025-03-02") is None
    assert [file.name for file in (tmp_path / "history" / "alerts").iterdir()] == ["2025-03-01.parquet"]


def test_a_write_that_fails_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frame before stays whole, and no rest lies about."""
    frame = pl.DataFrame({"id": ["a"]})
    history.write(tmp_path, "alerts", "x", frame)

    def full(frame: pl.DataFrame, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(history, "write_parquet", full)
    with pytest.raises(InputError) as refused:
        history.write(tmp_path, "alerts", "x", frame.head(0))
    assert refused.value.key == "ledger_disk_full"
    assert history.read(tmp_path, "alerts", "x").equals(frame)  # type: ignore[union-attr]
    assert history.names(tmp_path, "alerts") == ["x"]
    assert len(list((tmp_path / "history" / "alerts").iterdir())) == 1


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """What cannot be read is an error that names the file."""
    history.write(tmp_path, "alerts", "x", pl.DataFrame({"id": ["a"]}))
    (tmp_path / "history" / "alerts" / "x.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InputError) as refused:
        history.read(tmp_path, "alerts", "x")
    assert refused.value.key == "history_damaged"
    assert refused.value.params["file"] == tmp_path / "history" / "alerts" / "x.parquet"


def test_the_newest_are_kept(tmp_path: Path) -> None:
    """Pruning takes the oldest names and what an interrupted run left."""
    for name in ("2025-01-31", "2025-02-28", "2025-03-31"):
        history.write(tmp_path, "alerts", name, pl.DataFrame({"id": ["a"]}))
    (tmp_path / "history" / "alerts" / ".tmp-9-x.parquet").write_bytes(b"half")
    history.prune(tmp_path, "alerts", 2)
    assert history.names(tmp_path, "alerts") == ["2025-02-28", "2025-03-31"]
    assert len(list((tmp_path / "history" / "alerts").iterdir())) == 2


def test_two_runs_do_not_write_at_once(tmp_path: Path) -> None:
    """The second is refused, with who holds the folder."""
    with (
        history.changing(tmp_path, NOW),
        pytest.raises(InputError) as refused,
        history.changing(tmp_path, NOW),
    ):
        pass
    assert refused.value.key == "ledger_locked"
