"""Calls to a server: a deadline over all attempts, and another attempt when the server is not there, for nothing else.

A request that was refused, or that took too long, would be refused or take too long again.
"""

import random
import time
from collections.abc import Iterator
from threading import Event
from typing import Any

import grpc

from serving.client.errors import ClientError, RefusedError
from serving.client.messages import GetModelStatusRequest, GetModelStatusResponse, PredictRequest, PredictResponse
from serving.client.pace import waits

PREDICT = "/tensorflow.serving.PredictionService/Predict"
STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
TEXT_LIMIT = 300  # characters of a server's words that are passed on
# What the server has against one request; any other code is about the server, the model or the right to ask.
ABOUT_THE_REQUEST = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.UNKNOWN,
    }
)


class Calls:
    """The two calls that a client makes, on an open channel; for any number of threads."""

    def __init__(self, channel: grpc.Channel, deadline: float) -> None:
        """Prepare the calls; `deadline` is in seconds."""
        self._predict = channel.unary_unary(PREDICT, PredictRequest.SerializeToString, PredictResponse.FromString)
        self._status = channel.unary_unary(STATUS, GetModelStatusRequest.SerializeToString, GetModelStatusResponse.FromString)
        self._deadline = deadline
        self._stopped = Event()

    def predict(self, request: Any) -> Any:
        """Return the PredictResponse.

        Raises:
            RefusedError: when the server has something against this request.
            ClientError: when it can't be asked at all.
        """
        return self._asked(self._predict, request)

    def status(self, request: Any) -> Any:
        """Return the GetModelStatusResponse; raises as `predict`."""
        return self._asked(self._status, request)

    def stop(self) -> None:
        """Make no further attempt."""
        self._stopped.set()

    def _asked(self, call: Any, request: Any) -> Any:
        end = time.monotonic() + self._deadline
        waiting = waits(random.Random())
        while True:
            try:
                return call(request, timeout=max(end - time.monotonic(), 0.001))
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE or not self._waited(waiting, end):
                    raise self._told(error) from error
            except ValueError as error:  # what gRPC says of a closed channel
                if not self._stopped.is_set():
                    raise
                raise ClientError("the client was closed") from error

    def _waited(self, waiting: Iterator[float], end: float) -> bool:
        """Wait before another attempt; tell whether there is time for one."""
        seconds = next(waiting)
        return time.monotonic() + seconds < end and not self._stopped.wait(seconds)

    def _told(self, error: Any) -> Exception:
        """Return what an ended call means to the caller."""
        if self._stopped.is_set():
            return ClientError("the client was closed")
        code, text = error.code(), " ".join(str(error.details()).split())[:TEXT_LIMIT]
        if code is grpc.StatusCode.UNAVAILABLE:
            return ClientError(f"no server answered within {self._deadline:g} s: {text}")
        if code in ABOUT_THE_REQUEST:
            return RefusedError(code, text)
        return ClientError(f"the server refused: {code.name}: {text}")
