"""That strange requests are made again by the same chance, and what a real server's socket brings is read rightly."""

import json
import random
import socket
from threading import Thread

import pytest

from bench.serving.spoiled_requests import BODIES, CLOSED, Target
from bench.serving.structured_requests import deep, frames_status, strange


@pytest.mark.parametrize("make", [deep, lambda chance: strange(BODIES[0], chance)])
def test_chance_of_one_seed_makes_the_same_again(make):
    assert repr(make(random.Random("7"))) == repr(make(random.Random("7")))


def test_strange_values_leave_the_body_they_were_made_of_alone():
    before = json.dumps(BODIES)
    assert len({json.dumps(strange(dict(BODIES[1]), random.Random(number))) for number in range(50)}) > 10
    assert json.dumps(BODIES) == before


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"x grpc-status\x0212 x", "12"), (b"grpc-status\x010", "0"), (b"x", CLOSED), (b"", CLOSED)],
)
def test_the_status_is_read_off_the_trailers(sent, status):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with listener.accept()[0] as connection:
                connection.recv(10)
                connection.sendall(sent)

        thread = Thread(target=answer)
        thread.start()
        port = listener.getsockname()[1]
        assert frames_status(Target(None, (port, 0)), b"frames") == status
        thread.join()
