"""The vocabulary: every column that may enter a canonical table or leave the engine, with its unit."""

from stockturn.schema.columns import COLUMNS, Column, Unit, column
from stockturn.schema.tables import DEMAND_KINDS, KINDS, TABLES, Field, Table, conform, empty

__all__ = [
    "COLUMNS",
    "DEMAND_KINDS",
    "KINDS",
    "TABLES",
    "Column",
    "Field",
    "Table",
    "Unit",
    "column",
    "conform",
    "empty",
]
