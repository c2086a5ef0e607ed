"""Reading back what ``explain`` says: its filled-in formulas worked out again, with Python's own arithmetic."""

from __future__ import annotations

import math
import re
from datetime import date
from typing import Any

_SIGNS = {"×": "*", "−": "-", "√": "sqrt", "≥": ">=", "≤": "<=", "²": "**2"}
_HUNDREDTH = 0.0051
"""A need is used to the hundredth, as it is printed."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_KNOWN = {
    "max": max,
    "min": min,
    "round": round,
    "ceil": math.ceil,
    "floor": math.floor,
    "sqrt": math.sqrt,
    "date": date,
}


def worked_out(filled_in: str) -> Any:
    """What the line amounts to: a number, days between two dates, or whether its comparisons hold."""
    line = _DATE.sub(
        lambda found: "date({}, {}, {})".format(*(int(part) for part in found.group().split("-"))), filled_in
    )
    for sign, python in _SIGNS.items():
        line = line.replace(sign, python)
    found = eval(line, {"__builtins__": {}}, _KNOWN)
    if any(sign in filled_in for sign in "<>≥≤"):
        return all(found) if isinstance(found, tuple) else bool(found)
    return found.days if hasattr(found, "days") else found


def agrees(row: dict[str, Any]) -> bool:
    """Whether the filled-in formula gives the value of the row, as exactly as its numbers are written (seven digits)."""
    found = worked_out(row["filled_in"])
    if isinstance(found, bool):
        return found
    if row["figure"] == "need_qty":
        return math.isclose(found, row["value"], abs_tol=_HUNDREDTH)
    largest = max(float(number) for number in re.findall(r"\d+(?:\.\d+)?", row["filled_in"]))
    return math.isclose(found, row["value"], rel_tol=1e-5, abs_tol=2e-6 * max(largest, 1.0))
