"""What counts as an answer, and that a request can be made again."""

import random
import socket

import grpc
import pytest

from bench.serving.spoiled_requests import (
    CLOSED,
    KINDS,
    NO_JSON,
    PATHS,
    Target,
    answer_code,
    image_file,
    nearly_fitting,
    random_tensor,
    rest_status,
    spoiled,
)


@pytest.mark.parametrize(
    ("received", "code"),
    [
        (b"", CLOSED),
        (b'HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{"error": "x"}', "400"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n<html>", NO_JSON),
    ],
)
def test_an_answer_has_a_status_and_json(received, code):
    assert answer_code(received, is_rest=True) == code


def test_only_an_answer_that_has_no_body_may_be_empty():
    received = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 30\r\n\r\n"
    assert answer_code(received, is_rest=True, has_body=False) == "400"
    assert answer_code(received, is_rest=True) == NO_JSON


def test_server_that_is_gone_gives_no_proper_answer_to_a_body():
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        target = Target(grpc.insecure_channel("127.0.0.1:1"), (1, unheard.getsockname()[1]))
        answer = rest_status(target, PATHS[0], b"{}")
    assert answer == CLOSED
    assert answer not in KINDS["bodies"].proper


@pytest.mark.parametrize("make", [image_file, random_tensor, nearly_fitting, lambda chance: spoiled(b"a message", chance)])
def test_chance_of_one_seed_makes_the_same_again(make):
    assert make(random.Random("1 images 7")) == make(random.Random("1 images 7"))
