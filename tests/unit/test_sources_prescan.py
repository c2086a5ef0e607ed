"""The guard in front of workbooks: hostile files are refused before the reader sees them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from stockturn.config import Settings, load_settings
from stockturn.errors import InputError
from stockturn.sources import read
from stockturn.sources.prescan import scan

LIMITS = Settings().ingest
TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    "</Types>"
)
REL = '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}"/>'
RELS = '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
BOOK = (
    f'<workbook {MAIN} xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
)


def workbook(rows: str, **parts: str) -> bytes:
    """A workbook of one sheet with these rows as XML."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", RELS.format(REL.format("officeDocument", "xl/workbook.xml")))
        archive.writestr("xl/workbook.xml", BOOK)
        archive.writestr(
            "xl/_rels/workbook.xml.rels", RELS.format(REL.format("worksheet", "worksheets/sheet1.xml"))
        )
        archive.writestr(
            "xl/worksheets/sheet1.xml", f"<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>"
        )
        for name, text in parts.items():
            archive.writestr(f"xl/{name}.xml", text)
    return data.getvalue()


def row(number: int, *cells: str) -> str:
    """A row of inline texts."""
    shown = "".join(
        f'<c r="{chr(65 + index)}{number}" t="inlineStr"><is><t>{cell}</t></is></c>'
        for index, cell in enumerate(cells)
    )
    return f'<row r="{number}">{shown}</row>'


GOOD = row(1, "日期", "商品编码", "数量", "客户") + row(2, "2024-01-05", "A1", "3", "C")


@pytest.mark.parametrize(
    ("rows", "parts", "key"),
    [
        (GOOD + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', {}, "sheet_too_large"),
        (GOOD + "<row r=\"9\"><c r = 'XFD9'><v>1</v></c></row>", {}, "sheet_too_large"),
        (GOOD + '<row r="999999"><c r="ZZ999999"><v>1</v></c></row>', {}, "sheet_too_large"),
        (
            GOOD,
            {"sharedStrings": f'<sst {MAIN} count="1" uniqueCount="4000000000"><si/></sst>'},
            "workbook_lies",
        ),
        (GOOD, {"styles": '<!DOCTYPE x [<!ENTITY a "b">]><styleSheet/>'}, "workbook_doctype"),
    ],
)
def test_hostile_workbooks_are_refused(rows: str, parts: dict[str, str], key: str, tmp_path: Path) -> None:
    """Each is named with its reason, and the process lives."""
    path = tmp_path / "hostile.xlsx"
    path.write_bytes(workbook(rows, **parts))
    sheet = read([path], Settings()).sheets.row(0, named=True)
    assert sheet["reason_code"] == key


def test_far_row_alone_is_no_crime(tmp_path: Path) -> None:
    """A stray cell in the last row of column A is within the limits and read."""
    path = tmp_path / "far.xlsx"
    path.write_bytes(workbook(GOOD + '<row r="104857"><c r="A104857"><v>1</v></c></row>'))
    sheet = read([path], Settings()).sheets.row(0, named=True)
    assert (sheet["table"], sheet["accepted"], sheet["rows_read"]) == ("movements", 1, 104_857)


def test_what_inflates_too_much_is_refused() -> None:
    """The bytes are counted while they come, whatever the directory of the zip says."""
    data = workbook(GOOD, filler="<x>" + "0" * (3 << 20) + "</x>")
    limits = load_settings(None, {"ingest.max_inflated_mb": 2}).ingest
    with pytest.raises(InputError) as raised:
        scan(io.BytesIO(data), "f.xlsx", limits)
    assert raised.value.key == "file_inflates"


def test_silent_losses_are_counted(tmp_path: Path) -> None:
    """Error cells, formulas without a stored value and hidden rows are said."""
    rows = (
        GOOD
        + '<row r="3" hidden="1"><c r="A3" t="inlineStr"><is><t>2024-01-06</t></is></c>'
        + '<c r="B3" t="inlineStr"><is><t>A2</t></is></c><c r="C3"><v>4</v></c><c r="D3" t="e"><v>#N/A</v></c></row>'
        + '<row r="4"><c r="A4" t="inlineStr"><is><t>2024-01-07</t></is></c>'
        + '<c r="B4" t="inlineStr"><is><t>A3</t></is></c><c r="C4"><f>SUM(C2:C3)</f></c></row>'
    )
    path = tmp_path / "f.xlsx"
    path.write_bytes(workbook(rows))
    ledger = read([path], Settings())
    said = {note.key: note.params["count"] for note in ledger.notes if note.key.startswith("cells_")}
    assert said == {"cells_errors": 1, "cells_hidden": 1, "cells_uncached": 1}
    sheet = ledger.sheets.row(0, named=True)
    assert (sheet["accepted"], sheet["refused"]) == (2, 1)  # the formula's quantity is unknown


def test_scan_counts_each_cell_once_over_blocks() -> None:
    """A sheet of several blocks: as many errors as there are."""
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="e"><v>#N/A</v></c></row>' for n in range(1, 60_001))
    found = scan(io.BytesIO(workbook(rows)), "f.xlsx", LIMITS)
    assert found.parts["xl/worksheets/sheet1.xml"]["errors"] == 60_000
