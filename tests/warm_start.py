"""Starts processes that have TensorFlow and TFX loaded already: a JSON request per line on a socket, an answer for each.

For tests that start dozens of runs and kill most of them: six seconds of imports each would be most of their time. What is
forked runs the command line's own main or a program of the test, in a session of its own, and is killed as any process is.
"""

import ctypes
import gc
import json
import os
import selectors
import socket
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import warm_server as warm_server_process

from pipeline import command_line
from pipeline.loading import tensorflow_loading

ALONE = 3  # seconds: another worker may be about to ask


def main() -> None:
    """Answer at the address of the argument until all that have asked are gone for a while."""
    load()
    with socket.socket(socket.AF_UNIX) as listening, selectors.DefaultSelector() as ready:
        listening.bind(sys.argv[1])
        listening.listen()
        ready.register(listening, selectors.EVENT_READ)
        while events := ready.select(None if len(ready.get_map()) > 1 else ALONE):
            for key, _ in events:
                if key.fileobj is listening:
                    asking = listening.accept()[0]
                    ready.register(asking, selectors.EVENT_READ, asking.makefile())
                elif line := key.data.readline():
                    key.fileobj.sendall(json.dumps(answer(json.loads(line))).encode() + b"\n")
                else:
                    ready.unregister(key.fileobj)


def answer(request: Mapping[str, Any]) -> int | None:
    """Answer a request to start with a process id, {"poll": process id} with its exit code or null."""
    return poll(request["poll"]) if "poll" in request else start(**request)


def load() -> None:
    """Import what a run imports, then what its nodes import later."""
    with tensorflow_loading():
        from pipeline import local_runner, single_node  # noqa: F401, PLC0415
    import pyarrow.dataset  # noqa: F401, PLC0415
    import setuptools  # noqa: F401, PLC0415 - Beam looks for it

    from components.data_gate import metadata_regression  # noqa: F401, PLC0415
    from components.run_report import page  # noqa: PLC0415
    from models import preprocessing, training  # noqa: F401, PLC0415
    from pipeline import node_command, run_command  # noqa: F401, PLC0415
    from pipeline.code_digest import code_digest  # noqa: PLC0415
    from pipeline.graph import CODE  # noqa: PLC0415
    from serving import model_server  # noqa: F401, PLC0415

    for modules in CODE.values():
        code_digest(modules)  # parses each file once
    for name in page.environment().list_templates(["j2"]):
        page.environment().get_template(name)
    gc.freeze()  # all of it stays


def start(
    start: Sequence[str],
    folder: str,
    *,
    ordinary: bool = False,
    warm_server: bool = True,
    environment: Mapping[str, str] | None = None,
    program: str | None = None,
    log: str | None = None,
) -> int:
    """Fork a command whose stdout and stderr go to files of a folder; return its process id.

    Args:
        ordinary: take the rights of root from it.
        warm_server: have the imports of its model server done as well, where it starts one.
        environment: its variables; None: this process's.
        program: the source text that runs; None: that of `medtfx`.
        log: where both streams are added in the place of those files.
    """
    child = os.fork()
    if child:
        return child
    os.setsid()
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(log or f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115 - lives as long as the process
    sys.argv = ["medtfx" if program is None else "-c", *start]
    if environment is not None:
        os.environ.clear()
        os.environ.update(environment)
    if ordinary:
        drop_capabilities()
    if warm_server and program is None and (start[0] == "run" or "InfraValidator" in start):
        warm_server_process.prepare(become)
    run(program)
    os._exit(0)


def become(words: list[str]) -> None:
    """Run other words after `medtfx` in this process."""
    sys.argv = ["medtfx", *words]
    run(None)


def run(program: str | None) -> None:
    """Run a program, or the command, to its end; what it raises becomes a stack trace and exit code 1, as everywhere."""
    if program is None:
        command_line.main()
        return
    try:
        exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
    except Exception:
        traceback.print_exc()
        sys.stdout.flush()
        os._exit(1)
    sys.stdout.flush()


def drop_capabilities() -> None:
    """Take from root what lets it read and write everywhere (capset(2), version 3, no capability left)."""
    if os.geteuid() == 0:
        failed = ctypes.CDLL(None).capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())
        assert not failed


def poll(child: int) -> int | None:
    """Return the exit code of a command, minus the signal's number if one killed it, None while it runs."""
    ended, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


if __name__ == "__main__":
    main()
