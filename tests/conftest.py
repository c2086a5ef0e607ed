"""Hypothesis: the same examples every run; more of them in `make check`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

COMMON = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("default", max_examples=40, **COMMON)
settings.register_profile("long", max_examples=400, **COMMON)
settings.load_profile(os.environ.get("STOCKTURN_HYPOTHESIS", "default"))
