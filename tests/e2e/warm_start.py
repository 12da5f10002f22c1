"""Starts `medtfx` processes that have TensorFlow and TFX loaded already: a JSON request per line on stdin, an answer on stdout.

For tests that start dozens of runs and kill most of them: six seconds of imports each would be most of their time. What is
forked runs the command line's own main, in a session of its own, and is killed as any process is.
"""

import json
import os
import sys
from collections.abc import Sequence

from pipeline import command_line, memory


def main() -> None:
    """Answer {"start": words, "folder": path} with a process id, {"poll": process id} with its exit code or null."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    memory.prepare()
    from pipeline import local_runner  # noqa: F401, PLC0415 - after the memory settings, as the command does

    for line in sys.stdin:
        request = json.loads(line)
        answer = start(request["start"], request["folder"]) if "start" in request else poll(request["poll"])
        print(json.dumps(answer), flush=True)  # noqa: T201 - the answer


def start(words: Sequence[str], folder: str) -> int:
    """Fork a command whose stdout and stderr go to files of a folder; return its process id."""
    child = os.fork()
    if child:
        return child
    os.setsid()
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115 - lives as long as the process
    sys.argv = ["medtfx", *words]
    command_line.main()
    os._exit(0)


def poll(child: int) -> int | None:
    """Return the exit code of a command, minus the signal's number if one killed it, None while it runs."""
    ended, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


if __name__ == "__main__":
    main()
