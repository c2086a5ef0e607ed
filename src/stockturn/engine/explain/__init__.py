"""Every figure on a sku, each with its formula filled in, and the ledger rows behind it.

    made = explain(run, ("0403002",))
    made.figures   one row per figure: what it is, how it is worked out, with which numbers, from how many rows
    made.rows      the ledger rows: file, sheet, row

Nothing is computed a second time: the frames are those of the other commands, over the whole company, with the columns
that their figures are worked out from kept beside them.
"""

from stockturn.engine.explain.brief import brief, overview
from stockturn.engine.explain.build import AREAS, Explained, explain

__all__ = ["AREAS", "Explained", "brief", "explain", "overview"]
