"""The child process in which files are rendered: what it may take, and one answer to each request.

It imports the codecs, each with the first file that needs it, and nothing else of weight, and knows neither file names nor keys.
guarded_worker.py starts it and talks to it.
"""

import json
import os
import resource
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from components.child_process import die_with
from components.image_example_gen.memory_file import MemoryFile
from models.rendering.bit_depth import bit_depth
from models.rendering.grey_levels import window_rule
from models.rendering.render import render, renderer_of
from models.rendering.settings import Limits, RenderSettings
from pipeline.errors import ImageError
from pipeline.reasons import Reason

READY = b"ready"  # for the settings, and for each file when its codecs are loaded: neither is the file's time
SHAPE, BITS, REASON = "shape", "bits", "reason"  # an answer is JSON: pickle from a hostile decoder would run code


def main() -> None:
    """Serve the process whose connection, memory file and process id are the arguments, until it is gone."""
    connection_descriptor, memory_descriptor, parent = map(int, sys.argv[1:])
    connection, memory = Connection(connection_descriptor), MemoryFile(memory_descriptor)
    die_with(parent)
    sys.modules["requests"] = None  # type: ignore[assignment]  # pydicom would load it, to fetch files for its own tests
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold an image
    settings, limits = connection.recv()
    most = limits.memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))  # of the memory file, the only one that it writes
    connection.send_bytes(READY)
    try:
        serve(connection, memory, settings=settings, limits=limits)
    except (EOFError, ConnectionError):  # the parent has closed its end
        return


def silence() -> None:
    """Drop what libraries print from here on: their words may quote a header, and a header names the patient."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def serve(connection: Connection, memory: MemoryFile, *, settings: RenderSettings, limits: Limits) -> None:
    """Answer requests, each a frame number (or None) and how many bytes of the memory file are the file to render."""
    while True:
        frame, length = connection.recv()
        encoded = memory.read(length)
        load_codecs(encoded, settings)
        silence()
        connection.send_bytes(READY)
        told = answer(memory, encoded, settings=settings, limits=limits, frame=frame)
        connection.send_bytes(json.dumps(told).encode())


def load_codecs(encoded: bytes, settings: RenderSettings) -> None:
    """Load what a file of this kind needs: it counts neither as the file's memory nor as its time."""
    with suppress(ImageError):  # a file of no kind that is rendered: its answer says so
        renderer_of(encoded)
    for center, width in settings.windows:
        window_rule(center, width)


def answer(memory: MemoryFile, encoded: bytes, *, settings: RenderSettings, limits: Limits, frame: int | None) -> dict[str, Any]:
    """Put the pixels of a file in its place and return their shape and its bits per value, or the reason why there are none.

    Anything but these two kinds of failure is a fault of the renderer: it ends the process, and the parent sees that.
    """
    try:
        limit_memory(limits.memory_mb * 2**20)
        pixels = render(encoded, settings, limits=limits, frame=frame)
        bits = bit_depth(encoded)
    except ImageError as error:
        return {REASON: error.reason}
    except MemoryError:
        return {REASON: Reason.TOO_MUCH_MEMORY}
    finally:
        limit_memory(None)
    memory.write(np.ascontiguousarray(pixels).data)
    return {SHAPE: pixels.shape, BITS: bits}


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
