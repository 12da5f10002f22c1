"""Child processes that never outlive this one: `python -m components.child_process PARENT COMMAND...` becomes that command.

The kernel is asked by the child itself, between its start and the command: code that a multi-threaded parent runs between fork
and exec may wait for ever for a lock that another thread held.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from components.image_example_gen.pseudonym import KEY_VARIABLE

PROJECT = Path(__file__).resolve().parents[1]
PR_SET_PDEATHSIG = 1  # prctl(2); it survives exec


def tethered(command: Sequence[str]) -> list[str]:
    """Return the command line of a command that is killed when the thread that starts it ends, however that ends."""
    return [sys.executable, "-P", "-m", __name__, str(os.getpid()), *command]


def environment() -> dict[str, str]:
    """Return the environment of a child: this project's modules, and no pseudonym key."""
    inherited = {name: value for name, value in os.environ.items() if name != KEY_VARIABLE}
    path = os.pathsep.join([str(PROJECT), *filter(None, [inherited.get("PYTHONPATH")])])
    return {**inherited, "PYTHONPATH": path}


def die_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends, however it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it had ended before the kernel was asked
        sys.exit(1)


def main() -> None:
    """Become the command of the arguments."""
    parent, *command = sys.argv[1:]
    die_with(int(parent))
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{Path(command[0]).name} can't be started: {error.strerror}")


if __name__ == "__main__":
    main()
