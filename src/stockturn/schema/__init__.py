"""The vocabulary: every column that may enter a canonical table or leave the engine, with its unit."""

from stockturn.schema.columns import COLUMNS, AgeSpan, Column, Unit, age_span, column
from stockturn.schema.tables import DEMAND_KINDS, KINDS, TABLES, Field, Table, conform, empty

__all__ = [
    "COLUMNS",
    "DEMAND_KINDS",
    "KINDS",
    "TABLES",
    "AgeSpan",
    "Column",
    "Field",
    "Table",
    "Unit",
    "age_span",
    "column",
    "conform",
    "empty",
]
