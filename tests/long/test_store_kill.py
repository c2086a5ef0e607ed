"""Fifty kills of a writing run, at its steps and at any time between them."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.unit.store_kills import killed_at, moments, steps_of_a_whole_run

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX"),
]


def test_kills_at_the_steps_of_a_run(tmp_path: Path) -> None:
    steps = moments(seed=2, count=25, last=steps_of_a_whole_run(tmp_path))
    assert {killed_at(tmp_path, str(step)) for step in steps} == {"old", "new"}


def test_kills_at_any_time(tmp_path: Path) -> None:
    """From the start of writing to about its end; nobody knows at which step."""
    delays = [random.Random(seed).uniform(0.0, 0.4) for seed in range(25)]
    assert {killed_at(tmp_path, "timed", delay) for delay in delays} <= {"old", "new"}
