"""Receivers of notifications: real HTTP and SMTP servers on loopback."""

import base64
import contextlib
import json
import logging
import shutil
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipeline.config.kubeflow import Notify
from pipeline.kubeflow import notification
from pipeline.kubeflow.notification import Message, notify

PUSHED = Message("chest", "run-1", "pushed", 0, "17")
REFUSED = Message("chest", "run-2", "model_refused", 4)
FAILED = Message("chest", "run-3", "failed", 1)
SECRET = "swordfish"


class Webhook(BaseHTTPRequestHandler):
    """Answers as its path says; keeps what was posted."""

    def do_POST(self) -> None:
        self.server.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        what = self.path.rsplit("/", 1)[1]
        if what == "slow":
            time.sleep(2)
        self.send_response(int(what) if what.isdigit() else 200)
        if what == "302":
            self.send_header("Location", "/200")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Mailbox(socketserver.StreamRequestHandler):
    """As much of an SMTP server as a client needs; TLS where the server has a context."""

    def handle(self) -> None:
        self.secure, server = False, self.server
        self.say("220 here")
        while words := self.rfile.readline().decode().split():
            server.commands.append((words[0].upper(), self.secure))
            match words[0].upper():
                case "EHLO":
                    offered = [] if server.context is None or self.secure else ["STARTTLS"]
                    self.say(*(f"250-{word}" for word in ["here", "AUTH PLAIN", *offered]), "250 8BITMIME")
                case "STARTTLS" if server.context is not None:
                    self.say("220 go on")
                    self.encrypt()
                case "AUTH":
                    server.passwords.append(base64.b64decode(words[2]).decode().split("\0")[2])
                    self.say("235 welcome" if server.passwords[-1] == SECRET else "535 no")
                case "DATA":
                    self.say("354 go on")
                    server.received.append("".join(iter(lambda: self.rfile.readline().decode(), ".\r\n")))
                    self.say("250 taken")
                case "MAIL" if server.refuses:
                    self.say("550 not from there")
                case "QUIT":
                    self.say("221 bye")
                    return
                case _:
                    self.say("250 well" if words[0].upper() in ("MAIL", "RCPT", "RSET") else "502 unknown")

    def say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def encrypt(self) -> None:
        self.secure = True
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), socketserver._SocketWriter(self.connection)

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # the server closes the socket that TLS took over


@contextlib.contextmanager
def served(server: Any) -> Iterator[Any]:
    """Serve until the test ends."""
    server.received, server.commands, server.passwords = [], [], []
    server.context, server.refuses, server.daemon_threads = None, False, True
    server.handle_error = lambda *_: None  # a client that breaks off is part of a test
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def webhook() -> Iterator[Any]:
    """An HTTP server."""
    with served(ThreadingHTTPServer(("127.0.0.1", 0), Webhook)) as server:
        yield server


@pytest.fixture
def mailbox() -> Iterator[Any]:
    """An SMTP server without TLS."""
    with served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox)) as server:
        yield server


@pytest.fixture
def certified(tmp_path: Path, mailbox: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The SMTP server with a certificate that this process trusts."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is absent: it makes the certificate of this test")
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key -out crt -days 2 -subj /CN=127.0.0.1"
    words += " -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(["openssl", *words.split()], cwd=tmp_path, check=True, capture_output=True)
    mailbox.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mailbox.context.load_cert_chain(tmp_path / "crt", tmp_path / "key")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "crt"))
    return mailbox


def tell(message: Message, kind: Any, url: str, **more: Any) -> None:
    """Notify one address."""
    notify(message, [Notify(kind=kind, url_env="TO", **more)], {"TO": url})


def hook(server: Any, answer: str = "200") -> str:
    """Return the server's address for an answer; it holds a secret, as Slack's does."""
    return f"http://127.0.0.1:{server.server_address[1]}/{SECRET}/{answer}"


def mail(server: Any, user: str = "") -> str:
    """Return the address of a mailbox."""
    return f"smtp://{user}127.0.0.1:{server.server_address[1]}/?from=medtfx@example.org&to=a@example.org&to=b@example.org"


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What is logged, in which no secret may ever stand."""
    caplog.set_level(logging.DEBUG)
    yield caplog
    assert SECRET not in caplog.text
    assert "127.0.0.1" not in caplog.text


@pytest.mark.parametrize(("message", "ending"), [(PUSHED, "success"), (REFUSED, "refusal"), (FAILED, "failure")])
def test_webhook_is_told_of_the_run_and_of_nothing_else(webhook: Any, said: Any, message: Message, ending: str) -> None:
    tell(message, "webhook", hook(webhook))
    (received,) = webhook.received
    known = {"name": "chest", "run_id": message.run_id, "verdict": message.verdict, "exit_code": message.exit_code}
    assert received == {**known, "version": message.version, "ending": ending}
    assert "notified by webhook" in said.text


def test_slack_is_told_in_one_line(webhook: Any, said: Any) -> None:
    for message in (PUSHED, REFUSED):
        tell(message, "slack", hook(webhook))
    lines = ["medtfx chest: pushed, version 17 (run run-1)", "medtfx chest: model_refused (run run-2)"]
    assert webhook.received == [{"text": line} for line in lines]


def test_ending_that_was_not_asked_for_is_not_told(webhook: Any, said: Any) -> None:
    tell(PUSHED, "webhook", hook(webhook), on=["failure"])
    assert webhook.received == []


@pytest.mark.parametrize(
    ("kind", "url", "reason"),
    [
        ("webhook", "", "the variable holds no address of the form https://host/..."),
        ("email", "https://127.0.0.1/", "the variable holds no address of the form smtp://host/..."),
        ("email", "smtp://127.0.0.1/?from=a@b", "the address has no ?from=...&to=..."),
        ("slack", f"http://127.0.0.1:1/{SECRET}", "URLError"),
        ("webhook", f"http://127.0.0.1:port/{SECRET}", "InvalidURL"),
        ("webhook", f"http://[127.0.0.1/{SECRET}", "ValueError"),
    ],
)
def test_address_that_cannot_be_used_is_logged_by_its_variable(said: Any, kind: str, url: str, reason: str) -> None:
    tell(FAILED, kind, url)
    assert f"notification by {kind} to the address in TO failed: {reason}" in said.text


@pytest.mark.parametrize("status", ["404", "500", "302"])
def test_refusing_webhook_changes_nothing_and_the_next_is_told(webhook: Any, said: Any, status: str) -> None:
    to = {"FIRST": hook(webhook, status), "SECOND": hook(webhook)}
    notify(PUSHED, [Notify(kind="webhook", url_env=name) for name in to], to)
    assert f"address in FIRST failed: the receiver answered {status}" in said.text
    assert len(webhook.received) == 2


def test_receiver_that_does_not_end_holds_nobody_up(webhook: Any, said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notification, "LIMIT", 0.3)
    begin = time.monotonic()
    tell(PUSHED, "webhook", hook(webhook, "slow"))
    assert time.monotonic() - begin < 2
    assert "failed: not done after 0.3 s" in said.text


def test_mail_has_the_line_as_subject_and_the_facts_as_text(mailbox: Any, said: Any) -> None:
    tell(REFUSED, "email", mail(mailbox))
    (received,) = mailbox.received
    assert "Subject: medtfx chest: model_refused (run run-2)" in received
    assert "To: a@example.org, b@example.org" in received
    assert '"exit_code": 4' in received


def test_mail_goes_over_to_tls_where_that_is_offered(certified: Any, said: Any) -> None:
    tell(PUSHED, "email", mail(certified))
    assert len(certified.received) == 1
    assert ("DATA", True) in certified.commands


def test_certificate_that_nobody_vouches_for_is_refused(certified: Any, said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    tell(PUSHED, "email", mail(certified))
    assert certified.received == []
    assert "SSLCertVerificationError" in said.text


def test_password_travels_in_tls_alone(certified: Any, said: Any) -> None:
    tell(PUSHED, "email", mail(certified, f"medtfx:{SECRET}@"))
    assert certified.passwords == [SECRET]
    assert ("AUTH", True) in certified.commands
    certified.context = None
    tell(PUSHED, "email", mail(certified, f"medtfx:{SECRET}@"))
    assert certified.passwords == [SECRET]
    assert "SMTPNotSupportedError" in said.text


def test_refusing_mail_server_is_told_by_its_code(mailbox: Any, said: Any) -> None:
    mailbox.refuses = True
    tell(PUSHED, "email", mail(mailbox))
    assert "notification by email to the address in TO failed: the receiver answered 550" in said.text
