"""The example company: a folder of exports to try stockturn on, and the figures that must come out of it."""

from stockturn.demo.books import DEFAULT_SEED, Truth, truth
from stockturn.demo.warts import Wart
from stockturn.demo.write import DemoFile, DemoSummary, write_demo

__all__ = ["DEFAULT_SEED", "DemoFile", "DemoSummary", "Truth", "Wart", "truth", "write_demo"]
