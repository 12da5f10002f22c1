import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from serving.connections import Connections


@pytest.fixture
def pairs() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """Server's and client's end of three connections."""
    with ExitStack() as stack:
        made = [socket.socketpair() for _ in range(3)]
        for pair in made:
            for end in pair:
                stack.enter_context(end)
                end.settimeout(10)
        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.connections.PATIENCE", 0.0)


def test_the_longest_waiting_gives_its_place_away(pairs, impatient):
    connections = Connections(2)
    assert all(connections.admit(own) for own, _ in pairs)
    assert pairs[0][1].recv(1) == b""
    pairs[1][0].sendall(b"x")  # the others are open
    assert pairs[1][1].recv(1) == b"x"


def test_one_that_is_worked_for_keeps_its_place(pairs, impatient):
    connections = Connections(1)
    assert connections.admit(pairs[0][0])
    with connections.worked_for(pairs[0][0]):
        assert not connections.admit(pairs[1][0])
    assert connections.admit(pairs[1][0])


def test_patience_begins_anew_after_an_answer(pairs, impatient):
    connections = Connections(2)
    for own, _ in pairs[:2]:
        connections.admit(own)
    with connections.worked_for(pairs[0][0]):
        pass
    connections.admit(pairs[2][0])
    assert pairs[1][1].recv(1) == b""


def test_who_waits_too_long_is_sent_away_and_who_takes_pieces_is_not(pairs):
    connections = Connections(3)
    for own, _ in pairs:
        connections.admit(own)
    connections.close_waiting(60)
    time.sleep(0.05)
    connections.took_a_piece(pairs[0][0])
    with connections.worked_for(pairs[1][0]):
        connections.close_waiting(0.05)
    assert pairs[2][1].recv(1) == b""
    for own, other in pairs[:2]:
        own.sendall(b"x")
        assert other.recv(1) == b"x"


def test_nobody_loses_a_place_at_once(pairs):
    connections = Connections(1)
    assert connections.admit(pairs[0][0])
    assert not connections.admit(pairs[1][0])
    connections.leave(pairs[0][0])
    assert connections.admit(pairs[1][0])
