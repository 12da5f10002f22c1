"""The child process in which files are rendered: what it may take, and one answer to each request.

It imports the codecs and nothing else of weight, and knows neither file names nor keys. guarded_worker.py starts it and talks
to it.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from models.rendering.bit_depth import bit_depth
from models.rendering.render import render
from models.rendering.settings import Limits, RenderSettings
from pipeline.errors import ImageError
from pipeline.reasons import Reason

READY = b"ready"
SHAPE, BITS, REASON = "shape", "bits", "reason"  # an answer is JSON: pickle from a hostile decoder would run code
PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Serve the process whose connection and process id are the arguments, until it is gone."""
    connection, parent = Connection(int(sys.argv[1])), int(sys.argv[2])
    die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold an image
    settings, limits = connection.recv()
    connection.send_bytes(READY)
    silence()
    try:
        serve(connection, settings, limits)
    except (EOFError, ConnectionError):  # the parent has closed its end
        return


def die_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends, however it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it had ended before the kernel was asked
        sys.exit(1)


def silence() -> None:
    """Drop what libraries print from here on: their words may quote a header, and a header names the patient."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def serve(connection: Connection, settings: RenderSettings, limits: Limits) -> None:
    """Answer requests, each a frame number (or None) and the bytes of a file."""
    while True:
        frame = connection.recv()
        answer(connection, connection.recv_bytes(), settings=settings, limits=limits, frame=frame)


def answer(connection: Connection, encoded: bytes, *, settings: RenderSettings, limits: Limits, frame: int | None) -> None:
    """Send the shape, the bits per value and the pixels of a file, or the reason why there are none.

    Anything but these two kinds of failure is a fault of the renderer: it ends the process, and the parent sees that.
    """
    try:
        limit_memory(limits.memory_mb * 2**20)
        pixels = render(encoded, settings, limits=limits, frame=frame)
        bits = bit_depth(encoded)
    except ImageError as error:
        send_json(connection, {REASON: error.reason})
    except MemoryError:
        limit_memory(None)
        send_json(connection, {REASON: Reason.TOO_MUCH_MEMORY})
    else:
        limit_memory(None)
        send_json(connection, {SHAPE: pixels.shape, BITS: bits})
        connection.send_bytes(pixels.tobytes())


def send_json(connection: Connection, content: dict[str, Any]) -> None:
    """Send a JSON object as one message."""
    connection.send_bytes(json.dumps(content).encode())


def limit_memory(most_bytes: int | None) -> None:
    """Let this process grow by `most_bytes` of address space at most, None: as it likes.

    Counted from what it has now, the file itself included: what an earlier file left behind must not count against this one.
    """
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if most_bytes is None:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        return
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + most_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    main()
