"""What the figures say, in sentences: each with its money, where the detail stands, and what to do this week."""

from __future__ import annotations

from stockturn.model import Finding
from stockturn.output.sheets.context import Context
from stockturn.output.sheets.findings_stock import STOCK
from stockturn.output.sheets.findings_supply import SUPPLY


def findings(context: Context) -> tuple[Finding, ...]:
    """All findings of this run, the largest money first; good news after the bad.

    Money differs in kind (value at cost, sales missed, orders to place); it ranks, it is never added up.
    """
    found = [finding for find in (*STOCK, *SUPPLY) if (finding := find(context)) is not None]
    return tuple(sorted(found, key=lambda finding: (finding.level == "good", -(finding.money or 0.0))))
