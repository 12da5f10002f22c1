"""Attempts against a server process that is killed and started again."""

import signal
import threading
import time

import pytest

from serving.client import Client, ClientError, Pace, Prediction, Server


def test_killed_server_is_asked_again_until_another_takes_its_port(process, serve, images):
    port, base = process.ports[0], process.base_path
    address = f"127.0.0.1:{port}"
    with Client(Server(address), "demo", pace=Pace(deadline=60, batch=1, in_flight=2)) as client:
        outcomes = iter(client.predict(images))
        before = [next(outcomes) for _ in range(5)]
        process.end(signal.SIGKILL)
        restart = threading.Timer(0.5, serve, ["--model_name=demo", f"--model_base_path={base}", f"--port={port}"])
        restart.start()
        after = list(outcomes)
        restart.join()
    assert all(isinstance(outcome, Prediction) for outcome in before + after)
    assert [outcome.source for outcome in before + after] == [f"image {number}" for number in range(1, 501)]


def test_absent_server_is_named_when_the_deadline_is_over(images):
    start = time.monotonic()
    with (
        Client(Server("127.0.0.1:1"), "demo", pace=Pace(deadline=0.6)) as client,
        pytest.raises(ClientError, match=r"no server answered within 0\.6 s: "),
    ):
        list(client.predict(images[:1]))
    assert time.monotonic() - start >= 0.1  # it waited for a second attempt at least


def test_closing_ends_the_attempts(images):
    client = Client(Server("127.0.0.1:1"), "demo", pace=Pace(deadline=60))
    threading.Timer(0.3, client.close).start()
    with pytest.raises(ClientError, match="the client was closed"):
        list(client.predict(images[:1]))
