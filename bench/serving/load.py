"""Steady load while versions are swapped and the server is killed: is every answer right, and does memory stay flat?

python -m bench.serving.load --minutes 10                      a swap every 20 s, kill -9 and restart at half time
python -m bench.serving.load --minutes 10 --clients 8 --out load.json

Exit code 1: a wrong answer, an error other than UNAVAILABLE while the server restarts, or memory that grows.
"""

import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from bench.command import options, tell
from bench.process_tree import own_memory
from bench.serving import image_model
from bench.serving.server_process import ServerProcess, start_process
from bench.serving.steady_clients import SteadyClients, Tally
from bench.serving.swapped_model import SwappedModel

SAMPLE_SECONDS = 1.0
RECONNECT_SECONDS = (
    3.0  # after the server is back: the client's longest wait between two attempts to connect, and some for a busy machine
)
MOST_GROWTH = 1.1  # of memory, from the first half of a server's life, its start left out, to the end
START_SAMPLES = 30  # of a server's life in which memory still finds its level
FEWEST_SAMPLES = 60  # after these, to tell growth from noise


@dataclass(frozen=True)
class Plan:
    """What happens when.

    Args:
        seconds: in all.
        swap: seconds between two pushes.
        clients: how many ask at once.
        size: of the images, in pixels a side.
        images: how many different ones.
    """

    seconds: float
    swap: float = 20.0
    clients: int = 4
    size: int = 64
    images: int = 32


@dataclass
class Course:
    """What happened.

    Args:
        lives: memory of each server process over time, bytes a sample.
        down: (from, to) on time.monotonic: killed, and answering again.
        swaps: versions pushed under load.
    """

    lives: list[list[int]] = field(default_factory=lambda: [[]])
    down: list[tuple[float, float]] = field(default_factory=list)
    swaps: int = 0


class LoadTest:
    """A server, its clients and what is done to it."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        """Make the model, and start the server."""
        images = image_model.images(plan.images, plan.size)
        self._plan, self._folder, self.course = plan, folder, Course()
        self._model = SwappedModel(folder, plan.size, images)
        self._server = start_process(folder, "--enable_batching")
        self._clients = SteadyClients(self._server.address, self._model, images)

    def run(self) -> dict[str, Any]:
        """Put the load on, swap, kill, and return what came of it."""
        try:
            self._server.wait_until_ready()
            self._clients.start(self._plan.clients)
            self._drive()
            self._clients.stop()
        finally:
            if self._server.popen.poll() is None:
                self._server.end(signal.SIGKILL)
        return report(self._plan, self.course, self._clients.tally)

    def _drive(self) -> None:
        begin = time.monotonic()
        next_swap, kill_at, end = begin + self._plan.swap, begin + self._plan.seconds / 2, begin + self._plan.seconds
        while (now := time.monotonic()) < end:
            if now >= next_swap:
                self._model.push()
                self.course.swaps += 1
                next_swap += self._plan.swap
            if now >= kill_at and not self.course.down:
                self._restart()
            self.course.lives[-1].append(own_memory(self._server.popen.pid))
            time.sleep(SAMPLE_SECONDS)

    def _restart(self) -> None:
        killed = time.monotonic()
        self._server.end(signal.SIGKILL)
        self._server = restarted(self._server, self._folder)
        self.course.down.append((killed, time.monotonic()))
        self.course.lives.append([])


def restarted(server: ServerProcess, folder: Path) -> ServerProcess:
    """Start a server anew at the address of one that has ended, and wait until it answers."""
    started = start_process(folder, "--enable_batching", ports=server.ports)
    started.wait_until_ready()
    return started


def report(plan: Plan, course: Course, tally: Tally) -> dict[str, Any]:
    """Return the result as JSON values."""
    strange = [code for at, code in tally.refusals if not is_allowed(at, code, course.down)]
    growth = [growth_of(life) for life in course.lives]
    result = {
        "seconds": plan.seconds,
        "clients": plan.clients,
        "swaps": course.swaps,
        "restart_seconds": [round(until - since, 1) for since, until in course.down],
        "answers": tally.answers.total(),
        "versions_that_answered": len(tally.answers),
        "wrong": tally.wrong,
        "went_back": tally.went_back,
        "failures": dict(tally.failures),
        "unavailable_while_restarting": len(tally.refusals) - len(strange),
        "other_refusals": dict(Counter(code.name for code in strange)),
        "latency_ms": percentiles(tally.latencies),
        "memory_growth": growth,
        "memory_mb": [thinned(life) for life in course.lives],
    }
    is_fine = not (tally.wrong or tally.went_back or tally.failures or strange or max(growth) > MOST_GROWTH)
    return result | {"passed": is_fine and bool(tally.answers)}


def is_allowed(at: float, code: grpc.StatusCode, down: Sequence[tuple[float, float]]) -> bool:
    """Tell whether an attempt may end so: UNAVAILABLE, while the server was down."""
    return code is grpc.StatusCode.UNAVAILABLE and any(since <= at <= until + RECONNECT_SECONDS for since, until in down)


def growth_of(life: Sequence[int]) -> float:
    """Return memory at the end of a server's life over that before its middle, each a median; 1 for a life too short to tell."""
    settled = life[START_SAMPLES:]
    if len(settled) < FEWEST_SAMPLES:
        return 1.0
    return round(statistics.median(settled[-len(settled) // 4 :]) / statistics.median(settled[: len(settled) // 2]), 3)


def thinned(life: Sequence[int]) -> list[float]:
    """Return about 30 samples of a life in MB."""
    return [round(sample / 2**20, 1) for sample in life[:: max(len(life) // 30, 1)]]


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median, the 99th percentile and the longest, in milliseconds."""
    if len(seconds) < 2:
        return {}
    cuts = statistics.quantiles(seconds, n=100)
    return {"p50": round(cuts[49] * 1e3, 1), "p99": round(cuts[98] * 1e3, 1), "longest": round(max(seconds) * 1e3, 1)}


def main() -> None:
    """Run, and print one JSON object."""
    parser = options(__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--swap", type=float, default=20.0, help="seconds between two versions; default: 20")
    parser.add_argument("--clients", type=int, default=4)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = LoadTest(Plan(given.minutes * 60, given.swap, given.clients), Path(folder)).run()
    tell(result, given.out)
    raise SystemExit(0 if result["passed"] else 1)


if __name__ == "__main__":
    main()
