"""Which strategy or model each series gets, and the answers of the library for those that it serves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from stockturn.engine.forecast.blend import MODELS, Task, gated
from stockturn.engine.forecast.models import OWN, STRATEGIES
from stockturn.engine.forecast.panel import Panel
from stockturn.engine.forecast.pattern import PATTERNS, Codes
from stockturn.engine.forecast.smoothing import Array, Flags, Ints

HIGH_MODEL = "AutoETS"
"""What ``high`` adds to the default on series with a season or a trend."""


@dataclass(frozen=True)
class Choice:
    """``names`` are the strategies in use, ``which`` says which of them each series has. ``library`` holds the
    library's forecasts (origins, horizon, rows) for the series named in ``served`` (-1: not served), NaN at
    origins where it was not asked. ``half``: served only for half of the forecast, beside our own."""

    names: tuple[str, ...]
    which: Ints
    library: Array
    served: Ints
    half: Flags

    def of(self, piece: slice) -> Choice:
        """The same for some of the series."""
        return Choice(self.names, self.which[piece], self.library, self.served[piece], self.half[piece])

    def groups(self) -> Iterator[tuple[str, Ints]]:
        """Strategy and its series, for strategies that have any."""
        for code, name in enumerate(self.names):
            mine = np.flatnonzero(self.which == code)
            if len(mine):
                yield name, mine

    def with_library(self, means: Array) -> Array:
        """Own forecasts with the library's put in where it serves; where it has no answer for the newest origin
        (a series too short for it) our own stays, and where it was not asked there is none."""
        mine = np.flatnonzero(self.served >= 0)
        if len(mine) == 0:
            return means
        theirs = self.library[:, :, self.served[mine]]
        ours = means[:, :, mine]
        answered = ~np.isnan(theirs[-1]).any(axis=0)
        mixed = np.where(self.half[mine], (theirs + ours) / 2, theirs)
        means[:, :, mine] = np.where(answered, mixed, ours)
        return means

    def labels(self, models: Codes) -> pl.Series:
        """The model of each series as a word: the strategy's own choice, or the name of the model."""
        strategy = np.array([name in STRATEGIES for name in self.names])[self.which]
        own = np.array(MODELS)[models]
        named = np.array(self.names)[self.which]
        answered = np.zeros(len(self.which), dtype=bool)
        mine = np.flatnonzero(self.served >= 0)
        answered[mine] = ~np.isnan(self.library[-1][:, self.served[mine]]).any(axis=0)
        unserved = ~strategy & (self.served >= 0) & ~answered
        word = np.where(strategy | unserved, own, named)
        return pl.Series("model", np.where(self.half & answered, np.char.add("AutoETS+", own), word))


def choose(panel: Panel, unit: Array, task: Task, pattern: Codes) -> Choice:
    """Strategy per series: of its sku, else of its pattern, else the general one. Models that are not ours are
    asked of statsforecast here, for all their series at once and in their own units (its optimisers stop at absolute
    differences), and brought to the panel's ``unit``; UsageError where a name is not known."""
    s = task.settings
    by_pattern = [s.patterns.get(name, s.strategy) for name in PATTERNS]
    names = tuple(dict.fromkeys([*by_pattern, *s.skus.values()]))
    code = {name: at for at, name in enumerate(names)}
    which = np.array([code[name] for name in by_pattern])[pattern.astype(int)]
    if s.skus and "sku" in panel.keys.columns:
        own = panel.keys["sku"].replace_strict(
            {sku: code[name] for sku, name in s.skus.items()}, default=-1, return_dtype=pl.Int64
        )
        which = np.where(own.to_numpy() >= 0, own.to_numpy(), which)
    return _asked(names, which, panel, unit, task, pattern)


def _asked(
    names: tuple[str, ...], which: Ints, panel: Panel, unit: Array, task: Task, pattern: Codes
) -> Choice:
    served = np.full(len(which), -1)
    half = np.zeros(len(which), dtype=bool)
    answers, count = [np.empty((len(task.origins), task.horizon, 0))], 0
    for at, name in enumerate(names):
        if name in OWN or name in ("auto", "fast"):
            continue
        from stockturn.engine.forecast.statsforecast_adapter import ask

        mine = np.flatnonzero(which == at)
        if name == "high":
            scaled = panel.values[:, mine] / unit[mine]
            mine = mine[gated(scaled, task.settings, task.bucket, pattern[mine])]
            half[mine] = True
        asked = HIGH_MODEL if name == "high" else name
        answers.append(ask(asked, panel.values[:, mine], panel, task) / unit[mine])
        served[mine] = np.arange(count, count + len(mine))
        count += len(mine)
    return Choice(names, which, np.concatenate(answers, axis=2), served, half)
