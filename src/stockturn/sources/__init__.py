"""Reading exports: from files as the systems write them to canonical frames, every row accounted for."""

from stockturn.sources.dedupe import dedupe
from stockturn.sources.reading import read

__all__ = ["dedupe", "read"]
