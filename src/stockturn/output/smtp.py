"""Sending mails by SMTP: encrypted, logged in, one after the other; what was not sent is told, never raised.

The password is an argument: it comes from the environment, stands in no message, log or error.
"""

from __future__ import annotations

import base64
import smtplib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from stockturn.config.alerts import MailSettings
from stockturn.output.formats import text_line

_LOGGED_IN = 235


@dataclass(frozen=True)
class Failure:
    """A mail that was not sent: to whom, and what stood in the way (key of the section errors, and what was said)."""

    to: str
    key: str
    detail: str


def trusted(settings: MailSettings) -> ssl.SSLContext:
    """The certificates that are trusted. Raises OSError where ``ca_file`` is not there or holds none."""
    return ssl.create_default_context(cafile=settings.ca_file)


def send(
    mails: Sequence[EmailMessage],
    settings: MailSettings,
    password: str | None,
    sent: Callable[[str], None] = lambda to: None,
) -> list[Failure]:
    """Send the mails over one connection, each to its own address; gives those that were not sent.

    ``sent`` is told each address as soon as the server has taken its mail. One refused recipient does not keep the
    others from theirs. Never raises for what the network or the server does.
    """
    done = 0
    failures: list[Failure] = []
    try:
        with _connected(settings, password) as server:
            for mail in mails:
                failure = _sent(server, mail)
                done += 1
                if failure:
                    failures.append(failure)
                else:
                    sent(str(mail["To"]))
    except (OSError, UnicodeError, smtplib.SMTPException) as error:
        key, detail = _why(error)
        failures += [Failure(str(mail["To"]), key, detail) for mail in mails[done:]]
    return failures


def _sent(server: smtplib.SMTP, mail: EmailMessage) -> Failure | None:
    try:
        server.send_message(mail)
    except (
        smtplib.SMTPRecipientsRefused,
        smtplib.SMTPSenderRefused,
        smtplib.SMTPDataError,
        smtplib.SMTPNotSupportedError,
    ) as error:
        key, detail = _why(error)
        return Failure(str(mail["To"]), key, detail)
    return None


def _connected(settings: MailSettings, password: str | None) -> smtplib.SMTP:
    """A connection that is encrypted as the settings say, before anything is said in it, and logged in."""
    context = trusted(settings)
    if settings.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=settings.timeout, context=context
        )
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout)
    try:
        if settings.security == "starttls":
            server.starttls(context=context)
        if settings.user:
            _login(server, settings.user, password or "")
    except BaseException:
        server.close()
        raise
    return server


def _login(server: smtplib.SMTP, user: str, password: str) -> None:
    """Log in; smtplib knows ASCII alone and would show the password in its error, so others go as UTF-8 (RFC 4616)."""
    if (user + password).isascii():
        server.login(user, password)
        return
    server.ehlo_or_helo_if_needed()
    token = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
    code, answer = server.docmd("AUTH", f"PLAIN {token}")
    if code != _LOGGED_IN:
        raise smtplib.SMTPAuthenticationError(code, answer)


def _why(error: Exception) -> tuple[str, str]:
    """Which refusal it is, and what the other side said (never what we said to it)."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return "mail_login", _answer(error.smtp_code, error.smtp_error)
        case smtplib.SMTPRecipientsRefused():
            return "mail_recipient", "; ".join(_answer(*answer) for answer in error.recipients.values())
        case smtplib.SMTPSenderRefused():
            return "mail_sender", _answer(error.smtp_code, error.smtp_error)
        case smtplib.SMTPNotSupportedError():
            return "mail_unsupported", str(error)
        case ssl.SSLCertVerificationError():
            return "mail_certificate", str(error.verify_message or error)
        case ssl.SSLError():
            return "mail_tls", str(error.reason or error)
        case smtplib.SMTPServerDisconnected():
            return "mail_cut", str(error)
        case smtplib.SMTPResponseException():
            return "mail_refused", _answer(error.smtp_code, error.smtp_error)
        case OSError() if not isinstance(error, smtplib.SMTPException):
            return "mail_unreachable", str(error.strerror or error)
        case UnicodeError():
            return "mail_unreachable", str(error.reason if isinstance(error, UnicodeEncodeError) else error)
    return "mail_refused", str(error)


def _answer(code: int, said: bytes | str) -> str:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return text_line(f"{code} {words}")
