"""A real gRPC server with the health service, and two places for watchers."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub, add_HealthServicer_to_server

from bench.serving.http2_frames import call, greeting, message
from serving.health import Health
from serving.message_first import MessageFirst
from serving.waiting_calls import WaitingCalls

NAME, SECONDS = "PredictionService", 20


@pytest.fixture
def watchers() -> WaitingCalls:
    return WaitingCalls(2)


@pytest.fixture
def health(watchers: WaitingCalls) -> Health:
    return Health(("", NAME), watchers)


@pytest.fixture
def server(health: Health) -> Iterator[tuple[grpc.Server, int]]:
    server = grpc.server(ThreadPoolExecutor(8), interceptors=[MessageFirst(WaitingCalls(4))])
    add_HealthServicer_to_server(health, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield server, port
    server.stop(0).wait()


@pytest.fixture
def stub(server: tuple[grpc.Server, int]) -> Iterator[HealthStub]:
    with grpc.insecure_channel(f"127.0.0.1:{server[1]}") as channel:
        yield HealthStub(channel)


def checked(stub: HealthStub, name: str = NAME) -> HealthCheckResponse:
    return stub.Check(HealthCheckRequest(service=name), timeout=SECONDS).status


def watched(stub: HealthStub, name: str = NAME) -> Iterator[HealthCheckResponse]:
    return iter(stub.Watch(HealthCheckRequest(service=name), timeout=SECONDS))


def test_an_unknown_service_is_not_found_and_watched_as_unknown(stub):
    with pytest.raises(grpc.RpcError) as caught:
        checked(stub, "Other")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert next(watched(stub, "Other")).status == HealthCheckResponse.SERVICE_UNKNOWN


def test_watchers_are_told_when_the_server_stops_and_do_not_hold_it(server, health, stub):
    answers = watched(stub)
    assert next(answers).status == HealthCheckResponse.SERVING
    begin = time.monotonic()
    health.stop()
    assert checked(stub) == HealthCheckResponse.NOT_SERVING
    assert [one.status for one in answers] == [HealthCheckResponse.NOT_SERVING]
    server[0].stop(60).wait()
    assert time.monotonic() - begin < 30


def test_watchers_that_do_not_read_disturb_no_check_and_no_stop(server, health, stub, watchers, eventually):
    with ExitStack() as stack:
        for _ in range(5):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", server[1])))
            connection.sendall(greeting(window=0) + call(b"/grpc.health.v1.Health/Watch") + message(b""))
        eventually(lambda: len(watchers) == 2)
        assert checked(stub) == HealthCheckResponse.SERVING
        assert next(watched(stub)).status == HealthCheckResponse.SERVING
        health.stop()
        server[0].stop(0.2).wait()


def test_the_longest_watcher_gives_its_place_away(stub, watchers):
    first = watched(stub)
    next(first)
    others = [watched(stub) for _ in range(2)]
    for one in others:
        assert next(one).status == HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError, match="this one longest: it watches") as caught:
        next(first)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert len(watchers) == 2


def test_a_watcher_that_goes_frees_its_place(stub, watchers, eventually):
    call = stub.Watch(HealthCheckRequest(service=NAME), timeout=SECONDS)
    next(call)
    call.cancel()
    eventually(lambda: len(watchers) == 0)
