"""Files of every kind to grids: encodings, separators, line ends, slipped rows, pages under a wrong name."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest

from stockturn.config import Settings, load_settings
from stockturn.sources import read
from stockturn.sources import textfile as textfile_module
from stockturn.sources.textfile import decode, read_text, separator_of

TEXT = (
    "单据日期,单据编号,客户,商品编码,数量\n2024-01-05,S1,宁波公司,00123,3\n2024-01-06,S2,宁波公司,00124,4\n"
)


def zipped(parts: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return data.getvalue()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_encodings_are_found(encoding: str, tmp_path: Path) -> None:
    """The same rows from every encoding of Chinese Windows."""
    path = tmp_path / "x.csv"
    path.write_bytes(TEXT.encode(encoding))
    ledger = read([path], Settings())
    assert ledger.table("movements").collect()["sku"].to_list() == ["00123", "00124"]
    assert ledger.table("movements").collect()["partner"].unique().to_list() == ["宁波公司"]


def test_first_chinese_byte_after_megabytes_of_digits() -> None:
    """The whole file decides, not its head."""
    data = b"1,2\n" * 100_000 + "宁波\n".encode("gb18030")
    text, encoding = decode(data, "x.csv")
    assert encoding == "gb18030"
    assert text.endswith("宁波\n")


def test_western_and_taiwanese_files_are_told_apart() -> None:
    """cp1252 has lonely high bytes, Big5 gives the traditional characters of business tables."""
    assert decode("Müller;Stück;Größe".encode("cp1252"), "x")[1] == "cp1252"
    assert decode("單據編號,倉庫,數量,金額".encode("big5"), "x")[1] == "big5"
    assert decode("单据编号,仓库,数量,金额".encode("gb18030"), "x")[1] == "gb18030"
    # among ASCII dates and codes most second bytes of Big5 are ASCII: the beginning looks lonely
    rows = "".join(f"2024/4/{day},S{day},銷貨,品{day},總倉,{day}\n" for day in range(1, 29))
    assert decode(f"日期,單號,異動類別,料號,倉庫,數量\n{rows}".encode("big5"), "x")[1] == "big5"
    assert decode("商品コード,商品名,在庫数\nA1,ネジ,5\n".encode("cp932"), "x")[1] == "cp932"


def test_wrong_encoding_of_the_config_is_named(tmp_path: Path) -> None:
    """What cannot be decoded as told is refused with the hint to leave it out."""
    path = tmp_path / "x.csv"
    path.write_bytes(TEXT.encode("gb18030"))
    sheet = read([path], load_settings(None, {"ingest.encoding": "ascii"})).sheets.row(0, named=True)
    assert sheet["reason_code"] == "encoding_wrong"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(separator: str, end: str, tmp_path: Path) -> None:
    """All of them, also the old line end that readers silently take for one line."""
    path = tmp_path / "x.txt"
    path.write_bytes(TEXT.replace(",", separator).replace("\n", end).encode())
    row = read([path], Settings()).sheets.row(0, named=True)
    assert (row["rows_read"], row["accepted"]) == (3, 2)


def test_separator_with_title_rows_and_decimal_commas() -> None:
    """The share of equally wide lines decides, not the count of a character."""
    assert (
        separator_of(
            "Bericht, erstellt am 1,2,3\nDatum;Menge;Preis\n01.02.2024;1,5;2,5\n02.02.2024;1,5;2,5\n"
        )
        == ";"
    )


def test_rows_with_too_many_cells_are_refused_not_cut(tmp_path: Path) -> None:
    """A separator inside an unquoted name makes the rest of the row slip: refused as it was."""
    rows = "".join(f"2024-01-{day:02},A{day},3,C,x\n" for day in range(1, 21))
    path = tmp_path / "sales.csv"
    path.write_text(f"date,sku,qty,customer,note\n{rows}2024-01-21,A,3,Smith, John,x,y\n", encoding="utf-8")
    ledger = read([path], Settings())
    row = ledger.sheets.row(0, named=True)
    assert (row["accepted"], row["refused"]) == (20, 1)
    refused = ledger.refused.row(0, named=True)
    assert (refused["row"], refused["reason_code"]) == (22, "ragged")
    assert refused["raw"] == "2024-01-21 | A | 3 | Smith |  John | x | y"


def test_large_and_small_files_give_the_same_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two readers of text, one for size: quotes, blank lines, empty cells and short rows come out alike."""
    text = 'a,b,c\n\n1,"x, ""y""",3\n4,,6\n7\n"line\nbreak",8,9\n'
    small = read_text(text.encode(), "x.csv").frame
    monkeypatch.setattr(textfile_module, "SMALL", 0)
    large = read_text(text.encode(), "x.csv").frame
    filled = [frame.with_columns(pl.col(pl.String).fill_null("")) for frame in (small, large)]
    assert filled[0].equals(filled[1])


def test_quote_that_never_ends_does_not_swallow_the_file(tmp_path: Path) -> None:
    """8" pipe: an odd number of quotes is text."""
    path = tmp_path / "sales.csv"
    path.write_text(
        'date,sku,name,qty,customer\n2024-01-05,A,8" pipe,3,C\n2024-01-06,B,x,4,C\n', encoding="utf-8"
    )
    assert read([path], Settings()).sheets["accepted"][0] == 2


def test_page_named_xls_with_spans(tmp_path: Path) -> None:
    """rowspan fills down, colspan of a total does not, the declared character set is not believed."""
    page = (
        '<html><head><meta charset="gb2312"></head><table><tr><td colspan="4">销售明细</td></tr>'
        "<tr><th>单据日期</th><th>单据编号</th><th>商品编号</th><th>数量</th></tr>"
        '<tr><td rowspan="2">2024年1月5日</td><td rowspan="2">S1</td><td>001</td><td>3</td></tr>'
        "<tr><td>002</td><td>(1)</td></tr>"
        '<tr><td colspan="3">小计：</td><td>2</td></tr></table></html>'
    )
    path = tmp_path / "销售单.xls"
    path.write_bytes(page.replace("销售明细", "销售䶮明细").encode("gb18030"))
    ledger = read([path], Settings())
    row = ledger.sheets.row(0, named=True)
    assert (row["accepted"], row["qty_sum"]) == (2, -2.0)
    assert json.loads(row["skipped_by"]) == {"header": 1, "title": 1, "total": 1}


def test_types_of_a_workbook_column_do_not_decide_its_codes(tmp_path: Path) -> None:
    """Codes as numbers and as text in one column: 101 stays 101, X2500 and 002400 stay text."""
    import xlsxwriter

    path = tmp_path / "销售.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("销售")
        sheet.write_row(2, 1, ["日期", "商品编码", "数量"])
        for index, code in enumerate([101, "X2500", "002400", 1.5]):
            sheet.write_row(3 + index, 1, ["2024-01-05", code, index + 1])
    ledger = read([path], Settings())
    moved = ledger.table("movements").collect()
    assert moved["sku"].to_list() == ["101", "X2500", "002400", "1.5"]
    assert moved["source_row"].to_list() == [4, 5, 6, 7]


def test_table_that_goes_on_over_sheets(tmp_path: Path) -> None:
    """The second sheet of a workbook has no header: it is the first one's table."""
    import xlsxwriter

    path = tmp_path / "销售.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for number in (1, 2):
            sheet = book.add_worksheet(f"Sheet{number}")
            if number == 1:
                sheet.write_row(0, 0, ["日期", "商品编码", "数量", "客户"])
            for index in range(3):
                sheet.write_row(index + (number == 1), 0, ["2024-01-05", f"A{index}", index + 1, "C"])
    ledger = read([path], Settings())
    assert ledger.sheets["accepted"].to_list() == [3, 3]
    assert ledger.table("movements").collect()["source_sheet"].unique().sort().to_list() == [
        "Sheet1",
        "Sheet2",
    ]


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SECRET = '<manifest:encryption-data manifest:checksum="x"/>'


@pytest.mark.parametrize(
    ("name", "data"),
    [
        # an encrypted xlsx is an OLE file with a stream of that name
        ("secret.xlsx", OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(400)),
        # an old workbook has the record 0x2F behind its first one
        ("secret.xls", OLE + bytes(504) + b"\x09\x08\x10\x00" + bytes(16) + b"\x2f\x00\x36\x00" + bytes(300)),
        (
            "secret.ods",
            zipped(
                {"content.xml": "\x01\x02", "META-INF/manifest.xml": f"<manifest:x>{SECRET}</manifest:x>"}
            ),
        ),
    ],
)
def test_password_is_said(name: str, data: bytes, tmp_path: Path) -> None:
    """Whatever the format: save it without."""
    path = tmp_path / name
    path.write_bytes(data)
    assert read([path], Settings()).sheets["reason_code"][0] == "workbook_password"
