"""``stockturn alerts`` and ``snooze`` as a user runs them: month by month, by mail, from cron."""

from __future__ import annotations

import itertools
import json
import shutil
import smtplib
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from stockturn.errors import InputError
from stockturn.store import history
from tests.e2e.cli import Done, cli
from tests.mailserver import PASSWORD, USER, certificate, free_port, mail_server

pytestmark = pytest.mark.usefixtures("read_once")

RANK = {"info": 0, "warning": 1, "critical": 2}
MONTHS = {"2025-04": "2025-04-30", "2025-05": "2025-05-31", "2025-06": "2025-06-30"}


def rows_of(done: Done) -> list[dict[str, Any]]:
    """The alerts that a run printed as JSON."""
    found: list[dict[str, Any]] = json.loads(done.out)
    return found


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[dict[str, Any]]]]:
    """A ledger of the example company that grew by a month before each of three runs, and what these printed."""
    folder = tmp_path_factory.mktemp("months")
    exports, ledger = folder / "exports", folder / "ledger"
    assert cli("demo", exports, "-q").status == 0
    later = [file for file in sorted(exports.iterdir()) if any(month in file.name for month in MONTHS)]
    dated = [file for file in exports.iterdir() if "20250630" in file.name]
    config = folder / "stockturn.toml"
    shutil.copy(exports / "stockturn.toml", config)
    if "[forecast]" not in config.read_text(encoding="utf-8"):
        with config.open("a", encoding="utf-8") as file:
            file.write('\n[forecast]\nstrategy = "fast"\n')
    coming = {month: [file for file in later if month in file.name] for month in MONTHS}
    kept = folder / "later"
    kept.mkdir()
    for file in (*later, *dated):
        file.rename(kept / file.name)
    runs = []
    for month, as_of in MONTHS.items():
        for file in coming[month]:
            shutil.copy(kept / file.name, exports / file.name)
        assert cli("ingest", exports, "--into", ledger, "--config", config, "-q").status == 0
        runs.append(rows_of(cli("alerts", ledger, "--config", config, "--as-of", as_of, "-f", "json", "-q")))
    return ledger, runs


def expected(before: dict[str, dict[str, Any]], row: dict[str, Any]) -> set[str]:
    """The states that a row may have given the run before, in plain words."""
    old = before.get(row["id"])
    if old is None:
        return {"new"}
    if RANK[row["level"]] > RANK[old["level"]]:
        return {"escalated"}
    if row["level"] == old["level"] and row["rule"] != old["rule"]:
        return {"escalated", "ongoing"}
    return {"ongoing"}


def test_three_months(months: tuple[Path, list[list[dict[str, Any]]]]) -> None:
    """New, ongoing, escalated and resolved follow from the two runs they lie between, and all of them occur."""
    _, runs = months
    assert {row["state"] for row in runs[0]} == {"new"}
    assert len({row["id"] for row in runs[0]}) == len(runs[0]) > 20
    seen: set[str] = set()
    for earlier, later in itertools.pairwise(runs):
        before = {row["id"]: row for row in earlier if row["state"] != "resolved"}
        for row in later:
            if row["state"] in ("resolved", "not_evaluated"):
                assert row["id"] in before
            else:
                assert row["state"] in expected(before, row), row
        assert set(before) <= {row["id"] for row in later}
        seen |= {row["state"] for row in later}
    assert {"new", "ongoing", "escalated", "resolved"} <= seen
    lasting = [row for row in runs[2] if row["runs"] == 3]
    assert lasting
    assert {row["first_seen"] for row in lasting} == {"2025-04-30"}


@pytest.mark.filterwarnings("ignore:.*extension is not supported")
def test_the_report_tells_the_alerts_as_the_last_run_did(
    months: tuple[Path, list[list[dict[str, Any]]]], tmp_path: Path
) -> None:
    """State, day first seen and number of runs are those of the recorded run; the report itself is not recorded."""
    ledger, runs = months
    before = {name: history.read(ledger, "alerts", name) for name in history.names(ledger, "alerts")}
    config = ledger.parent / "stockturn.toml"
    out = tmp_path / "report.xlsx"
    argv = ("report", ledger, "--config", config, "--as-of", "2025-06-30", "-q")
    told = json.loads(cli(*argv, "-f", "json").out)["alerts"]
    life = ("id", "level", "state", "first_seen", "runs")
    kept = [row for row in runs[2] if row["state"] != "not_evaluated"]
    assert sorted([row[name] for name in life] for row in told) == sorted(
        [row[name] for name in life] for row in kept
    )
    assert history.names(ledger, "alerts") == list(before)
    assert all(frame.equals(history.read(ledger, "alerts", name)) for name, frame in before.items())
    assert cli(*argv, "--out", out).status == 0
    cells = {cell.value for sheet in openpyxl.load_workbook(out) for row in sheet.iter_rows() for cell in row}
    assert {"Resolved since the last run", "new", "ongoing", "escalated", "First seen"} <= cells


def test_of_a_family_one_alert_per_cell(months: tuple[Path, list[list[dict[str, Any]]]]) -> None:
    """No cell is both out of stock and below its safety stock, none both dead and slow."""
    families = [
        ("stockout", "projected_stockout", "below_safety", "below_reorder"),
        ("dead", "stagnant", "slow"),
    ]
    for run in months[1]:
        for family in families:
            cells = [
                (row["sku"], row["warehouse"])
                for row in run
                if row["rule"] in family and row["state"] != "resolved"
            ]
            assert len(cells) == len(set(cells))


PLAIN = "日期,SKU,数量,仓库\n"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger folder of three items: one sells out, one was never asked for, one is fine."""
    exports = tmp_path / "exports"
    exports.mkdir()
    sales = [f"2024-{month:02}-{day:02},A-1,5,总仓" for month in range(1, 7) for day in (5, 15, 25)]
    sales += [f"2024-{month:02}-10,C-3,2,总仓" for month in range(1, 7)]
    (exports / "销售出库明细.csv").write_text(PLAIN + "\n".join(sales) + "\n", encoding="utf-8")
    (exports / "采购入库明细.csv").write_text(
        "日期,SKU,数量,仓库,单价\n2024-01-02,A-1,90,总仓,10\n2024-01-02,B-2,40,总仓,25\n2024-01-02,C-3,500,总仓,1\n",
        encoding="utf-8",
    )
    (exports / "库存余额表_20240630.csv").write_text(
        "SKU,仓库,库存数量\nA-1,总仓,0\nB-2,总仓,40\nC-3,总仓,488\n", encoding="utf-8"
    )
    (exports / "商品档案.csv").write_text(
        "SKU,名称,负责人\nA-1,保温杯,张三\nB-2,砂锅,李四\nC-3,茶匙,李四\n", encoding="utf-8"
    )
    ledger = tmp_path / "ledger"
    done = cli("ingest", exports, "--into", ledger, "-q")
    assert done.status == 0, done.err
    monkeypatch.chdir(tmp_path)
    return ledger


def test_fail_on(small: Path) -> None:
    """Status 4 for open alerts at or above the level, every time; 0 without, and when they sleep."""
    first = cli("alerts", small, "-f", "json", "--fail-on", "critical")
    assert first.status == 4, first.err
    rows = rows_of(first)
    stockout = next(row for row in rows if row["rule"] == "stockout")
    assert (stockout["sku"], stockout["warehouse"], stockout["state"]) == ("A-1", "总仓", "new")
    assert {row["sku"] for row in rows if row["rule"] == "dead"} == {"B-2"}
    assert cli("alerts", small, "-q", "--fail-on", "critical").status == 4
    assert cli("alerts", small, "-q").status == 0
    critical = [row["id"] for row in rows if row["level"] == "critical"]
    for name in critical:
        slept = cli("snooze", name[:8], small, "--until", "2024-12-31")
        assert slept.status == 0, slept.err
    again = cli("alerts", small, "-f", "json", "--fail-on", "critical")
    assert again.status == 0, again.err
    assert {row["state"] for row in rows_of(again) if row["id"] in critical} == {"snoozed"}
    assert cli("alerts", small, "-q", "--fail-on", "warning").status == 4


def test_every_run_is_recorded_whatever_its_format(small: Path) -> None:
    """A CSV run is a run; a scope narrows what is shown and resolves nothing."""
    assert cli("alerts", small, "-f", "csv", "-q").status == 0
    narrow = rows_of(cli("alerts", small, "-f", "json", "--sku", "B-2"))
    assert {row["sku"] for row in narrow} == {"B-2"}
    mistaken = cli("alerts", small, "-f", "json", "--sku", "B-99")
    assert (mistaken.status, mistaken.out) == (3, "")
    rows = rows_of(cli("alerts", small, "-f", "json"))
    assert {row["state"] for row in rows} == {"ongoing"}
    assert {row["runs"] for row in rows} == {3}


def test_exports_without_a_ledger_are_always_new(small: Path) -> None:
    """Raw exports have no history, and it is said."""
    for _ in range(2):
        done = cli("alerts", small.parent / "exports", "-f", "json", "-v")
        assert {row["state"] for row in rows_of(done)} == {"new"}
        assert "--into" in done.err


def test_the_digest_in_both_languages(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is new comes first on the screen; the second run says that nothing is."""
    monkeypatch.setenv("COLUMNS", "120")
    first, second = cli("alerts", small), cli("alerts", small, "--lang", "zh")
    assert "New or worse" in first.out
    assert "Nothing available" in first.out
    assert "新增 0" in second.out
    assert "无可用库存" in second.out


def test_one_sheet_per_owner(small: Path) -> None:
    """The workbook has everything, then each owner's, with columns to fill in."""
    assert cli("alerts", small, "--out", small.parent / "alerts.xlsx", "-q").status == 0
    with pytest.warns(UserWarning, match="extension"):
        book = openpyxl.load_workbook(small.parent / "alerts.xlsx")
    assert book.sheetnames[0] == "Alert list"
    assert {"张三", "李四"} <= set(book.sheetnames)
    cells = [str(cell.value) for row in book["张三"].iter_rows() for cell in row if cell.value is not None]
    assert {"Handler", "Action taken", "Result", "Done on"} <= set(cells)
    assert "A-1" in cells
    assert "B-2" not in cells


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["ffffffffffff", "LEDGER", "--until", "2024-12-31"], "no open alert"),
        (["ID", "LEDGER", "--until", "2024-06-30"], "cannot sleep"),
        (["ID", "LEDGER", "--until", "soon"], "no date"),
        (["ID", "LEDGER"], "takes an id"),
        (["ID", "--until", "2024-12-31"], "takes an id"),
    ],
)
def test_snooze_refuses(small: Path, argv: list[str], words: str) -> None:
    """An unknown id, a day that is past, no day, no folder: each is said."""
    name = rows_of(cli("alerts", small, "-f", "json"))[0]["id"]
    done = cli("snooze", *({"LEDGER": small, "ID": name}.get(arg, arg) for arg in argv))
    assert done.status in (2, 3)
    assert words in done.err
    assert "→" in done.err


def test_snooze_before_any_run(small: Path) -> None:
    """Without a run there is nothing to put to sleep."""
    done = cli("snooze", "abc", small, "--until", "2024-12-31")
    assert (done.status, "no record of alerts" in done.err) == (3, True)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's certificate."""
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def mailed(small: Path, pem: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, int]:
    """The small ledger with mail set up on a port where nobody listens yet."""
    port = free_port()
    (small / "stockturn.toml").write_text(
        f'lang = "zh"\n[alerts.mail]\nhost = "localhost"\nport = {port}\nuser = "{USER}"\nca_file = "{pem}"\n'
        'to = ["boss@example.com"]\nowners = { "张三" = "zhang@example.com" }\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("STOCKTURN_SMTP_PASSWORD", PASSWORD)
    return small, port


def test_a_failed_send_is_told_kept_and_sent_next_time(
    mailed: tuple[Path, int], pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed port: status 3, told, kept. Next run: sent as new. The run after that on the same day: nothing."""
    ledger, port = mailed
    down = cli("alerts", ledger, "--mail", "-v")
    assert down.status == 3
    assert f"localhost:{port}" in down.err
    assert down.err.count("boss@example.com") >= 1
    assert "已断货" not in down.err
    monkeypatch.setattr("tests.mailserver.free_port", lambda: port)
    with mail_server(pem) as (_, box):
        up = cli("alerts", ledger, "--mail")
        assert up.status == 0, up.err
        assert sorted(to for to, _ in box.mails) == ["boss@example.com", "zhang@example.com"]
        assert {mail["Subject"] for to, mail in box.mails if to == "zhang@example.com"} == {"总仓 A-1 已断货"}
        again = cli("alerts", ledger, "--mail")
        assert (again.status, len(box.mails)) == (0, 2)
        assert "没有新内容" in again.err
        always = cli("alerts", ledger, "--mail", "--always")
        assert (always.status, len(box.mails)) == (0, 4)
        assert "没有新预警" in box.mails[-1][1]["Subject"]
    for done in (down, up, again, always):
        assert PASSWORD not in done.out + done.err


def test_a_run_without_mail_takes_no_news_away(
    mailed: tuple[Path, int], pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody looks at the alerts first; the mail of the next run still has them as new."""
    ledger, port = mailed
    assert cli("alerts", ledger, "-f", "json", "-q").status == 0
    monkeypatch.setattr("tests.mailserver.free_port", lambda: port)
    with mail_server(pem) as (_, box):
        assert cli("alerts", ledger, "--mail", "-q").status == 0
        assert len(box.mails) == 2


def test_a_run_that_dies_while_it_records_loses_no_mail(
    mailed: tuple[Path, int], pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has to be mailed is kept before the run is: the next run sends it, once."""
    ledger, port = mailed
    whole = history.write

    def dies(folder: Path, kind: str, name: str, frame: pl.DataFrame) -> None:
        if kind == "alerts":
            raise KeyboardInterrupt
        whole(folder, kind, name, frame)

    monkeypatch.setattr(history, "write", dies)
    assert cli("alerts", ledger, "--mail").status == 130
    monkeypatch.setattr(history, "write", whole)
    monkeypatch.setattr("tests.mailserver.free_port", lambda: port)
    with mail_server(pem) as (_, box):
        assert cli("alerts", ledger, "--mail", "-q").status == 0
        assert sorted(to for to, _ in box.mails) == ["boss@example.com", "zhang@example.com"]
        assert cli("alerts", ledger, "--mail", "-q").status == 0
        assert len(box.mails) == 2


def test_a_run_that_dies_between_two_mails_sends_none_twice(
    mailed: tuple[Path, int], pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first mail is out when the run is killed: the next run sends the second alone."""
    ledger, port = mailed
    monkeypatch.setattr("tests.mailserver.free_port", lambda: port)
    whole = smtplib.SMTP.send_message

    def dies(self: smtplib.SMTP, mail: EmailMessage) -> Any:
        if mail["To"] == "zhang@example.com":
            raise KeyboardInterrupt
        return whole(self, mail)

    with mail_server(pem) as (_, box):
        monkeypatch.setattr(smtplib.SMTP, "send_message", dies)
        assert cli("alerts", ledger, "--mail", "-q").status == 130
        monkeypatch.setattr(smtplib.SMTP, "send_message", whole)
        assert cli("alerts", ledger, "--mail", "-q").status == 0
        assert [to for to, _ in box.mails] == ["boss@example.com", "zhang@example.com"]


def test_a_past_day_again_changes_nothing_of_today(small: Path) -> None:
    """A run as of an earlier day compares with the past, and what stands today stays as it was."""
    assert cli("alerts", small, "-q").status == 0
    past = rows_of(cli("alerts", small, "-f", "json", "--as-of", "2024-05-31"))
    assert {row["state"] for row in past} <= {"new"}
    today = rows_of(cli("alerts", small, "-f", "json"))
    assert {(row["state"], row["runs"]) for row in today} == {("ongoing", 2)}
    assert {file.stem for file in (small / "history" / "alerts").iterdir()} == {"2024-05-31", "2024-06-30"}


def test_a_past_day_again_takes_no_mail_and_sends_none(
    mailed: tuple[Path, int], pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits to be sent waits on; what was the case a month ago is no news to anybody."""
    ledger, port = mailed
    assert cli("alerts", ledger, "-q").status == 0
    before = pl.read_parquet(ledger / "history" / "outbox" / "mail.parquet")
    assert before.height > 0
    monkeypatch.setattr("tests.mailserver.free_port", lambda: port)
    with mail_server(pem) as (_, box):
        past = cli("alerts", ledger, "--mail", "--as-of", "2024-05-31")
        assert (past.status, box.mails) == (0, [])
        assert pl.read_parquet(ledger / "history" / "outbox" / "mail.parquet").equals(before)
        assert cli("alerts", ledger, "--mail", "-q").status == 0
        assert len(box.mails) == 2


def test_what_was_suggested_is_kept_and_held_against_what_was_bought(tmp_path: Path) -> None:
    """Run by run the ledger keeps what to buy; a purchase far above that is told as the cause of too much stock."""
    exports, ledger = tmp_path / "exports", tmp_path / "ledger"
    exports.mkdir()
    sales = [f"2024-{month:02}-{day:02},A-1,5,总仓" for month in range(1, 7) for day in (5, 15, 25)]
    (exports / "销售出库明细.csv").write_text(PLAIN + "\n".join(sales) + "\n", encoding="utf-8")
    bought = "日期,SKU,数量,仓库,单价\n2024-01-02,A-1,70,总仓,10\n"
    (exports / "采购入库明细.csv").write_text(bought, encoding="utf-8")
    assert cli("ingest", exports, "--into", ledger, "-q").status == 0
    kept = ledger / "history" / "suggestions"
    for command, as_of in (("alerts", "2024-04-30"), ("reorder", "2024-05-15"), ("report", "2024-05-31")):
        done = cli(command, ledger, "--as-of", as_of, "-f", "json", "-q")
        assert done.status == 0, done.err
        assert (kept / f"{as_of}.parquet").is_file()
    assert cli("reorder", ledger, "--as-of", "2024-05-01", "--sku", "A-1", "-f", "json", "-q").status == 0
    assert not (kept / "2024-05-01.parquet").exists()
    suggested = pl.read_parquet(kept / "2024-05-31.parquet")["suggested_qty"].sum()
    (exports / "采购入库明细.csv").write_text(f"{bought}2024-06-20,A-1,900,总仓,10\n", encoding="utf-8")
    (exports / "库存余额表_20240630.csv").write_text("SKU,仓库,库存数量\nA-1,总仓,900\n", encoding="utf-8")
    assert 0 < suggested < 900 / 1.1
    assert cli("ingest", exports, "--into", ledger, "-q").status == 0
    rows = rows_of(cli("alerts", ledger, "-f", "json", "-q"))
    assert {(row["rule"], row["root_cause"]) for row in rows if row["sku"] == "A-1"} == {
        ("overstock", "above_suggestion"),
        ("slow", "above_suggestion"),
    }


def test_a_folder_that_cannot_be_written_to_is_told(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of what to buy is there all the same."""

    def full(*_: object) -> None:
        raise InputError("ledger_disk_full", folder="x", detail="full")

    monkeypatch.setattr(history, "write", full)
    done = cli("reorder", small, "-f", "json")
    assert (done.status, "could not be kept" in done.err) == (0, True)
    assert json.loads(done.out)


def test_no_alert_is_no_all_clear(tmp_path: Path) -> None:
    """Sales alone raise no alert, and the digest says which rules had nothing to look at."""
    (tmp_path / "销售出库明细.csv").write_text(
        f"{PLAIN}2024-01-05,A,5,W\n2024-03-05,A,5,W\n", encoding="utf-8"
    )
    done = cli("alerts", tmp_path)
    assert done.status == 0
    assert "No alerts" in done.out
    assert "Not looked at" in done.out
    assert "stockout" in done.out


def test_a_refused_login_ends_with_status_3(
    mailed: tuple[Path, int], pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's answer is told; the password stands nowhere, not even with --verbose."""
    ledger, port = mailed
    monkeypatch.setenv("STOCKTURN_SMTP_PASSWORD", "wrong-geheim")
    monkeypatch.setattr("tests.mailserver.free_port", lambda: port)
    with mail_server(pem) as (_, box):
        done = cli("alerts", ledger, "--mail", "-v", "--fail-on", "critical")
    assert (done.status, box.mails) == (3, [])
    assert "535" in done.err
    assert "wrong-geheim" not in done.out + done.err
    kept = b"".join(file.read_bytes() for file in (ledger / "history").rglob("*") if file.is_file())
    assert b"wrong-geheim" not in kept
    waiting = pl.read_parquet(ledger / "history" / "outbox" / "mail.parquet")
    assert set(waiting["to"]) == {"boss@example.com", "zhang@example.com"}


def test_mail_without_its_settings_is_refused_before_the_run(small: Path) -> None:
    """Nothing is recorded by a run that could not have sent."""
    done = cli("alerts", small, "--mail")
    assert (done.status, "no mail server" in done.err) == (2, True)
    assert not (small / "history").exists()


def test_eml_files_once(small: Path) -> None:
    """The first run writes a mail, the second of the same day none, --always one."""
    target = small.parent / "mails"
    target.mkdir()
    for argv, count in (([], 1), ([], 0), (["--always"], 1)):
        done = cli("alerts", small, "--eml", target, "-f", "json", *argv)
        assert done.status == 0, done.err
        assert len(list(target.iterdir())) == count
        for file in target.iterdir():
            file.unlink()
    missing = cli("alerts", small, "--eml", target / "no", "--always")
    assert (missing.status, "does not exist" in missing.err) == (2, True)
