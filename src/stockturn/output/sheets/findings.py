"""What the figures say, in sentences: each with its money, where the detail stands, and what to do this week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stockturn.model import Finding
from stockturn.output.sheets.context import Context
from stockturn.output.sheets.findings_stock import STOCK
from stockturn.output.sheets.findings_supply import SUPPLY


def findings(context: Context) -> tuple[Finding, ...]:
    """All findings of this run, the largest money first; good news after the bad.

    Money differs in kind (value at cost, sales missed, orders to place); it ranks, it is never added up.
    """
    found = [
        replace(finding, subject=subject)
        for subject, find in (*STOCK, *SUPPLY)
        if (finding := find(context)) is not None
    ]
    return tuple(sorted(found, key=_rank))


def leading(found: Sequence[Finding], count: int) -> tuple[Finding, ...]:
    """The ``count`` findings that are told first: of as many subjects as there are, the largest money first.

    Two ways of saying the same thing do not take the place of another subject. Dead stock is always among them: it is
    seldom the largest sum, and the one that nobody asks about.
    """
    largest: dict[str, Finding] = {}
    for finding in sorted(found, key=_rank):
        largest.setdefault(finding.subject, finding)
    told = list(largest.values())[:count]
    dead = largest.get("dead")
    if dead is not None and told and dead not in told:
        told[-1] = dead
    rest = [finding for finding in found if finding not in told]
    return tuple(sorted((*told, *rest[: count - len(told)]), key=_rank))


def _rank(finding: Finding) -> tuple[bool, float]:
    return finding.level == "good", -(finding.money or 0.0)
