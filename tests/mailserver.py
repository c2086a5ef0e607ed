"""A real SMTP server on this machine, for the tests of mail: STARTTLS or TLS, login, and what it was sent."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

USER, PASSWORD = "robot@example.com", "pä$$ word"
REFUSED = "nobody@example.com"


@dataclass
class Box:
    """What arrived: recipient, and the mail parsed anew from its bytes; ``secure`` says whether TLS was on."""

    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        """Refuse one address, take all others."""
        if address == REFUSED:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep the mail."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails += [(to, mail) for to in envelope.rcpt_tos]
        self.secure.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 OK"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certificate(folder: Path) -> Path:
    """A certificate for localhost with its key, in one PEM file; signed by itself, so it is its own authority."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    key, pem = folder / "key.pem", folder / "server.pem"
    subprocess.run(
        [
            openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(pem),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    pem.write_text(pem.read_text() + key.read_text())
    return pem


def _login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=right, handled=False)


@contextmanager
def mail_server(pem: Path, *, implicit: bool = False) -> Iterator[tuple[int, Box]]:
    """A server that wants STARTTLS (or TLS from the first byte) and a login; gives its port and its box."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    box, port = Box(), free_port()
    way: dict[str, Any] = {"tls_context": context, "require_starttls": True}
    if implicit:
        # The server knows of no TLS but STARTTLS: here all of it is inside TLS already.
        way = {"ssl_context": context, "auth_require_tls": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        controller = Controller(
            box, hostname="127.0.0.1", port=port, auth_required=True, authenticator=_login, decode_data=False, **way
        )  # fmt: skip
        controller.start()
        try:
            yield port, box
        finally:
            controller.stop()


@contextmanager
def silent_server() -> Iterator[int]:
    """A port where a connection is taken and nothing is ever said."""
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(5)
        yield int(mute.getsockname()[1])
