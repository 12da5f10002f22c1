"""Runs the probe as a child process: a crash, a hang or a missing answer is an error with a reason, and it never outlives us."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from components.infra_validator import golden, probe

PROJECT = Path(probe.__file__).resolve().parents[2]
Answers = dict[str, np.ndarray]


class ProbeError(Exception):
    """The child gave no answers; the message says why."""


class Child:
    """A command in a process group of its own that ends with `finish` or `end`, and all its children with it."""

    def __init__(self, command: Sequence[str]) -> None:
        """Start the command; what it reads from standard input comes with `finish`."""
        path = os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def finish(self, time_limit: float, *, told: bytes = b"") -> None:
        """Tell it something and wait for its end.

        Raises:
            ProbeError: when it fails or takes longer than `time_limit` seconds from now.
        """
        try:
            _, complaints = self._process.communicate(told, timeout=time_limit)
        except subprocess.TimeoutExpired as error:
            raise ProbeError(f"no answer within {time_limit:g} s") from error
        finally:
            self.end()
        if self._process.returncode:
            raise ProbeError(f"{_ending(self._process.returncode)}: {_last_line(complaints)}")

    def end(self) -> None:
        """Kill what is left of it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


def start_probe() -> Child:
    """Start a probe; it loads TensorFlow and waits to be told what to ask."""
    return Child([sys.executable, "-m", probe.__name__])


def ask(
    child: Child, export: Path, requests: Sequence[golden.Request], *, time_limit: float, scratch: Path | None = None
) -> Answers:
    """Let a probe load the export and answer all requests; `time_limit` in seconds.

    The questions hold images: `scratch` is the folder for them, below the root; the system's own by default.

    Raises:
        ProbeError: when it crashes, hangs or answers nothing.
    """
    with ExitStack() as leaving:
        leaving.callback(child.end)  # a full disk, say, must not leave it waiting
        folder = leaving.enter_context(tempfile.TemporaryDirectory(prefix="infra-", dir=scratch))
        questions, answers = Path(folder) / "questions.npz", Path(folder) / "answers.npz"
        images = probe.join_bytes(probe.IMAGES, [request.encoded for request in requests])
        examples = probe.join_bytes(probe.EXAMPLES, golden.serialized_examples(requests))
        np.savez(questions, allow_pickle=False, **images, **examples)
        child.finish(time_limit, told=probe.told(export, questions, answers))
        if not answers.exists():
            raise ProbeError("the process ended without answers")
        with np.load(answers, allow_pickle=False) as found:
            return dict(found)


def _ending(code: int) -> str:
    return f"the process was killed by {signal.Signals(-code).name}" if code < 0 else f"the process failed with exit code {code}"


def _last_line(complaints: bytes) -> str:
    lines = [line.strip() for line in complaints.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1][:500] if lines else "it said nothing"
