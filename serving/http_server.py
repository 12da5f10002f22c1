"""The REST API's HTTP server: the standard library's, bounded.

Its ThreadingHTTPServer gives each connection a thread. That is enough on the loopback interface of a small site and adds no
dependency; what it lacks for that is added here: a limit on connections, on the time that a client may keep one waiting, and on
the size of a body. It has no TLS and is not meant to face a network.

Methods are those of TF Serving's server (util/net_http/server/internal/evhttp_server.cc); most are malformed requests to the API.
"""

import logging
import socket
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pipeline.errors import ConfigError
from serving.admission import Admission
from serving.connections import Connections
from serving.json_values import error_body
from serving.page import Asked, Page
from serving.request_body import read_body
from serving.request_head import refusal
from serving.rest_api import Reply, RestApi, failed
from serving.serving_error import ServingError

logger = logging.getLogger(__name__)
IDLE_SECONDS = 30  # that a client may take between two bytes, or between two requests on one connection
MAX_CONNECTIONS = 128
STALLED_SECONDS = 3.0  # that a stopping server gives a client to take one more piece of its answer
PIECE = 64 * 2**10  # bytes of an answer that are sent at a time
LOOK_SECONDS = 0.2


class HttpServer(ThreadingHTTPServer):
    """A REST server in a thread of its own."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, api: RestApi, address: tuple[str, int], *, body_bytes: int, page: Page | None = None) -> None:
        """Bind the port; requests are answered after `start`.

        Args:
            api: answers requests.
            address: host and port.
            body_bytes: largest body.
            page: answers those that are the page's; None: there is no page.

        Raises:
            ConfigError: when the port can't be had.
        """
        self.api, self.body_bytes, self._page = api, body_bytes, page
        self.work = Admission(MAX_CONNECTIONS)
        self.connections = Connections(MAX_CONNECTIONS)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        try:
            super().__init__(address, Handler)
        except (OSError, OverflowError) as error:
            text = f"--rest_api_port: can't listen on {address[0]}:{address[1]}; expected a free port of this machine"
            raise ConfigError(text) from error

    @property
    def port(self) -> int:
        """The TCP port."""
        return int(self.server_address[1])

    def reply(self, asked: Asked) -> Reply:
        """Answer a request."""
        if self._page and self._page.answers(asked.path):
            return self._page.reply(asked)
        return self.api.reply(asked.method, asked.target, asked.body, origin=asked.headers.get("origin", ""))

    def start(self) -> None:
        """Answer requests from now on."""
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, name="rest", daemon=True).start()

    def stop(self, seconds: float) -> None:
        """Accept no new connection, and give requests in work so many seconds to get their response.

        A client that does not read is not waited for as long: it would hold up the end for everybody.
        """
        self.shutdown()
        self.server_close()
        end = time.monotonic() + seconds
        while not self.work.drain(min(LOOK_SECONDS, max(end - time.monotonic(), 0))) and time.monotonic() < end:
            self.connections.close_waiting(STALLED_SECONDS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection a thread, or close it when there are too many."""
        if not self.connections.admit(request):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.leave(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is nothing to report."""

    def server_bind(self) -> None:
        """Bind without looking up this machine's name, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]


class Handler(BaseHTTPRequestHandler):
    """Reads one request after the other off a connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "medtfx", ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: HttpServer

    def do_POST(self) -> None:
        """Answer a request, whatever its method."""
        if self._is_readable():
            self._answer()

    do_GET = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_POST  # noqa: N815 - as the standard library asks

    def handle_expect_100(self) -> bool:
        """Ask for a body only when it will be read."""
        return self._is_readable() and super().handle_expect_100()

    def _is_readable(self) -> bool:
        """Tell whether the body can be read, or refuse it; what follows a refused head would be taken for the next request."""
        if self.request_version == "HTTP/0.9":  # a line without a version: its answer would have no status
            self.send_error(HTTPStatus.BAD_REQUEST)
            return False
        refused = refusal(self.headers, has_body=self.command == "POST", body_bytes=self.server.body_bytes)
        if refused is not None:
            self._close_with(refused)
        if self.request_version == "HTTP/1.0" and "Transfer-Encoding" in self.headers:  # which that version does not know
            self.close_connection = True
        return refused is None

    def _answer(self) -> None:
        try:
            body = read_body(self.rfile, self.headers, self.server.body_bytes)
            target = urlunsplit(("", "", *urlsplit(self.path)[2:]))
        except ServingError as error:
            self._close_with(failed(error))
            return
        except ValueError:  # an absolute form whose host is none
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        asked = Asked(self.command, target, {name.lower(): value for name, value in self.headers.items()}, body)
        try:
            with self.server.work.admitted():
                with self.server.connections.worked_for(self.connection):
                    reply = self.server.reply(asked)
                self._send(reply)
        except ServingError as error:
            self._close_with(failed(error))

    def _close_with(self, reply: Reply) -> None:
        self.close_connection = True
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        body = reply.body.encode(errors="replace") if isinstance(reply.body, str) else reply.body
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self._send_in_pieces(body)

    def _send_in_pieces(self, body: bytes) -> None:
        for start in range(0, len(body), PIECE):
            self.wfile.write(body[start : start + PIECE])
            self.server.connections.took_a_piece(self.connection)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer what is no HTTP, or another method, in JSON; the request is not repeated."""
        self.close_connection, self.request_version = True, self.protocol_version
        self._send(Reply(code, error_body(self.responses.get(code, ("Bad Request", ""))[0])))

    def log_message(self, *arguments: Any) -> None:
        """Log nothing: a request line may name a patient."""
