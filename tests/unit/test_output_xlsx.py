"""The workbook, read back: text is text, figures are the engine's, and it is usable as Excel."""

from __future__ import annotations

import hashlib
import re
import zipfile
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.i18n import LANGUAGES
from stockturn.model import Block, Report, Sheet
from stockturn.output.sheets import build_report
from stockturn.output.xlsx import write_report, write_tables
from tests.company import AS_OF, NASTY, analysis
from tests.reading import links, read_workbook

VERSIONS = {"stockturn": "0.1.0"}


def _settings(lang: str = "en", **report: object) -> Settings:
    return Settings.model_validate(
        {"lang": lang, "ingest": {"currency": "CNY"}, "report": {"company": "青禾商贸", **report}}
    )


@pytest.fixture(scope="module", params=LANGUAGES)
def book(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Report, str]:
    lang = str(request.param)
    path = tmp_path_factory.mktemp("book") / f"report_{lang}.xlsx"
    report = build_report(analysis(), _settings(lang), VERSIONS)
    write_report(report, path)
    return path, report, lang


def _parts(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml")}


def test_no_formula_and_no_link_comes_from_data(book: tuple[Path, Report, str]) -> None:
    """A sku named =HYPERLINK(...) is text; the only links are those of the report to its own tabs."""
    for name, xml in _parts(book[0]).items():
        if name.startswith("xl/worksheets/sheet"):
            assert "<f>" not in xml
            assert "<f " not in xml
    for sheet in read_workbook(book[0]).worksheets:
        assert links(sheet)
        assert all(link.target is None and link.location for link in links(sheet))


def test_names_that_look_like_code_are_shown_as_they_are(book: tuple[Path, Report, str]) -> None:
    """Formulas, markup, 300 characters, emoji: each stands in a cell unchanged."""
    workbook = read_workbook(book[0])
    texts = {
        cell.value
        for sheet in workbook.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "s"
    }
    assert set(NASTY) <= texts


def test_no_cell_says_nan_or_none_and_no_tab_is_empty(book: tuple[Path, Report, str]) -> None:
    """What is not known is blank."""
    for sheet in read_workbook(book[0]).worksheets:
        values = [cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert len(values) > 10, sheet.title
        assert not {str(value).strip().lower() for value in values} & {"nan", "none", "null", "inf", "-inf"}


def test_figures_in_the_workbook_are_those_of_the_engine(book: tuple[Path, Report, str]) -> None:
    """Read back from the cells: turnover by category, dead stock by value, the total row."""
    path, report, lang = book
    run = analysis()
    sheet = read_workbook(path)[{"en": "Turnover", "zh": "库存周转"}[lang]]
    rows = list(sheet.iter_rows(values_only=True))
    start = next(place for place, row in enumerate(rows) if row[0] in ("By category", "按类别"))
    by = {row[0]: row[1] for row in rows[start : start + 9]}
    for category, turns in run.by["category"].select("category", "turnover").iter_rows():
        assert by[category] == pytest.approx(turns, rel=1e-12)
    assert by[{"en": "Total", "zh": "合计"}[lang]] == pytest.approx(run.total["turnover"][0], rel=1e-12)
    items = read_workbook(path)[{"en": "Stock by age", "zh": "库龄明细"}[lang]]
    header = next(row for row in items.iter_rows() if row[0].value == "SKU")
    column = [cell.value for cell in header].index({"en": "Stock value", "zh": "库存金额"}[lang])
    values = [row[column] for row in items.iter_rows(min_row=header[0].row + 1, values_only=True)]
    assert values == pytest.approx(run.deadstock["value"].to_list())
    assert report.as_of == AS_OF


def test_the_chinese_workbook_has_no_english_word_of_the_program(tmp_path: Path) -> None:
    """Every text that the program adds is Chinese: no ASCII word but codes, keys and (quoted) names of data."""
    run = replace(analysis(), abc=analysis().abc.head(0), deadstock=analysis().deadstock.head(0))
    report = build_report(run, _settings("zh"), VERSIONS)
    allowed = {
        "SKU",
        "ABC",
        "XYZ",
        "FSN",
        "CV",
        "GMROI",
        "CNY",
        "WAPE",
        "Syntetos",
        "Boylan",
        "max",
        "stockturn",
        "toml",
        "carry",
    }
    for sheet in report.sheets:
        said = [sheet.title, *sheet.notes, *(tile.label for tile in sheet.tiles)]
        said += [
            note for block in sheet.blocks for note in (block.title, *block.notes, *block.labels.values())
        ]
        for words in said:
            own = re.sub("“[^”]*”", "", words)
            assert set(re.findall(r"[A-Za-z]{3,}", own)) <= allowed, words


def test_the_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    """Dated by the data, not by the clock."""
    digests = set()
    for name in ("one", "two"):
        path = tmp_path / f"{name}.xlsx"
        write_report(build_report(analysis(), _settings(), VERSIONS), path)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1
    assert read_workbook(path).properties.created == datetime(2024, 12, 31)


def test_a_capped_list_says_so_and_keeps_the_largest(tmp_path: Path) -> None:
    """report.detail_rows rows are written, the rest is counted on the sheet."""
    write_report(build_report(analysis(), _settings(detail_rows=10), VERSIONS), tmp_path / "r.xlsx")
    sheet = read_workbook(tmp_path / "r.xlsx")["ABC-XYZ items"]
    assert any(
        str(row[0]).startswith("Rows left out of this list: 74.") for row in sheet.iter_rows(values_only=True)
    )
    (table,) = sheet.tables.values()
    first, last = (sheet[cell].row for cell in table.ref.split(":"))
    assert last - first == 10


def test_a_figure_that_is_not_finite_stops_the_workbook(tmp_path: Path) -> None:
    """And leaves no file behind."""
    block = Block("t", pl.DataFrame({"turnover": [float("inf")]}), "t")
    with pytest.raises(ValueError, match="turnover"):
        write_report(Report("t", "", "en", "", AS_OF, (Sheet("t", "t", (block,)),)), tmp_path / "r.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_text_longer_than_a_cell_is_cut_and_said(tmp_path: Path) -> None:
    """XlsxWriter would drop it in silence."""
    block = Block("t", pl.DataFrame({"reason": ["x" * 40_000, "short"]}), "t", detail=True)
    write_report(Report("t", "", "en", "", AS_OF, (Sheet("t", "t", (block,)),)), tmp_path / "r.xlsx")
    cells = [
        str(row[0])
        for sheet in read_workbook(tmp_path / "r.xlsx")
        for row in sheet.iter_rows(values_only=True)
    ]
    assert max(len(cell) for cell in cells) == 32_767
    assert "Texts longer than a cell can hold, cut and ending in …: 1." in cells


@pytest.mark.parametrize("title", ["a/b:c*[d]?\\e", "'quoted'", "x" * 60, "", "History"])
def test_any_title_becomes_a_name_that_excel_takes(tmp_path: Path, title: str) -> None:
    """Forbidden signs, too long, empty, reserved, and twice the same."""
    blocks = tuple(
        Block(title, pl.DataFrame({"sku": ["a"]}), f"k{number}", detail=True) for number in range(3)
    )
    write_report(Report("t", "", "en", "", AS_OF, (Sheet("s", title, blocks),)), tmp_path / "r.xlsx")
    names = read_workbook(tmp_path / "r.xlsx").sheetnames
    assert len({name.casefold() for name in names} - {"history"}) == 4
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)


def test_plain_tables_become_a_bare_workbook(tmp_path: Path) -> None:
    """--format xlsx: labels in the reader's language, codes as they are, dates as dates, one tab per table."""
    frame = pl.DataFrame(
        {
            "sku": ["0012", "=1"],
            "status": ["dead", None],
            "last_sale": [date(2024, 2, 29), None],
            "value": [1.5, None],
            "estimated": [True, False],
        }
    )
    write_tables({"deadstock": frame, "other": frame.head(0)}, tmp_path / "d.xlsx", "zh", "CNY")
    workbook = read_workbook(tmp_path / "d.xlsx")
    assert workbook.sheetnames == ["deadstock", "other"]
    rows = list(workbook["deadstock"].iter_rows(values_only=True))
    assert rows[0] == ("SKU", "状态", "最近销售", "金额", "估算")
    assert rows[1] == ("0012", "dead", datetime(2024, 2, 29), 1.5, "true")
    assert rows[2] == ("=1", None, None, None, "false")


def test_a_company_about_which_little_is_known_still_makes_a_workbook(tmp_path: Path) -> None:
    """One snapshot, no sales: every figure null with a reason, no previous period, empty lists."""
    run = analysis()
    nothing = pl.DataFrame([dict.fromkeys(run.total.columns)]).with_columns(
        pl.lit("nothing_sold").alias("reason_code")
    )
    bare = replace(
        run, total=nothing, previous=None, year_ago=None, by={}, trend=run.trend.clear(), bridge=run.bridge.clear(),
        abc=run.abc.clear(), deadstock=run.deadstock.clear(), differences=run.differences.clear(),
        negatives=run.negatives.clear(), sheets=run.sheets.clear(), refused=run.refused.clear(), items=pl.DataFrame(),
    )  # fmt: skip
    for lang in LANGUAGES:
        report = build_report(bare, _settings(lang), VERSIONS)
        write_report(report, tmp_path / "r.xlsx")
        assert report.sheets[0].findings == ()
        assert all(tile.value is None for tile in report.sheets[0].tiles)
