"""Settings of a run. No polars here: ``stockturn --help`` must stay quick."""

from stockturn.config.load import find_config, load_settings
from stockturn.config.settings import Settings

__all__ = ["Settings", "find_config", "load_settings"]
