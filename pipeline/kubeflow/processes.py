"""The processes of a dry-run: so many at a time, each in a group of its own, all ended when the run is."""

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.kubeflow.engine import Start

PATIENCE = 20  # seconds between asking a process to end and ending it; a pod is given 30


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, or why there is none."""

    code: int | None
    reason: str = ""

    @property
    def well(self) -> bool:
        """Tell whether it did what it should."""
        return self.code == 0

    def __str__(self) -> str:
        """Say it in a few words."""
        return self.reason or f"exit code {self.code}"


class Processes:
    """Starts processes and ends them."""

    def __init__(self, at_once: int) -> None:
        """Let so many run at once."""
        self._places = threading.Semaphore(at_once)
        self._stopped = threading.Event()
        self._alive: set[subprocess.Popen[bytes]] = set()

    @property
    def stopped(self) -> bool:
        """Tell whether the run was told to end."""
        return self._stopped.is_set()

    def pause(self, seconds: float) -> None:
        """Wait, unless the run ends."""
        self._stopped.wait(seconds)

    def run(self, start: Start, log: Path, deadline: float | None) -> Ended:
        """Run a process to its end, all that it says going to a log file.

        Args:
            start: what to start.
            log: written on.
            deadline: seconds after which it is ended; None: never.
        """
        with self._places:
            if self.stopped:
                return Ended(None, "interrupted")
            try:
                with log.open("ab") as said:
                    process = subprocess.Popen(
                        start.words,
                        env=start.environment,
                        stdin=subprocess.DEVNULL,
                        stdout=said,
                        stderr=said,
                        start_new_session=True,
                    )
            except OSError as error:
                return Ended(None, f"{start.words[0]}: can't be started: {error.strerror}; the image must have it on its PATH")
            return self._wait_for(process, deadline)

    def _wait_for(self, process: subprocess.Popen[bytes], deadline: float | None) -> Ended:
        self._alive.add(process)
        if self.stopped:  # in the moment since it was asked
            end(process)
        try:
            return self._wait(process, deadline)
        finally:
            self._alive.discard(process)
            with suppress(ProcessLookupError):  # what it left behind ends with its container
                os.killpg(process.pid, signal.SIGKILL)

    def _wait(self, process: subprocess.Popen[bytes], deadline: float | None) -> Ended:
        try:
            code = process.wait(deadline)
        except subprocess.TimeoutExpired:
            end(process)
            return Ended(None, f"not done after {deadline:g} s, its time limit")
        if self.stopped:
            return Ended(None, "interrupted")
        return Ended(code) if code >= 0 else Ended(None, f"ended by {signal.Signals(-code).name}")

    def stop(self) -> None:
        """End every process, and start no other."""
        self._stopped.set()
        alive = tuple(self._alive)
        for process in alive:  # all at once, so that they share the time they are given
            ask_to_end(process)
        for process in alive:
            end(process)


def ask_to_end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process group to end, as Kubernetes does first."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process group to end, and end it if it does not."""
    ask_to_end(process)
    with suppress(ProcessLookupError):
        until = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)  # what it left behind
    process.wait()
