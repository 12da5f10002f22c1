"""Processes whose imports are done: forked by one process of warm_start.py, each with output and an end of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.pusher.folder_lock import held

PROGRAM = Path(__file__).with_name("warm_start.py")
LOADING = 180  # seconds that loading TensorFlow and TFX may take


@dataclass(frozen=True)
class Finished:
    """A finished command."""

    code: int
    stdout: str
    stderr: str

    @property
    def result(self) -> dict[str, Any]:
        """The JSON object of the last line."""
        content = json.loads(self.stdout.strip().splitlines()[-1])
        return dict(content)


class Starter:
    """Starts commands whose imports are done; see warm_start.py."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Talk to the process of a folder, which whoever finds none starts with these variables; it ends after the last."""
        folder.mkdir(exist_ok=True)
        with held(folder):
            self._connection = connected(folder / "address") or begun(folder, environment)
        self._answers = self._connection.makefile()
        self._guard = threading.Lock()

    def ask(self, **request: Any) -> Any:
        """Return the answer to a request, from any thread."""
        with self._guard:
            self._connection.sendall(json.dumps(request).encode() + b"\n")
            return json.loads(self._answers.readline())

    def close(self) -> None:
        """Ask no more."""
        self._answers.close()
        self._connection.close()


def begun(folder: Path, environment: Mapping[str, str]) -> socket.socket:
    """Start a process of warm_start.py, and return a connection once it listens."""
    address, log = folder / "address", folder / "log"
    address.unlink(missing_ok=True)  # of one that has ended
    streams = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    streams += [(os.POSIX_SPAWN_OPEN, number, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for number in (1, 2)]
    os.posix_spawn(sys.executable, [sys.executable, str(PROGRAM), str(address)], environment, file_actions=streams)
    end = time.monotonic() + LOADING
    while (connection := connected(address)) is None:
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
    return connection


def connected(address: Path) -> socket.socket | None:
    """Return a connection, None where nobody listens."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(address))
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    return connection


class Started:
    """A command that goes on, in a process group of its own."""

    def __init__(self, starter: Starter, words: tuple[str | Path, ...], folder: Path, **how: Any) -> None:
        """Start the command as warm_start.py is told; what it says goes to files of the folder."""
        self._starter, self._folder = starter, folder
        self.pid: int = starter.ask(start=[str(word) for word in words], folder=str(folder), **how)
        self.code: int | None = None

    def ended(self) -> bool:
        """Tell whether the process is gone."""
        if self.code is None:
            self.code = self._starter.ask(poll=self.pid)
        return self.code is not None

    def wait_for(self, word: str, stream: str = "stderr") -> None:
        """Wait until the command has said a word, or ends."""
        while word not in self._said(stream) and not self.ended():
            time.sleep(0.01)

    def end(self, number: signal.Signals) -> Finished:
        """Send a signal to the whole group, and return what the command said until it ended."""
        if not self.ended():
            os.killpg(self.pid, number)
        return self.finish()

    def finish(self, seconds: float = 300) -> Finished:
        """Wait for the end and return it."""
        deadline = time.monotonic() + seconds
        while not self.ended():
            assert time.monotonic() < deadline, self._said("stderr")
            time.sleep(0.02)
        assert self.code is not None
        return Finished(self.code, self._said("stdout"), self._said("stderr"))

    def _said(self, name: str) -> str:
        file = self._folder / name
        return file.read_text() if file.exists() else ""


class WarmServer:
    """A model server that warm_start.py has forked, as subprocess.Popen shows one."""

    def __init__(self, started: Started) -> None:
        """Take the process."""
        self.pid = started.pid
        self._started = started

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._started.code if self._started.ended() else None

    def wait(self, timeout: float = 300) -> int:
        """Wait for the exit code."""
        try:
            return self._started.finish(timeout).code
        except AssertionError as late:
            raise subprocess.TimeoutExpired("medtfx serve", timeout) from late

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process alone."""
        if not self._started.ended():
            os.kill(self.pid, number)


def warm_servers(start: Callable[..., Started]) -> Callable[..., Any]:
    """Return what stands in for subprocess.Popen: the imports of a `medtfx serve` are done; all else starts as ever."""

    def popen(words: Sequence[str], *, stdout: Any, env: dict[str, str] | None = None, **how: Any) -> Any:
        if "serve" not in words:
            return subprocess.Popen(words, stdout=stdout, env=env, **how)
        return WarmServer(start(*words[words.index("serve") :], environment=env, log=stdout.name, warm_server=False))

    return popen
