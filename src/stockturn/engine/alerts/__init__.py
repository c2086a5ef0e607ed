"""Alerts: rules as data, the worst per cell and family, stable ids, a life from run to run.

frames = alert_frames(run)                       what the rules look at
found, looked_at = evaluate(frames, settings)    one row per alert
unknown = undecided(frames, settings)            ids that no rule could judge
shown, states = life(found, previous, as_of, looked_at, unknown)
"""

from stockturn.engine.alerts.evaluate import ALERT, evaluate, undecided
from stockturn.engine.alerts.inputs import alert_frames
from stockturn.engine.alerts.life import NEWS, OPEN, STATES, life, snoozed
from stockturn.engine.alerts.registry import RULES
from stockturn.engine.alerts.standing import standing

__all__ = [
    "ALERT",
    "NEWS",
    "OPEN",
    "RULES",
    "STATES",
    "alert_frames",
    "evaluate",
    "life",
    "snoozed",
    "standing",
    "undecided",
]
