"""The example company's exports, written once for all tests that only read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.cli import cli


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of exports; nobody writes into it."""
    folder = tmp_path_factory.mktemp("demo") / "exports"
    assert cli("demo", folder).status == 0
    return folder
