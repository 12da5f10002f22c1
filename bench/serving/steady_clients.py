"""Clients that ask without a pause, check every answer, and keep the status of every attempt."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any

import grpc

from bench.serving.swapped_model import SwappedModel
from serving.client import Client, ClientError, Pace, Prediction, Server

DEADLINE = 90.0  # seconds, of a request with all attempts: longer than a restart


@dataclass
class Tally:
    """What all clients saw.

    Args:
        answers: by version.
        latencies: seconds from asking to the outcome, attempts in between included.
        wrong: answers that are not the version's.
        went_back: answers of an earlier version than the same client had before.
        failures: what clients were told in place of an answer, by reason.
        refusals: (time.monotonic, code) of each attempt that was not OK.
    """

    answers: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    wrong: int = 0
    went_back: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    refusals: list[tuple[float, grpc.StatusCode]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def fail(self, reason: str) -> None:
        """Count a failure."""
        with self.lock:
            self.failures[reason] += 1


class Watch(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Keeps the status of each attempt, which the client hides when it tries again."""

    def __init__(self, tally: Tally) -> None:
        """Keep it in a tally."""
        self._tally = tally

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Make the call, and look at its status."""
        call = continuation(client_call_details, request)
        if (code := call.code()) is not grpc.StatusCode.OK:
            self._tally.refusals.append((time.monotonic(), code))
        return call


@dataclass(frozen=True)
class WatchedServer(Server):
    """A server whose statuses are kept."""

    tally: Tally = field(default_factory=Tally)

    def channel(self) -> grpc.Channel:
        """Open a channel."""
        return grpc.intercept_channel(super().channel(), Watch(self.tally))


class SteadyClients:
    """Threads with a client each, between `start` and `stop`."""

    def __init__(self, address: str, model: SwappedModel, images: Sequence[bytes]) -> None:
        """Prepare to ask a server about images."""
        self.tally = Tally()
        self._server, self._model, self._images = WatchedServer(address, tally=self.tally), model, images
        self._done = Event()
        self._threads: list[Thread] = []

    def start(self, count: int) -> None:
        """Ask from so many threads."""
        self._threads = [Thread(target=self._ask, args=(number,), daemon=True) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask no more, and wait for the answers under way."""
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        version, image = 0, number
        with Client(self._server, "demo", pace=Pace(deadline=DEADLINE, batch=1, in_flight=1)) as client:
            while not self._done.is_set():
                image = (image + 1) % len(self._images)
                version = self._ask_once(client, image, version)

    def _ask_once(self, client: Client, image: int, before: int) -> int:
        """Ask about an image, and return the version that answered; the one before when none did."""
        begin = time.monotonic()
        try:
            (outcome,) = client.predict([self._images[image]])
        except ClientError as error:
            self.tally.fail(str(error))
            return before
        if not isinstance(outcome, Prediction):
            self.tally.fail(outcome.reason)
            return before
        self._check(outcome, image, before)
        with self.tally.lock:
            self.tally.latencies.append(time.monotonic() - begin)
        return outcome.version

    def _check(self, outcome: Prediction, image: int, before: int) -> None:
        is_right = self._model.is_right(outcome.version, image, outcome.probabilities)
        with self.tally.lock:
            self.tally.answers[outcome.version] += 1
            self.tally.wrong += not is_right
            self.tally.went_back += outcome.version < before
