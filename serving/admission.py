"""How much work is taken on at once, over gRPC and REST together; what is too much is refused at once and clearly."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

import grpc

from serving.serving_error import ServingError


class Admission:
    """Counts the requests in work."""

    def __init__(self, limit: int) -> None:
        """Take up to `limit` requests at a time."""
        self._limit, self._is_closed = limit, False
        self.in_work = 0
        self._changed = Condition()

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Hold a place while a request is worked on.

        Raises:
            ServingError: RESOURCE_EXHAUSTED when all places are taken, UNAVAILABLE when the server is stopping.
        """
        with self._changed:
            if self._is_closed:
                raise ServingError(grpc.StatusCode.UNAVAILABLE, "the server is stopping")
            if self.in_work >= self._limit:
                raise ServingError(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    f"the server works on {self._limit} requests already (--max_in_flight); try again later",
                )
            self.in_work += 1
        try:
            yield
        finally:
            with self._changed:
                self.in_work -= 1
                self._changed.notify_all()

    def drain(self, seconds: float) -> bool:
        """Take nothing new and wait for what is in work; tell whether all of it ended in time."""
        with self._changed:
            self._is_closed = True
            return self._changed.wait_for(lambda: not self.in_work, seconds)
