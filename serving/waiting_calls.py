"""The gRPC calls that keep the server waiting, no more than a limit.

A call does so while its message is on its way in, or its answer on its way out: the client sends headers and no message, or part
of one, or does not read. When all places are taken, a new call gets the place of the one that has waited longest, so that whoever
is quick is never kept out. A call that is worked on is never ended. Watchers of the server's health have places of their own.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

import grpc

MESSAGE, ANSWER, WATCHER = "its message did not come", "its answer was not read", "it watches"
STOPPING = "the server is stopping"


@dataclass
class Wait:
    """What a call waits for, and since when."""

    awaited: str
    since: float = field(default_factory=time.monotonic)


class WaitingCalls:
    """Which calls wait, longest first, and for what."""

    def __init__(self, limit: int) -> None:
        """Hold up to `limit` calls at a time."""
        self._limit, self._is_closed = limit, False
        self._calls: dict[grpc.ServicerContext, Wait] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._calls)

    @contextmanager
    def waiting(self, context: grpc.ServicerContext, awaited: str) -> Iterator[None]:
        """Give a call a place for the length of a `with` block; reading and sending there end when the call is ended."""
        self._enter(context, awaited)
        try:
            yield
        finally:
            self._leave(context)

    def sending(self, context: grpc.ServicerContext) -> None:
        """Give a call a place until its answer, which this thread is about to return, has gone out."""
        self._enter(context, ANSWER)
        if not context.add_callback(lambda: self._leave(context)):  # its client is gone already
            self._leave(context)

    def close(self) -> None:
        """End the calls whose message is not there yet, and those that begin from now on: the server is stopping.

        For the others the time begins anew that `end_longer` measures.
        """
        with self._lock:
            self._is_closed = True
            unsent = [context for context, wait in self._calls.items() if wait.awaited is MESSAGE]
            for wait in self._calls.values():
                wait.since = time.monotonic()
        for context in unsent:
            end(context, grpc.StatusCode.UNAVAILABLE, STOPPING)

    def end_longer(self, seconds: float) -> None:
        """End the calls that have waited for longer than so many seconds."""
        with self._lock:
            latest = time.monotonic() - seconds
            late = [context for context, wait in self._calls.items() if wait.since < latest]
        for context in late:
            end(context, grpc.StatusCode.UNAVAILABLE, STOPPING)

    def _enter(self, context: grpc.ServicerContext, awaited: str) -> None:
        with self._lock:
            longest = next(iter(self._calls)) if len(self._calls) >= self._limit else None
            why = self._calls.pop(longest).awaited if longest is not None else ""
            self._calls[context] = Wait(awaited)
            is_late = self._is_closed and awaited is MESSAGE
        if longest is not None:
            end(longest, grpc.StatusCode.RESOURCE_EXHAUSTED, f"too many calls keep the server waiting, this one longest: {why}")
        if is_late:
            end(context, grpc.StatusCode.UNAVAILABLE, STOPPING)

    def _leave(self, context: grpc.ServicerContext) -> None:
        with self._lock:
            self._calls.pop(context, None)


def end(context: grpc.ServicerContext, code: grpc.StatusCode, text: str) -> None:
    """End a call of another thread; the public ServicerContext.cancel would tell its client that it did that itself."""
    context._rpc_event.call.cancel(code.value[0], text)
