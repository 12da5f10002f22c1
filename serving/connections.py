"""The open connections of the REST server, no more than a limit.

When all places are taken, a new connection gets the place of the one that has kept the server waiting longest: it sends nothing,
or a byte now and then, or does not read its answer. One that is being worked for is never closed.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock

PATIENCE = 1.0  # seconds that a connection may keep the server waiting before another one may take its place


class Connections:
    """Who is connected, and since when the server waits for them."""

    def __init__(self, limit: int) -> None:
        """Hold up to `limit` connections at a time."""
        self._limit = limit
        self._waiting_since: dict[socket.socket, float | None] = {}
        self._lock = Lock()

    def admit(self, connection: socket.socket) -> bool:
        """Give a connection a place; tell whether there was one."""
        with self._lock:
            if len(self._waiting_since) >= self._limit and not self._close_longest_waiting():
                return False
            self._waiting_since[connection] = time.monotonic()
            return True

    def leave(self, connection: socket.socket) -> None:
        """Free the place of a connection, if it still has one."""
        with self._lock:
            self._waiting_since.pop(connection, None)

    @contextmanager
    def worked_for(self, connection: socket.socket) -> Iterator[None]:
        """Keep a connection open while its request is worked on; then its patience begins anew."""
        self._mark(connection, None)
        try:
            yield
        finally:
            self._mark(connection, time.monotonic())

    def took_a_piece(self, connection: socket.socket) -> None:
        """Let the patience with a connection begin anew: its client reads."""
        self._mark(connection, time.monotonic())

    def close_waiting(self, seconds: float) -> None:
        """End every connection that has kept the server waiting longer than so many seconds."""
        with self._lock:
            latest = time.monotonic() - seconds
            for connection in [one for one, since in self._waiting_since.items() if since is not None and since <= latest]:
                self._close(connection)

    def _mark(self, connection: socket.socket, since: float | None) -> None:
        with self._lock:
            if connection in self._waiting_since:
                self._waiting_since[connection] = since

    def _close_longest_waiting(self) -> bool:
        """End the connection that is waited for longest; tell whether there was one."""
        waiting = [(since, connection) for connection, since in self._waiting_since.items() if since is not None]
        since, longest = min(waiting, key=lambda one: one[0], default=(0.0, None))
        if longest is None or time.monotonic() - since < PATIENCE:
            return False
        self._close(longest)
        return True

    def _close(self, connection: socket.socket) -> None:
        """End a connection, whose thread finds it closed."""
        del self._waiting_since[connection]
        with suppress(OSError):  # its client was quicker
            connection.shutdown(socket.SHUT_RDWR)
