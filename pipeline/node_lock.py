"""One process at a time for one piece of work: the same node with the same parameters, of whichever run of a root.

A node that is started twice waits for the first, and then finds it finished, or its outputs in the cache: nothing is trained or
pushed twice because two runs of the same data were started at once. The lock goes with its process, however it ends.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(folder: Path, name: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a piece of work, after whoever holds it now.

    Args:
        folder: of the locks.
        name: of the work.
        say: shows a line to the user, when there is something to wait for.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / name).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{name.partition('.')[0]}: another process is at this very work; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
