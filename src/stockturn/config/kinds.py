"""The words for what a movement is (SPEC 2), and what a text of an export may be told to mean."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "opening",
    "purchase",
    "purchase_return",
    "sale",
    "sale_return",
    "transfer_in",
    "transfer_out",
    "production_in",
    "production_out",
    "adjustment_in",
    "adjustment_out",
    "scrap",
    "assembly_in",
    "assembly_out",
    "other_in",
    "other_out",
    "revaluation",
]
"""What a movement can be. ``revaluation`` has qty 0 and a cost: it changes value and average only."""

Told = Literal[Kind, "transfer", "count", "assembly", "adjustment", "other", "skip"]
"""What a movement text can mean: a kind, one whose side the sign of the line tells, or a row to leave out."""
