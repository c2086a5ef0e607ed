"""The daily script of docs/cron.md, as a scheduler runs it: no shell settings, a small environment."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mailserver import PASSWORD, USER, certificate, mail_server

CRON = Path(__file__).parents[2] / "docs" / "cron.md"


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_the_daily_script_mails_once_a_day(tmp_path: Path) -> None:
    """Status 4 for a critical alert, one mail; the second run of the day sends none; the password stands nowhere."""
    block = next(
        found
        for found in re.findall(r"```sh\n(.*?)```", CRON.read_text(encoding="utf-8"), re.S)
        if "#!/bin/sh" in found
    )
    for name in ("exports", "reports"):
        (tmp_path / name).mkdir()
    (tmp_path / "exports" / "销售出库明细.csv").write_text(
        "日期,SKU,数量,仓库\n2024-05-05,A,50,W\n2024-06-25,A,50,W\n", encoding="utf-8"
    )
    (tmp_path / "exports" / "库存余额表_20240630.csv").write_text(
        "SKU,仓库,库存数量\nA,W,0\n", encoding="utf-8"
    )
    pem = certificate(tmp_path)
    with mail_server(pem) as (port, box):
        (tmp_path / "stockturn.toml").write_text(
            f'[alerts.mail]\nhost = "localhost"\nport = {port}\nuser = "{USER}"\nca_file = "{pem}"\n'
            'to = ["boss@example.com"]\n[alerts.rules.stockout]\nclasses = {C = {critical = 0}}\n',
            encoding="utf-8",
        )
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        logs = ""
        for _ in range(2):
            done = subprocess.run(
                ["sh", "-c", block.replace("/srv/", f"{tmp_path}/")],
                env={"PATH": path, "LANG": "C.UTF-8", "STOCKTURN_SMTP_PASSWORD": PASSWORD},
                capture_output=True, cwd="/", check=False,
            )  # fmt: skip
            logs += (done.stdout + done.stderr).decode()
            assert done.returncode == 4, logs
        assert [to for to, _ in box.mails] == ["boss@example.com"]
    assert "Nothing new" in logs
    assert PASSWORD not in logs
    assert (tmp_path / "reports" / "alerts.csv").stat().st_mode & 0o077 == 0
