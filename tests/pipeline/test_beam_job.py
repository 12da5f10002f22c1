"""Jobs on Beam's own portable job server, which keeps their state as a cluster's does."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.portability.api import beam_job_api_pb2
from apache_beam.runners.portability.local_job_service import LocalJobServicer

from pipeline.beam_job import EndedWithNode

State = beam_job_api_pb2.JobState


@pytest.fixture
def server() -> Iterator[LocalJobServicer]:
    servicer = LocalJobServicer()
    servicer.address = f"localhost:{servicer.start_grpc_server(0)}"
    yield servicer
    servicer.stop()


def pipeline(server: LocalJobServicer) -> EndedWithNode:
    words = ["--runner=PortableRunner", f"--job_endpoint={server.address}", "--environment_type=LOOPBACK"]
    return EndedWithNode([*words, "--sdk_container_image=none"])


def states(server: LocalJobServicer) -> list[int]:
    """Return the state of every job that the server knows."""
    return [job.state for job in server._jobs.values()]


def wait_for_mark(mark: Path) -> Callable[[int], int]:
    """Return a step that says that it has begun, and ends once a file `end` lies beside, or after half a minute."""

    def step(value: int) -> int:
        mark.touch()
        until = time.monotonic() + 30
        while not mark.with_name("end").exists() and time.monotonic() < until:
            time.sleep(0.02)
        return value

    return step


def interrupt_after(mark: Path) -> threading.Thread:
    """Interrupt this process once the file is there."""

    def wait() -> None:
        until = time.monotonic() + 30
        while not mark.exists() and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_job_is_cancelled_when_its_node_is_interrupted(server: LocalJobServicer, tmp_path: Path) -> None:
    mark = tmp_path / "begun"
    interrupting = interrupt_after(mark)
    with pytest.raises(KeyboardInterrupt), pipeline(server) as job:
        job | beam.Create([1]) | beam.Map(wait_for_mark(mark))
    interrupting.join()
    assert states(server) == [State.CANCELLED]
    mark.with_name("end").touch()


def test_job_that_ends_is_left_as_it_ended(server: LocalJobServicer) -> None:
    with pipeline(server) as job:
        job | beam.Create([1]) | beam.Map(lambda value: value + 1)
    with pytest.raises(RuntimeError), pipeline(server) as failing:
        failing | beam.Create([0]) | beam.Map(lambda value: 1 // value)
    assert states(server) == [State.DONE, State.FAILED]


def test_error_before_the_job_starts_is_what_is_raised(server: LocalJobServicer) -> None:
    with pytest.raises(ValueError, match="while the steps are named"), pipeline(server) as job:
        job | beam.Create([1])
        raise ValueError("while the steps are named")
    assert states(server) == []


def test_server_that_is_gone_is_no_error_but_a_warning(
    server: LocalJobServicer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = pipeline(server)
    job | beam.Create([1]) | beam.Map(wait_for_mark(tmp_path / "begun"))
    job.result = job.run()
    server.stop()
    job.cancel()
    assert "could not be cancelled and may go on: look at the cluster" in caplog.text
    (tmp_path / "end").touch()
