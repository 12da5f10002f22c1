"""`medtfx serve` as a process of its own, or the binary of TF Serving that TENSORFLOW_MODEL_SERVER names."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MODEL = "demo"
START_SECONDS = 120
STOP_SECONDS = 60
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class ServerProcess:
    """A started server of the model `demo`."""

    popen: subprocess.Popen[bytes]
    log: Path
    ports: tuple[int, int]
    base_path: Path

    @property
    def address(self) -> str:
        """Where gRPC is."""
        return f"127.0.0.1:{self.ports[0]}"

    @property
    def said(self) -> str:
        """What the server wrote so far."""
        return self.log.read_text(errors="replace")

    @property
    def processor_seconds(self) -> float:
        """User and system time so far (proc(5), /proc/pid/stat, fields 14 and 15)."""
        fields = Path(f"/proc/{self.popen.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def wait_until_ready(self) -> None:
        """Wait until the REST port, the last to be opened, takes connections.

        Raises:
            SystemExit: when the server ended, or takes longer than two minutes, with what it said.
        """
        end = time.monotonic() + START_SECONDS
        while True:
            if self.popen.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"the server did not start:\n{self.said}")
            if self._answers():
                return
            time.sleep(0.05)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, and return the exit code."""
        self.popen.send_signal(number)
        return self.popen.wait(STOP_SECONDS)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.ports[1])) == 0


def start_process(folder: Path, *words: str, ports: tuple[int, int] | None = None) -> ServerProcess:
    """Serve `folder`/demo with further flags; what the server says is added to `folder`/server.log."""
    ports = ports or (free_port(), free_port())
    log, base_path = folder / "server.log", folder / MODEL
    listening = [f"--port={ports[0]}", f"--rest_api_port={ports[1]}"]
    model = [f"--model_name={MODEL}", f"--model_base_path={base_path}"]
    with log.open("ab") as sink:
        popen = subprocess.Popen([*command(), *listening, *model, *words], stdout=sink, stderr=subprocess.STDOUT)
    return ServerProcess(popen, log, ports, base_path)


@contextmanager
def served(folder: Path, *words: str) -> Iterator[ServerProcess]:
    """Serve `folder`/demo for the length of a `with` block."""
    server = start_process(folder, *words)
    try:
        server.wait_until_ready()
        yield server
    finally:
        if server.popen.poll() is None:
            server.end(signal.SIGKILL)


def command() -> Sequence[str]:
    """Return the words that start a server."""
    binary = os.environ.get("TENSORFLOW_MODEL_SERVER")
    return [binary] if binary else [str(Path(sys.executable).with_name("medtfx")), "serve"]


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
