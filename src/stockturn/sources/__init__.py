"""Reading exports: from files as the systems write them to canonical frames, every row accounted for."""

from stockturn.sources.dedupe import dedupe
from stockturn.sources.reading import read
from stockturn.sources.whole import combine

__all__ = ["combine", "dedupe", "read"]
