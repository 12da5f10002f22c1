"""The model server as a process: `medtfx serve`, or a given tensorflow_model_server, which takes the same flags.

It is started on a folder without a version, so that it may load TensorFlow, most of its work, before there is a model to serve.
The version is put there as a link, and the server finds it at its next look. Once it listens, the model is loaded and warm.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grpc

from components import child_process
from components.infra_validator.settings import InfraSettings
from serving.client import Server

MODEL = "candidate"
LOOPBACK = "127.0.0.1"
SERVE = (sys.executable, "-P", "-c", "from pipeline.command_line import main; main()", "serve")
# Polls each second, tries a load once, and answers with raw bytes: canonical pixels as one number each would take seconds.
FLAGS = ("--file_system_poll_wait_seconds=1", "--max_num_load_retries=0", "--enable_serialization_as_tensor_content=true")
LOOK_SECONDS = 0.2  # between two looks whether the server lives, while it is waited for
TRAINING_ONLY = "TF_ONEDNN_USE_SYSTEM_ALLOCATOR"  # pipeline/memory.py sets it: what serves later runs without
LAST_WORDS = 500  # characters


class ServerError(Exception):
    """The server does not serve the model; the message says why."""


class ServerProcess:
    """A server in a process group of its own, killed by `end` or with this process, however that ends."""

    def __init__(self, settings: InfraSettings) -> None:
        """Start a server that has no model yet.

        Raises:
            OSError: when folder, log or process can't be had.
        """
        self.settings = settings
        settings.work_dir.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="infra-", dir=settings.work_dir))
        self._port = reserved_port()
        try:
            (self._folder / MODEL).mkdir()
            with settings.log.open("ab") as log:
                self._said_before = log.tell()
                self._process = subprocess.Popen(
                    child_process.tethered(self._command()),
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError:
            self._give_back()
            raise

    def _command(self) -> list[str]:
        program = [self.settings.model_server] if self.settings.model_server else list(SERVE)
        model = [f"--model_name={MODEL}", f"--model_base_path={self._folder / MODEL}"]
        return [*program, f"--port={self._port.getsockname()[1]}", *model, *FLAGS]

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def offer(self, export: Path) -> None:
        """Give the server its model.

        Raises:
            OSError: when it can't be linked.
        """
        (self._folder / MODEL / "1").symlink_to(export.resolve())

    def channel(self, end: float) -> grpc.Channel:
        """Return a channel to the server once it has loaded the model; `end` is a time of time.monotonic().

        Raises:
            ServerError: when it ends before that, or the time does.
        """
        channel = Server(f"{LOOPBACK}:{self._port.getsockname()[1]}").channel()
        ready = grpc.channel_ready_future(channel)
        while time.monotonic() < end:
            with contextlib.suppress(grpc.FutureTimeoutError):
                ready.result(LOOK_SECONDS)
                return channel
            if self._process.poll() is not None:
                break
        ready.cancel()
        channel.close()
        raise ServerError(self.ending() or "the server was not ready in time")

    def ending(self) -> str:
        """Return how the process ended, '' while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):  # its connections may be gone before it is
            code = self._process.wait(LOOK_SECONDS)
            if code < 0:
                return f"the server was killed by {signal.Signals(-code).name}"
            return f"the server ended with exit code {code}: {self._last_line()}"
        return ""

    def peak_memory_mb(self) -> float:
        """Return the most memory that was resident so far, in MiB (proc(5), VmHWM): what a container's limit must hold.

        Raises:
            ServerError: when the process is gone.
        """
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
            return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
        except (OSError, StopIteration) as error:
            raise ServerError(self.ending() or "the server's memory can't be read") from error

    def end(self) -> None:
        """Kill what is left of it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._give_back()

    def _give_back(self) -> None:
        self._port.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _last_line(self) -> str:
        with self.settings.log.open("rb") as log:
            log.seek(self._said_before)
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1][:LAST_WORDS] if lines else "it said nothing"


def environment() -> dict[str, str]:
    """Return the environment that a model is served in."""
    kept = {name: value for name, value in child_process.environment().items() if name != TRAINING_ONLY}
    return {**kept, "TF_CPP_MIN_LOG_LEVEL": "3"}


def reserved_port() -> socket.socket:
    """Return a socket that keeps a free port of the loopback address for a server: nobody else is given it.

    Two sockets may be bound to one address when both allow reuse, as gRPC's do, and only one listens (socket(7), SO_REUSEADDR).
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind((LOOPBACK, 0))
    return keeper
