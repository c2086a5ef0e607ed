"""What the median of cheap models gets wrong together: its bias over all intermittent items, and taking it out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stockturn.config.forecast import ForecastSettings
from stockturn.engine.forecast.blend import Task, median
from stockturn.engine.forecast.pattern import INTERMITTENT, patterns
from stockturn.engine.forecast.smoothing import Array, Ints, moving_average


@dataclass(frozen=True)
class Tally:
    """Per origin: what came, what was forecast (both in units of each series' own mean), how many sums."""

    came: Array
    said: Array
    count: Array

    @classmethod
    def none(cls, origins: int) -> Tally:
        """Nothing counted yet."""
        return cls(np.zeros(origins), np.zeros(origins), np.zeros(origins))

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.came + other.came, self.said + other.said, self.count + other.count)


def lead_sums(y: Array, origins: Ints, lead: int) -> Array:
    """What came in the ``lead`` periods after each origin: (origins, series); NaN where not all have come."""
    out = np.full((len(origins), y.shape[1]), np.nan)
    whole = origins + lead < len(y)
    if whole.any():
        total = np.cumsum(np.nan_to_num(y), axis=0)
        out[whole] = total[origins[whole] + lead] - total[origins[whole]]
    return np.where(np.isnan(y[origins]), np.nan, np.maximum(out, 0.0))


def tally(y: Array, task: Task, lead: int, cuts: tuple[float, float]) -> Tally:
    """Sums over intermittent and lumpy series of what came and what the median had said, for every origin of the
    task from the ``bias_origins`` origins whose lead-time sums were complete by then.

    Each series counts in units of its mean over the newest periods, so that no big one decides alone.
    """
    s = task.settings
    first = max(int(task.origins[0]) - s.bias_origins - lead + 1, 0)
    past = np.arange(first, int(task.origins[-1]) + 1)
    said = median(y, Task(past, lead, s, task.bucket)).sum(axis=1)
    came = lead_sums(y, past, lead)
    known = ~np.isnan(came)
    said, came = np.where(known, said, 0.0), np.where(known, came, 0.0)
    level = moving_average(y, s.bias_window)[task.origins]
    sparse = patterns(y, task.origins, *cuts) >= INTERMITTENT
    rows = []
    for i, origin in enumerate(task.origins):
        window = (past + lead <= origin) & (past + lead > origin - s.bias_origins)
        counts = sparse[i] & (level[i] > 0)
        unit = level[i, counts]
        parts = (came[window][:, counts] / unit, said[window][:, counts] / unit, known[window][:, counts])
        rows.append([float(part.sum()) for part in parts])
    return Tally(*np.array(rows).T) if rows else Tally.none(0)


def correction(total: Tally, s: ForecastSettings) -> Array:
    """Factor on the median of intermittent and lumpy series at each origin.

    ratio = came / said, both with ``bias_prior`` sums of the mean size added, so that few sums change little;
    factor = ratio ^ bias_power, within 1 +- bias_limit. 1 where nothing came.
    """
    prior = s.bias_prior * np.divide(
        total.came, total.count, out=np.zeros_like(total.came), where=total.count > 0
    )
    said = total.said + prior
    ratio = np.divide(total.came + prior, said, out=np.ones_like(said), where=(said > 0) & (total.came > 0))
    return np.clip(ratio**s.bias_power, 1 - s.bias_limit, 1 + s.bias_limit)
