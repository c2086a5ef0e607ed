"""A rule of [ingest.files] that says what does not exist is refused before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.cli import cli


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ('kinds = { "Issue" = "sells" }', "sale_return"),
        ('kind = "sells"', "sale_return"),
        ('table = "sells"', "movements"),
        ('profile = "sells"', "plain"),
        ('columns = { sells = "qty" }', "revenue"),
    ],
)
def test_the_value_and_what_is_allowed_are_named(line: str, allowed: str, tmp_path: Path) -> None:
    """Status 2, whatever the file holds."""
    (tmp_path / "m.csv").write_text("date,sku,qty,type\n2024-01-02,A,1,Issue\n", encoding="utf-8")
    (tmp_path / "stockturn.toml").write_text(f'[[ingest.files]]\nmatch = "*.csv"\n{line}\n', encoding="utf-8")
    done = cli("ingest", tmp_path)
    assert done.status == 2
    assert "sells" in done.err
    assert allowed in done.err
