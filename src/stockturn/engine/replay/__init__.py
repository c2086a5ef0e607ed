"""Replay: the past once more, with the engine's suggestions (SPEC 11)."""

from stockturn.engine.replay.outcome import Replayed, replay

__all__ = ["Replayed", "replay"]
