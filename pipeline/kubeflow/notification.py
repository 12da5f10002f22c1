"""Tells people how a run ended: webhook, Slack or e-mail. The address is a secret in the environment; it is never shown."""

import json
import logging
import os
import smtplib
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pipeline.config.kubeflow import Notify
from pipeline.errors import MedtfxError

PATIENCE = 20.0  # seconds without a sign of life
LIMIT = 60.0  # seconds for one address in all
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
        return {
            "name": self.name,
            "run_id": self.run_id,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "version": self.version,
            "ending": self.ending,
        }


def notify(message: Message, addresses: Sequence[Notify], environment: Mapping[str, str] = os.environ) -> None:
    """Tell every address that wants this ending; one that can't be reached is logged and changes nothing."""
    for address in addresses:
        if message.ending not in address.on:
            continue
        # A thread: looking up a name knows no time limit, and a socket's begins anew with each byte.
        worker = threading.Thread(target=tell, args=(message, address, environment.get(address.url_env, "")), daemon=True)
        worker.start()
        worker.join(LIMIT)
        if worker.is_alive():
            report_failure(address, f"not done after {LIMIT:g} s")


def tell(message: Message, address: Notify, url: str) -> None:
    """Send a message to one address and log how that went; its URL, which an error's text may quote, is a secret."""
    try:
        send(message, address.kind, url)
        logging.info("notified by %s", address.kind)
    except NotificationError as error:
        report_failure(address, str(error))
    except urllib.error.HTTPError as error:
        report_failure(address, f"the receiver answered {error.code}")
    except smtplib.SMTPResponseException as error:
        report_failure(address, f"the receiver answered {error.smtp_code}")
    except Exception as error:  # a notification never changes the outcome of a run
        report_failure(address, type(error).__name__)


def report_failure(address: Notify, reason: str) -> None:
    """Log that a notification failed."""
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
    with urllib.request.build_opener(NoRedirect).open(request, timeout=PATIENCE):
        pass  # its status is all that counts


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Lets a redirection be an error: urllib would follow it without what was posted."""

    def redirect_request(self, *_: object) -> None:
        """Follow none."""


def send_mail(message: Message, address: SplitResult) -> None:
    """Send a mail by an SMTP URL such as smtps://user:password@host:465/?from=a@b&to=c@d.

    smtp:// goes over to TLS where the server offers it, and must before a password. Certificates are verified; SSL_CERT_FILE
    names further authorities.

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
        server.ehlo()
        if not secured and (address.username or server.has_extn("starttls")):
            server.starttls(context=safe)
        if address.username:
            server.login(unquote(address.username), unquote(address.password or ""))
        server.send_message(mail)
