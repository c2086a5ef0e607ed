"""Mail against a real SMTP server: what arrives, and what is said when it does not."""

from __future__ import annotations

import io
import smtplib
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from stockturn.alerting import addresses, check_mail, deliver, letters, write_letters
from stockturn.config import Settings, load_settings
from stockturn.engine.alerts import ALERT, RULES, life
from stockturn.errors import UsageError
from stockturn.i18n import LANGUAGES, error_text
from stockturn.output.mail import Letter, compose, subject
from tests.mailserver import PASSWORD, REFUSED, USER, Box, certificate, free_port, mail_server, silent_server

AS_OF = date(2025, 3, 31)
NOW = datetime(2025, 4, 1, 6, tzinfo=UTC)
NASTY = '<b>"保温杯" & Söhne</b>\n=2+2'


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's certificate."""
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server(pem: Path) -> Iterator[tuple[int, Box]]:
    """A running server."""
    with mail_server(pem) as running:
        yield running


def settings(port: int, pem: Path, **mail: Any) -> Settings:
    """Settings that reach the server."""
    base = {
        "host": "localhost", "port": port, "user": USER, "sender": "stock@example.com", "ca_file": str(pem),
        "to": ["boss@example.com"], "owners": {"张三": "zhang@example.com"}, "timeout": 10,
    }  # fmt: skip
    return Settings.model_validate({"lang": "zh", "alerts": {"mail": base | mail}})


def shown(*rows: dict[str, Any]) -> pl.DataFrame:
    """Alerts of a first run, from what is not usual about them."""
    usual = {
        "level": "critical", "rule": "stockout", "sku": "A-1", "warehouse": "上海总仓", "owner": "张三", "value": 10.0,
        "message": "无可用库存", "name": "保温杯",
    }  # fmt: skip
    made = [usual | {"id": f"{place:012x}"} | row for place, row in enumerate(rows)]
    frame = pl.DataFrame(made, infer_schema_length=None)
    blank = (pl.lit(None, dtype).alias(name) for name, dtype in ALERT.items() if name not in frame.columns)
    return life(frame.with_columns(blank).select(*ALERT), None, AS_OF, RULES)[0]


def attachment(mail: EmailMessage) -> openpyxl.Workbook:
    """The workbook of a mail."""
    part = next(iter(mail.iter_attachments()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # openpyxl leaves out the solid bars, and says so
        return openpyxl.load_workbook(io.BytesIO(part.get_payload(decode=True)))


def test_chinese_arrives_intact_over_starttls_with_login(server: tuple[int, Box], pem: Path) -> None:
    """Subject, names, table and workbook come out of the server as they went in; each owner gets only his."""
    port, box = server
    frame = shown(
        {"name": NASTY, "message": NASTY, "sku": "A-1"}, {"owner": "Li", "sku": "B-2", "level": "warning"}
    )
    sent, failures = deliver(frame, AS_OF, settings(port, pem), PASSWORD, NOW)
    assert (sent, failures) == (["boss@example.com", "zhang@example.com"], [])
    assert box.secure == [True, True]
    mails = dict(box.mails)
    assert mails["boss@example.com"]["Subject"] == "上海总仓 A-1 已断货，另有 1 项"
    mail = mails["zhang@example.com"]
    assert mail["Subject"] == "上海总仓 A-1 已断货"
    assert (mail["From"], mail["To"]) == ("stock@example.com", "zhang@example.com")
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert '<b>"保温杯" & Söhne</b> =2+2' in plain.get_content()
    assert "&lt;b&gt;&quot;保温杯&quot; &amp; Söhne&lt;/b&gt;" in page.get_content()
    assert "<b>" not in page.get_content()
    assert "B-2" not in page.get_content()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["预警-2025-03-31.xlsx"]
    assert attachment(mail).sheetnames == ["张三"]
    assert attachment(mails["boss@example.com"]).sheetnames == ["预警清单", "Li", "张三"]
    cells = [cell.value for row in attachment(mail).active.iter_rows() for cell in row]
    assert "保温杯" in str(cells)
    assert "处理人" in cells


def refusal(config: Settings, password: str | None) -> tuple[str, str, str]:
    """The refusal of one mail, in words: key, sentence and hint in English."""
    from stockturn.errors import InputError

    sent, failures = deliver(shown({}), AS_OF, config, password, NOW)
    assert sent == []
    first = failures[0]
    mail = config.alerts.mail
    where = {"host": mail.host, "port": mail.port, "user": mail.user, "variable": "STOCKTURN_SMTP_PASSWORD"}
    message, hint = error_text(InputError(first.key, to=first.to, detail=first.detail, **where), "en")
    return first.key, message, hint or ""


def test_a_wrong_password(server: tuple[int, Box], pem: Path) -> None:
    """The server's answer and the place of the password are named, the password is not."""
    port, box = server
    key, message, hint = refusal(settings(port, pem, owners={}), "wr0ng secrét")
    assert key == "mail_login"
    assert f"localhost:{port} refused the login of {USER}: 535" in message
    assert "STOCKTURN_SMTP_PASSWORD" in hint
    assert "wr0ng" not in message + hint
    assert box.mails == []


def test_an_ascii_password_that_is_wrong(server: tuple[int, Box], pem: Path) -> None:
    """The usual way of logging in tells the same."""
    port, _ = server
    key, message, _ = refusal(settings(port, pem, owners={}), "secret123")
    assert key == "mail_login"
    assert "secret123" not in message


def test_a_closed_port(pem: Path) -> None:
    """Nobody listens: host and port are named."""
    port = free_port()
    key, message, _ = refusal(settings(port, pem, owners={}), PASSWORD)
    assert key == "mail_unreachable"
    assert f"localhost:{port} cannot be reached" in message


def test_a_refused_recipient_does_not_keep_the_others_from_theirs(server: tuple[int, Box], pem: Path) -> None:
    """The address is named with the server's answer; the other mail arrives."""
    port, box = server
    config = settings(port, pem, to=[REFUSED, "boss@example.com"], owners={})
    sent, failures = deliver(shown({}), AS_OF, config, PASSWORD, NOW)
    assert sent == ["boss@example.com"]
    assert [(one.to, one.key, one.detail) for one in failures] == [
        (REFUSED, "mail_recipient", "550 no such mailbox")
    ]
    assert [to for to, _ in box.mails] == ["boss@example.com"]


def test_an_unknown_certificate_is_refused(server: tuple[int, Box], pem: Path) -> None:
    """Without the authority nothing is said to the server, the password least of all."""
    port, box = server
    key, _, hint = refusal(settings(port, pem, ca_file=None, owners={}), PASSWORD)
    assert key == "mail_certificate"
    assert "ca_file" in hint
    assert box.mails == []


def test_tls_from_the_first_byte(pem: Path) -> None:
    """Port 465: everything is encrypted, names arrive intact; a wrong password and an unknown authority are told."""
    with mail_server(pem, implicit=True) as (port, box):
        config = settings(port, pem, security="tls", owners={})
        assert deliver(shown({}), AS_OF, config, PASSWORD, NOW) == (["boss@example.com"], [])
        assert box.secure == [True]
        assert box.mails[0][1]["Subject"] == "上海总仓 A-1 已断货"
        assert attachment(box.mails[0][1]).sheetnames == ["张三"]
        assert refusal(config, "wr0ng")[0] == "mail_login"
        assert refusal(settings(port, pem, security="tls", ca_file=None), PASSWORD)[0] == "mail_certificate"
        key, _, hint = refusal(settings(port, pem, timeout=1), PASSWORD)
        assert (key, "465" in hint) == ("mail_cut", True)
        assert len(box.mails) == 1


def test_tls_where_the_server_wants_starttls(server: tuple[int, Box], pem: Path) -> None:
    """The two ways of encryption mixed up: told as such, with the port that goes with each."""
    key, _, hint = refusal(settings(server[0], pem, security="tls"), PASSWORD)
    assert (key, "587" in hint) == ("mail_tls", True)


def test_a_server_that_says_nothing(pem: Path) -> None:
    """After the timeout the run goes on, and says so."""
    with silent_server() as port:
        key, message, _ = refusal(settings(port, pem, timeout=0.3), PASSWORD)
    assert (key, "timed out" in message) == ("mail_cut", True)


def test_an_address_the_server_cannot_write_keeps_nobody_from_theirs(
    server: tuple[int, Box], pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server without SMTPUTF8: that one mail is told as not sent, the next one goes out."""
    monkeypatch.setattr(smtplib.SMTP, "has_extn", lambda self, name: name.lower() not in ("smtputf8", "size"))
    config = settings(server[0], pem, to=["张@example.com", "boss@example.com"], owners={})
    sent, failures = deliver(shown({}), AS_OF, config, PASSWORD, NOW)
    assert sent == ["boss@example.com"]
    assert [(one.to, one.key) for one in failures] == [("张@example.com", "mail_unsupported")]


def test_a_server_without_tls_gets_no_password(server: tuple[int, Box], pem: Path) -> None:
    """With security none the server offers no login before TLS: refused, not tried in the clear."""
    port, box = server
    key, _, _ = refusal(settings(port, pem, security="none", owners={}), PASSWORD)
    assert key in ("mail_unsupported", "mail_login")
    assert box.mails == []


@pytest.mark.parametrize(
    ("mail", "password", "key"),
    [
        ({"host": ""}, PASSWORD, "mail_no_host"),
        ({"to": [], "owners": {}}, PASSWORD, "mail_no_recipients"),
        ({"sender": "", "user": ""}, PASSWORD, "mail_no_sender"),
        ({}, None, "mail_no_password"),
        ({}, "", "mail_no_password"),
        ({"ca_file": "/no/such.pem"}, PASSWORD, "mail_ca_file"),
        ({"ca_file": __file__}, PASSWORD, "mail_ca_file"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_done(
    mail: dict[str, Any], password: str | None, key: str, pem: Path
) -> None:
    """Each gap in the settings has its own words."""
    with pytest.raises(UsageError) as refused:
        check_mail(settings(25, pem, **mail), password)
    assert refused.value.key == key


@pytest.mark.parametrize(
    "line",
    [
        'to = ["a@b.c\\nBcc: x@y.z"]',
        'to = ["a@b.c\\u2028x"]',
        'to = ["@"]',
        'owners = { "Ann" = "a@b.c, x@y.z" }',
        'sender = "a@b.c\\r\\nBcc: x@y.z"',
        'sender = "Ann\\nBcc: x@y.z <a@b.c>"',
        'sender = "Ann"',
        'user = "a@b.c\\r\\nRSET"',
        'host = "smtp..example.com"',
        'host = "smtp.example.com RCPT"',
    ],
)
def test_what_is_no_address_is_refused_in_the_config(line: str, tmp_path: Path) -> None:
    """No header or command can be smuggled in, and a typing mistake is told at the start."""
    config = tmp_path / "stockturn.toml"
    config.write_text(f"[alerts.mail]\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        load_settings(config)
    assert refused.value.key == "config_bad_value"


def test_a_sender_may_have_a_name() -> None:
    """NAME <ADDRESS>, in any script."""
    config = Settings.model_validate({"alerts": {"mail": {"sender": "库存 <stock@example.com>"}}})
    mail = compose(Letter("a@b.c", "01", shown({})), b"", AS_OF, NOW, config)
    assert mail["From"].addresses[0].display_name == "库存"
    assert mail["From"].addresses[0].addr_spec == "stock@example.com"


def test_the_same_news_is_one_mail_for_whoever_gets_it_twice() -> None:
    """The message id follows from address and news, so a copy sent after a lost answer is known as one."""
    config = Settings.model_validate({"alerts": {"mail": {"sender": "a@b.c"}}})
    later = NOW.replace(hour=9)

    def message_id(to: str, now: datetime, *rows: dict[str, Any]) -> str:
        return str(compose(Letter(to, "01", shown(*rows)), b"", AS_OF, now, config)["Message-ID"])

    assert message_id("a@b.c", NOW, {}) == message_id("a@b.c", later, {})
    assert message_id("a@b.c", NOW, {}) != message_id("x@y.z", NOW, {})
    assert message_id("a@b.c", NOW, {}) != message_id("a@b.c", NOW, {}, {})


def test_names_of_people_are_text(tmp_path: Path) -> None:
    """An owner called like a formula, a path or a header makes no header, no path and no broken workbook."""
    nasty = "=2+2 [a]:*?/\\ \nBcc: x@y.z"
    config = Settings.model_validate(
        {"alerts": {"mail": {"sender": "s@b.c", "owners": {nasty: "a/../@b.c"}}}}
    )
    (path,) = write_letters(letters(shown({"owner": nasty}), config), tmp_path, AS_OF, config, NOW)
    assert path.parent == tmp_path
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail["Bcc"] is None
    cells = [cell for row in attachment(mail).active.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("rule", sorted(RULES))
def test_the_subject_says_the_worst_thing_in_about_eight_words(rule: str, lang: str) -> None:
    """One line, short, with the thing itself named, for every rule."""
    about = {"sku": "A-1", "warehouse": "Main", "supplier": "Acme", "category": "Mugs", "file": "sales.csv"}
    frame = shown({"rule": rule, **about}, {"level": "info", "sku": "Z"}, {"level": "info", "sku": "Y"})
    line = subject(frame, Settings.model_validate({"lang": lang}))
    assert any(word in line for word in about.values())
    assert "2" in line
    assert len(line.split()) <= 11
    assert len(line) <= 60


def test_nothing_open_and_nothing_new() -> None:
    """Without anything new no mail is written, with ``always`` one that says so."""
    frame = shown({}).with_columns(state=pl.lit("ongoing"))
    config = Settings.model_validate({"alerts": {"mail": {"to": ["a@b.c"]}}})
    assert letters(frame, config) == []
    (letter,) = letters(frame, config, always=True)
    assert subject(letter.alerts, config) == "Nothing new; 1 alerts open"
    assert len(letters(frame.head(0), config, always=True)) == 1
    assert subject(frame.head(0), config) == "No alerts"


def test_each_address_once() -> None:
    """An address that is on the list and an owner's gets one mail, with everything."""
    mail = {"to": ["a@b.c"], "owners": {"Ann": "a@b.c", "Bo": "b@b.c", "Bob": "b@b.c"}}
    config = Settings.model_validate({"alerts": {"mail": mail}})
    assert addresses(config) == ["a@b.c", "b@b.c"]
    made = letters(shown({"owner": "Bo"}, {"owner": "Bob"}, {"owner": "Cy"}), config)
    assert [(one.to, one.alerts.height) for one in made] == [("a@b.c", 3), ("b@b.c", 2)]


def test_eml_files_open_again(tmp_path: Path) -> None:
    """A written mail is a mail: subject, table and workbook can be read from the file."""
    config = Settings.model_validate({"lang": "zh", "alerts": {"mail": {"owners": {"张三": "z@b.c"}}}})
    frame = shown({"message": NASTY})
    (path,) = write_letters(letters(frame, config), tmp_path, AS_OF, config, NOW)
    assert path.name == "alerts-2025-03-31-z@b.c.eml"
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail["Subject"] == "上海总仓 A-1 已断货"
    assert attachment(mail).sheetnames == ["张三"]
