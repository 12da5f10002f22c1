import signal

import pytest

from components.infra_validator import standby
from components.infra_validator.process import ProbeError, ask, start_probe


@pytest.fixture(autouse=True)
def nobody_waits():
    yield
    standby.dismiss()


def test_the_probe_that_waits_is_taken_once():
    standby.start()
    standby.start()
    first, second = standby.take(), standby.take()
    try:
        assert first is not second
    finally:
        first.end()
        second.end()


def test_a_dismissed_probe_answers_nobody():
    standby.start()
    (child,) = standby._waiting
    standby.dismiss()
    with pytest.raises(ProbeError, match="killed by SIGKILL"):
        child.finish(30)


def test_a_probe_that_is_told_nothing_ends_without_a_word():
    standby.take().finish(60)


def test_a_probe_that_can_not_be_asked_does_not_stay(tmp_path):
    child = start_probe()
    with pytest.raises(FileNotFoundError):
        ask(child, tmp_path, [], time_limit=30, scratch=tmp_path / "absent")
    assert child._process.poll() == -signal.SIGKILL
