"""Seconds and peak memory of this process by phase."""

import time
from pathlib import Path

KIB = 1024
RESET_PEAK = "5"  # proc(5), /proc/pid/clear_refs: the high-water mark becomes what is resident now


class Phases:
    """Measures phases that follow one another."""

    def __init__(self) -> None:
        """Begin the first phase."""
        self.seconds: dict[str, float] = {}
        self.peak_memory: dict[str, int] = {}
        self.memory = status("VmRSS")  # bytes at the beginning
        self._begin()

    def end(self, name: str) -> None:
        """Note what a phase took, and begin the next one."""
        self.seconds[name] = time.monotonic() - self._began
        self.peak_memory[name] = status("VmHWM")
        self._begin()

    def _begin(self) -> None:
        Path("/proc/self/clear_refs").write_text(RESET_PEAK)
        self._began = time.monotonic()


def status(field: str) -> int:
    """Return a field of /proc/self/status in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * KIB for line in lines if line.startswith(f"{field}:"))
