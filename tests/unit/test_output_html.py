"""The page: self-contained, safe with any text, readable, and it works in a browser."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path

import polars as pl
import pytest

from stockturn.config import Settings
from stockturn.i18n import LANGUAGES
from stockturn.model import Block, Chart, Report
from stockturn.output.chart_parts import nice_step
from stockturn.output.charts import draw
from stockturn.output.html import render, write_html
from stockturn.output.palette import FILLS, LEVELS
from stockturn.output.phrases import Phrases
from stockturn.output.sheets import build_report
from tests.browser import Browser
from tests.company import NASTY, analysis
from tests.reading import outline

VERSIONS = {"stockturn": "0.1.0"}


def _settings(lang: str = "en", **report: object) -> Settings:
    return Settings.model_validate({"lang": lang, "ingest": {"currency": "CNY"}, "report": report})


def _report(lang: str = "en") -> Report:
    return build_report(analysis(), _settings(lang), VERSIONS)


def test_nothing_on_the_page_comes_from_outside_and_nothing_inline_escapes_the_policy() -> None:
    """One script and one style, both by hash; no address, no event attribute, no style attribute."""
    page = render(_report(), _settings())
    parsed = outline(page)
    assert parsed.tags.count("script") == parsed.tags.count("style") == 1
    assert not {"img", "iframe", "link", "object", "embed", "base", "form"} & set(parsed.tags)
    names = {name for name, _ in parsed.attributes}
    assert not [name for name in names if name.startswith("on") or name in ("style", "src", "srcdoc")]
    assert all(str(value).startswith("#") for name, value in parsed.attributes if name == "href")
    policy = next(
        str(value) for name, value in parsed.attributes if name == "content" and "default-src" in str(value)
    )
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("lang", LANGUAGES)
def test_names_that_look_like_code_are_text_on_the_page(lang: str) -> None:
    """Escaped once: the reader sees the name as it is in the export."""
    parsed = outline(render(_report(lang), _settings(lang)))
    assert set(NASTY) <= {text.strip() for text in parsed.texts}
    hostile = replace(analysis('"><svg onload=alert(1)>'), as_of=analysis().as_of)
    tags = outline(render(build_report(hostile, _settings(lang), VERSIONS), _settings(lang)))
    assert not [name for name, _ in tags.attributes if name.startswith("on")]


def test_a_category_that_looks_like_markup_does_not_break_a_chart() -> None:
    """The SVG is made by hand, so its escaping is ours."""
    nasty = "<script>\"&'</script>"
    frame = pl.DataFrame({"category": [nasty, None], "avg_inventory": [3.0, 1.0]})
    block = Block("t", frame, "by_category")
    drawn = draw(block, Chart("bars", nasty, "category", ("avg_inventory",)), Phrases("en"))
    assert "<script" not in drawn
    assert drawn.count("&lt;script&gt;") >= 2
    parsed = outline(drawn)
    assert parsed.tags[0] == "svg"
    assert ("role", "img") in parsed.attributes


def test_no_cell_says_nan_or_none() -> None:
    """What is not known is blank."""
    words = {text.strip().lower() for text in outline(render(_report(), _settings())).texts}
    assert not words & {"nan", "none", "null", "inf", "-inf", "undefined"}


def test_a_long_list_is_capped_on_the_page_and_says_so() -> None:
    """A page must open on a phone; the workbook has the rest."""
    page = render(_report(), _settings(html_rows=7))
    assert "Rows left out here: 77. The workbook has them." in page


@pytest.mark.parametrize(
    ("span", "step"), [(100.0, 25.0), (8.0, 2.0), (0.9, 0.25), (12_000.0, 5000.0), (3e-5, 1e-5)]
)
def test_ticks_of_an_axis_are_round(span: float, step: float) -> None:
    """1, 2, 2.5 or 5 times a power of ten, at most about four of them."""
    assert nice_step(span) == pytest.approx(step)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_black_on_white_is_21() -> None:
    """The formula of WCAG 2, at its known ends."""
    assert _contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_text_has_a_contrast_of_4_5_in_light_and_in_dark() -> None:
    """WCAG AA for every pair of text and background that the page uses."""
    css = (resources.files("stockturn.output") / "templates" / "report.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part))
        for part in re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    )
    for colours in (light, {**light, **dark}):
        pairs = [(text, paper) for text in ("ink", "soft", "head", "link") for paper in ("paper", "ground")]
        for level in LEVELS:
            pairs += [(level, f"{level}-bg"), (level, "paper"), (level, "ground")]
        for text, paper in pairs:
            assert _contrast(colours[text], colours[paper]) >= 4.5, (
                text,
                paper,
                colours[text],
                colours[paper],
            )


def test_levels_of_the_workbook_have_a_contrast_of_4_5() -> None:
    """On white and on their own fill."""
    for level, ink in LEVELS.items():
        assert _contrast(ink, "#FFFFFF") >= 4.5
        assert _contrast(ink, FILLS[level]) >= 4.5


@pytest.mark.long
@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_the_page_works_in_a_browser(tmp_path: Path, size: tuple[int, int]) -> None:
    """No complaint, no request but the file itself, nothing wider than the screen, sort and search work."""
    page = tmp_path / "report.html"
    write_html(_report(), page, _settings())
    with Browser(*size) as browser:
        browser.open(page)
        assert browser.run("document.querySelectorAll('svg[role=img] title').length") > 4
        column = "[...document.querySelectorAll('#class_items tbody tr')].filter(r => !r.hidden).map(r => r.cells[3].textContent)"
        before = browser.run(column)
        browser.run("document.querySelectorAll('#class_items th button')[3].click()")
        browser.run("document.querySelectorAll('#class_items th button')[3].click()")
        values = [float(text.replace(",", "")) for text in browser.run(column)]
        assert values == sorted(values)
        assert len(values) == len(before) == 84
        assert (
            browser.run("document.querySelectorAll('#class_items th')[3].getAttribute('aria-sort')")
            == "ascending"
        )
        browser.run(
            "{const i = document.querySelector('#class_items input'); i.value = 'juice 3'; i.dispatchEvent(new Event('input'))}"
        )
        assert len(browser.run(column)) == 1
        assert browser.run("document.documentElement.scrollWidth <= window.innerWidth")
        narrowest = "Math.min(...[...document.querySelectorAll('td.{}')].map(cell => cell.offsetWidth).filter(wide => wide))"
        assert browser.run(narrowest.format("l")) > 300
        assert browser.run(narrowest.format("m")) > 90
        stays = "{const t = document.querySelector('#class_items .scroll'); t.scrollLeft = 400; t.querySelector('td').getBoundingClientRect().left - t.getBoundingClientRect().left}"
        assert browser.run(stays) < 5
        assert browser.requested() == {page.as_uri()}
        assert browser.complaints() == []


@pytest.mark.long
def test_the_policy_really_stops_a_script_that_got_in(tmp_path: Path) -> None:
    """Shown able to fail: a foreign script on the page is refused and reported."""
    page = tmp_path / "report.html"
    page.write_text(
        render(_report(), _settings()).replace("</body>", "<script>window.hit = 1</script></body>")
    )
    with Browser() as browser:
        browser.open(page)
        assert browser.run("window.hit") is None
        assert browser.complaints()
