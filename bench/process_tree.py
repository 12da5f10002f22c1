"""Seconds and peak memory of a command with all the processes that it starts."""

import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

INTERVAL = 0.5  # seconds between samples; the kernel takes some 20 ms to add up 2 GB
KIB = 1024


@dataclass(frozen=True)
class Measured:
    """What a command took.

    Args:
        seconds: wall time.
        processor_seconds: of all processes that were waited for; a busy machine changes it less than the wall time.
        peak_memory: bytes, the largest sum over the tree that was seen.
        output: standard output.
        exit_code: of the command.
    """

    seconds: float
    processor_seconds: float
    peak_memory: int
    output: str
    exit_code: int


def measure(command: Sequence[str], *, environment: Mapping[str, str], errors: Path) -> Measured:
    """Run a command to its end; its standard error goes to a file."""
    begin, used = time.monotonic(), processor_seconds()
    with errors.open("w") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )
        peak = Peak(process.pid)
        peak.start()
        output, _ = process.communicate()
        seconds = time.monotonic() - begin
        peak.stop()
    return Measured(seconds, processor_seconds() - used, peak.bytes, output, process.returncode)


def processor_seconds() -> float:
    """Return user and system time of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Peak(threading.Thread):
    """Samples the memory of a process tree until it is stopped."""

    def __init__(self, root: int) -> None:
        """Watch the process `root`, which leads a session of its own."""
        super().__init__(daemon=True)
        self.bytes = 0
        self._root = root
        self._done = threading.Event()

    def run(self) -> None:
        """Keep the largest sum."""
        while not self._done.wait(INTERVAL):
            self.bytes = max(self.bytes, sum(map(proportional_memory, tree(self._root))))

    def stop(self) -> None:
        """End the sampling."""
        self._done.set()
        self.join()


def tree(root: int) -> set[int]:
    """Return the processes of a session and their descendants, also those that began a session of their own."""
    parents: dict[int, int] = {}
    members = {root}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parent, session = parent_and_session(entry)
            parents[int(entry.name)] = parent
            if session == root:
                members.add(int(entry.name))
    # A child's number is nearly always above its parent's, so one ordered pass finds almost all; the loop finds the rest.
    grown = True
    while grown:
        found = {process for process, parent in parents.items() if parent in members} - members
        members |= found
        grown = bool(found)
    return members


def parent_and_session(entry: Path) -> tuple[int, int]:
    """Return parent and session of a process, (0, 0) when it is gone (proc(5), /proc/pid/stat, fields 4 and 6)."""
    try:
        after_name = (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, 0
    return int(after_name[1]), int(after_name[3])


def proportional_memory(process: int) -> int:
    """Return the proportional set size in bytes, which counts a shared page once over all who share it; 0 when it is gone."""
    return memory(process, "Pss")


def own_memory(process: int) -> int:
    """Return bytes of heap and stacks; what other processes map or unmap meanwhile doesn't change it, as it does shares."""
    return memory(process, "Anonymous")


def memory(process: int, kind: str) -> int:
    """Return bytes of a kind in /proc/pid/smaps_rollup (proc(5)); 0 when the process is gone."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * KIB for line in lines if line.startswith(f"{kind}:")), 0)
