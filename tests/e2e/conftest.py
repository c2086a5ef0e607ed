"""The example company's exports, written once for all tests that only read them; and files that are read once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from stockturn.config import Settings
from stockturn.sources import reading
from stockturn.sources.expand import Source
from stockturn.sources.sheet import SheetRead, read_source
from tests.e2e.cli import cli


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of exports; nobody writes into it."""
    folder = tmp_path_factory.mktemp("demo") / "exports"
    assert cli("demo", folder).status == 0
    return folder


@lru_cache(maxsize=512)
def _sheets(source: Source, ingest: str) -> tuple[SheetRead, ...]:
    return tuple(read_source(source, Settings.model_validate_json(f'{{"ingest": {ingest}}}')))


@pytest.fixture(scope="module")
def read_once() -> Iterator[None]:
    """For modules that give many commands the same files: a file of the same name and bytes, read under the same
    settings, is taken apart once. Every command still opens it and makes its own ledger; in the long run (``make
    check``) every command reads for itself."""
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("STOCKTURN_HYPOTHESIS") != "long":
            patch.setattr(
                reading,
                "read_source",
                lambda source, settings: list(_sheets(source, settings.ingest.model_dump_json())),
            )
        yield
