"""Worked answers from the shared test data, by id."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from tests.shared import shared


@cache
def _oracles() -> dict[str, dict[str, Any]]:
    rows = json.loads(shared("oracles.json").read_text(encoding="utf-8"))
    return {row["id"]: row for row in rows}


def oracle(name: str) -> dict[str, Any]:
    """Inputs, expected values and source of one worked example."""
    return _oracles()[name]


@cache
def reference() -> dict[str, Any]:
    """Answers computed from the third-party ledgers by other code."""
    return dict(json.loads(shared("data/ledgers/reference.json").read_text(encoding="utf-8")))
