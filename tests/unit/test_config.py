"""Settings: where a value comes from, and how a wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockturn.config import Settings, find_config, load_settings
from stockturn.errors import ExitCode, UsageError
from stockturn.i18n import LANGUAGES, error_text


def test_options_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    """Defaults, then stockturn.toml, then the command line."""
    file = tmp_path / "stockturn.toml"
    file.write_text('lang = "zh"\n[turnover]\naverage = "monthly"\ncapital_rate = 0.1\n', encoding="utf-8")
    settings = load_settings(file, {"turnover.average": "two_point", "turnover.cost": None})
    assert (settings.lang, settings.turnover.average, settings.turnover.capital_rate) == (
        "zh",
        "two_point",
        0.1,
    )
    assert settings.turnover.cost == Settings().turnover.cost


def test_a_windows_editor_may_leave_a_byte_order_mark(tmp_path: Path) -> None:
    """A settings file saved by Notepad with a BOM is read all the same."""
    file = tmp_path / "stockturn.toml"
    file.write_text('lang = "zh"\n', encoding="utf-8-sig")
    assert load_settings(file).lang == "zh"


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("[turnover]\naverge = 'daily'\n", "config_unknown_key", "average"),
        ("[turnovr]\naverage = 'daily'\n", "config_unknown_key", "turnover"),
        ("[turnover]\naverage = 'weekly'\n", "config_bad_value", "weekly"),
        ("[turnover.targets]\ncompany = -1\n", "config_bad_value", "turnover.targets.company"),
        ("[abc]\na = 0.96\n", "config_bad_value", "a must be below b"),
        ("[turnover\n", "config_not_toml", "stockturn.toml"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_allowed(
    tmp_path: Path, text: str, key: str, says: str
) -> None:
    """The key, the value and the way out are named, in both languages; exit status 2."""
    file = tmp_path / "stockturn.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_settings(file)
    assert caught.value.key == key
    assert caught.value.exit_code == ExitCode.USAGE
    for lang in LANGUAGES:
        message, hint = error_text(caught.value, lang)
        assert says in message + str(hint)


def test_the_settings_file_beside_the_source_is_found(tmp_path: Path) -> None:
    """A folder of exports carries its own settings; a single file shares its folder's."""
    (tmp_path / "stockturn.toml").write_text("", encoding="utf-8")
    (tmp_path / "sales.csv").write_text("", encoding="utf-8")
    assert find_config([tmp_path]) == tmp_path / "stockturn.toml"
    assert find_config([tmp_path / "sales.csv"]) == tmp_path / "stockturn.toml"
