"""The guard in front of workbooks: hostile files are refused before the reader sees them."""

from __future__ import annotations

import io
import struct
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
        (GOOD + '<row r="9"><c r="xfd1048576"><v>1</v></c></row>', {}, "workbook_kills"),
        (GOOD + '<row r="4000000000"><c><v>1</v></c></row>', {}, "workbook_kills"),
        (GOOD + '<row r="9"><c\tr="XFD1048576"><v>1</v></c></row>', {}, "sheet_too_large"),
        (row(1, "x" * (3 << 20)), {}, "workbook_long_text"),
    ],
)
def test_hostile_workbooks_are_refused(rows: str, parts: dict[str, str], key: str, tmp_path: Path) -> None:
    """Each is named with its reason, and the process lives."""
    path = tmp_path / "hostile.xlsx"
    path.write_bytes(workbook(rows, **parts))
    sheet = read([path], Settings()).sheets.row(0, named=True)
    assert sheet["reason_code"] == key


@pytest.mark.parametrize("where", ["xl/other/sheet1.xml", "xl/media/picture.png", "XL/Worksheets/Sheet1.XML"])
def test_sheet_under_another_name_kills_nobody(where: str, tmp_path: Path) -> None:
    """A hostile sheet where the guard does not look for sheets is met by a process that may die of it."""
    data = workbook(GOOD + '<row r="9"><c r="XFD1048576"><v>1</v></c></row>')
    path = tmp_path / "hostile.xlsx"
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            text = old.read(name).replace(b'Target="worksheets/sheet1.xml"', f'Target="/{where}"'.encode())
            new.writestr(where if name.startswith("xl/worksheets") else name, text)
    sheet = read([path], Settings()).sheets.row(0, named=True)
    assert sheet["reason_code"] in ("workbook_kills", "sheet_too_large", "workbook_broken")


def test_old_workbook_that_kills_its_reader_is_refused(tmp_path: Path) -> None:
    """A BIFF cell in row and column 65,535 asks for 137 GB: the reader's own process ends, and the reason is said."""
    path = tmp_path / "hostile.xls"
    path.write_bytes(biff(number_at=(65_535, 65_535)))
    sheet = read([path], Settings()).sheets.row(0, named=True)
    assert sheet["reason_code"] == "workbook_kills"
    path.write_bytes(biff(number_at=(1, 2)))
    sheet = read([path], Settings()).sheets.row(0, named=True)
    assert (sheet["table"], sheet["accepted"], sheet["qty_sum"]) == ("movements", 1, -3.5)


def biff(number_at: tuple[int, int]) -> bytes:
    """An .xls of one sheet: four captions, a line of texts, and its quantity at the place given."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def label(line: int, column: int, text: str) -> bytes:
        raw = text.encode("utf-16-le")
        return record(0x0204, struct.pack("<HHHHB", line, column, 0, len(text), 1) + raw)

    cells = [(0, 0, "date"), (0, 1, "sku"), (0, 2, "qty"), (0, 3, "customer")]
    cells += [(1, 0, "2024-01-05"), (1, 1, "A1"), (1, 3, "C")]
    sheet = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    sheet += b"".join(label(*cell) for cell in cells)
    sheet += record(0x0203, struct.pack("<HHHd", *number_at, 0, 3.5)) + record(0x000A, b"")
    head = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    name = b"S"
    bound = 4 + 8 + len(name)
    at = len(head) + bound + len(record(0x000A, b""))
    bound_sheet = record(0x0085, struct.pack("<IHBB", at, 0, len(name), 0) + name)
    return in_container(head + bound_sheet + record(0x000A, b"") + sheet)


def in_container(stream: bytes) -> bytes:
    """The smallest OLE file with a stream named Workbook: sector 0 its table, 1 its directory, then the stream."""
    stream = stream.ljust(4096, b"\0")  # shorter streams are kept in another way
    sectors = len(stream) // 512
    end, free, table = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header += bytes(6) + struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<I", 0)
    header += struct.pack("<I", free) * 108
    chain = [table, end, *range(3, 2 + sectors), end]
    fat = struct.pack("<128I", *chain, *[free] * (128 - len(chain)))

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        raw = (name + "\0").encode("utf-16-le")
        links = struct.pack("<HBBIII", len(raw), kind, 1, free, free, child)
        return raw.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", start, size)

    directory = entry("Root Entry", 5, 1, end, 0) + entry("Workbook", 2, free, 2, len(stream)) + bytes(256)
    return header + fat + directory + stream


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
