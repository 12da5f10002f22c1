"""The page at /: which versions are served, and a viewer for one image.

It asks the REST API as any client does. Two things come from here: the states of all versions, in one request that is not counted
among those of clients, and the pixels of files that a browser can't decode. No upload is stored or logged.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from serving.model_versions import not_found
from serving.rendered_upload import UploadRenderer
from serving.rest_api import Reply, failed
from serving.same_site import check_host, check_origin
from serving.service import Service
from serving.serving_error import ServingError, invalid, unforeseen
from serving.version_policy import State, is_version

FILE = Path(__file__).with_name("page.html")
HTML, PNG = "text/html; charset=utf-8", "image/png"
UPLOAD = "application/octet-stream"  # which a form of another site can't send
ROOT, VERSIONS = "/", "/page/versions"
RENDER = re.compile(r"/page/render/(?P<name>[^/]+)/(?P<version>\d+)", re.ASCII)
INLINE = {"script": re.compile(r"<script>(.*?)</script>", re.DOTALL), "style": re.compile(r"<style>(.*?)</style>", re.DOTALL)}
CLOSED = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PRIVATE = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Asked:
    """A request: method, path with the query if there is one, headers by their names in lower case, body."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path alone."""
        return self.target.partition("?")[0].partition("#")[0]


class Page:
    """Answers the page's requests."""

    def __init__(self, service: Service, renderer: UploadRenderer, host: str) -> None:
        """Read the page.

        Args:
            service: what is served.
            renderer: makes a PNG of other files.
            host: what the server is bound to.
        """
        self._service, self._renderer, self._host = service, renderer, host
        self._html = FILE.read_text(encoding="utf-8")
        self._headers = PRIVATE | {"Content-Security-Policy": content_policy(self._html), "X-Frame-Options": "DENY"}

    def answers(self, path: str) -> bool:
        """Tell whether a path is the page's."""
        return path in (ROOT, VERSIONS) or RENDER.fullmatch(path) is not None

    def reply(self, asked: Asked) -> Reply:
        """Answer a request; every error is an answer too."""
        try:
            return self._answer(asked)
        except ServingError as error:
            return failed(error)
        except Exception as error:  # one request must not look like a dead server
            return failed(unforeseen(error))

    def _answer(self, asked: Asked) -> Reply:
        check_host(asked.headers, self._host)
        if (asked.method, asked.path) == ("GET", ROOT):
            return Reply(200, self._html, HTML, self._headers)
        check_origin(asked.headers)
        if (asked.method, asked.path) == ("GET", VERSIONS):
            return Reply(200, json.dumps({"versions": list(self._states())}), headers=PRIVATE)
        wanted = RENDER.fullmatch(asked.path)
        if asked.method != "POST" or wanted is None:
            raise invalid(f"Malformed request: {asked.method} {asked.path}")
        if asked.headers.get("content-type") != UPLOAD:
            raise invalid(f"expected the bytes of a file as Content-Type {UPLOAD}")
        return Reply(200, self._rendered(unquote(wanted["name"]), wanted["version"], asked.body), PNG, PRIVATE)

    def _states(self) -> Iterator[dict[str, str]]:
        """Yield the versions of each model, or that there is none."""
        for name in self._service.manager.names:
            versions = self._service.manager.versions(name)
            for known in versions:
                reason = str(known.error) if known.error else ""
                yield {"model": name, "version": str(known.number), "state": known.state.name, "reason": reason}
            if not versions:
                yield {"model": name, "version": "", "state": "", "reason": "no version under its base path"}

    def _rendered(self, name: str, version: str, body: bytes) -> bytes:
        with self._service.admission.admitted():
            return self._renderer.png(body, self._folder(name, version))

    def _folder(self, name: str, version: str) -> Path:
        """Return the folder of an available version; it comes from the server's configuration, never from the request.

        Raises:
            ServingError: NOT_FOUND when there is none.
        """
        number = int(version) if is_version(version) else 0
        for known in self._service.manager.versions(name):
            if known.number == number and known.state is State.AVAILABLE:
                return known.folder
        raise not_found(name, number)


def content_policy(html: str) -> str:
    """Return the Content-Security-Policy that lets a page run its own inline script and style, ask its server, and no more."""
    allowed = " ".join(f"{kind}-src {' '.join(map(digest, pattern.findall(html)))};" for kind, pattern in INLINE.items())
    return f"default-src 'none'; {allowed} connect-src 'self'; img-src data:; {CLOSED}"


def digest(text: str) -> str:
    """Return how a policy names an inline text (CSP 3, section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
