"""How exports are read: which file is what, which header means which column."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from stockturn.config.base import Section
from stockturn.config.kinds import Kind, Told


class FileRule(Section):
    """What is known about the files (and sheets) whose name matches."""

    match: str = Field(description="glob over the file name, e.g. 'sales_*.csv'")
    sheet: str | None = Field(None, description="glob over the sheet name; every sheet when left out")
    table: str | None = Field(
        None, description="canonical table, e.g. 'movements'; found from the headers when left out"
    )
    profile: str | None = Field(None, description="profile to read it with; 'auto' when left out")
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="canonical column = header in the file; an empty header means: not read",
    )
    kinds: dict[str, Told] = Field(
        default_factory=dict,
        description="text in the movement column = kind, or 'skip' to leave such rows out",
    )
    kind: Told | None = Field(
        None, description="the kind of every row, where the file has no movement column"
    )
    org: str | None = Field(
        None,
        description="company or set of books the files are of, where two use the same document numbers",
    )
    as_of: date | None = Field(None, description="date of an undated stock list")
    encoding: str | None = Field(None, description="encoding of a text file, when the one found is wrong")
    date_order: Literal["dmy", "mdy", "ymd"] | None = Field(
        None, description="order of day and month, where undecidable"
    )
    decimal: Literal[".", ","] | None = Field(None, description="decimal sign, where undecidable")
    amount: Literal["cost", "net", "gross"] | None = Field(
        None, description="what the amount column is: cost, revenue without tax, revenue with tax"
    )
    tax_rate: float | None = Field(None, ge=0, lt=1, description="tax in a gross amount, 0.13 = 13 %")
    ignore: bool = Field(False, description="leave these files out")


class IngestSettings(Section):
    """Section ``[ingest]``."""

    files: tuple[FileRule, ...] = Field((), description="rules by file name, the first that matches decides")
    ignore: tuple[str, ...] = Field((), description="globs of files to leave out")
    demand_kinds: tuple[Kind, ...] = Field(
        ("sale", "production_out"), description="kinds that make demand (sale_return always reduces it)"
    )
    encoding: str | None = Field(None, description="encoding of all text files, when the one found is wrong")
    rates: dict[str, float] = Field(
        default_factory=dict,
        description="currency = what one unit of it is worth in the ledger's currency; other currencies are refused",
    )
    currency: str = Field("", description="currency of the ledger, shown with money; any text")
    sku_case: Literal["keep", "upper"] = Field(
        "keep",
        description="'upper' reads codes that differ only by case as one; they are reported either way",
    )
    leading_zeros: Literal["keep", "match"] = Field(
        "keep", description="'match' joins codes that lost their leading zeros to the full code"
    )
    unit_factors: dict[str, dict[str, float]] = Field(
        default_factory=dict, description="sku (or '*') = {unit = how many base units it holds}"
    )
    overlap: Literal["refuse", "keep_all", "newest"] = Field(
        "refuse",
        description="rows without document numbers that two files tell differently for one kind, warehouse and day: "
        "refused, all kept as different goods, or the newer export alone",
    )
    reused_number_days: int = Field(
        60, gt=0, description="one document number further apart than this is a number used again"
    )
    exclude_skus: tuple[str, ...] = Field(
        (), description="codes that are no goods (postage, fees); rows are skipped and counted"
    )
    reconcile_tolerance: float = Field(
        1e-6, ge=0, description="difference between book and count that is not reported"
    )
    max_file_mb: int = Field(200, gt=0, description="largest file that is read")
    max_rows: int = Field(2_000_000, gt=0, description="most rows of one workbook sheet")
    max_columns: int = Field(1024, gt=0, description="most columns of one sheet")
    max_cells: int = Field(50_000_000, gt=0, description="most cells in the used range of one sheet")
    max_inflated_mb: int = Field(2048, gt=0, description="most megabytes a zipped file may unpack to")
    max_reader_mb: int = Field(
        4096, gt=255, description="most megabytes that the reader of an xls, xlsb or ods file may take"
    )
