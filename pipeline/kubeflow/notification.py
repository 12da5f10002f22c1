"""Tells people how a run ended: webhook, Slack or e-mail. The address is a secret in the environment; it is never shown."""

import json
import logging
import os
import smtplib
import ssl
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pipeline.config.kubeflow import Notify
from pipeline.errors import MedtfxError

PATIENCE = 20.0  # seconds for one address
Ending = Literal["success", "refusal", "failure"]


class NotificationError(MedtfxError):
    """An address that can't be used."""


@dataclass(frozen=True)
class Message:
    """What is told of a run: no identifier of a patient, no path, no address.

    Args:
        name: of the configuration.
        run_id: of the run.
        verdict: in one word.
        exit_code: that goes with it.
        version: the served version that the run stands for, if any.
    """

    name: str
    run_id: str
    verdict: str
    exit_code: int
    version: str | None = None

    @property
    def ending(self) -> Ending:
        """Success, refusal or failure."""
        if self.exit_code == 0:
            return "success"
        return "refusal" if self.exit_code in (3, 4) else "failure"

    @property
    def text(self) -> str:
        """One line for people."""
        version = f", version {self.version}" if self.version else ""
        return f"medtfx {self.name}: {self.verdict}{version} (run {self.run_id})"

    def as_json(self) -> dict[str, str | int | None]:
        """Return plain values for programs."""
        own: dict[str, str | int | None] = {
            "name": self.name,
            "run_id": self.run_id,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
        }
        return own | {"exit_code": self.exit_code, "version": self.version, "ending": self.ending}


def notify(message: Message, addresses: Sequence[Notify], environment: Mapping[str, str] = os.environ) -> None:
    """Tell every address that wants this ending; one that can't be reached is logged and changes nothing."""
    for address in addresses:
        if message.ending not in address.on:
            continue
        try:
            send(message, address.kind, environment.get(address.url_env, ""))
            logging.info("notified by %s", address.kind)
        except Exception as error:  # a notification never changes the outcome of a run
            # The error's text may quote the address, which is a secret.
            reason = str(error) if isinstance(error, NotificationError) else type(error).__name__
            logging.warning("notification by %s to the address in %s failed: %s", address.kind, address.url_env, reason)


def send(message: Message, kind: str, url: str) -> None:
    """Send a message to one address.

    Raises:
        NotificationError: for an address that is empty or of another kind.
        OSError: when it can't be reached or refuses.
    """
    parts = urlsplit(url.strip())
    expected = ("smtp", "smtps") if kind == "email" else ("https", "http")
    if parts.scheme not in expected or not parts.hostname:
        raise NotificationError(f"the variable holds no address of the form {expected[0]}://host/...")
    if kind == "email":
        send_mail(message, parts)
    else:
        post(url.strip(), {"text": message.text} if kind == "slack" else message.as_json())


def post(url: str, content: Mapping[str, object]) -> None:
    """Post JSON to a URL; an answer other than 2xx raises."""
    body = json.dumps(content).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        answer.read()


def send_mail(message: Message, address: SplitResult) -> None:
    """Send a mail by an SMTP URL: smtps://user:password@host:465/?from=a@b&to=c@d; smtp:// asks for STARTTLS before a password.

    Raises:
        NotificationError: for a URL without sender and receiver.
    """
    fields = parse_qs(address.query)
    if not fields.get("from") or not fields.get("to"):
        raise NotificationError("the address has no ?from=...&to=...")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = fields["from"][0], ", ".join(fields["to"]), message.text
    mail.set_content(json.dumps(message.as_json(), indent=1))
    safe = ssl.create_default_context()
    host = str(address.hostname)
    secured = address.scheme == "smtps"
    with (
        smtplib.SMTP_SSL(host, address.port or 465, timeout=PATIENCE, context=safe)
        if secured
        else smtplib.SMTP(host, address.port or 587, timeout=PATIENCE)
    ) as server:
        if address.username:
            if not secured:
                server.starttls(context=safe)
            server.login(unquote(address.username), unquote(address.password or ""))
        server.send_message(mail)
