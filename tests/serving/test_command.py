"""`medtfx serve` as a user runs it: a process that survives what it is sent, says little, and drains when it is told to stop."""

import ctypes
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import grpc
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import predict_pb2

from bench.serving.fuzz import ask
from bench.serving.http2_frames import call, greeting, message
from bench.serving.server_process import ServerProcess, served
from bench.serving.spoiled_requests import HTTP2, PATHS, SECRET, Target, is_alive, predict_request, rest_status
from bench.serving.structured_requests import KINDS
from serving.client.calls import PREDICT
from serving.http_server import MAX_CONNECTIONS

CALLS = 200  # of each kind; bench/serving/fuzz.py makes more
BLIND = {PREDICT.encode(): predict_request().SerializeToString(), b"/grpc.health.v1.Health/Watch": b""}


@pytest.fixture(scope="module")
def starting():
    """The command is started as a user starts it."""
    return subprocess


COLLECTED = """
import gc
from serving import command
try:
    command.serve(None)  # loads, then finds that these are no flags
except AttributeError:
    print(gc.isenabled(), gc.get_freeze_count() > 100_000)
"""


def test_collections_leave_out_what_the_server_loads():
    done = subprocess.run([sys.executable, "-c", COLLECTED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


@pytest.mark.parametrize("kind", KINDS)
def test_spoiled_requests_get_proper_codes_and_the_server_lives(process, process_client, kind):
    target = Target(process_client.channel, process.ports)
    answers = ask(target, kind, CALLS)
    assert answers.improper == []
    assert answers.codes.total() == CALLS
    assert is_alive(target)


def test_a_deeply_nested_body_is_refused(process, process_client):
    target = Target(process_client.channel, process.ports)
    assert rest_status(target, PATHS[0], b'{"instances": ' + b"[" * 1_000_000) == "400"
    for depth in range(940, 1000, 2):  # where the parser of JSON still reads it, and what comes after might not
        assert rest_status(target, PATHS[0], b'{"instances": %s1%s}' % (b"[" * depth, b"]" * depth)) == "400"


def connected(port: int, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(sent)
    return connection


def post(body: bytes) -> bytes:
    return b"POST %s HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (PATHS[0].encode(), len(body), body)


def idle(process: ServerProcess, channel: grpc.Channel) -> list[Any]:
    """More connections than the REST server has places, and many to gRPC, that send nothing."""
    return [connected(port) for port in process.ports for _ in range(MAX_CONNECTIONS + 20)]


def half_sent(process: ServerProcess, channel: grpc.Channel) -> list[Any]:
    """Requests, frames and calls that stop in the middle."""
    parts = (post(b"{}")[:30], post(b'{"instances": [[1, 2]]}')[:-5])
    rest = [connected(process.ports[1], part) for part in parts for _ in range(MAX_CONNECTIONS)]
    frames = [connected(process.ports[0], HTTP2[:cut]) for cut in (5, len(HTTP2) - 2) for _ in range(20)]
    return [*rest, *frames, *(half_call(channel) for _ in range(300))]  # the pool has 232 threads


def half_call(channel: grpc.Channel) -> Any:
    """A call whose message never comes."""
    return channel.stream_unary(PREDICT).future(iter(Event().wait, True))


def unread(process: ServerProcess, channel: grpc.Channel) -> list[Any]:
    """Clients that ask for megabytes, and do not read a byte of it."""
    body = json.dumps({"signature_name": "measure", "inputs": {"image": ["x" * 3_000_000]}}).encode()
    frame = (100_000).to_bytes(3) + bytes(6) + bytes(1000)  # DATA of no stream, cut
    rest = (connected(process.ports[1], post(body)) for _ in range(8))
    return [*rest, connected(process.ports[0], HTTP2 + frame), *blind_calls(process.ports[0])]


def blind_calls(port: int) -> list[socket.socket]:
    """Predict calls and watchers, on connections that stay open."""
    return [blind_call(port, call(path) + message(content)) for path, content in BLIND.items() for _ in range(40)]


def blind_call(port: int, sent: bytes) -> socket.socket:
    """Make a call with not a byte that the server may send as its answer."""
    connection = connected(port, greeting(window=0) + sent)
    connection.settimeout(20)  # gRPC itself ends those that answer no ping, after 50 s
    while b"application/grpc" not in connection.recv(4096):  # headers of an answer whose body can't follow
        pass
    return connection


def oversize(process: ServerProcess, channel: grpc.Channel) -> list[Any]:
    """Messages above the limit, by their header and in full."""
    head = b"POST %s HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n" % PATHS[0].encode()
    large = channel.unary_unary(PREDICT).future(bytes(65 * 2**20))
    return [*(connected(process.ports[1], head) for _ in range(20)), large]


@pytest.mark.parametrize("stubborn", [idle, half_sent, unread, oversize])
def test_stubborn_clients_do_not_disturb_others(process, process_client, eventually, stubborn):
    target = Target(process_client.channel, process.ports)
    with grpc.insecure_channel(process.address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        held = stubborn(process, channel)
        eventually(lambda: rest_answers(target))  # one of the places is free after a second
        for _ in range(20):
            assert is_alive(target)
            assert rest_answers(target)
            assert is_healthy(process_client.channel)
        for one in held:
            one.close() if isinstance(one, socket.socket) else one.cancel()


def is_healthy(channel: grpc.Channel) -> bool:
    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=60)
    return answer.status == health_pb2.HealthCheckResponse.SERVING


def rest_answers(target: Target) -> bool:
    try:
        return rest_status(target, PATHS[0], b'{"instances": [[1, 2]]}') == "200"
    except OSError:
        return False


def test_the_log_names_models_and_nothing_of_requests_or_folders(process, process_client):
    request = predict_request()
    request.model_spec.name = SECRET
    with pytest.raises(grpc.RpcError):
        process_client.prediction.Predict(request)
    target = Target(process_client.channel, process.ports)
    rest_status(target, f"/v1/models/{SECRET}:predict".replace("^", "%5E"), b'{"inputs": "' + SECRET.encode() + b'"}')
    with connected(process.ports[0], greeting() + call(PREDICT.encode(), **{"grpc-timeout": "zz"})) as connection:
        connection.settimeout(20)
        while b"grpc-status" not in connection.recv(4096):
            pass
    assert "model demo, version 1: AVAILABLE" in process.said
    assert "ready" in process.said
    for word in ("Doe", str(process.base_path), "Traceback", "hpack"):
        assert word not in process.said


def signal_a_thread(process: int) -> None:
    """Send SIGTERM to a thread that is not the main one: the kernel chooses any."""
    other = max(int(task.name) for task in Path(f"/proc/{process}/task").iterdir())
    assert ctypes.CDLL(None).tgkill(process, other, signal.SIGTERM) == 0


def test_sigterm_finishes_what_is_in_work_and_ends_with_0(process, process_client, eventually):
    spin = predict_pb2.PredictRequest()
    spin.model_spec.name, spin.model_spec.signature_name = "demo", "spin"
    spin.inputs["rounds"].CopyFrom(tf.make_tensor_proto([60_000], tf.int32))
    half = half_call(process_client.channel)
    slow = process_client.prediction.Predict.future(spin, timeout=120)
    assert is_alive(Target(process_client.channel, process.ports))  # and so the slow one has arrived
    begin = time.monotonic()
    signal_a_thread(process.popen.pid)
    assert half.code() is grpc.StatusCode.UNAVAILABLE
    assert process.popen.wait(60) == 0
    assert list(slow.result().outputs["last"].int_val) == [60_000]
    assert time.monotonic() - begin < 20  # less than the grace: a half-open call holds nothing up
    assert process.said.rstrip().endswith("stopped")


def test_clients_that_do_not_read_do_not_hold_up_the_end(versions, tmp_path, warm_servers):
    shutil.copytree(versions[1], tmp_path / "demo" / "1")
    with served(tmp_path, "--shutdown_grace_seconds=60") as server, unread_answers(server.ports):
        begin = time.monotonic()
        assert server.end() == 0
        assert time.monotonic() - begin < 20  # a third of the grace


@contextmanager
def unread_answers(ports: tuple[int, int]) -> Iterator[None]:
    """Ask in each way for more than fits on its way, and read no more than that the answer has begun."""
    body = json.dumps({"signature_name": "measure", "inputs": {"image": ["x" * 3_000_000]}}).encode()
    with ExitStack() as stack:
        rest = stack.enter_context(connected(ports[1], post(body)))
        assert rest.recv(12) == b"HTTP/1.1 200"
        stack.enter_context(connected(ports[0], greeting()))  # and answers nothing
        for path, content in BLIND.items():
            stack.enter_context(blind_call(ports[0], call(path) + message(content)))
        yield


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--port=1x"], "medtfx: serve: argument --port: '1x' is no whole number from 1 to 65535"),
        ([], "medtfx: serve: name the model with --model_base_path DIR"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_message_and_exit_code_2(words, text):
    medtfx = Path(sys.executable).with_name("medtfx")
    done = subprocess.run([medtfx, "serve", *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(text)
    assert done.stderr.count("\n") == 1
