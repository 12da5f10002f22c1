"""A real gRPC server with two places for calls that keep it waiting, and clients that send or read nothing."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Event
from typing import Any

import grpc
import pytest

from bench.serving.http2_frames import call, greeting, message
from serving.waiting_calls import WaitingCalls

ECHO = "/test.Echo/Say"
HalfCall = Callable[[], Any]


@pytest.fixture
def half_call(echo_channel: grpc.Channel, calls: WaitingCalls, eventually: Callable[..., None]) -> Iterator[HalfCall]:
    """Open a call, whose message never comes, and wait until the server waits for it."""
    opened = []

    def make() -> Any:
        before = len(calls)
        opened.append(echo_channel.stream_unary(ECHO).future(iter(Event().wait, True)))
        eventually(lambda: len(calls) == min(before + 1, 2))
        return opened[-1]

    yield make
    for one in opened:
        one.cancel()


def answer(channel: grpc.Channel, content: bytes) -> Any:
    return channel.unary_unary(ECHO)(content, timeout=20)


def test_the_longest_without_a_message_is_ended_with_a_reason(half_call, echo_channel, calls, eventually):
    first, second = half_call(), half_call()
    assert answer(echo_channel, b"quick") == b"quick"
    error = first.exception(timeout=20)
    assert (error.code(), error.details()) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "too many calls keep the server waiting, this one longest: its message did not come",
    )
    assert not second.done()
    eventually(lambda: len(calls) == 1)


def test_half_open_calls_without_number_keep_nobody_out(half_call, echo_channel):
    held = [half_call() for _ in range(2)]
    held += [echo_channel.stream_unary(ECHO).future(iter(Event().wait, True)) for _ in range(100)]
    for number in range(20):
        assert answer(echo_channel, b"%d" % number) == b"%d" % number
    for one in held:
        one.cancel()


def test_a_client_that_goes_frees_its_place(half_call, calls, eventually):
    half_call().cancel()
    eventually(lambda: len(calls) == 0)


def unread(port: int) -> socket.socket:
    """Ask, and let the server send nothing of the answer."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(greeting(window=0) + call(ECHO.encode()) + message(b"x" * 1000))
    return connection


def test_answers_that_nobody_reads_give_their_places_away(echo_server, echo_channel, calls, eventually):
    with ExitStack() as stack:
        first = stack.enter_context(unread(echo_server[1]))
        eventually(lambda: len(calls) == 1)
        stack.enter_context(unread(echo_server[1]))
        eventually(lambda: len(calls) == 2)
        assert answer(echo_channel, b"quick") == b"quick"
        received = b""
        while b"its answer was not read" not in received:
            received += first.recv(4096)
        assert b"x" * 1000 not in received
    eventually(lambda: len(calls) == 0)


def test_a_call_in_work_has_no_place_and_is_not_ended(echo_channel, half_call, calls, eventually):
    slow = echo_channel.unary_unary("/test.Echo/Slow").future(b"slow", timeout=20)
    eventually(lambda: len(calls) == 0)
    for _ in range(4):
        half_call()
    assert slow.result() == b"slow"


def test_a_stopping_server_waits_for_an_unread_answer_only_so_long(echo_server, calls, eventually):
    with unread(echo_server[1]):
        eventually(lambda: len(calls) == 1)
        time.sleep(0.3)
        begin = time.monotonic()
        calls.close()
        calls.end_longer(0.2)  # the time begins when the server stops
        assert len(calls) == 1
        eventually(lambda: calls.end_longer(0.2) or len(calls) == 0)
        assert 0.2 <= time.monotonic() - begin < 20


def test_a_stopping_server_waits_for_no_message(echo_server, half_call, calls):
    held, begin = half_call(), time.monotonic()
    stopped = echo_server[0].stop(60)
    calls.close()
    stopped.wait()
    assert time.monotonic() - begin < 30
    assert held.code() is grpc.StatusCode.UNAVAILABLE
