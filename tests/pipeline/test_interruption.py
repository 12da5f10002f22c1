import os
import signal
from pathlib import Path

import pytest

from pipeline import interruption
from pipeline.failure import note_failure
from pipeline.root import Root
from pipeline.run_result import RunResult


@pytest.fixture(autouse=True)
def listening() -> None:
    interruption.listen()


def as_another_error(number: int) -> None:
    """Do what pybind11 does with an interrupt that comes while it translates an error."""
    try:
        os.kill(os.getpid(), number)
        signal.pause()
    except KeyboardInterrupt:
        raise RuntimeError("MISMATCH of original and normalized active exception types") from None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_remembered_whatever_becomes_of_it(number: int) -> None:
    assert not interruption.came()
    with pytest.raises(RuntimeError, match="MISMATCH"):
        as_another_error(number)
    assert interruption.came()


def test_a_new_run_begins_without_the_interrupts_of_the_last() -> None:
    with pytest.raises(RuntimeError, match="MISMATCH"):
        as_another_error(signal.SIGINT)
    interruption.listen()
    assert not interruption.came()


def test_ctrl_c_stays_ignored_in_the_background() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    interruption.listen()
    os.kill(os.getpid(), signal.SIGINT)
    assert not interruption.came()


def test_an_error_that_a_library_makes_of_ctrl_c_is_an_interrupt_and_no_failure(tmp_path: Path) -> None:
    result = RunResult("run-1")
    try:
        as_another_error(signal.SIGINT)
    except RuntimeError as error:
        with pytest.raises(KeyboardInterrupt):
            note_failure(error, result, str, Root(tmp_path))
    assert result.failure == ""


class Finaliser:
    """Interrupts while it is taken apart, where Python drops what is raised."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        signal.pause()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_was_dropped_is_heeded_later() -> None:
    interruption.heed()
    Finaliser()
    with pytest.raises(KeyboardInterrupt):
        interruption.heed()
