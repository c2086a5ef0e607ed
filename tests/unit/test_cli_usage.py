"""Wrong usage: exit status 2, in the reader's language, with what was found and what to do."""

from __future__ import annotations

import pytest

from stockturn.cli.app import run
from stockturn.errors import ExitCode

CASES = [
    (["turnover"], "SRC... is missing.", "缺少 SRC...。"),
    (["turnover", "x", "--warehose", "a"], "Did you mean --warehouse?", "是否想写 --warehouse？"),
    (["turnover", "x", "--qqqq"], "There is no option --qqqq.", "没有 --qqqq 这个选项。"),
    (["turnover", "x", "--top", "ten"], "--top: 'ten' is no whole number.", "--top：“ten”不是整数。"),
    (
        ["reorder", "x", "--service-level=high"],
        "--service-level: 'high' is no number.",
        "--service-level：“high”不是数字。",
    ),
    (
        ["abc", "x", "-f", "docx"],
        "Choose one of: table, json, csv, parquet, xlsx.",
        "可选：table, json, csv, parquet, xlsx。",
    ),
    (["turnvoer", "x"], "Did you mean turnover?", "是否想写 turnover？"),
    (["qqqq"], "There is no command qqqq.", "没有 qqqq 这个命令。"),
    (["reorder", "x", "--service-level", "1.5"], "it must be below 1.0.", "必须小于 1.0。"),
    (["abc", "x", "--config", "/"], "cannot be read", "无法读取"),
]


@pytest.mark.parametrize(("argv", "english", "chinese"), CASES)
def test_wrong_usage_is_told_in_the_readers_language(
    argv: list[str], english: str, chinese: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same refusal with --lang en and --lang zh; never a traceback, never on standard output."""
    for lang, wanted in (("en", english), ("zh", chinese)):
        assert run([*argv, f"--lang={lang}"]) == ExitCode.USAGE
        said = capsys.readouterr()
        assert wanted in said.err
        assert "  → " in said.err
        assert said.out == ""


def test_a_last_option_without_its_value_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing follows it: there is nothing to guess from."""
    assert run(["abc", "x", "--lang", "zh", "--top"]) == ExitCode.USAGE
    assert "--top 后面缺少取值。" in capsys.readouterr().err
