"""Renders files where they can do no harm: in child processes with a limit on time and memory, replaced when one falls.

Codecs are C code that meets bytes of unknown origin. What a file does to its process (a crash, endless work, all memory) becomes
the reason why that file gives no image.
"""

import json
import math
import multiprocessing
import os
import subprocess
import sys
import threading
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from components import child_process
from components.image_example_gen import render_process
from components.image_example_gen.memory_file import MemoryFile
from models.rendering.settings import Limits, RenderSettings
from pipeline.errors import ImageError, MedtfxError
from pipeline.reasons import Reason, failure

START_SECONDS = 120.0  # for the imports, on a machine that is busy and cold
STARTS = 3
FATAL = frozenset({Reason.TOO_MUCH_MEMORY, Reason.TOO_SLOW, Reason.DECODER_CRASHED})  # none leaves a process to be trusted


class Rendered(NamedTuple):
    """What comes back from the child process.

    Args:
        pixels: uint8 [height, width] or [height, width, 3].
        bits: of a value of the file.
    """

    pixels: np.ndarray
    bits: int


class GuardedRenderer:
    """Renders files in child processes: as many as files come at once, at most one per core; further threads wait their turn.

    A process ends with the thread that started it, and is replaced: threads that render should live as long as the renderer.
    """

    def __init__(self, settings: RenderSettings, limits: Limits) -> None:
        """Keep what files are rendered with; nothing is started yet."""
        self._settings = settings
        self._limits = limits
        self._turns = threading.BoundedSemaphore(cores())
        self._lock = threading.Lock()
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []

    def render(self, encoded: bytes, frame: int | None = None) -> Rendered:
        """Return the 8-bit pixels of a file, and how many bits its values have.

        Args:
            encoded: a file that models.rendering.render takes.
            frame: which one of its frames, from 1; None: as the settings say.

        Raises:
            ImageError: with the reason code.
            MedtfxError: when no child process can be started.
        """
        try:
            return self._try(encoded, frame)
        except ImageError as error:
            if error.reason != Reason.DECODER_CRASHED:
                raise
        # The process may have been hit from outside, by the kernel short of memory: a file that did it does it again.
        return self._try(encoded, frame)

    def _try(self, encoded: bytes, frame: int | None) -> Rendered:
        """Render in an idle worker; one left in the middle is not idle again, for its answer would pass for another file's."""
        with self._turns:
            worker = self._worker()
            try:
                rendered = worker.render(encoded, frame)
            except ImageError as error:
                if error.reason in FATAL:
                    self._drop(worker)
                else:
                    self._idle.append(worker)
                raise
            self._idle.append(worker)
            return rendered

    def _worker(self) -> "Worker":
        """Return a worker that nobody uses, a new one where there is none alive."""
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return self._started()
            if worker.lives:
                return worker
            self._drop(worker)

    def _started(self) -> "Worker":
        """Return a new worker; one that was killed as it started is started again."""
        for _ in range(STARTS):
            worker = Worker(self._settings, self._limits)
            with self._lock:
                self._workers.add(worker)
            if worker.gets_ready():
                return worker
            self._drop(worker)
        raise MedtfxError(f"the rendering process was killed {STARTS} times as it started; is there memory for it?")

    def _drop(self, worker: "Worker") -> None:
        worker.end()
        with self._lock:
            self._workers.discard(worker)

    def close(self) -> None:
        """End all child processes; to be called when no thread renders any more."""
        with self._lock:
            workers, self._workers = self._workers, set()
        for worker in workers:
            worker.end()

    def __enter__(self) -> Self:
        """Return the renderer; leaving the block closes it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End all child processes."""
        self.close()


class Worker:
    """One child process and the connection to it; for one thread at a time."""

    def __init__(self, settings: RenderSettings, limits: Limits) -> None:
        """Start the process; it loads its libraries while this one goes on."""
        self._settings = settings
        self._limits = limits
        self._connection, theirs = multiprocessing.Pipe()
        self._memory = MemoryFile()
        with theirs:
            descriptors = [theirs.fileno(), self._memory.descriptor]
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", render_process.__name__, *map(str, [*descriptors, os.getpid()])],
                env=child_environment(),
                stdin=subprocess.DEVNULL,
                pass_fds=descriptors,
            )

    def gets_ready(self) -> bool:
        """Tell the process its settings and wait until it has loaded its libraries; tell whether it has got there.

        Raises:
            MedtfxError: when it ended of itself, or takes far too long.
        """
        return self._is_ready_for((self._settings, self._limits))

    def _is_ready_for(self, message: tuple[object, object]) -> bool:
        """Send a message and wait until the process has loaded what it needs for it; tell whether it has got there."""
        try:
            self._connection.send(message)
            if self._connection.poll(START_SECONDS) and self._connection.recv_bytes() == render_process.READY:
                return True
        except (EOFError, OSError):
            if self._process.wait(START_SECONDS) < 0:  # by a signal
                return False
        raise MedtfxError("the rendering process did not start; its own words are above. `medtfx doctor` checks the set-up.")

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def lives(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def render(self, encoded: bytes, frame: int | None) -> Rendered:
        """Return what the process makes of a file.

        Raises:
            ImageError: with the reason code.
            MedtfxError: when the codecs can't be loaded.
        """
        try:
            if not self._is_ready_for((frame, self._memory.write(memoryview(encoded)))):
                raise failure(Reason.DECODER_CRASHED)
            if not self._connection.poll(self._limits.seconds):
                raise failure(Reason.TOO_SLOW)
            return self._answer()
        except (EOFError, OSError, ValueError, TypeError, KeyError) as error:  # the last three: an answer that is none
            raise failure(Reason.DECODER_CRASHED) from error

    def _answer(self) -> Rendered:
        answer = json.loads(self._connection.recv_bytes())
        if render_process.REASON in answer:
            raise failure(Reason(answer[render_process.REASON]))
        shape = tuple(map(int, answer[render_process.SHAPE]))
        pixels = np.frombuffer(self._memory.read(math.prod(shape)), np.uint8).reshape(shape)
        self._memory.shrink()
        return Rendered(pixels, answer[render_process.BITS])

    def end(self) -> None:
        """Kill the process and take note of its end, so that no zombie stays."""
        self._process.kill()
        self._connection.close()
        self._memory.close()
        self._process.wait()


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def child_environment() -> dict[str, str]:
    """Return the environment of a child, with one thread for each library: stacks of idle threads would count as memory."""
    return {**child_process.environment(), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
