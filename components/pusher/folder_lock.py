"""Who may change a folder now; the system lifts the lock of a process that is killed."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a folder, after whoever holds it now.

    Raises:
        BlockingIOError: when somebody does, and this one is not to wait.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def is_held(folder: Path) -> bool:
    """Tell whether some process holds a folder."""
    try:
        with held(folder, wait=False):
            return False
    except BlockingIOError:
        return True
